"""Every row of the contract's outcome table: outcome, status of the answer, exit code, and what stands on disk."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from claude_tui.fakeapi import FakeApi, Fault, Finish, Phase, Plan, Say, Script, Start, Step, Think, WaitFor, at
from tests.contract.command import finish, newest, read_until, run, show, start, texts

pytestmark = pytest.mark.unmeasured

NO_RETRY = {"CLAUDE_TUI_RETRIES": "0"}
WHOLE = (Think("Hm."), Say("Here it is."))


def stop(*steps: Step, reason: str | None = "end_turn") -> Script:
    return Script(steps or WHOLE, stop_reason=reason)


COMPLETED: dict[str, Script] = {
    "end_turn": stop(),
    "stop_sequence": Script(WHOLE, stop_reason="stop_sequence", stop_sequence="END"),
    "unknown reason": stop(reason="because"),
    "no reason, but message_stop": stop(reason=None),
    "the stream ends after the stop reason": at(Fault.CLEAN_EOF, Phase.END),
    "the stream says [DONE]": at(Fault.DONE_FOR_STOP, Phase.BEFORE_HEADERS),
    "nothing in it": stop(Start()),
}


@pytest.mark.parametrize("script", COMPLETED.values(), ids=COMPLETED.keys())
def test_completed(script: Script) -> None:
    with FakeApi.in_thread(script) as api:
        told = run("ask", "hi", "-o", "json", api=api).told(0).json
    assert (told["outcome"], told["error"], told["message"]["status"]) == ("completed", None, "complete")
    shown = show(told["session_id"])
    assert shown["session"]["status"] == "complete"
    assert shown["messages"] == told["messages"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Script((Say("No."),), stop_reason="refusal", stop_details={"category": "bio", "explanation": "Not this."}), "Not this."),
        (stop(Say("It begins"), reason="max_tokens"), "max_tokens"),
        (stop(Say("It begins"), reason="model_context_window_exceeded"), "context window"),
    ],
    ids=["refusal", "max_tokens", "context window"],
)
def test_a_stop_reason_that_deserves_a_sentence_gets_one_and_exits_with_0(script: Script, words: str) -> None:
    with FakeApi.in_thread([script, stop()]) as api:
        first = run("ask", "hi", api=api).told(0)
        again = run("ask", "-c", "and now?", "-o", "json", api=api).told(0)
    assert words in first.stderr
    assert words not in first.stdout
    assert again.json["outcome"] == "completed"
    assert again.stderr.count("Note") == 0


FAILED: dict[str, tuple[Plan, str | None, str]] = {
    "HTTP error": (at(Fault.FORBIDDEN, Phase.BEFORE_HEADERS), None, "permission"),
    "error event before a block": (at(Fault.ERROR_OVERLOADED, Phase.START), None, "overloaded"),
    "error event": (at(Fault.ERROR_OVERLOADED, Phase.TEXT), "failed", "overloaded"),
    "drop": (at(Fault.RST, Phase.TEXT), "failed", "truncated"),
    "stall": (at(Fault.STALL, Phase.TEXT), "failed", "timeout"),
    "cut": (at(Fault.CLEAN_EOF, Phase.TEXT), "failed", "truncated"),
    "cut between blocks": (Script((Say("one"), Fault.CLEAN_EOF)), "failed", "truncated"),
    "cut after the stop reason with a block open": (
        Script((Say("one", stop=False), Fault.CLEAN_EOF)),
        "failed",
        "truncated",
    ),
    "junk": (at(Fault.MALFORMED_JSON, Phase.TEXT), "failed", "protocol"),
    "junk instead of an answer": (at(Fault.HTML_200, Phase.BEFORE_HEADERS), None, "protocol"),
}


@pytest.mark.parametrize(("plan", "status", "kind"), FAILED.values(), ids=FAILED.keys())
def test_failed(plan: Plan, status: str | None, kind: str) -> None:
    env = {**NO_RETRY, "CLAUDE_TUI_IDLE_TIMEOUT": "0.3"}
    with FakeApi.in_thread(plan) as api:
        ended = run("ask", "hi", "-o", "json", api=api, env=env).told(1)
    told = ended.json
    assert (told["outcome"], told["error"]["kind"]) == ("failed", kind)
    assert (told["message"] and told["message"]["status"]) == status
    assert [message["role"] for message in told["messages"]] == ["user", "assistant"][: 2 if status else 1]
    assert told["error"]["message"] in ended.stderr
    shown = show(told["session_id"])
    assert shown["session"]["status"] == (status or "empty")
    assert shown["messages"] == told["messages"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGQUIT, 131)])
def test_interrupted(number: signal.Signals, code: int) -> None:
    with FakeApi.in_thread(Script((Think("It begins"), WaitFor("never"), Say("It ends")))) as api:
        with start("ask", "hi", "-o", "json", api=api) as process:
            read_until(process, b"It begins", errors=True)
            process.send_signal(number)
            told = finish(process).told(code).json
        api.wait_closed(0)
    assert (told["outcome"], told["error"], told["message"]["status"]) == ("interrupted", None, "interrupted")
    assert show(told["session_id"])["messages"] == told["messages"]


def test_a_killed_process_is_found_by_the_next_command() -> None:
    with FakeApi.in_thread([Script((Say("It begins "), WaitFor("never"), Finish())), stop()]) as api:
        with start("ask", "hi", api=api) as process:
            api.wait_reached(0, "never")
            assert process.stdout is not None
            assert process.stdout.read(9) == b"It begins"
            assert newest()["status"] == "streaming"
            process.kill()
            finish(process)
        row = newest()
        assert row["status"] == "interrupted"
        kept = show(row["id"])["messages"][-1]
        assert kept["status"] == "interrupted"
        assert "It begins ".startswith(texts(kept))
        run("ask", "-c", "go on", api=api).told(0)


def test_no_credentials_is_3_and_a_refused_key_is_1() -> None:
    with FakeApi.in_thread(stop()) as api:
        without = run("ask", "hi", "-o", "json", api=api, env={"ANTHROPIC_API_KEY": None}).told(3)
        refused = run("ask", "hi", "-o", "json", api=api, env={"ANTHROPIC_API_KEY": "another"}).told(1).json
        assert len(api.requests) == 1
    assert (without.json["outcome"], without.json["error"]["kind"], without.json["message"]) == ("failed", "credentials", None)
    assert "ANTHROPIC_API_KEY" in without.stderr
    assert (refused["outcome"], refused["error"]["kind"], refused["message"]) == ("failed", "auth", None)
    assert refused["error"]["status"] == 401 and refused["error"]["request_id"]


@pytest.mark.parametrize(
    "args",
    [
        ["ask", "-o", "json"],
        ["ask", "hi", "-o", "yaml"],
        ["ask", "hi", "--no-such-option"],
        ["ask", "two", "prompts"],
        ["ask", "hi", "--effort", "enormous", "-o", "json"],
        ["ask", "hi", "--provider", "nobody", "-o", "json"],
        ["ask", "hi", "-c", "-r", "abcd", "-o", "json"],
        ["ask", "hi", "-r"],
        ["ask", "hi", "-r", "-o", "json"],
        ["sessions", "show"],
        ["sessions", "list", "--limit", "many"],
        ["fake-api", "--scenario", "nothing"],
        ["web"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_and_prints_nothing(args: list[str], isolated_environment: Path) -> None:
    ended = run(*args, env={"ANTHROPIC_API_KEY": "key"}).told(2)
    assert ended.out == b""
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr
    assert not (isolated_environment / "data").exists()
