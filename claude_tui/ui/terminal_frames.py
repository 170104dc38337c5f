"""Bytes from the terminal, cut into frames: text, Esc, Alt and a character, whole sequences, pastes.

Replies that are strings (OSC, DCS, APC, PM, SOS) are swallowed here, whole or split; nothing inside a paste is ever taken for a
key. Pure: the caller passes the clock, waits until `deadline` and calls `expire` when nothing came.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from dataclasses import dataclass

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
ESCAPE_DELAY = 0.010  # after a lone Esc, before it counts as the key
INTRODUCER_DELAY = 0.050  # after two bytes that begin a sequence but may be Alt and a character
SEQUENCE_DELAY = 1.0  # after more than that: nobody types it
STRING_LIMIT = 3.0  # the longest a reply that is a string may take: its end may be lost
PASTE_SETTLES = 0.050  # after the end marker: what follows at once is looked through for the true end
PASTE_SETTLES_AT_MOST = 0.5
PASTE_DELAY = 1.0  # without a byte: the end marker is lost
TYPED_AT_MOST = 256  # bytes a person or a key repeat can add while a paste settles
PASTE_LIMIT = 32 << 20

_MOUSE = re.compile(rb"\x1b\[<[^mM\x00-\x1f\x7f-\xff]{0,48}[mM]")
_CONTROL_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
_SINGLE_SHIFT = re.compile(rb"\x1bO[0-9;]{0,8}[@-~]")
_UNFINISHED = re.compile(
    rb"\x1b(?:O[0-9;]{0,8}|\[(?:[0-?]{0,256}[ -/]{0,8}|<[^mM\x00-\x1f\x7f-\xff]{0,48}|\[|M.{0,2}))\Z", re.DOTALL
)
_CONSOLE_KEY = re.compile(rb"\x1b\[\[[A-Z]")
_BROKEN = re.compile(rb"\x1b[\[O][\x20-\x7e]*")
_STRING = re.compile(rb"\x1b(?:\][0-9lLI]|P[0-9;<=>?$+!|'\"]|[X^_])")
_STRING_END = re.compile(rb"\x1b\\|\x07|\x18|\x1a|\x1b(?=[^\\])")
_MOVE = re.compile(rb"\x1b(?:\[(?:[0-9;]*[ABCDFH]|[0-9;]+~)|O[ABCDFH])")


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as typed, control characters among them."""

    text: str


@dataclass(frozen=True, slots=True)
class Escape:
    """The key Esc."""


@dataclass(frozen=True, slots=True)
class Alt:
    """A key with Alt, as Esc before it: a character, or the sequence of a key."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A whole control sequence."""

    text: str


@dataclass(frozen=True, slots=True)
class Paste:
    """What was pasted, with line feeds as line ends."""

    text: str


Frame = Text | Escape | Alt | Sequence | Paste


class FrameReader:
    """`feed` what was read, `expire` when `deadline` has passed without a byte."""

    def __init__(self, escape_delay: float = ESCAPE_DELAY) -> None:
        self.deadline: float | None = None
        self._escape_delay = escape_delay
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._undecoded = False
        self._pending = b""
        self._string_until: float | None = None
        self._paste: bytearray | None = None
        self._ends: int | None = None  # where the paste ends, as far as is known
        self._searched = 0
        self._settles_until = 0.0
        self._frames: list[Frame] = []

    def feed(self, data: bytes, now: float) -> list[Frame]:
        """The frames that are complete with `data`."""
        data, self._pending = self._pending + data, b""
        position = 0
        while position < len(data):
            if self._paste is not None:
                self._continue_paste(self._paste, data[position:], now)
                break
            if self._string_until is not None:
                position = self._skip_string(data, position, now >= self._string_until)
                continue
            escape = data.find(b"\x1b", position)
            end = len(data) if escape < 0 else escape
            self._type(data[position:end])
            if escape < 0:
                break
            position = self._take(data, escape, now)
        self._set_deadline(now)
        return self._taken()

    def expire(self, now: float) -> list[Frame]:
        """The frames that are complete because nothing followed."""
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = None
        pending, self._pending = self._pending, b""
        if self._paste is not None:
            self._end_paste(now)
        elif self._string_until is not None:
            self._string_until = None
        elif pending:
            self._resolve(pending)
        else:
            self._flush_text()
        self._set_deadline(now)
        return self._taken()

    def _resolve(self, pending: bytes) -> None:
        """A beginning nothing followed: Esc, Alt and a character, or half a sequence, which is dropped."""
        if pending.startswith(b"\x1b\x1b"):
            self._frames.append(Escape())
            pending = pending[1:]
        if pending == b"\x1b":
            self._frames.append(Escape())
        elif len(pending) == 2 or pending[1] >= 0x80:
            self._frames.append(Alt(pending[1:].decode("utf-8", "replace")))

    def finish(self) -> list[Frame]:
        """What a paste that was cut off held; a half sequence is nothing."""
        if self._paste is not None:
            self._close_paste()
        return self._taken()

    def _taken(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def _set_deadline(self, now: float) -> None:
        if self._paste is not None:
            self.deadline = now + PASTE_DELAY
            if self._ends is not None:
                self.deadline = now + PASTE_SETTLES
                if len(self._paste) - self._ends < TYPED_AT_MOST:
                    self.deadline = min(self.deadline, self._settles_until)
        elif self._string_until is not None:
            self.deadline = min(self._string_until, now + SEQUENCE_DELAY)
        elif self._pending:
            self.deadline = now + self._patience(self._pending)
        else:
            self.deadline = now + INTRODUCER_DELAY if self._undecoded else None

    def _patience(self, pending: bytes) -> float:
        if pending in {b"\x1b", b"\x1b\x1b"}:
            return self._escape_delay
        return INTRODUCER_DELAY if len(pending) == 2 else SEQUENCE_DELAY

    # Text.

    def _type(self, data: bytes) -> None:
        if data and (text := self._decoder.decode(data)):
            self._frames.append(Text(text))
        if data:
            self._undecoded = bool(self._decoder.getstate()[0])

    def _flush_text(self) -> None:
        """A character whose rest does not come is no character: a terminal that is not in UTF-8 sends those."""
        if self._undecoded:
            self._frames.append(Text(self._decoder.decode(b"", final=True)))
            self._decoder.reset()
            self._undecoded = False

    # Sequences.

    def _take(self, data: bytes, start: int, now: float) -> int:
        """Take what begins with the Esc at `start`, or keep it for later; the position behind it."""
        self._flush_text()
        follower = data[start + 1 : start + 2]
        if follower == b"\x1b":
            return self._take_second_escape(data, start)
        if follower in {b"[", b"O"}:
            return self._take_sequence(data, start)
        if follower in {b"]", b"P", b"X", b"^", b"_"}:
            if _STRING.match(data, start):
                self._string_until = now + STRING_LIMIT
                return start + 2
            if start + 2 == len(data):
                return self._keep(data, start)
        return self._take_character(data, start)

    def _keep(self, data: bytes, start: int) -> int:
        self._pending = data[start:]
        return len(data)

    def _take_second_escape(self, data: bytes, start: int) -> int:
        """Esc Esc: two keys, unless the second one begins a key that moves: that is how some terminals send Alt with it."""
        if move := _MOVE.match(data, start + 1):
            if not data.startswith((PASTE_START, PASTE_END), start + 1):
                self._frames.append(Alt(move.group().decode("ascii")))
                return move.end()
        elif _UNFINISHED.match(data, start + 1) or start + 2 == len(data):
            return self._keep(data, start)
        self._frames.append(Escape())
        return start + 1

    def _take_sequence(self, data: bytes, start: int) -> int:
        if data.startswith(b"\x1b[M", start):  # mouse bytes: anything at all, so they are counted
            return start + 6 if len(data) >= start + 6 else self._keep(data, start)
        if data.startswith(b"\x1b[[", start):  # function keys of the Linux console
            whole = _CONSOLE_KEY.match(data, start)
        elif data.startswith(b"\x1b[<", start):
            whole = _MOUSE.match(data, start)
        else:
            whole = _CONTROL_SEQUENCE.match(data, start) or _SINGLE_SHIFT.match(data, start)
        if whole is None:
            if _UNFINISHED.match(data, start):
                return self._keep(data, start)
            return self._give_up(data, start)
        if whole.group() == PASTE_START:
            self._begin_paste()
        elif whole.group() != PASTE_END:
            self._frames.append(Sequence(whole.group().decode("ascii")))
        return whole.end()

    def _give_up(self, data: bytes, start: int) -> int:
        """Something stands where no sequence has it: two bytes are Alt and a character, more were a sequence and are dropped."""
        broken = _BROKEN.match(data, start)
        end = broken.end() if broken else start + 2
        if end == start + 2:
            self._frames.append(Alt(chr(data[start + 1])))
        return end

    def _take_character(self, data: bytes, start: int) -> int:
        """Alt and one character, which may be of several bytes."""
        lead = data[start + 1] if start + 1 < len(data) else None
        if lead is None:
            return self._keep(data, start)
        length = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        character = data[start + 1 : start + 1 + length]
        if len(character) < length and all(0x80 <= byte < 0xC0 for byte in character[1:]):
            return self._keep(data, start)
        text = character.decode("utf-8", "replace")[0]
        self._frames.append(Alt(text))
        return start + 1 + (1 if text == "\ufffd" else length)

    def _skip_string(self, data: bytes, position: int, late: bool) -> int:
        """Behind the end of the string that is being swallowed."""
        end = _STRING_END.search(data, position)
        if late:
            self._string_until = None
            return position
        if end is None:
            self._pending = b"\x1b" if data.endswith(b"\x1b") else b""
            return len(data)
        self._string_until = None
        return end.start() if end.group() == b"\x1b" else end.end()

    # Pastes.

    def _begin_paste(self) -> None:
        self._paste, self._ends, self._searched = bytearray(), None, 0

    def _continue_paste(self, paste: bytearray, data: bytes, now: float) -> None:
        """Collect. The last end marker of the burst is the true one, as what is pasted can hold markers of its own."""
        paste += data
        while (found := paste.find(PASTE_END, self._searched)) >= 0:
            if self._ends is None:
                self._settles_until = now + PASTE_SETTLES_AT_MOST
            self._ends, self._searched = found, found + len(PASTE_END)
        self._searched = max(self._searched, len(paste) - len(PASTE_END) + 1)
        if len(paste) > PASTE_LIMIT:
            self._end_paste(now)

    def _end_paste(self, now: float) -> None:
        """Deliver it; what came behind its end is ordinary input."""
        whole, ends = self._close_paste()
        if ends is None and len(whole) > PASTE_LIMIT:
            self._begin_paste()
        elif ends is not None and (rest := whole[ends + len(PASTE_END) :]):
            self._frames = [*self._taken(), *self.feed(rest, now)]

    def _close_paste(self) -> tuple[bytes, int | None]:
        whole, ends = bytes(self._paste or b""), self._ends
        self._paste = self._ends = None
        self._frames.extend(_paste(one) for one in whole[:ends].split(PASTE_END + PASTE_START))
        return whole, ends


def _paste(data: bytes) -> Paste:
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return Paste(text.replace("\x00", ""))
