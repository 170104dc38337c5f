"""`sessions list|show|import`, as commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run

SESSION_KEYS = [
    "id",
    "title",
    "model",
    "provider",
    "effort",
    "system",
    "created_at",
    "updated_at",
    "message_count",
    "status",
    "leaf_id",
    "usage",
    "cost",
]
MESSAGE_KEYS = [
    "id", "parent_id", "role", "status", "content", "model", "provider", "api_id", "stop_reason", "stop_details", "usage",
    "timings", "created_at",
]  # fmt: skip
TREE: dict[str, Any] = {
    "session": {"title": "A \x1b[31mred\x1b[0m title", "model": "claude-opus-5-5", "system": "Be brief.", "leaf_id": "d"},
    "messages": [
        {"id": "a", "parent_id": None, "role": "user", "content": "First \x07 question"},
        {"id": "b", "parent_id": "a", "role": "assistant", "content": "One answer"},
        {
            "id": "d",
            "parent_id": "a",
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm", "signature": "s"}, {"type": "text", "text": "Other answer \u202e"}],
            "usage": {"input_tokens": 3, "output_tokens": 4},
            "status": "interrupted",
            "note": [1],
        },
    ],
}


@pytest.fixture
def stored(run: Run) -> str:
    """The id of an imported session."""
    ended = run("sessions", "import", "-", stdin=json.dumps(TREE))
    assert (ended.code, ended.err) == (0, "")
    return ended.out.strip()


def test_nothing_yet(run: Run) -> None:
    assert run("sessions", "list", "-o", "json").out == "[]\n"
    ended = run("sessions", "list")
    assert (ended.code, ended.out) == (0, "") and "no sessions" in ended.err


def test_a_list_for_programs(run: Run, stored: str) -> None:
    second = run("sessions", "import", "-", stdin='[{"role":"user","content":"Hi"}]').out.strip()
    ended = run("sessions", "list", "-o", "json")
    assert ended.out.isascii() and ended.out.count("\n") == 1
    sessions = json.loads(ended.out)
    assert {session["id"] for session in sessions} == {stored, second}
    assert all(list(session) == SESSION_KEYS for session in sessions)
    (one,) = [session for session in sessions if session["id"] == stored]
    assert (one["message_count"], one["status"], one["model"]) == (2, "interrupted", "claude-opus-5-5")
    assert len(json.loads(run("sessions", "list", "-o", "json", "--limit", "1").out)) == 1


def test_a_list_for_people(run: Run, stored: str) -> None:
    out = run("sessions", "list").out
    assert out.startswith(stored) and "interrupted" in out and "red" in out
    assert "\x1b" not in out


def test_the_current_path_and_the_whole_tree(run: Run, stored: str) -> None:
    shown = json.loads(run("sessions", "show", stored[:20], "-o", "json").out)
    assert list(shown["session"])[: len(SESSION_KEYS)] == SESSION_KEYS
    assert all(list(message)[: len(MESSAGE_KEYS)] == MESSAGE_KEYS for message in shown["messages"])
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"]
    answer = shown["messages"][1]
    assert answer["content"] == TREE["messages"][2]["content"]
    assert answer["id"] == shown["session"]["leaf_id"] and answer["extra"] == {"note": [1]}
    everything = json.loads(run("sessions", "show", stored, "--all", "-o", "json").out)
    assert len(everything["messages"]) == 3


def test_show_for_people(run: Run, stored: str) -> None:
    out = run("sessions", "show", stored).out
    assert "You: First ␇ question" in out and "Other answer" in out and "Thinking: Hm" in out
    assert "One answer" not in out
    everything = run("sessions", "show", stored, "--all").out
    assert "One answer" in everything and "#3, after #1, current" in everything
    assert not {"\x1b", "\x07", "\u202e"} & set(out + everything)


def test_importing_what_was_shown(run: Run, stored: str, tmp_path: Path) -> None:
    file = tmp_path / "conversation.json"
    file.write_text(run("sessions", "show", stored, "--all", "-o", "json").out)
    copy = run("sessions", "import", str(file)).out.strip()
    assert copy != stored
    one, other = (json.loads(run("sessions", "show", name, "--all", "-o", "json").out) for name in (stored, copy))
    for key in set(SESSION_KEYS) - {"id", "leaf_id"}:
        assert one["session"][key] == other["session"][key]
    for first, second in zip(one["messages"], other["messages"], strict=True):
        assert {key: value for key, value in first.items() if key not in ("id", "parent_id")} == {
            key: value for key, value in second.items() if key not in ("id", "parent_id")
        }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nonsense", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"messages": [{"role": "tool", "content": "x"}]}', '"role" of message 1'),
        (b'[{"role": "user", "content": "x"}, {"role": "user"}]', 'message 2 has no "content"'),
    ],
)
def test_nothing_is_stored_of_a_file_with_a_mistake(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    ended = run("sessions", "import", str(file))
    assert (ended.code, ended.out) == (1, "") and words in ended.err and str(file) in ended.err
    assert run("sessions", "list", "-o", "json").out == "[]\n"


def test_a_file_that_is_not_there(run: Run) -> None:
    ended = run("sessions", "import", "/no/such/file")
    assert (ended.code, ended.out) == (1, "") and "No such file" in ended.err


@pytest.mark.parametrize("wanted", ["zzzzzz", "01", "", "../x", "0" * 26])
def test_unknown_ids(run: Run, stored: str, wanted: str) -> None:
    ended = run("sessions", "show", wanted, "-o", "json")
    assert (ended.code, ended.out) == (1, "") and ended.err.startswith("claude-tui: No session")


def test_an_ambiguous_prefix(run: Run, stored: str) -> None:
    other = run("sessions", "import", "-", stdin='[{"role":"user","content":"Hi"}]').out.strip()
    shared = next(stored[:length] for length in range(25, 3, -1) if other.startswith(stored[:length]))
    assert run("sessions", "show", shared).code == 1
