"""What a turn begins with: a prompt, or a message of this program in the user's name.

One of those goes on with an answer, asks for a summary, or is one. It is stored, replayed and answered like a prompt, but nowhere
shown, listed or edited as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from claude_tui.domain.blocks import block_type
from claude_tui.domain.messages import Message, Role

CONTINUES = "continues"
COMPACTS = "compacts"
SUMMARY_OF = "summary_of"
"""Keys of `extra` in user messages that the user did not write: see `continues`, `compacts` and `stands_for`."""


def begins_turn(message: Message) -> bool:
    """Whether a turn begins with this: a user message that holds no results of tools."""
    return message.role is Role.USER and not _is_results(message)


def is_prompt(message: Message) -> bool:
    """Whether the user said this, rather than a tool or this program."""
    return begins_turn(message) and not any(key in message.extra for key in (CONTINUES, COMPACTS, SUMMARY_OF))


def continues(message: Message) -> str | None:
    """The id of the message that the answer to this one goes on from; None for any other."""
    return _named(message, CONTINUES)


def compacts(message: Message) -> bool:
    """Whether this asks for a summary of everything before it, rather than for an answer."""
    return begins_turn(message) and COMPACTS in message.extra


@dataclass(frozen=True, slots=True)
class AboutSummary:
    """What a request for a summary is about, as `extra` of its message has it.

    `by_api`: the API makes it. `until`: id of the last message that it is of; None: of all. `answer`: whether one is to follow.
    """

    by_api: bool = False
    instructions: str = ""
    until: str | None = None
    answer: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"by_api": self.by_api, "instructions": self.instructions, "until": self.until, "answer": self.answer}


def about_summary(message: Message) -> AboutSummary:
    """Total: whatever does not fit counts as not there."""
    found: Any = message.extra.get(COMPACTS)
    given = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    instructions, until = given.get("instructions"), given.get("until")
    return AboutSummary(
        by_api=given.get("by_api") is True,
        instructions=instructions if isinstance(instructions, str) else "",
        until=until if isinstance(until, str) else None,
        answer=given.get("answer") is True,
    )


def stands_for(message: Message) -> str | None:
    """The id of the last message that this summary, the root of a path of its own, stands in for; None for any other."""
    return _named(message, SUMMARY_OF)


def _named(message: Message, key: str) -> str | None:
    given: Any = message.extra.get(key) if begins_turn(message) else None
    return None if given is None else str(given)


def _is_results(message: Message) -> bool:
    return any(block_type(block) == "tool_result" for block in message.blocks)


def renamed_extra(extra: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """`extra` of a copy, with the copies' ids (old → new) where it names messages."""
    renamed = dict(extra)
    after, about = extra.get(CONTINUES), extra.get(COMPACTS)
    if isinstance(after, str):
        renamed[CONTINUES] = ids.get(after, after)
    if isinstance(about, dict):
        given = cast("dict[str, Any]", about)
        until: Any = given.get("until")
        renamed[COMPACTS] = {**given, "until": ids.get(until, until) if isinstance(until, str) else None}
    return renamed
