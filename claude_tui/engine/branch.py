"""Branch: the path a session stands on, of which memory holds the newest part first, and the versions of its prompts.

`path` is one list for as long as the session is open. It begins with a prompt, unless it holds everything there is. What is
older is prepended page by page, so that a commit never waits for more than one page in the store's queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from claude_tui.domain.messages import Message
from claude_tui.domain.ports import Page, Store
from claude_tui.domain.turns import begins_turn, is_prompt

NEWEST = 64
"""Messages that opening a session reads."""
OLDER = 256
"""Messages that are read at once after that."""


async def newest_page(store: Store, leaf_id: str | None) -> Page:
    """The end of the path, from a prompt on."""
    if leaf_id is None:
        return Page((), None)
    page = await store.page(leaf_id, NEWEST)
    while page.older is not None:
        first = next((index for index, message in enumerate(page.messages) if is_prompt(message)), None)
        if first is not None:
            return Page(page.messages[first:], page.messages[first].parent_id)
        before = await store.page(page.older, OLDER)
        page = Page(before.messages + page.messages, before.older)
    return page


class Branch:
    """`versions`: message (None: the root) → the prompts below it by creation, where there are several."""

    def __init__(self, store: Store, page: Page, versions: Mapping[str | None, tuple[str, ...]]) -> None:
        self.path = list(page.messages)
        self._store = store
        self._older = page.older
        self._versions = dict(versions)
        self._loading: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def complete(self) -> bool:
        return self._older is None

    async def load(self) -> None:
        """Read what is missing of the path. Everybody who asks waits for the same reading."""
        if self.complete:
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.ensure_future(self._load())
            self._loading.add_done_callback(_heard)
        await asyncio.shield(self._loading)

    async def _load(self) -> None:
        while (older := self._older) is not None and not self._stopped:
            page = await self._store.page(older, OLDER)
            if self._older == older:  # else the session has turned to another version meanwhile
                self.path[:0] = page.messages
                self._older = page.older

    def stop_loading(self) -> None:
        """Read no further; who waits for it waits no longer than for the present page."""
        self._stopped = True

    def turn_to(self, page: Page) -> None:
        """Stand on another path from now on."""
        self.path[:] = page.messages
        self._older = page.older

    def prompt(self, message_id: str) -> Message:
        """The prompt of this id on the path; ValueError if there is none."""
        found = next((message for message in self.path if message.id == message_id), None)
        if found is None or not is_prompt(found):
            raise ValueError(f"{message_id} is no prompt on the path of this session")
        return found

    def take(self, message: Message, replaces: str | None = None) -> int:
        """Make a committed message the end of the path, in the place of prompt `replaces`; how many messages left the path."""
        before = len(self.path)
        if replaces is not None:
            index = self.path.index(self.prompt(replaces))
            versions = self._versions.get(message.parent_id, (replaces,))
            self._versions[message.parent_id] = (*versions, message.id)
            del self.path[index:]
        left = before - len(self.path)
        self.path.append(message)
        return left

    def take_root(self, message: Message) -> None:
        """Stand on this message alone, a version of the prompt that the path began with."""
        first = self.path[0] if self.path else None
        if first is not None and first.parent_id is None and begins_turn(first):
            self._versions[None] = (*self._versions.get(None, (first.id,)), message.id)
        self.path[:] = [message]
        self._older = None

    def amend(self, message: Message) -> None:
        """Put a message in the place of the one with its id."""
        self.path[:] = [message if one.id == message.id else one for one in self.path]

    def versions_of(self, message_id: str) -> tuple[str, ...]:
        """Every version of this prompt by creation, itself included."""
        for ids in self._versions.values():
            if message_id in ids:
                return ids
        return (message_id,)


def _heard(task: asyncio.Task[None]) -> None:
    """Whoever waited has the error; where nobody waits any more, nobody misses what was to be read."""
    if not task.cancelled():
        task.exception()
