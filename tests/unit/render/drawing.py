"""What the tests of drawn lines share: nasty texts, the rules every line keeps, and reading lines as text."""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from rich.cells import cell_len

from claude_tui.render.base import Cell, Line
from claude_tui.render.inline import safe_link
from claude_tui.render.looks import LOOKS

DARK = LOOKS["dark"]
OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\u200e\u200f\u061c\ud800-\udfff\ufffe\uffff\ufeff]")

_PIECES = [
    "# ",
    "## x\n",
    "###### ",
    "- ",
    "* ",
    "1. ",
    "999999999. ",
    "- [ ] ",
    "- [x] done\n",
    "> ",
    ">> ",
    "---\n",
    "===\n",
    "***",
    "**",
    "*",
    "_",
    "~~",
    "`",
    "``",
    "```",
    "~~~",
    "```python\n",
    "```\n",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "  \n",
    "\\",
    "\\\n",
    "\r\n",
    "\r",
    "| a | b |\n|---|:-:|\n| 1 | \u4e8c |\n",
    "|",
    "|-|\n",
    "[a](http://x.y)",
    "[b](javascript:alert(1))",
    "![i](http://x/y.png)",
    "[",
    "](",
    "[r]: http://ref.example 'title'\n",
    "[r]",
    "<http://auto.example>",
    "<b>",
    "<br>",
    "&#27;",
    "&#x202e;",
    "&#10;",
    "&amp;",
    "https://example.com/a/very/long/path?with=query&and=more",
    "\x1b[31m",
    "\x1b]8;;http://evil\x07",
    "\x00",
    "\u202e",
    "\u2028",
    "中文字符，标点。",
    "「引号」",
    "日本語",
    "한국어",
    "\U0001f469\u200d\U0001f680",
    "👍🏽",
    "\u2764\ufe0f",
    "\ufe0f",
    "\u200d",
    "é",
    "\u0301\u0301\u0301\u0301\u0301\u0301",
    "\ud83d",
    "word ",
    "a longer run of plain words ",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    " ",
    ", ",
    ". ",
    "def f(x): return x\n",
    "$math$",
]

nasty: st.SearchStrategy[str] = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=24).map("".join)
lineless: st.SearchStrategy[str] = nasty.map(lambda text: re.sub("[\n\r\x85\u2028\u2029]", " ", text))
widths = st.integers(8, 120)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | nasty,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def cut_anywhere(text: str) -> st.SearchStrategy[list[str]]:
    """The text in pieces that join to it."""
    places = st.lists(st.integers(0, len(text)), max_size=12).map(sorted)
    return places.map(lambda cuts: [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)])


def check(lines: Sequence[Line], width: int) -> None:
    """The promises of `Line`: it fits, holds nothing a terminal obeys, and links and meta are ours."""
    assert lines
    for line in lines:
        assert sum(cell_len(segment.text) for segment in line.segments) <= width, line.text
        assert cell_len(line.text) <= width, line.text
        assert not OBEYED.search(line.text), ascii(line.text)
        assert 0 <= line.lead <= len(line.text)
        for segment in line.segments:
            assert segment.control is None and segment.style is not None
            assert segment.style.link is None or safe_link(segment.style.link)
            assert set(segment.style.meta) <= {"copy", "level"}


def texts(lines: Sequence[Line]) -> list[str]:
    return [line.text for line in lines]


def drawn(cell: Cell, width: int = 60) -> list[str]:
    """The cell's lines as text, checked."""
    lines = cell.lines(DARK, width)
    check(lines, width)
    return texts(lines)


def copied(lines: Sequence[Line]) -> str:
    """The lines joined as whoever copies them joins them."""
    parts: list[str] = []
    for line in lines:
        parts += [line.text[line.lead :], line.glue if line.soft else "\n"]
    return "".join(parts[:-1])
