"""The terminal, for the rest of the screen: the driver class, and what one may ask of it.

This module, its `terminal_*` neighbours, `egress` and `crash` are the only ones that touch Textual's private names.
"""

# pyright: reportPrivateUsage=false
# `App._driver` has no public name; tests/unit/ui/test_terminal_private_names.py holds it.

from __future__ import annotations

import sys
from typing import Any

from textual.app import App

if sys.platform == "win32":
    from textual.drivers.windows_driver import WindowsDriver as TerminalDriver
else:
    from claude_tui.ui.terminal_driver import TerminalDriver

__all__ = ["TerminalDriver", "backlog", "set_mouse", "write_raw"]


def backlog(app: App[Any]) -> int:
    """How many writes wait for the terminal; 0 where that cannot be known. A frame is up to three of them."""
    return getattr(app._driver, "backlog", 0)


def write_raw(app: App[Any], data: str, undo: str = "") -> bool:
    """Send a sequence of our own, in order with the frames; whether there is a terminal to send it to.

    `undo` takes it back: it is written when the terminal is given back (at the end, on a crash, while another program has the
    screen), and `data` again when the terminal is ours again.
    """
    driver = app._driver
    if driver is None or driver.is_headless or driver.is_web:
        return False
    if isinstance(driver, TerminalDriver) and sys.platform != "win32":
        return driver.write_own(data, undo)
    driver.write(data)
    return True


def set_mouse(app: App[Any], enabled: bool) -> bool:
    """Give the mouse to the program or to the terminal's own selection; whether the driver could."""
    change = getattr(app._driver, "set_mouse", None)
    if change is None:
        return False
    change(enabled)
    return True


def remember_copied(app: App[Any], text: str) -> None:
    """What Ctrl+V inserts inside the program."""
    app._clipboard = text


def send_osc52_to_browser(app: App[Any], text: str) -> bool:
    """In web mode the page takes OSC 52 from Textual's own way of copying; whether this is web mode."""
    if app.is_web:
        app.copy_to_clipboard(text)
    return app.is_web
