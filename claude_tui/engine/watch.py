"""Watch: a session that another process writes, as it comes to the disk. Reads only, and holds nothing."""

from __future__ import annotations

from claude_tui.domain.messages import Message, SessionInfo
from claude_tui.domain.ports import Store


class Watch:
    """Made by the Workspace. `info` is as of the last change."""

    def __init__(self, store: Store, info: SessionInfo) -> None:
        self.info = info
        self._store = store
        self._state: object = None

    async def changes(self) -> list[Message] | None:
        """The current path, an answer that streams as far as it has come; None if nothing changed since the last call."""
        state = await self._store.changed(self.info.id)
        if state == self._state:
            return None
        self.info = await self._store.session(self.info.id)
        messages = await self._store.peek(self.info.id)
        self._state = state
        return messages

    async def is_free(self) -> bool:
        """Whether the process that held the session has let go of it, or is gone."""
        return not self._store.is_held(self.info.id)
