"""Untrusted text: nothing a terminal obeys gets through, what people write stays."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain.text import encodable, join_pairs, repair, safe_line, safe_text

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ud800-\udfff\ufffe\uffff]")
HIDDEN = re.compile("[\u200b\u2060-\u2064\ufeff\u00ad\U000e0000-\U000e0fff]")
MARK = "\u0301"

odd = st.sampled_from(
    ["\x1b[31m", "\x1b]8;;x\x07", "\x9b1m", "\r", "\n", "\u202e", "\u200b", MARK, MARK * 3, "\ud83d", "\ude80", "a", "👩\u200d🚀"]
)
untrusted = st.lists(odd | st.text(max_size=4) | st.characters(categories=["Cs", "Cc", "Cf", "Mn"]), max_size=8).map("".join)


@given(untrusted)
@example("a" + MARK * 4 + "\u200b" + MARK * 4)
@example("a" + MARK * 4 + "\u034f" + MARK)
@example("\udb40\udc41")
@example("\r\u200b\n")
def test_property_safe_text_is_idempotent_and_clean(text: str) -> None:
    safe = safe_text(text)
    assert safe_text(safe) == safe
    assert not OBEYED.search(safe) and not HIDDEN.search(safe)
    assert encodable(safe)


def joins(first: str, second: str) -> bool:
    """Whether two texts may become something else together: a line end, a pair of surrogates, a pile of marks."""
    ends, begins = first[-1:], second[:1]
    pair = "\ud800" <= ends <= "\udbff" and "\udc00" <= begins <= "\udfff"
    marks = any(unicodedata.combining(one) or unicodedata.category(one) in ("Mn", "Me", "Cf") for one in begins)
    return pair or marks or (ends == "\r" and begins == "\n")


@given(untrusted, untrusted)
def test_property_two_deltas_are_as_safe_as_one_text(first: str, second: str) -> None:
    apart = safe_text(first) + safe_text(second)
    assert not OBEYED.search(apart)
    if not joins(first, second):
        assert apart == safe_text(first + second)


PAYLOADS = {
    "\x1b[2J\x1b[H": "␛[2J␛[H",
    "\x1b]0;title\x07": "␛]0;title␇",
    "\x1b]52;c;ZXZpbA==\x1b\\": "␛]52;c;ZXZpbA==␛\\",
    "\x1bP+q\x1b\\": "␛P+q␛\\",
    "\x9b31m": "\ufffd31m",
    "\x9d8;;x\x9c": "\ufffd8;;x\ufffd",
    "a\x08b\x7fc\x00d": "a␈b␡c␀d",
    "a\r\nb\rc\x85d\u2028e\u2029f": "a\nb\nc\nd\ne\nf",
    "a\tb\n": "a\tb\n",
    "\x0b\x0c\x0e": "␋␌␎",
    "safe\u202efdp.exe": "safe\ufffdfdp.exe",
    "\u2066a\u2069": "\ufffda\ufffd",
    "pass\u200bword\u2060\ufeff\u00ad": "password",
    "x\U000e0041\U000e007f": "x",
    "\u2062\u2063\u180e\u115f\u3164": "",
    "\ufdd0\ufffe\uffff": "\ufffd\ufffd\ufffd",
    "\ud83d\ude80": "🚀",
    "\ud83d!": "\ufffd!",
    "Z" + MARK * 9 + "!": "Z" + MARK * 4 + "!",
}


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_payloads(payload: str) -> None:
    assert safe_text(payload) == PAYLOADS[payload]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world.\n\tindented",
        "汉字 かな 한국어 ไทยที่ हिन्दी العربية עברית",
        "e\u0301 n\u0303 Việt",
        "👩\u200d🚀 👨\u200d👩\u200d👧\u200d👦 ❤\ufe0f ☺\ufe0e 🇨🇭 👍🏽",
        "نمی\u200cخواهم क\u094d\u200dष",
        "−∑∞ ┌─┐ █ ␛",
        "\ue0b0 private use",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert safe_text(text) == text


@given(untrusted, st.integers(2, 60))
def test_property_a_line_is_one_line(text: str, limit: int) -> None:
    line = safe_line(text, limit)
    assert len(line) <= limit and len(line.splitlines()) <= 1 and line == line.strip()


def test_a_line_that_is_cut_says_so() -> None:
    assert safe_line("a  b\n\nc") == "a b c"
    assert safe_line("x" * 10, 5) == "xxxx…"


@given(untrusted)
@example("\ufeffa\ud800")
@example("\udc00\ud800\udc00")
@example("a\ud800")
def test_property_repaired_text_can_be_encoded(text: str) -> None:
    fixed = repair(text)
    assert encodable(fixed) and repair(fixed) == fixed
    fixed.encode()
    assert fixed is text or not encodable(text)
    joined = join_pairs(text)
    assert repair(joined) == fixed and join_pairs(joined) == joined
    assert len(fixed) == len(joined)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("a", "a"),
        ("\ud83d\ude80", "🚀"),
        ("\ude80\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude80x", "\ufffd🚀x"),
        ("\ufeff\ud800", "\ufeff\ufffd"),
    ],
    ids=range(5),
)
def test_repair(text: str, fixed: str) -> None:
    assert repair(text) == fixed
