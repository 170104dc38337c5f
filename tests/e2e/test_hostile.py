"""Hostile text from everywhere, in the installed program on a real terminal: nothing of it gets through, and nothing breaks.

Whatever is sent by a model, a tool, an API, a clipboard or the terminal itself is shown as text. After each of them the program
answers a key, and the whole of its output holds only what a Textual program writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from claude_tui.fakeapi import Block, Call, Event, FakeApi, Fault, Phase, Say, Script, Think, ThreadApi, at, models
from tests.e2e.screen import ESC, F2, ScreenTerminal
from tests.e2e.tokens import foreign

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured]

PAYLOADS = (
    "\x1b[31mred\x1b[0m\x1b[2J\x1b[H\x1b[?1049l\x1b[?1000l\x1b[6n\x1b[c\x1b[>c\x1b[21t\x1b[8;5;5t",
    "\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\\x1b]10;?\x07\x1b]1337;File=:AA\x07",
    "\x1bP+q544e\x1b\\\x1b_Ga=T;AAAA\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\\x1bc\x1b#8\x1b(0\x1b7\x1b8\x1bM\x1b",
    "\x9b31m\x9d0;title\x9c\x90q\x9c\x9fapc\x9c\x98sos\x9c\x84\x85\x8d",
    "\x00\x01\x05\x07\x08\x0b\x0c\x0e\x0f\x18\x1a\x1c\x7f good\rEVIL",
    "[/] [/b] text [/] more arr[0][/i] [/home/u/x] [bold red]b[/] [@click=app.quit]x[/] [@click=screen.command('app.quit')]y[/]",
    "[link=javascript:x]l[/link] \\[ $accent [on red] {x} %s {{",
    "\u202egnp.exe\u202c \u2066iso\u2069 \u200elrm\u200f \u061c",
    "zero\u200b\u2060\ufeff\u00ad\u034fwidth \U000e0041\U000e0042\U000e007f tags \U000e0100 \u2028\u2029",
    "\ud800 lone \udfff surro\ud83dgate \ufffe\uffff",
    "Z" + "\u0301" * 40 + "algo \u200b中文字\u3164 \t tab",
)
EVIL = " ".join(f"<{number} {payload} {number}>" for number, payload in enumerate(PAYLOADS))
ONE_LINE = EVIL.replace("\n", " ").replace("\r", " ")
LINKS = [
    "http://good.example/\x1b]8;;x\x07", "javascript:alert(1)", "file:///etc/passwd", "vscode://x", "http://a@evil.example/\x9b31m",
    "https://evil.example/\u202e", "data:text/html,x", "http://x/[@click=app.quit]",
]  # fmt: skip
TEXT = "\n\n".join(
    (
        EVIL,
        f"# Heading {ONE_LINE}",
        f"| a | b |\n|---|---|\n| {ONE_LINE.replace('|', '/')} | cell |",
        *(f"```{payload}\n{payload}\n```" for payload in PAYLOADS),
        f"```python\nx = '''{EVIL}'''\n```",
        f"```diff\n+{ONE_LINE}\n```",
        f"> {ONE_LINE}\n- {ONE_LINE}\n1. **{ONE_LINE}** `{ONE_LINE}` ~~{ONE_LINE}~~",
        *(f"[label {ONE_LINE[:40]}]({url}) <{url}> ![image]({url})" for url in LINKS),
        "&#27;[31m &#x9b;31m &#0; &lt;b&gt; <script>x</script> <!-- \x1b[31m -->",
        f"$$ {ONE_LINE} $$",
        "END OF TEXT",
    )
)


def result_block() -> dict[str, Any]:
    found = {"type": "web_search_result", "url": LINKS[0], "title": EVIL, "encrypted_content": "x", "page_age": EVIL}
    return {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [found]}


SCRIPTS: dict[str, Script] = {
    "text": Script((Say(TEXT, chars=5),)),
    "thinking": Script((Think(EVIL + "\n\nEND OF THOUGHT", chars=3), Say("Thought."))),
    "names": Script(
        (Call(ONE_LINE[:90], {ONE_LINE: EVIL}), Call("calculator", raw='{"expression": "\x1b]0;x', stop=False), Fault.CLEAN_EOF)
    ),
    "arguments": Script((Call("calculator", {"expression": EVIL, "nested": {EVIL: [EVIL, {"x": EVIL}]}}, chars=7),)),
    "blocks": Script(
        (
            Block({"type": f"holo{EVIL}gram", EVIL: EVIL}),
            Block({"type": "server_tool_use", "id": "srvtoolu_1", "name": EVIL, "input": {"query": EVIL}}),
            Block(result_block()),
            Event({"type": "unknown_event", "data": EVIL}),
            Say("END OF BLOCKS", citations=({"type": "char_location", "cited_text": EVIL, "document_title": EVIL},)),
        )
    ),
    "stop": Script((Say("Stopped."),), stop_reason=f"odd {EVIL}", stop_details={"explanation": EVIL}),
    "refused": Script((Fault.BAD_REQUEST(message=EVIL),)),
    "midway": at(Fault.ERROR_API, Phase.TEXT, message=EVIL),
}


def answer(body: dict[str, Any], n: int) -> Script:
    content = body["messages"][-1]["content"]
    words = [block["text"].split() for block in content if block["type"] == "text" and block["text"].strip()]
    if not words:
        return Script((Say("END OF CALLS"),))
    return SCRIPTS.get(words[-1][0], Script((Say("A plain answer."),)))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answer) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        yield api


def click(terminal: ScreenTerminal, row: int, column: int) -> None:
    terminal.type(f"\x1b[<0;{column + 1};{row + 1}M\x1b[<0;{column + 1};{row + 1}m")


def lives(terminal: ScreenTerminal) -> None:
    """It answers keys, and nothing foreign has been written."""
    terminal.type("alive")
    terminal.see("┃ alive")
    terminal.type("\x15")
    terminal.see("Message Claude")
    assert terminal.process.poll() is None
    assert foreign(so_far(terminal)) == []


def so_far(terminal: ScreenTerminal) -> bytes:
    """What has been written, up to the sequence that may still be on its way."""
    return terminal.raw[: terminal.raw.rindex(b"\x1b")]


def opened(terminal: ScreenTerminal, key: str, *marks: str) -> None:
    """A dialog that shows these, opened and closed."""
    terminal.type(key)
    terminal.see("Type to filter", "Esc close", *marks)
    terminal.type(ESC)
    terminal.see_no("Type to filter")


def looked_at(terminal: ScreenTerminal, mark: str) -> None:
    """Every screenful from the end to the beginning, with a click on many places of each."""
    terminal.see(mark)
    for _ in range(6):
        before = terminal.shown
        for row in range(1, 28, 3):
            click(terminal, row, 8)
        terminal.type("\x1b[5~")
        lives(terminal)
        if terminal.shown == before:
            break
    terminal.type("\x1b[1;5F")  # Ctrl+End
    lives(terminal)


@pytest.mark.parametrize(
    ("prompt", "mark"),
    [
        ("text", "END OF TEXT"),
        ("thinking", "Thought."),
        ("names", "cut off"),
        ("arguments", "END OF CALLS"),
        ("blocks", "END OF BLOCKS"),
        ("stop", "The model stopped"),
        ("refused", "send it again"),
        ("midway", "cut off here"),
    ],
)
def test_what_comes_from_the_api(api: ThreadApi, prompt: str, mark: str) -> None:
    with ScreenTerminal(CLAUDE_TUI_RETRIES="0") as terminal:
        terminal.ready()
        terminal.type("\x14\x14\x0f")  # everything open: thinking and tools
        terminal.send(prompt)
        terminal.until(lambda shown: mark in " ".join(shown.split()), mark)
        terminal.type("\x15")
        looked_at(terminal, "Message Claude")
        assert terminal.quit() == 0
        assert foreign(terminal.raw[: terminal.raw.rindex(b"\x1b[?1049l")]) == []


def test_what_is_pasted_is_a_draft_a_prompt_and_a_title(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        evil = EVIL.encode("utf-8", "replace").decode()
        terminal.type(f"\x1b[200~BEGIN {evil} END\x1b[201~")
        terminal.until(lambda shown: "END" in shown, "the end of the paste")
        assert terminal.process.poll() is None and not api.requests
        assert foreign(so_far(terminal)) == []
        terminal.type("\r")
        terminal.see("A plain answer.")
        looked_at(terminal, "A plain answer.")
        opened(terminal, "\x13", "Sessions", "BEGIN")  # with the title
        opened(terminal, "\x12", "Prompts of this session", "BEGIN")
        terminal.type("\x1b[200~/rename \x1b]0;x\x07[/][@click=app.quit]renamed[/]\x1b[201~\r")
        terminal.see("Message Claude")
        opened(terminal, "\x13", "Sessions", "renamed")
        lives(terminal)
        assert terminal.quit() == 0


def test_names_of_models_and_levels(api: ThreadApi, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = models.Model("evil-\u202emodel[/]", EVIL, "2026-11-09", EVIL, lifecycle="active")
    monkeypatch.setattr(models, "MODELS", (evil,))
    with ScreenTerminal() as terminal:
        terminal.see("What is on your mind?")
        terminal.type(F2)
        terminal.see("Model", "Claude Opus 5.5", "Type to filter")
        terminal.type("\x12")
        terminal.see("evil-")
        assert foreign(so_far(terminal)) == []
        terminal.type("evil\r")
        terminal.see_no("Type to filter")
        terminal.see("Message Claude", "evil-")
        terminal.send("words")
        terminal.see("A plain answer.")
        lives(terminal)
        assert terminal.quit() == 0


def _junk() -> list[tuple[str, bytes, Callable[[str], bool]]]:
    nothing: Callable[[str], bool] = lambda shown: "Message Claude" in shown  # noqa: E731
    return [
        ("a Latin-1 byte", b"caf\xe9 au lait", lambda shown: "au lait" in shown),
        ("device attributes", b"\x1b[?62;22c\x1b[>0;95;0c\x1b[=1;2c", nothing),
        ("colours", b"\x1b]11;rgb:0000/0000/0000\x07\x1b]10;rgb:ff/ff/ff\x1b\\\x1b]4;1;rgb:0/0/0\x07", nothing),
        ("a title", b"\x1b]lrm -rf ~\x1b\\\x1b]Lx\x1b\\", nothing),
        ("a clipboard", b"\x1b]52;c;ZXZpbA0=\x07", nothing),
        ("strings", b"\x1bP1+r544e=787465726d\x1b\\\x1bP!|00000000\x1b\\\x1b_Gi=1;OK\x1b\\", nothing),
        ("places and sizes", b"\x1b[3;1R\x1b[8;24;80t\x1b[4;600;800t\x1b[?2026;2$y\x1b[?1u\x1b[0n", nothing),
        ("a mouse of old", b"\x1b[M\xa0\xff\xff\x1b[<0;999;999M\x1b[<0;999;999m\x1b[<64;1;1M", nothing),
        ("controls", b"\x00\x0b\x1c\x1d\x1e", lambda shown: True),
    ]


def test_what_the_terminal_says_is_never_typed_and_never_sent(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        for name, junk, fine in _junk():
            terminal.type(junk)
            terminal.until(fine, name)
            terminal.type("x")  # the mouse may have taken the focus away: a letter brings it back
            terminal.until(lambda shown: re.search("┃ .*x\n", shown) is not None, f"a letter behind {name}")
            terminal.type("\x15")
            terminal.see("Message Claude")
            terminal.type("=")
            terminal.until(lambda shown: "┃ =\n" in shown, f"a draft that holds only what was typed after {name}")
            terminal.type("\x15")
            terminal.see("Message Claude")
        assert not api.calls
        lives(terminal)
        assert terminal.quit() == 0
