"""A desk is JSON and back; anything else is an empty desk or the part of it that fits."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.desk import Desk

texts = st.text(st.characters(exclude_categories=()), max_size=20)
desks = st.builds(
    Desk,
    draft=texts,
    queue=st.lists(texts, max_size=3).map(tuple),
    editing=st.none() | texts,
    place=st.none() | st.tuples(texts, st.integers(0, 10_000)),
    levels=st.dictionaries(texts, st.integers(0, 3), max_size=3),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["draft", "queue", "place", "levels"]), inner),
    max_leaves=8,
)


@given(desks)
def test_property_a_desk_survives_json(desk: Desk) -> None:
    assert Desk.from_json(json.loads(json.dumps(desk.to_json()))) == desk


@given(anything)
def test_property_anything_is_a_desk(data: Any) -> None:
    desk = Desk.from_json(data)
    assert Desk.from_json(desk.to_json()) == desk


@pytest.mark.parametrize(
    ("desk", "has_text"),
    [(Desk(), False), (Desk(" \n"), False), (Desk("x"), True), (Desk(queue=("",)), True), (Desk(place=("a", 1)), False)],
)
def test_text_is_what_the_user_wrote(desk: Desk, has_text: bool) -> None:
    assert desk.has_text is has_text
