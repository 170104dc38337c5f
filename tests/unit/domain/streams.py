"""Streams as the API sends them, and as nobody should: strategies of payloads and of the bytes that carry them."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Payload = dict[str, Any]

PIECES = [
    "",
    " ",
    "\n",
    "a",
    "Hi ",
    "é",
    "e\u0301",
    "汉字",
    "👩\u200d🚀",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b\x0c\x1c",
    "\ufeff",
    "[DONE]",
    "data: x",
    "\r",
    "\0",
]
LONE = ["\ud83d", "\ude80", "\ud83dx"]

pieces = st.sampled_from(PIECES)
odd_pieces = st.sampled_from(PIECES + LONE)
keys = st.sampled_from(["alpha", "beta", "type_", "é", "x-y"])
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | odd_pieces
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=5)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | pieces,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)
inputs = st.dictionaries(keys | st.just("expression"), plain_values, max_size=3)


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    """`text` in some pieces."""
    at = sorted(draw(st.lists(st.integers(0, len(text)), max_size=5)))
    return [text[begin:end] for begin, end in zip([0, *at], [*at, len(text)], strict=True)]


def _with_extras(draw: st.DrawFn, payload: Payload, odd: bool, prefix: str = "zz_") -> Payload:
    if draw(st.integers(0, 7 if not odd else 3)):
        return payload
    return {**payload, prefix + draw(keys): draw(values if odd else plain_values)}


@st.composite
def block_parts(draw: st.DrawFn, odd: bool) -> tuple[Payload, list[Payload]]:
    """The seed of a block and its deltas."""
    kind = draw(st.sampled_from(sorted(_BLOCKS) + (["hologram"] if odd else [])))
    seed, deltas = _hologram(draw) if kind == "hologram" else _BLOCKS[kind](draw)
    if odd:
        deltas = [delta for one in deltas for delta in ([one] if draw(st.integers(0, 9)) else [draw(_ODD_DELTAS), one])]
        deltas = [_with_extras(draw, delta, odd) for delta in deltas]
    return _with_extras(draw, seed, odd), deltas


def _text(draw: st.DrawFn) -> tuple[Payload, list[Payload]]:
    seed: Payload = {"type": "text", "text": draw(st.just("") | pieces)}
    citations = draw(st.lists(_CITATIONS, max_size=2))
    if citations:
        seed["citations"] = draw(st.sampled_from([None, []]))
    deltas = [{"type": "text_delta", "text": part} for part in draw(st.lists(pieces, max_size=5))]
    return seed, deltas + [{"type": "citations_delta", "citation": one} for one in citations]


def _thinking(draw: st.DrawFn) -> tuple[Payload, list[Payload]]:
    deltas = [{"type": "thinking_delta", "thinking": part} for part in draw(st.lists(pieces, max_size=4))]
    signatures = [
        {"type": "signature_delta", "signature": one} for one in draw(st.lists(st.sampled_from(["c2ln", "eDE="]), max_size=2))
    ]
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas + signatures


def _call(kind: str, **fields: Any) -> Any:
    def make(draw: st.DrawFn) -> tuple[Payload, list[Payload]]:
        given = draw(inputs)
        whole = json.dumps(given, ensure_ascii=draw(st.booleans())) if given or draw(st.booleans()) else ""
        seed = {
            "type": kind,
            "id": draw(st.sampled_from(["toolu_1", "toolu_2", "srv_1"])),
            "name": "calculator",
            "input": {},
            **fields,
        }
        return seed, [{"type": "input_json_delta", "partial_json": part} for part in draw(cut(whole))]

    return make


def _whole(seed: Payload) -> Any:
    return lambda draw: (seed, [])


def _hologram(draw: st.DrawFn) -> tuple[Payload, list[Payload]]:
    seed = {"type": draw(st.sampled_from(["hologram", "new_tool_use", ""])), **draw(st.dictionaries(keys, values, max_size=2))}
    return seed, draw(st.lists(_ODD_DELTAS, max_size=3))


_CITATIONS = st.sampled_from(
    [
        {
            "type": "char_location",
            "cited_text": "x",
            "document_index": 0,
            "document_title": None,
            "start_char_index": 0,
            "end_char_index": 1,
        },
        {
            "type": "web_search_result_location",
            "cited_text": "y",
            "encrypted_index": "ZQ",
            "title": "t",
            "url": "https://x",
            "new_key": [1],
        },
    ]
)
_BLOCKS: dict[str, Any] = {
    "text": _text,
    "thinking": _thinking,
    "redacted": _whole({"type": "redacted_thinking", "data": "c2VjcmV0"}),
    "tool_use": _call("tool_use"),
    "server_tool_use": _call("server_tool_use", caller={"type": "direct"}),
    "mcp_tool_use": _call("mcp_tool_use", server_name="files"),
    "search": _whole(
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srv_1",
            "content": [
                {"type": "web_search_result", "url": "u", "title": "t", "page_age": None, "encrypted_content": "e", "new_key": 1}
            ],
        }
    ),
    "failed_search": _whole(
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srv_1",
            "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"},
        }
    ),
    "upload": _whole({"type": "container_upload", "file_id": "file_1"}),
    "compaction": lambda draw: (
        {"type": "compaction", "content": None, "encrypted_content": None},
        [{"type": "compaction_delta", "content": draw(pieces), "encrypted_content": "ZQ"}] if draw(st.booleans()) else [],
    ),
    "fallback": _whole({"type": "fallback", "from": {"model": "claude-a"}, "to": {"model": "claude-b"}}),
}
_ODD_DELTAS = st.one_of(
    odd_pieces.map(lambda text: {"type": "text_delta", "text": text}),
    odd_pieces.map(lambda text: {"type": "thinking_delta", "thinking": text}),
    st.sampled_from(['{"a"', ":1}", "NaN", "}", "[", " "]).map(lambda text: {"type": "input_json_delta", "partial_json": text}),
    st.sampled_from(["s1", "s2", ""]).map(lambda text: {"type": "signature_delta", "signature": text}),
    values.map(lambda value: {"type": "citations_delta", "citation": value}),
    values.map(lambda value: {"type": "text_delta", "text": value}),
    values.map(lambda value: {"type": "hologram_delta", "beam": value}),
    values.map(lambda value: {"type": value}),
    st.just({"type": "compaction_delta", "content": "c"}),
)
ODD_INDEXES = st.sampled_from([0, 0, 1, 5, -1, "0", "x", None, 1.5, True, [1], {"a": 1}])


def _usage(draw: st.DrawFn, odd: bool) -> Payload:
    counts: Payload = {"output_tokens": draw(st.integers(0, 99))}
    for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
        if draw(st.booleans()):
            counts[key] = draw(st.none() | st.integers(0, 99))
    if odd and draw(st.booleans()):
        counts["zz_new"] = draw(values)
    return counts


@st.composite
def streams(draw: st.DrawFn, odd: bool = True) -> list[Payload]:
    """The payloads of one stream. Not `odd`: one that the SDK's own helper folds without raising or losing anything."""
    parts = draw(st.lists(block_parts(odd), max_size=5))
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [], "stop_reason": None}
    message["usage"] = {"input_tokens": 9, **_usage(draw, odd)}
    given = draw(st.lists(_WHOLE, max_size=2)) if draw(st.integers(0, 4)) == 0 else []
    payloads: list[Payload] = [{"type": "message_start", "message": _with_extras(draw, {**message, "content": given}, odd)}]
    for number, (seed, deltas) in enumerate(parts, len(given)):
        index = draw(ODD_INDEXES) if odd and draw(st.integers(0, 5)) == 0 else number
        payloads.append({"type": "content_block_start", "index": index, "content_block": seed})
        payloads += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        payloads.append({"type": "content_block_stop", "index": index})
    reason = draw(st.sampled_from(["end_turn", "tool_use", "max_tokens", "pause_turn", "brand_new"]))
    delta = {"stop_reason": reason, "stop_sequence": None, "stop_details": draw(st.none() | st.just({"category": "bio"}))}
    payloads.append({"type": "message_delta", "delta": _with_extras(draw, delta, odd, "zy_"), "usage": _usage(draw, odd)})
    payloads.append({"type": "message_stop"})
    return _disturbed(draw, payloads) if odd else payloads


_WHOLE = block_parts(False).map(lambda pair: pair[0]).filter(lambda seed: seed["type"] != "fallback")
"""Blocks a message may begin with. A fallback there would contradict the model the same message names."""


def _disturbed(draw: st.DrawFn, payloads: list[Payload]) -> list[Payload]:
    """Things put in, doubled, left out, extended."""
    result: list[Payload] = []
    for payload in payloads:
        chance = draw(st.integers(0, 24))
        if chance == 0:
            result.append(draw(_INTRUDERS))
        elif chance == 1:
            result.append(payload)
        elif chance == 2 and payload["type"] != "message_start":
            continue
        result.append(_with_extras(draw, payload, True))
    return result[: draw(st.integers(0, len(result)))] if draw(st.integers(0, 4)) == 0 else result


_INTRUDERS = st.one_of(
    st.just({"type": "ping"}),
    values.map(lambda value: {"type": "hologram_event", "beam": value}),
    ODD_INDEXES.map(lambda index: {"type": "content_block_stop", "index": index}),
    st.tuples(ODD_INDEXES, _ODD_DELTAS).map(lambda two: {"type": "content_block_delta", "index": two[0], "delta": two[1]}),
    st.just({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 8, "input_tokens": None}}),
    st.just({"type": "message_delta", "delta": None, "usage": None}),
    st.just({"type": "message_start", "message": {"id": "msg_2", "content": "text", "usage": []}}),
    st.just({"type": "content_block_start", "index": 0, "content_block": None}),
    st.just({}),
)


@dataclass(frozen=True)
class Wire:
    """A stream's bytes and the places where the network cuts them."""

    data: bytes
    cuts: tuple[int, ...]

    def chunks(self) -> list[bytes]:
        """With an empty chunk where two cuts meet."""
        return [self.data[begin:end] for begin, end in zip([0, *self.cuts], [*self.cuts, len(self.data)], strict=True)]


@st.composite
def wires(draw: st.DrawFn, odd: bool = True) -> Wire:
    """Bytes of a stream in any legal form of server-sent events, cut anywhere."""
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    named = draw(st.sampled_from(["always", "never", "some"]))
    lines: list[str] = []
    for payload in draw(streams(odd)):
        if draw(st.integers(0, 9)) == 0:
            lines += draw(
                st.sampled_from([[": comment"], ["", ""], ["id: 7"], ["retry: 10"], ["event: ping", "data: {}", ""], ["odd line"]])
            )
        if named == "always" or (named == "some" and draw(st.booleans())):
            lines.append(f"event: {payload.get('type')}")
        text = json.dumps(payload, ensure_ascii=draw(st.booleans()) or not _encodable(payload))
        lines += ["data: " + text if draw(st.booleans()) else "data:" + text, ""]
    if draw(st.integers(0, 5)) == 0:
        lines += ["data: [DONE]", ""]
    bom = "\ufeff" if draw(st.integers(0, 5)) == 0 else ""
    data = (bom + "".join(line + newline for line in lines)).encode()
    if draw(st.integers(0, 5)) == 0:
        data = data.rstrip(b"\r\n")
    cuts = draw(st.lists(st.integers(0, len(data)) | st.integers(0, min(5, len(data))), max_size=12))
    return Wire(data, tuple(sorted(cuts)))


def _encodable(payload: Payload) -> bool:
    try:
        json.dumps(payload, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
