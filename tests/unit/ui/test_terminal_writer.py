"""The thread that writes: bounded, never waited for, and honest about what became of the terminal."""

from __future__ import annotations

import os
import threading

from claude_tui.ui.terminal_writer import END_OF_UPDATE, MOST_WAITING, FrameWriter

PATIENCE = 10


class Pipe:
    """A terminal that is read when the test says so."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        self.drained, self.lost = threading.Event(), threading.Event()
        self.writer = FrameWriter(self.write_end, self.drained.set, self.lost.set)
        self.writer.start()

    def read_until(self, end: bytes) -> bytes:
        data = b""
        while not data.endswith(end):
            data += os.read(self.read_end, 1 << 16)
        return data

    def close(self) -> None:
        os.close(self.read_end)
        self.writer.stop(PATIENCE)
        os.close(self.write_end)


def test_what_is_written_arrives_in_order() -> None:
    pipe = Pipe()
    for number in range(20):
        pipe.writer.write(f"{number} ")
    assert pipe.writer.stop(PATIENCE)
    assert pipe.writer.backlog == 0
    assert pipe.read_until(b"19 ") == "".join(f"{number} " for number in range(20)).encode()
    pipe.close()


def test_a_terminal_that_does_not_read_costs_frames_not_time() -> None:
    """The writes of the second half find the backlog full; what must not be lost is not; then a repaint is asked for."""
    pipe = Pipe()
    for _ in range(2 * MOST_WAITING):
        pipe.writer.write("x" * 100_000)
    assert pipe.writer.backlog == MOST_WAITING
    pipe.writer.write_always("KEPT")
    data = pipe.read_until(END_OF_UPDATE.encode())
    assert data.count(b"x") == MOST_WAITING * 100_000
    assert b"KEPT" in data
    assert pipe.drained.wait(PATIENCE)
    pipe.close()


def test_stopping_does_not_wait_for_ever() -> None:
    pipe = Pipe()
    pipe.writer.write("x" * 1_000_000)
    assert not pipe.writer.stop(0.05)
    pipe.writer.abandon()
    pipe.close()


def test_a_terminal_that_is_gone_is_reported_once_and_the_rest_discarded() -> None:
    pipe = Pipe()
    os.close(pipe.read_end)
    pipe.writer.write("a")
    assert pipe.lost.wait(PATIENCE)
    pipe.writer.write("b")
    assert pipe.writer.stop(PATIENCE)
    assert pipe.writer.backlog == 0
    os.close(pipe.write_end)
