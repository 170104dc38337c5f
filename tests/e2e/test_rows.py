"""Rows that are written past the compositor leave on the terminal what a full repaint would have put there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, Think, ThreadApi, WaitFor
from tests.e2e.screen import ESC, ScreenTerminal

pytestmark = [pytest.mark.pty, pytest.mark.unmeasured]

PAGE_UP, PAGE_DOWN, LINE_UP, LINE_DOWN, TOP, END = "\x1b[5~", "\x1b[6~", "\x1b[1;2A", "\x1b[1;2B", "\x1b[1;5H", "\x1b[F"
WHEEL_UP = "\x1b[<64;20;5M"
REDRAW = "\x0c"
SECTION = (
    "## 第 {0} 节 Section {0}\n\nSome **bold** words, `code` and 中文, "
    "enough of them to fill a line and then some more of it.\n\n- one\n- two\n"
)
CODE = "\n```python\ndef f(x):\n    return x + 1\n```\n\n| a | b |\n|---|---|\n| 中文 | 2 |\n\n"


def answer(body: dict[str, Any], n: int) -> Script:
    text = "".join(SECTION.format(number) + CODE for number in range(8))
    return Script((Think("Hm."), Say(text, stop=False), WaitFor("more"), Say("\n\nThe **end** of it.", start=False)), rate=2_000)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadApi]:
    with FakeApi.in_thread(answer) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", api.key)
        yield api


def repaint(terminal: ScreenTerminal) -> None:
    """Lose what the terminal shows and have everything painted anew: the same picture.

    Only the bar may have come to know better how long everything is, in an idle moment in between; then it is the same the next
    time, or the one after.
    """
    terminal.quiet()
    for _ in range(5):
        before = terminal.picture
        terminal.wipe()
        terminal.type(REDRAW)
        terminal.see("Message Claude")
        terminal.quiet()
        after = terminal.picture
        cells = [(y, x) for y, row in enumerate(before) for x in range(len(row)) if before[y][x] != after[y][x]]
        if not cells:
            return
        assert not [(y, x, before[y][x], after[y][x]) for y, x in cells if x != len(before[y]) - 1]
    raise AssertionError("the bar never came to rest")


@pytest.mark.parametrize(("columns", "lines"), [(100, 30), (40, 12)])
def test_what_was_scrolled_and_written_is_what_a_repaint_shows(api: ThreadApi, columns: int, lines: int) -> None:
    with ScreenTerminal(columns=columns, lines=lines) as terminal:
        terminal.ready()
        terminal.send("go")
        terminal.see("中文 │")
        for keys, seen in ((PAGE_UP, "End"), (WHEEL_UP * 3, "End"), (TOP, "You"), (PAGE_DOWN, "Section"), (END, "中文 │")):
            terminal.type(keys)
            terminal.see(seen)
        for keys, scrolled in ((LINE_UP, b"\x1bM"), (LINE_DOWN, b"\x1bD")):
            terminal.type(keys)
            terminal.until(lambda _, wanted=scrolled: wanted in terminal.raw, f"the terminal to scroll with {scrolled!r}")
        terminal.type(WHEEL_UP * 2)
        terminal.see("End")
        api.release("more")
        terminal.see("Idle")
        repaint(terminal)
        terminal.type(END)
        terminal.see("The end of it.")
        repaint(terminal)


def test_nothing_is_written_over_what_lies_in_front(api: ThreadApi) -> None:
    with ScreenTerminal() as terminal:
        terminal.ready()
        terminal.send("go")
        terminal.see("中文 │")
        terminal.type("\x10")
        terminal.see("Commands", "New session")
        api.release("more")
        terminal.type("theme")
        terminal.see("/theme [NAME]")
        terminal.type(ESC)
        terminal.see("The end of it.", "Idle")
        repaint(terminal)
