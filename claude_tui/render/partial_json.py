"""JSON that is still arriving, as far as it has come.

Every character is looked at once, whatever the pieces. Any text is accepted: what cannot be JSON stops the reading, and stays
available as `rest`.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]+')
_LITERAL = re.compile(r"[-+.\w]+")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 100


class OpenText:
    """A string whose end has not come yet."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)


_Container: TypeAlias = "dict[str, Any] | list[Any]"


class PartialJson:
    """A reader to be fed. `value` is what has been read: containers that grow, an `OpenText` where a string is open."""

    def __init__(self) -> None:
        self.value: Any = None
        self.broken = False
        self.rest = ""
        self._stack: list[_Container] = []
        self._key: str | OpenText | None = None
        self._open: OpenText | None = None
        self._state = "value"

    def feed(self, text: str) -> None:
        """Read on. What is half a token waits for its other half."""
        if self.broken:
            self.rest += text
            return
        self.rest += text
        at = 0
        while at < len(self.rest) and not self.broken:
            step = self._token(at) if self._open is None else self._string(at, self._open)
            if step == at:
                break
            at = step
        self.rest = self.rest[at:]

    def _string(self, at: int, opened: OpenText) -> int:
        """Read inside of the open string, from `at`; the place reading got to."""
        plain = _PLAIN.match(self.rest, at)
        if plain:
            opened.pieces.append(plain.group())
            return plain.end()
        char = self.rest[at]
        if char == '"':
            self._close(opened)
            return at + 1
        if char != "\\":
            opened.pieces.append(char)  # a control character that should have been escaped
            return at + 1
        return self._escape(at, opened)

    def _escape(self, at: int, opened: OpenText) -> int:
        if at + 1 >= len(self.rest):
            return at
        name = self.rest[at + 1]
        if name != "u":
            opened.pieces.append(_ESCAPES.get(name, name))
            return at + 2
        digits = self.rest[at + 2 : at + 6]
        if re.fullmatch("[0-9a-fA-F]{4}", digits):
            opened.pieces.append(chr(int(digits, 16)))
            return at + 6
        if len(digits) < 4 and re.fullmatch("[0-9a-fA-F]*", digits):
            return at
        opened.pieces.append("u")
        return at + 2

    def _token(self, at: int) -> int:
        blank = _BLANK.match(self.rest, at)
        if blank and blank.end() > at:
            return blank.end()
        char = self.rest[at]
        if self._state == "value" and char not in "]}":
            return self._value(char, at)
        if char == '"' and self._state == "key":
            self._open = self._key = OpenText()
        elif char == ":" and self._state == "colon":
            self._state = "value"
        elif char == "," and self._state == "next":
            self._state = "key" if isinstance(self._stack[-1], dict) else "value"
        elif self._stack and char == ("}" if isinstance(self._stack[-1], dict) else "]"):
            self._stack.pop()
            self._after()
        else:
            self.broken = True
            return at
        return at + 1

    def _value(self, char: str, at: int) -> int:
        if char == '"':
            self._open = OpenText()
            self._put(self._open)
            return at + 1
        if char in "{[":
            if len(self._stack) >= _DEEPEST:
                self.broken = True
                return at
            container: _Container = {} if char == "{" else []
            self._put(container)
            self._stack.append(container)
            self._state = "key" if char == "{" else "value"
            return at + 1
        literal = _LITERAL.match(self.rest, at)
        if literal is None:
            self.broken = True
            return at
        if literal.end() == len(self.rest):
            return at
        try:
            self._put(json.loads(literal.group()))
        except ValueError:
            self.broken = True
            return at
        self._after()
        return literal.end()

    def _close(self, opened: OpenText) -> None:
        self._open = None
        text = opened.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if self._key is opened:
            self._key = text
            self._state = "colon"
            return
        self._put(text, again=True)
        self._after()

    def _put(self, value: Any, *, again: bool = False) -> None:
        """Set a value where it belongs; `again` replaces the one set last."""
        if not self._stack:
            self.value = value
        elif isinstance(container := self._stack[-1], dict):
            container[self._key if isinstance(self._key, str) else ""] = value
        elif again:
            container[-1] = value
        else:
            container.append(value)

    def _after(self) -> None:
        self._state = "next" if self._stack else "end"
