"""Conversations as text: Markdown in which no part swallows another, JSON that can be read back."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from claude_tui.cli.importing import imported
from claude_tui.domain.blocks import Block, dump_json, text_block, tool_result
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.export import json_of, markdown_of
from claude_tui.domain.messages import Message, Role, SessionInfo, Status
from claude_tui.domain.text import safe_text

SESSION = SessionInfo("s1", title="A *title* with `ticks`", model="m", system="Be brief.", leaf_id="m4", tools=({"name": "t"},))
END = "The last prompt stands alone."
_PIECES = st.sampled_from((
    "```", "~~~~", "```py", "<!--", "-->", "<pre>", "</pre>", "<script x", "<?", "- ", "1. ", "> ", "    ",
    "# H", "\n", "\n\n", "`", "a",
    "<![CDATA[", "\x1b[31m", "\u202e", "\ud800", "| a |\n|---|", "[x]: y", "<!A", "***", "===", "\\", "<style>", "\t",
))  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=12).map("".join)


def _message(number: int, role: Role, *blocks: Block, **more: object) -> Message:
    parent = f"m{number - 1}" if number > 1 else None
    return Message(f"m{number}", "s1", parent, role, blocks, created_at="2026-01-01T00:00:00.000Z", **more)  # pyright: ignore[reportArgumentType]


def conversation_of(answer: str, thinking: str = "", result: str = "", name: str = "t") -> list[Message]:
    call: Block = {"type": "tool_use", "id": "c1", "name": name, "input": {"text": result}}
    thought: Block = {"type": "thinking", "thinking": thinking, "signature": "x"}
    return [
        _message(1, Role.USER, text_block(answer)),
        _message(2, Role.ASSISTANT, thought, text_block(answer), call, model="m"),
        _message(3, Role.USER, tool_result("c1", result)),
        _message(4, Role.ASSISTANT, text_block(answer), {"type": name}, model="m", status=Status.INTERRUPTED),
        _message(5, Role.USER, text_block(END)),
    ]


@settings(max_examples=60)
@given(_TEXTS, _TEXTS, _TEXTS, _TEXTS)
def test_no_text_swallows_the_one_behind_it_and_nothing_commands_a_terminal(a: str, b: str, c: str, d: str) -> None:
    markdown = "".join(markdown_of(SESSION, conversation_of(a, b, c, d)))
    assert safe_text(markdown) == markdown
    tokens = MarkdownIt("commonmark").parse(markdown)
    top = [(before.type, token.content) for before, token in itertools.pairwise(tokens) if before.level == 0]
    heads = [content for kind, content in top if kind == "heading_open" and content in ("You", "Claude")]
    assert ("paragraph_open", END) in top
    assert heads == ["You", "Claude", "You"]


def test_markdown_says_who_said_what_what_was_called_and_how_it_ended() -> None:
    messages = conversation_of("An answer.", "Let me\nthink.", "one\n```\ntwo", "look`up")
    failed = ErrorInfo(ErrorKind.SERVER, "It broke", 500)
    messages.append(_message(6, Role.ASSISTANT, status=Status.FAILED, error=failed, model="m"))
    markdown = "".join(markdown_of(SESSION, messages))
    assert markdown.startswith(
        "# A \\*title\\* with \\`ticks\\`\n\n- Session: `s1`\n- Model: `m`\n\n**System prompt**\n\n> Be brief.\n"
    )
    assert "\n## Claude\n\n**Thinking**\n\n> Let me\n> think.\n\nAn answer.\n\n**Call** of ``look`up``\n" in markdown
    assert "\n**Result** of ``look`up``\n\n````\none\n```\ntwo\n````\n" in markdown
    assert "*Interrupted: what came is kept.*" in markdown and "It broke (HTTP 500)" in markdown


def test_a_call_that_is_no_json_stands_as_it_came() -> None:
    call: Block = {"type": "tool_use", "id": "c1", "name": "t", "input": {}}
    markdown = "".join(markdown_of(SESSION, [_message(1, Role.ASSISTANT, call, raw_inputs={"0": '{"half'})]))
    assert '```\n{"half\n```' in markdown


def test_json_is_what_the_import_reads() -> None:
    messages = conversation_of("An answer.\ud800", "", "x", "t")[:4]
    session, found = imported(dump_json(json_of(SESSION, messages)))
    assert (session.title, session.system, session.tools) == (SESSION.title, SESSION.system, SESSION.tools)
    assert [(one.role, one.blocks, one.status) for one in found] == [(one.role, one.blocks, one.status) for one in messages]
