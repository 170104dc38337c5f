"""Histories of every kind: what was stored by this program, by an older one, by an import, or by nobody in their right mind."""

from typing import Any

from hypothesis import strategies as st

from claude_tui.domain.messages import Message, Role, Status

Block = dict[str, Any]

texts = st.sampled_from(["", " \n", "x", "end \n", "é汉", "\ud83d", "\ud83d\ude80", "\0"])
ids = st.sampled_from(["toolu_1", "toolu_1", "toolu_2", "toolu_1_2", "a.b", "a b", "", "\ud83d", "srv_1"])
anything = st.none() | st.integers(0, 3) | texts | st.just([]) | st.just({}) | st.just([{"type": "text", "text": "in"}])

_text = texts.map(lambda text: {"type": "text", "text": text})
_parts = st.lists(
    _text
    | st.sampled_from(
        [{"type": "image", "source": {"type": "url", "url": "https://x"}}, {"type": "video"}, {"type": "text"}, "word", 5]
    )
    | st.just({"type": "text", "text": "noted", "annotations": {}}),
    max_size=3,
)
_result = st.builds(
    lambda identity, content, error: {"type": "tool_result", "tool_use_id": identity, "content": content, **error},
    ids,
    texts | _parts | st.none(),
    st.sampled_from(
        [{}, {"is_error": True}, {"is_error": False}, {"is_error": None}, {"cache_control": {"type": "ephemeral"}, "zz": 1}]
    ),
)
_call = st.builds(
    lambda identity, name, given, more: {"type": "tool_use", "id": identity, "name": name, "input": given, **more},
    ids | st.none(),
    st.sampled_from(["calculator", "calculator", "odd.name", "", "n" * 200, "汉"]) | st.none(),
    st.just({}) | st.just({"a": "\ud83d"}) | st.just({"a": [1, {"b": None}]}) | anything,
    st.sampled_from([{}, {"caller": {"type": "direct"}}]),
)
_server_call = st.builds(
    lambda kind, identity: {"type": kind, "id": identity, "name": "web_search", "input": {}},
    st.sampled_from(["server_tool_use", "mcp_tool_use"]),
    ids,
)
_server_result = st.builds(
    lambda kind, identity: {"type": kind, "tool_use_id": identity, "content": []},
    st.sampled_from(["web_search_tool_result", "mcp_tool_result"]),
    ids,
)
_thinking = st.builds(
    lambda thought, signature: {"type": "thinking", "thinking": thought, "signature": signature},
    texts | st.none(),
    st.sampled_from(["c2ln", "eDE=", "", "\ud83d"]) | st.none(),
)
_redacted = st.sampled_from(["ZQ==", "", None]).map(lambda data: {"type": "redacted_thinking", "data": data})
_odd = st.sampled_from(
    [
        {"type": "hologram", "beam": "\ud83d"},
        {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": 5},
        {},
    ]
)
_summary = st.sampled_from(["Sum.", "", None]).map(
    lambda text: {"type": "compaction", "content": text, "encrypted_content": "eA=="}
)
_media = st.sampled_from(
    [
        {"type": "image", "source": {"type": "url", "url": "https://x"}, "cache_control": {"type": "ephemeral"}},
        {"type": "document", "source": {"type": "url", "url": "https://x"}, "title": "t"},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
    ]
)
blocks = st.one_of(
    _text, _text, _call, _call, _result, _result, _server_call, _server_result, _thinking, _redacted, _odd, _media, _summary
)


_summary = st.sampled_from(["Sum.", "", None]).map(
    lambda text: {"type": "compaction", "content": text, "encrypted_content": "eA=="}
)
asides = st.sampled_from(
    [
        *({} for _ in range(4)),
        *({"continues": "m0"} for _ in range(3)),
        {"compacts": {"until": "m1"}},
        {"compacts": {"until": "nobody"}},
        {"compacts": True},
        {"summary_of": "m0"},
    ]
)


@st.composite
def messages(draw: st.DrawFn, at: int) -> Message:
    role = draw(st.sampled_from([Role.USER, Role.ASSISTANT]))
    content = draw(st.lists(blocks, max_size=5))
    numbers = st.sets(st.integers(0, max(len(content) - 1, 0)), max_size=2) if content else st.just(set[int]())
    assistant = role is Role.ASSISTANT
    return Message(
        id=f"m{at}",
        session_id="session",
        parent_id=None,
        role=role,
        blocks=tuple(content),
        status=draw(st.sampled_from(Status)) if assistant else Status.COMPLETE,
        stop_reason=draw(st.sampled_from(["end_turn", "tool_use", "pause_turn", "refusal", "max_tokens", "compaction", None]))
        if assistant
        else None,
        open_blocks=tuple(sorted(draw(numbers))) if assistant and draw(st.booleans()) else (),
        extra={} if assistant else draw(asides),
        raw_inputs={str(number): "{]" for number in draw(numbers)} if assistant and draw(st.integers(0, 3)) == 0 else {},
    )


@st.composite
def paths(draw: st.DrawFn) -> list[Message]:
    """Any history at all, root to leaf."""
    return [draw(messages(at)) for at in range(draw(st.integers(0, 7)))]
