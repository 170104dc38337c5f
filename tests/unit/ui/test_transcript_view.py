"""The transcript on a screen: frames that paint what differs, a bar without a layout, selections that outlast everything, rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.color import Color
from textual.app import App, ComposeResult
from textual.events import MouseDown, MouseEvent, MouseMove, MouseUp
from textual.geometry import Offset, Region
from textual.pilot import Pilot
from textual.selection import Selection

from claude_tui.domain.events import BlockDelta
from claude_tui.render.base import Cell, LeafRef
from claude_tui.render.document import READ_ON
from claude_tui.render.looks import LOOKS
from claude_tui.render.text_cell import TextCell
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.selecting import key_of, position_of
from claude_tui.ui.transcript import Transcript
from tests.unit.ui.growing import Growing


class Reader(App[None]):
    """One transcript of these cells and nothing else."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__()
        self.conversation = Conversation()
        self.conversation.cells.extend(cells)
        self.transcript = Transcript(self.conversation, LOOKS["dark"])

    def compose(self) -> ComposeResult:
        yield self.transcript

    @property
    def rows(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.transcript._frame.rows]


@asynccontextmanager
async def reading(*cells: Cell, size: tuple[int, int] = (60, 12)) -> AsyncIterator[tuple[Reader, Pilot[None]]]:
    app = Reader(list(cells))
    async with app.run_test(size=size) as pilot:
        app.transcript.draw()
        yield app, pilot


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


def mouse(app: Reader, kind: type[MouseEvent], x: int, y: int, down: int) -> None:
    """As the terminal tells it; `down`: rows since it was told last."""
    app.post_message(kind(None, x, y, 0, down, 1, False, False, False, x, y))


def many(key: str = "0", count: int = 60) -> Growing:
    cell = Growing(key, [f"leaf {number} of {key}" for number in range(count)])
    for _ in range(count // 10 - 1):
        cell.part(10)
    return cell


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """The regions that were asked to be painted."""
    regions: list[Region] = []
    refresh = Transcript.refresh

    def counted(self: Transcript, *args: Any, **options: Any) -> Transcript:
        regions.extend(args)
        if options.get("layout"):
            regions.append(Region(-1, -1, 0, 0))
        return refresh(self, *args, **options)

    monkeypatch.setattr(Transcript, "refresh", counted)
    return regions


async def test_a_frame_paints_the_rows_that_differ_and_lays_nothing_out(painted: list[Region]) -> None:
    cell = many()
    async with reading(cell) as (app, _):
        app.transcript.scroll_rows(-20)
        painted.clear()
        for number in range(5):
            cell.add("more")
            app.transcript.draw()
            assert [region.y for region in painted] == [app.transcript.size.height - 1]  # the pill
            assert f"↓ {2 * number + 2} new lines · End" in app.rows[-1]
            painted.clear()
        app.transcript.draw()
        assert not painted
        assert app.transcript.virtual_size.height == app.transcript._rows.total
        app.transcript.follow()
        app.transcript.draw()
        assert "End" not in app.rows[-1] and app.rows[-1].endswith("more")


def eighths(total: int, top: float, height: int = 12) -> tuple[int, int]:
    """What a bar can show: where its thumb begins and how long it is, in eighths of a cell. It is told of nothing finer."""
    return round(top) * 8 * height // total, 8 * height * height // total


async def test_the_bar_knows_where_we_are() -> None:
    async with reading(many()) as (app, _):
        transcript = app.transcript
        bar, rows = transcript.vertical_scrollbar, transcript._rows
        await until(lambda: eighths(bar.window_virtual_size, bar.position) == eighths(rows.total, rows.total - 12))
        await until(lambda: transcript._idle.at_rest and transcript._timer is None)
        await until(lambda: eighths(bar.window_virtual_size, bar.position) == eighths(rows.total, rows.total - 12))
        assert bar.window_size == 12
        transcript.to_start()
        assert bar.position == 0 and transcript.scroll_y == 0
        transcript.scroll_to(y=50)
        assert bar.position == 50 and not transcript.following
        transcript.scroll_to(y=10**6)
        assert transcript.following


async def test_the_bar_is_told_of_nothing_it_cannot_show() -> None:
    cell = many(count=2_000)
    async with reading(cell) as (app, _):
        app.transcript.to_start()
        bar = app.transcript.vertical_scrollbar
        known, total = bar.window_virtual_size, app.transcript._rows.total
        cell.add("x")
        app.transcript.draw()
        assert app.transcript._rows.total > total and bar.window_virtual_size == known


async def test_what_is_drawn_in_haste_is_refined_and_then_there_is_rest() -> None:
    cells = [many(str(number), 20) for number in range(8)]
    async with reading(*cells) as (app, _):
        cells[-1].hasty = 3
        app.transcript.draw()
        await until(lambda: app.transcript._idle.at_rest)
        assert cells[-1].hasty == 0
        drawn = sum(part.drawn for cell in cells for part in cell.parts)
        exact = app.transcript._rows._tall
        assert set(exact) <= set(range(5, 8))  # two screens up, not more
        assert not app.transcript._refine(1.0)
        assert drawn == sum(part.drawn for cell in cells for part in cell.parts)


async def test_a_flood_is_shown_bit_by_bit_while_frames_go_on_and_its_end_is_reached() -> None:
    text = TextCell("m:0", {"type": "text", "text": "The beginning.\n\n"})
    async with reading(text) as (app, _):
        text.feed(BlockDelta(0, "text", "Some words, and more.\n\n" * 4_000 + "```python\nx = 1\n```\n\nThe end.\n"))
        text.stop()
        app.transcript.draw()
        assert app.rows[-1].strip() == READ_ON
        heights: list[int] = []
        while not app.transcript._idle.at_rest:
            await asyncio.sleep(0)
            if (total := app.transcript._rows.total) not in heights[-1:]:
                heights.append(total)
        assert len(heights) > 3 and app.transcript.following
        await until(lambda: app.rows[-1].strip() == "The end.")


async def test_a_selection_outlasts_growth_parting_and_other_widths() -> None:
    words = Growing("0", ["one two three four five six seven eight nine ten " * 3, "middle", "the last leaf"])
    async with reading(words, size=(60, 20)) as (app, pilot):
        transcript = app.transcript
        start = next(y for y, row in enumerate(app.rows) if "one two" in row)
        first, last = transcript._position_at(start), transcript._position_at(start + 1)
        assert first is not None and last is not None
        x = app.rows[start].index("three")
        app.screen.selections = {transcript: Selection(Offset(x, key_of(first)), Offset(x + 9, key_of(last)))}
        text = app.screen.get_selected_text()
        assert text is not None and text.startswith("three four") and "\n" not in text
        words.part(1)
        words.add("grown")
        transcript.draw()
        assert app.screen.get_selected_text() == text
        for width in (30, 100, 41, 60):
            await pilot.resize_terminal(width, 20)
            transcript.draw()
            assert app.screen.get_selected_text() == text
        assert position_of(app.screen.selections[transcript].start or Offset()) == first
        app.screen.selections = {transcript: Selection(None, None)}
        assert app.screen.get_selected_text() == words.source()


async def test_a_selection_stays_in_its_row_while_the_table_grows_and_is_refitted() -> None:
    def rows(first: int, last: int, words: str) -> BlockDelta:
        return BlockDelta(0, "text", "".join(f"| s{number} | {words} |\n" for number in range(first, last)))

    cell = TextCell("0", {"type": "text", "text": "| name | says |\n|---|---|\n"})
    cell.feed(rows(0, 14, "w"))
    async with reading(cell, size=(60, 40)) as (app, _):  # type: ignore[arg-type]
        transcript = app.transcript
        y = next(y for y, row in enumerate(app.rows) if "s12" in row)
        x, position = app.rows[y].index("s12"), transcript._position_at(y)
        assert position is not None
        cell.feed(rows(14, 16, "many more words than before"))
        app.screen.selections = {transcript: Selection(Offset(x, key_of(position)), Offset(x + 3, key_of(position)))}
        for step in range(3):
            transcript.draw()
            assert app.screen.get_selected_text() == "s12"
            (y,) = [y for y, row in enumerate(app.rows) if "s12" in row]
            styles = [
                segment.text for segment in transcript._frame.rows[y] if segment.style and segment.style.bgcolor == selected(app)
            ]
            assert styles == ["s12"]
            cell.feed(rows(16 + step, 17 + step, "something that is a great deal longer"))
        cell.stop()
        assert app.screen.get_selected_text() == "s12"


def selected(app: Reader) -> Color | None:
    return app.screen.get_component_rich_style("screen--selection").bgcolor


async def test_a_drag_beyond_the_edge_scrolls_and_selects_on() -> None:
    async with reading(many()) as (app, pilot):
        transcript = app.transcript
        transcript.to_start()
        await pilot.pause()
        mouse(app, MouseDown, 4, 1, 0)
        mouse(app, MouseMove, 9, 6, 5)
        mouse(app, MouseMove, 9, 11, 5)
        await until(lambda: "leaf 15 " in (app.screen.get_selected_text() or ""))
        mouse(app, MouseUp, 9, 11, 0)
        await pilot.pause()
        assert (app.screen.get_selected_text() or "").startswith("leaf 0 of 0\n\nleaf 1 of 0\n\n")


class Finds:
    """Every place where a word stands."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked = 0

    def spans(self, text: str) -> list[tuple[int, int]]:
        self.asked += 1
        starts = [at for at in range(len(text)) if text.startswith(self.word, at)]
        return [(at, at + len(self.word)) for at in starts]


def marked(app: Reader, y: int) -> str:
    segments = app.transcript._frame.rows[y]
    return "|".join(segment.text for segment in segments if segment.style and segment.style.reverse and not segment.style.meta)


async def test_matches_are_marked_over_wrapped_lines_once_a_leaf(painted: list[Region]) -> None:
    cell = Growing("0", ["nothing here", "find " * 30, "x" * 49 + "find" + "x" * 20, "some words"])
    async with reading(cell, size=(60, 20)) as (app, _):
        finds = Finds("find")
        app.transcript.highlighter = finds
        app.transcript.current = 0, LeafRef(0, 1), 1 + 5
        app.transcript.draw()
        assert finds.asked == 4
        rows = [marked(app, y) for y in range(20)]
        first = next(y for y, row in enumerate(app.rows) if "find find" in row)
        assert rows[first].count("find") == app.rows[first].count("find")
        cut = next(y for y, row in enumerate(app.rows) if "xfi" in row or "xf" in row)
        assert rows[cut] + rows[cut + 1] == "find"
        styles = {segment.style for segment in app.transcript._frame.rows[first] if segment.text == "find"}
        assert len(styles) == 2  # the current one is another colour
        painted.clear()
        app.transcript.draw()
        assert finds.asked == 4 and not painted
        cell.grow(" find")
        app.transcript.draw()
        assert marked(app, next(y for y, row in enumerate(app.rows) if "some words" in row)) == "find"
        app.transcript.highlighter = None
        app.transcript.draw()
        assert not any(marked(app, y) for y in range(20))


async def test_a_match_is_brought_into_view() -> None:
    async with reading(many()) as (app, _):
        app.transcript.show_leaf(0, LeafRef(1, 5))
        assert (
            app.rows[4 - 1].endswith("leaf 15 of 0")
            or app.rows[4 + 1].endswith("leaf 15 of 0")
            or any(row.endswith("leaf 15 of 0") for row in app.rows)
        )
        assert not app.transcript.following
        app.transcript.show_leaf(99, LeafRef(0, 0))


async def test_a_panel_folds_where_it_is() -> None:
    panel = Growing("1", [f"inside {number}" for number in range(30)], levels=2)
    async with reading(many("0", 20), panel, many("2", 20)) as (app, _):
        transcript = app.transcript
        panel.set_level(0)
        transcript.go_to(("1", 0))
        transcript.draw()
        transcript.scroll_rows(-4)
        before = app.rows
        transcript.toggle(1)
        assert "inside 0" in app.rows[5] and app.rows[:5] == before[:5]
        transcript.toggle(1)
        assert app.rows == before
        transcript.toggle(1)
        transcript.scroll_rows(20)
        assert "inside" in app.rows[1]
        transcript.toggle(1)
        assert app.rows[0].endswith("folded") and app.rows[2].endswith("what is left")


async def test_other_widths_and_back_show_the_same_rows() -> None:
    cell = Growing("0", ["words that are wrapped somewhere else at every width " * 3] * 20)
    async with reading(cell, size=(120, 12)) as (app, pilot):
        app.transcript.scroll_rows(-30)
        before, place = app.rows, app.transcript.place
        for width in (40, 77, 120):
            await pilot.resize_terminal(width, 12)
            app.transcript.draw()
        assert app.rows == before and app.transcript.place == place


async def test_earlier_cells_in_front_and_a_cut_at_the_end_move_nothing() -> None:
    async with reading(many("0", 20), many("1", 20)) as (app, _):
        app.transcript.scroll_rows(-15)
        before = app.rows[:-1]
        app.conversation.cells[:0] = [many("earlier", 20)]  # type: ignore[list-item]
        app.conversation.revision += 1
        app.transcript.draw()
        assert app.rows[:-1] == before
        app.conversation.cells.clear()
        app.conversation.revision += 1
        app.transcript.draw()
        assert not any(app.rows)
