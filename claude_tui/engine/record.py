"""Record: what the store holds of a session beside its messages, and what this process knows of it: one row and one desk.

Whatever is asked at the same time, the row is made once, and never for nothing. Memory is changed first and changed back if the
disk refuses, so the last word of overlapping calls is what is in memory and on disk.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from claude_tui.domain.desk import Desk
from claude_tui.domain.errors import StoreError
from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.ports import Store
from claude_tui.domain.text import safe_line

_ROW = ("title", "model", "provider", "effort", "system", "tools", "extra")
"""What `update_session` writes."""


def renamed(info: SessionInfo, title: str) -> SessionInfo:
    """`info` with this title on one line; ValueError where nothing can be seen of it."""
    line = safe_line(title)
    if not line:
        raise ValueError("a title has at least one character that can be seen")
    return dataclasses.replace(info, title=line)


class Record:
    """`stored`: whether the row is on disk already, as `info` says it."""

    def __init__(self, store: Store, info: SessionInfo, desk: Desk, *, stored: bool) -> None:
        self.info = info
        self.desk = desk
        self._store = store
        self._row = info if stored else None
        self._saved_desk = desk
        self._writing = asyncio.Lock()

    @property
    def stored(self) -> bool:
        return self._row is not None

    def place(self, leaf_id: str | None, message_count: int, status: str) -> None:
        """Where the session stands now; its row has that from its messages."""
        self.info = dataclasses.replace(self.info, leaf_id=leaf_id, message_count=message_count, status=status)

    async def change(self, facts: dict[str, Any], *, create: bool = False) -> bool:
        """Change these fields of `info`, on disk too if there is a row, or one is to be made; whether anything is new."""
        before = {name: getattr(self.info, name) for name in facts}
        self.info = dataclasses.replace(self.info, **facts)
        try:
            await self._write_row(create=create)
        except StoreError:
            ours = {name: old for name, old in before.items() if getattr(self.info, name) is facts[name]}
            self.info = dataclasses.replace(self.info, **ours)
            raise
        return before != facts

    async def save_desk(self, desk: Desk) -> None:
        """What lies on the desk now. Without text it makes no row."""
        self.desk = desk
        if not self.stored and not desk.has_text:
            return
        await self._write_row(create=True)
        async with self._writing:
            newest = self.desk
            if newest != self._saved_desk:
                await self._store.save_desk(self.info.id, newest)
                self._saved_desk = newest

    async def settled(self) -> None:
        """Wait for what is being written."""
        async with self._writing:
            return

    async def _write_row(self, *, create: bool) -> None:
        async with self._writing:
            info, row = self.info, self._row
            if row is None and create:
                await self._store.create_session(info)
                self._row = info
            elif row is not None and any(getattr(row, name) != getattr(info, name) for name in _ROW):
                await self._store.update_session(info)
                self._row = info
