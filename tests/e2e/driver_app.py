"""A small app on our driver, for `test_driver.py`: it writes one JSON line per message it gets to the file handle named first.

Further arguments: what to do besides, see `Probe.on_mount`.
"""

# ruff: noqa: E402 (the environment is prepared before Textual reads it)

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, ClassVar

from claude_tui.ui.environment import prepare_environment

prepare_environment(os.environ)

from textual import events, work
from textual.app import App, ComposeResult
from textual.widgets import Static

from claude_tui.ui import clipboard, crash, egress, external_editor, terminal

FOLDER = Path(os.environ["PROBE_FOLDER"])


class Probe(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [("ctrl+z", "suspend_process", "")]
    told = False

    def __init__(self, report: int, *wishes: str) -> None:
        super().__init__(driver_class=terminal.TerminalDriver)
        self.report = os.fdopen(report, "w", buffering=1)
        self.wishes = wishes

    def say(self, **facts: Any) -> None:
        self.report.write(json.dumps(facts) + "\n")

    def compose(self) -> ComposeResult:
        yield Static("probe 中文 \x1b]0;injected\x07 \x9b2J end", markup=False)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda number=number: self.exit(return_code=128 + number))
        if "no-hook" not in self.wishes:
            self.terminal_gone = lambda: (self.say(gone=True), self.exit(return_code=129))
        self.app_resume_signal.subscribe(self, lambda _: self.say(resumed=True))
        self.call_after_refresh(self.say, ready=True, mode=os.environ.get("TEXTUAL_SMOOTH_SCROLL"))

    # What arrives.

    def on_key(self, event: events.Key) -> None:
        self.say(key=event.key, character=event.character)
        if action := {
            "f2": self.fail,
            "f3": self.fail_in_worker,
            "f4": self.open_editor,
            "f6": self.copy,
            "f7": self.leave_hard,
        }.get(event.key):
            action()
        elif event.key == "f8":
            self.screen.refresh(layout=True)
        elif event.key == "f9":
            terminal.set_mouse(self, False)
        elif event.key == "f10":
            terminal.set_mouse(self, True)
        elif event.key == "f11":
            terminal.write_raw(self, "\x1b[22;2t\x1b]2;our title\x07", undo="\x1b[23;2t")
        elif event.key == "f12":
            for _ in range(200):
                self._driver.write("x" * 10_000 + "\r")
            self.say(backlog=terminal.backlog(self))
        elif event.key == "q":
            self.exit()

    def on_paste(self, event: events.Paste) -> None:
        self.say(paste=event.text if len(event.text) < 200 else len(event.text))

    def on_event_mouse(self, event: events.MouseEvent) -> None:
        self.say(mouse=type(event).__name__)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.say(mouse=[event.x, event.y])

    def on_app_focus(self) -> None:
        self.say(focus=True)

    def on_app_blur(self) -> None:
        self.say(focus=False)

    def on_resize(self, event: events.Resize) -> None:
        self.say(size=list(event.size))

    # What goes wrong.

    def fail(self) -> None:
        api_key = "sk-ant-CANARY-local-000000000000"
        raise ValueError(f"in a handler: {api_key}")

    @work(description="fails")
    async def fail_in_worker(self) -> None:
        secret = "CANARY-in-a-local-variable"
        raise KeyError("in a worker" + secret[:0])

    def leave_hard(self) -> None:
        """Only the net at the end of the interpreter is left."""
        terminal.TerminalDriver.stop_application_mode = lambda _: None  # type: ignore[method-assign]

    @work(description="edits")
    async def open_editor(self) -> None:
        ticking = asyncio.ensure_future(self.tick())
        try:
            self.say(edited=await external_editor.edit(self, "draft 中文", os.environ))
        except external_editor.EditorFailed as error:
            self.say(failed=str(error), text=error.text)
        ticking.cancel()

    async def tick(self) -> None:
        """Work that goes on while the editor has the screen."""
        for number in range(10_000):
            self.query_one(Static).update(str(number))
            (FOLDER / "ticks.next").write_text(str(number))
            (FOLDER / "ticks.next").replace(FOLDER / "ticks")  # a reader never meets an empty file
            await asyncio.sleep(0.01)

    @work(description="copies")
    async def copy(self) -> None:
        copied = await clipboard.copy(self, "copied 中文", FOLDER, {})
        self.say(copied=copied.sentence())

    def _handle_exception(self, error: Exception) -> None:
        crash.handle_exception(self, error, FOLDER / "logs", "abc123")

    def _fatal_error(self) -> None:
        crash.fatal_error(self, FOLDER / "logs", "abc123")


if __name__ == "__main__":
    egress.install()
    app = Probe(int(sys.argv[1]), *sys.argv[2:])
    app.run()
    app.say(ended=app.return_code)
    sys.exit(app.return_code)
