"""Markdown: how each construct looks, and that it looks the same whatever pieces the text came in."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Line
from claude_tui.render.builders import Place, TableBuilder
from claude_tui.render.document import Document
from claude_tui.render.flow import FlowLeaf
from claude_tui.render.looks import LOOKS
from claude_tui.render.markdown import render_markdown
from claude_tui.render.parsed import Parsed, has_box
from claude_tui.render.run_leaves import CodeLeaf, TableLeaf
from claude_tui.render.skeleton import Rest
from claude_tui.ui.egress import SAFE_LINK
from claude_tui.ui.extracts import links_of
from tests.unit.render.drawing import DARK, check, copied, cut_anywhere, nasty, texts, widths


def look_of(text: str, width: int = 40) -> list[str]:
    lines = render_markdown(text, DARK, width)
    check(lines, width)
    return texts(lines)


def blocks_in(document: Document) -> list[str]:
    """What its leaf blocks hold, pieces put together again."""
    blocks: dict[object, str] = {}
    for section in document.sections:
        for leaf in section.leaves:
            if isinstance(leaf, FlowLeaf):
                blocks[leaf.shape] = blocks.get(leaf.shape, "") + leaf.source
            elif isinstance(leaf, CodeLeaf):
                blocks[leaf.run] = leaf.run.text
            elif isinstance(leaf, TableLeaf):
                blocks[leaf.run] = leaf.run.markdown()
            else:
                blocks[leaf] = type(leaf).__name__
    return list(blocks.values())


def blocks_in_one_go(text: str) -> list[str]:
    """The same, from a parse of the whole text."""
    blocks: list[str] = []
    parsed = Parsed(Rest(safe_text(text)), "", {})
    for leaf in parsed.leaves:
        node = leaf.node
        if node.type in ("fence", "code_block"):
            blocks.append(node.content.removesuffix("\n"))
        elif node.type == "table":
            place = Place((), -1, 0)
            builder = TableBuilder(place, node, parsed.line)
            builder.settle(node, parsed.line, final=True)
            blocks.append(builder.run.markdown())
        elif node.type in ("paragraph", "heading"):
            blocks.append(node.content[4:] if has_box(leaf) else node.content)
        else:
            blocks.append("RuleLeaf" if node.type == "hr" else "EmptyLeaf")
    return blocks


def finished(text: str, *, breaks: bool = False) -> Document:
    document = Document(text, breaks=breaks)
    document.finish()
    return document


CONSTRUCTS: dict[str, tuple[str, list[str]]] = {
    "paragraphs": ("One.\n\nTwo.", ["One.", "", "Two."]),
    "verse": ("Roses are red,\nviolets are blue.", ["Roses are red,", "violets are blue."]),
    "headings": (
        "# One\n## Two\n### Three\ntext",
        ["One", "━━━", "", "Two", "───", "", "Three", "", "text"],
    ),
    "bullets": ("- one\n- two\n  - three\n    - four", ["• one", "• two", "  ◦ three", "    ▪ four"]),
    "loose": ("- one\n\n- two", ["• one", "", "• two"]),
    "hanging": (
        "- a bullet that is longer than the line it is on",
        ["• a bullet that is longer than the line", "  it is on"],
    ),
    "numbers": ("9. nine\n9. ten", ["9. nine", "10. ten"]),
    "half loose": ("- one\n- two\n\n- three", ["• one", "• two", "", "• three"]),
    "footnote": ("so[^1] it is\n\n[^1]: a *note*\n    of two lines", ["so[1] it is", "", "[1] a note", "    of two lines"]),
    "tasks": ("- [x] done\n- [ ] open", ["☑ done", "☐ open"]),
    "quote": ("> wise\n> words\n>\n> > nested", ["▎ wise", "▎ words", "▎ ", "▎ ▎ nested"]),
    "rule": ("a\n\n---\n\nb", ["a", "", "─" * 40, "", "b"]),
    "hard break": ("one\\\ntwo  \nthree", ["one", "two", "three"]),
    "link": ("[docs](https://example.com/a)", ["docs (https://example.com/a)"]),
    "bare link": ("see <https://example.com>.", ["see https://example.com."]),
    "own name": ("[example.com](https://example.com/)", ["example.com"]),
    "image": ("![a cat](https://example.com/c.png)", ["[image: a cat]", "(https://example.com/c.png)"]),
    "tags": ("a <b>tag</b> &amp; more", ["a <b>tag</b> & more"]),
    "code": (
        "```python\nx = 1\n\ny = 2\n```",
        ["╭─ python " + "─" * 25 + " copy", "│ x = 1", "│ ", "│ y = 2", "╰" + "─" * 39],
    ),
    "open fence": ("```\nx = 1", ["╭" + "─" * 34 + " copy", "│ x = 1", "╰" + "─" * 39]),
    "indented": ("    x = 1", ["╭" + "─" * 34 + " copy", "│ x = 1", "╰" + "─" * 39]),
    "long code": (
        "```\n" + "x" * 50 + "\n```",
        ["╭" + "─" * 34 + " copy", "│ " + "x" * 38, "│ ↪ " + "x" * 12, "╰" + "─" * 39],
    ),
    "code in a list": (
        "1. do\n   ```sh\n   ls\n   ```\n2. done",
        ["1. do", "   ╭─ sh " + "─" * 26 + " copy", "   │ ls", "   ╰" + "─" * 36, "2. done"],
    ),
    "table": (
        "| Name | Cells |\n|:--|--:|\n| 中文 | 4 |\n| latin | 10 |",
        [" Name  │ Cells", "───────┼───────", " 中文  │     4", " latin │    10"],
    ),
    "centre": ("| a |\n|:-:|\n| wide |", ["  a", "──────", " wide"]),
    "tall table": (
        "| a | b |\n|---|---|\n| x | several words that do not fit in there |\n| y | 短 |",
        [" a │ b", "───┼" + "─" * 36, " x │ several words that do not fit in", "   │ there", "╌╌╌┼" + "╌" * 36, " y │ 短"],
    ),
    "line tag in a table": ("| a |\n|---|\n| one<br>two |", [" a", "─────", " one", " two"]),
    "half a table": ("| a | b |\n|---|---|\n| 1", [" a │ b", "───┼───", " 1 │"]),
}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_how_a_construct_looks(name: str) -> None:
    text, lines = CONSTRUCTS[name]
    assert [line.rstrip() for line in look_of(text)] == [line.rstrip() for line in lines]


def test_a_table_that_cannot_fit_becomes_names_and_values() -> None:
    table = "| Model | Context | Price | Note |\n|---|---|---|---|\n"
    table += "| Opus | 1000000 | 5.00 | best of them all |\n| 小模型 | 200000 | 1.00 | 快 |"
    assert look_of(table, 16) == [
        "Model: Opus",
        "Context: 1000000",
        "Price: 5.00",
        "Note: best of",
        "  them all",
        "╌" * 12,
        "Model: 小模型",
        "Context: 200000",
        "Price: 1.00",
        "Note: 快",
    ]


def test_an_editors_line_ends_are_spaces_and_a_prompts_are_kept() -> None:
    long = "A line that an editor has broken because it was getting too long for it,"
    assert look_of(f"{long}\nso it goes on.", 120) == [f"{long} so it goes on."]
    assert texts(finished(f"{long}\nso it goes on.", breaks=True).lines(DARK, 120)) == [long, "so it goes on."]
    assert look_of("这一行很长很长，" * 5 + "\n所以换行了", 120) == ["这一行很长很长，" * 5 + "所以换行了"]


def test_a_definition_may_come_last() -> None:
    document = Document("see [it][x]\n\nand more\n\n")
    assert texts(document.lines(DARK, 60)) == ["see [it][x]", "", "and more"]
    document.feed("[x]: https://example.com/it\n")
    assert texts(document.lines(DARK, 60)) == ["see it (https://example.com/it)", "", "and more"]


def styles_of(lines: Sequence[Line], text: str) -> list[Any]:
    return [segment.style for line in lines for segment in line.segments if text in segment.text]


def test_only_addresses_of_the_web_and_of_mail_are_links() -> None:
    text = "[a1](https://x.example/ä) [b2](mailto:me@x.example) [c3](vscode://run) [d4](./run.sh) [e5](javascript:x) <ssh://f6>"
    links = {
        segment.text: segment.style.link for line in render_markdown(text, DARK, 120) for segment in line.segments if segment.style
    }
    assert links["a1"] == "https://x.example/%C3%A4"
    assert links["b2"] == "mailto:me@x.example"
    assert {text: link for text, link in links.items() if link and text not in ("a1", "b2")} == {}


def test_a_bare_address_ends_where_the_sentence_goes_on() -> None:
    lines = render_markdown("看 https://example.com/a_b_c，以及 (https://example.org/x_(y)).", DARK, 120)
    assert [segment.text for line in lines for segment in line.segments if segment.style and segment.style.link] == [
        "https://example.com/a_b_c",
        "https://example.org/x_(y)",
    ]


@pytest.mark.parametrize("start", ["https://", "http://", "mailto:"])
@pytest.mark.parametrize("form", ["{}", "[a]({})", "see {}..."])
def test_a_link_is_whole_and_passes_the_last_filter_or_is_none(start: str, form: str) -> None:
    for length in range(1_995, 2_012):
        address = start + "x" * (length - len(start))
        lines = render_markdown(form.format(address), DARK, 120)
        links = {segment.style.link for line in lines for segment in line.segments if segment.style and segment.style.link}
        assert links <= {address} and all(map(SAFE_LINK.fullmatch, links))
        assert set(links_of(form.format(address))) <= {address}
        assert links or length > 2_000 or (start == "mailto:" and not form.startswith("["))


def test_every_code_block_has_a_copy_label_with_its_number() -> None:
    text = "```a\n1\n```\n\n- x\n  ```b\n  2\n  ```\n\n> ```c\n> 3\n> ```\n\n    4\n"
    document = finished(text)
    metas = [
        segment.style.meta
        for line in document.lines(DARK, 60)
        for segment in line.segments
        if segment.text == "copy" and segment.style
    ]
    assert metas == [{"copy": 0}, {"copy": 1}, {"copy": 2}, {"copy": 3}]
    assert document.code_blocks() == ["1", "2", "3", "4"]


def test_the_mark_of_a_folded_code_line_is_not_copied() -> None:
    code = "    return some_function(with_an_argument, and_another)  # 注释也很长很长很长很长"
    lines = render_markdown(f"```python\n{code}\n```", DARK, 30)
    assert copied(lines[1:-1]) == code


def test_levels_and_emphasis_can_be_told_without_colour() -> None:
    plain = LOOKS["plain"]
    seen = {styles_of(render_markdown("#" * level + " x", plain, 20), "x")[0] for level in range(3, 7)}
    assert len(seen) == 4
    assert len({str(styles_of(render_markdown(mark + "x" + mark, plain, 20), "x")[0]) for mark in ("", "*", "**", "~~")}) == 4


def test_an_unknown_language_is_plain_and_none_is_guessed() -> None:
    code = "def f():\n    return 1"
    for info in ("", "nonsense", "../../etc", "\x1b[31m"):
        colors = {
            segment.style for line in render_markdown(f"```{info}\n{code}\n```", DARK, 60)[1:-1] for segment in line.segments[1:]
        }
        assert colors == {DARK.code}


def test_nesting_fits_any_width() -> None:
    text = "\n".join("  " * depth + "- x" for depth in range(30)) + "\n\n" + ">" * 30 + " deep"
    for width in (8, 9, 12, 20):
        lines = look_of(text, width)
        assert sum("x" in line for line in lines) == 30
        assert "deep" in lines[-1]


def test_a_flood_of_brackets_stays_text() -> None:
    assert "".join(look_of("![" * 3_000)) == "![" * 3_000
    assert look_of("[" * 1_001 + "\n*x*")[-1].endswith(" *x*")


@given(nasty, widths)
@example("- " * 50 + "x", 8)
@example("> " * 120 + "x", 8)
@example("|" * 60 + "\n" + "|-" * 59 + "|\n", 8)
@example("1000000000000. x\n999999999. y", 8)
def test_property_any_text_fits_any_width(text: str, width: int) -> None:
    for name in ("dark", "plain"):
        check(render_markdown(text, LOOKS[name], width), width)


pieces = nasty.flatmap(cut_anywhere)


@given(pieces, widths)
@example(["# a\n#", "tag\n"], 40)
@example(["a\n\n***", "bold***\n"], 40)
@example(["[x]: http://a", ".example\n\n[x]\n\n[x]: http://b.example\n"], 40)
@example(["- a\n", "\n", "- b\n\n1. c\n", "2. d\n"], 40)
@example(["a\r", "\nb\n\n", "| a |\n|-", "|\n| 1 |\n\nend"], 40)
def test_property_any_pieces_give_the_lines_of_one_text(parts: list[str], width: int) -> None:
    text = "".join(parts)
    growing = Document()
    for part in parts:
        growing.feed(part)
        check(growing.lines(DARK, width) or [Line(())], width)
    growing.finish()
    assert (growing.lines(DARK, width) or [Line(())]) == render_markdown(text, DARK, width)
    assert growing.code_blocks() == finished(text).code_blocks()


@given(nasty)
def test_property_the_blocks_are_those_of_a_whole_parse(text: str) -> None:
    growing = Document()
    for line in text.split("\n"):
        growing.feed(line + "\n")
        assert growing.sections
    growing.finish()
    assert blocks_in(growing) == blocks_in(finished(text + "\n")) == blocks_in_one_go(text + "\n")


@given(st.lists(st.sampled_from(["word", "中文，", "another", "`x`", "end."]), max_size=30).map(" ".join), widths)
def test_property_a_copied_paragraph_is_its_text(text: str, width: int) -> None:
    assert copied(render_markdown(text, DARK, width)) == text.replace("`", "")
