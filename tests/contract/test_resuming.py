"""`-c`, `-r`, sessions that another process holds, `--temporary`, and what of a session is fixed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claude_tui.fakeapi import FakeApi, Say, Script, Think, WaitFor
from tests.contract.command import finish, newest, read_until, run, show, start

pytestmark = pytest.mark.unmeasured

ANSWER = Script((Think("Hm."), Say("Yes.")))
KEY = {"ANTHROPIC_API_KEY": "key"}


def imported(title: str, **session: Any) -> str:
    """A stored session made from a file; its id."""
    history = {"session": {"title": title, **session}, "messages": [{"role": "user", "content": title}]}
    return run("sessions", "import", "-", stdin=json.dumps(history)).told(0).stdout.strip()


def listed() -> list[dict[str, Any]]:
    rows = run("sessions", "list", "-o", "json").told(0).json
    assert isinstance(rows, list)
    return rows


def test_continue_without_a_session_makes_one_and_says_so() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        first = run("ask", "one", "-c", "-o", "json", api=api).told(0)
        second = run("ask", "two", "--continue", "-o", "json", api=api).told(0)
        run("ask", "three", "-o", "json", api=api).told(0)
    assert "no session" in first.stderr and "no session" not in second.stderr
    assert first.json["session_id"] == second.json["session_id"]
    assert [message["content"][0]["text"] for message in second.json["messages"] if message["role"] == "user"] == ["two"]
    assert second.json["messages"][0]["parent_id"] == first.json["message"]["id"]
    assert [len(call.body["messages"]) for call in api.calls] == [1, 3, 1]
    assert api.calls[1].body["messages"][1]["content"] == first.json["message"]["content"]


def test_continue_takes_the_session_updated_last_whoever_wrote_it() -> None:
    old = imported("old", updated_at="2020-01-01T00:00:00Z")
    new = imported("new", updated_at="2021-01-01T00:00:00Z")
    assert [row["id"] for row in listed()] == [new, old]
    with FakeApi.in_thread(ANSWER) as api:
        assert run("ask", "x", "-r", old, "-o", "json", api=api).told(0).json["session_id"] == old
        assert run("ask", "x", "-c", "-o", "json", api=api).told(0).json["session_id"] == old
    assert [row["id"] for row in listed()] == [old, new]
    assert run("sessions", "list", "--limit", "1", "-o", "json").json[0]["id"] == old


def test_resume_by_id_prefix_and_either_case() -> None:
    (first, second) = (imported("one"), imported("two"))
    common = next(n for n in range(26) if first[n] != second[n])
    prefix = second[: max(common + 1, 4)]
    with FakeApi.in_thread(ANSWER) as api:
        for given in (prefix.upper(), f"{second} "):
            assert run("ask", "x", "-r", given, "-o", "json", api=api).told(0).json["session_id"] == second
    assert run("sessions", "show", prefix, "-o", "json").told(0).json["session"]["id"] == second
    ambiguous = run("ask", "x", f"--resume={first[:4]}", "-o", "json", env=KEY).told(1)
    assert ambiguous.json["error"]["kind"] == "storage" and first in ambiguous.stderr and second in ambiguous.stderr
    run("sessions", "show", first[:4]).told(1)


@pytest.mark.parametrize("given", ["zzzz", "0", "%", "../x", ""])
def test_an_unknown_id_is_1(given: str) -> None:
    imported("one")
    ended = run("ask", "hi", f"--resume={given}", "-o", "json", env=KEY).told(1)
    assert ended.json["error"]["kind"] == "storage"
    assert len(ended.stderr.strip().splitlines()) == 1
    assert run("sessions", "show", given, "-o", "json").told(1).out == b""


def test_a_session_that_another_process_writes_is_refused() -> None:
    with FakeApi.in_thread([Script((Say("It begins"), WaitFor("go"))), ANSWER]) as api:
        with start("ask", "hi", api=api) as process:
            read_until(process, b"It begins")
            row = newest()
            assert row["status"] == "streaming"
            held = run("ask", "-c", "me too", "-o", "json", api=api).told(1)
            assert (held.json["outcome"], held.json["error"]["kind"]) == ("failed", "storage")
            assert held.json["messages"] == []
            assert run("ask", "-r", row["id"], "me too", api=api).told(1).out == b""
            assert run("ask", "a new one", api=api).told(0).stdout == "Yes.\n"
            api.release("go")
            finish(process).told(0)
        assert len(api.calls) == 2
        assert show(row["id"])["session"]["status"] == "complete"


def test_temporary_writes_nothing_at_all(isolated_environment: Path, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    with FakeApi.in_thread(ANSWER) as api:
        told = run("ask", "hi", "--temporary", "-o", "json", api=api, env={"ANTHROPIC_LOG": "debug"}).told(0).json
        run("ask", "hi", "-c", "--temporary", "-o", "json", api=api).told(0)
    assert told["outcome"] == "completed" and told["message"]["status"] == "complete"
    assert set(tmp_path.rglob("*")) == before
    assert not isolated_environment.exists()


def test_model_and_effort_can_change_and_the_system_prompt_cannot(tmp_path: Path) -> None:
    prompt = tmp_path / "system.txt"
    prompt.write_text("\ufeffBe brief: 四十二.\n", encoding="utf-8")
    with FakeApi.in_thread(ANSWER) as api:
        run("ask", "1", "--system", f"@{prompt}", "-m", "claude-sonnet-5-5", "--effort", "high", api=api).told(0)
        run("ask", "2", "-c", api=api, env={"CLAUDE_TUI_MODEL": "claude-haiku-5-5", "CLAUDE_TUI_SYSTEM": "Else."}).told(0)
        run("ask", "3", "-c", "--model", "claude-haiku-5-5", "--effort=low", api=api).told(0)
        refused = run("ask", "4", "-c", "--system", "Be long.", "-o", "json", api=api).told(2)
        run("ask", "5", "-c", "--system", f"@{prompt}", api=api).told(0)
        bodies = [call.body for call in api.calls]
    assert refused.out == b"" and "system" in refused.stderr.lower()
    assert {body["system"] for body in bodies} == {"Be brief: 四十二."}
    assert len({json.dumps(body["tools"]) for body in bodies}) == 1
    assert [(body["model"], body["output_config"]["effort"]) for body in bodies] == [
        ("claude-sonnet-5-5", "high"),
        ("claude-sonnet-5-5", "high"),
        ("claude-haiku-5-5", "low"),
        ("claude-haiku-5-5", "low"),
    ]
    row = newest()
    assert (row["model"], row["effort"], row["system"]) == ("claude-haiku-5-5", "low", "Be brief: 四十二.")


def test_temporary_goes_on_with_a_stored_session_and_leaves_it_as_it_is() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        stored = run("ask", "one", "-o", "json", api=api).told(0).json["session_id"]
        before = show(stored)
        for resume in (("-c",), ("-r", stored[:20])):
            told = run("ask", "two", *resume, "--temporary", "-o", "json", api=api).told(0)
            assert told.json["session_id"] == stored and "no session" not in told.stderr
            assert len(api.calls[-1].body["messages"]) == 3
    assert show(stored) == before
    assert run("ask", "-r", "zzzz", "--temporary", "two", env=KEY).told(1).stderr.startswith("Error: No session")


def test_a_tool_that_does_not_exist_is_said_to_be_unknown() -> None:
    with FakeApi.in_thread(ANSWER) as api:
        assert "no tool 'hammer'" in run("ask", "hi", "--allow-tool", "hammer", api=api).told(0).stderr
        assert "hammer" not in run("ask", "hi", "-q", "--allow-tool", "hammer", api=api).told(0).stderr
