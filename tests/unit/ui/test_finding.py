"""Finding text: what a query means, and that searching piece by piece finds what one search through everything finds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.render.base import LeafRef
from claude_tui.render.block_cell import BlockCell
from claude_tui.ui import finding
from claude_tui.ui.conversation import Conversation
from claude_tui.ui.finding import Finder, Query, Spot
from tests.unit.render.drawing import cut_anywhere, nasty


class Growing(BlockCell):
    """A cell of plain text, a leaf a line. `asked`: how often its source was."""

    def __init__(self, key: str, text: str = "", *, finished: bool = True) -> None:
        super().__init__(key, finished=finished)
        self.text = text
        self.asked = 0

    def say(self, text: str) -> None:
        self.text += text
        self._changed()

    def become(self, text: str) -> None:
        self.text = text
        self._changed()

    def source(self) -> str:
        self.asked += 1
        return self.text

    def locate(self, line: int) -> LeafRef:
        return LeafRef(line // 10, line % 10)


def conversation(*texts: str) -> Conversation:
    shown = Conversation()
    shown.cells[:] = [Growing(str(number), text) for number, text in enumerate(texts)]
    return shown


def cells(shown: Conversation) -> list[Growing]:
    return [cell for cell in shown.cells if isinstance(cell, Growing)]


def finish(finder: Finder) -> None:
    while finder.work(0.0):
        pass


def searching(shown: Conversation, text: str) -> Finder:
    finder = Finder(shown)
    finder.ask(text)
    finish(finder)
    return finder


def spots(finder: Finder) -> list[Spot]:
    found: list[Spot] = []
    spot = finder.after(Spot(0, -1))
    while spot is not None:
        found.append(spot)
        spot = finder.after(spot)
    return found


def expected(text: str, sources: Sequence[str]) -> list[Spot]:
    query = Query.of(text)
    assert query is not None
    return [Spot(cell, start) for cell, source in enumerate(sources) for start, _ in query.spans(source)]


@pytest.fixture
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A growing cell is asked for its text every time."""
    monkeypatch.setattr(finding, "FRESH", 0.0)


# What a query means.


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("foo", "Foo FOO foo", ["Foo", "FOO", "foo"]),
        ("Foo", "Foo FOO foo", ["Foo"]),
        ("straße", "STRASSE Straße", ["Straße"]),
        ("über", "Über ÜBER", ["Über", "ÜBER"]),
        ("a.b", "a.b axb", ["a.b"]),
        ("(x", "f(x)", ["(x"]),
        ("two words", "two\nwords, two   words, twowords", ["two\nwords", "two   words"]),
        (" two  words ", "two words", ["two words"]),
        ("two words", "> two\n> words", ["two\n> words"]),
        ("very important", "**very** important, *very **important***", ["very** important", "very **important"]),
        ("call f(x)", "call `f(x)`", ["call `f(x)"]),
        ("a_b", r"a_b a\_b ab", ["a_b", r"a\_b"]),
        ("ab", "a_b a*b ab", ["ab"]),
        ("重要的", "这是**重要**的", ["重要**的"]),
        ("**very**", "**very** very", ["**very**"]),
        ("a > b", "a > b a\n> b", ["a > b", "a\n> b"]),
        ("aa", "aaaa", ["aa", "aa"]),
        ("x", "", []),
    ],
)
def test_what_a_query_finds(query: str, text: str, found: list[str]) -> None:
    made = Query.of(query)
    assert made is not None
    assert [text[start:end] for start, end in made.spans(text)] == found


@pytest.mark.parametrize("blank", ["", " ", "\n\t\u3000"])
def test_white_space_alone_is_no_query(blank: str) -> None:
    assert Query.of(blank) is None


@given(nasty, nasty, nasty)
def test_a_text_is_found_where_it_stands(before: str, text: str, after: str) -> None:
    query = Query.of(text)
    if query is None:
        return
    spans = query.spans(before + text + after)
    assert spans or len(text.split()) < len(text.split(" ")), "only runs of white space may be too long"
    assert all(0 < end - start <= query.reach for start, end in spans)


@pytest.mark.parametrize("query", ["*" * 40, "\\" * 40, "> " * 30, "* " * 30, "a* " * 20, "\\. " * 20, "_~`*" * 10])
def test_no_text_takes_long(query: str) -> None:
    made = Query.of(query)
    assert made is not None
    for character in {*query}:
        made.spans(character * 5_000)
        made.spans((query + character * 60)[1:] * 20)
        made.spans((query[:-3] + "!") * 100)


@given(st.text(max_size=8), st.text(max_size=4))
def test_a_longer_query_is_nowhere_where_the_shorter_is_not(text: str, more: str) -> None:
    short, long = Query.of(text), Query.of(text + more)
    if short is not None and long is not None and long.narrows(short):
        sample = f"{text}{more} {(text + more).upper()} {text}"
        starts = {start for start, _ in short.spans(sample)}
        assert all(any(start <= one < end for one in starts) for start, end in long.spans(sample))


# Searching.


def test_the_newest_are_known_first() -> None:
    shown = conversation("one x", "two x x", "three x")
    finder = Finder(shown)
    finder.ask("x")
    assert finder.work(0.0) and spots(finder) == [Spot(2, 6)]
    assert finder.work(0.0) and spots(finder) == [Spot(1, 4), Spot(1, 6), Spot(2, 6)]
    assert not finder.work(0.0) and finder.done
    assert spots(finder) == expected("x", ["one x", "two x x", "three x"])
    assert finder.total == 4


def test_a_query_that_goes_on_asks_only_where_the_shorter_was_found() -> None:
    shown = conversation("abc", "xyz", "abd")
    finder = searching(shown, "ab")
    finder.ask("abc")
    assert finder.total == 0
    finish(finder)
    assert spots(finder) == [Spot(0, 0)] and finder.total == 1
    assert [cell.asked for cell in cells(shown)] == [2, 1, 2]
    finder.ask("xy")
    finish(finder)
    assert spots(finder) == [Spot(1, 0)]
    finder.ask(" ")
    assert finder.done and finder.total == 0 and not spots(finder)


def test_what_did_not_change_is_not_searched_again() -> None:
    shown = conversation("ab", "ab")
    finder = searching(shown, "a")
    finder.refresh()
    finish(finder)
    assert [cell.asked for cell in cells(shown)] == [1, 1]
    cells(shown)[1].say(" a")
    shown.cells.append(Growing("2", "a"))
    finder.refresh()
    finish(finder)
    assert [cell.asked for cell in cells(shown)] == [1, 2, 1]
    assert finder.total == 4


def test_a_cell_that_grows_is_asked_for_its_text_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(finding.time, "monotonic", lambda: now)
    shown = conversation()
    cell = Growing("0", "a", finished=False)
    shown.cells.append(cell)
    finder = searching(shown, "a")
    for _ in range(5):
        cell.say("a")
        finder.refresh()
        finish(finder)
    assert (cell.asked, finder.total) == (1, 1)
    now += finding.FRESH
    finder.refresh()
    finish(finder)
    assert (cell.asked, finder.total) == (2, 6)
    cell.say("a")
    cell.stop()
    finder.refresh()
    finish(finder)
    assert (cell.asked, finder.total) == (3, 7)


def test_only_the_end_of_a_growing_cell_is_searched(monkeypatch: pytest.MonkeyPatch, always_fresh: None) -> None:
    shown = conversation()
    cell = Growing("0", "needle " + "x" * 100_000, finished=False)
    shown.cells.append(cell)
    finder = searching(shown, "needle")
    searched: list[int] = []
    extend = finding._extend

    def noted(starts: finding.array[int], query: Query, text: str, cut: int, end: int) -> None:
        searched.append(end - cut)
        extend(starts, query, text, cut, end)

    monkeypatch.setattr(finding, "_extend", noted)
    for _ in range(10):
        cell.say(" one more needle")
        finder.refresh()
        finish(finder)
    assert finder.total == 11
    assert len(searched) == 10 and max(searched) < 200


@given(nasty.flatmap(lambda text: st.tuples(st.just(text), cut_anywhere(text))), st.data())
def test_pieces_give_what_the_whole_gives(drawn: tuple[str, list[str]], data: st.DataObject) -> None:
    text, pieces = drawn
    start = data.draw(st.integers(0, len(text)))
    query = Query.of(
        data.draw(st.sampled_from(["a", "* *", "**", "的", "x y", text[start : start + data.draw(st.integers(1, 6))]]))
    )
    if query is None:
        return
    shown = conversation("before")
    cell = Growing("1")
    shown.cells.append(cell)
    finder = Finder(shown)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "CHUNK", data.draw(st.integers(1, 50)))
        finder.ask(query.text)
        for piece in pieces:
            cell.say(piece)
            finder.refresh()
            finish(finder)
    finder.refresh()
    finish(finder)
    assert spots(finder) == expected(query.text, ["before", text])
    assert finder.total == len(spots(finder))


def test_a_text_that_becomes_another_one_is_searched_anew() -> None:
    shown = conversation("a b a")
    finder = searching(shown, "a")
    cells(shown)[0].become("b a b")
    finder.refresh()
    finish(finder)
    assert spots(finder) == [Spot(0, 2)] and finder.total == 1


def test_what_comes_in_front_counts_and_what_goes_does_not() -> None:
    shown = conversation("a", "b a")
    finder = searching(shown, "a")
    assert finder.number(Spot(1, 2)) == 2
    shown.cells.insert(0, Growing("earlier", "a a"))
    shown.revision += 1
    finder.refresh()
    assert not finder.done
    finish(finder)
    assert spots(finder) == expected("a", ["a a", "a", "b a"]) and finder.total == 4
    assert finder.number(Spot(2, 2)) == 4
    del shown.cells[1:]
    shown.revision += 1
    finder.refresh()
    assert finder.total == 2 and spots(finder) == [Spot(0, 0), Spot(0, 2)]


# Places.


def test_matches_are_numbered_while_more_of_them_come(always_fresh: None) -> None:
    shown = conversation("a a", "b", "a a")
    finder = Finder(shown)
    finder.ask("a")
    finder.work(0.0)
    assert finder.number(Spot(2, 2)) == 2
    finish(finder)
    assert [finder.number(spot) for spot in spots(finder)] == [1, 2, 3, 4]
    cells(shown)[0].say(" a")
    finder.refresh()
    finish(finder)
    assert finder.number(Spot(2, 2)) == 5
    assert finder.number(Spot(2, 1)) == finder.number(Spot(1, 0)) == finder.number(Spot(9, 0)) == 0


@given(st.lists(st.text("ab\n", max_size=6), max_size=5), st.integers(-1, 6), st.integers(-1, 7))
def test_the_neighbours_of_a_place(texts: list[str], cell: int, start: int) -> None:
    finder, place = searching(conversation(*texts), "a"), Spot(cell, start)
    everything = expected("a", texts)
    assert finder.after(place) == next((spot for spot in everything if spot > place), None)
    assert finder.before(place) == next((spot for spot in reversed(everything) if spot < place), None)


def test_the_match_above_a_leaf() -> None:
    finder = searching(conversation("a\na a\nb\na", "a"), "a")
    assert finder.above(0, LeafRef(0, 0)) == Spot(0, 0)
    assert finder.above(0, LeafRef(0, 2)) == Spot(0, 4)
    assert finder.above(0, LeafRef(9, 0)) == Spot(0, 8)
    assert finder.above(1, LeafRef(0, 0)) == finder.above(7, LeafRef(0, 0)) == Spot(1, 0)
    assert searching(conversation("b", "b\na"), "a").above(1, LeafRef(0, 0)) is None


@given(st.text("a\n", max_size=60), st.integers(0, 3), st.integers(0, 9))
def test_leaves_and_matches_agree(text: str, section: int, leaf: int) -> None:
    finder = searching(conversation(text), "a")
    leaves = {spot: LeafRef(*divmod(text.count("\n", 0, spot.start), 10)) for spot in spots(finder)}
    assert finder.above(0, LeafRef(section, leaf)) == max(
        (spot for spot in leaves if leaves[spot] <= (section, leaf)), default=None
    )
    for spot, its_leaf in leaves.items():
        before = [other for other in leaves if other < spot and leaves[other] == its_leaf]
        assert finder.in_leaf(spot) == (its_leaf, len(before))


def test_which_leaf_a_match_is_in() -> None:
    finder = searching(conversation("a\na b a\n" + "b\n" * 10 + "a"), "a")
    assert [finder.in_leaf(spot) for spot in spots(finder)] == [
        (LeafRef(0, 0), 0),
        (LeafRef(0, 1), 0),
        (LeafRef(0, 1), 1),
        (LeafRef(1, 2), 0),
    ]
