"""Half-typed Markdown: what is seen is never taken back, and marks that go when they are closed are never seen."""

from collections.abc import Iterator

import pytest

from claude_tui.render.document import Document
from claude_tui.render.unfinished import completed, settled_line
from tests.unit.render.drawing import DARK, texts

ORDINARY = {
    "bold": "This is **bold text** and more.\n\nNext.",
    "bold at the start": "**Note**: this is it.\n",
    "italic": "An *important* point and _another_ one.",
    "all three": "**a** and *b* and ***c*** end",
    "bold with code": "**Bold with `code` inside** and *it **bi** x*",
    "strike": "This is ~~gone~~ now",
    "code": "Use `pip install x` or `a_b` now.",
    "ticks in code": "Use ``a ` b`` now.",
    "code first": "`foo` is a function. `bar` too.",
    "link": 'See [the docs](https://example.com/a_(b)) and [more](https://example.com "Title") there.',
    "link with code": "See **[the `docs`](https://example.com/a)** for more.",
    "image": "Look: ![a cat](https://example.com/c.png) ok!\n",
    "list": "Intro:\n\n- one\n- two **bold**\n- three\n",
    "list with bold": "- **Speed**: it is fast\n- **Size**: it is small\n",
    "numbers": "1. First\n2. **Second**: do `x`\n\n   More text.\n\n10. Tenth\n",
    "nested": "- a\n  - b\n    - c\n- d\n",
    "bullets in numbers": "1. Step one\n   - detail\n   * other\n2. Step two\n",
    "tasks": "- [ ] open task\n- [x] done task\n",
    "fence": "Run:\n\n```python\ndef f(x):\n    return x\n```\n\nDone.",
    "fence in a list": "1. Do\n\n   ```sh\n   ls -l\n   ```\n\n2. Then\n",
    "tildes": "~~~\ncode\n~~~\nafter",
    "ticks in a fence": "```js\nconst a = `x${b}`;\n```\n",
    "headings": "# Title\n\nText\n\n## **Bold** sub\n\nMore\n\n### Third `x`\n",
    "table": "Here:\n\n| Name | Value |\n|:-----|------:|\n| a | `1` |\n| b | **2** |\n\nEnd.",
    "quote": "> A wise **quote**\n> of two lines\n\nAfter",
    "list in a quote": "> - one\n> - two\n",
    "rule": "Above\n\n---\n\nBelow",
    "footnote": "A claim[^1] here.\n\n[^1]: The note.\n",
    "operators": "So 5 * 3 = 15 and 2*3 and a * b.",
    "snake": "The snake_case_name and __init__ method and my_var.",
    "dots": "Wait... 3.14 is 1. of those\n2024 was\n",
    "hard breaks": "line one  \nline two\\\nthree",
    "escapes": "Not \\*bold\\* here",
    "address": "Go to https://example.com/a_b now, or <https://a.example>.",
    "index": "An array a[0] and f(x).",
    "Chinese": "这是**粗体**文字，和`代码`，见[文档](https://example.com)。\n\n- **要点**：说明\n- 第二\n",
    "dashes": "Second one - with a dash\nand - not a list.\nIt is -5 degrees and #1 in > 3.\n",
    "tags": "Use <div> and a < b && c > d.",
    "stars": "* one\n* two\n",
}


def frames(text: str) -> Iterator[list[str]]:
    """The lines after each character."""
    document = Document()
    for char in text:
        document.feed(char)
        yield texts(document.lines(DARK, 60))
    document.finish()
    yield texts(document.lines(DARK, 60))


def words(lines: list[str]) -> str:
    """What is read, without frames, rules and blanks."""
    drawn = "".join(char for line in lines for char in line if char not in " ─━┼│╭╰╌")
    return drawn.replace("copy", "")


@pytest.mark.parametrize("name", ORDINARY)
def test_nothing_that_is_seen_is_taken_back(name: str) -> None:
    seen = ""
    for lines in frames(ORDINARY[name]):
        now = words(lines)
        assert now.startswith(seen), lines
        seen = now


@pytest.mark.parametrize("name", ORDINARY)
def test_marks_are_seen_only_where_they_stay(name: str) -> None:
    every = list(frames(ORDINARY[name]))
    end = "\n".join(every[-1])
    for lines in every:
        for mark in ("**", "*", "__", "`", "```", "](", "[", "| -", "#", "~~", "\\"):
            assert "\n".join(lines).count(mark) <= end.count(mark), lines


@pytest.mark.parametrize(
    ("typed", "drawn"),
    [
        ("a **b", "a **b**"),
        ("a **b*", "a **b**"),
        ("a *b **c", "a *b **c***"),
        ("a `b", "a `b`"),
        ("a **`b", "a **`b`**"),
        ("a `", "a "),
        ("``a ` b`", "``a ` b``"),
        ("`a\\` *b", "`a\\` *b*"),
        ("[a **b](http://x", "a **b**"),
        ("[it][x", "it"),
        ("[it][x]", "[it][x]"),
        ("[^1", ""),
        ("![a](http://x", r"\[image: a"),
        ("5 * 3", "5 * 3"),
        ("2*3", "2*3"),
        ("a_b_", "a_b"),
        ("a\\", "a"),
        ("a\\\\", "a\\\\"),
        ("<https://x", "https://x"),
    ],
)
def test_completed(typed: str, drawn: str) -> None:
    assert completed(typed) == drawn


def test_a_line_of_marks_waits() -> None:
    for line in ("-", "1.", "2", "- **", "1. *", "##", "## **", "```py", "> ", "- [ ] ", "[^1]: ", "|--", "--- |", "=="):
        assert settled_line(line, code=False) == "", line
    for line in ("- a", "1. a", "2a", "## a", "- [a b", "> x", "3.14"):
        assert settled_line(line, code=False) == line
    assert settled_line("  ``", code=True) == "" and settled_line("- ", code=True) == "- "
