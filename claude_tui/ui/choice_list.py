"""A list of choices, one line each: headings, highlighted letters, details at the right. Only the lines in sight are ever drawn.

It never takes the focus; whoever owns it moves the highlight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.events import Click, Leave, MouseMove
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

_MARK = "›"
_LEAST_LABEL = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One line, of texts that are safe to draw. A heading has only a label and cannot be highlighted.

    `more`: stands before `detail` as far as there is room, the last of it longest. `at`: the characters of the label that match.
    `mark` stands before the label; `tone` is its style: `success`, `warning`, `error`, `accent` or none.
    """

    label: str
    detail: str = ""
    more: tuple[str, ...] = ()
    key: str = ""
    at: tuple[int, ...] = ()
    heading: bool = False
    mark: str = ""
    tone: str = ""


class ChoiceList(ScrollView, can_focus=False):
    """Rows with one highlighted."""

    DEFAULT_CSS = """
    ChoiceList {
        height: 1fr;
        background: transparent;
        scrollbar-size-vertical: 1;
        scrollbar-background: $surface;
        scrollbar-background-hover: $surface;
        scrollbar-background-active: $surface;
        overflow-x: hidden;
        & > .choice-list--heading { color: $text-accent; text-style: bold; }
        & > .choice-list--detail { color: $text-muted; }
        & > .choice-list--key { color: $text-accent; }
        & > .choice-list--match { text-style: bold underline; }
        & > .choice-list--success { color: $text-success; }
        & > .choice-list--warning { color: $text-warning; }
        & > .choice-list--error { color: $text-error; }
        & > .choice-list--accent { color: $text-accent; }
        &:ansi { scrollbar-background: ansi_default; }
        & > .choice-list--hover { background: $block-hover-background; }
        & > .choice-list--highlighted {
            color: $block-cursor-foreground;
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "choice-list--accent",
        "choice-list--error",
        "choice-list--heading",
        "choice-list--success",
        "choice-list--warning",
        "choice-list--detail",
        "choice-list--key",
        "choice-list--match",
        "choice-list--hover",
        "choice-list--highlighted",
    }

    highlighted: reactive[int | None] = reactive(None, repaint=False)
    """Index of the row with the highlight."""
    hovered: reactive[int | None] = reactive(None, repaint=False)

    @dataclass
    class Highlighted(Message):
        """The highlight is on another row, or on none."""

        index: int | None

    @dataclass
    class Clicked(Message):
        """A row was clicked."""

        index: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self._empty = ""

    def show(self, rows: Sequence[Row], highlighted: int | None = 0, *, empty: str = "") -> None:
        """Replace everything; the highlight goes to the row `highlighted` or the first one after it that can have it."""
        self.rows, self._empty = rows, empty
        self.hovered = None
        self.virtual_size = Size(self.size.width, len(rows))
        self.scroll_to(y=0, animate=False, immediate=True, force=True)
        self.set_reactive(ChoiceList.highlighted, None)
        self.highlighted = self._open_row(min(highlighted or 0, max(len(rows) - 1, 0)), 1)
        if self.highlighted is None:
            self.post_message(self.Highlighted(None))
        self.refresh()

    def move(self, lines: int) -> None:
        """Move the highlight by so many lines, as far as there are any; past headings."""
        if self.highlighted is not None:
            self._go(self.highlighted + lines, 1 if lines > 0 else -1)

    def move_page(self, pages: int) -> None:
        self.move(pages * max(self.size.height - 1, 1))

    def move_to_end(self, *, first: bool) -> None:
        self._go(0 if first else len(self.rows) - 1, 1 if first else -1)

    def _go(self, index: int, step: int) -> None:
        found = self._open_row(min(max(index, 0), len(self.rows) - 1), step)
        if found is not None:
            self.highlighted = found

    def _open_row(self, index: int, step: int) -> int | None:
        """The nearest row that is no heading, looked for in this direction first."""
        for one, way in ((index, step), (index, -step)):
            while 0 <= one < len(self.rows):
                if not self.rows[one].heading:
                    return one
                one += way
        return None

    def watch_highlighted(self, before: int | None, after: int | None) -> None:
        if not self.is_mounted:
            return
        for index in (before, after):
            if index is not None:
                self.refresh_line(index)
        self._reveal()
        self.post_message(self.Highlighted(after))

    def watch_hovered(self, before: int | None, after: int | None) -> None:
        for index in (before, after):
            if index is not None:
                self.refresh_line(index)

    def _reveal(self) -> None:
        """Scroll to the highlighted row, and to the headings right above it."""
        first = last = self.highlighted
        if first is None or last is None:
            return
        while first > 0 and self.rows[first - 1].heading and last - first + 1 < self.size.height:
            first -= 1
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        y = first if first < top else last - height + 1 if last >= top + height else top
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows))
        self._reveal()

    def on_mouse_move(self, event: MouseMove) -> None:
        self.hovered = self._row_at(event.y)

    def on_leave(self, _event: Leave) -> None:
        self.hovered = None

    def on_click(self, event: Click) -> None:
        index = self._row_at(event.y)
        if index is not None:
            self.highlighted = index
            self.post_message(self.Clicked(index))

    def _row_at(self, y: int) -> int | None:
        index = y + self.scroll_offset.y
        return index if 0 <= index < len(self.rows) and not self.rows[index].heading else None

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        index = y + self.scroll_offset.y
        plain = self.rich_style
        if not self.rows:
            text = self._empty if y == 0 else ""
            return Strip([Segment(_cut(f"  {text}", width), plain + self._part("detail"))], width)
        if index >= len(self.rows):
            return Strip([Segment(" " * width, plain)], width)
        row = self.rows[index]
        if row.heading:
            return Strip([Segment(_cut(f" {row.label}", width), plain + self._part("heading"))], width)
        chosen = index == self.highlighted
        if chosen:
            style = self.get_component_rich_style("choice-list--highlighted")
        else:
            style = plain + (self._part("hover") if index == self.hovered else Style())
        return Strip(self._segments(row, width, style, chosen), width)

    def _segments(self, row: Row, width: int, style: Style, chosen: bool) -> list[Segment]:
        lead, mark = f"{_MARK if chosen else ' '} ", f"{row.mark} " if row.mark else ""
        room = max(width - cell_len(lead + mark) - 1, 0)
        detail, key = _right_side(row, room)
        right = cell_len(detail) + (cell_len(key) + 2 if key else 0)
        label = _cut(row.label, room - right - (2 if right else 0), pad=False)
        filler = " " * max(room - cell_len(label) - right, 0)
        quiet = style if chosen else style + self._part("detail")
        parts = [
            Segment(lead, style),
            Segment(mark, style + self._part(row.tone) if row.tone and not chosen else style),
            *_marked(label, row.at, style, style + self._part("match")),
            Segment(filler + detail, quiet),
            Segment(f"  {key}" if key else "", style if chosen else style + self._part("key")),
            Segment(" ", style),
        ]
        return list(Segment.adjust_line_length([one for one in parts if one.text], width, style))

    def _part(self, name: str) -> Style:
        """What a component adds to a line, whose background stays. Its colour is reckoned on the background behind the list."""
        full = self.get_visual_style(f"choice-list--{name}").rich_style
        part = self.get_component_rich_style(f"choice-list--{name}", partial=True)
        return part + Style(color=full.color) if part.color else part

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def __rich_repr__(self) -> Any:
        yield "rows", len(self.rows)


def _right_side(row: Row, room: int) -> tuple[str, str]:
    """Detail and key as far as they leave the label its place: the key goes last."""
    label = min(cell_len(row.label), max(room // 2, _LEAST_LABEL))
    key = row.key if label + 2 + cell_len(row.key) <= room else ""
    left = room - label - (cell_len(key) + 2 if key else 0) - 2
    for start in range(len(row.more) + 1):
        detail = "  ".join(filter(None, (*row.more[start:], row.detail)))
        if cell_len(detail) <= left:
            return detail, key
    return (_cut(row.detail, left, pad=False), key) if left >= _LEAST_LABEL else ("", key)


def _cut(text: str, width: int, *, pad: bool = True) -> str:
    """`text` in at most `width` cells, an ellipsis where something is missing."""
    width = max(width, 0)
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…" if width > 1 else set_cell_size(text, width)
    return set_cell_size(text, width) if pad else text


def _marked(text: str, at: Sequence[int], style: Style, marked: Style) -> list[Segment]:
    wanted = {index for index in at if index < len(text)}
    segments: list[Segment] = []
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or (index in wanted) != (start in wanted):
            segments.append(Segment(text[start:index], marked if start in wanted else style))
            start = index
    return segments
