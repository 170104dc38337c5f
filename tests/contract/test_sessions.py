"""`sessions list|show|import`: what is printed, what goes in, and that it comes out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claude_tui.fakeapi import Call, FakeApi, Fault, Phase, Say, Script, Think, at
from tests.contract.command import run, show

pytestmark = pytest.mark.unmeasured

HISTORY: dict[str, Any] = {
    "session": {"title": "A tree", "model": "claude-opus-5-5", "system": "Be kind.", "effort": "low", "leaf_id": "b2", "later": 1},
    "messages": [
        {"id": "a", "parent_id": None, "role": "user", "content": [{"type": "text", "text": "Hello", "unknown": [1]}]},
        {"id": "b1", "parent_id": "a", "role": "assistant", "status": "interrupted", "content": [{"type": "text", "text": "Hal"}]},
        {
            "id": "b2",
            "parent_id": "a",
            "role": "assistant",
            "status": "complete",
            "model": "claude-x",
            "api_id": "msg_1",
            "stop_reason": "end_turn",
            "stop_details": {"a": 1},
            "usage": {"input_tokens": 3, "nested": {"b": None}},
            "timings": {"ttft_ms": 5, "total_ms": 9},
            "created_at": "2024-02-29T12:30:00.123456+02:00",
            "content": [{"type": "hologram", "depth": 3}, {"type": "text", "text": "四十二 \U0001f600"}],
            "from_elsewhere": True,
        },
        {"id": "c", "parent_id": "b1", "role": "user", "content": "Go on"},
    ],
}


def imported(history: object) -> str:
    ended = run("sessions", "import", "-", stdin=json.dumps(history)).told(0)
    assert len(ended.stdout.strip()) == 26 and ended.stdout.count("\n") == 1
    return ended.stdout.strip()


def whole(session_id: str) -> dict[str, Any]:
    """The whole tree."""
    shown = run("sessions", "show", session_id, "--all", "-o", "json").told(0).json
    assert isinstance(shown, dict)
    return shown


def test_no_sessions() -> None:
    assert run("sessions", "list", "-o", "json").told(0).out == b"[]\n"
    assert run("sessions", "list").told(0).out == b""


def test_show_prints_the_current_path_and_all_prints_the_tree() -> None:
    session_id = imported(HISTORY)
    path, tree = show(session_id), whole(session_id)
    assert [message["content"] for message in path["messages"]] == [
        HISTORY["messages"][0]["content"],
        HISTORY["messages"][2]["content"],
    ]
    hello, interrupted, answer, following = tree["messages"]
    assert path["messages"] == [hello, answer]
    assert interrupted["parent_id"] == answer["parent_id"] == hello["id"] and following["parent_id"] == interrupted["id"]
    assert following["content"] == [{"type": "text", "text": "Go on"}]
    assert (interrupted["status"], answer["created_at"]) == ("interrupted", "2024-02-29T10:30:00.123Z")
    for key in ("model", "api_id", "stop_reason", "stop_details", "usage", "timings"):
        assert answer[key] == HISTORY["messages"][2][key]
    assert answer["extra"] == {"from_elsewhere": True}
    session = path["session"]
    assert (session["title"], session["status"], session["message_count"]) == ("A tree", "complete", 2)
    assert session["leaf_id"] == answer["id"]


def test_what_show_writes_import_reads_again() -> None:
    first = whole(imported(HISTORY))
    second = whole(imported(first))
    names = {old["id"]: new["id"] for old, new in zip(first["messages"], second["messages"], strict=True)}
    assert not set(names) & set(names.values())
    for old, new in zip(first["messages"], second["messages"], strict=True):
        assert new == {**old, "id": names[old["id"]], "parent_id": old["parent_id"] and names[old["parent_id"]]}
    for key in ("title", "model", "provider", "effort", "system", "created_at", "message_count", "status"):
        assert second["session"][key] == first["session"][key]


def test_a_conversation_of_every_kind_goes_out_and_in_and_on() -> None:
    """Thinking, tools, a failure and raw arguments survive the way through a file, and the API takes the copy's next request."""
    plan = [
        Script((Think("A tool."), Call("calculator", {"expression": "1 + 1"}), Call("calculator", raw='{"expr'))),
        Script((Say("Two."),)),
        at(Fault.CLEAN_EOF, Phase.TOOL_ARGUMENTS),
        Script((Say("Gone on."),)),
    ]
    with FakeApi.in_thread(plan) as api:
        told = run("ask", "1 + 1?", "-o", "json", api=api).told(0).json
        run("ask", "again", "-c", api=api).told(1)
        original = show(told["session_id"])
        copy = show(imported(original))
        assert [message["content"] for message in copy["messages"]] == [message["content"] for message in original["messages"]]
        for key in ("raw_inputs", "open_blocks", "error", "extra", "status"):
            assert [one.get(key) for one in copy["messages"]] == [one.get(key) for one in original["messages"]]
        assert run("ask", "go on", "-r", copy["session"]["id"], "-o", "json", api=api).told(0).json["outcome"] == "completed"


def test_a_history_as_other_programs_write_it() -> None:
    history = {
        "session": {"title": "bench"},
        "messages": [
            {"role": "user", "blocks": [{"type": "text", "text": "one"}]},
            {"role": "assistant", "blocks": [{"type": "text", "text": "two"}]},
            {"role": "user", "blocks": [{"type": "text", "text": "three"}]},
            {"role": "assistant", "blocks": [{"type": "text", "text": "four"}], "status": "streaming"},
        ],
    }
    shown = show(imported(history))
    assert [(message["role"], message["content"][0]["text"]) for message in shown["messages"]] == [
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
        ("assistant", "four"),
    ]
    assert (shown["session"]["title"], shown["session"]["status"]) == ("bench", "interrupted")
    with FakeApi.in_thread(Script((Say("five"),))) as api:
        assert run("ask", "and?", "-c", api=api).told(0).stdout == "five\n"
    assert [message["role"] for message in api.calls[0].body["messages"]] == ["user", "assistant", "user", "assistant", "user"]


REFUSED: dict[str, str] = {
    "not JSON": "{",
    "no messages": '{"session": {}}',
    "a role nobody has": '{"messages": [{"role": "system", "content": "x"}]}',
    "no content": '{"messages": [{"role": "user"}]}',
    "a parent that is not there": '{"messages": [{"role":"user","content":"x"},{"role":"user","content":"y","parent_id":"z"}]}',
    "the same id twice": '{"messages": [{"id":"a","role":"user","content":"x"},{"id":"a","role":"user","content":"y"}]}',
    "a block without a type": '{"messages": [{"role": "user", "content": [{"text": "x"}]}]}',
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_conversation_is_refused_whole(text: str, tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text(text)
    ended = run("sessions", "import", str(file)).told(1)
    assert ended.out == b"" and ended.stderr.count("\n") == 1 and "Traceback" not in ended.stderr


def test_limit_and_text_forms(tmp_path: Path) -> None:
    ids = [
        imported(
            {
                "session": {"title": f"n\x1b[31m{n}", "updated_at": f"2024-01-0{n + 1}"},
                "messages": [{"role": "user", "content": "x"}],
            }
        )
        for n in range(3)
    ]
    rows = run("sessions", "list", "--limit", "2", "-o", "json").told(0).json
    assert [row["id"] for row in rows] == [ids[2], ids[1]]
    printed = run("sessions", "list").told(0).stdout.splitlines()
    assert [line.split()[0] for line in printed] == ids[::-1]
    shown = run("sessions", "show", ids[0]).told(0).stdout
    assert ids[0] in shown and "x" in shown
    assert "\x1b" not in "".join(printed) + shown
    assert run("sessions", "import", str(tmp_path / "nowhere")).told(1).out == b""
