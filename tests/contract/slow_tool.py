"""The real program with one more tool, `wait_for_ever`, for what can only happen while a tool runs. Run as a module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from claude_tui import tools
from claude_tui.cli.main import main
from claude_tui.domain.ports import ToolOutput, ToolSpec


class WaitForEver:
    """Says that it runs, and goes on running."""

    spec = ToolSpec("wait_for_ever", "Waits for ever.", {"type": "object", "properties": {}})

    async def run(self, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        progress("the tool runs")
        await asyncio.Event().wait()
        return ToolOutput("never")


if __name__ == "__main__":
    tools.BUILTIN["wait_for_ever"] = "tests.contract.slow_tool:WaitForEver"
    main()
