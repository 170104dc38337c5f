"""Conversations as text to keep elsewhere: Markdown for people, JSON that `sessions import` reads back. No input or output here.

JSON has everything as it came. What stands in Markdown is for eyes: it passes the sanitiser, a fence is longer than any inside it,
and no text can swallow the one behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from claude_tui.domain.blocks import Block, block_type, result_text, string, takes_input
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.sentences import EMPTY_THINKING, error_sentence, stop_sentence
from claude_tui.domain.text import safe_line, safe_text
from claude_tui.domain.turns import begins_turn, compacts, is_prompt, stands_for

_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})")
_BACKTICKS = re.compile("`+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|&])")
_HTML: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r" {0,3}<!--"), "-->"),
    (re.compile(r" {0,3}<\?"), "?>"),
    (re.compile(r" {0,3}<!\[CDATA\["), "]]>"),
    (re.compile(r" {0,3}<![A-Za-z]"), ">"),
    *((re.compile(rf" {{0,3}}<{tag}(?:[\s>]|$)", re.IGNORECASE), f"</{tag}>") for tag in ("script", "pre", "style", "textarea")),
)
"""What begins a block of HTML that only its own end closes, not a blank line."""


def json_of(session: SessionInfo, messages: Iterable[Message]) -> dict[str, Any]:
    """`{"session", "messages"}`. `tools` and `extra` of the session stand only where there is something in them."""
    about = session.to_json()
    if session.tools is not None:
        about["tools"] = list(session.tools)
    if session.extra:
        about["extra"] = dict(session.extra)
    return {"session": about, "messages": [message.to_json() for message in messages]}


def markdown_of(session: SessionInfo, messages: Iterable[Message]) -> Iterator[str]:
    """The conversation, piece by piece."""
    yield f"# {_escaped(safe_line(session.title)) or 'Conversation'}\n\n"
    for label, text in (("Session", session.id), ("Model", session.model), ("Begun", session.created_at)):
        if text:
            yield f"- {label}: {_code(safe_line(text))}\n"
    if session.system:
        yield f"\n**System prompt**\n\n{_quoted(session.system)}"
    names: dict[str, str] = {}
    speaker = ""
    for message in messages:
        head = _speaker(message)
        if head and head != speaker:
            yield f"\n## {head}\n"
        speaker = head or speaker
        yield from _message(message, names)


def _speaker(message: Message) -> str:
    """Results of tools belong to the answer that called them."""
    if message.role is Role.ASSISTANT:
        return "Claude"
    return "You" if is_prompt(message) else ""


def _message(message: Message, names: dict[str, str]) -> Iterator[str]:
    if begins_turn(message) and not is_prompt(message):
        yield f"\n{_aside(message)}"
        return
    for number, block in enumerate(message.blocks):
        yield f"\n{_block(block, names, message.raw_inputs.get(str(number)))}"
    if message.error is not None:
        yield f"\n*{_escaped(safe_line(error_sentence(message.error), 1000))}*\n"
    elif message.status is Status.INTERRUPTED:
        yield "\n*Interrupted: what came is kept.*\n"
    elif message.role is Role.ASSISTANT and (said := stop_sentence(message.stop_reason, message.stop_details)):
        yield f"\n*{_escaped(safe_line(said, 1000))}*\n"


def _aside(message: Message) -> str:
    """What this program said in the user's name."""
    if stands_for(message) is not None:
        text = "".join(string(block, "text") for block in message.blocks).removeprefix(SUMMARY_HEAD)
        return f"**Summary of the conversation before**\n\n{_quoted(text)}"
    return "*The conversation is summarised.*\n" if compacts(message) else "*The answer goes on.*\n"


def _block(block: Block, names: dict[str, str], raw_input: str | None) -> str:
    kind = block_type(block)
    if kind == "text":
        return _closed(safe_text(string(block, "text")))
    if kind == "thinking":
        return f"**Thinking**\n\n{_quoted(string(block, 'thinking') or EMPTY_THINKING)}"
    if kind == "compaction":
        return f"**Summary**\n\n{_quoted(string(block, 'content'))}"
    if kind == "tool_result":
        name = names.get(string(block, "tool_use_id"), "")
        label = "Error" if block.get("is_error") is True else "Result"
        return f"**{label}**{f' of {_code(name)}' if name else ''}\n\n{_fenced(result_text(block))}"
    if takes_input(block):
        name = names[string(block, "id")] = safe_line(string(block, "name"))
        given = _fenced(_arguments(block), "json") if raw_input is None else _fenced(raw_input)
        return f"**Call** of {_code(name)}\n\n{given}"
    return f"*[{_escaped(safe_line(kind, 60)) or 'block without a type'}]*\n"


def _arguments(block: Mapping[str, Any]) -> str:
    return json.dumps(block.get("input"), ensure_ascii=False, indent=2)


def _closed(text: str) -> str:
    """Markdown that ends where it ends: a fence or a block of HTML that is open at its end is closed."""
    end = _open_end(text.split("\n"))
    return text.rstrip("\n") + f"\n{end}\n" if end else text.rstrip("\n") + "\n"


def _open_end(lines: Sequence[str]) -> str:
    """The line that closes what these lines leave open; empty where nothing is."""
    fence = html = ""
    for line in lines:
        if fence:
            found = _FENCE.match(line)
            if found and found[1].startswith(fence) and not line[found.end() :].strip(" \t"):
                fence = ""
        elif html:
            html = "" if html in line.lower() else html
        elif found := _FENCE.match(line):
            fence = found[1]
        else:
            begun = next(((opens.match(line), closer) for opens, closer in _HTML if opens.match(line)), None)
            if begun is not None and begun[0] is not None and begun[1] not in line[begun[0].end() :].lower():
                html = begun[1]
    return fence or html


def _quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in safe_text(text).rstrip("\n").split("\n"))


def _fenced(text: str, language: str = "") -> str:
    text = safe_text(text).rstrip("\n")
    fence = "`" * max(3, 1 + _longest(text))
    return f"{fence}{language}\n{text}\n{fence}\n"


def _code(text: str) -> str:
    """A code span. One that begins or ends with a backtick needs air."""
    ticks = "`" * (1 + _longest(text))
    air = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{ticks}{air}{text}{air}{ticks}" if text else ""


def _longest(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def _escaped(text: str) -> str:
    """One line of plain text, with nothing in it that Markdown would read."""
    return _SPECIAL.sub(r"\\\1", text)
