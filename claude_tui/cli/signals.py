"""Signals that ask the program to stop, as calls on the event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from claude_tui.domain.messages import Outcome

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignals:
    """While it is entered, SIGINT, SIGTERM and SIGHUP call `on_stop` instead of ending the process. `received`: the first one.

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
        self.received = self.received or signal.Signals(number)
        self._on_stop()


def exit_code(outcome: Outcome, received: signal.Signals | None, *, no_credentials: bool = False) -> int:
    """The contract's exit code of a turn."""
    if outcome is Outcome.INTERRUPTED:
        return 128 + int(received or signal.SIGINT)
    if outcome is Outcome.FAILED:
        return 3 if no_credentials else 1
    return 0
