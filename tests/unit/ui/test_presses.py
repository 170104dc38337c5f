"""Esc Esc, Ctrl+C twice, and the Escs that must not count."""

from __future__ import annotations

import pytest

from claude_tui.ui.presses import Presses


@pytest.mark.parametrize(("apart", "double"), [(0.1, True), (0.5, True), (0.6, False)])
def test_two_escs_are_one_gesture_when_they_are_close(apart: float, double: bool) -> None:
    presses = Presses()
    assert not presses.is_double_escape(10.0)
    assert presses.is_double_escape(10.0 + apart) is double


def test_a_third_esc_begins_anew() -> None:
    presses = Presses()
    assert [presses.is_double_escape(10.0 + n / 10) for n in range(4)] == [False, True, False, True]


def test_an_esc_that_interrupted_and_those_within_a_second_never_count() -> None:
    presses = Presses()
    presses.interrupted(10.0)
    assert not any(presses.is_double_escape(10.0 + n / 10) for n in range(1, 10))
    assert not presses.is_double_escape(11.1)
    assert presses.is_double_escape(11.3)


def test_an_esc_before_the_interrupt_is_forgotten() -> None:
    presses = Presses()
    presses.is_double_escape(8.9)
    presses.interrupted(9.0)
    assert not presses.is_double_escape(10.2)


def test_an_esc_that_closed_something_is_no_first_half() -> None:
    presses = Presses()
    presses.is_double_escape(10.0)
    presses.escape_used()
    assert not presses.is_double_escape(10.2)


@pytest.mark.parametrize(("apart", "second"), [(1.0, True), (1.5, True), (1.6, False)])
def test_the_same_key_twice_quits(apart: float, second: bool) -> None:
    presses = Presses()
    assert not presses.is_second("ctrl+c", 5.0)
    assert presses.is_second("ctrl+c", 5.0 + apart) is second


def test_two_different_keys_do_not() -> None:
    presses = Presses()
    presses.is_second("ctrl+c", 5.0)
    assert not presses.is_second("ctrl+d", 5.2)


def test_anything_typed_in_between_begins_anew() -> None:
    presses = Presses()
    presses.is_second("ctrl+c", 5.0)
    presses.something_else()
    assert not presses.is_second("ctrl+c", 5.2)
