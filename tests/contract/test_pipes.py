"""Standard output that is closed, full or not read, and what then stands on disk."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import termios
from array import array
from time import monotonic

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, Think, WaitFor
from tests.contract.command import (
    CLAUDE_TUI,
    SLACK,
    Running,
    environment,
    finish,
    newest,
    read_until,
    run,
    run_anew,
    show,
    start,
    texts,
    wait_for_status,
)

pytestmark = pytest.mark.unmeasured

MEGABYTE = "0123456789abcde\n" * (1024 * 1024 // 16)
DONE = Script((Say("Done."),))


@pytest.mark.parametrize(("form", "mark"), [("text", b"It begins"), ("stream-json", b'"It begins"')])
def test_a_reader_that_leaves_ends_the_turn_without_a_word(form: str, mark: bytes) -> None:
    script = Script((Say("It begins"), WaitFor("left"), Say(" and goes on", chars=1), WaitFor("never")))
    with FakeApi.in_thread([script, DONE]) as api:
        with start("ask", "hi", "-o", form, api=api) as process:
            read_until(process, mark)
            assert process.stdout is not None
            process.stdout.close()
            api.release("left")
            api.wait_closed(0)
            assert process.wait(5) == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""
        row = newest()
        assert row["status"] == "interrupted"
        kept = texts(show(row["id"])["messages"][-1])
        assert kept.startswith("It begins") and "It begins and goes on".startswith(kept)
        run("ask", "-c", "go on", api=api).told(0)


@pytest.mark.parametrize("form", ["text", "json", "stream-json"])
def test_a_reader_that_was_never_there(form: str) -> None:
    """What is written at the end only is found out at the end: nothing can have been interrupted by then."""
    readable, writable = os.pipe()
    os.close(readable)
    try:
        with FakeApi.in_thread(DONE) as api:
            ended = run_anew("ask", "hi", "-o", form, api=api, capture_output=False, stdout=writable, stderr=subprocess.PIPE)
    finally:
        os.close(writable)
    ended.told(0)
    assert ended.err == b""
    assert newest()["status"] in {"json": ("complete",)}.get(form, ("interrupted", "complete", "empty"))


def test_head() -> None:
    script = Script((Say("one\ntwo\n"), WaitFor("go"), Say(MEGABYTE, chars=500), WaitFor("never")))
    line = " ".join([*CLAUDE_TUI, "ask", "hi", "|", "head", "-n", "1"])
    with FakeApi.in_thread(script) as api:
        api.release("go")
        done = subprocess.run(line, shell=True, capture_output=True, env=environment(api), timeout=20, check=True)  # noqa: S602
        api.wait_closed(0)
    assert (done.stdout, done.stderr) == (b"one\n", b"")


def test_commands_without_a_turn_bear_a_closed_pipe_too() -> None:
    readable, writable = os.pipe()
    os.close(readable)
    try:
        for args in (("sessions", "list", "-o", "json"), ("--help",), ("config", "show")):
            ended = run_anew(*args, capture_output=False, stdout=writable, stderr=subprocess.PIPE, env={"ANTHROPIC_API_KEY": None})
            assert (ended.code, ended.err) == (0, b""), args
    finally:
        os.close(writable)


def test_closed_standard_streams() -> None:
    with FakeApi.in_thread(DONE) as api:
        line = ["/bin/sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh", *CLAUDE_TUI, "ask", "hi"]
        assert subprocess.run(line, env=environment(api), timeout=20, check=False).returncode == 0
    assert newest()["status"] == "complete"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_behind_standard_output_is_an_error(form: str) -> None:
    with FakeApi.in_thread(DONE) as api, open("/dev/full", "wb") as full:
        ended = run_anew("ask", "hi", "-o", form, api=api, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    ended.told(1)
    assert "Standard output cannot be written" in ended.stderr


def wait_until_full(process: Running) -> None:
    """Until one of the pipes can take no more; nobody reads them."""
    streams = [stream for stream in (process.stdout, process.stderr) if stream]
    while all(waiting(stream.fileno()) < 60_000 for stream in streams):
        assert process.poll() is None
        select.select([], [], [], 0.01)  # leaves the processor to the writer


def waiting(descriptor: int) -> int:
    """How many bytes lie in a pipe."""
    count = array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


@pytest.mark.parametrize("script", [Script((Say(MEGABYTE), WaitFor("never"))), Script((Think(MEGABYTE), WaitFor("never")))])
def test_a_reader_that_does_not_read_cannot_hold_up_a_signal(script: Script) -> None:
    with FakeApi.in_thread([script, DONE]) as api:
        with start("ask", "hi", api=api) as process:
            api.wait_request(0)
            wait_for_status(process, "streaming")
            wait_until_full(process)
            asked = monotonic()
            process.terminate()
            assert process.wait(10) == 143
            assert monotonic() - asked < SLACK
            finish(process)
        assert newest()["status"] == "interrupted"
        run("ask", "-c", "go on", api=api).told(0)


def test_an_answer_that_nobody_took_before_the_signal_is_not_reported_as_delivered() -> None:
    """The turn is complete and stored, but its output is not out: the exit code must not say that it is."""
    with FakeApi.in_thread(Script((Say(MEGABYTE, chars=4096),))) as api, start("ask", "hi", api=api) as process:
        api.wait_finished(0)
        wait_for_status(process, "complete")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
        finish(process)


def test_five_megabytes_through_a_slow_pipe() -> None:
    text = MEGABYTE * 5
    with FakeApi.in_thread(Script((Say(text, chars=len(text)),))) as api:
        told = run("ask", "hi", "-o", "json", api=api).told(0).json
        assert texts(told["message"]) == text
