"""Walking through earlier prompts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_tui.ui.prompt_history import PromptHistory

texts = st.text("ab \n你", max_size=4)


@given(texts, st.lists(texts), st.integers(0, 12))
def test_up_and_down_as_often_gives_the_draft_back(draft: str, entries: list[str], steps: int) -> None:
    history = PromptHistory()
    history.set_entries(entries)
    current, taken = draft, 0
    for _ in range(steps):
        older = history.older(current)
        if older is not None:
            current, taken = older, taken + 1
    assert taken == min(steps, len(set(filter(str.strip, entries))))
    for _ in range(taken):
        newer = history.newer(current)
        assert newer is not None
        current = newer
    assert current == draft and history.newer(current) is None and history.position == 0


@given(st.lists(texts), st.lists(st.tuples(st.booleans(), texts), max_size=20))
def test_whatever_is_typed_on_the_way_is_still_there(entries: list[str], steps: list[tuple[bool, str]]) -> None:
    """The walk is compared with a plain list of texts."""
    history = PromptHistory()
    history.set_entries(entries)
    expected = ["", *dict.fromkeys(entry for entry in entries if entry.strip())]
    place = 0
    for up, typed in steps:
        expected[place] += typed
        found = history.older(expected[place]) if up else history.newer(expected[place])
        target = place + (1 if up else -1)
        if 0 <= target < len(expected):
            place = target
            assert found == expected[place]
        else:
            assert found is None


def walk(history: PromptHistory) -> list[str]:
    found: list[str] = []
    while (text := history.older(found[-1] if found else "")) is not None:
        found.append(text)
    history.leave()
    return found


def test_sent_prompts_come_before_stored_ones_once_each() -> None:
    history = PromptHistory()
    history.set_entries(["b", "a"])
    history.add("c")
    history.add("a")
    history.add("  ")
    assert walk(history) == ["a", "c", "b"]
    history.set_entries(["a", "c", "b", "a"])
    assert walk(history) == ["a", "c", "b"]


def test_new_entries_do_not_disturb_a_walk() -> None:
    history = PromptHistory()
    history.set_entries(["b", "a"])
    assert history.older("draft") == "b"
    history.set_entries(["c", "b", "a"])
    assert history.older("b") == "a"
    assert history.newer("a") == "b"
    assert history.newer("b") == "draft"
    assert history.older("draft") == "b"
    history.leave()
    assert history.older("draft") == "c"


def test_leaving_hands_the_draft_back_and_forgets_edits() -> None:
    history = PromptHistory()
    history.set_entries(["a"])
    assert history.leave() == ""
    history.older("draft")
    assert history.leave() == "draft" and history.position == 0
    assert walk(history) == ["a"]


def test_entries_are_shown_as_asked_but_the_draft_as_it_was() -> None:
    history = PromptHistory(str.upper)
    history.set_entries(["a"])
    assert history.older("draft") == "A"
    assert history.newer("A!") == "draft"
    assert history.older("draft") == "A!"
