"""Frames of terminal input as messages of Textual.

Whole and known sequences only reach Textual's parser, so it never waits for the rest of one and never types one it does not know.
Everything unknown is swallowed: a terminal's reply must not become text in the composer.
"""

# pyright: reportPrivateUsage=false
# Textual has no public parser; tests/unit/ui/test_terminal_private_names.py holds each name that is used here.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message

from claude_tui.domain.text import safe_text
from claude_tui.ui.terminal_frames import Alt, Escape, Frame, Paste, Text

_ALT_NAMES = {"\r": "enter", "\n": "ctrl+j", "\t": "tab", "\x7f": "backspace", "\x08": "backspace", " ": "space"}
_WORD_MOVES = frozenset("bf")  # Alt with an arrow on macOS, and what readline taught
_MODIFY_OTHER_KEYS = re.compile(r"\x1b\[27;(\d+);(\d+)~")
_MODE_REPORT = re.compile(r"\x1b\[\?\d{1,8};\d\$y")
_RESIZE = re.compile(r"\x1b\[48;(\d{1,5});(\d{1,5});(\d{1,6});(\d{1,6})t")
_MOUSE = re.compile(r"\x1b\[<\d{1,6};-?\d{1,6};-?\d{1,6}[Mm]")
_CURSOR = re.compile(r"\x1b\[(\d{1,6});(\d{1,6})R")
_KITTY = re.compile(
    r"\x1b\[(?P<code>\d{1,7})(?::[\d:]{0,24})?"
    r"(?:;(?P<modifiers>\d{0,3})(?::(?P<kind>\d))?(?:;(?P<text>(?:\d{1,7}:?){0,32}))?)?(?P<end>[u~ABCDEFHPQRS])"
)
_RELEASED = "3"
_SHIFT = 1
_LOCKS = 64 | 128  # caps lock and num lock: on the line of modifiers, but not held
_PRIVATE_KEYS = range(57344, 63744)


class KeyReader:
    """`read` gives the messages a frame stands for, in order; none for what nobody asked for.

    `cursor_asked` says whether a cursor position report is due: without one the same bytes are Shift+F3 and its like.
    """

    def __init__(self, cursor_asked: Callable[[], bool] = lambda: False, linux_console: bool = False) -> None:
        self._parser = XTermParser(False)
        self._cursor_asked = cursor_asked
        self._linux_console = linux_console

    def read(self, frame: Frame) -> Iterator[Message]:
        match frame:
            case Text(text):
                for character in text:
                    yield from self._character(character)
            case Escape():
                yield events.Key("escape", "\x1b")
            case Alt(text):
                yield from self._alt(text)
            case Paste(text):
                yield events.Paste(text)
            case _:
                yield from self._sequence(frame.text)

    def _character(self, character: str) -> Iterator[events.Key]:
        if character < "\x80" or _is_visible(character):
            yield from self._known_keys(character)

    def _known_keys(self, sequence: str) -> Iterator[events.Key]:
        yield from (key for key in self._parser._sequence_to_key_events(sequence) if key.key != Keys.Ignore)

    def _alt(self, text: str) -> Iterator[events.Key]:
        if text == "\t" and self._linux_console:
            yield events.Key("shift+tab", None)
        elif text in _ALT_NAMES:
            yield events.Key(f"alt+{_ALT_NAMES[text]}", None)
        elif text.startswith("\x1b"):
            yield from (events.Key(_with_alt(key.key), None) for key in self._key_sequence(text))
        elif text in _WORD_MOVES:
            yield from self._from_table("\x1b" + text)
        elif not "\x80" <= text <= "\x9f" and text != "\ufffd":
            for key in self._parser._sequence_to_key_events(text, alt=True):
                yield events.Key(key.key if "alt+" in key.key else _with_alt(key.key), None)

    def _sequence(self, sequence: str) -> Iterator[Message]:
        if sequence == "\x1b[I":
            yield events.AppFocus()
        elif sequence == "\x1b[O":
            yield events.AppBlur()
        elif sequence.startswith("\x1b[<"):
            if _MOUSE.fullmatch(sequence) and (mouse := self._parser.parse_mouse_code(sequence)) is not None:
                yield mouse
        elif _MODE_REPORT.fullmatch(sequence):
            yield from self._parser.feed(sequence)
        elif size := _RESIZE.fullmatch(sequence):
            if all(int(number) for number in size.groups()[:2]):
                yield from self._parser.feed(sequence)
        elif (cursor := _CURSOR.fullmatch(sequence)) and (self._cursor_asked() or not _is_third_function_key(cursor)):
            yield events.CursorPosition(int(cursor[2]) - 1, int(cursor[1]) - 1)
        else:
            yield from self._key_sequence(sequence)

    def _key_sequence(self, sequence: str) -> Iterator[events.Key]:
        """A key as every protocol writes it; nothing for a sequence that is no key."""
        if other := _MODIFY_OTHER_KEYS.fullmatch(sequence):
            sequence = f"\x1b[{other[2]};{other[1]}u"
        match = _KITTY.fullmatch(sequence)
        if match and (match["end"] == "u" or match["code"] + match["end"] in FUNCTIONAL_KEYS):
            yield from self._kitty(match["code"], match["end"], match.groupdict(default=""))
        else:
            yield from self._from_table(sequence)

    def _from_table(self, sequence: str) -> Iterator[events.Key]:
        keys = ANSI_SEQUENCES_KEYS.get(sequence)
        if isinstance(keys, tuple):
            yield from (events.Key(key.value, None) for key in keys if key != Keys.Ignore)
        elif isinstance(keys, str):
            yield from self._known_keys(keys)

    def _kitty(self, code: str, end: str, fields: dict[str, str]) -> Iterator[events.Key]:
        """The kitty protocol without what Textual's parser stumbles over: alternate keys, event types, locks, bad code points."""
        named = code + end in FUNCTIONAL_KEYS
        held = max(int(fields["modifiers"] or "1") - 1, 0) & ~_LOCKS
        text = [int(one) for one in fields["text"].split(":") if one]
        if fields["kind"] == _RELEASED or not all(map(_is_character, text)) or not (named or text or _is_character(int(code))):
            return
        if not text and not named and held in {0, _SHIFT}:  # a terminal that reports all keys and leaves their text out
            text = [ord(chr(int(code)).upper()[0] if held else chr(int(code)))]
        suffix = f";{held + 1};{':'.join(map(str, text))}" if text else f";{held + 1}" if held else ""
        yield from self._known_keys(f"\x1b[{code}{suffix}{end}")


def _is_third_function_key(report: re.Match[str]) -> bool:
    """F3 with modifiers, as xterm writes it."""
    return report[1] == "1" and 2 <= int(report[2]) <= 16


def _is_character(code: int) -> bool:
    """Whether this is a code point a key can type."""
    return 0x20 <= code < 0x110000 and code != 0x7F and code not in _PRIVATE_KEYS and _is_visible(chr(code))


def _is_visible(character: str) -> bool:
    """Whether it says something: no control, nothing that is hidden in the text around it."""
    return safe_text(character) == character


def _with_alt(name: str) -> str:
    *modifiers, key = name.split("+")
    return "+".join([*sorted({*modifiers, "alt"}), key])
