"""The sections of a document, and what can be found in it: headings, lines, excerpts."""

import gc
import random
from collections.abc import Sequence
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_tui.render import document as document_module
from claude_tui.render import reader as reader_module
from claude_tui.render.base import LeafRef, Line
from claude_tui.render.document import AT_ONCE, READ_ON, Document, DocumentSection
from claude_tui.render.flow import FlowLeaf
from claude_tui.render.leaf import Leaf
from claude_tui.render.reader import Reader
from claude_tui.render.run_leaves import CodeLeaf, TableLeaf
from claude_tui.render.wrap import cut as shorten
from tests.unit.render.drawing import DARK, texts
from tests.unit.render.test_markdown import blocks_in, finished
from tests.unit.render.test_reader import DOCUMENTS, cut


def leaves_of(document: Document) -> list[tuple[LeafRef, Leaf]]:
    return [(LeafRef(at, number), leaf) for at, one in enumerate(document.sections) for number, leaf in enumerate(one.leaves)]


def held(leaf: Leaf) -> str:
    if isinstance(leaf, FlowLeaf):
        return leaf.source
    if isinstance(leaf, CodeLeaf):
        return leaf.run.text.rstrip("\n")
    return leaf.run.markdown() if isinstance(leaf, TableLeaf) else type(leaf).__name__


@settings(max_examples=20)
@given(DOCUMENTS, st.integers(0, 999), st.integers(8, 120))
def test_property_a_section_that_changes_says_so(text: str, seed: int, width: int) -> None:
    document = Document()
    known: list[tuple[DocumentSection, int, Sequence[Line], int]] = []
    for part in cut(text * 2, seed):
        document.feed(part)
        sections = document.sections
        assert [one[0] for one in known] == list(sections[: len(known)])
        for section, version, lines, leaves in known:
            assert len(section.leaves) == leaves and section.version >= version
            assert section.version > version or section.draw(DARK, width).lines == lines
        known = [(one, one.version, one.draw(DARK, width).lines, len(one.leaves)) for one in sections[:-1]]


@settings(max_examples=60)
@given(DOCUMENTS, st.integers(0, 999), st.integers(8, 120))
def test_property_what_is_read_later_is_as_if_it_had_been_read_at_once(text: str, seed: int, width: int) -> None:
    choose = random.Random(seed)
    document = Document()
    with patch.multiple(document_module, AT_ONCE=30, _WHOLE=30), patch.object(reader_module, "_PIECE", 7):
        known: list[tuple[DocumentSection, int, Sequence[Line]]] = []
        for part in [*cut(text * 2, seed), ""]:
            document.feed(part)
            if not part:
                document.finish()
            for _ in range(choose.randrange(3)):
                before = document.drawn_from
                document.refine(0)
                sections = document.sections
                assert [one[0] for one in known] == list(sections[: len(known)])
                for section, version, lines in known:
                    drawn = section.draw(DARK, width).lines
                    assert drawn == lines or (section.version > version and document.drawn_from != before)
                known = [(one, one.version, one.draw(DARK, width).lines) for one in sections[:-1]]
        shown = texts(document.sections[-1].draw(DARK, width).lines)
        assert document.behind == (shown[-1:] == [shorten(READ_ON, width)])
        while document.refine(0) or document.behind:
            pass
    whole = finished(text * 2)
    assert texts(document.lines(DARK, width)) == texts(whole.lines(DARK, width))
    assert [held(leaf) for _, leaf in leaves_of(document)] == [held(leaf) for _, leaf in leaves_of(whole)]


def test_a_flood_is_read_a_bit_at_a_time() -> None:
    document = Document()
    document.feed("The beginning.\n\n")
    assert texts(document.lines(DARK, 40)) == ["The beginning."]
    flood = [f"Paragraph {number}.\n\n" for number in range(20_000)]
    document.feed("".join(flood))
    begun = len(document.sections)
    assert document.behind and texts(document.sections[-1].draw(DARK, 40).lines)[-1] == READ_ON
    assert len(document.sections) == begun, "looking reads nothing"
    steps = 0
    while document.behind:
        before, steps = document.drawn_from, steps + 1
        assert document.refine(0) and document.drawn_from != before
        document.feed("x")  # more comes meanwhile, and hurries nobody
    assert len("".join(flood)) / 2 < steps * AT_ONCE
    assert texts(document.lines(DARK, 400))[-3:] == ["Paragraph 19999.", "", "x" * steps]


def test_an_answer_somebody_comes_back_to_is_there_at_once() -> None:
    document = finished("A line.\n\n" * 30_000)
    document.changed()  # the foot, before anything was looked at
    assert len(document.sections) > 100 and not document.behind


def test_what_looks_for_something_looks_in_all_of_it() -> None:
    text = "words\n\n" * 100 + "# A heading\n\n```\ncode\n```\n\n| a |\n|---|\n| b |\n"
    with patch.multiple(document_module, AT_ONCE=30, _WHOLE=30), patch.object(reader_module, "_PIECE", 7):
        for look in (Document.headings, Document.code_blocks, Document.tables):
            document = finished(text)
            assert document.sections and document.behind
            assert len(look(document)) == 1 and not document.behind
        document = finished(text)
        assert document.sections and document.locate(200) == document.headings()[0].at


def test_a_line_without_end_is_not_read_again_and_again() -> None:
    reader = Reader()
    reader.feed("```\n" + "x" * 2_000_000)
    reads = 0
    while reader.read(AT_ONCE):
        reads += 1
    assert reads < 12


def test_sections_that_are_behind_stay_what_they_are() -> None:
    document = Document()
    seen: list[tuple[int, Sequence[Line]]] = []
    for number in range(60):
        document.feed(f"## Part {number}\n\nSome **words** and `code`.\n\n- one\n- two\n\n```\nx = {number}\n```\n\n")
        sections = document.sections
        assert [(one.version, one.draw(DARK, 80).lines) for one in sections[: len(seen)]] == seen
        seen = [(one.version, one.draw(DARK, 80).lines) for one in sections[:-1]]
    assert len(seen) > 3


def test_sections_are_bounded_whatever_is_in_them() -> None:
    for text in (
        "- a\n" * 3_000,
        "a\n" * 3_000,
        "---\n\n" * 2_000,
        "-\n" * 2_000,
        "```\n" + "x\n" * 3_000,
        "> a\n>\n" * 2_000,
        "# a\n" * 2_000,
    ):
        document = finished(text)
        assert max(len(section.draw(DARK, 80).lines) for section in document.sections) <= 300
        assert len(document.sections) < 150


def test_a_late_definition_draws_again_only_where_there_are_links() -> None:
    words = "word " * 280
    document = Document(f"{words}\n\n{words}\n\n{words} see [it] there and [more]\n\n{words}\n\n{words}\n\n{words}\n\n")
    before = [(one.version, texts(one.draw(DARK, 80).lines)) for one in document.sections[:-1]]
    document.feed("[it]: http://x.example\n\nend\n")
    after = [(one.version, texts(one.draw(DARK, 80).lines)) for one in document.sections[: len(before)]]
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old[0] != new[0]]
    assert len(changed) == 1
    assert "it (http://x.example)" in " ".join(after[changed[0]][1])


@settings(max_examples=40)
@given(DOCUMENTS, st.integers(0, 999))
def test_property_an_excerpt_of_whole_blocks_is_read_as_they_are(text: str, seed: int) -> None:
    document = finished(text.replace("[ref]:", "[ref] :"))
    refs = leaves_of(document)
    if refs:
        blanks = "\n \t>"
        assert document.excerpt(refs[0][0], refs[-1][0]).strip(blanks) == document.text.strip(blanks)
    choose = random.Random(seed)
    whole = [at for at, (_, leaf) in enumerate(refs) if leaf.whole and not leaf.path]
    if whole:
        first = last = choose.choice(whole)
        while last + 1 in whole and choose.random() < 0.8:
            last += 1
        excerpt = document.excerpt(refs[first][0], refs[last][0])
        assert [block.rstrip("\n") for block in blocks_in(finished(excerpt))] == [held(leaf) for _, leaf in refs[first : last + 1]]


@settings(max_examples=40)
@given(DOCUMENTS)
def test_property_every_line_has_the_leaf_that_draws_it(text: str) -> None:
    document = finished(text)
    refs = leaves_of(document)
    for _, leaf in refs:
        for line in (leaf.lines[0], leaf.lines[1] - 1):
            found = dict(refs)[document.locate(max(line, leaf.lines[0]))]
            assert found.lines[0] <= max(line, leaf.lines[0]) < max(found.lines[1], found.lines[0] + 1)
    assert document.locate(10**9) == (refs[-1][0] if refs else LeafRef(0, 0))


def test_an_excerpt_of_a_piece_is_its_source() -> None:
    text = "word and more " * 700
    document = finished(f"before\n\n{text}\n\nafter")
    refs = [ref for ref, leaf in leaves_of(document) if isinstance(leaf, FlowLeaf) and not leaf.whole]
    assert len(refs) > 3
    pieces = [document.excerpt(ref, ref) for ref in refs]
    assert "".join(pieces) == text.strip()
    assert document.excerpt(refs[0], refs[-1]).rstrip() == text.strip()


def test_headings_stand_where_they_are_drawn() -> None:
    document = finished("# One\n\ntext\n\n> ## *Two* `x`\n\n- a\n\nThree\n===\n\n#\n")
    found = document.headings()
    assert [(one.level, one.text) for one in found] == [(1, "One"), (2, "Two x"), (1, "Three"), (1, "")]
    for one in found[:3]:
        leaf = document.sections[one.at.section].leaves[one.at.leaf]
        assert isinstance(leaf, FlowLeaf) and leaf.shape.level == one.level


def test_a_source_is_marked_only_where_a_line_goes_on() -> None:
    document = Document("A claim")
    document.mark(1)
    for text in ("", " more\r", "", "\n"):
        document.feed(text)
        document.mark(2) if text != " more\r" else document.mark(3)
    document.finish()
    assert texts(document.lines(DARK, 40)) == ["A claim[1][2] more"]
    assert document.text == "A claim more\n"
    assert document.excerpt(LeafRef(0, 0), LeafRef(0, 0)) == "A claim more"


def test_a_section_that_is_full_keeps_no_lines() -> None:
    document = Document("```\n")
    for number in range(60):
        document.feed(f"x = {number}\n" * 7)
        document.sections[-1].draw(DARK, 80)
    assert len(document.sections) > 3
    held: list[object] = [leaf for section in document.sections[:-1] for leaf in section.settled]
    for _ in range(3):
        held = [inner for one in held for inner in gc.get_referents(one) if isinstance(inner, (list, tuple, Line, Leaf))]
        assert not any(isinstance(one, Line) for one in held)
