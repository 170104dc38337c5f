"""Wrapping: nothing is too wide, nothing is torn, nothing is lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render.wrap import Run, cut, indent, wrap
from tests.unit.render.drawing import check, copied, lineless, texts

PLAIN, BOLD = Style(), Style(bold=True)


def broken(text: str, width: int) -> list[str]:
    return texts(wrap([(text, PLAIN)], width))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 8, ["one two", "three"]),
        ("one two  ", 20, ["one two"]),
        ("  indented text", 10, ["  indented", "text"]),
        ("a incomprehensibilities b", 10, ["a", "incomprehe", "nsibilitie", "s b"]),
        ("中文没有空格也能换行", 8, ["中文没有", "空格也能", "换行"]),
        ("中文没有，空格", 8, ["中文没", "有，空格"]),
        ("他说：「你好」再见", 8, ["他说：", "「你好」", "再见"]),
        ("用Python写程序", 8, ["用Python", "写程序"]),
        ("。。。。。。。。", 8, ["。。。。", "。。。。"]),
        ("한국어 단어는 공백에서", 9, ["한국어", "단어는", "공백에서"]),
        ("a\tb", 10, ["a   b"]),
    ],
)
def test_where_lines_break(text: str, width: int, lines: list[str]) -> None:
    assert broken(text, width) == lines


def test_what_stood_between_two_lines_is_known() -> None:
    lines = wrap([("one  two 中文字符文", PLAIN)], 8)
    assert [(line.text, line.soft, line.glue) for line in lines] == [
        ("one  two", True, " "),
        ("中文字符", True, ""),
        ("文", False, " "),
    ]


@pytest.mark.parametrize("cluster", ["👩\u200d🚀", "👍🏽", "e\u0301", "❤\ufe0f", "🇩🇪"])
def test_a_cluster_is_never_cut(cluster: str) -> None:
    for width in range(2, 9):
        assert "".join(broken(cluster * 7, width)) == cluster * 7
        assert all(line == cluster * line.count(cluster) for line in broken(cluster * 7, width)) or cluster == "🇩🇪"


def test_styles_stay_with_their_characters() -> None:
    lines = wrap([("plain ", PLAIN), ("bold words", BOLD), (" end", PLAIN)], 11)
    assert [[(segment.text, bool(segment.style and segment.style.bold)) for segment in line.segments] for line in lines] == [
        [("plain ", False), ("bold", True)],
        [("words", True), (" end", False)],
    ]


runs = st.lists(
    st.tuples(lineless.map(safe_text).map(lambda text: text.replace("\n", " ")), st.sampled_from([PLAIN, BOLD])), max_size=5
)


@given(runs, st.integers(2, 60))
@example([("❤", PLAIN), ("\ufe0f", BOLD)], 2)
@example([("a\u200d", PLAIN), ("b", BOLD)], 2)
def test_property_lines_fit_and_join_to_the_text(given_runs: list[Run], width: int) -> None:
    lines = wrap(given_runs, width)
    check(lines, width)
    text = "".join(text for text, _ in given_runs)
    if "\t" in text:  # where a tab ends is for the examples to say
        assert copied(lines).replace(" ", "") == text.replace("\t", "").replace(" ", "")
    else:
        assert copied(lines) == text.rstrip(" ")
    assert all(line.text == line.text.rstrip(" ") for line in lines)


@given(runs, st.integers(8, 60))
def test_property_a_prefix_is_lead(given_runs: list[Run], width: int) -> None:
    lines = wrap(given_runs, width)
    prefixed = indent(lines, [Segment("▎ ", BOLD)], [Segment("| ", PLAIN)])
    check(prefixed, width + 2)
    assert copied(prefixed) == copied(lines)


@given(lineless.map(safe_text).map(lambda text: text.replace("\n", " ").replace("\t", " ")), st.integers(0, 40))
def test_property_a_cut_text_fits(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cut(text, cell_len(text)) == text
