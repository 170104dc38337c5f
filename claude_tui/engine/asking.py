"""What a turn sends: the request of this path, for an answer or for a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claude_tui.domain import history
from claude_tui.domain.blocks import text_block
from claude_tui.domain.history import Audience, open_answer
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.ports import ChatRequest, Timeouts
from claude_tui.domain.turns import COMPACTS, AboutSummary, about_summary, begins_turn, compacts

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


def for_summary(session_id: str, path: Sequence[Message], about: AboutSummary) -> Message:
    """The message that asks for a summary of what `about` says; the API goes by a prompt of its own."""
    parent_id = path[-1].id if path else None
    extra = {COMPACTS: about.to_json()}
    asking = Message(new_id(), session_id, parent_id, Role.USER, (), extra=extra, created_at=timestamp())
    said = _prompt(about.instructions)
    if about.by_api:  # it wants the last word to be the user's; what asked for a summary before is not sent again
        ends_in_answer = open_answer([*_covered(path, about.until), asking], paused=True) is not None
        said = _NOW if ends_in_answer else ""
    return replace(asking, blocks=(text_block(said),)) if said else asking


def _prompt(instructions: str) -> str:
    return _SUMMARISE + (_ALSO.format(instructions=instructions) if instructions else "")


def _covered(path: Sequence[Message], until: str | None) -> Sequence[Message]:
    end = next((at for at, message in enumerate(path) if message.id == until), len(path) - 1)
    return path[: end + 1]


def chat_request(
    path: Sequence[Message], info: SessionInfo, audience: Audience, *, max_tokens: int | None, timeouts: Timeouts
) -> ChatRequest:
    """The request for the next message of the path. Instructions stand in the place of the API's own prompt, so ours go along."""
    begun = next((at for at in reversed(range(len(path))) if begins_turn(path[at])), 0)
    about: AboutSummary | None = None
    if path and compacts(path[begun]):
        about = about_summary(path[begun])
        path = [*_covered(path[:begun], about.until), *path[begun:]]
        max_tokens = max(max_tokens, ROOM) if max_tokens is not None else None
    by_api = about is not None and about.by_api
    return ChatRequest(
        model=info.model or "",
        messages=history.build(path, audience=audience, without_thinking_to=info.extra.get("without_thinking_to")),
        max_tokens=max_tokens,
        system=info.system,
        tools=info.tools or (),
        effort=info.effort,
        timeouts=timeouts,
        compact=by_api,
        instructions=_prompt(about.instructions) if about is not None and by_api and about.instructions else None,
    )
