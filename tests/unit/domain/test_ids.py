"""Ids: unique, in order, whatever the clock and however many threads."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain import ids
from claude_tui.domain.ids import is_id, new_id, timestamp


@pytest.fixture(autouse=True, scope="module")
def own_clock() -> Iterator[None]:
    """Ids of a far future must not be what every later id of the process follows."""
    source, ids._source = ids._source, ids._Source()
    yield
    ids._source = source


def test_ids_have_a_form() -> None:
    made = new_id()
    assert is_id(made) and len(made) == 26
    assert not is_id(made[:-1]) and not is_id(made.upper()) and not is_id(made[:-1] + "u") and not is_id("")


@given(st.lists(st.integers(0, 2**47), min_size=2, max_size=20))
def test_property_ids_rise_though_the_clock_goes_back(clock: list[int]) -> None:
    made = [new_id(ms) for ms in clock]
    assert made == sorted(set(made)) and all(is_id(one) for one in made)


def test_ids_rise_in_every_thread_and_are_unique() -> None:
    made: list[list[str]] = [[] for _ in range(8)]
    ready = threading.Barrier(8)

    def make(mine: list[str]) -> None:
        ready.wait(10)
        mine.extend(new_id() for _ in range(500))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(mine == sorted(mine) for mine in made)
    assert len({one for mine in made for one in mine}) == 8 * 500


@pytest.mark.parametrize(
    ("now", "text"),
    [(0.0, "1970-01-01T00:00:00.000Z"), (1.9996, "1970-01-01T00:00:01.999Z"), (1_800_000_000, "2027-01-15T08:00:00.000Z")],
)
def test_timestamps(now: float, text: str) -> None:
    assert timestamp(now) == text


def test_the_present_is_a_timestamp() -> None:
    assert len(timestamp()) == 24 and timestamp().endswith("Z") and timestamp() <= timestamp()
