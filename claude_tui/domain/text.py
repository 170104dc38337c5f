"""The one sanitiser for untrusted text, and repair of text that cannot be encoded.

`safe_text` replaces character by character and keeps no state, so an escape sequence split over two deltas is as dead as a whole
one. What is stored is never changed; this runs on the way to a screen, a title, a clipboard or a log.
"""

from __future__ import annotations

import re

_ZERO_WIDTH = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb"
)
_OBEYED = "\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"
_ZERO_WIDTH_ABOVE = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
_NONE_ABOVE = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17))
_DROPPED = re.compile(f"[{_ZERO_WIDTH}{_ZERO_WIDTH_ABOVE}]")
_REPLACED = re.compile(f"[{_OBEYED}{_NONE_ABOVE}]")
_LINE_ENDS = re.compile("\r\n?|\x85|\u2028|\u2029")
# A set of characters is quick to look for as long as none of it is above U+FFFF; nearly no text has anything there.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_SUSPECT = re.compile(f"[{_OBEYED}\x85\u2028\u2029{_ZERO_WIDTH}]")
_IS_ABOVE = re.compile("[\U00010000-\U0010ffff]")
_SUSPECT_ABOVE = re.compile(f"[{_ZERO_WIDTH_ABOVE}{_NONE_ABOVE}]")
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")
# Marks of scripts that need several, joiners and variation selectors: more than eight in a row say nothing and cost drawing time.
_SIGN = (
    f"[{_MARK[1:-1]}\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0902\u093c\u0941-\u094d"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84\u200c\u200d\ufe00-\ufe0f]"
)
_PILED_SIGNS = re.compile(f"({_SIGN}{{8}}){_SIGN}+")
_PILE = re.compile(f"{_SIGN}{{5}}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def safe_text(text: str) -> str:
    """`text` with nothing in it a terminal would obey.

    Line ends become `\\n`; other C0 controls and DEL become control pictures; C1, bidirectional controls, noncharacters and lone
    surrogates become U+FFFD; zero-width and tag characters go, and marks piled more than four high. Joiners (ZWJ, ZWNJ) and
    variation selectors up to 16 stay, as do marks of scripts that need more, up to eight in a row. Idempotent.
    """
    if text.isascii():
        return _cleaned(text) if _CONTROL.search(text) else text
    if _SUSPECT.search(text) or (_IS_ABOVE.search(text) and _SUSPECT_ABOVE.search(text)):
        text = _cleaned(text)
    return _PILED_SIGNS.sub(r"\1", _PILED_MARKS.sub(r"\1", text)) if _PILE.search(text) else text


def _cleaned(text: str) -> str:
    text = _LINE_ENDS.sub("\n", repair(text))
    return _REPLACED.sub(_visible, _DROPPED.sub("", text))


def safe_line(text: str, limit: int = 200) -> str:
    """`safe_text` on one line: white space folded, at most `limit` characters (an ellipsis marks a cut)."""
    line = " ".join(safe_text(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def repair(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced: what UTF-8 and a request body can carry."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def join_pairs(text: str) -> str:
    """`text` with surrogate pairs joined, as a pair split over two deltas has to be; lone surrogates stay as they are."""
    return text if encodable(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def encodable(text: str) -> bool:
    """Whether `text` can be encoded as it is (no surrogates)."""
    return _SURROGATE.search(text) is None
