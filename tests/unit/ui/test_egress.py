"""Nothing that is drawn can be more than text, colour and a safe link."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from claude_tui.ui import egress
from tests.e2e.tokens import Token, foreign, text_of, tokens

CONSOLE = Console(force_terminal=True, color_system="truecolor", legacy_windows=False)
HOSTILE = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]52;c;cm0=\x1b\\", "\x1bP1$r\x1b\\", "\x1b_G\x1b\\", "\x1bc",
    "\x9b2J", "\x9d0;t\x9c", "\x90q\x9c",
    "\x05", "\x00", "\x7f", "\r", "\n", "\t", "\x08", "\u202e", "\u2066", "\ud800", "\udfff", "\U000e0041", "\u2028",
]  # fmt: skip
WELCOME = ["plain", "中文", "é", "👩‍💻", "❤️", "\u00a0", "\u3000", "─│█", "ab", "e\u0301", "ไทย", "नमस्ते", "עברית", "\ue0b0"]
LINKS = [
    None,
    "https://example.org/a?b=c",
    "http://[::1]/",
    "mailto:a@example.org",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://e.example/\x1b\\\x1b]52;c;AA==\x07",
    "https://e.example/ b",
    "https://é.example/",
    "HTTPS://example.org/",
    "https://" + "a" * 2001,
    "https:",
]


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    egress.install()
    egress.install()


def rendered(*segments: Segment) -> str:
    return Strip(segments).render(CONSOLE)


def strange(text: str) -> list[Token]:
    return [token for token in tokens(text) if token.kind != "text" and not token.is_colour and not token.is_link]


TEXTS = st.lists(st.one_of(st.sampled_from(HOSTILE + WELCOME), st.text(max_size=6)), max_size=6).map("".join)
STYLES = st.one_of(
    st.none(), st.builds(lambda bold, link: Style(bold=bold, color="red", link=link), st.booleans(), st.sampled_from(LINKS))
)


@given(st.lists(st.tuples(TEXTS, STYLES), max_size=6))
def test_only_text_colours_and_safe_links_come_out(parts: list[tuple[str, Style | None]]) -> None:
    output = rendered(*(Segment(text, style) for text, style in parts))
    assert strange(output) == []
    assert foreign(output) == []
    output.encode()


@given(st.lists(st.sampled_from(HOSTILE + WELCOME), max_size=8).map("".join))
def test_the_width_stays_what_the_layout_took_it_for(text: str) -> None:
    assert cell_len(rendered(Segment(text))) == cell_len(text)


@pytest.mark.parametrize("character", sorted({one for text in HOSTILE for one in text if not one.isprintable()}))
def test_what_is_deleted_had_no_width(character: str) -> None:
    kept = "\ufffd" if "\ud800" <= character <= "\udfff" else ""
    assert cell_len(character) == len(kept)
    assert rendered(Segment(f"a{character}b")) == f"a{kept}b"


@pytest.mark.parametrize("text", WELCOME)
def test_what_is_welcome_is_untouched(text: str) -> None:
    assert rendered(Segment(text)) == text


@pytest.mark.parametrize("link", LINKS[1:4])
def test_links_to_the_web_stay(link: str) -> None:
    assert f";{link}\x1b\\here" in rendered(Segment("here", Style(link=link)))


@pytest.mark.parametrize("link", LINKS[4:])
def test_other_links_are_plain_text(link: str) -> None:
    assert rendered(Segment("here", Style(link=link))) == "here"


def test_a_strip_is_filtered_once_and_copies_of_it_too() -> None:
    strip = Strip([Segment("a\x1b[2Jb", Style(bold=True))])
    assert strip.render(CONSOLE) == strip.render(CONSOLE) == "\x1b[1ma[2Jb\x1b[0m"
    assert text_of(strip.apply_offsets(0, 0).render(CONSOLE)) == "a[2Jb"
    assert text_of(strip.crop(0, 2).render(CONSOLE)) == "a["
    assert text_of(Strip.join([strip, strip]).render(CONSOLE)) == "a[2Jba[2Jb"


def test_tokens_lose_nothing() -> None:
    sample = "a\x1b[31mb\x1b]0;t\x07c\x1bPq\x1b\\d\x1b7\x05e\x1b"
    assert "".join(token.text for token in tokens(sample)) == sample
    assert [token.kind for token in tokens(sample)] == [
        "text", "csi", "text", "osc", "text", "string", "text", "escape", "control", "text", "escape",
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE[:15])
def test_the_tokenizer_finds_what_is_foreign(text: str) -> None:
    assert foreign(f"a{text}b") or text in {"\r", "\n", "\x1b[2J"}
