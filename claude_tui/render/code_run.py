"""A code block that grows by lines: a line costs the same to add and to draw however long the block is.

The text is kept in chunks of lines, with the state of the lexer before each chunk that was reached; the tokens of the chunks drawn
last are kept for all blocks together. A closed block gets exact colours: a short one when it is drawn, a longer one bit by bit in
`refine`, one beyond `MOST_EXACT` characters never. A lexer that fails leaves its block plain.
"""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Generic, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Line, Look
from claude_tui.render.code import CONTINUED, MOST_EXACT, clip, fold, language_of, styled
from claude_tui.render.line_lexer import ANYWHERE, START, LineLexer, State, Tokens, WholeLexing, lexer_of
from claude_tui.render.wrap import cut, expand_tabs

_log = logging.getLogger(__name__)

CHUNK = 64
"""Lines."""
_AT_ONCE = 4_096
"""Characters of a closed block that are lexed exactly when it is drawn."""
_NEAR = 8
"""Chunks that are lexed on the way to one that is drawn; farther away from what is known, a chunk begins with a guess."""
_MOST_HELD_EXACT = 400_000
"""Characters of code, over all blocks."""
_MOST_PIECES = 32

_T = TypeVar("_T")


class _Recent(Generic[_T]):
    """What was used last, up to a total weight."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[tuple[int, int], tuple[_T, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: tuple[int, int]) -> _T | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: tuple[int, int], value: _T, weight: int) -> None:
        self.drop(key)
        self._held[key] = (value, weight)
        self._weight += weight
        while self._weight > self._most:
            self._weight -= self._held.popitem(last=False)[1][1]

    def drop(self, key: tuple[int, int]) -> None:
        found = self._held.pop(key, None)
        self._weight -= found[1] if found else 0


class _Piece:
    """The tokens of the first lines of a chunk, and the state behind them."""

    __slots__ = ("lines", "state")

    def __init__(self, state: State) -> None:
        self.lines: list[Tokens] = []
        self.state = state


_serials = count()
_pieces: _Recent[_Piece] = _Recent(_MOST_PIECES)
_exact: _Recent[list[Tokens]] = _Recent(_MOST_HELD_EXACT)


class CodeRun:
    """The lines of one code block, as they come. `info`: its fence's info string; `number`: which block of its message it is."""

    def __init__(self, info: str, number: int) -> None:
        self.number = number
        self._language = language_of(info)
        self._serial = next(_serials)
        self._closed = False
        self._version = 0
        self._chunks: list[str] = []
        self._tail: list[str] = []
        self._characters = 0
        self._states: dict[int, State] = {0: START}
        self._guessed: set[int] = set()
        # Whether lines are, or may be, drawn in colours that are not exact.
        self._coarse = False
        self._whole: WholeLexing | None = None
        self._failed = False

    @property
    def language(self) -> str:
        return self._language

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def count(self) -> int:
        """How many complete lines there are. A line that holds a line end of another kind counts as several."""
        return len(self._chunks) * CHUNK + len(self._tail)

    @property
    def version(self) -> int:
        """Grows whenever lines drawn before may look different now."""
        return self._version

    @property
    def text(self) -> str:
        """The code, clean, with its tabs, without a line end behind the last line."""
        return "\n".join([*self._chunks, *self._tail])

    def extend(self, lines: Sequence[str]) -> None:
        """Add complete lines, without their ends."""
        for line in lines:
            # What is left of a line end of two characters.
            for part in safe_text(line.removesuffix("\r")).split("\n"):
                self._tail.append(part)
                self._characters += len(part) + 1
                if len(self._tail) == CHUNK:
                    self._chunks.append("\n".join(self._tail))
                    self._tail = []

    def close(self) -> None:
        """No more lines come."""
        if not self._closed:
            self._closed = True
            if self._coarse and self._characters <= _AT_ONCE:
                self._version += 1
            self._coarse = not self._failed

    def head(self, look: Look, width: int) -> list[Line]:
        """The line above the code: its language, and a label to copy it by (meta `copy`: its number)."""
        label = "copy" if width >= 12 else ""
        name = cut(self._language, width - len(label) - 6) if self._language else ""
        left = [Segment("╭─", look.code_frame)]
        if name:
            left += [Segment(f" {name} ", look.muted)]
        mark = look.muted + Style(meta={"copy": self.number})
        right = [Segment(" ", look.code_frame), Segment(label, mark)] if label else []
        fill = width - sum(cell_len(piece.text) for piece in (*left, *right))
        segments = (*left, Segment("─" * fill, look.code_frame), *right)
        return [Line(segments, sum(len(piece.text) for piece in segments))]

    def foot(self, look: Look, width: int) -> list[Line]:
        """The line below the code."""
        return [Line((Segment("╰" + "─" * (width - 1), look.code_frame),), width)]

    def draw(self, first: int, last: int, look: Look, width: int) -> list[Line]:
        """The complete lines from `first` to before `last`, behind the rail. The cost is that of these lines and at most `_NEAR`
        chunks, and once that of all of a short closed block."""
        tokens = self._tokens(first, last)
        brush = _Brush(look, width)
        return [line for text, its in zip(self._lines(first, last), tokens, strict=True) for line in brush.lines(text, its)]

    def draw_partial(self, text: str, look: Look, width: int) -> list[Line]:
        """A line that is not complete yet, as it would be drawn behind the last one."""
        brush = _Brush(look, width)
        texts = [expand_tabs(part) for part in safe_text(text.removesuffix("\r")).split("\n")]
        tokens: list[Tokens] = []
        lexer = self._lexer()
        if lexer is not None:
            try:
                state = self._state_behind()
                for part in texts:
                    its, state = lexer.line(part, state)
                    tokens.append(its)
            except Exception:
                self._give_up()
        if len(tokens) < len(texts):
            tokens = [()] * len(texts)
        return [line for part, its in zip(texts, tokens, strict=True) for line in brush.lines(part, its)]

    def refine(self, seconds: float) -> bool:
        """Go on for about `seconds` with making exact what is drawn in haste; whether there is more to do.

        A closed block that is drawn after its exact colours had to make room for those of others has more to do again.
        """
        lexer = self._lexer() if self._coarse else None
        if lexer is None:
            return False
        until = time.monotonic() + seconds
        try:
            return self._lex_whole(lexer, until) if self._closed and self._characters <= MOST_EXACT else self._settle(lexer, until)
        except Exception:
            self._give_up()
            return False

    def _lexer(self) -> LineLexer | None:
        return lexer_of(self._language.lower()) if self._language and not self._failed else None

    def _give_up(self) -> None:
        _log.warning("the lexer for %s failed", self._language, exc_info=True)
        self._failed = True
        self._coarse = False
        self._whole = None
        self._version += 1

    def _chunk(self, chunk: int) -> list[str]:
        return self._chunks[chunk].split("\n") if chunk < len(self._chunks) else self._tail

    def _lines(self, first: int, last: int) -> list[str]:
        """These lines as they are drawn: without tabs."""
        texts: list[str] = []
        for chunk in range(first // CHUNK, -(-last // CHUNK)):
            at = chunk * CHUNK
            texts += (expand_tabs(line) for line in self._chunk(chunk)[max(0, first - at) : max(0, last - at)])
        return texts

    def _tokens(self, first: int, last: int) -> Sequence[Tokens]:
        lexer = self._lexer()
        if lexer is not None and first < last:
            try:
                return self._exact_tokens(lexer, first, last) or self._line_tokens(lexer, first, last)
            except Exception:
                self._give_up()
        return [()] * max(0, last - first)

    def _exact_tokens(self, lexer: LineLexer, first: int, last: int) -> list[Tokens]:
        """Exact ones where they are at hand or made at once; none otherwise."""
        if not self._closed:
            return []
        lines = _exact.get((self._serial, 0))
        if lines is None and self._characters <= _AT_ONCE:
            lexing = WholeLexing(lexer, self._lines(0, self.count))
            lexing.go_on(math.inf)
            lines = lexing.lines
            self._hold_exact(lines)
        return [] if lines is None else lines[first:last]

    def _hold_exact(self, lines: list[Tokens]) -> None:
        _exact.put((self._serial, 0), lines, self._characters)
        self._coarse = False

    def _line_tokens(self, lexer: LineLexer, first: int, last: int) -> list[Tokens]:
        self._coarse = True
        tokens: list[Tokens] = []
        for chunk in range(first // CHUNK, -(-last // CHUNK)):
            at = chunk * CHUNK
            tokens += self._piece(lexer, chunk, min(CHUNK, last - at)).lines[max(0, first - at) : last - at]
        return tokens

    def _piece(self, lexer: LineLexer, chunk: int, lines: int) -> _Piece:
        """The chunk, its first `lines` lines lexed at least."""
        piece = _pieces.get((self._serial, chunk))
        if piece is None:
            piece = _Piece(self._state_before(lexer, chunk))
            _pieces.put((self._serial, chunk), piece, 1)
        if len(piece.lines) < lines:
            for text in self._chunk(chunk)[len(piece.lines) : lines]:
                tokens, piece.state = lexer.line(expand_tabs(text), piece.state)
                piece.lines.append(tokens)
            if lines == CHUNK:
                self._states.setdefault(chunk + 1, piece.state)
        return piece

    def _state_before(self, lexer: LineLexer, chunk: int) -> State:
        known = chunk
        while known not in self._states and chunk - known < _NEAR:
            known -= 1
        if known not in self._states:
            self._states[chunk] = ANYWHERE
            self._guessed.add(chunk)
        else:
            for before in range(known, chunk):
                self._piece(lexer, before, CHUNK)
        return self._states[chunk]

    def _state_behind(self) -> State:
        """The state behind the last complete line."""
        lexer = self._lexer()
        if lexer is None:
            return START
        chunk = len(self._chunks)
        return self._piece(lexer, chunk, len(self._tail)).state if self._tail else self._state_before(lexer, chunk)

    def _lex_whole(self, lexer: LineLexer, until: float) -> bool:
        if self._characters <= _AT_ONCE:
            return False
        if self._whole is None:
            self._whole = WholeLexing(lexer, self._lines(0, self.count))
        if self._whole.go_on(until):
            return True
        self._hold_exact(self._whole.lines)
        self._whole = None
        self._version += 1
        return False

    def _settle(self, lexer: LineLexer, until: float) -> bool:
        """Replace the guessed states by those the lines before them lead to."""
        changed = False
        while self._guessed:
            goal = min(self._guessed)
            chunk = goal - 1
            while chunk not in self._states:
                chunk -= 1
            state = self._states[chunk]
            for text in self._chunk(chunk):
                _, state = lexer.line(expand_tabs(text), state)
            if chunk + 1 == goal:
                self._guessed.remove(goal)
                changed = self._correct(goal, state) or changed
            else:
                self._states[chunk + 1] = state
            if time.monotonic() >= until:
                break
        self._version += changed
        return bool(self._guessed)

    def _correct(self, chunk: int, state: State) -> bool:
        if self._states[chunk] == state:
            return False
        self._states[chunk] = state
        _pieces.drop((self._serial, chunk))
        if chunk + 1 in self._states:
            self._guessed.add(chunk + 1)
        return True


class _Brush:
    """Draws lines of code behind the rail."""

    def __init__(self, look: Look, width: int) -> None:
        self._look = look
        self._rail = (Segment("│ ", look.code_frame),) if width > 10 else ()
        self._mark = Segment(CONTINUED, look.muted)
        self._clipped = Segment("…", look.muted)
        self._room = width - 2 * len(self._rail)

    def lines(self, text: str, tokens: Tokens) -> list[Line]:
        runs = styled(text, tokens, self._look)
        folded = [clip(runs, self._room, self._clipped)] if self._look.clip_code else fold(runs, self._room)
        lead = 2 * len(self._rail)
        first, *rest = folded
        lines = [Line((*self._rail, *first.segments), lead, first.soft, first.glue)]
        for line in rest:
            lines.append(Line((*self._rail, self._mark, *line.segments), lead + len(CONTINUED), line.soft, line.glue))
        return lines
