"""The composer: pasting, and chips."""

from __future__ import annotations

import pytest
from textual import events

from claude_tui.ui.chips import MARK
from tests.ui.composing import Running


async def test_a_paste_is_never_sent_and_is_harmless() -> None:
    async with Running() as bench:
        await bench.paste("one\r\ntwo\x1b[2J\x00\n")
        assert bench.composer.real_text == "one\ntwo\u241b[2J\u2400\n" and not bench.chat.prompts


LARGE = "\n".join(f"line {number}" for number in range(120))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (LARGE, "[Pasted #1, 120 lines]"),
        ("x" * 5_001, "[Pasted #1, 5,001 characters]"),
        ("word\n" * 10 + "x" * 10_000, "[Pasted #1, 11 lines]"),
        ("\n" * 40, "[Pasted #1, 41 lines]"),
    ],
)
async def test_a_large_paste_becomes_a_chip(text: str, label: str) -> None:
    async with Running() as bench:
        await bench.type("see: ")
        await bench.paste(text)
        assert bench.text == "see: " + label
        assert bench.composer.real_text == "see: " + text
        await bench.type("!")
        await bench.press("enter")
        assert bench.chat.prompts == ["see: " + text + "!"]
        await bench.press("up")
        assert bench.text == "see: " + label + "!"


@pytest.mark.parametrize("text", ["x" * 5_000, "\n" * 39, "word\n" * 39])
async def test_a_small_paste_is_inserted(text: str) -> None:
    async with Running() as bench:
        await bench.paste(text)
        assert bench.composer.text == text


async def test_a_chip_is_one_thing_for_keys() -> None:
    async with Running() as bench:
        await bench.type("ab")
        await bench.press("left")
        await bench.paste(LARGE)
        label_end = bench.composer.cursor_location[1]
        await bench.press("left")
        assert bench.composer.cursor_location == (0, 1)
        await bench.press("right")
        assert bench.composer.cursor_location == (0, label_end)
        await bench.press("left", "delete")
        assert bench.composer.text == "ab"
        await bench.press("ctrl+underscore")
        assert bench.composer.real_text == f"a{LARGE}b"
        bench.composer.move_cursor((0, label_end))
        await bench.press("backspace")
        assert bench.composer.text == "ab"
        await bench.press("ctrl+underscore", "end", "left", "ctrl+w")
        assert bench.composer.text == "ab"


async def test_the_mouse_cannot_get_into_a_chip() -> None:
    async with Running() as bench:
        await bench.paste(LARGE)
        await bench.pilot.click(bench.composer, offset=(8, 0))
        await bench.type("x")
        assert bench.composer.real_text in (f"x{LARGE}", f"{LARGE}x")


async def test_the_same_paste_again_unfolds_the_chip() -> None:
    async with Running() as bench:
        await bench.paste(LARGE)
        await bench.paste(LARGE)
        assert bench.composer.text == LARGE
        await bench.press("ctrl+underscore")
        assert bench.text == "[Pasted #1, 120 lines]"
        await bench.type(" ")
        await bench.paste(LARGE)
        assert bench.text == "[Pasted #1, 120 lines] [Pasted #1, 120 lines]"
        bench.composer.expand_chips()
        assert bench.composer.text == f"{LARGE} {LARGE}"


async def test_a_line_too_long_to_edit_does_not_unfold() -> None:
    async with Running() as bench:
        await bench.paste("x" * 20_000)
        await bench.paste("x" * 20_000)
        assert bench.text == "[Pasted #1, 20,000 characters]" * 2


async def test_pasted_text_cannot_pass_for_a_chip() -> None:
    async with Running() as bench:
        await bench.paste(LARGE)
        await bench.paste(MARK + "[Pasted #1, 120 lines]")
        assert bench.composer.real_text == LARGE + "[Pasted #1, 120 lines]"


async def test_a_saved_draft_gets_its_chips_back() -> None:
    async with Running() as bench:
        await bench.type("a ")
        await bench.paste(LARGE)
        saved = bench.composer.real_text
        bench.composer.put("")
        bench.composer.put(saved + " and more")
        assert bench.text == "a [Pasted #1, 120 lines] and more"
        assert bench.composer.real_text == saved + " and more"
    async with Running() as bench:
        bench.composer.put("y" * 100_000 + "\nshort")
        assert bench.text == "[Pasted #1, 100,000 characters]\nshort"


async def test_joined_emoji_survive_typing() -> None:
    async with Running() as bench:
        for character in "👩\u200d💻":
            bench.composer.post_message(events.Key("x", character))
        await bench.pilot.pause()
        assert bench.composer.real_text == "👩\u200d💻"
