"""The composer: keys, its size, sending, undo, earlier prompts."""

from __future__ import annotations

import pytest
from textual import events

from claude_tui.ui.composer import Composer
from tests.ui.composing import SIZES, Running


@SIZES
async def test_it_grows_to_a_third_of_the_screen_and_shrinks_again(size: tuple[int, int]) -> None:
    async with Running(*size) as bench:
        assert bench.composer.size.height == 1
        heights: list[int] = []
        for _ in range(size[1] // 3 + 2):
            await bench.press("ctrl+j")
            heights.append(bench.composer.size.height)
        limit = size[1] // 3
        assert heights == [min(lines, limit) for lines in range(2, size[1] // 3 + 4)]
        assert bench.chat.query_one("#transcript").size.height == size[1] - 1 - limit
        bench.composer.take()
        await bench.pilot.pause()
        assert bench.composer.size.height == 1


@SIZES
async def test_long_lines_wrap(size: tuple[int, int]) -> None:
    async with Running(*size) as bench:
        bench.composer.put("你好世界" * 20)
        await bench.pilot.pause()
        assert bench.composer.size.height == min(size[1] // 3, -(-160 // (bench.composer.content_size.width - 1)))


async def test_an_empty_composer_says_what_enter_does() -> None:
    async with Running() as bench:
        assert "Message Claude… (Enter sends, Ctrl+J new line)" in bench.rows()[-2]
    async with Running(40, 10) as bench:
        assert "Message Claude… (Ctrl+J new line)" in bench.rows()[-2]


async def test_a_screen_without_room_for_a_letter() -> None:
    async with Running() as bench:
        for draft in ("", "some words"):
            bench.composer.put(draft)
            for columns in (3, 2, 1, 4):
                await bench.pilot.resize_terminal(columns, 5)
                assert bench.composer.content_size.width == max(columns - 3, 0)
            await bench.pilot.resize_terminal(60, 10)
            assert draft or "Message Claude…" in bench.rows()[-2]


async def test_enter_sends_and_empties() -> None:
    async with Running() as bench:
        await bench.type("hello")
        await bench.press("enter")
        assert bench.chat.prompts == ["hello"]
        assert bench.composer.is_empty


async def test_a_refused_prompt_stays() -> None:
    async with Running() as bench:
        bench.chat.accepting = False
        await bench.type("hello")
        await bench.press("enter")
        assert bench.composer.real_text == "hello"
        bench.chat.accepting = True
        await bench.type("!")
        await bench.press("enter")
        assert bench.chat.prompts == ["hello!"]


@pytest.mark.parametrize("draft", ["", "  ", "\n\n"])
async def test_nothing_is_not_sent(draft: str) -> None:
    async with Running() as bench:
        bench.composer.put(draft)
        await bench.press("enter")
        assert not bench.chat.prompts and bench.composer.real_text == draft
        assert bench.requests() == ["Submitted"]


async def test_keys_that_arrive_with_enter_belong_to_the_next_prompt() -> None:
    """Everything is in the composer's queue before the screen hears of the first Enter."""
    async with Running() as bench:
        bench.composer.put("one")
        bench.composer.move_cursor((0, 1))
        for key in ["enter", *"two", "enter", *"two", "enter", *"rest"]:
            bench.composer.post_message(events.Key(key, key if len(key) == 1 else "\r"))
        await bench.pilot.pause()
        await bench.pilot.pause()
        assert bench.chat.prompts == ["one", "two", "two"]
        assert bench.composer.real_text == "rest"


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter", "ctrl+enter", "shift+\r"])
async def test_new_line_keys(key: str) -> None:
    async with Running() as bench:
        await bench.type("a")
        bench.composer.post_message(events.Key(key, None))
        await bench.pilot.pause()
        await bench.type("b")
        assert bench.composer.real_text == "a\nb" and not bench.chat.prompts


async def test_backslash_enter_is_a_new_line() -> None:
    async with Running() as bench:
        await bench.type("a\\")
        await bench.press("enter")
        await bench.type("b")
        assert bench.composer.real_text == "a\nb" and not bench.chat.prompts


async def test_undo_and_redo_go_over_sending_and_putting() -> None:
    async with Running() as bench:
        await bench.type("sent")
        await bench.press("enter")
        bench.composer.put("put")
        await bench.press("ctrl+underscore")
        assert bench.composer.is_empty
        await bench.press("ctrl+underscore")
        assert bench.composer.real_text == "sent"
        await bench.press("ctrl+y", "ctrl+y")
        assert bench.composer.real_text == "put"


async def test_clearing_can_be_undone_and_found_again() -> None:
    async with Running() as bench:
        await bench.type("draft")
        bench.composer.clear_draft()
        assert bench.composer.is_empty
        await bench.press("ctrl+underscore")
        assert bench.composer.real_text == "draft"
        bench.composer.clear_draft()
        await bench.press("up")
        assert bench.composer.real_text == "draft"


@pytest.mark.parametrize(
    "key",
    [
        "escape",
        "ctrl+c",
        "ctrl+z",
        "f6",
        "f7",
        "pageup",
        "pagedown",
        "shift+up",
        "shift+down",
        "ctrl+home",
        "ctrl+end",
        "ctrl+p",
    ],
)
async def test_keys_of_the_screen_reach_it(key: str) -> None:
    async with Running() as bench:
        bench.composer.put("one\ntwo")
        await bench.press(key)
        assert bench.chat.keys == [key]
        assert bench.composer.real_text == "one\ntwo"
        assert bench.composer.selection.is_empty
        assert key not in bench.composer._bindings.key_to_bindings


async def test_editing_keys() -> None:
    async with Running() as bench:
        await bench.type("one two")
        await bench.press("ctrl+w")
        assert bench.composer.real_text == "one "
        await bench.press("ctrl+a", "ctrl+d")
        assert bench.composer.real_text == "ne "
        await bench.press("ctrl+e", "backspace", "ctrl+a", "right", "ctrl+k")
        assert bench.composer.real_text == "n"
        await bench.press("ctrl+u")
        assert bench.composer.is_empty


async def test_messages_of_an_empty_composer() -> None:
    async with Running() as bench:
        await bench.press("end", "?", "ctrl+d")
        assert bench.requests() == ["view.follow", "composer.help", "app.quit_if_empty"]
        assert bench.composer.is_empty
        await bench.type("x?")
        await bench.press("home", "end")
        assert bench.composer.real_text == "x?"
        assert bench.requests() == ["view.follow", "composer.help", "app.quit_if_empty"]


async def test_every_edit_is_told_of() -> None:
    async with Running() as bench:
        await bench.type("ab")
        await bench.press("backspace", "ctrl+underscore", "ctrl+y", "left")
        assert bench.chat.posted == ["DraftChanged"] * 5


# Prompt history.


async def test_walking_through_earlier_prompts_and_back() -> None:
    async with Running() as bench:
        bench.composer.set_entries(["newest", "two\nlines", "oldest"])
        await bench.type("draft")
        seen: list[str] = []
        for _ in range(5):
            await bench.press("up")
            seen.append(bench.composer.real_text)
        assert seen == ["newest", "two\nlines", "oldest", "oldest", "oldest"]
        seen.clear()
        for _ in range(5):
            await bench.press("down")
            seen.append(bench.composer.real_text)
        assert seen == ["two\nlines", "newest", "draft", "draft", "draft"]


async def test_an_edited_recall_keeps_its_edit_and_the_draft_is_not_lost() -> None:
    async with Running() as bench:
        bench.composer.set_entries(["old"])
        await bench.type("draft")
        await bench.press("up")
        await bench.type("er")
        await bench.press("down", "up")
        assert bench.composer.real_text == "older"
        await bench.press("enter")
        assert bench.chat.prompts == ["older"]
        await bench.press("up")
        assert bench.composer.real_text == "older"
        await bench.press("up")
        assert bench.composer.real_text == "draft"


async def test_up_moves_within_the_draft_first() -> None:
    async with Running() as bench:
        bench.composer.set_entries(["old"])
        bench.composer.put("one\ntwo")
        await bench.press("up")
        assert bench.composer.real_text == "one\ntwo" and bench.composer.cursor_location[0] == 0
        await bench.press("up")
        assert bench.composer.real_text == "old"


async def test_up_in_an_empty_composer_means_the_queue_if_there_is_one() -> None:
    async with Running() as bench:
        bench.composer.set_entries(["old"])
        bench.composer.has_queue = True
        await bench.press("up")
        assert bench.requests() == ["queue.edit"] and bench.composer.is_empty
        bench.composer.has_queue = False
        await bench.press("up")
        assert bench.composer.real_text == "old"


async def test_a_key_does_not_look_at_the_whole_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Running() as bench:
        bench.composer.put(("((((( " * 15 + "\n") * 1_000)
        await bench.pilot.pause()
        looked: list[str] = []
        monkeypatch.setattr(Composer, "text", property(lambda _: looked.append("text") or ""))
        monkeypatch.setattr(Composer, "_yield_character_locations", lambda *_: looked.append("brackets") or iter(()))
        for key in ("a", "(", "left", "up", "ctrl+j", "backspace", "?", "/"):
            event = events.Key(key, key if len(key) == 1 else None)
            if not bench.composer._act(event):
                bench.composer.type(key[:1])
        bench.composer.action_cursor_left()
        bench.composer.action_delete_left()
        assert looked == []
        monkeypatch.undo()


@SIZES
async def test_the_terminals_cursor_is_where_typing_goes(size: tuple[int, int]) -> None:
    """Input methods show their candidates there."""
    async with Running(*size) as bench:
        await bench.type("ab你")
        region = bench.composer.region
        assert bench.pilot.app.cursor_position == (region.x + 2 + 4, region.y)
