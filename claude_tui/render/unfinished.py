"""Markdown that is still being typed, so that nothing flickers: a line that may become anything waits, open marks are closed.

Only for drawing what is not settled yet; what is settled is read as it stands.
"""

from __future__ import annotations

import re

_CONTAINERS = r"(?:[ >\t]|[-+*][ ]+|\d{1,9}[.)][ ]+)*"
_UNDECIDED = re.compile(
    _CONTAINERS + r"(?:[-+*_=#:| ]+|\d{1,9}[.)]?|`{1,2}|`{3,}[^`\n]*|~{1,2}|~{3,}[^\n]*|\[(?:[ ]|\^?[^\]\s]{0,40})\]?:?|!|\\)?[ ]*"
)
"""A whole line of nothing but marks: a list item, a heading, a rule, a fence, a task, a definition to be."""
_FENCE = re.compile(r"[ >]*(?:`+|~+)[ ]*")
_ROW = re.compile(r"[ >]*\|.*[^\s|].*")
_RULER = re.compile(r"[ >]*\|?[ :|-]+")
_URL = r"\((?:[^()\s]|\([^()\s]*\)?)*(?:\s+[\"'(]?[^)\n]*)?"
_LINK = re.compile(rf"(?<![A-Za-z0-9_)\]])(!?)\[(?!\^)([^\[\]]*)(?:\](?:{_URL}|\[[^\[\]\n]*)?)?$")
"""A link or image that has come in part; its label may have come whole."""
_LABEL = re.compile(r"(?<![A-Za-z0-9_)\]])(!?)\[(?!\^)([^\[\]]*)$")
_WAITING = re.compile(r"!?\[(?:\^[^\]\s]{0,40})?$|(?<!\S)!$|<(?:h(?:t(?:t(?:ps?:?/?)?)?)?|mailto:?)?$")
"""What is not drawn before it is known to be a footnote, an image, an address."""
_ADDRESS = re.compile(r"<((?:https?:|mailto:|[^\s<>@]+@)[^\s<>]*)$", re.IGNORECASE)
_TRAILING = re.compile(r"[*_~]+$")
_MARK = re.compile(r"(?<![*_~])(\*{1,3}|_{1,3}|~~)(?![*_~])")
_HIDDEN = re.compile(r"\\.|!?\[[^\[\]]*\]\([^()\s]*(?:\s\"[^\"]*\")?\)|https?://[^\s*]+", re.DOTALL)
"""Where a mark is none: behind a backslash, in a link that is whole, in an address."""


def settled_line(partial: str, *, code: bool) -> str:
    """What of the unfinished last line may be drawn: nothing while it can still become anything; in code, an end of it."""
    return "" if (_FENCE if code else _UNDECIDED).fullmatch(partial) else partial


def completed_table(text: str) -> str:
    """`text` (whole lines and one that may be unfinished) with its last line as the head of a table, if it looks like one."""
    *before, last = text.rstrip("\n").split("\n")
    above = before[-1] if before else ""
    if _RULER.fullmatch(last) and "|" in last and _ROW.fullmatch(above):
        return "\n".join([*before[:-1], *_table_of(above), ""])
    if _ROW.fullmatch(last) and "|" not in above:
        return "\n".join([*before, *_table_of(last), ""])
    return text


def _table_of(head: str) -> tuple[str, str]:
    """The head of a table, closed, and the line below it."""
    bar = head.index("|")
    if not head.rstrip().endswith("|"):
        head += " |"
    return head, head[:bar] + "|" + "---|" * (head.count("|") - head.count("\\|") - 1)


def completed(content: str) -> str:
    """Inline Markdown with the marks closed that are open at its end; a link to be is its label."""
    content, code = _parted(content)
    content = _ADDRESS.sub(r"\1", _WAITING.sub("", _without_half_escape(content)))
    masked = _masked(content)
    link = _LINK.search(masked) if not code else _LABEL.search(masked)
    if link is not None and (link.group(2).strip() or code):
        label = content[link.start(2) : link.end(2)]
        image = rf"\[image: {label}" if label else ""
        content = content[: link.start()] + (image if link.group(1) else label)
    elif link is not None:
        content = content[: link.start()]
    if not code:
        found = _TRAILING.search(_masked(content))
        content = content[: found.start()] if found else content
    closers = "".join(reversed(_open_marks(content + code)))
    return (content + code).rstrip() + closers if closers else content + code


def _parted(content: str) -> tuple[str, str]:
    """What stands before a code span that is open at the end, and the span, closed; no span where there is nothing in it yet."""
    found = re.search("`+", _masked(content))
    if found is None:
        return content, ""
    inside = content[found.end() :].rstrip("`")
    return content[: found.start()], found.group() + inside + found.group() if inside.strip() else ""


def _without_half_escape(content: str) -> str:
    """Without a backslash at its end that escapes what comes."""
    return content[:-1] if (len(content) - len(content.rstrip("\\"))) % 2 else content


def _masked(content: str) -> str:
    """The content with letters for what is in code spans or escaped."""
    return re.sub(r"\\.|(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", lambda found: "c" * len(found.group()), content, flags=re.DOTALL)


def _open_marks(content: str) -> list[str]:
    """The marks of emphasis that are open at the end."""
    text = _HIDDEN.sub(lambda found: "c" * len(found.group()), _masked(content))
    stack: list[str] = []
    for found in _MARK.finditer(text):
        mark = found.group(1)
        before, behind = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if mark in stack and before.strip():
            del stack[stack.index(mark) :]
        elif len(mark) == 3 and before.strip() and stack and len("".join(stack[-2:])) == 3:
            del stack[-2:]
        elif _opens(mark, before, behind):
            stack.append(mark)
    return stack


def _opens(mark: str, before: str, behind: str) -> bool:
    """Whether a mark between these characters may begin emphasis."""
    if not behind.strip() or (mark[0] == "_" and before.isalnum()) or (before.isdigit() and behind.isdigit()):
        return False
    return behind.isalnum() or not before.isalnum()
