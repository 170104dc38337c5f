"""Tables for spreadsheets, and where links really lead."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given

from claude_tui.render.inline import safe_link
from claude_tui.ui.extracts import link_label, links_of, table_as_tsv
from tests.unit.render.drawing import OBEYED, nasty


@pytest.mark.parametrize(
    ("rows", "tsv"),
    [
        (["| a | b |", "|---|:-:|", "| 1 | 二 |"], "a\tb\n1\t二\n"),
        (["a | b", "--|--", "1 | 2", "3"], "a\tb\n1\t2\n3\t\n"),
        (["| a |", "|---|", "| 1 | more |"], "a\n1\n"),
        (["| a | b |", "|---|---|", r"| x \| y | `p \| q` |"], "a\tb\nx | y\tp | q\n"),
        (["| a | b |", "|---|---|", r"| ends in \\| next |"], "a\tb\nends in \\\tnext\n"),
        (["| **a** | `b_c` |", "|---|---|", "| *x* 2*3 | ~~no~~ snake_case |"], "a\tb_c\nx 2*3\tno snake_case\n"),
        (["| a |", "|---|", "| [site](https://x.example) &amp; `**code**` |"], "a\nsite (https://x.example) & **code**\n"),
        (["| a | b |", "|---|---|", "|  | 2 |"], "a\tb\n\t2\n"),
        (["| a |", "|---|", '| say "x" |'], 'a\n"say ""x"""\n'),
        (["| a |", "|---|", "| one<br>two |"], 'a\n"one\ntwo"\n'),
        (["| a | b |", "|---|---|", "| =HYPERLINK(1) | @x |"], "a\tb\n'=HYPERLINK(1)\t'@x\n"),
        (["| a | b | c |", "|---|---|---|", "| -1.5 | +3% | -x |"], "a\tb\tc\n-1.5\t+3%\t'-x\n"),
        ([], ""),
    ],
)
def test_a_table_becomes_tabs_and_lines(rows: list[str], tsv: str) -> None:
    assert table_as_tsv("\n".join(rows)) == tsv


@given(nasty)
def test_every_row_is_as_wide_as_the_first(text: str) -> None:
    tsv = table_as_tsv(text)
    rows = list(csv.reader(io.StringIO(tsv, newline=""), dialect="excel-tab"))
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not OBEYED.search(tsv.replace("\n", "").replace("\t", ""))


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](http://x.example/p) [b](<https://y.example> 'title')", ["http://x.example/p", "https://y.example"]),
        ("<https://auto.example/a> and https://bare.example/b.", ["https://auto.example/a", "https://bare.example/b"]),
        ("(see https://x.example/a_(b)) and **https://y.example**", ["https://x.example/a_(b)", "https://y.example"]),
        ("[https://bank.example](https://evil.example/x)", ["https://evil.example/x"]),
        ("![i](https://x.example/i.png)", ["https://x.example/i.png"]),
        ("[m](mailto:a@b.example?subject=x)", ["mailto:a@b.example?subject=x"]),
        ("[r]\n\n[r]: https://ref.example/x 'title'", ["https://ref.example/x"]),
        ("[a](javascript:alert(1)) [f](file:///etc/passwd) [d](data:text/html,x)", []),
        ("[a](https://x.example/a\\_b?c&amp;d)", ["https://x.example/a_b?c&d"]),
        ("https://x.example https://x.example", ["https://x.example"]),
        ("https://аpple.example", ["https://%D0%B0pple.example"]),
        ("看https://x.example/页，好", ["https://x.example/%E9%A1%B5"]),
        ("https://[bad https:///nobody", []),
        ("[a](HTTPS://X.example)", ["HTTPS://X.example"]),
        ("https://x.example/\x1b[31m", ["https://x.example/%E2%90%9B[31m"]),
    ],
)
def test_where_links_lead(text: str, links: list[str]) -> None:
    assert links_of(text) == links


@given(nasty)
def test_every_link_may_be_told_to_a_terminal(text: str) -> None:
    for url in links_of(text):
        assert safe_link(url) and not OBEYED.search(link_label(url))


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://bank.example@evil.example/login", "evil.example · https://bank.example@evil.example/login"),
        ("mailto:a@b.example?subject=x", "a@b.example · mailto:"),
        (f"https://bank.example.{'a' * 60}.evil.example/", "…"),
    ],
)
def test_a_label_says_first_who_is_asked(url: str, begins: str) -> None:
    label = link_label(url)
    assert label.startswith(begins) and label.endswith(url)
    assert not begins.startswith("…") or label.split(" · ")[0].endswith(".evil.example")
