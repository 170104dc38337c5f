"""SIGINT, SIGTERM and SIGHUP in every phase of a turn: exit code, closed connection, partial on disk, next request accepted.

The three signals strike one session one after the other, so the validator sees the leftovers of each in the next request.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Say, Script, Step, Think, ThreadApi, WaitFor
from tests.contract.command import CLAUDE_TUI, SLACK, finish, newest, read_until, run, show, start

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="no such signals"), pytest.mark.unmeasured]

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
DONE = Script((Say("Done."),))
THINK = Think("First I look.")
SLOW_TOOL = (sys.executable, "-m", "tests.contract.slow_tool")


@dataclass(frozen=True)
class Phase:
    """`mark`: what standard output says once the phase is reached. `kept`: the blocks of the answer on disk, None for no answer."""

    steps: tuple[Step, ...]
    mark: bytes
    kept: list[tuple[str, str]] | None
    status: str = "interrupted"
    streaming: bool = True
    program: tuple[str, ...] = CLAUDE_TUI


PHASES: dict[str, Phase] = {
    "before headers": Phase((WaitFor("never"),), b"RequestStarted", None),
    "thinking": Phase((Think("First ", stop=False), WaitFor("never")), b'"First "', [("thinking", "First ")]),
    "text": Phase(
        (THINK, Say("It begins ", stop=False), WaitFor("never")),
        b'"It begins "',
        [("thinking", "First I look."), ("text", "It begins ")],
    ),
    "tool arguments": Phase(
        (Say("So:"), Call("calculator", raw='{"expr', stop=False), WaitFor("never")),
        rb'"{\"expr"',
        [("text", "So:"), ("tool_use", "{}")],
    ),
    "tool running": Phase(
        (THINK, Call("wait_for_ever", {}), Call("calculator", {"expression": "6 * 7"})),
        b"the tool runs",
        [("thinking", "First I look."), ("tool_use", "{}"), ("tool_use", "{'expression': '6 * 7'}")],
        status="complete",
        streaming=False,
        program=SLOW_TOOL,
    ),
    "retry wait": Phase((Fault.OVERLOADED(retry_after="50"),), b"RetryScheduled", None, streaming=False),
}
READ: dict[str, Callable[[dict[str, object]], object]] = {
    "thinking": lambda block: block["thinking"],
    "text": lambda block: block["text"],
    "tool_use": lambda block: block["input"],
}


def interrupt(api: ThreadApi, phase: Phase, n: int, number: signal.Signals, code: int) -> None:
    """One `ask -c` that is stopped in this phase."""
    args = ("ask", f"prompt {n}", "-c", "-o", "stream-json", "--allow-tool", "wait_for_ever")
    with start(*args, api=api, program=phase.program) as process:
        read_until(process, phase.mark)
        if phase.streaming:
            api.wait_reached(n, "never")
        asked = monotonic()
        process.send_signal(number)
        ended = finish(process).told(code)
        assert monotonic() - asked < SLACK
    if phase.streaming:
        api.wait_closed(n)
    assert "Interrupted" in ended.stderr and "Traceback" not in ended.stderr
    last = ended.out.splitlines()[-1]
    assert b'"TurnEnded"' in last and b'"interrupted"' in last and b'"error":null' in last


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES.keys())
def test_a_signal_in_every_phase(phase: Phase) -> None:
    with FakeApi.in_thread([*[Script(phase.steps)] * 3, DONE]) as api:
        for n, (number, code) in enumerate(SIGNALS.items()):
            interrupt(api, phase, n, number, code)
        told = run("ask", "the end", "-c", "-o", "json", api=api, program=phase.program).told(0).json
        assert [call.status for call in api.calls if call.error] == []
        assert len(api.calls) == 4
    messages = show(told["session_id"])["messages"]
    prompts = [
        message["content"][0]["text"]
        for message in messages
        if message["content"][0]["type"] == "text" and message["role"] == "user"
    ]
    assert prompts == ["prompt 0", "prompt 1", "prompt 2", "the end"]
    interrupted = [message for message in messages if message["role"] == "assistant"][:-1]
    assert len(interrupted) == (0 if phase.kept is None else 3)
    for message in interrupted:
        assert message["status"] == phase.status
        assert [(block["type"], str(READ[block["type"]](block))) for block in message["content"]] == phase.kept


def test_calls_that_an_interrupt_cut_off_are_answered_and_those_that_were_done_keep_their_result() -> None:
    phase = PHASES["tool running"]
    with FakeApi.in_thread([Script(phase.steps), DONE]) as api:
        interrupt(api, phase, 0, signal.SIGINT, 130)
        told = run("ask", "and?", "-c", "-o", "json", api=api).told(0).json
        sent = api.calls[1].body["messages"]
    results = show(told["session_id"])["messages"][2]["content"]
    assert [block["type"] for block in results] == ["tool_result", "tool_result"]
    assert results[0]["is_error"] is True and "interrupted" in results[0]["content"]
    assert results[1]["content"] == "42"
    assert sent[2]["content"][:2] == results


def test_a_signal_while_the_input_is_read_ends_the_process_with_nothing_stored() -> None:
    for number, codes in {signal.SIGINT: (130,), signal.SIGTERM: (143, -15)}.items():
        with start("ask", "-o", "json", stdin=subprocess.PIPE, env={"ANTHROPIC_API_KEY": "key"}) as process:
            assert process.stdin is not None
            process.stdin.write(b"x" * 1_000_000)  # more than a pipe holds: when this returns, it is being read
            process.stdin.flush()
            process.send_signal(number)
            assert process.wait(10) in codes
            assert finish(process).out == b""
    assert run("sessions", "list", "-o", "json").json == []


def test_nohup_is_obeyed() -> None:
    script = Script((Say("It begins"), WaitFor("go"), Say(" and ends.")))
    line = ("/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *CLAUDE_TUI)
    with FakeApi.in_thread(script) as api, start("ask", "hi", api=api, program=line) as process:
        read_until(process, b"It begins")
        process.send_signal(signal.SIGHUP)
        api.release("go")
        assert finish(process).told(0).stdout == " and ends.\n"
    assert newest()["status"] == "complete"


def test_impatience_changes_nothing() -> None:
    """Signals again and again while the first one is being obeyed."""
    with FakeApi.in_thread([Script((Say("It begins", stop=False), WaitFor("never"))), DONE]) as api:
        with start("ask", "hi", api=api) as process:
            read_until(process, b"It begins")
            for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                process.send_signal(number)
            assert process.wait(10) in (130, 143)
            assert b"Traceback" not in finish(process).err
        row = newest()
        assert row["status"] == "interrupted"
        assert show(row["id"])["messages"][-1]["content"] == [{"type": "text", "text": "It begins"}]
        run("ask", "-c", "go on", api=api).told(0)
