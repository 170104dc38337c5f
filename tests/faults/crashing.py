"""The real program with a part that fails in a way nobody foresaw, the key in its message and in its frames. Run as a module.

`CRASH_IN` in the environment names the part: the provider, the engine or the command line.
"""

from __future__ import annotations

import os
from typing import Any

from claude_tui.cli import compose
from claude_tui.cli.main import main
from claude_tui.domain import history
from claude_tui.providers import anthropic


def crash(*args: Any, **kwargs: Any) -> Any:
    key = os.environ["ANTHROPIC_API_KEY"]
    raise ZeroDivisionError(f"cannot divide {key!r}")


if __name__ == "__main__":
    part, name = {
        "provider": (anthropic, "request_params"),
        "engine": (history, "build"),
        "command line": (compose, "turn_options"),
    }[os.environ["CRASH_IN"]]
    setattr(part, name, crash)
    main()
