"""The whole program without a terminal: `ClaudeApp` under a pilot, talking to a fake API in a thread, with a history on disk.

`async with running(api) as program`: the session is open then. Nothing here waits for time: `until` waits for what a test wants to
see, and `settle` for every message that is under way.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from claude_tui.cli import compose
from claude_tui.cli.options import ChatOptions, Resume
from claude_tui.cli.screen import _beginning
from claude_tui.config import Settings
from claude_tui.engine.consent import Consent
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.workspace import Workspace
from claude_tui.fakeapi import Call, Say, Script, Think, ThreadApi, WaitFor
from claude_tui.files import Paths
from claude_tui.providers.model_list import ModelList
from claude_tui.ui.app import ClaudeApp
from claude_tui.ui.backstage import Backstage, Left
from claude_tui.ui.chat_screen import ChatScreen

PATIENCE = 30.0
LINES = "\n\n".join(f"Line {number} of the answer." for number in range(1, 61))
SCRIPTS: Mapping[str, Script] = {
    "silent": Script((WaitFor("go"), Say("At last."))),
    "ponder": Script((Think("Deep thought", stop=False), WaitFor("go"), Think(" ends.", start=False), Say("Thought out."))),
    "hang": Script((Say("The beginning", stop=False), WaitFor("go"), Say(" and the end.", start=False))),
    "arguing": Script(
        (Call("calculator", raw='{"expression": ', stop=False), WaitFor("go"), Call("calculator", raw='"6*7"}', start=False))
    ),
    "count": Script((Think("A tool."), Say("Counting."), Call("calculator", {"expression": "6 * 7"}))),
    "long": Script((Think("One.\n\nTwo.\n\nThree."), Say(LINES))),
}


def prompt_of(body: Mapping[str, Any]) -> str:
    """The newest prompt's text in a request."""
    texts = [block["text"] for block in body["messages"][-1]["content"] if block["type"] == "text"]
    return texts[-1] if texts else ""


def answering(scripts: Mapping[str, Script] = SCRIPTS, **more: Script) -> Callable[[dict[str, Any], int], Script]:
    """A plan: the first word of the prompt chooses; tool results are repeated, everything else is echoed."""

    def answer(body: dict[str, Any], n: int) -> Script:
        content = body["messages"][-1]["content"]
        results = [block for block in content if block["type"] == "tool_result"]
        if results and not prompt_of(body):
            return Script((Say("The tool says: " + ", ".join(_text(block["content"]) for block in results)),))
        words = prompt_of(body).split() or [""]
        return {**scripts, **more}.get(words[0]) or Script((Say(f"You said: {prompt_of(body)}"),))

    return answer


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


class Program:
    """What a user sees and does."""

    def __init__(self, pilot: Pilot[Left], api: ThreadApi) -> None:
        self.pilot = pilot
        self.api = api
        assert isinstance(pilot.app, ClaudeApp)
        self.app = pilot.app
        self.toasts: list[str] = []
        self._notify = self.app.notify
        self.app.notify = self._toast  # type: ignore[method-assign]

    def _toast(self, message: str, **options: Any) -> None:
        """Every toast there ever was: on the screen they stay for seconds only."""
        self.toasts.append(message)
        self._notify(message, **options)

    # Parts.

    @property
    def chat(self) -> ChatScreen:
        return self.app.chat

    @property
    def session(self) -> Session:
        session = self.chat.dialogue.session
        assert session is not None
        return session

    @property
    def workspace(self) -> Workspace:
        workspace = self.chat.view.workspace
        assert workspace is not None
        return workspace

    @property
    def draft(self) -> str:
        return self.chat.composer.real_text

    @property
    def transcript(self) -> list[str]:
        """The lines of the transcript on the screen, without the scroll bar."""
        region = self.chat.transcript.region
        self.chat.transcript.draw()
        return [row[: region.width - 1].rstrip() for row in self.rows[region.y : region.bottom]]

    @property
    def sources(self) -> list[str]:
        """What every cell says, unwrapped."""
        return [cell.source() for cell in self.chat.conversation.cells]

    # Eyes.

    @property
    def rows(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def shown(self) -> str:
        return "\n".join(self.rows)

    async def until(self, condition: Callable[[], object], what: str = "the condition") -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} never came; the screen shows:\n{self.shown}\ntoasts: {self.toasts}")
            if self.app._exception is not None:
                raise self.app._exception
            await asyncio.sleep(0.005)
        await self.settle()

    async def see(self, *texts: str) -> None:
        await self.until(lambda: all(text in self.shown for text in texts), f"{texts!r} on the screen")

    async def see_no(self, *texts: str) -> None:
        await self.until(lambda: not any(text in self.shown for text in texts), f"a screen without {texts!r}")

    async def told(self, text: str) -> None:
        """A toast says this."""
        await self.until(lambda: any(text in toast for toast in self.toasts), f"a toast with {text!r}")

    async def settle(self) -> None:
        """Everything that was posted, and what followed from it, has been dealt with."""
        for _ in range(3):
            await self.pilot._wait_for_screen()

    async def idle(self) -> None:
        """The turn has ended, and the queue with it."""
        await self.until(lambda: not self.chat.dialogue.busy and not self.session.busy, "the end of the turn")

    async def reached(self, name: str = "go", call: int = 0) -> None:
        """The answer stands at this gate."""
        await self.until(lambda: len(self.api.calls) > call and name in self.api.calls[call].reached, f"the gate {name}")

    # Hands.

    def send_key(self, key: str) -> None:
        """As the driver does, without waiting for anything."""
        character = " " if key == "space" else key if len(key) == 1 else None
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        driver = self.app._driver
        assert driver is not None
        driver.send_message(events.Key(name, character))

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.send_key(key)
            await self.settle()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def put(self, text: str) -> None:
        """A draft, as a paste."""
        self.chat.composer.focus()
        self.chat.composer.post_message(events.Paste(text))
        await self.until(lambda: text in self.draft, f"the draft {text!r}")

    async def send(self, prompt: str) -> None:
        await self.put(prompt)
        await self.press("enter")
        await self.until(lambda: prompt not in self.draft, "the prompt on its way")

    async def send_nothing(self, prompt: str) -> None:
        """Enter, where it is refused."""
        await self.put(prompt)
        await self.press("enter")

    async def ask(self, prompt: str) -> None:
        """Send it and wait for the whole answer."""
        await self.send(prompt)
        await self.idle()
        self.chat.transcript.draw()
        await self.settle()

    async def slash(self, command: str) -> None:
        """A slash command without its popup."""
        self.chat.submit(command)
        await self.settle()

    async def click(self, text: str, *, times: int = 1) -> None:
        """On the first place where this stands on the screen."""
        y, row = next((y, row) for y, row in enumerate(self.rows) if text in row)
        await self.click_at(row.index(text), y, times=times)

    async def click_at(self, x: int, y: int, *, times: int = 1) -> None:
        for _ in range(times):
            await self.mouse(events.MouseDown, x, y)
            await self.mouse(events.MouseUp, x, y)

    async def mouse(self, kind: type[events.MouseEvent], x: int, y: int) -> None:
        """As the driver does: clicks, chains of them and selections are made of this."""
        driver = self.app._driver
        assert driver is not None
        button = 0 if kind is events.MouseScrollUp else 1
        driver.process_message(kind(None, x, y, 0, 0, button, False, False, False, x, y))
        await self.settle()

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Select with the mouse, from one cell of the screen to another."""
        await self.mouse(events.MouseDown, *start)
        await self.mouse(events.MouseMove, *end)
        await self.mouse(events.MouseUp, *end)

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.settle()


@asynccontextmanager
async def running(
    api: ThreadApi,
    *,
    size: tuple[int, int] = (80, 24),
    settings: Settings | None = None,
    flags: Mapping[str, object] | None = None,
    resume: Resume | str | None = None,
    key: str | None = None,
    wait: bool = True,
    gate: asyncio.Event | None = None,
    warnings: Iterable[str] = (),
    endpoints: Endpoints | None = None,
    consent: Consent | None = None,
) -> AsyncIterator[Program]:
    """The program as `claude-tui` starts it. `key`: other credentials than the API's. `gate`: the history opens when it is set."""
    settings = settings or Settings()
    paths = Paths.find()
    endpoints = endpoints or Endpoints.of(compose.demo_provider(settings, base_url=api.url, api_key=key or api.key))

    async def open_workspace() -> Workspace:
        if gate is not None:
            await gate.wait()
        return await compose.open_workspace(settings, paths, endpoints=endpoints, interactive=True)

    backstage = Backstage(
        settings=settings,
        paths=paths,
        environ=os.environ,
        open_workspace=open_workspace,
        begin=_beginning(ChatOptions(flags=dict(flags or {}), resume=resume), settings),
        models=lambda workspace, name: ModelList(workspace.endpoints.get(name), paths.cache, api.url),
        prices=compose.price_book(paths),
        consent=consent,
        warnings=tuple(warnings),
    )
    app = ClaudeApp(backstage)
    async with app.run_test(size=size) as pilot:
        program = Program(pilot, api)
        if wait:
            await program.until(lambda: app.chat.dialogue.session or app.chat.view.watching, "a session")
        try:
            yield program
        finally:
            await app.chat.put_away()
