"""What a program sent to its terminal, as a terminal takes it apart; and which of that does not belong there.

`foreign(data)` names every token outside the repertoire of a Textual program with our driver: text, colours, cursor moves, the
modes it sets, links to the web. Text that got through with a control sequence in it shows up there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<csi>\x1b\[[0-?]*[ -/]*[@-~])
    | (?P<osc>\x1b\][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\)?)
    | (?P<string>\x1b[PX^_][^\x1b\x18\x1a]*(?:\x1b\x1b[^\x1b\x18\x1a]*)*(?:\x1b\\)?)
    | (?P<escape>\x1b[ -/]*[0-~]?)
    | (?P<control>[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f])
    | (?P<text>[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]+)
    """,
    re.VERBOSE,
)
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_LINK = re.compile(r"\x1b\]8;(?:id=\d+)?;(?:(?:https?|mailto):[\x21-\x7e]{1,2000})?\x1b\\")
_MOVE = re.compile(r"\x1b\[\d+(?:;\d+)?H|\x1b\[\d+[ABCD]|\x1b\[[0-2]?[JK]")
_MODES = ["7", "25", "1000", "1003", "1004", "1006", "1015", "1016", "1049", "2004", "2026", "2048"]
_MODE = re.compile(rf"\x1b\[\?(?:{'|'.join(_MODES)})[hl]|\x1b\[\?20(?:26|48)\$p|\x1b\[>\d+u|\x1b\[<u")
_SCROLL = re.compile(r"\x1b\[(?:\d+;\d+)?r|\x1b[DM]")
_POINTER = re.compile(r"\x1b\]22;[a-z-]*(?:\x07|\x1b\\)")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: text, csi, osc, string (DCS, APC, PM, SOS), escape, control."""

    kind: str
    text: str

    @property
    def is_colour(self) -> bool:
        return self.kind == "csi" and _SGR.fullmatch(self.text) is not None

    @property
    def is_link(self) -> bool:
        return self.kind == "osc" and _LINK.fullmatch(self.text) is not None


def tokens(data: str | bytes) -> Iterator[Token]:
    """`data` cut as a terminal cuts it. Joined again they are `data`."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    for match in _TOKEN.finditer(text):
        yield Token(match.lastgroup or "", match.group())


def text_of(data: str | bytes) -> str:
    """What would be printed, without regard to where."""
    return "".join(token.text for token in tokens(data) if token.kind == "text")


def left_on(data: str | bytes) -> set[str]:
    """What a terminal that began in its usual state still has on: modes, a pushed keyboard, a hidden cursor, colours, a region."""
    modes: set[str] = set()
    keyboards, colours, region = {"main": 0, "alternate": 0}, False, False
    for token in tokens(data):
        if change := re.fullmatch(r"\x1b\[\?(\d+)([hl])", token.text):
            usual_is_on = change[1] in ("7", "25")
            (modes.discard if (change[2] == "h") is usual_is_on else modes.add)(change[1])
        screen = "alternate" if "1049" in modes else "main"
        if re.fullmatch(r"\x1b\[>\d+u", token.text):
            keyboards[screen] += 1
        elif token.text == "\x1b[<u":
            keyboards[screen] = max(keyboards[screen] - 1, 0)
        elif re.fullmatch(r"\x1b\[(?:\d+;\d+)?r", token.text):
            region = token.text != "\x1b[r"
        elif token.is_colour:
            colours = token.text not in ("\x1b[0m", "\x1b[m")
    return modes | {
        name for name, is_on in (("keyboard", any(keyboards.values())), ("colours", colours), ("region", region)) if is_on
    }


def foreign(data: str | bytes, allowed: Iterable[str] = ()) -> list[Token]:
    """Tokens that neither belong to a Textual program nor match a pattern in `allowed` (the program's own: title, bell)."""
    patterns = [_MOVE, _MODE, _SCROLL, _POINTER, *map(re.compile, allowed)]
    return [
        token
        for token in tokens(data)
        if token.kind != "text"
        and not token.is_colour
        and not token.is_link
        and token.text not in {"\n", "\r"}
        and not any(pattern.fullmatch(token.text) for pattern in patterns)
    ]
