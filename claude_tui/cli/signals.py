"""Signals that ask the program to stop, as calls on the event loop."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Self

from claude_tui.domain.messages import Outcome

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_NUDGE_SECONDS = 0.02


class StopSignals:
    """While it is entered, SIGINT, SIGTERM, SIGHUP and SIGQUIT call `on_stop` instead of ending the process.

    `received`: the first one, but SIGINT only as long as no other has come: that one asks for more than the end of an answer.

    A SIGHUP that the caller had ignored (nohup) stays ignored.
    """

    def __init__(self, on_stop: Callable[[], object]) -> None:
        self.received: signal.Signals | None = None
        self._on_stop = on_stop
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
                continue
            self._before[number] = signal.getsignal(number)
            try:
                loop.add_signal_handler(number, self._stop, number)
            except NotImplementedError:  # Windows: the handler runs between two steps of the loop
                signal.signal(number, lambda received, _frame: loop.call_soon_threadsafe(self._stop, signal.Signals(received)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        loop = asyncio.get_running_loop()
        for number, before in self._before.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, before if callable(before) or isinstance(before, signal.Handlers) else signal.SIG_DFL)

    def on_stop(self, call: Callable[[], object]) -> None:
        """From now on a signal calls this."""
        self._on_stop = call

    def _stop(self, number: signal.Signals) -> None:
        if self.received in (None, signal.SIGINT):
            self.received = signal.Signals(number)
        self._on_stop()


@contextmanager
def signals_that_leave(leave: Callable[[int], object]) -> Generator[None]:
    """While a blocking call reads a line, SIGTERM, SIGHUP and SIGQUIT call `leave`, which raises; one that was ignored stays so."""
    numbers = [number for name in _NAMES[1:] if (number := getattr(signal, name, None)) is not None]
    before = [(number, signal.getsignal(number)) for number in numbers]
    for number, handler in before:
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda received, _frame: leave(received))
    try:
        with _nudged():
            yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def _nudged() -> Generator[None]:
    """See that no signal waits for the next key press.

    Python runs a handler when the call it is in returns. A signal that comes just before the call blocks, or to another thread,
    does not make it return; so a thread that hears of every signal interrupts the call with one that means nothing, again and
    again, until it is over.
    """
    if not hasattr(signal, "pthread_kill"):  # Windows
        yield
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    over = threading.Event()
    reader = threading.get_ident()

    def nudge() -> None:
        wanted = {getattr(signal, name) for name in _NAMES}
        while numbers := heard.recv(64):
            while wanted.intersection(numbers) and not over.wait(_NUDGE_SECONDS):
                signal.pthread_kill(reader, signal.SIGURG)

    thread = threading.Thread(target=nudge, name="signals", daemon=True)
    before = signal.signal(signal.SIGURG, _ignore)
    wakeup = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    thread.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup)
        told.close()
        thread.join()
        heard.close()
        signal.signal(signal.SIGURG, before)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Interrupts what blocks, and nothing else."""


def exit_code(outcome: Outcome, received: signal.Signals | None, *, no_credentials: bool = False) -> int:
    """The contract's exit code of a turn."""
    if outcome is Outcome.INTERRUPTED:
        return 128 + int(received or signal.SIGINT)
    if outcome is Outcome.FAILED:
        return 3 if no_credentials else 1
    return 0
