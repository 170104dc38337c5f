"""`python -m claude_tui` is the same program as the `claude-tui` command."""

from claude_tui.cli.main import main

if __name__ == "__main__":
    main()
