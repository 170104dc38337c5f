"""Every private name of Textual our terminal code relies on. If one fails, read the new Textual before raising its bound."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import constants, driver, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.drivers.linux_driver import LinuxDriver
from textual.strip import Strip
from textual.worker import WorkerFailed

CHANGED = "Textual changed: see claude_tui/ui/terminal*.py, egress.py and crash.py before raising its bound. "


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            LinuxDriver,
            "_enable_mouse_support _disable_mouse_support _query_in_band_window_resize _run_input_thread _sigcont_application "
            "_get_terminal_size",
        ),
        (LinuxDriver, "run_input_thread start_application_mode stop_application_mode disable_input close write process_message"),
        (driver.Driver, "send_message suspend_application_mode resume_application_mode no_automatic_restart"),
        (XTermParser, "_sequence_to_key_events parse_mouse_code feed"),
        (App, "_handle_exception _fatal_error _close_messages_no_wait _print_error_renderables suspend"),
        (constants, "DISABLE_KITTY_KEY SMOOTH_SCROLL"),
    ],
)
def test_it_exists(owner: Any, names: str) -> None:
    missing = [name for name in names.split() if not hasattr(owner, name)]
    assert not missing, f"{CHANGED}{owner.__name__} lost {missing}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("_driver", None), ("_clipboard", str), ("_exit", bool), ("_exception", None), ("_exception_event", asyncio.Event),
        ("_exit_renderables", list), ("_return_code", None), ("_batch_count", int), ("_sync_available", bool),
    ],
)  # fmt: skip
async def test_an_app_has_it(name: str, kind: type | None) -> None:
    app: App[None] = App()
    assert hasattr(app, name), f"{CHANGED}App lost {name}"
    assert kind is None or isinstance(getattr(app, name), kind), f"{CHANGED}App.{name} is {getattr(app, name)!r}"


async def test_a_running_screen_says_what_is_to_be_painted() -> None:
    app: App[None] = App()
    async with app.run_test():
        screen = app.screen
        assert isinstance(screen._layout_required, bool), CHANGED
        assert isinstance(screen._dirty_widgets, set), CHANGED
        assert isinstance(screen._compositor._dirty_regions, set), CHANGED
        assert screen in screen._compositor.visible_widgets, CHANGED
        assert isinstance(screen._layout_cache, dict) and callable(screen._set_dirty), CHANGED


async def test_a_running_app_keeps_its_driver_in_one_place() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert isinstance(app._driver, HeadlessDriver), CHANGED
        assert app.is_running


async def test_a_driver_has_its_state_where_we_look() -> None:
    made = HeadlessDriver(App())
    for name in ("_app", "_loop", "_mouse", "_auto_restart"):
        assert hasattr(made, name), f"{CHANGED}Driver lost {name}"
    source = inspect.getsource(LinuxDriver.__init__)
    for name in ("fileno", "attrs_before", "_key_thread", "_writer_thread", "_in_band_window_resize", "_mouse_pixels"):
        assert f"self.{name}" in source, f"{CHANGED}LinuxDriver lost {name}"


def test_starting_uses_what_we_override() -> None:
    """`start_application_mode` is Textual's: it must start the thread through our method and write through our `write`."""
    source = inspect.getsource(LinuxDriver.start_application_mode)
    for use in ("target=self._run_input_thread", "self.write(", "self._query_in_band_window_resize()", "self.attrs_before ="):
        assert use in source, f"{CHANGED}start_application_mode no longer has {use!r}"


def test_what_starting_sets_is_what_leaving_resets() -> None:
    """A mode that Textual begins to set has to be reset in `TerminalDriver._leaving`."""
    source = inspect.getsource(LinuxDriver)
    modes = {
        mode
        for mode in ("7", "25", "1000", "1003", "1004", "1006", "1015", "1016", "1049", "2004", "2026", "2048")
        if f"[?{mode}" in source
    }
    written = {part.split("h")[0].split("l")[0].split("$")[0] for part in source.split("[?")[1:]}
    assert {one for one in written if one.isdecimal()} - {"1007"} == modes, f"{CHANGED}LinuxDriver writes modes {sorted(written)}"


def test_the_parser_is_asked_for_whole_things_only() -> None:
    parser = XTermParser(False)
    assert [key.key for key in parser._sequence_to_key_events("\x1b[13;2u")] == ["shift+enter"], CHANGED
    assert [key.key for key in parser._sequence_to_key_events("X", alt=True)] == ["alt+shift+x"], CHANGED
    assert isinstance(parser.parse_mouse_code("\x1b[<0;1;1M"), events.MouseDown), CHANGED
    assert len(list(parser.feed("\x1b[?2026;1$y"))) == 1, CHANGED
    assert FUNCTIONAL_KEYS["13u"] == "enter", CHANGED
    assert ANSI_SEQUENCES_KEYS["\x1b[A"][0].value == "up", CHANGED  # type: ignore[index,union-attr]


def test_strips_render_from_their_segments_once() -> None:
    strip = Strip([Segment("a", Style(link="https://example.org/")), Segment("b")])
    assert strip._segments[0].text == "a", CHANGED
    assert strip._render_cache is None, CHANGED
    output = strip.render(Console(force_terminal=True))
    assert strip._render_cache == output, CHANGED
    assert strip._segments[0].style is not None
    assert strip._segments[0].style._link == "https://example.org/", CHANGED


def test_everything_the_compositor_draws_is_a_strip_rendered() -> None:
    from textual import _compositor

    for update in (_compositor.LayoutUpdate, _compositor.ChopsUpdate, _compositor.InlineUpdate):
        source = inspect.getsource(update.render_segments)
        assert "strip.render(console)" in source, f"{CHANGED}{update.__name__} no longer draws through Strip.render"
        assert ".render_segments(" not in source, CHANGED


def test_a_failed_worker_names_its_error() -> None:
    assert "error" in inspect.signature(WorkerFailed.__init__).parameters, CHANGED
    assert hasattr(WorkerFailed(ValueError()), "error"), CHANGED


def test_suspending_has_no_finally() -> None:
    """`external_editor` keeps errors out of the `with`, since Textual does not take the terminal back after one."""
    source = inspect.getsource(App.suspend)
    assert "no_automatic_restart" in source, CHANGED
    assert "resume_application_mode" in source, CHANGED
