"""The program, as the `claude-tui` command and as `python -m claude_tui`. The folder it is started in is never imported from."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Whoever starts the program in a folder need not trust what lies there."""
    _leave_out_the_current_folder()
    from claude_tui.cli.main import main as run

    run()


def _leave_out_the_current_folder() -> None:
    """`python -m` and an empty entry of PYTHONPATH make modules of whatever is there. Our own checkout may be that folder."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # it was removed
        here = ""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if here != os.path.realpath(ours):
        sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) != here]


if __name__ == "__main__":
    main()
