"""Inlets of the transcript: hostile strings in every kind of event and block, drawn as cells of any width and at every level."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    RequestStarted,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
)
from claude_tui.domain.history import SUMMARY_HEAD
from claude_tui.domain.messages import Message, Outcome, Role
from claude_tui.render.base import Cell
from claude_tui.render.cells import NoticeCell, SeamCell
from claude_tui.render.looks import LOOKS
from claude_tui.ui import extracts
from claude_tui.ui.conversation import Conversation
from scripts.trials import judging
from scripts.trials.hostile import Attacker

Block = dict[str, Any]
Make = Callable[[Sequence[str], Attacker], Iterator[Event]]
WIDTHS = (8, 21, 40, 80, 80, 120)


def _prompt(blocks: Sequence[Block], **fields: Any) -> TurnStarted:
    return TurnStarted("s", Message("m1", "s", None, Role.USER, tuple(blocks), **fields))


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _answer(blocks: Sequence[Sequence[Event]], ended: Sequence[Event] = ()) -> Iterator[Event]:
    yield _prompt([_text("q")])
    yield RequestStarted(1, "model", "m2")
    yield MessageStarted("msg_1", "model", None)
    for events in blocks:
        yield from events
    yield from ended or (MessageStopped("end_turn"), TurnEnded("s", Outcome.COMPLETED))


def _streamed(number: int, seed: Block, kind: Any, text: str, source: Attacker, *, stop: bool = True) -> Iterator[Event]:
    yield BlockStarted(number, seed)
    for piece in source.cuts(text):
        yield BlockDelta(number, kind, piece)
    if stop:
        yield BlockStopped(number)


def _one_text(joined: Callable[[Sequence[str]], str]) -> Make:
    def make(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
        stop = source.dice.random() < 0.8
        yield from _answer([list(_streamed(0, _text(""), "text", joined(texts), source, stop=stop))])

    return make


def _thinking(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    seed = {"type": "thinking", "thinking": "", "signature": ""}
    redacted = {"type": "redacted_thinking", "data": texts[0]}
    yield from _answer(
        [list(_streamed(0, seed, "thinking", "\n\n".join(texts), source)), [BlockStarted(1, redacted), BlockStopped(1)]]
    )


def _calls(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    """Names, arguments and results of tools, whole and broken off, with what they said on their way."""
    blocks: list[list[Event]] = []
    after: list[Event] = []
    for number, text in enumerate(texts):
        call = {"type": "tool_use", "id": f"t{number}", "name": text if number % 3 == 0 else "calculator", "input": {}}
        raw = json.dumps({text: [text, {"x": text}], "code": text}) if number % 2 else text
        blocks.append(list(_streamed(number, call, "input", raw, source, stop=number % 5 != 4)))
        content: Any = (
            text if number % 2 else [_text(text), {"type": "image", "source": {"type": "url", "url": text}}, {"type": text}]
        )
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": content, "is_error": number % 4 == 0}
        after += [
            ToolStarted(f"t{number}", text, "m2", number),
            ToolProgress(f"t{number}", text),
            ToolFinished(f"t{number}", result),
        ]
    yield from _answer(blocks, [MessageStopped("tool_use"), *after, TurnEnded("s", Outcome.COMPLETED)])


def _served(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    """Tools the API runs, what they found, and errors of theirs."""
    blocks: list[list[Event]] = []
    for number, text in enumerate(texts):
        call = {"type": "server_tool_use", "id": f"s{number}", "name": text, "input": {"query": text}, "server_name": text}
        found: Any = [{"type": "web_search_result", "url": text, "title": text, "page_age": text, "encrypted_content": "x"}]
        if number % 3 == 1:
            found = {"type": "web_search_tool_result_error", "error_code": text}
        elif number % 3 == 2:
            found = [_text(text), {"type": text, text: text}]
        kind = ("web_search_tool_result", "code_execution_tool_result", "mcp_tool_result")[number % 3]
        result = {"type": kind, "tool_use_id": f"s{number}", "content": found}
        blocks += [
            [BlockStarted(2 * number, call), BlockStopped(2 * number)],
            [BlockStarted(2 * number + 1, result), BlockStopped(2 * number + 1)],
        ]
    yield from _answer(blocks)


def _citations(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    events: list[Event] = [BlockStarted(0, _text("Cited."))]
    for number, text in enumerate(texts):
        places: list[Block] = [
            {"type": "char_location", "cited_text": text, "document_title": text, "document_index": 0},
            {"type": "web_search_result_location", "url": text, "title": text, "cited_text": text},
            {"type": text, "source": "https://x.example/" + text, "title": text},
        ]
        events.append(BlockDelta(0, "citation", data=places[number % 3]))
    yield from _answer([[*events, BlockStopped(0)]])


def _unknown(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    """Blocks nobody has heard of, and those without a look of their own."""
    blocks: list[list[Event]] = []
    for number, text in enumerate(texts):
        seeds: list[Block] = [
            {"type": f"holo{text}", text: text, "inner": {text: [text]}},
            {"type": "fallback", "from": {"model": text}, "to": {"model": text}},
            {"type": "container_upload", "file_id": text},
            {"type": "compaction", "content": text, "encrypted_content": text},
            {"type": text},
        ]
        seed = seeds[number % 5]
        blocks.append(
            [BlockStarted(number, seed), BlockDelta(number, "other", text, {"type": text, "x": text}), BlockStopped(number)]
        )
    yield from _answer(blocks)


def _prompts(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    text = texts[0]
    media: list[Block] = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/" + text, "data": text}},
        {"type": "document", "title": text, "source": {"type": "url", "url": text}},
        {"type": text, "name": text},
    ]
    yield _prompt([_text("\n\n".join(texts)), *media])
    yield TurnEnded("s", Outcome.INTERRUPTED)
    yield _prompt([_text(SUMMARY_HEAD + text)], extra={"summarised": 2, "summary_of": "m0"})


def _endings(texts: Sequence[str], source: Attacker) -> Iterator[Event]:
    """Stop reasons, their details, errors: sentences of ours with words of others in them."""
    for number, text in enumerate(texts):
        details = {"explanation": text, "category": text, text: text}
        stopped = MessageStopped(text if number % 2 else "refusal", {"stop_details": details})
        error = ErrorInfo(tuple(ErrorKind)[number % len(ErrorKind)], text)
        yield from _answer([], [stopped, TurnEnded("s", Outcome.FAILED, error)])


def _paragraphs(texts: Sequence[str]) -> str:
    return "\n\n".join(texts)


def _fences(texts: Sequence[str]) -> str:
    return "\n\n".join(f"```{text}\n{text}\n```" for text in texts)


def _tables(texts: Sequence[str]) -> str:
    rows = "\n".join(f"| {text} | `{text}` |" for text in texts)
    return f"| a | b |\n|---|---|\n{rows}\n"


def _nested(texts: Sequence[str]) -> str:
    marks = ("# ", "> ", "- ", "1. ", "- [ ] ", "**", "`", "~~", "> > - ", "    ")
    return "\n\n".join(f"{marks[number % len(marks)]}{text}" for number, text in enumerate(texts))


def _links(texts: Sequence[str]) -> str:
    return "\n\n".join(f"[{text}]({text}) <{text}> ![{text}](https://x.example/{text})\n\n[r]: {text}" for text in texts)


def _drawn(conversation: Conversation, source: Attacker) -> None:
    """Every cell at some level and width, judged before the filter and behind it; and everything that is copied of it."""
    look = LOOKS[source.dice.choice(sorted(LOOKS))]
    for cell in conversation.cells:
        cell.set_level(source.dice.randrange(4))
        width = source.dice.choice(WIDTHS)
        for section in cell.sections:
            for line in section.draw(look, width).lines:
                judging.drawn(line.segments)
                judging.behind_the_filter(line.segments)
        for copied in (cell.source(), *cell.code_blocks(), *cell.tables(), *(one.text for one in cell.headings())):
            judging.plain(copied)
        for url in extracts.links_of(cell.source()):
            judging.line(extracts.link_label(url))
        for table in cell.tables():
            judging.plain(extracts.table_as_tsv(table))


def _through(make: Make) -> Callable[[Sequence[str], Attacker], None]:
    def inlet(texts: Sequence[str], source: Attacker) -> None:
        conversation = Conversation()
        for event in make(texts, source):
            conversation(event)
        _drawn(conversation, source)

    return inlet


def own_sentences(texts: Sequence[str]) -> list[Cell]:
    """Cells that hold a sentence of the program's own."""
    return [cell for text in texts for cell in (NoticeCell("n", text, "error"), SeamCell("s", text))]


def _sentences(texts: Sequence[str], source: Attacker) -> None:
    """Cells that hold a sentence: notices and seams."""
    conversation = Conversation()
    conversation.cells = own_sentences(texts)
    _drawn(conversation, source)


def _filter_alone(texts: Sequence[str], source: Attacker) -> None:
    """Were the sanitiser away: the last filter on strips made of the strings themselves, as text and as links."""
    from rich.segment import Segment
    from rich.style import Style

    for text in texts:
        judging.behind_the_filter([Segment(text), Segment(text[::-1], Style(color="red", link=text or None)), Segment("end")])


MAKERS: dict[str, Make] = {
    "text of the model": _one_text(_paragraphs),
    "code and its language": _one_text(_fences),
    "cells of a table": _one_text(_tables),
    "nested Markdown": _one_text(_nested),
    "addresses of links": _one_text(_links),
    "thinking": _thinking,
    "calls and results": _calls,
    "tools of the API": _served,
    "citations": _citations,
    "unknown blocks": _unknown,
    "prompts and summaries": _prompts,
    "stop details and errors": _endings,
}
"""What comes as events: the transcript draws it, plain mode writes it, `ask` prints it."""

CELLS: dict[str, Callable[[Sequence[str], Attacker], None]] = {
    **{name: _through(make) for name, make in MAKERS.items()},
    "notices and seams": _sentences,
    "the last filter alone": _filter_alone,
}
