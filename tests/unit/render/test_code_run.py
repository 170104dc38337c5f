"""Code blocks: what is drawn line by line, in chunks and as a whole, and what that costs."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import Keyword
from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render import code_run
from claude_tui.render.base import Line
from claude_tui.render.code import fold
from claude_tui.render.code_run import CHUNK, CodeRun
from claude_tui.render.line_lexer import START, LineLexer, WholeLexing, lexer_of
from claude_tui.render.wrap import clusters, expand_tabs
from tests.unit.render.drawing import DARK, check, copied, cut_anywhere, nasty, widths
from tests.unit.render.wholes import highlight

CLIPPED = dataclasses.replace(DARK, clip_code=True)
WIDE = 4_000
SNIPPETS = {
    "python": '"""Doc\nit\'s\n"""\nclass A(B):\n\tdef f(self, x=1):\n        y = """a\n{x}"""\n        return f"{x!r}"  # é\n',
    "js": "/* a\n * it's\n */\nfunction f(a) {\n  const t = `x ${a}\n  y`; // c\n  return /re/g.test(t) ? 1 : 2;\n}\n",
    "json": '{\n  "a": [1, 2.5, true],\n  "中文": {"c": null}\n}\n',
    "yaml": 'a: 1\nb:\n  - x: "y"\nc: |\n  text\nd: &x {a: b}\n',
    "html": "<!-- a\n b -->\n<style>\na { color: red; }\n</style>\n<script>\nlet a = 1;\nif (a < 2) f();\n</script>\n<b c='x'>\n",
    "bash": "cat <<'EOF' > x\nif it is\nEOF\nfor i in *; do\n  echo \"a $i\n  b\"\ndone\n",
    "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n",
    "rust": 'fn main() {\n    /* a\n b */\n    println!("a\n b {}", x);\n}\n',
    "sql": "/* a\n b */\nSELECT a FROM t -- c\nWHERE a = 'x';\n",
    "go": "package main\n\nfunc f(x int) string {\n\treturn `a\nb`\n}\n",
    "ruby": 'def f(x)\n  "a #{x}"\nend\n',
    "html+django": "<a>{% if x %}</a>\n{% endif %}\n",
    "nonsense": "def f():\n    return 1\n",
    "": "def f():\n    return 1\n",
}
EXACT_BY_LINE = ["python", "js", "json", "html", "bash", "diff", "rust", "sql", "go", "html+django"]

languages = st.sampled_from(sorted(SNIPPETS))
pieces = st.sampled_from([line + "\n" for code in SNIPPETS.values() for line in code.split("\n")])
codes = st.lists(pieces | nasty, max_size=16).map("".join)


@pytest.fixture(autouse=True)
def _nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_run, "_pieces", code_run._Recent(code_run._MOST_PIECES))
    monkeypatch.setattr(code_run, "_exact", code_run._Recent(code_run._MOST_HELD_EXACT))


@pytest.fixture
def lexed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that were lexed one by one."""
    lines: list[str] = []
    line = LineLexer.line

    def counted(self: LineLexer, text: str, state: Any) -> Any:
        lines.append(text)
        return line(self, text, state)

    monkeypatch.setattr(LineLexer, "line", counted)
    return lines


def run_of(code: str, language: str = "python", *, closed: bool = False) -> CodeRun:
    run = CodeRun(language, 0)
    run.extend(code.split("\n"))
    if closed:
        run.close()
    return run


def whole(run: CodeRun, look: Any = DARK, width: int = 60) -> list[Line]:
    return run.draw(0, run.count, look, width)


def refined(run: CodeRun) -> CodeRun:
    while run.refine(0):
        pass
    return run


def colours(lines: Sequence[Line]) -> list[list[tuple[str, Style | None]]]:
    """The styles of what is behind the rail, character by character."""
    return [[(char, segment.style) for segment in line.segments[1:] for char in segment.text] for line in lines]


def expected(code: str, language: str) -> list[list[tuple[str, Style]]]:
    return [[(char, style) for text, style in runs for char in text] for runs in highlight(code, language, DARK)]


def clean(code: str) -> list[str]:
    return [expand_tabs(line) for line in safe_text(code).split("\n")]


def python(lines: int) -> str:
    body = 'def f(x: int) -> str:\n    """Doc\n    goes on."""\n    return f"{x}" + "y"  # note\n'
    return "\n".join((body * (lines // 4 + 1)).split("\n")[:lines])


@settings(max_examples=60)
@given(st.data(), codes, languages, widths)
def test_drawing_by_chunks_is_drawing_at_once(data: st.DataObject, code: str, language: str, width: int) -> None:
    at_once, bit_by_bit = run_of(code, language), CodeRun(language, 0)
    lines = code.split("\n")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=6)))
    drawn: list[Line] = []
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        before = bit_by_bit.count
        bit_by_bit.extend(lines[start:end])
        bit_by_bit.draw_partial(data.draw(nasty), DARK, width)
        drawn += bit_by_bit.draw(before, bit_by_bit.count, DARK, width)
    assert drawn == whole(at_once, width=width)
    assert bit_by_bit.text == at_once.text and bit_by_bit.version == 0


@settings(max_examples=60)
@given(codes, languages, widths, st.booleans())
def test_characters_never_change(code: str, language: str, width: int, closed: bool) -> None:
    run = run_of(code, language, closed=closed)
    lines = whole(run, width=width)
    check(lines, width)
    assert copied(lines) == "\n".join(clean(run.text))
    assert run.text == safe_text(run.text)
    # Only what is no line end to whoever cuts lines makes more of them.
    assert run.count >= len(code.split("\n"))


@settings(max_examples=60)
@given(codes, languages, widths)
def test_a_clipped_line_is_one_that_fits(code: str, language: str, width: int) -> None:
    run = run_of(code, language)
    lines = whole(run, CLIPPED, width)
    check(lines, width)
    for line, source in zip(lines, clean(run.text), strict=True):
        shown = line.text[line.lead :]
        assert not line.soft
        assert shown == source or (shown.endswith("…") and source.startswith(shown[:-1]))
        assert shown == source or sum(cells for _, cells in clusters(shown)) >= width - line.lead - 1


@pytest.mark.parametrize("language", SNIPPETS)
@pytest.mark.parametrize("copies", [1, 60])
def test_a_closed_block_has_the_colours_of_the_whole(language: str, copies: int) -> None:
    code = SNIPPETS[language] * copies
    run = run_of(code, language, closed=True)
    whole(run, width=WIDE)
    version = run.version
    refined(run)
    assert (run.version > version) == (len(code) > 4_096 and lexer_of(language) is not None)
    assert colours(whole(run, width=WIDE)) == expected("\n".join(clean(code)), language)


@pytest.mark.parametrize("language", EXACT_BY_LINE)
def test_lines_are_coloured_as_in_the_whole_while_they_come(language: str) -> None:
    code = "\n".join(clean(SNIPPETS[language]))
    got = colours(whole(run_of(code, language), width=WIDE))
    # White space has its type from where a rule ends: it does not show.
    shown = [[pair for pair in line if pair[0] != " "] for line in got]
    assert shown == [[pair for pair in line if pair[0] != " "] for line in expected(code, language)]
    assert len({style for line in shown for _, style in line}) > 1


def test_tokens_are_those_of_the_lexer() -> None:
    code = SNIPPETS["python"].replace("\t", "    ")
    lexer = lexer_of("python")
    assert lexer is not None
    lexing = WholeLexing(lexer, code.split("\n"))
    lexing.go_on(math.inf)
    given_ = [(char, token) for token, text in lexer.lexer.get_tokens(code) for char in text if char != "\n"]
    got = [
        token
        for tokens in lexing.lines
        for start, end, token in zip((0, *tokens[::2]), tokens[::2], tokens[1::2], strict=False)
        for _ in range(end - start)
    ]
    assert got == [token for _, token in given_]


@given(st.data(), nasty)
def test_a_partial_line_looks_as_it_will_and_changes_nothing(data: st.DataObject, before: str) -> None:
    run = run_of('x = """a\n' + before)
    code = data.draw(nasty)
    drawn = whole(run)
    for part in data.draw(cut_anywhere(code)):
        check(run.draw_partial(part, DARK, 20), 20)
    count, partial = run.count, run.draw_partial(code, DARK, 60)
    assert whole(run) == drawn and run.version == 0
    run.extend(code.removesuffix("\r").split("\n") if "\r\n" not in code else [code])
    assert run.draw(count, run.count, DARK, 60) == partial


def test_a_streamed_line_is_lexed_once(lexed: list[str]) -> None:
    run = CodeRun("python", 0)
    for line in python(1_000).split("\n"):
        run.extend([line])
        run.draw(run.count - 1, run.count, DARK, 60)
    assert len(lexed) == 1_000
    del lexed[:]
    run.draw_partial("x = 1", DARK, 60)
    assert lexed == ["x = 1"]


def test_a_window_anywhere_costs_what_is_near(lexed: list[str]) -> None:
    run = run_of(python(20_000))
    assert not lexed
    for first in (10_000, 3, 19_960, 10_040, 10_400):
        del lexed[:]
        run.draw(first, first + 40, DARK, 60)
        assert len(lexed) <= 9 * CHUNK
    del lexed[:]
    run.draw(10_400, 10_440, DARK, 60)
    assert not lexed


def test_a_streamed_block_is_drawn_again_from_one_checkpoint(lexed: list[str]) -> None:
    run = run_of(python(100 * CHUNK))
    drawn = whole(run)
    del lexed[:]
    # One line of code is one line here.
    assert run.draw(700, 740, DARK, 60) == drawn[700:740]
    assert len(lexed) <= 2 * CHUNK


def test_a_wrong_guess_is_put_right() -> None:
    code = "\n".join(["x = 1 # a long comment that makes the block large"] * 1_000 + ["'''"] + ["if x:"] * 2_000 + ["'''", "y = 2"])
    code = f"{code}\n{python(400)}"
    run, reference = run_of(code), run_of(code)
    expected_ = whole(reference)
    guessed = run.draw(2_500, 2_540, DARK, 60)
    assert guessed != expected_[2_500:2_540]
    run.draw(2_940, 3_010, DARK, 60)
    run.close()
    assert len(code) > 60_000
    version = run.version
    refined(run)
    assert run.version > version
    assert whole(run) == expected_
    assert not run.refine(1)


def test_only_so_much_is_held_and_the_rest_comes_again() -> None:
    runs = [run_of(python(1_500) + f"\nx = {number}", closed=True) for number in range(16)]
    for run in runs:
        refined(run)
    held = code_run._exact._held
    assert sum(weight for _, weight in held.values()) <= 400_000 and 0 < len(held) < len(runs)
    first = runs[0]
    assert not first.refine(1), "what is not drawn is not made exact again"
    version = first.version
    whole(first)
    refined(first)
    assert first.version == version + 1
    assert colours(whole(first, width=WIDE)) == expected("\n".join(clean(first.text)), "python")


def test_versions_grow_when_lines_may_differ_only() -> None:
    run = run_of(python(20))
    whole(run)
    run.extend(["more"])
    assert run.version == 0
    run.close()
    assert run.version == 1
    run.close()
    assert run.version == 1 and not run.refine(1)
    unknown = run_of(python(20), "nonsense")
    whole(unknown)
    unknown.close()
    assert unknown.version == 0 and not unknown.refine(1)


class _Failing:
    def get_tokens_unprocessed(self, text: str) -> Iterator[Any]:
        yield 0, Keyword, text[:1]
        if "!" in text:
            raise RuntimeError("no")

    def get_tokens(self, text: str) -> Iterator[Any]:
        yield Keyword, text.upper()


def failing(language: str) -> LineLexer | None:
    return LineLexer(_Failing()) if language == "bad" else lexer_of(language)


def test_a_failing_lexer_leaves_plain_code(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(code_run, "lexer_of", failing)
    run = run_of("a\nb!\nc", "bad")
    run.draw(0, 1, DARK, 60)
    assert run.version == 0
    for _ in range(3):
        assert {style for line in colours(whole(run)) for _, style in line} == {DARK.code}
    run.draw_partial("d!", DARK, 60)
    run.close()
    assert not run.refine(1)
    assert run.version == 1 and len(caplog.records) == 1


@pytest.mark.parametrize("copies", [1, 3_000])
def test_a_lexer_that_changes_characters_leaves_plain_code(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, copies: int
) -> None:
    monkeypatch.setattr(code_run, "lexer_of", failing)
    run = refined(run_of("ab\n" * copies, "bad", closed=True))
    lines = whole(run)
    assert copied(lines) == run.text and {style for line in colours(lines) for _, style in line} == {DARK.code}
    assert len(caplog.records) == 1


def test_a_very_long_line_stays_plain_among_others() -> None:
    code = "x = 1\n" + "y = 2;" * 400 + "\nz = 3"
    for run in (run_of(code), run_of(code, closed=True)):
        first, long, last = colours(whole(run, width=WIDE))
        assert {style for _, style in long} == {DARK.code}
        assert len({style for _, style in first}) > 1 and len({style for _, style in last}) > 1


def test_nesting_without_end_is_not_carried_on() -> None:
    lexer = lexer_of("js")
    assert lexer is not None
    state = START
    for _ in range(400):
        _, state = lexer.line("`${`${", state)
    assert len(state.stack) <= 48


@given(st.text("ab  ", max_size=200), widths, st.data())
def test_a_plain_text_folds_as_any_other_does(text: str, width: int, data: st.DataObject) -> None:
    wide = [*fold([(text + "é", DARK.code)], width)]
    ascii_ = fold([(text + "e", DARK.code)], width)
    assert [line.text.replace("é", "e") for line in wide] == [line.text for line in ascii_]
    assert [line.glue for line in wide] == [line.glue for line in ascii_]


def test_the_frame_names_the_language_and_the_block() -> None:
    run = CodeRun("Python title=x", 7)
    run.extend(["x"])
    run.close()
    assert (run.number, run.language, run.closed, run.count) == (7, "Python", True, 1)
    assert [line.text for line in run.head(DARK, 30)] == ["╭─ Python " + "─" * 15 + " copy"]
    assert [segment.style.meta for segment in run.head(DARK, 30)[0].segments if segment.text == "copy" and segment.style] == [
        {"copy": 7}
    ]
    assert [line.text for line in run.foot(DARK, 30)] == ["╰" + "─" * 29]


def test_the_text_is_the_code_as_it_came() -> None:
    run = CodeRun("", 0)
    assert run.text == "" and whole(run) == []
    run.extend(["\ta\x1b", "b\r"])
    run.extend(["", ""])
    assert run.text == "\ta␛\nb\n\n" and run.count == 4
