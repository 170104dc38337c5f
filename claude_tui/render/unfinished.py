"""Markdown that is still being typed, so that nothing flickers: a line that may become anything waits, open marks are closed.

Only for drawing what is not settled yet; what is settled is read as it stands.
"""

from __future__ import annotations

import re

_UNDECIDED = re.compile(
    r"[ >]*(?:[-+*_=# ]+|\d{1,9}[.)]?|`{1,2}|`{3,}[^`\n]*|~{1,2}|~{3,}[^\n]*|\[\^?[^\]]{0,80}\]?:?|\|[-: |]*)?[ ]*"
)
"""A whole line of nothing but marks: a list item, a heading, a rule, a fence, a definition to be."""
_FENCE = re.compile(r"[ >]*(?:`+|~+)[ ]*")
_ROW = re.compile(r"[ >]*\|.*\S.*")
_RULER = re.compile(r"[ >]*\|?[ :|-]+")
_CODE = re.compile(r"(?<!`)(`+)(?!`)")
_CODE_SPANS = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*$|!?\[([^\[\]\n]*)\]?$")
_TRAILING = re.compile(r"(?<!\\)[*_~]+$")
_MARK = re.compile(r"(?<![\\*_~])(\*{1,3}|_{1,3}|~~)(?![*_~])")


def settled_line(partial: str, *, code: bool) -> str:
    """What of the unfinished last line may be drawn: nothing while it can still become anything; in code, an end of it."""
    return "" if (_FENCE if code else _UNDECIDED).fullmatch(partial) else partial


def completed_table(text: str) -> str:
    """`text` (whole lines and one that may be unfinished) with its last line as the head of a table, if it looks like one."""
    *before, last = text.rstrip("\n").split("\n")
    above = before[-1] if before else ""
    if _ROW.fullmatch(last) and last.count("|") > 1 and "|" not in above:
        bar = last.index("|")
        head = last if last.rstrip().endswith("|") else last + " |"
        return "\n".join([*before, head, last[:bar] + "|" + "---|" * (head.count("|") - head.count("\\|") - 1), ""])
    if _RULER.fullmatch(last) and "|" in last and _ROW.fullmatch(above) and above.count("|") > 1:
        bar = above.index("|")
        columns = above.strip(" >").strip("|").replace("\\|", "").count("|") + 1
        return "\n".join([*before, above[:bar] + "|" + "---|" * columns, ""])
    return text


def completed(content: str) -> str:
    """Inline Markdown with the marks closed that are open at its end; a link to be is its label."""
    ticks: str | None = None
    after = 0
    for found in _CODE.finditer(content):
        if ticks is None:
            ticks, after = found.group(1), found.end()
        elif found.group(1) == ticks:
            ticks, after = None, found.end()
    if ticks is not None:
        return content.rstrip("`") + ticks if content[after:].strip("` \n") else content[: after - len(ticks)]
    content = _LINK.sub(lambda match: match.group(1) or match.group(2) or "", content)
    found = _TRAILING.search(content)
    if found:
        stack, run = _open_marks(content[: found.start()]), found.group()
        if not (stack and run == stack[-1]) and (not stack or stack[-1].startswith(run) or content[: found.start()][-1:].isspace()):
            content = content[: found.start()]
    closers = "".join(reversed(_open_marks(content)))
    return content.rstrip() + closers if closers else content


def _open_marks(content: str) -> list[str]:
    """The marks of emphasis that are open at the end."""
    text = _CODE_SPANS.sub(lambda match: "c" * len(match.group()), content)
    stack: list[str] = []
    for found in _MARK.finditer(text):
        mark = found.group(1)
        before, behind = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if mark in stack and before.strip():
            del stack[stack.index(mark) :]
        elif behind.strip() and not (mark[0] == "_" and before.isalnum()):
            stack.append(mark)
    return stack
