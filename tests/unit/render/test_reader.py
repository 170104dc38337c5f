"""Reading Markdown that grows: the same as reading it at once, at a cost that does not depend on how much there is."""

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_tui.render import nodes, parsed
from claude_tui.render.document import Document
from claude_tui.render.leaf import Leaf, Pen
from tests.unit.render.drawing import DARK, texts
from tests.unit.render.test_markdown import blocks_in, blocks_in_one_go

_INLINE = st.sampled_from(
    [
        "word",
        "**bold**",
        "`code`",
        "[a](http://b.c)",
        "[ref]",
        "[^1]",
        "中文，",
        "*",
        "`",
        "|",
        "\\",
        "<b>",
        "\U0001f600",
        "\t",
        "# x",
        "- x",
    ]
)
_LINE = st.lists(_INLINE, min_size=1, max_size=6).map(" ".join)
_LONG = st.sampled_from(
    ["plain words here ", "中文段落没有空格", "open *marks **and `code ", "x" * 50, "a [l](http://a.b) | "]
).map(lambda text: (text * 200)[:2_600])


def _indented(text: str, first: str, rest: str) -> str:
    head, *tail = text.removesuffix("\n").split("\n")
    return "".join(line + "\n" for line in (first + head, *(rest + line if line else "" for line in tail)))


_BLOCKS = st.one_of(
    st.lists(_LINE, min_size=1, max_size=3).map("\n".join),
    st.tuples(st.sampled_from(["# ", "### ", "", "- ", "> ", "1. "]), _LONG, st.sampled_from(["", "\n===", "\n---", "\nlazy"])).map(
        "".join
    ),
    st.tuples(_LINE, st.sampled_from(["===", "---"])).map("\n".join),
    st.tuples(
        st.sampled_from(["```py", "~~~", "~~~a|b", "  ```"]),
        st.lists(st.sampled_from(["x = 1", "", "\ty", "~~~", "-|-"])),
        st.booleans(),
    ).map(lambda parts: "\n".join([parts[0], *parts[1], *(["```"] if parts[2] else [])])),
    st.lists(st.sampled_from(["    x", "      y", "", "\tz"]), min_size=1, max_size=70).map("\n".join),
    st.tuples(_LINE, st.lists(_LINE, max_size=30)).map(
        lambda parts: "\n".join([f"| {parts[0].replace('|', '')} | b |", "|--|:-:|", *(f"| {line} | y" for line in parts[1])])
    ),
    st.sampled_from(
        ["[ref]: http://a.b 'title'", "[ref]:\n<http://c.d>", "[^1]: note\n\n    more", "---", "", "\n", "[not] x", "- [x] a"]
    ),
)
_NESTED = st.recursive(
    _BLOCKS.map(lambda text: text + "\n"),
    lambda inner: st.tuples(
        st.sampled_from(
            [("- ", "  "), ("1. ", "   "), ("10) ", "    "), ("> ", "> "), (" >  ", "> "), ("- [ ] ", "  "), ("[^1]: ", "    ")]
        ),
        st.lists(inner, min_size=1, max_size=3).map("".join),
    ).map(lambda parts: _indented(parts[1], *parts[0])),
    max_leaves=6,
)
DOCUMENTS = st.tuples(st.lists(_NESTED, min_size=1, max_size=4).map("\n".join), st.sampled_from(["\n", "\n", "\r\n", "\r"])).map(
    lambda parts: parts[0].replace("\n", parts[1])
)


def cut(text: str, seed: int) -> Iterator[str]:
    choose = random.Random(seed)
    most = max(choose.choice([2, 40, 400]), len(text) // 40)
    while text:
        length = choose.randint(1, most)
        yield text[:length]
        text = text[length:]


@settings(max_examples=40)
@given(DOCUMENTS, st.integers(0, 999), st.integers(8, 120), st.booleans())
@example(">\n    >  ~~~\n>  a\n", 1, 40, False)
@example("~~~||\n\n-|-", 1, 40, False)
@example("1.     ||\n-|-", 1, 40, False)
@example("- [x]  " + "中文段落" * 400 + "\n  =", 1, 40, False)
@example("```||\n-|-", 1, 40, True)
@example("- a\n\n```a\nb`c", 2, 40, False)
def test_property_pieces_give_what_the_whole_gives(text: str, seed: int, width: int, cited: bool) -> None:
    growing, whole = Document(), Document()
    choose = random.Random(seed)
    for part in cut(text, seed):
        for document in (growing, whole):
            document.feed(part)
        if cited and choose.random() < 0.2:
            growing.mark(3)
            whole.mark(3)
        if choose.random() < 0.5:
            growing.sections[-1].draw(DARK, choose.choice([width, 8, 80]))
    growing.finish()
    whole.finish()
    assert growing.lines(DARK, width) == whole.lines(DARK, width)
    assert (growing.code_blocks(), growing.tables(), growing.headings()) == (whole.code_blocks(), whole.tables(), whole.headings())
    assert [leaf.lines for one in growing.sections for leaf in one.leaves] == [
        leaf.lines for one in whole.sections for leaf in one.leaves
    ]
    if not cited:
        assert blocks_in(growing) == blocks_in_one_go(text)


def test_thirty_levels_are_kept_while_they_come() -> None:
    lists = "".join("  " * depth + "- x\n" for depth in range(30))
    quotes = "".join("> " * depth + "y\n>\n" for depth in range(1, 31))
    for text, most in ((lists, 30), (quotes, 30)):
        document = Document()
        for part in cut(text, 9):
            document.feed(part)
            assert document.sections
        document.finish()
        assert max(len(leaf.path) for section in document.sections for leaf in section.leaves) == most


def test_a_pair_or_a_line_end_in_two_pieces_is_one() -> None:
    document = Document()
    for part in ("a \ud83d", "\ude00 b\r", "\nc\n\n", "d\u2028", "e"):
        document.feed(part)
        assert document.sections
    document.finish()
    assert texts(document.lines(DARK, 40)) == ["a \U0001f600 b", "c", "", "d", "e"]


def test_the_first_definition_of_a_label_holds_and_many_cost_nothing() -> None:
    document = Document("see [one] and [r7]\n\n")
    for number in range(50):
        document.feed(f"[r{number}]: http://x.example/{number}\n")
        document.feed("[one]: http://first.example\n" if number in (0, 9) else "")
        assert document.sections
    document.feed("[one]: http://last.example\n\nend\n")
    document.finish()
    assert texts(document.lines(DARK, 90)) == ["see one (http://first.example) and r7 (http://x.example/7)", "", "end"]


_WORDS = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor "
KINDS: dict[str, tuple[str, Callable[[int], str]]] = {
    "mixed": (
        "",
        lambda i: (
            f"## Heading {i}\n\nSome **bold** text, {_WORDS}\n\n- one\n- [two](https://x.example/{i})\n\n```py\nx = {i}\n```\n\n"
        ),
    ),
    "one line": ("", lambda _: _WORDS),
    "one bold line": ("**Summary**: ", lambda _: _WORDS),
    "one line with bars": ("", lambda _: _WORDS + "| "),
    "one word": ("", lambda _: "x" * 90),
    "lines": ("", lambda _: _WORDS + "\n"),
    "heading": ("# ", lambda _: _WORDS),
    "item": ("- a\n  - ", lambda _: _WORDS),
    "Chinese": ("", lambda _: "这是一个很长的段落，里面有许多汉字，用来测试换行的速度。"),
    "code": ("```python\n", lambda i: f"def f{i}(x):\n    return x + {i}\n"),
    "code in a list": ("1. Do:\n   ```python\n", lambda i: f"   x{i} = {i} + y\n"),
    "table": ("| a | b |\n|---|---|\n", lambda i: f"| row {i} | value **{i}** |\n"),
    "list": ("", lambda i: f"- item {i} {_WORDS}\n  - sub {i}\n"),
    "deep list": ("- top\n", lambda i: f"  - item {i}\n    - sub {i}\n      - subsub {i}\n"),
    "tiny items": ("", lambda _: "- a\n"),
    "quote": ("", lambda i: f"> quoted {i} {_WORDS}\n>\n"),
    "definitions": ("", lambda i: f"[r{i}]: http://x.example/{i}\n"),
    "rules": ("", lambda _: "---\n\n"),
}


def work(kind: str, size: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The characters parsed for blocks and for inline marks, and the leaves drawn, in twenty updates behind so many characters."""
    head, more = KINDS[kind]
    done = 0
    parse, inline, draw = nodes.parse_blocks, Pen._lines, Leaf.draw  # pyright: ignore[reportPrivateUsage]

    def counted_parse(text: str, references: nodes.References) -> object:
        nonlocal done
        done += len(text)
        return parse(text, references)

    def counted_inline(pen: Pen, content: str, *rest: object) -> object:
        nonlocal done
        done += len(content)
        return inline(pen, content, *rest)  # pyright: ignore[reportArgumentType]

    def counted_draw(leaf: Leaf, pen: Pen, width: int) -> object:
        nonlocal done
        done += 10
        return draw(leaf, pen, width)

    document = Document(head)
    number = length = 0
    while length < size:
        piece = "".join(more(number + at) for at in range(40))
        number += 40
        document.feed(piece)
        length += len(piece)
        assert document.sections
    document.sections[-1].draw(DARK, 100)
    with monkeypatch.context() as patched:
        patched.setattr(parsed, "parse_blocks", counted_parse)
        patched.setattr(Pen, "_lines", counted_inline)
        patched.setattr(Leaf, "draw", counted_draw)
        for _ in range(20):
            document.feed(more(number))
            number += 1
            document.sections[-1].draw(DARK, 100)
    return done


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_costs_the_same_however_long_the_text_is(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Behind a long word there may be as much of it as is looked at before it is cut.
    most = 600_000 if kind in ("one word", "Chinese") else 200_000
    assert work(kind, 8_000, monkeypatch) < most
    assert work(kind, 60_000, monkeypatch) < most
