"""Textual's driver for Unix terminals with its own way in and out.

In: frames instead of single characters, so that Esc is there at once, a bad byte is one bad character and nobody's reply becomes
text. Out: a bounded writer that never makes the event loop wait. And the terminal is given back on every way out, once.
"""

# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# Textual's private names are used here; tests/unit/ui/test_terminal_private_names.py holds each of them.

from __future__ import annotations

import atexit
import logging
import os
import select
import signal
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING, Any

from textual import constants
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from claude_tui.terminal_state import Note, take
from claude_tui.ui.terminal_frames import ESCAPE_DELAY, Frame, FrameReader
from claude_tui.ui.terminal_keys import KeyReader
from claude_tui.ui.terminal_writer import FrameWriter

if TYPE_CHECKING:
    from textual.app import App

LEAVE_WITHIN = 0.5  # seconds for what waits to be written when the terminal is given back
FORCE_WITHIN = 0.4  # seconds for the same without regard to what waits
HANGUP_CODE = 128 + signal.SIGHUP
CURSOR_REPORT = "\x1b[6n"
LARGEST = 1_000, 500
"""Columns and lines. A terminal may claim 65,535 of each, and laying out so much freezes the screen and eats memory."""
_READ = 1 << 16
_POINTER_SHAPE = "\x1b]22;"
_CANCEL = "\x18\x1b\\"  # ends a sequence that was cut in the middle

_log = logging.getLogger(__name__)


class TerminalDriver(LinuxDriver):
    """The driver of the full screen.

    When the terminal is gone (end of file, an error, a closed window) `app.terminal_gone()` is called on the event loop, once, if
    the app has such a method; otherwise the app exits as a hang-up would end it. While the terminal is ours, a note in the folder
    `app.terminal_notes`, if there is one, says so: the next start gives the terminal back where this process was killed.
    """

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        stream = sys.__stderr__
        self._output = stream.fileno() if stream is not None else 2
        self._encoding = (stream.encoding if stream is not None else None) or "utf-8"
        self._writer: FrameWriter | None = None
        self._wake: tuple[int, int] | None = None
        self._reader: threading.Thread | None = None
        self._active = False
        self._suspended = False
        self._gone = threading.Event()
        self._cursor_reports_due = 0
        self._pointer_shaped = False
        self._undo: dict[str, str] = {}
        self._note: Note | None = None

    # The way out.

    @property
    def backlog(self) -> int:
        """How many writes the terminal has not taken."""
        return self._writer.backlog if self._writer is not None else 0

    def write(self, data: str) -> None:
        """What Textual writes. Dropped where the terminal does not keep up, and while it is somebody else's."""
        if self._writer is None:
            return
        if data.startswith(_POINTER_SHAPE):
            self._pointer_shaped = True
        self._writer.write(data)

    def write_own(self, data: str, undo: str = "") -> bool:
        """A sequence of our own, never dropped. `undo` is written when the terminal is given back, `data` when it is ours again."""
        if undo:
            self._undo[undo] = data
        if self._writer is None:
            return False
        self._cursor_reports_due += data.count(CURSOR_REPORT)
        self._writer.write_always(data)
        return True

    def set_mouse(self, enabled: bool) -> None:
        """Whether the mouse belongs to the program or to the terminal's own selection."""
        if enabled:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False

    # Taking the terminal and giving it back.

    def start_application_mode(self) -> None:
        if self._active:
            return
        self._writer = FrameWriter(self._output, self._repaint, self._terminal_gone, self._encoding)
        self._writer.start()
        self._take_note()
        self._wake = os.pipe()
        self._active = True
        self._cursor_reports_due = 0
        atexit.register(self._last_resort)
        super().start_application_mode()
        _one_at_a_time(signal.SIGWINCH)
        if (unused := self._writer_thread) is not None:
            unused.stop()
        for data in self._undo.values():
            self.write_own(data)
        if self._app.is_running:  # taken again: the size is as it was, so nothing else paints
            self._repaint()

    def _take_note(self) -> None:
        folder = getattr(self._app, "terminal_notes", None)
        if folder is not None and self._note is None:
            try:
                attributes = termios.tcgetattr(self.fileno)
            except termios.error:  # our input is no terminal
                attributes = None
            self._note = take(folder, self._output, attributes)

    def _drop_note(self) -> None:
        note, self._note = self._note, None
        if note is not None:
            note.drop()

    def _get_terminal_size(self) -> tuple[int, int]:
        columns, lines = super()._get_terminal_size()
        return min(columns, LARGEST[0]), min(lines, LARGEST[1])

    def _query_in_band_window_resize(self) -> None:
        if constants.SMOOTH_SCROLL:
            super()._query_in_band_window_resize()

    def disable_input(self) -> None:
        """End the input thread at once, and forget what was typed but not read."""
        thread, self._key_thread = self._key_thread, None
        if thread is None or self._wake is None:
            return
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        self._disable_mouse_support()
        os.write(self._wake[1], b"\0")
        thread.join()
        if self._reader is not None:
            self._reader.join()
        try:
            termios.tcflush(self.fileno, termios.TCIFLUSH)
        except termios.error as error:
            _log.debug("the terminal's input cannot be discarded: %s", error)

    def stop_application_mode(self) -> None:
        """Give the terminal back, whatever state it is in. A second call does nothing."""
        if not self._active:
            return
        self._active = False
        self.disable_input()
        writer, self._writer = self._writer, None
        given_back = True
        if writer is not None:
            writer.write_always(self._leaving())
            if not writer.stop(LEAVE_WITHIN):
                writer.abandon()
                given_back = self._force(self._leaving())
        self._restore_attributes(termios.TCSANOW)
        if given_back:
            self._drop_note()
        if self._wake is not None:
            for end in self._wake:
                os.close(end)
            self._wake = None
        atexit.unregister(self._last_resort)

    def close(self) -> None:
        """Nothing is left to be done: the writer ends with the mode."""

    def suspend_application_mode(self) -> None:
        self._suspended = self._active
        super().suspend_application_mode()

    def resume_application_mode(self) -> None:
        """Take the terminal again, unless the app ended meanwhile: then it is the shell's."""
        self._suspended = False
        if self._app.is_running and not self._app._exit:
            super().resume_application_mode()

    def _sigcont_application(self, *_: object) -> None:
        """Take the terminal again: after a stop of ours, and after one nobody could announce (SIGSTOP)."""
        if not self._auto_restart:
            return
        if self._active:
            self.suspend_application_mode()
        if self._suspended:
            self.resume_application_mode()

    def _leaving(self) -> str:
        parts = [
            *reversed(self._undo),
            "\x1b]22;\x1b\\" if self._pointer_shaped else "",
            "\x1b[?2026l\x1b[?2004l\x1b[?7h",
            "\x1b[?2048l" if self._in_band_window_resize else "",
            "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l",
            "\x1b[?1016l" if self._mouse_pixels else "",
            "" if constants.DISABLE_KITTY_KEY else "\x1b[<u",
            "\x1b[?1004l\x1b[r\x1b[?1049l\x1b[?25h\x1b[0m",
        ]
        return "".join(parts)

    def _restore_attributes(self, when: int) -> None:
        if self.attrs_before is not None:
            try:
                termios.tcsetattr(self.fileno, when, self.attrs_before)
            except termios.error as error:
                _log.info("the terminal's modes cannot be restored: %s", error)

    def _force(self, data: str) -> bool:
        """To a terminal that reads slowly or not at all: ahead of the frames that wait, only for so long; whether it took all."""
        left = (_CANCEL + data).encode()
        try:
            handle = os.open(os.ttyname(self._output), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            _log.info("the terminal cannot be given back: %s", error)
            return False
        try:
            deadline = time.monotonic() + FORCE_WITHIN
            while left and time.monotonic() < deadline:
                left = left[self._push(handle, left) :]
        except OSError as error:
            _log.info("the terminal cannot be given back: %s", error)
        finally:
            os.close(handle)
        return not left

    def _push(self, handle: int, data: bytes) -> int:
        """How many bytes the terminal took."""
        try:
            return os.write(handle, data)
        except BlockingIOError:
            select.select([], [handle], [], 0.01)
            return 0

    def _last_resort(self) -> None:
        """At the end of the interpreter, if nothing gave the terminal back before."""
        if self._active:
            self._active = False
            given_back = self._force(self._leaving())
            self._restore_attributes(termios.TCSANOW)
            if given_back:
                self._drop_note()

    # The way in.

    def _run_input_thread(self) -> None:
        """Hand over to a daemon thread: the interpreter would wait for Textual's before it calls what stands in `atexit`."""
        self._reader = threading.Thread(target=self._read_until_told, daemon=True, name="terminal-input")
        self._reader.start()

    def _read_until_told(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            _log.exception("the input thread ended")
            self._on_loop(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        """Read until the wake-up pipe says stop or the terminal is gone; wait without a limit unless a sequence is half there."""
        if self._wake is None:
            return
        wake = self._wake[0]
        frames = FrameReader(escape_delay(os.environ.get("ESCDELAY")))
        keys = KeyReader(self._cursor_asked, linux_console=os.environ.get("TERM") == "linux")
        while True:
            timeout = None if frames.deadline is None else max(frames.deadline - time.monotonic(), 0)
            ready, _, _ = select.select([self.fileno, wake], [], [], timeout)
            if wake in ready:
                return
            if not ready:
                self._deliver(frames.expire(time.monotonic()), keys)
                continue
            data = self._read()
            if not data:
                self._deliver(frames.finish(), keys)
                self._terminal_gone()
                return
            self._deliver(frames.feed(data, time.monotonic()), keys)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ)
        except OSError as error:
            _log.info("the terminal cannot be read: %s", error)
            return b""

    def _deliver(self, found: list[Frame], keys: KeyReader) -> None:
        for frame in found:
            for message in keys.read(frame):
                self.process_message(message)

    def _cursor_asked(self) -> bool:
        if self._cursor_reports_due:
            self._cursor_reports_due -= 1
            return True
        return False

    def send_message(self, message: Message) -> None:
        if not self._loop.is_closed():
            super().send_message(message)

    # Calls to the event loop.

    def _on_loop(self, call: Any, *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            _log.info("the event loop has ended before %s", call)

    def _terminal_gone(self) -> None:
        if not self._gone.is_set():
            self._gone.set()
            self._on_loop(self._tell_gone)

    def _tell_gone(self) -> None:
        _log.info("the terminal is gone")
        told = getattr(self._app, "terminal_gone", None)
        if callable(told):
            told()
        else:
            self._app.exit(return_code=HANGUP_CODE)

    def _repaint(self) -> None:
        self._on_loop(self._paint_anew)

    def _paint_anew(self) -> None:
        if self._active and self._app.is_running:
            self._app.refresh()


def escape_delay(setting: str | None) -> float:
    """Seconds to wait after a lone Esc: what `ESCDELAY` says in milliseconds, within reason, or our own value."""
    if setting is None or not setting.isdecimal():
        return ESCAPE_DELAY
    return min(max(int(setting[:6]), 1), 500) / 1000


def _one_at_a_time(number: int) -> None:
    """Have the handler of this signal not begin again while it runs, but once more behind: a storm would nest it without end."""
    handler = signal.getsignal(number)
    running = again = False

    def handle(received: int, frame: Any) -> None:
        nonlocal running, again
        again = True
        if running or not callable(handler):
            return
        running = True
        try:
            while again:
                again = False
                handler(received, frame)
        finally:
            running = False

    signal.signal(number, handle)
