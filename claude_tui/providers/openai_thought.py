"""What a model has said so far, to know what a server says again. Pure.

Some servers send the thinking as a field and between tags in the text as well; some send all of it anew with every chunk.
"""

from __future__ import annotations

import io

LEAST = 4
"""Characters after which what begins with all that came before is taken for a repetition of it."""


class Said:
    """`add` what was said; `size`: its length. Adding costs the same however much there is."""

    def __init__(self) -> None:
        self.size = 0
        self._all = io.StringIO()
        self._dense = io.StringIO()
        """The same without white space, as far as `_condensed`."""
        self._condensed = 0
        self._repeated = 0

    def add(self, text: str) -> None:
        self._all.write(text)
        self.size += len(text)

    @property
    def text(self) -> str:
        return self._all.getvalue()

    def fresh(self, text: str, least: int = LEAST) -> str:
        """What `text` has beyond all that was said, where it begins with that; else `text`."""
        if self.size < least or len(text) < self.size:
            return text
        return text.removeprefix(self.text)

    def repeats(self, text: str) -> bool:
        """Whether `text` goes on saying, from the beginning and but for white space, what was said; asked piece by piece."""
        self._all.seek(self._condensed)
        self._dense.seek(0, io.SEEK_END)
        self._dense.write("".join(self._all.read().split()))
        self._condensed = self.size
        piece = "".join(text.split())
        self._dense.seek(self._repeated)
        self._repeated += len(piece)
        return self._dense.read(len(piece)) == piece
