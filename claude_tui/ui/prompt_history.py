"""Earlier prompts, walked with Up and Down; the present draft is the newest of them and comes back exactly.

Pure: holds texts, knows no widget. An edited entry stays edited until a prompt goes out; nothing typed is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


class PromptHistory:
    """Position 0 is the present draft, 1 the newest entry, and so on.

    Texts the composer gives back on a step (`current`) are kept as they are. Entries come from the store (`set_entries`) and from
    here (`add`): sent prompts and cleared drafts; `show` makes of an entry what is edited.
    """

    def __init__(self, show: Callable[[str], str] = lambda text: text) -> None:
        self._show = show
        self._stored: list[str] = []
        self._local: list[str] = []
        self._walk: list[str] | None = None
        self._edited: dict[int, str] = {}
        self._position = 0

    @property
    def position(self) -> int:
        """How far back the walk is; 0 is the present draft."""
        return self._position

    def set_entries(self, entries: Iterable[str]) -> None:
        """What the store holds, newest first. A walk that has begun keeps its entries until `leave`."""
        self._stored = [entry for entry in entries if entry.strip()]
        known = set(self._stored)
        self._local = [entry for entry in self._local if entry not in known]

    def add(self, text: str) -> None:
        """A prompt that was sent, or a draft that was cleared: the newest entry from now on."""
        if text.strip():
            self._local = [text, *(entry for entry in self._local if entry != text)]

    def older(self, current: str) -> str | None:
        """The text one step back, None at the oldest. `current` is what stands in the composer."""
        if self._walk is None:
            self._walk = self._entries()
        return self._step(current, self._position + 1, self._walk) if self._position < len(self._walk) else None

    def newer(self, current: str) -> str | None:
        """The text one step forward, None where the present draft is shown already."""
        return self._step(current, self._position - 1, self._walk) if self._position and self._walk else None

    def leave(self) -> str:
        """End the walk: edits of entries are forgotten, the draft the walk began with is handed back (empty if there was none)."""
        draft = self._edited.get(0, "") if self._position else ""
        self._position = 0
        self._edited.clear()
        self._walk = None
        return draft

    def _entries(self) -> list[str]:
        seen: set[str] = set()
        return [entry for entry in (*self._local, *self._stored) if not (entry in seen or seen.add(entry))]

    def _step(self, current: str, position: int, walk: list[str]) -> str:
        self._edited[self._position] = current
        self._position = position
        if position in self._edited:
            return self._edited[position]
        return self._show(walk[position - 1])
