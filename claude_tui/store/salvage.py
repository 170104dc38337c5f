"""Saving what is left of a damaged history: everything that can be read, in a new one of the present format.

The damaged files are only read. A message is checked by its sha256; one that is not as it was stored is kept and marked. Whatever
has lost its parent or its session gets another one, so that everything can be reached.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claude_tui.domain.blocks import Block, plain_text, text_block
from claude_tui.domain.errors import StoreError
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.journal import Chunk
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.sentences import counted
from claude_tui.domain.text import repair, safe_line
from claude_tui.domain.turns import is_prompt
from claude_tui.store import files, sessions, tree
from claude_tui.store.connection import Database, Sql
from claude_tui.store.examine import examine
from claude_tui.store.migrations import migrate
from claude_tui.store.pages import Pages
from claude_tui.store.remains import (
    ATTACHMENTS,
    CHUNKS,
    COLUMNS,
    DRAFTS,
    GOOD,
    MESSAGES,
    SESSIONS,
    SPENDING,
    UNFINISHED,
    Found,
    Remains,
    collect,
)  # fmt: skip
from claude_tui.store.rows import DAMAGED, JSON_SHAPES, Reading, chunk_of, insert_chunks, message_of

__all__ = ["Salvaged", "examine", "salvage"]

SALVAGED = "salvaged"
"""Key of `extra`: the session was made for messages that had lost theirs, or the message follows another one than it did."""
_TITLE = 60
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What a salvage gave: `messages` in all, `damaged` of them not as they were stored; `lost`: known of, and gone."""

    sessions: int = 0
    messages: int = 0
    damaged: int = 0
    lost: int = 0
    drafts: int = 0
    responses: int = 0
    """Rows of the ledger."""
    pages: int = 0
    """Pages that cannot be read."""

    @property
    def whole(self) -> bool:
        return not (self.damaged or self.lost or self.pages)

    def __str__(self) -> str:
        parts = [f"{counted(self.messages, 'message')} in {counted(self.sessions, 'session')}"]
        parts += [counted(self.drafts, "draft")] if self.drafts else []
        parts.append(f"{counted(self.responses, 'row')} of the ledger")
        told = f"Saved: {', '.join(parts)}."
        if self.damaged:
            are = "is" if self.damaged == 1 else "are"
            told += f" {counted(self.damaged, 'message')} {are} not as stored, and marked as damaged."
        if self.lost:
            told += f" {counted(self.lost, 'message')} could not be read."
        return told if self.damaged or self.lost else f"{told} Nothing is known to be missing."


def salvage(damaged: Path, into: Path) -> Salvaged:
    """Make a new history at `into`, which must not exist, of what can be read of `damaged`. StoreError if that is nothing."""
    if os.path.lexists(into):
        raise StoreError(f"{into} exists already; nothing is saved over it.")
    part = into.with_name(f"{into.name}.{os.getpid()}.part")
    try:
        with Pages(damaged) as pages:
            remains = collect(pages)
            if not remains.messages and not remains.sessions:
                raise StoreError(f"Nothing of a claude-tui history can be read in {damaged}. It was not changed.")
            files.create_private(part)
            saved = _write(remains, part)
        if part.with_name(part.name + "-wal").exists():
            raise StoreError(f"What is left of {damaged} could not be written to {into} as a whole.")
        os.rename(part, into)
        files.sync(into.parent)
    except OSError as error:
        raise StoreError(f"What is left of {damaged} cannot be saved at {into}: {error.strerror or error}.") from error
    finally:
        for ending in ("", *files.SIDE_FILES):
            part.with_name(part.name + ending).unlink(missing_ok=True)
    return saved


def _write(remains: Remains, path: Path) -> Salvaged:
    database = Database(path)
    try:
        migrate(database)
        return _Writing(database, remains).run()
    finally:
        database.close()


class _Writing:
    """One salvage on its way into the new history."""

    def __init__(self, database: Database, remains: Remains) -> None:
        self._database = database
        self._remains = remains
        self._lost = self._lost_links()
        self._sessions: set[str] = set()
        self._done: dict[str, str] = {}
        """Messages that are stored → their session."""
        self._last: dict[str, str] = {}
        """Session → what was stored last in it."""
        self._damaged = 0

    def run(self) -> Salvaged:
        remains, write = self._remains, self._database.write
        write(self._write_sessions, durable=False)
        ordered = sorted(remains.messages, key=self._age)
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            write(lambda connection, batch=batch: self._write_messages(connection, batch), durable=False)
        write(self._write_chunks, durable=False)
        drafts = write(self._write_drafts, durable=False)
        responses = write(lambda connection: self._copy(connection, SPENDING, remains.spending.values()), durable=False)
        write(lambda connection: self._copy(connection, ATTACHMENTS, remains.attachments.values()), durable=False)
        write(self._set_leaves)
        lost = len([number for number in remains.places if number not in self._numbers])
        return Salvaged(len(self._sessions), len(self._done), self._damaged, lost, drafts, responses, remains.unreadable)

    # What is lost.

    def _lost_links(self) -> dict[str, str]:
        """Messages whose rows are lost → what they followed, as far as indexes still tell."""
        messages = self._remains.messages
        self._numbers = {found.cell.rowid for found in messages.values()}
        missing = {number for number in self._remains.places if number not in self._numbers}
        if not missing:
            return {}
        own: dict[str, int] = {}
        above: dict[int, set[str]] = {}
        for text, number in self._remains.links(missing):
            if text not in self._remains.sessions:
                above.setdefault(number, set()).add(text)
                if text not in messages:
                    own[text] = min(number, own.get(text, number))  # what follows a message is younger than it
        return {text: next((one for one in above[number] if one != text), "") for text, number in own.items()}

    # Sessions.

    def _write_sessions(self, connection: Sql) -> None:
        for found in self._remains.sessions.values():
            row = self._remains.row(SESSIONS, found)
            sessions.create(connection, _session(row))
            self._sessions.add(row["id"])
            if row["deleted_at"] is not None:
                sessions.set_deleted(connection, row["id"], _text(row["deleted_at"]))

    def _make_session(self, connection: Sql, session_id: str, first: Message | None) -> None:
        """A session for what has lost its own."""
        title = safe_line(plain_text(first.blocks), _TITLE) if first is not None and is_prompt(first) else ""
        created = first.created_at if first is not None else timestamp()
        provider = (first.provider if first is not None else None) or "anthropic"
        made = SessionInfo(
            session_id, title or "Salvaged conversation", provider=provider, created_at=created, extra={SALVAGED: True}
        )
        sessions.create(connection, made)
        self._sessions.add(session_id)

    def _set_leaves(self, connection: Sql) -> None:
        """The leaf a session had, or what is newest in it."""
        for session_id in self._sessions:
            found = self._remains.sessions.get(session_id)
            leaf = self._remains.row(SESSIONS, found)["leaf_id"] if found is not None else None
            if self._done.get(leaf or "") != session_id:
                leaf = self._last.get(session_id)
            connection.execute("UPDATE sessions SET leaf_id = ? WHERE id = ?", (leaf, session_id))

    # Messages.

    def _age(self, message_id: str) -> tuple[bool, int, str]:
        number = self._remains.messages[message_id].cell.rowid
        return number is None, number or 0, message_id

    def _write_messages(self, connection: Sql, ids: Iterable[str]) -> None:
        for message_id in ids:
            self._write_with_parents(connection, message_id)

    def _write_with_parents(self, connection: Sql, message_id: str) -> None:
        """Whatever order the numbers are in, and even if some follow one another in a circle."""
        way: list[dict[str, Any]] = []
        on_way: set[str] = set()
        wanted: str | None = message_id
        while wanted in self._remains.messages and wanted not in self._done and wanted not in on_way:
            on_way.add(wanted)
            way.append(self._remains.row(MESSAGES, self._remains.messages[wanted]))
            wanted = way[-1]["parent_id"]
        for row in reversed(way):
            self._write_message(connection, row)

    def _write_message(self, connection: Sql, row: dict[str, Any]) -> None:
        found = self._remains.messages[row["id"]]
        if found.rank[0] == UNFINISHED and (row["id"], 0) not in self._remains.chunks and not found.page.current:
            return  # begun, and taken away again since nothing came
        session_id = self._session_of(row, found)
        message = _message({**row, "session_id": session_id}, damaged=found.rank[0] not in (GOOD, UNFINISHED))
        if session_id not in self._sessions:
            self._make_session(connection, session_id, message)
        message = self._linked(message)
        tree.insert(connection, message)
        self._done[message.id] = session_id
        self._last[session_id] = message.id
        self._damaged += DAMAGED in message.extra

    def _session_of(self, row: Mapping[str, Any], found: Found) -> str:
        """The session named in the row; where there is none of that name, the one the index names."""
        said = row["session_id"] if isinstance(row["session_id"], str) and row["session_id"].isascii() else ""
        if said not in self._remains.sessions:
            indexed = self._remains.places.get(found.cell.rowid or 0, ("", 0))[0]
            if indexed in self._remains.sessions or not said:
                return indexed or new_id()
        return said

    def _linked(self, message: Message) -> Message:
        """Below its parent; where that is lost, below what the parent followed, or else what came before in the session."""
        parent = message.parent_id
        if parent is None or self._done.get(parent) == message.session_id:
            return message
        seen: set[str] = set()
        while parent and parent not in seen and self._done.get(parent) != message.session_id:
            seen.add(parent)
            parent = self._lost.get(parent, "")
        if not parent or parent in seen:
            parent = self._last.get(message.session_id)
        return replace(message, parent_id=parent, extra={**message.extra, SALVAGED: True})

    # The rest.

    def _write_chunks(self, connection: Sql) -> None:
        """The journals of answers that were being received; the history folds them when it is opened."""
        journals: dict[str, dict[int, Found]] = {}
        for (message_id, seq), found in self._remains.chunks.items():
            state = self._remains.messages.get(message_id)
            if message_id in self._done and state is not None and state.rank[0] == UNFINISHED:
                journals.setdefault(message_id, {})[seq] = found
        for message_id, journal in journals.items():
            insert_chunks(connection, message_id, self._chunks(journal))

    def _chunks(self, journal: Mapping[int, Found]) -> Iterable[Chunk]:
        for seq in range(len(journal)):
            row = self._remains.row(CHUNKS, journal[seq]) if seq in journal else None
            if row is None or not isinstance(row["kind"], str):
                return  # what comes behind a gap cannot be put in its place
            try:
                yield chunk_of((row["ms"], row["block"], row["kind"], row["text"]))
            except UnicodeDecodeError:
                return

    def _write_drafts(self, connection: Sql) -> int:
        for session_id in self._remains.drafts:
            if session_id not in self._sessions:
                self._make_session(connection, session_id, None)
        return self._copy(connection, DRAFTS, self._remains.drafts.values())

    def _copy(self, connection: Sql, table: str, found: Iterable[Found]) -> int:
        """Rows that stand alone, as they are."""
        names = COLUMNS[table]
        statement = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608 - our own names
        binary = {ATTACHMENTS: names, DRAFTS: ("text",)}.get(table, ())
        count = 0
        for one in found:
            row = self._remains.row(table, one)
            connection.execute(statement, [value if name in binary else _readable(value) for name, value in row.items()])
            count += connection.changes()
        return count


def _readable(value: Any) -> Any:
    """Text that is damaged is no text to SQLite any more."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _text(value: Any) -> str | None:
    readable = _readable(value)
    return repair(readable) if isinstance(readable, str) else None


def _session(row: Mapping[str, Any]) -> SessionInfo:
    read = Reading()
    tools, system = read.json(_stored(row["tools"]), list), read.json(_stored(row["system"]), str)
    created = _text(row["created_at"]) or timestamp()
    return SessionInfo(
        id=row["id"],
        title=_text(row["title"]) or "",
        model=_text(row["model"]),
        provider=_text(row["provider"]) or "anthropic",
        effort=_text(row["effort"]),
        system=system,
        tools=None if tools is None else read.blocks(tools),
        created_at=created,
        updated_at=_text(row["updated_at"]) or created,
        extra=read.json(_stored(row["extra"]), dict) or {},
    )


def _message(row: Mapping[str, Any], *, damaged: bool) -> Message:
    """The message of a row, whatever is wrong with it."""
    role = row["role"] if row["role"] in list(Role) else Role.USER if len(row["role"]) == len(Role.USER) else Role.ASSISTANT
    status = row["status"] if row["status"] in list(Status) else Status.INTERRUPTED
    stored = {name: _stored(row[name]) for name in JSON_SHAPES}
    stored["blocks"] = stored["blocks"] or b"[]"
    plain = ("created_at", "model", "api_id", "stop_reason", "provider")
    texts = [_text(row[name]) for name in plain]
    message = message_of(
        (row["id"], row["session_id"], row["parent_id"], role, status, texts[0] or timestamp(), *texts[1:], None, *stored.values())
    )
    if not message.blocks and stored["blocks"] != b"[]":
        message = replace(message, blocks=_legible(stored["blocks"]))
        damaged = True
    return replace(message, extra={**message.extra, DAMAGED: True}) if damaged else message


def _stored(value: Any) -> bytes | None:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value if isinstance(value, bytes) else None


_ENDS = ("]", "}]", '"}]', '"}}]', '"}]}]', "null}]")


def _legible(stored: bytes) -> tuple[Block, ...]:
    """What can be read of content that is no JSON any more: the blocks up to where it is cut off, or else all of it as a text."""
    text = stored.decode("ascii", "replace").replace("\ufffd", "?").replace("\0", "?")
    for cut in range(min(len(text), 8)):
        begun = text[: len(text) - cut]
        for end in _ENDS:
            read = Reading()
            blocks = read.blocks(read.json(begun + end, list) or [])
            if blocks and not read.failed:
                return blocks
    return (text_block(text),)
