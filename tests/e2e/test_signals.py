"""A signal at the prompt is heard at once, even if nothing interrupts the call that reads the line."""

import os
import signal
import threading

import pytest

from claude_tui.cli.signals import signals_that_leave


class Left(Exception):
    """Somebody left."""


def leave(number: int) -> None:
    raise Left(number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_another_thread_got_ends_the_reading(number: signal.Signals) -> None:
    ours, theirs = os.pipe()
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGURG)]
    elsewhere = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), number))

    def read() -> None:
        with signals_that_leave(leave):
            elsewhere.start()
            os.read(ours, 1)

    try:
        with pytest.raises(Left) as left:
            read()
    finally:
        os.close(ours)
        os.close(theirs)
    elsewhere.join()
    assert left.value.args == (number,)
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGURG)] == before
    assert signal.set_wakeup_fd(-1) == -1
