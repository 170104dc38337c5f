"""The saved sessions: find one, open it, rename it, delete it and take that back.

The list is read after the screen is shown. What the history refuses becomes a sentence at the bottom; nothing else changes then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from claude_tui.domain.errors import StoreError
from claude_tui.domain.messages import SessionInfo, Status
from claude_tui.domain.text import safe_line
from claude_tui.ui.ages import age
from claude_tui.ui.choice_list import ChoiceList, Row
from claude_tui.ui.line_input import LineInput
from claude_tui.ui.panel import ListPanel
from claude_tui.ui.picker import Choice, ranked
from claude_tui.ui.text_prompt import TextPrompt

_CHROME = 6
_PREVIEW_FROM = 20
"""Lines of the screen from which on there is room for a preview."""
_HINTS = "Enter open · Ctrl+N new · F2 rename · Del delete · Esc close"
_FEWER_HINTS = "F2 rename · Del delete · Ctrl+N new"
_WIDE = 64
"""Columns from which on more is shown of a session than its title and age."""
_MARKS: dict[str, tuple[str, str]] = {
    Status.COMPLETE: ("✓", "success"),
    Status.INTERRUPTED: ("⏸", "warning"),
    Status.FAILED: ("✗", "error"),
    Status.STREAMING: ("●", "accent"),
}


class Sessions(Protocol):
    """The history as this screen needs it. Failures are `StoreError`."""

    async def sessions(self, *, limit: int | None = None) -> list[SessionInfo]: ...

    async def rename(self, session_id: str, title: str) -> object: ...

    async def delete(self, session_id: str) -> object: ...

    async def restore(self, session_id: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """The user wants this session."""

    session_id: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """The user wants a new session."""


class SessionsScreen(ListPanel["Opened | NewSession | None"]):
    """Dismissed with what the user wants, or None.

    `current`: id of the session on the screen behind. `held`: ids of those that other processes write. `preview` gives a text of a
    session, its last words for example. `clock` tells the time, with a time zone.
    """

    DEFAULT_CSS = """
    SessionsScreen {
        & LineInput { margin: 0 1; }
        & #preview { padding: 0 2; color: $text-muted; width: 100%; height: 2; border-top: solid $border-blurred; display: none; }
        &.-tall #preview { display: block; height: 3; }
        & #said { padding: 0 1; color: $text-warning; width: 100%; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "new", show=False),
        Binding("f2,ctrl+r", "rename", show=False),
        Binding("delete", "delete", show=False),
        Binding("ctrl+z", "undo", show=False),
    ]

    def __init__(
        self,
        source: Sessions,
        *,
        current: str | None = None,
        held: Collection[str] = (),
        preview: Callable[[str], Awaitable[str]] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__()
        self._source = source
        self._current = current
        self._held = frozenset(held)
        self._preview = preview
        self._clock = clock
        self._all: list[SessionInfo] | None = None
        self._shown: list[SessionInfo] = []
        self._deleted: list[tuple[int, SessionInfo]] = []
        self._grabbed = set[str]()
        self._changing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        with Vertical(id="panel"):
            yield Static(Content("Sessions"), id="title")
            yield LineInput(placeholder="Type to filter", id="filter", grabbed=self._grabbed)
            yield ChoiceList(id="list")
            yield Static(Content(""), id="preview")
            yield Static(Content(""), id="said")
            yield Static(id="footer")

    def on_mount(self) -> None:
        self.query_one(LineInput).focus()
        self._refill()
        self.run_worker(self._load, group="load")

    async def _load(self) -> None:
        try:
            self._all = await self._source.sessions(limit=None)
        except StoreError as error:
            self._all = []
            self.say(str(error))
        if self.is_mounted:
            self.fit()
            self._refill(keep=self._current)

    def fit(self) -> None:
        self.set_class(self._preview is not None and self.size.height >= _PREVIEW_FROM, "-tall")
        self.set_text("footer", _HINTS if self.size.width >= _WIDE else _FEWER_HINTS)
        rows = 10 if self._all is None else len(self._all)
        chrome = _CHROME + (3 if self.has_class("-tall") else 0)
        self.query_one("#panel").styles.height = min(max(rows, 5) + chrome, self.most_lines)
        self._refill(keep=self._highlighted_id)

    def say(self, text: str, *, undo: bool = False) -> None:
        """A sentence at the bottom, until the next one. `undo`: until something is typed, `u` takes a deletion back."""
        self._grabbed.clear()
        self._grabbed.update({"u"} if undo else ())
        self.set_text("said", safe_line(text, 300))

    # The list

    @property
    def _highlighted_id(self) -> str | None:
        info = self._highlighted
        return info.id if info else None

    @property
    def _highlighted(self) -> SessionInfo | None:
        index = self.list.highlighted
        return None if index is None or index >= len(self._shown) else self._shown[index]

    def refilter(self) -> None:
        if self._grabbed:
            self.say("Ctrl+Z brings back what was deleted.")
        self._refill()

    def _refill(self, keep: str | None = None, index: int = 0) -> None:
        query = self.query_one(LineInput).value.strip()
        infos = self._all or []
        choices = [Choice(one, _title(one), f"{one.model or ''} {one.id}") for one in infos] if query else []
        found = [(choice.value, at) for choice, at in ranked(query, choices)] if query else [(one, ()) for one in infos]
        self._shown = [info for info, _ in found]
        now = self._clock()
        highlighted = next((number for number, one in enumerate(self._shown) if one.id == keep), index)
        self.list.show([self._row(info, at, now) for info, at in found], highlighted, empty=self._nothing(query))
        count = "" if self._all is None else f" · {len(infos):,}"
        self.set_text("title", f"Sessions{count}")

    def _nothing(self, query: str) -> str:
        if self._all is None:
            return "Reading the history …"
        return f"Nothing matches “{safe_line(query, 60)}”." if self._all else "There are no saved sessions yet. Ctrl+N starts one."

    def _row(self, info: SessionInfo, at: tuple[int, ...], now: datetime) -> Row:
        mark, tone = _MARKS.get(info.status, (" ", ""))
        width = self.size.width
        elsewhere = "in use elsewhere" if width >= _WIDE else "in use"
        place = "open here" if info.id == self._current else elsewhere if info.id in self._held else ""
        when = place or age(info.updated_at, now)
        if width < _WIDE:
            return Row(_title(info), when, at=at, mark=mark, tone=tone)
        more = (safe_line(info.model or "", 40), _messages(info.message_count))
        return Row(_title(info), f"{when:>16}", more, at=at, mark=mark, tone=tone)

    @on(ChoiceList.Highlighted)
    def _show_preview(self) -> None:
        if self._preview and self.has_class("-tall"):
            self.run_worker(partial(self._read_preview, self._preview, self._highlighted_id), group="preview", exclusive=True)

    async def _read_preview(self, preview: Callable[[str], Awaitable[str]], session_id: str | None) -> None:
        try:
            text = await preview(session_id) if session_id else ""
        except StoreError as error:
            text = str(error)
        if self.is_mounted and session_id == self._highlighted_id:
            self.set_text("preview", safe_line(text, 500))

    # What can be done

    @on(ChoiceList.Clicked)
    def action_pick(self) -> None:
        info = self._highlighted
        if info is not None:
            self.dismiss(Opened(info.id))

    def action_new(self) -> None:
        self.dismiss(NewSession())

    def action_rename(self) -> None:
        info = self._highlighted
        if info is None:
            return

        def rename(title: str | None) -> None:
            if title is not None and title != info.title:
                self._change(partial(self._rename, info, title))

        prompt = TextPrompt("Rename the session", info.title, check=_check_title)
        self.app.push_screen(prompt, rename)  # pyright: ignore[reportUnknownMemberType]

    def action_delete(self) -> None:
        info = self._highlighted
        if info is not None:
            self._change(partial(self._delete, info))

    def action_undo(self) -> None:
        self._change(self._undo)

    @on(LineInput.Grabbed)
    def _take_back(self) -> None:
        self.action_undo()

    def _change(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it in the background, after what is being done already; what the history refuses is said."""

        async def change() -> None:
            async with self._changing:
                try:
                    await work()
                except StoreError as error:
                    self.say(str(error))

        self.run_worker(change, group="change", description="change a session")

    async def _rename(self, info: SessionInfo, title: str) -> None:
        await self._source.rename(info.id, title)
        self._all = [replace(one, title=title) if one.id == info.id else one for one in self._all or []]
        self.say(f"Renamed to “{safe_line(title, 60)}”.")
        self._refill(keep=info.id)

    async def _delete(self, info: SessionInfo) -> None:
        infos = self._all or []
        if info not in infos:
            return
        await self._source.delete(info.id)
        place = self._shown.index(info) if info in self._shown else 0
        self._deleted.append((infos.index(info), info))
        self._all = [one for one in infos if one.id != info.id]
        self.say(f"Deleted “{_title(info, 60)}”. Ctrl+Z or u brings it back.", undo=True)
        self._refill(index=place)

    async def _undo(self) -> None:
        if not self._deleted:
            self.say("Nothing was deleted here.")
            return
        place, info = self._deleted[-1]
        await self._source.restore(info.id)
        self._deleted.pop()
        infos = self._all or []
        self._all = [*infos[:place], info, *infos[place:]]
        more = f" {len(self._deleted)} more: Ctrl+Z or u." if self._deleted else ""
        self.say(f"“{_title(info, 60)}” is back.{more}", undo=bool(self._deleted))
        self._refill(keep=info.id)


def _title(info: SessionInfo, limit: int = 200) -> str:
    return safe_line(info.title, limit) or "Untitled"


def _messages(count: int) -> str:
    return f"{count:>5,} message{' ' if count == 1 else 's'}"


def _check_title(text: str) -> str | None:
    return None if text else "A title needs at least one character."
