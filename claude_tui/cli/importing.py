"""Conversations as JSON text and back: what `sessions show -o json` prints and `sessions import` reads. No input or output here.

Reading is lenient where a person or another program may have written the file: ids, times and most keys may be missing, `content`
may be plain text, keys nobody knows are kept in `extra`. What it cannot make sense of is refused with the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from claude_tui.cli import costs
from claude_tui.domain.blocks import Block, block_type, plain_text, strict_json, text_block
from claude_tui.domain.errors import ErrorInfo
from claude_tui.domain.export import json_of
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.ports import PriceBook
from claude_tui.domain.spending import Spending
from claude_tui.domain.text import repair, safe_line
from claude_tui.domain.turns import is_prompt, renamed_extra

T = TypeVar("T")

TITLE_LENGTH = 60
_SESSION_KEYS = frozenset({*SessionInfo(id="").to_json(), "tools", "extra", "usage", "cost"})
_MESSAGE_KEYS = frozenset(
    {*Message("", "", None, Role.USER, ()).to_json(), "session_id", "blocks", "raw_inputs", "open_blocks", "error", "extra", "cost"}
)


class ImportRefused(Exception):
    """The text is no conversation; the message is a sentence that says where and why."""


def exported(session: SessionInfo, messages: Sequence[Message], spent: Iterable[Spending], book: PriceBook) -> dict[str, Any]:
    """`{"session", "messages"}`. `tools` and `extra` of the session stand only where there is something in them.

    `spent`: the session's rows of the ledger. A copied session did not pay for the messages it begins with.
    """
    about = {**json_of(session, ())["session"], **costs.session_json(session, spent, book)}
    return {"session": about, "messages": [costs.message_json(message, book) for message in messages]}


def imported(text: str) -> tuple[SessionInfo, list[Message]]:
    """A new session with new ids from such a text; parent links and the current leaf are kept. Raises ImportRefused."""
    try:
        data: Any = strict_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise ImportRefused(f"this is not JSON: {error}") from error
    whole = _object(cast("object", data) if isinstance(data, dict) else {"messages": data}, "the file")
    rows = whole.get("messages")
    if not isinstance(rows, list) or not rows:
        raise ImportRefused('there is no list "messages" with something in it')
    about = _object(whole.get("session") or {}, '"session"')
    now = timestamp()
    session_id = new_id()
    fields = [_object(row, f"message {number}") for number, row in enumerate(cast("list[object]", rows), 1)]
    ids = _new_ids(fields)
    messages = [_message(row, f"message {number}", session_id, ids[number - 1][1], now) for number, row in enumerate(fields, 1)]
    messages = _linked(messages, fields, ids)
    return _session(about, session_id, messages, dict(_given_ids(ids)), now), messages


def _new_ids(fields: Sequence[Mapping[str, Any]]) -> list[tuple[str | None, str]]:
    """Every message's id in the file, None if it has none, with the new one."""
    pairs = [(_text(row, "id", f"message {number}"), new_id()) for number, row in enumerate(fields, 1)]
    seen: set[str] = set()
    for old, _ in _given_ids(pairs):
        if old in seen:
            raise ImportRefused(f"two messages have the id {safe_line(old, 40)!r}")
        seen.add(old)
    return pairs


def _given_ids(pairs: Sequence[tuple[str | None, str]]) -> list[tuple[str, str]]:
    return [(old, new) for old, new in pairs if old is not None]


def _linked(
    messages: Sequence[Message], fields: Sequence[Mapping[str, Any]], ids: Sequence[tuple[str | None, str]]
) -> list[Message]:
    """The messages with their parents: the one named, none where null stands, the one before where nothing is said."""
    from dataclasses import replace

    known = dict(_given_ids(ids))
    linked: list[Message] = []
    for index, (message, row) in enumerate(zip(messages, fields, strict=True)):
        named = _text(row, "parent_id", f"message {index + 1}")
        if "parent_id" not in row:
            parent = messages[index - 1].id if index else None
        elif named is None or (index == 0 and named not in known):  # the file may begin in the middle of a conversation
            parent = None
        elif named in known:
            parent = known[named]
        else:
            raise ImportRefused(f"message {index + 1} follows {safe_line(named, 40)!r}, which is not in the file")
        linked.append(replace(message, parent_id=parent, extra=renamed_extra(message.extra, known)))
    _check_tree(linked)
    return linked


def _check_tree(messages: Sequence[Message]) -> None:
    parents = {message.id: message.parent_id for message in messages}
    rooted: set[str] = set()
    for start in parents:
        way: list[str] = []
        place: str | None = start
        seen: set[str] = set()
        while place is not None and place not in rooted:
            if place in seen:
                raise ImportRefused("some messages follow each other in a circle")
            seen.add(place)
            way.append(place)
            place = parents[place]
        rooted.update(way)


def _session(
    about: Mapping[str, Any], session_id: str, messages: Sequence[Message], ids: Mapping[str, str], now: str
) -> SessionInfo:
    where = '"session"'
    tools = about.get("tools")
    if tools is not None and not (isinstance(tools, list) and all(isinstance(one, dict) for one in cast("list[object]", tools))):
        raise ImportRefused('"tools" of "session" must be a list of objects')
    created = _time(about, "created_at", where) or messages[0].created_at
    return SessionInfo(
        id=session_id,
        title=_text(about, "title", where) or _title(messages),
        model=_text(about, "model", where),
        provider=_text(about, "provider", where) or "anthropic",
        effort=_text(about, "effort", where),
        system=_text(about, "system", where),
        tools=None if tools is None else tuple(cast("list[dict[str, Any]]", tools)),
        created_at=created,
        updated_at=_time(about, "updated_at", where) or now,
        leaf_id=ids.get(str(about.get("leaf_id")), messages[-1].id),
        extra=_extra(about, _SESSION_KEYS, where),
    )


def _title(messages: Sequence[Message]) -> str:
    texts = (plain_text(message.blocks) for message in messages if is_prompt(message))
    return safe_line(next(filter(str.strip, texts), ""), TITLE_LENGTH)


def _message(row: Mapping[str, Any], where: str, session_id: str, message_id: str, now: str) -> Message:
    role = _choice(row, "role", Role, where, None)
    blocks = _blocks(row, where)
    return Message(
        id=message_id,
        session_id=session_id,
        parent_id=None,
        role=role,
        blocks=blocks,
        status=_status(row, where),
        model=_text(row, "model", where),
        api_id=_text(row, "api_id", where),
        stop_reason=_text(row, "stop_reason", where),
        stop_details=row.get("stop_details"),
        usage=_inner(row, "usage", where),
        timings=_inner(row, "timings", where),
        raw_inputs=_raw_inputs(row, where),
        open_blocks=_open_blocks(row, where, len(blocks)),
        error=_error(row, where),
        extra=_extra(row, _MESSAGE_KEYS, where),
        created_at=_time(row, "created_at", where) or now,
        provider=_text(row, "provider", where),
    )


def _blocks(row: Mapping[str, Any], where: str) -> tuple[Block, ...]:
    content = row.get("content", row.get("blocks"))
    if isinstance(content, str):
        return (text_block(content),)
    if not isinstance(content, list):
        raise ImportRefused(f'{where} has no "content": a text or a list of blocks')
    blocks = [_object(block, f"block {number} of {where}") for number, block in enumerate(cast("list[object]", content), 1)]
    for number, block in enumerate(blocks, 1):
        if not block_type(block):
            raise ImportRefused(f'block {number} of {where} has no "type"')
    return tuple(blocks)


def _status(row: Mapping[str, Any], where: str) -> Status:
    """What was streaming elsewhere is interrupted here: nobody will go on with it."""
    status = _choice(row, "status", Status, where, Status.COMPLETE)
    return Status.INTERRUPTED if status is Status.STREAMING else status


def _choice(row: Mapping[str, Any], key: str, kind: Any, where: str, default: Any) -> Any:
    value = row.get(key)
    if value is None and default is not None:
        return default
    names = [one.value for one in kind]
    if value not in names:
        found = "nothing" if value is None else f"{safe_line(repr(value), 40)}"
        raise ImportRefused(f'"{key}" of {where} must be {" or ".join(names)}, not {found}')
    return kind(value)


def _raw_inputs(row: Mapping[str, Any], where: str) -> dict[str, str]:
    raw = _inner(row, "raw_inputs", where) or {}
    if not all(isinstance(text, str) for text in raw.values()):
        raise ImportRefused(f'"raw_inputs" of {where} must hold texts')
    return raw


def _open_blocks(row: Mapping[str, Any], where: str, count: int) -> tuple[int, ...]:
    numbers = cast("list[object]", _optional(row, "open_blocks", list, "a list", where) or [])
    if not all(type(number) is int and 0 <= number < count for number in numbers):
        raise ImportRefused(f'"open_blocks" of {where} must hold numbers of its blocks')
    return tuple(cast("list[int]", numbers))


def _error(row: Mapping[str, Any], where: str) -> ErrorInfo | None:
    data = _inner(row, "error", where)
    if data is None:
        return None
    try:
        return ErrorInfo.from_json(data)
    except (KeyError, ValueError) as error:
        raise ImportRefused(f'"error" of {where} is not one of ours: {safe_line(str(error), 80)}') from error


def _extra(row: Mapping[str, Any], known: frozenset[str], where: str) -> dict[str, Any]:
    """What is in `extra`, and every key that has no other place."""
    kept = _inner(row, "extra", where) or {}
    return {**kept, **{key: value for key, value in row.items() if key not in known}}


def _time(row: Mapping[str, Any], key: str, where: str) -> str | None:
    text = _text(row, key, where)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise ImportRefused(f'"{key}" of {where} is not a time: {safe_line(text, 40)!r}') from error


def _text(row: Mapping[str, Any], key: str, where: str) -> str | None:
    text = _optional(row, key, str, "a text", where)
    return None if text is None else repair(text)


def _inner(row: Mapping[str, Any], key: str, where: str) -> dict[str, Any] | None:
    value = row.get(key)
    return None if value is None else _object(value, f'"{key}" of {where}')


def _optional(row: Mapping[str, Any], key: str, kind: type[T], words: str, where: str) -> T | None:
    value = row.get(key)
    if value is not None and not isinstance(value, kind):
        raise ImportRefused(f'"{key}" of {where} must be {words}')
    return value


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ImportRefused(f"{where} must be a JSON object")
    return cast("dict[str, Any]", value)
