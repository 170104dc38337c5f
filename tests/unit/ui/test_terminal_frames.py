"""The cutting of terminal input: what is a key, what is a reply, what is pasted; whole, split anywhere, or never finished."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.ui.terminal_frames import (
    ESCAPE_DELAY,
    INTRODUCER_DELAY,
    PASTE_DELAY,
    PASTE_END,
    PASTE_SETTLES,
    PASTE_START,
    STRING_LIMIT,
    Alt,
    Escape,
    Frame,
    FrameReader,
    Paste,
    Sequence,
    Text,
)


def frames(*pieces: bytes, gap: float = 0.001) -> list[Frame]:
    """What these reads give, `gap` seconds apart, and then nothing for as long as anything is waited for."""
    reader, now, found = FrameReader(), 0.0, list[Frame]()
    for piece in pieces:
        found += reader.expire(now)
        found += reader.feed(piece, now)
        now += gap
    while (deadline := reader.deadline) is not None:
        found += reader.expire(deadline)
    return merged(found)


def merged(found: list[Frame]) -> list[Frame]:
    """Neighbouring texts are one: where a read ended is no matter."""
    joined: list[Frame] = []
    for frame in found:
        if isinstance(frame, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(joined[-1].text + frame.text)
        else:
            joined.append(frame)
    return joined


KEYS: list[tuple[bytes, list[Frame]]] = [
    (b"text\r", [Text("text\r")]),
    (b"\x1b", [Escape()]),
    (b"\x1b\x1b", [Escape(), Escape()]),
    (b"\x1b\x1b\x1b", [Escape(), Escape(), Escape()]),
    (b"\x1b\r", [Alt("\r")]),
    (b"\x1bx", [Alt("x")]),
    ("\x1bé中".encode(), [Alt("é"), Text("中")]),
    (b"\x1b[", [Alt("[")]),
    (b"\x1bO", [Alt("O")]),
    (b"\x1b]", [Alt("]")]),
    (b"\x1bP", [Alt("P")]),
    (b"\x1b[A", [Sequence("\x1b[A")]),
    (b"\x1bOA", [Sequence("\x1bOA")]),
    (b"\x1b[[A", [Sequence("\x1b[[A")]),
    (b"\x1b\x1b[A", [Alt("\x1b[A")]),
    (b"\x1b\x1b[<35;4;5M", [Escape(), Sequence("\x1b[<35;4;5M")]),
    (b"\x1b[13;2u", [Sequence("\x1b[13;2u")]),
    (b"\x1b[<0;NaN;NaNMa", [Sequence("\x1b[<0;NaN;NaNM"), Text("a")]),
    (b"\x1b[M\x20\xe9\x1ba", [Text("a")]),
    (b"a\xe9b", [Text("a\ufffdb")]),
    (b"\xe9", [Text("\ufffd")]),
    (b"\xe4\xb8\x1b[A", [Text("\ufffd"), Sequence("\x1b[A")]),
]


@pytest.mark.parametrize(("data", "expected"), KEYS)
def test_what_is_typed(data: bytes, expected: list[Frame]) -> None:
    assert frames(data) == expected


@pytest.mark.parametrize(("data", "expected"), KEYS)
def test_what_is_typed_a_byte_a_read(data: bytes, expected: list[Frame]) -> None:
    assert frames(*(data[at : at + 1] for at in range(len(data)))) == expected


@pytest.mark.parametrize(
    "reply",
    [
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        b"\x1b]52;c;cm0gLXJmIH4NCg==\x07",
        b"\x1b]lrm -rf ~\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1bP>|XTerm(370)\x1b\\",
        b"\x1bP1+r524742=38\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b^private\x1b\\",
        b"\x1bXstring\x1b\\",
        b"\x1b]0;with\rreturn\x03and more\x1b\\",
    ],
)
def test_a_reply_that_is_a_string_is_swallowed_wherever_it_is_split(reply: bytes) -> None:
    assert frames(b"a" + reply + b"b") == [Text("ab")]
    for cut in range(2, len(reply)):
        assert frames(b"a" + reply[:cut], reply[cut:] + b"b") == [Text("ab")], cut


def test_an_introducer_alone_waits_for_the_rest_of_its_reply() -> None:
    assert frames(b"\x1b", b"]11;?\x07", b"a", gap=ESCAPE_DELAY / 2) == [Text("a")]


def test_a_reply_that_never_ends_gives_the_keyboard_back() -> None:
    reader = FrameReader()
    assert reader.feed(b"\x1b]11;rgb", 0.0) == []
    assert reader.expire(1.0) == []
    assert reader.feed(b"hello", 1.1) == [Text("hello")]


def test_a_reply_that_never_ends_gives_the_keyboard_back_even_to_a_fast_typist() -> None:
    reader, now = FrameReader(), 0.0
    found = reader.feed(b"\x1b]11;rgb", now)
    while now < STRING_LIMIT + 0.5:
        now += 0.2
        found += reader.feed(b"x", now)
    assert merged(found)[0] == Text("x" * len(found))
    assert len(found) >= 2


def test_esc_waits_ten_milliseconds_and_a_split_sequence_is_one() -> None:
    reader = FrameReader()
    assert reader.feed(b"\x1b", 0.0) == []
    assert reader.deadline == pytest.approx(ESCAPE_DELAY)
    assert reader.feed(b"[A", 0.005) == [Sequence("\x1b[A")]
    assert reader.deadline is None


def test_esc_comes_in_time_and_not_before() -> None:
    reader = FrameReader()
    reader.feed(b"\x1b", 0.0)
    assert reader.expire(ESCAPE_DELAY * 0.9) == []
    assert reader.expire(ESCAPE_DELAY) == [Escape()]


def test_half_a_sequence_is_dropped_not_typed() -> None:
    assert frames(b"\x1b[1;5", b"", b"a", gap=2.0) == [Text("a")]
    assert frames(b"\x1b[<0;10;", b"", b"a", gap=2.0) == [Text("a")]


# Pastes.


def paste(content: bytes) -> bytes:
    return PASTE_START + content + PASTE_END


def test_a_paste_is_one_frame_with_line_feeds() -> None:
    assert frames(b"a" + paste("eins\r\nzwei\rdrei\n中文\x00".encode()) + b"\r") == [
        Text("a"),
        Paste("eins\nzwei\ndrei\n中文"),
        Text("\r"),
    ]


def test_nothing_in_a_paste_is_a_key() -> None:
    content = b"a\x03b\x1bc\x1b[Ad\x1b]0;x\x07\x04"
    assert frames(paste(content)) == [Paste(content.decode())]


@pytest.mark.parametrize("attack", [b"\x03rm -rf ~\r", b"\r", b"\r" + PASTE_START, b"\x03" + PASTE_START + b"more"])
def test_a_false_end_in_a_paste_frees_nothing(attack: bytes) -> None:
    data = paste(b"abc" + PASTE_END + attack)
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))], [data[:12], data[12:]]):
        found = frames(*pieces)
        assert [type(frame) for frame in found] == [Paste], found
        assert found[0].text.startswith("abc")  # type: ignore[union-attr]


def test_two_pastes_in_one_burst_are_two() -> None:
    assert frames(paste(b"one") + paste(b"two")) == [Paste("one"), Paste("two")]


def test_what_is_typed_after_a_paste_is_typed() -> None:
    reader = FrameReader()
    assert reader.feed(paste(b"x"), 0.0) == []
    assert reader.expire(PASTE_SETTLES) == [Paste("x")]
    assert reader.feed(b"\r", PASTE_SETTLES) == [Text("\r")]


def test_a_held_key_does_not_hold_the_paste_back() -> None:
    reader, now, found = FrameReader(), 0.0, list[Frame]()
    reader.feed(paste(b"x"), now)
    while not found and now < 2:
        now += 0.033
        found = reader.expire(now) or reader.feed(b"\x1b[B", now)
    assert found[0] == Paste("x")
    assert now < 0.6


def test_a_paste_without_an_end_comes_after_a_second() -> None:
    reader = FrameReader()
    reader.feed(PASTE_START + b"half", 0.0)
    assert reader.expire(PASTE_DELAY - 0.01) == []
    assert reader.expire(PASTE_DELAY) == [Paste("half")]
    assert reader.feed(b"a", 2.0) == [Text("a")]
    assert frames(b"a" + PASTE_END + b"b") == [Text("ab")]


def test_a_paste_is_delivered_when_the_terminal_goes() -> None:
    reader = FrameReader()
    reader.feed(PASTE_START + b"half", 0.0)
    assert reader.finish() == [Paste("half")]


def test_a_large_paste_is_quick_in_small_reads() -> None:
    data = paste(("é中 " * 180_000).encode())
    reader, found = FrameReader(), list[Frame]()
    began = time.process_time()
    for at in range(0, len(data), 1024):
        found += reader.feed(data[at : at + 1024], 0.0)
    found += reader.expire(1.0)
    assert time.process_time() - began < 0.5
    assert found == [Paste("é中 " * 180_000)]


# Properties.

PIECES = st.sampled_from(
    [data for data, _ in KEYS] + [paste(b"p\x03"), b"\x1b]0;t\x07", b"\x1bP1$r\x1b\\", b"\x1b[?62;22c", b"\x03", b"\x18"]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=8).map(b"".join), st.lists(st.integers(0, 200), max_size=6))
def test_where_the_reads_end_is_no_matter(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in pairwise(places)]
    assert frames(*pieces, gap=0.0) == frames(data, gap=0.0)


@given(st.lists(st.tuples(st.binary(max_size=30), st.floats(0, 4)), max_size=12))
def test_the_keyboard_always_comes_back(reads: list[tuple[bytes, float]]) -> None:
    reader, now = FrameReader(), 0.0
    for data, pause in reads:
        now += pause
        reader.expire(now)
        reader.feed(data, now)
    for _ in range(20):
        if reader.deadline is None:
            break
        now = max(now, reader.deadline)
        reader.expire(now)
    assert reader.deadline is None
    assert reader.feed(b"x", now) == [Text("x")]


def test_introducers_wait_longer_than_esc() -> None:
    reader = FrameReader()
    reader.feed(b"\x1b[", 0.0)
    assert reader.deadline == pytest.approx(INTRODUCER_DELAY)
