"""What is taken out of a message's Markdown to be used elsewhere: tables for spreadsheets, and where its links lead."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import quote, urlsplit

from claude_tui.domain.text import safe_line, safe_text
from claude_tui.render.inline import safe_link
from claude_tui.render.run_leaves import measured

_PIPE = re.compile(r"(?<!\\)((?:\\\\)*)\|")
_FORMULA = re.compile(r"[=@]|[+-](?![\d.,]+%?$)")

_LABEL = r"\[(?:[^\[\]\\]|\\.){0,1000}\]\(\s{0,9}<?"
_ADDRESS = re.compile(
    rf"(?P<inline>{_LABEL})(?P<target>(?:https?://|mailto:)[^\s<>]{{1,4000}})"
    r"|(?P<bare>(?:https?://|mailto:)[^\s<>\"'`|，。；：！？、（）「」『』【】《》“”‘’]{1,4000})",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TRAILING = ".,;:!?*_~]"
_LONGEST_HOST = 48


def table_as_tsv(markdown: str) -> str:
    """A table for a spreadsheet: cells as they are shown, tabs between them, a line a row, every row as wide as the first.

    As in GitHub's tables a pipe in a cell has a backslash before it, in code too. A text that a spreadsheet would compute gets an
    apostrophe in front: the table is a model's word.
    """
    rows = [_cells(line) for line in safe_text(markdown).split("\n") if line.strip()]
    if not rows:
        return ""
    width = len(rows[0])
    out = io.StringIO()
    writer = csv.writer(out, dialect="excel-tab", lineterminator="\n")
    for row in (rows[0], *rows[2:]):
        writer.writerow([_harmless(_shown(cell)) for cell in (*row, *[""] * (width - len(row)))[:width]])
    return out.getvalue()


def _cells(line: str) -> list[str]:
    pieces = _PIPE.sub("\\1\0", line.strip()).split("\0")  # safe_text leaves no NUL
    pieces = pieces[1:] if len(pieces) > 1 and not pieces[0].strip() else pieces
    pieces = pieces[:-1] if len(pieces) > 1 and not pieces[-1].strip() else pieces
    return [piece.replace("\\|", "|").strip() for piece in pieces]


def _shown(source: str) -> str:
    lines = ("".join(text for text, _ in runs) for runs in measured(source, False))
    return "\n".join(lines).strip().replace("\t", " ")


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def links_of(markdown: str) -> list[str]:
    """Where the links of a text lead, in order, each once: http, https and mailto addresses in ASCII, as they would be opened."""
    found: dict[str, None] = {}
    for match in _ADDRESS.finditer(safe_text(markdown)):
        inline, target = match["inline"], match["target"] or match["bare"]
        target = _balanced(target)
        target = _ESCAPED.sub(r"\1", target) if inline else target.partition("](")[0].rstrip(_TRAILING)
        url = safe_link(quote(target.replace("&amp;", "&"), safe="!#$%&'()*+,/:;=?@[]~"))
        if url is not None and _host(url):
            found[url] = None
    return list(found)


def _balanced(target: str) -> str:
    """Up to a closing parenthesis that was not opened in it."""
    depth = 0
    for at, character in enumerate(target):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return target[:at]
    return target


def _host(url: str) -> str:
    """Who would be asked, or written to; empty where nobody can be told."""
    if url[:7].lower() == "mailto:":
        return url[7:].partition("?")[0]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def link_label(url: str) -> str:
    """A link on one line: who would be asked, then all of the address. The end of a long name stays: it says whose it is."""
    host = _host(url)
    shown = host if len(host) <= _LONGEST_HOST else "…" + host[1 - _LONGEST_HOST :]
    return safe_line(f"{shown} · {url}", 3000)
