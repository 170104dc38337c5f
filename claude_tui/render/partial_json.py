"""JSON that is still arriving, as far as it has come.

Every character is looked at once, whatever the pieces. Any text is accepted: what cannot be JSON stops the reading, and stays
available as `rest`. A listener is told what is read, in order.
"""

from __future__ import annotations

import json
import re
from typing import Any, Protocol, TypeAlias

_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'(?:[^"\\]+|\\["\\/bfnrt])+')
"""Inside of a string, up to its end or an escape that takes more than two characters; control characters are taken as they are."""
_SIMPLE_ESCAPE = re.compile(r"\\(.)")
_LITERAL = re.compile(r"[-+.\w]+")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DEEPEST = 100
_LONGEST_LITERAL = 5_000


class OpenText:
    """A string whose end has not come yet."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)


_Container: TypeAlias = "dict[str, Any] | list[Any]"


class Listener(Protocol):
    """Is told what is read. `name`: the field of an object, None for an item of a list and for the outermost value."""

    def value(self, name: str | None, value: Any) -> None:
        """A number, a truth value or null."""
        ...

    def open_text(self, name: str | None, opened: OpenText) -> None: ...

    def text(self, piece: str) -> None:
        """More of the text that is open."""
        ...

    def close_text(self) -> None: ...

    def enter(self, name: str | None, container: _Container) -> None:
        """An object or a list begins; it grows while it is read."""
        ...

    def leave(self) -> None: ...

    def garbage(self, piece: str) -> None:
        """Text that cannot be read, of which no part is anything else from now on."""
        ...


class PartialJson:
    """A reader to be fed. `value` is what has been read: containers that grow, an `OpenText` where a string is open."""

    def __init__(self, listener: Listener | None = None) -> None:
        self.value: Any = None
        self.broken = False
        self._listener = listener
        self._unread = ""
        self._garbage: list[str] = []
        self._stack: list[_Container] = []
        self._key: str | OpenText | None = None
        self._open: OpenText | None = None
        self._state = "value"

    @property
    def rest(self) -> str:
        """What is not read: half a token, or all from where it cannot be JSON."""
        return "".join(self._garbage) + self._unread

    def feed(self, text: str) -> None:
        """Read on. What is half a token waits for its other half."""
        if not self.broken:
            text = self._unread + text
            at = 0
            while at < len(text) and not self.broken:
                step = self._token(text, at) if self._open is None else self._string(text, at, self._open)
                if step == at:
                    break
                at = step
            self._unread = text = text[at:]
        if self.broken:
            self._unread = ""
            self._garbage.append(text)
            if self._listener and text:
                self._listener.garbage(text)

    def finish(self) -> None:
        """No more comes: a number that stands alone is whole."""
        if not self._stack and self._open is None and not self.broken:
            self.feed(" ")

    def _string(self, text: str, at: int, opened: OpenText) -> int:
        """Read inside of the open string, from `at`; the place reading got to."""
        plain = _PLAIN.match(text, at)
        if plain:
            piece = plain.group()
            self._add(opened, _SIMPLE_ESCAPE.sub(_unescaped, piece) if "\\" in piece else piece)
            return plain.end()
        if text[at] == '"':
            self._close(opened)
            return at + 1
        return self._escape(text, at, opened)

    def _add(self, opened: OpenText, piece: str) -> None:
        opened.pieces.append(piece)
        if self._listener and opened is not self._key:
            self._listener.text(piece)

    def _escape(self, text: str, at: int, opened: OpenText) -> int:
        if at + 1 >= len(text):
            return at
        name = text[at + 1]
        if name != "u":
            self._add(opened, _ESCAPES.get(name, name))
            return at + 2
        digits = text[at + 2 : at + 6]
        if re.fullmatch("[0-9a-fA-F]{4}", digits):
            self._add(opened, chr(int(digits, 16)))
            return at + 6
        if len(digits) < 4 and re.fullmatch("[0-9a-fA-F]*", digits):
            return at
        self._add(opened, "u")
        return at + 2

    def _token(self, text: str, at: int) -> int:
        blank = _BLANK.match(text, at)
        if blank and blank.end() > at:
            return blank.end()
        char = text[at]
        if self._state == "value" and char not in "]}":
            return self._value(text, char, at)
        if char == '"' and self._state == "key":
            self._open = self._key = OpenText()
        elif char == ":" and self._state == "colon":
            self._state = "value"
        elif char == "," and self._state == "next":
            self._state = "key" if isinstance(self._stack[-1], dict) else "value"
        elif self._stack and char == ("}" if isinstance(self._stack[-1], dict) else "]"):
            self._stack.pop()
            if self._listener:
                self._listener.leave()
            self._after()
        else:
            self.broken = True
            return at
        return at + 1

    def _value(self, text: str, char: str, at: int) -> int:
        if char == '"':
            self._open = OpenText()
            self._put(self._open)
            if self._listener:
                self._listener.open_text(self._name, self._open)
            return at + 1
        if char in "{[":
            if len(self._stack) >= _DEEPEST:
                self.broken = True
                return at
            container: _Container = {} if char == "{" else []
            self._put(container)
            if self._listener:
                self._listener.enter(self._name, container)
            self._stack.append(container)
            self._state = "key" if char == "{" else "value"
            return at + 1
        literal = _LITERAL.match(text, at)
        if literal is None or literal.end() - at > _LONGEST_LITERAL:
            self.broken = True
            return at
        if literal.end() == len(text):
            return at
        try:
            value = json.loads(literal.group())
        except ValueError:
            self.broken = True
            return at
        self._put(value)
        if self._listener:
            self._listener.value(self._name, value)
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
        if self._listener:
            self._listener.close_text()
        self._after()

    @property
    def _name(self) -> str | None:
        """The field that a value is read for."""
        return self._key if self._stack and isinstance(self._stack[-1], dict) and isinstance(self._key, str) else None

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


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES[match.group(1)]
