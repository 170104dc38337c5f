"""Selecting, copying and quoting in the whole program: what arrives is the source, not what the screen made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_tui.fakeapi import Call, FakeApi, Say, Script, Think, ThreadApi
from tests.ui.running import Program, answering, running

LONG = (
    "This is one paragraph of many words, which the screen has to wrap at least twice because it is much wider than eighty cells, "
    "也有一些汉字在里面，所以宽度很重要。"
)
ANSWER = f"""{LONG}

> Quoted words.

- first item
- second item

```python
def f(x):
    return x + 1
```

Middle.

```
plain text
```

The end of it."""


@pytest.fixture
def api() -> Iterator[ThreadApi]:
    one = Script((Say("Here:\n\n```python\nprint('one')\n```\n"),))
    panels = Script((Think("A thought."), Say("Between."), Call("calculator", {"expression": "6 * 7"})))
    with FakeApi.in_thread(answering(rich=Script((Say(ANSWER),)), one=one, panels=panels)) as api:
        yield api


@pytest.fixture
def clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that holds what the desktop's clipboard was given."""
    taken, folder = tmp_path / "clipboard", tmp_path / "bin"
    folder.mkdir()
    program = folder / "wl-copy"
    program.write_text(f'#!/bin/sh\nexec /bin/cat > "{taken}.new" && /bin/mv "{taken}.new" "{taken}"\n'.replace("exec ", ""))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-test")
    for name in ("DISPLAY", "TMUX", "STY", "WSL_DISTRO_NAME", "WSL_INTEROP", "TERMUX_VERSION"):
        monkeypatch.delenv(name, raising=False)
    return taken


async def copied(program: Program, clipboard: Path) -> str:
    await program.told("Copied")
    text = clipboard.read_text(encoding="utf-8")
    await program.told(f"Copied {len(text):,} character")
    clipboard.unlink()
    program.toasts.clear()
    return text


def where(program: Program, text: str) -> tuple[int, int]:
    y = next(y for y, row in enumerate(program.rows) if text in row)
    return program.rows[y].index(text), y


async def test_a_selection_over_wrapped_lines_is_the_paragraph(api: ThreadApi, clipboard: Path) -> None:
    async with running(api, size=(80, 40)) as program:
        await program.ask("rich")
        await program.until(lambda: "The end of it." in program.shown)
        x, y = where(program, "This is one")
        await program.drag((x, y), (x + 60, y + 2))
        text = program.chat.get_selected_text() or ""
        assert "\n" not in text and text and LONG.startswith(text)
        await program.press("ctrl+c")
        assert await copied(program, clipboard) == text
        assert not program.chat.get_selected_text()


async def test_a_selection_over_several_cells_has_no_rails_frames_or_labels(api: ThreadApi, clipboard: Path) -> None:
    async with running(api, size=(80, 40)) as program:
        await program.ask("rich")
        await program.until(lambda: "The end of it." in program.shown)
        (x, y), (end, last) = where(program, "rich"), where(program, "The end of it.")
        await program.drag((x, y), (end + 14, last))
        text = program.chat.get_selected_text() or ""
        assert text.startswith("rich\n") and text.endswith("The end of it.")
        assert LONG in text
        assert "Quoted words." in text and "def f(x):\n    return x + 1\n" in text and "plain text" in text
        assert not any(mark in text for mark in "│┃▌╭╰─▸▾") and "copy" not in text
        assert "first item\n" in text.replace("• ", "- ") and not any(line.endswith(" ") for line in text.split("\n"))


async def test_selecting_backwards_and_past_the_edges_is_the_same(api: ThreadApi, clipboard: Path) -> None:
    async with running(api, size=(80, 40)) as program:
        await program.ask("rich")
        await program.until(lambda: "The end of it." in program.shown)
        x, y = where(program, "This is one")
        await program.drag((x, y), (40, y + 1))
        forwards = program.chat.get_selected_text()
        program.chat.clear_selection()
        await program.drag((40, y + 1), (x, y))
        backwards = program.chat.get_selected_text() or ""
        assert forwards and abs(len(forwards) - len(backwards)) <= 1
        program.chat.clear_selection()
        await program.drag((0, y), (40, y + 1))
        assert (program.chat.get_selected_text() or "").startswith("This is one")


async def test_a_double_click_selects_the_cell_and_typing_goes_to_the_draft(api: ThreadApi, clipboard: Path) -> None:
    async with running(api) as program:
        await program.ask("hello there")
        await program.click("You said: hello", times=2)
        await program.until(lambda: program.chat.get_selected_text() == "You said: hello there")
        await program.press("ctrl+c")
        assert await copied(program, clipboard) == "You said: hello there"
        await program.press("x")
        assert program.draft == "x"


async def test_the_copy_label_of_a_code_block_copies_that_block(api: ThreadApi, clipboard: Path) -> None:
    async with running(api, size=(80, 40)) as program:
        await program.ask("rich")
        await program.until(lambda: "The end of it." in program.shown)
        labels = [(row.index("copy"), y) for y, row in enumerate(program.rows) if "copy" in row]
        assert len(labels) == 2
        await program.click_at(*labels[0])
        assert (await copied(program, clipboard)).rstrip("\n") == "def f(x):\n    return x + 1"
        await program.click_at(*labels[1])
        assert (await copied(program, clipboard)).rstrip("\n") == "plain text"


async def test_the_keys_of_the_message_cursor_copy_and_quote(api: ThreadApi, clipboard: Path) -> None:
    async with running(api, size=(80, 40)) as program:
        await program.ask("rich")
        await program.press("alt+up", "c")
        assert await copied(program, clipboard) == ANSWER
        await program.press("y")
        await program.see("Copy which code block?", "def f(x):", "plain text", "2 lines")
        await program.type("plain")
        await program.press("enter")
        assert (await copied(program, clipboard)).rstrip("\n") == "plain text"
        await program.press("q")
        assert program.draft.startswith("> This is one paragraph") and "> - first item" in program.draft
        assert program.draft.endswith("\n\n") and program.app.focused is program.chat.composer
        await program.slash("/copy")
        assert await copied(program, clipboard) == ANSWER


async def test_the_sizes_of_code_blocks_count_line_ends_only(api: ThreadApi) -> None:
    async with running(api, size=(80, 40)) as program:
        program.chat.dialogs.pick_code(["one\ftwo\u2028three", "a\n\nb\n"], lambda _: None)
        await program.see("1 line ", "3 lines")


async def test_one_code_block_is_copied_without_a_question_and_none_is_said(api: ThreadApi, clipboard: Path) -> None:
    async with running(api) as program:
        await program.slash("/copy")
        await program.told("nothing to copy")
        await program.ask("one")
        await program.press("alt+up", "y")
        assert (await copied(program, clipboard)).rstrip("\n") == "print('one')"
        await program.press("home", "y")
        await program.told("no code block in this message")


async def test_panels_are_copied_with_what_they_hold(api: ThreadApi, clipboard: Path) -> None:
    async with running(api) as program:
        await program.ask("panels")
        await program.press("alt+up", "up", "c")
        text = await copied(program, clipboard)
        assert "calculator" in text and '"expression": "6 * 7"' in text and text.endswith("42")
        await program.press("up", "up", "c")
        assert await copied(program, clipboard) == "A thought."


async def test_without_a_clipboard_it_is_saved_and_said(api: ThreadApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX", "WSL_DISTRO_NAME", "WSL_INTEROP", "TERMUX_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    async with running(api) as program:
        await program.ask("hi")
        await program.press("alt+up", "c")
        await program.told("saved in")
        (file,) = (program.chat.backstage.paths.data / "copies").iterdir()
        assert file.read_text() == "You said: hi"
        assert file.stat().st_mode & 0o777 == 0o600
