"""The outline: prompts and headings in a picker, to go to one of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from claude_tui.domain.text import safe_line
from claude_tui.render.base import Cell, LeafRef
from claude_tui.ui.picker import Choice, Picker

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen

SLICE = 0.004
"""Seconds of reading headings until keys and frames may go on."""


class Entry(NamedTuple):
    """Where an entry leads. The cell itself, since indexes move when earlier turns are loaded."""

    cell: Cell
    at: LeafRef


def entries_of(cell: Cell) -> list[Choice[Entry]]:
    """What of a cell stands in the outline: a prompt with its first words, every heading below as many dots as its level.

    Nothing of a folded panel: where its headings will stand is known when it is open.
    """
    found: list[Choice[Entry]] = []
    if cell.kind == "prompt":
        found.append(Choice(Entry(cell, LeafRef(0, 0)), safe_line(cell.source()[:1000], 300), "prompt"))
    if cell.levels == 1 or cell.level > 0:
        for heading in cell.headings():
            found.append(Choice(Entry(cell, heading.at), "· " * heading.level + (safe_line(heading.text, 300) or "(no text)")))
    return found


class Outline:
    """Bound to the chat screen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    async def show(self, cursor: int | None) -> None:
        """The entries of the cell at `cursor`, with Tab for all; without any, or without a cursor, all at once."""
        cells = self._screen.conversation.cells
        mine = entries_of(cells[cursor]) if cursor is not None and cursor < len(cells) else []
        if mine and cursor is not None and cells[cursor].kind != "prompt":
            widen = "the whole session", lambda: self._screen.start(self._widen(picker), "outline")
            picker = Picker("Outline of this message", mine, on_tab=widen)
        else:
            found = await self._all()
            picker = Picker("Outline", found, current=self._near(found), empty="There is nothing in this session yet.")
        self._screen.program.push_screen(picker, self._go)

    async def _widen(self, picker: Picker[Entry]) -> None:
        picker.set_tab(None)
        picker.set_choices(await self._all(), title="Outline")

    def _near(self, entries: Sequence[Choice[Entry]]) -> Entry | None:
        """The last entry that does not stand below the message at the cursor, or else at the top of the screen."""
        transcript, conversation = self._screen.transcript, self._screen.conversation
        index = transcript.cursor
        if index is None and transcript.place is not None:
            index = conversation.index_of(transcript.place[0])
        below = set(conversation.cells[len(conversation.cells) if index is None else index + 1 :])
        return next((one.value for one in reversed(entries) if one.value.cell not in below), None)

    async def _all(self) -> list[Choice[Entry]]:
        """In slices: a long session has been read by nobody yet."""
        found: list[Choice[Entry]] = []
        started = time.perf_counter()
        for cell in list(self._screen.conversation.cells):
            found += entries_of(cell)
            if time.perf_counter() - started > SLICE:
                await asyncio.sleep(0)
                started = time.perf_counter()
        return found

    def _go(self, picked: Entry | None) -> None:
        cells, transcript = self._screen.conversation.cells, self._screen.transcript
        if picked is None or picked.cell not in cells:
            return
        index = cells.index(picked.cell)
        if transcript.cursor is not None:
            transcript.set_cursor(index)
        transcript.show_leaf(index, picked.at)
