"""Long paragraphs: their pieces are bounded, and drawn one behind the other they are the lines of the whole."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_tui.render.document import Document
from claude_tui.render.flow import LONGEST_PIECE, FlowLeaf, next_cut
from claude_tui.render.wrap import wrap
from tests.unit.render.drawing import DARK, copied, texts

_WORDS = st.sampled_from(
    [
        "word ",
        "longer words here ",
        "中文，",
        "「引」",
        "x",
        "y" * 70 + " ",
        "👩\u200d🚀",
        "e\u0301",
        "한국어 ",
        " z",
        ". ",
        "a/b/c ",
        "日本語",
    ]
)
LONG = st.lists(_WORDS, min_size=5, max_size=30).map(lambda words: ("".join(words).strip() + " ") * 12 + "end")


def flow_of(text: str) -> Document:
    document = Document(text)
    document.finish()
    return document


def pieces_of(document: Document) -> list[FlowLeaf]:
    return [leaf for section in document.sections for leaf in section.leaves if isinstance(leaf, FlowLeaf)]


@settings(max_examples=40)
@given(LONG, st.integers(8, 130))
@example("x" * 25_000, 17)
@example("中" * 5_000, 31)
def test_property_pieces_are_drawn_as_one_text(text: str, width: int) -> None:
    def shown(lines: Any) -> list[Any]:
        return [(line.text, line.soft, line.glue) for line in lines]

    assert shown(flow_of(text).lines(DARK, width)) == shown(wrap([(text, DARK.text)], width))


MONSTERS = {
    "one word": "x" * 50_000,
    "no spaces": "中" * 20_000,
    "open marks": "a *b `c **d " * 3_000,
    "words": "word " * 9_000,
    "brackets": "[a " * 9_000,
    "short lines": "x\ny\n" * 3_000,
}


@pytest.mark.parametrize("name", MONSTERS)
def test_pieces_are_bounded(name: str) -> None:
    text = MONSTERS[name]
    document = flow_of(text)
    pieces = pieces_of(document)
    assert "".join(piece.source for piece in pieces) == text.strip()
    assert all(len(piece.source) <= LONGEST_PIECE + 2_100 for piece in pieces)
    assert all(len(section.draw(DARK, 80).lines) <= 300 for section in document.sections)


def test_emphasis_code_and_links_are_not_parted() -> None:
    text = "some **bold words** and `a piece of code` and [a link](https://example.com) there " * 100
    drawn = "".join(line.text for line in flow_of(text).lines(DARK, 100))
    assert not set("*`[]") & set(drawn)


def test_a_cut_depends_on_the_text_before_it_alone() -> None:
    text = "word and 中文 *more* " * 400
    cut = next_cut(text, 0, len(text))
    assert cut is not None
    for length in range(cut + 1, cut + 300, 7):
        assert next_cut(text[:length], 0, length) == cut
    assert next_cut(text[:cut], 0, cut) is None


def test_a_setext_line_makes_a_heading_of_all_pieces() -> None:
    document = Document("word " * 1_000)
    drawn = [texts(section.draw(DARK, 80).lines) for section in document.sections]
    versions = [section.version for section in document.sections]
    document.feed("\n===\n\nnext\n")
    document.finish()
    assert all(new.version > old for new, old in zip(document.sections, versions, strict=False))
    assert document.headings()[0].level == 1
    assert texts(document.lines(DARK, 80))[: len(drawn[0])] == drawn[0]
    assert copied(document.lines(DARK, 80)).startswith(("word " * 1_000).strip())
