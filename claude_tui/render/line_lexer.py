"""Token types of code: line by line at a flat cost, and of a whole text exactly.

Pygments lexes whole texts. `LineLexer` walks the rules of its lexers one line at a time and carries the stack of states on, so what
a line costs depends on the line alone. Constructs that one rule matches over several lines (comments, docstrings, here-documents)
are found by trying the rule on the line with the end of the construct behind it. The result is nearly that of the whole text;
`WholeLexing` gives it exactly. Both give token types as ranges of the text they were given: they cannot change it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

Tokens: TypeAlias = tuple[Any, ...]
"""The tokens of a line: end, type, end, type, and so on, ends ascending. What lies behind the last end is plain."""

LONGEST_LINE = 2_000
"""Characters. Lexers are regular expressions of others' making: a longer line stays plain, and counts as an empty one."""

_DEEPEST = 48
"""States kept from line to line; nesting deeper than that loses its outer levels, not its place."""
_IDLE = 64
"""Matches of nothing in a row that a line may have before the rest of it is given up."""
_BETWEEN_CLOCKS = 32

_OPENINGS = re.compile(r"/\*|<!--|<!\[CDATA\[|\"{3}|'{3}|`|\{-|\(\*|--\[\[|#\||<<[-~]? *[\"'\\]?([A-Za-z_]\w*)")
_CLOSINGS = {
    "/*": "*/",
    "<!--": "-->",
    "<![CDATA[": "]]>",
    '"""': '"""',
    "'''": "'''",
    "`": "`",
    "{-": "-}",
    "(*": "*)",
    "--[[": "]]",
    "#|": "|#",
}
_ENDS_OF_STATES = {"script-content": "</script>", "style-content": "</style>"}
"""States whose rules look ahead for an end that may be lines away, and leave the state where there is none."""


class State(NamedTuple):
    """Where a line begins: the stack of lexer states (empty: at the start of the text), and a construct that runs until `close`."""

    stack: tuple[str, ...] = ()
    close: str = ""
    token: Any = None


START = State()
ANYWHERE = State(("root",))
"""A line of which nothing is known but that it is not the first."""


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str]:
    from pygments.lexers import get_all_lexers

    return {alias.lower(): alias for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}


@lru_cache(maxsize=64)
def lexer_of(language: str) -> LineLexer | None:
    """The lexer of a language by its name in lower case; none where the name is empty or unknown."""
    alias = _aliases().get(language) if language else None
    if alias is None:
        return None
    from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]

    return LineLexer(cast("Any", get_lexer_by_name)(alias, stripnl=False, ensurenl=False))


class LineLexer:
    """Lexes lines of one language. Whatever a Pygments lexer raises comes out of `line`."""

    def __init__(self, lexer: Any) -> None:
        from pygments.lexer import ExtendedRegexLexer, RegexLexer

        self.lexer = lexer
        walked = isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer)
        self._rules: dict[str, list[Any]] | None = cast("Any", lexer)._tokens if walked else None

    def line(self, text: str, state: State) -> tuple[Tokens, State]:
        """The tokens of a line (without its end) that begins in `state`, and the state of the line after it."""
        if len(text) > LONGEST_LINE:
            return (), state
        if self._rules is None:
            return self._alone(text), state
        walk = _Walk(self.lexer, self._rules, text, state)
        walk.run()
        return tuple(walk.pieces), walk.state()

    def _alone(self, text: str) -> Tokens:
        pieces = _Pieces(0, len(text))
        for start, token, value in self.lexer.get_tokens_unprocessed(text + "\n"):
            pieces.put(start, start + len(value), token)
        return tuple(pieces.pieces)


class _Pieces:
    """Collects the tokens of the stretch `start` to `end` of a text; gaps and what lies outside do no harm."""

    def __init__(self, start: int, end: int) -> None:
        from pygments.token import Token

        self.pieces: list[Any] = []
        self._nothing = Token
        self._offset = self._at = start
        self._end = end

    def put(self, start: int, end: int, token: Any) -> None:
        end = min(end, self._end)
        if end <= self._at:
            return
        pieces = self.pieces
        if start > self._at:
            pieces += (start - self._offset, self._nothing)
        if pieces and pieces[-1] is token:
            pieces[-2] = end - self._offset
        else:
            pieces += (end - self._offset, token)
        self._at = end


class _Walk(_Pieces):
    """One line walked through by the rules of a `RegexLexer`, as it does with a whole text."""

    def __init__(self, lexer: Any, rules: dict[str, list[Any]], line: str, state: State) -> None:
        # A line end before it keeps a line that is not the first from looking like the start of the text.
        first = not state.stack
        self._text = f"{line}\n" if first else f"\n{line}\n"
        super().__init__(0 if first else 1, len(self._text) - 1)
        self._lexer = lexer
        self._rules = rules
        self._stack = list(state.stack or ("root",))
        self._close, self._token = state.close, state.token
        self._openings = list(_OPENINGS.finditer(self._text))

    def state(self) -> State:
        stack = self._stack
        return State(tuple(stack if len(stack) <= _DEEPEST else [stack[0], *stack[1 - _DEEPEST :]]), self._close, self._token)

    def run(self) -> None:
        from pygments.token import Error, Whitespace

        text, length = self._text, len(self._text)
        at = self._leave_span(self._offset) if self._close else self._offset
        idle = 0
        while at < length:
            if self._openings and self._enter_span(at):
                return
            found = self._match(self._subject(at), at)
            if found:
                match, new_state = found
                idle = idle + 1 if match.end() == at else 0
                at = match.end()
                if new_state is not None:
                    self._change(new_state)
                if idle > _IDLE:
                    self._stack = ["root"]
                    return
            elif text[at] == "\n":
                self._stack = ["root"]
                self.put(at, at + 1, Whitespace)
                at += 1
            else:
                self.put(at, at + 1, Error)
                at += 1

    def _subject(self, at: int) -> str:
        end = _ENDS_OF_STATES.get(self._stack[-1])
        return self._text if end is None or end in self._text[at:].lower() else self._text + end

    def _match(self, subject: str, at: int) -> tuple[re.Match[str], Any] | None:
        for match_at, action, new_state in self._rules[self._stack[-1]]:
            match = match_at(subject, at)
            if match:
                for start, token, value in self._actions(action, match):
                    self.put(start, start + len(value), token)
                return match, new_state
        return None

    def _actions(self, action: Any, match: re.Match[str]) -> Iterator[tuple[int, Any, str]]:
        if action is None:
            return
        if isinstance(action, tuple):
            yield match.start(), action, match.group()
        else:
            yield from action(self._lexer, match)

    def _change(self, new_state: Any) -> None:
        """A state transition, by the rules of `RegexLexer`."""
        stack = self._stack
        if isinstance(new_state, int):
            del stack[max(1, len(stack) + new_state) :]
            return
        states: tuple[str, ...] = cast("Any", new_state if isinstance(new_state, tuple) else (new_state,))
        for state in states:
            if state == "#pop":
                del stack[max(1, len(stack) - 1) :]
            else:
                stack.append(stack[-1] if state == "#push" else state)

    def _leave_span(self, at: int) -> int:
        """The construct the line begins in; where it ends."""
        found = self._text.find(self._close, at)
        end = len(self._text) if found < 0 else found + len(self._close)
        self.put(at, end, self._token)
        if found >= 0:
            self._close, self._token = "", None
        return end

    def _enter_span(self, at: int) -> bool:
        """Whether what begins at `at` or next to it runs on into the next line as one construct, which takes the rest then."""
        while self._openings and self._openings[0].start() < at:
            del self._openings[0]
        if not self._openings or len(self._text[at : self._openings[0].start()].strip()) > 2:
            return False
        opening = self._openings[0]
        close = opening[1] or _CLOSINGS[opening[0]]
        if self._text.find(close, opening.end()) >= 0:
            return False
        longer = f"{self._text}\n{close}"
        for match_at, action, new_state in self._rules[self._stack[-1]]:
            match = match_at(longer, at)
            if match:
                tokens = list(self._actions(action, match)) if match.end() == len(longer) else []
                if not tokens or tokens[-1][0] > opening.end():
                    return False
                for start, token, value in tokens:
                    self.put(start, start + len(value), token)
                self._close, self._token = close, tokens[-1][1]
                if new_state is not None:
                    self._change(new_state)
                return True
        return False


class WholeLexing:
    """The exact tokens of a text, lexed in slices of time. `lines` grows, and is the text's once `go_on` says there is no more."""

    def __init__(self, lexer: LineLexer, lines: Sequence[str]) -> None:
        self.lines: list[Tokens] = []
        self._text = "\n".join(line if len(line) <= LONGEST_LINE else "" for line in lines)
        self._count = len(lines)
        self._stream: Iterator[tuple[Any, str]] = iter(lexer.lexer.get_tokens(self._text))
        self._pieces: list[Any] = []
        self._at = self._column = 0

    def go_on(self, until: float) -> bool:
        """Go on until `time.monotonic()` is `until`, a few tokens at least; whether there is more to do.

        Raises what the lexer raises, and ValueError where its tokens are not the text.
        """
        for number, (token, value) in enumerate(self._stream, 1):
            self._put(token, value)
            if number % _BETWEEN_CLOCKS == 0 and time.monotonic() >= until:
                return True
        if self._text[self._at :].strip("\n"):
            raise ValueError("the tokens end before the text does")
        while len(self.lines) < self._count:
            self._end_line()
        return False

    def _put(self, token: Any, value: str) -> None:
        if not self._text.startswith(value, self._at):
            if value == "\n" and self._at == len(self._text):
                return
            raise ValueError("the tokens are not the text")
        self._at += len(value)
        for number, part in enumerate(value.split("\n")):
            if number:
                self._end_line()
            if part:
                self._column += len(part)
                if self._pieces and self._pieces[-1] is token:
                    self._pieces[-2] = self._column
                else:
                    self._pieces += (self._column, token)

    def _end_line(self) -> None:
        self.lines.append(tuple(self._pieces))
        self._pieces = []
        self._column = 0
