"""Fragments of tool calls, put to the call they belong to. Pure.

Servers key fragments by index, by id, by both, or by neither; repeat ids and names or leave them out; send a call in one piece;
give every call index 0. A fragment goes to the call its index names, unless its id, or its name after arguments that were whole,
tells of another; one that names nothing, under an index nobody knows, to the call before it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, cast

from claude_tui.domain.blocks import Block, dump_json, strict_json
from claude_tui.domain.events import BlockDelta, BlockStarted, BlockStopped, ProviderEvent

_EMPTY = "{}"


def _is_json(text: str) -> bool:
    try:
        strict_json(text)
    except ValueError:
        return False
    return True


class _Brackets:
    """Counts the brackets of JSON that comes in pieces, those in strings left out: each piece is looked at once."""

    _MARK = re.compile(r"\\.|[\"{}\[\]]", re.DOTALL)

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._rest = ""

    @property
    def closed(self) -> bool:
        return not self._depth and not self._quoted and not self._rest

    def scan(self, part: str) -> None:
        text = self._rest + part
        self._rest = "\\" if (len(text) - len(text.rstrip("\\"))) % 2 else ""
        for found in self._MARK.finditer(text):
            mark = found.group()
            if mark == '"':
                self._quoted = not self._quoted
            elif not self._quoted and len(mark) == 1:
                self._depth += 1 if mark in "{[" else -1


class Call:
    """One call. Its block begins when its name is known; until then the arguments wait. `held`, `strange`: so they do after it,
    for they are an empty object, or begin as no object does.
    """

    def __init__(self, index: Any, wire_id: str) -> None:
        self.index = index
        self.wire_id = wire_id
        self.name = ""
        self.number: int | None = None
        self.stopped = False
        self._parts: list[str] = []
        self._sent = 0
        self.held = False
        self.strange = False
        self._begun = False
        self._whole: tuple[int, bool] = (0, False)
        self._brackets = _Brackets()

    @property
    def arguments(self) -> str:
        return "".join(self._parts)

    @property
    def has_arguments(self) -> bool:
        return bool(self._parts)

    @property
    def complete(self) -> bool:
        """Whether the arguments are JSON as they stand. Asked when it matters; parsed only where every bracket is closed."""
        if self._whole[0] != len(self._parts):
            for part in self._parts[self._whole[0] :]:
                self._brackets.scan(part)
            self._whole = (len(self._parts), bool(self._parts) and self._brackets.closed and _is_json("".join(self._parts)))
        return self._whole[1]

    def add(self, arguments: str) -> None:
        """An empty object that comes first is dropped when the real arguments follow it. What begins as no object does waits."""
        if not arguments or (self.held and not arguments.strip()):
            return
        if self.held:
            self._parts.clear()
            self._whole, self._begun = (0, False), False
        if not self._begun and arguments.strip():
            self._begun, self.strange = True, not arguments.lstrip().startswith("{")
        self.held = not self._parts and arguments.strip() == _EMPTY
        self._parts.append(arguments)

    def unsent(self, *, final: bool = False) -> str:
        """The arguments that no event has told yet."""
        if (self.held or self.strange) and not final:
            return ""
        if self.strange:
            self._parts, self.strange = [_unwrapped(self.arguments)], False
        parts = self._parts[self._sent :]
        self._sent = len(self._parts)
        return parts[0] if len(parts) == 1 else "".join(parts)


class Calls:
    """The calls of one message. `names`: names on the wire → names of the tools."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._all: list[Call] = []
        self._by_index: dict[Any, Call] = {}
        self._by_id: dict[str, Call] = {}
        self._ids: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._all)

    def fragment(self, given: Mapping[str, Any], count: int) -> Iterator[ProviderEvent]:
        """The events of one fragment. `count`: how many blocks have begun; a call that begins takes the next number."""
        index, wire_id, name, arguments = _fields(given)
        call = self._find(index, wire_id, name, arguments)
        if call is None:
            if wire_id and self._is_repeated(wire_id, name, arguments):
                return
            call = self._new(index, wire_id)
            yield from self._stops()
        elif wire_id and not call.wire_id:
            self._by_id.setdefault(wire_id, call)
            call.wire_id = wire_id if call.number is None else call.wire_id
        call.name = call.name or name
        call.add(arguments)
        if call.name and call.number is None:
            yield self._start(call, count)
        text = call.unsent() if call.number is not None else ""
        if text and call.number is not None:
            yield BlockDelta(call.number, "input", text)

    def finish(self, count: int) -> Iterator[ProviderEvent]:
        """Everything that waited, and the end of every call."""
        for call in self._all:
            if call.number is None:
                yield self._start(call, count)
                count += 1
            text = call.unsent(final=True)
            if text.strip() != _EMPTY and text and call.number is not None:
                yield BlockDelta(call.number, "input", text)
        yield from self._stops(final=True)

    def _is_repeated(self, wire_id: str, name: str, arguments: str) -> bool:
        """Whether this is a whole call over again, as some servers send all of them at the end."""
        known = self._by_id.get(wire_id)
        return known is not None and known.name == name and known.arguments == arguments

    def _stops(self, *, final: bool = False) -> Iterator[ProviderEvent]:
        """The ends of calls whose arguments are whole; at the end of all."""
        for call in self._all:
            if call.number is not None and not call.stopped and (final or (call.complete and not call.strange)):
                call.stopped = True
                yield BlockStopped(call.number)

    def is_noise(self, given: Mapping[str, Any]) -> bool:
        """Whether a fragment is nothing but its place: some servers put one into every chunk."""
        return not any(_fields(given)[1:])

    def _find(self, index: Any, wire_id: str, name: str, arguments: str) -> Call | None:
        """The call this fragment goes on with; None for a new one."""
        latest = self._all[-1] if self._all else None
        current = self._by_index.get(index) if index is not None else latest
        if current is None and latest is not None and not (wire_id or name or latest.complete):
            return latest
        known = self._by_id.get(wire_id) if wire_id else None
        if current is not None and wire_id and current.wire_id == wire_id:
            return None if self._is_another(current, name, arguments) else current
        if known is not None and (index is None or not name or known.index == index):
            return known
        if current is None or known is not None:
            return None
        if wire_id and current.wire_id:  # another id: another call, unless it is noise on arguments under way
            return current if not name and arguments and current.has_arguments and not current.complete else None
        return None if self._begins(current, name, arguments) else current

    @staticmethod
    def _is_another(current: Call, name: str, arguments: str) -> bool:
        """Whether a fragment with the same id is a further call all the same: one that is whole is not gone on with."""
        if not name or not arguments.strip() or not current.complete:
            return False
        return name != current.name or not current.held

    @staticmethod
    def _begins(current: Call, name: str, arguments: str) -> bool:
        """Whether a fragment without an id of its own names a further call."""
        if not name:
            return False
        if current.complete:
            return name != current.name or bool(arguments.strip())
        return bool(current.name) and name != current.name and not current.has_arguments

    def _new(self, index: Any, wire_id: str) -> Call:
        call = Call(index, wire_id)
        self._all.append(call)
        if index is not None:
            self._by_index[index] = call
        if wire_id:
            self._by_id.setdefault(wire_id, call)
        return call

    def _start(self, call: Call, count: int) -> BlockStarted:
        call.number = count
        seed: Block = {
            "type": "tool_use",
            "id": self._unique(call.wire_id),
            "name": self._names.get(call.name, call.name),
            "input": {},
        }
        return BlockStarted(count, seed)

    def _unique(self, wire_id: str) -> str:
        """The server's id, or one of our own; no two calls of a message have the same."""
        unique, count = wire_id or f"call_{secrets.token_hex(12)}", 1
        while unique in self._ids:
            count += 1
            unique = f"{wire_id}_{count}"
        self._ids.add(unique)
        return unique


def _fields(given: Mapping[str, Any]) -> tuple[Any, str, str, str]:
    """Index, id, name and arguments of a fragment."""
    inner: Any = given.get("function")
    function = cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else given
    wire_id: Any = given.get("id")
    if isinstance(wire_id, int) and not isinstance(wire_id, bool):
        wire_id = str(wire_id)
    return _index(given), _string(wire_id), _string(function.get("name")), _arguments(function.get("arguments"))


def _unwrapped(arguments: str) -> str:
    """Arguments that are an object made a string once more, as the object; null as none; else as they are."""
    try:
        value: Any = strict_json(arguments)
        inner: Any = strict_json(value) if isinstance(value, str) else value
    except ValueError:
        return arguments
    if value is None:
        return ""
    return value if isinstance(value, str) and isinstance(inner, dict) else arguments


def _index(given: Mapping[str, Any]) -> Any:
    index = given.get("index")
    if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) < 10:
        return int(index)
    return index if isinstance(index, int) else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _arguments(value: Any) -> str:
    """JSON text, also where a server sent the object itself."""
    if isinstance(value, str):
        return value
    return "" if value is None else dump_json(value)
