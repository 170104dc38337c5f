"""Input, from bytes to the messages Textual sees: every protocol a terminal may speak, and nothing nobody typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from claude_tui.ui.terminal_frames import FrameReader
from claude_tui.ui.terminal_keys import KeyReader


def messages(data: bytes, keys: KeyReader | None = None) -> list[Message]:
    reader, keys = FrameReader(), keys or KeyReader()
    found = reader.feed(data, 0.0)
    while (deadline := reader.deadline) is not None:
        found += reader.expire(deadline)
    return [message for frame in found for message in keys.read(frame)]


def typed(data: bytes, keys: KeyReader | None = None) -> list[tuple[str, str | None]]:
    found = messages(data, keys)
    assert all(isinstance(message, events.Key) for message in found), found
    return [(message.key, message.character) for message in found if isinstance(message, events.Key)]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"a", [("a", "a")]),
        (b"hi\r", [("h", "h"), ("i", "i"), ("enter", "\r")]),
        ("中é".encode(), [("中", "中"), ("é", "é")]),
        (b"\x1b", [("escape", "\x1b")]),
        (b"\x03", [("ctrl+c", "\x03")]),
        (b"\n", [("ctrl+j", "\n")]),
        (b"\x7f", [("backspace", "\x7f")]),
        (b"\x1b[A", [("up", None)]),
        (b"\x1bOA", [("up", None)]),
        (b"\x1b[[A", [("f1", None)]),
        (b"\x1b[Z", [("shift+tab", None)]),
        (b"\x1b[5~", [("pageup", None)]),
        (b"\x1b[1;5H", [("ctrl+home", None)]),
        (b"\x1b[1;2R", [("shift+f3", None)]),
        (b"\x1b[20~", [("f9", None)]),
    ],
)
def test_plain_keys(data: bytes, keys: list[tuple[str, str | None]]) -> None:
    assert typed(data) == keys


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"\x1b\r", "alt+enter"),
        (b"\x1b\t", "alt+tab"),
        (b"\x1b\x7f", "alt+backspace"),
        (b"\x1b\x08", "alt+backspace"),
        (b"\x1b ", "alt+space"),
        (b"\x1bp", "alt+p"),
        (b"\x1bP", "alt+shift+p"),
        (b"\x1b1", "alt+1"),
        (b"\x1b\x03", "alt+ctrl+c"),
        (b"\x1bb", "ctrl+left"),
        (b"\x1bf", "ctrl+right"),
        (b"\x1b\x1b[A", "alt+up"),
        (b"\x1b\x1bOB", "alt+down"),
        (b"\x1b[1;3A", "alt+up"),
        (b"\x1b\x1b[1;5A", "alt+ctrl+up"),
        (b"\x1b[13;3u", "alt+enter"),
        (b"\x1b[127;3u", "alt+backspace"),
        (b"\x1b[112;3u", "alt+p"),
    ],
)
def test_alt_is_never_the_bare_key_and_types_nothing(data: bytes, key: str) -> None:
    assert typed(data) == [(key, None)]


def test_the_linux_console_writes_shift_tab_as_esc_tab() -> None:
    assert typed(b"\x1b\t", KeyReader(linux_console=True)) == [("shift+tab", None)]


@pytest.mark.parametrize(
    ("data", "key", "character"),
    [
        (b"\x1b[13u", "enter", "\r"),
        (b"\x1b[13;2u", "shift+enter", None),
        (b"\x1b[27;2;13~", "shift+enter", None),
        (b"\x1b[27;5;13~", "ctrl+enter", None),
        (b"\x1b[13;129u", "enter", "\r"),  # num lock
        (b"\x1b[13;1:1u", "enter", "\r"),  # pressed
        (b"\x1b[27u", "escape", None),
        (b"\x1b[9;2u", "shift+tab", None),
        (b"\x1b[99;5u", "ctrl+c", None),
        (b"\x1b[97;;97u", "a", "a"),
        (b"\x1b[97;2;65u", "A", "A"),
        (b"\x1b[97:65;2;65u", "A", "A"),
        (b"\x1b[97:65;6u", "ctrl+shift+a", None),
        (b"\x1b[97;2u", "A", "A"),  # no text came with it
        (b"\x1b[97u", "a", "a"),
        (b"\x1b[97;65;65u", "A", "A"),  # caps lock
        (b"\x1b[32;;32u", "space", " "),
        (b"\x1b[0;;20013u", "中", "中"),
        (b"\x1b[57352;1u", None, None),
    ],
)
def test_the_kitty_protocol(data: bytes, key: str | None, character: str | None) -> None:
    found = typed(data)
    if key is not None:
        assert found == [(key, character)]


def test_text_of_an_input_method_is_typed_whole() -> None:
    assert typed(b"\x1b[0;;20013:25991u") == [("中", "中"), ("文", "文")]


@pytest.mark.parametrize(
    "reply",
    [
        b"\x1b[?62;22c",
        b"\x1b[>1;4600;0c",
        b"\x1b[8;24;80t",
        b"\x1b[48;0;0;0;0t",
        b"\x1b[4;600;800t",
        b"\x1b[?1;2$z",
        b"\x1b[0n",
        b"\x1b[?0u",
        b"\x1b[?997;1n",
        b"\x1b[2;1$y",
        b"\x1b[97;1:3u",  # released
        b"\x1b[99999999u",
        b"\x1b[1114112u",
        b"\x1b[55296u",
        b"\x1b[3u",
        b"\x1b[97;1;27u",
        b"\x1b[201~",
        b"\x1b[200000~",
        b"\x1b[27~",
        b"\x1b[5;5A",
        b"\x1b[<0;NaN;NaNM",
        b"\x1b[<0;-1;5M",
        b"\x1b[<0;5M",
        b"\x1b[0;5;5M",
        b"\x1b[M !!",
        b"\x1bO5z",
        b"\xc2\x9b",
    ],
)
def test_nobody_typed_this(reply: bytes) -> None:
    assert typed(reply) == []


def test_what_was_asked_for_arrives() -> None:
    assert [type(one) for one in messages(b"\x1b[I\x1b[O")] == [events.AppFocus, events.AppBlur]
    assert [type(one) for one in messages(b"\x1b[?2026;2$y")] == [TerminalSupportsSynchronizedOutput]
    assert messages(b"\x1b[?2026;0$y") == []
    (resize,) = messages(b"\x1b[48;24;80;480;800t")
    assert isinstance(resize, events.Resize)
    assert resize.size == (80, 24)
    (cursor,) = messages(b"\x1b[24;80R")
    assert isinstance(cursor, events.CursorPosition)
    assert (cursor.x, cursor.y) == (79, 23)
    (cursor,) = messages(b"\x1b[1;2R", KeyReader(lambda: True))
    assert isinstance(cursor, events.CursorPosition)


def test_the_mouse() -> None:
    kinds = [type(one) for one in messages(b"\x1b[<0;5;6M\x1b[<0;5;6m\x1b[<35;7;6M\x1b[<64;7;6M\x1b[<65;7;6M")]
    assert kinds == [events.MouseDown, events.MouseUp, events.MouseMove, events.MouseScrollUp, events.MouseScrollDown]


def test_a_paste_is_one_event() -> None:
    (paste,) = messages(b"\x1b[200~a\r\nb\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "a\nb"


NUMBERS = st.one_of(st.integers(0, 300), st.integers(0, 10**9), st.just("")).map(str)
SEQUENCES = st.builds(
    lambda lead, numbers, mark, final: (lead + mark.join(numbers) + final).encode(),
    st.sampled_from(["\x1b[", "\x1b[<", "\x1b[?", "\x1b[>", "\x1bO", "\x1b[27;", "\x1b\x1b["]),
    st.lists(NUMBERS, max_size=5),
    st.sampled_from([";", ":", ";;"]),
    st.characters(min_codepoint=0x40, max_codepoint=0x7E),
)


@given(st.lists(st.one_of(SEQUENCES, st.binary(max_size=20)), max_size=6).map(b"".join))
def test_no_input_is_an_error_and_no_key_is_unprintable_text(data: bytes) -> None:
    for message in messages(data):
        if isinstance(message, events.Key):
            assert message.key
            assert not "\ud800" <= (message.character or "") <= "\udfff"


@given(SEQUENCES)
def test_a_sequence_never_types_a_control_character(data: bytes) -> None:
    """A reply may look like a key, but not like Ctrl+C or Enter as text."""
    for message in messages(data):
        if isinstance(message, events.Key) and message.character is not None and message.key not in {"enter", "escape"}:
            assert message.character.isprintable() or message.key in {"tab", "backspace"}
