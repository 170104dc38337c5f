"""Chips: what is set aside, and that it always comes back whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from claude_tui.domain.text import safe_text
from claude_tui.ui.chips import LARGE_LINES, LARGE_TEXT, LONG_LINE, MARK, Chips, has_long_line, is_large


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("", False),
        ("x" * LONG_LINE, False),
        ("x" * (LONG_LINE + 1), True),
        ("\n" * (LARGE_LINES - 1), False),
        ("\n" * LARGE_LINES, True),
        (("x" * 999 + "\n") * 10, False),
        (("x" * 999 + "\n") * 10 + "x", True),
    ],
)
def test_what_is_large(text: str, large: bool) -> None:
    assert is_large(text) is large
    assert len(text) <= LARGE_TEXT or large


pieces = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["x" * 6_000, "line\n" * 50, "[Pasted #1, 51 lines]", MARK + "[Pasted #1, 51 lines]", MARK, "你" * 5_500, "\n"]
    ),
)


@given(st.lists(pieces, max_size=8), st.lists(pieces.filter(lambda text: is_large(safe_text(text))), max_size=4))
def test_nothing_from_outside_changes_by_being_shown_with_chips(parts: list[str], pasted: list[str]) -> None:
    chips = Chips()
    labels = [chips.label(safe_text(text)) for text in pasted]
    text = safe_text("".join(parts))
    shown = chips.set_aside(text)
    assert chips.expand(shown) == text
    assert not has_long_line(shown)
    for label, source in zip(labels, pasted, strict=True):
        assert chips.expand(f"a{label}b") == f"a{safe_text(source)}b"


def test_a_text_has_one_chip_however_often_it_is_pasted() -> None:
    chips = Chips()
    assert chips.label("a\nb") == MARK + "[Pasted #1, 2 lines]"
    assert chips.label("c" * 1_200) == MARK + "[Pasted #2, 1,200 characters]"
    assert chips.label("a\nb") == MARK + "[Pasted #1, 2 lines]"


def test_only_whole_labels_are_chips() -> None:
    chips = Chips()
    label = chips.label("a\nb")
    line = f"x{label}y{label}{label[:-1]}"
    assert chips.spans(line) == [(1, 1 + len(label)), (2 + len(label), 2 + 2 * len(label))]
    assert chips.spans(label.replace("2 lines", "3 lines")) == []
    assert chips.expand(label[1:]) == label[1:]
    assert Chips().spans(label) == []


def test_the_mark_takes_no_room_and_cannot_be_brought_in() -> None:
    assert cell_len(MARK) == 0
    assert safe_text(f"a{MARK}b") == "ab"


def test_a_known_text_becomes_its_chip_again_inside_another() -> None:
    chips = Chips()
    label = chips.label("a\nb\nc")
    assert chips.set_aside("before a\nb\nc after") == f"before {label} after"
    long = "y" * 7_000
    assert chips.set_aside(f"short\n{long}a\nb\nc{long}") == f"short\n{chips.label(long)}{label}{chips.label(long)}"
