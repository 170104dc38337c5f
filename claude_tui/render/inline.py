"""Inline Markdown as runs of styled text: emphasis, code, links, line breaks.

Links are only made of http, https and mailto addresses, and where a label says something else than its target, the target stands
behind it. Entities can bring in any character, so text is cleaned here once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style

from claude_tui.domain.text import safe_text
from claude_tui.render.base import Look
from claude_tui.render.wrap import Run

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINK = re.compile(r"(?:https?:(?=//[\x21-\x7e])|mailto:)[\x21-\x7e]{1,2000}", re.IGNORECASE)
"""As long as the last filter before the terminal lets one through."""
_BARE = re.compile(r"https?://[^\s<>\"'`，。；：！？、（）「」『』【】《》“”‘’|\x00-\x20]{1,4000}", re.IGNORECASE)
"""Longer than a link may be: what is too long is none, rather than one to its beginning."""
_MARK_OPENS, _MARK_ENDS = "\U0010fc00", "\U0010fc01"
"""Around the number of a source in a text: characters that no text from outside may hold."""
_SPECIAL = re.compile(f"{_MARK_OPENS}(\\d+){_MARK_ENDS}|\\[\\^([^\\]\\s]{{1,40}})\\]")
"""The mark of a source, or of a footnote."""
_LINE_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TRAILING = ".,;:!?*_~"
_HARD_WRAPPED = 60
"""Cells. A source line this long was broken by an editor, so its end is a space; a shorter one ends on purpose, as verse does."""


def safe_link(url: str) -> str | None:
    """`url` where a terminal may be told of it."""
    return url if _LINK.fullmatch(url) else None


def one_line(text: str) -> str:
    """Cleaned, with line ends (entities can make them) as spaces."""
    return safe_text(text).replace("\n", " ")


def source_mark(number: int) -> str:
    """What stands in a text for the number of a source."""
    return f"{_MARK_OPENS}{number}{_MARK_ENDS}"


def without_marks(text: str) -> str:
    """The text without the marks of sources."""
    return (
        re.sub(f"{_MARK_OPENS}\\d+{_MARK_ENDS}|[{_MARK_OPENS}{_MARK_ENDS}]", "", text)
        if _MARK_OPENS in text or _MARK_ENDS in text
        else text
    )


def plain_inline(source: str) -> str:
    """Inline Markdown on one line, without its marks."""
    bare = re.sub(
        r"!?\[([^\[\]]*)\]\([^()\s]*\)|[*_~`]+(?=\S)|(?<=\S)[*_~`]+", lambda found: found.group(1) or "", without_marks(source)
    )
    return " ".join(safe_text(bare).split())


class Inline:
    """Draws the children of inline tokens. `breaks`: every line end of the source is one on the screen, as in a prompt."""

    def __init__(self, look: Look, *, breaks: bool = False) -> None:
        self.look = look
        self.breaks = breaks

    def lines(self, children: Sequence[Token], base: Style, *, tags: bool = False, column: int = 0) -> list[list[Run]]:
        """The runs of each line, at least one line. `tags`: `<br>` ends a line, as it does where a line end cannot be written.

        `column`: how many cells of the first source line stand before these.
        """
        return _Drawing(self.look, base, breaks=self.breaks, tags=tags, column=column).draw(children)


class _Drawing:
    """One inline token being drawn. `styles` is a stack; `links` holds where each open link's label began."""

    def __init__(self, look: Look, base: Style, *, breaks: bool, tags: bool, column: int) -> None:
        self.look = look
        self.breaks = breaks
        self.tags = tags
        self.styles = [base]
        self.done: list[list[Run]] = []
        self.runs: list[Run] = []
        self.targets: list[str] = []
        self.label: list[str] = []
        self.width = column

    def draw(self, children: Iterable[Token]) -> list[list[Run]]:
        for token in children:
            opens = _MARKS.get(token.type.removesuffix("_open")) if token.type.endswith("_open") else None
            if opens is not None:
                self.styles.append(self.styles[-1] + getattr(self.look, opens))
            elif token.type == "link_open":
                self._open_link(str(token.attrGet("href") or ""))
            elif token.type == "link_close":
                self._close_link()
            elif token.type.endswith("_close"):
                if len(self.styles) > 1:
                    self.styles.pop()
            else:
                self._leaf(token)
        return [*self.done, self.runs]

    def _leaf(self, token: Token) -> None:
        match token.type:
            case "code_inline":
                self._put(without_marks(one_line(token.content)), self.styles[-1] + self.look.inline_code)
            case "softbreak":
                self._soft_break()
            case "hardbreak":
                self._new_line()
            case "image":
                self._image(token)
            case _:
                self._texts(one_line(token.content))

    def _put(self, text: str, style: Style) -> None:
        if text:
            self.runs.append((text, style))
            self.width += cell_len(text)
            if self.targets:
                self.label.append(text)

    def _texts(self, text: str) -> None:
        for number, part in enumerate(_LINE_TAG.split(text) if self.tags else (text,)):
            if number:
                self._new_line()
            self._text(part)

    def _text(self, text: str) -> None:
        at = 0
        if _MARK_OPENS in text or "[^" in text:
            for match in _SPECIAL.finditer(text):
                self._words(text[at : match.start()])
                self._put(f"[{match.group(1) or match.group(2)}]", self.styles[-1] + self.look.accent)
                at = match.end()
        self._words(text[at:])

    def _words(self, text: str) -> None:
        at = 0
        if not self.targets and "://" in text:
            for match in _BARE.finditer(text):
                url = _trim(match.group())
                safe = safe_link(_ascii(url))
                if safe is not None:
                    self._put(text[at : match.start()], self.styles[-1])
                    self._put(url, self.styles[-1] + self.look.link + Style(link=safe))
                    at = match.start() + len(url)
        self._put(text[at:], self.styles[-1])

    def _new_line(self) -> None:
        self.done.append(self.runs)
        self.runs, self.width = [], 0

    def _soft_break(self) -> None:
        if self.breaks or self.width < _HARD_WRAPPED:
            self._new_line()
            return
        last = next((text for text, _ in reversed(self.runs) if text), "")
        self._put("" if last and cell_len(last[-1]) == 2 else " ", self.styles[-1])
        self.width = 0

    def _open_link(self, href: str) -> None:
        target = one_line(href).strip()
        self.targets.append(target)
        self.label = []
        safe = safe_link(target)
        style = self.styles[-1] + self.look.link
        self.styles.append(style + Style(link=safe) if safe else style)

    def _close_link(self) -> None:
        if not self.targets:
            return
        target = self.targets.pop()
        self.styles.pop()
        label = "".join(self.label).strip()
        if target and label.rstrip("/") not in _names(target):
            self._put(f" ({target})" if label else target, self.look.muted)

    def _image(self, token: Token) -> None:
        self._open_link(str(token.attrGet("src") or ""))
        label = one_line(token.content).strip()
        self._put(f"[image: {label}]" if label else "[image]", self.styles[-1])
        self._close_link()


_MARKS = {"em": "emphasis", "strong": "strong", "s": "strike"}


def _names(target: str) -> set[str]:
    """The labels that say no less than the target itself."""
    bare = target.rstrip("/")
    short = re.sub(r"^(?:https?://|mailto:)", "", bare, flags=re.IGNORECASE)
    return {bare, short}


def _trim(url: str) -> str:
    """A bare address without the punctuation of the sentence around it."""
    while url and (url[-1] in _TRAILING or (url[-1] == ")" and url.count("(") < url.count(")"))):
        url = url[:-1]
    return url


def _ascii(url: str) -> str:
    return url if url.isascii() else "".join(char if char.isascii() else _percent(char) for char in url)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))
