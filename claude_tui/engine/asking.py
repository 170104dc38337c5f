"""What a turn sends: the request of this path, for an answer or for a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from claude_tui.domain import history
from claude_tui.domain.blocks import Block, text_block
from claude_tui.domain.continuing import asked_until
from claude_tui.domain.events import COMPACTS, begins_turn, compacts
from claude_tui.domain.history import Audience, open_answer
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.ports import ChatRequest, Timeouts

ROOM = 16_000
"""Tokens that a summary may take at least, whatever the user allows an answer."""
_NOW = "(Our conversation so far is summarised now.)"
_SUMMARISE = """\
Write a summary of our conversation so far. It will take its place: whoever goes on with it knows nothing else. Write it \
in the language of our conversation, as plain text with headings where they help, and call no tools. Keep:
- what I asked for and what I want in the end, my corrections and preferences, in my own words where they matter;
- what was done and found out: facts, figures, names, addresses, file names, decisions with their reasons;
- code and text that is still being worked on, word for word where it will be needed;
- what is open, what failed and why, and what the next step was.
Leave out what has been superseded. Begin with the summary itself, without an introduction."""
_ALSO = "\n\nAbove all this matters for the summary: {instructions}"


def for_summary(
    session_id: str, path: Sequence[Message], *, by_api: bool, instructions: str = "", until: str | None = None
) -> Message:
    """The message that asks for a summary of the path, or of what it is up to message `until`.

    `by_api`: the API makes it, by the prompt of its own unless there are instructions; those stand in its place, so ours go along.
    """
    wanted = _SUMMARISE + (_ALSO.format(instructions=instructions) if instructions else "")
    blocks: tuple[Block, ...] = (text_block(wanted),)
    if by_api:  # the API wants the last word to be the user's
        blocks = (text_block(_NOW),) if open_answer(_up_to(path, until)) is not None else ()
    about = {"by": "api" if by_api else "model", "until": until, "instructions": instructions or None}
    parent_id = path[-1].id if path else None
    return Message(new_id(), session_id, parent_id, Role.USER, blocks, extra={COMPACTS: about}, created_at=timestamp())


def asked_instructions(asked: Message) -> str:
    """What the user wanted of this request for a summary."""
    given = _about(asked).get("instructions")
    return given if isinstance(given, str) else ""


def _about(asked: Message) -> dict[str, Any]:
    given: Any = asked.extra.get(COMPACTS)
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _up_to(path: Sequence[Message], until: str | None) -> Sequence[Message]:
    end = next((at for at, message in enumerate(path) if message.id == until), len(path) - 1)
    return path[: end + 1]


def chat_request(
    path: Sequence[Message], info: SessionInfo, audience: Audience, *, max_tokens: int | None, timeouts: Timeouts
) -> ChatRequest:
    """The request for the next message of the path."""
    begun = next((at for at in reversed(range(len(path))) if begins_turn(path[at])), 0)
    asked = path[begun] if path and compacts(path[begun]) else None
    by_api = asked is not None and _about(asked).get("by") == "api"
    instructions = asked_instructions(asked) if asked is not None else ""
    if asked is not None:
        path = [*_up_to(path[:begun], asked_until(asked)), *path[begun:]]
        max_tokens = max(max_tokens, ROOM) if max_tokens is not None else None
    return ChatRequest(
        model=info.model or "",
        messages=history.build(path, audience=audience, without_thinking_to=info.extra.get("without_thinking_to")),
        max_tokens=max_tokens,
        system=info.system,
        tools=info.tools or (),
        effort=info.effort,
        timeouts=timeouts,
        compact=by_api,
        instructions=_SUMMARISE + _ALSO.format(instructions=instructions) if by_api and instructions else None,
    )
