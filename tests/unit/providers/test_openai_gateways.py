"""Streams in the shape of many servers that speak Chat Completions, each a row: bytes, and the message they fold to."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.providers.openai_wire import Payload, answer_of, call, chunk, counts, sse, text, texts, thinking, use


@dataclass
class Row:
    """`extra`: what must stand in it, among other things."""

    stream: bytes
    blocks: list[Payload]
    stop: str = "end_turn"
    usage: Payload | None = None
    extra: Payload = field(default_factory=dict[str, Any])


def usage(prompt: int, out: int, **more: Any) -> Payload:
    return {"prompt_tokens": prompt, "completion_tokens": out, "total_tokens": prompt + out, **more}


def last(**fields: Any) -> Payload:
    return {**chunk(), "choices": [], **fields}


STOP = chunk(finish="stop")
HELLO = [*texts("Hel", "lo"), STOP]
DETAIL = {"type": "reasoning.text", "index": 0, "format": "anthropic-claude-v1"}
ENCRYPTED = {"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1", "format": "openai-responses-v1", "index": 1}
FILTERS = {"hate": {"filtered": False, "severity": "safe"}}
AZURE_FIRST = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{"prompt_index": 0}]}
TIMINGS = {"prompt_n": 3, "predicted_n": 2, "predicted_ms": 9.5}
WHOLE = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
GEMINI_SIGNATURE = {"google": {"thought_signature": "abc"}}


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


ROWS: dict[str, Row] = {
    "openai": Row(
        sse(
            chunk(
                {"role": "assistant", "content": "", "refusal": None}, service_tier="default", system_fingerprint="fp", usage=None
            ),
            *(one | {"service_tier": "default", "system_fingerprint": "fp", "usage": None, "obfuscation": "x"} for one in HELLO),
            last(usage=usage(10, 3, prompt_tokens_details={"cached_tokens": 4}, completion_tokens_details={"reasoning_tokens": 2})),
        ),
        [text("Hello")],
        usage=counts(6, 3, 4, thought=2),
        extra={"service_tier": "default", "system_fingerprint": "fp"},
    ),
    "openai refusal": Row(
        sse(
            chunk({"role": "assistant", "content": None, "refusal": ""}),
            chunk({"refusal": "I "}),
            chunk({"refusal": "won't."}),
            STOP,
        ),
        [text("I won't.")],
    ),
    "azure": Row(
        sse(
            AZURE_FIRST,
            *(chunk({"content": piece}) for piece in ("Hel", "lo")),
            {**STOP, "choices": [{**STOP["choices"][0], "content_filter_results": FILTERS}]},
        ),
        [text("Hello")],
        extra={"prompt_filter_results": [{"prompt_index": 0}], "choice": {"content_filter_results": FILTERS}},
    ),
    "azure content filter": Row(sse(AZURE_FIRST, *texts("Hel"), chunk(finish="content_filter")), [text("Hel")], "refusal"),
    "openrouter": Row(
        b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"
        + sse(
            chunk({"content": "", "reasoning": "Let ", "reasoning_details": [{**DETAIL, "text": "Let "}]}, provider="P"),
            chunk({"content": "", "reasoning": "me", "reasoning_details": [{**DETAIL, "text": "me"}]}, provider="P"),
            chunk({"content": "", "reasoning": None, "reasoning_details": [{**DETAIL, "signature": "sig"}]}, provider="P"),
            chunk({"content": "Hello", "reasoning_details": [ENCRYPTED]}, provider="P"),
            {**STOP, "choices": [{**STOP["choices"][0], "native_finish_reason": "end_turn"}], "provider": "P"},
            last(usage=usage(9, 4, cost=0.01, prompt_tokens_details={"cached_tokens": 0}), provider="P"),
        ),
        [thinking("Let me"), text("Hello")],
        usage=counts(9, 4),
        extra={
            "provider": "P",
            "reasoning_details": [{**DETAIL, "text": "Let me", "signature": "sig"}, ENCRYPTED],
            "provider_usage": usage(9, 4, cost=0.01, prompt_tokens_details={"cached_tokens": 0}),
            "choice": {"native_finish_reason": "end_turn"},
        },
    ),
    "deepseek": Row(
        sse(
            chunk({"role": "assistant", "content": None, "reasoning_content": ""}),
            chunk({"content": None, "reasoning_content": "Hm"}),
            chunk({"content": None, "reasoning_content": "m"}),
            chunk({"content": "Hello", "reasoning_content": None}),
            chunk({"content": "", "reasoning_content": None}, "stop", usage=usage(20, 5, prompt_cache_hit_tokens=16)),
        ),
        [thinking("Hmm"), text("Hello")],
        usage=counts(4, 5, 16),
    ),
    "moonshot": Row(
        sse(*texts("Hello"), {**STOP, "choices": [{**STOP["choices"][0], "usage": usage(8, 2, cached_tokens=3)}]}),
        [text("Hello")],
        usage=counts(5, 2, 3),
    ),
    "groq": Row(
        sse(
            chunk({"role": "assistant", "content": ""}, x_groq={"id": "req_1"}),
            chunk({"reasoning": "why"}),
            *texts("Hello"),
            chunk({}, "stop", x_groq={"id": "req_1", "usage": usage(7, 2, queue_time=0.1)}),
        ),
        [thinking("why"), text("Hello")],
        usage=counts(7, 2),
        extra={"provider_usage": usage(7, 2, queue_time=0.1)},
    ),
    "together": Row(
        sse(
            *(
                {**one, "choices": [{**one["choices"][0], "text": one["choices"][0]["delta"].get("content"), "seed": None}]}
                for one in texts("Hel", "lo")
            ),
            chunk({"content": "", "tool_calls": []}, "eos", usage=usage(5, 2)),
        ),
        [text("Hello")],
        "eos",
        usage=counts(5, 2),
    ),
    "fireworks": Row(sse(*(one | {"usage": None} for one in HELLO), last(usage=usage(5, 2))), [text("Hello")], usage=counts(5, 2)),
    "mistral": Row(
        sse(
            *texts("Hello"), chunk({"content": "", "tool_calls": [WHOLE | {"index": 0}]}, "tool_calls", usage=usage(5, 9), p="abcd")
        ),
        [text("Hello"), use("c1", "f", a=1)],
        "tool_use",
        counts(5, 9),
    ),
    "magistral": Row(
        sse(
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Let me"}]}]}),
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": " see"}], "closed": True}]}),
            chunk({"content": [{"type": "text", "text": "Hel"}]}),
            chunk({"content": "lo"}),
            STOP,
        ),
        [thinking("Let me see"), text("Hello")],
    ),
    "xai": Row(
        sse(
            chunk({"role": "assistant", "reasoning_content": "Thinking"}, usage=usage(3, 1)),
            chunk({"content": "Hello"}, usage=usage(3, 2)),
            chunk({}, "stop", usage=usage(3, 4)),
            last(usage=usage(3, 4, num_sources_used=2), citations=["https://x"]),
        ),
        [thinking("Thinking"), text("Hello")],
        usage=counts(3, 4),
        extra={"citations": ["https://x"], "provider_usage": usage(3, 4, num_sources_used=2)},
    ),
    "perplexity": Row(
        crlf(
            sse(
                *(
                    {**one, "usage": usage(3, number), "citations": ["a"], "search_results": [{"title": "t"}]}
                    for number, one in enumerate(HELLO)
                ),
                done=False,
            )
        ),
        [text("Hello")],
        usage=counts(3, 2),
        extra={"citations": ["a"], "search_results": [{"title": "t"}]},
    ),
    "gemini": Row(
        sse(
            chunk(
                {"role": "assistant", "tool_calls": [{**WHOLE, "id": "", "index": 0, "extra_content": GEMINI_SIGNATURE}]}, "stop"
            ),
            done=True,
        ),
        [use("*", "f", a=1)],
        "tool_use",
        extra={"unknown_deltas": [{"tool_calls": [{"index": 0, "extra_content": GEMINI_SIGNATURE}]}]},
    ),
    "cohere": Row(sse(*texts("Hello"), chunk({}, "COMPLETE", usage=usage(2, 1))), [text("Hello")], "COMPLETE", counts(2, 1)),
    "dashscope": Row(
        b'id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"choices":[{"delta":{"content":"Hel","role":"assistant"},"index":0}],"id":"c1"}\n\n'
        b'data:{"choices":[{"finish_reason":"stop","delta":{"content":"lo"},"index":0}],"id":"c1","usage":null}\n\n'
        b'data:{"choices":[],"id":"c1","usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3}}\n\ndata:[DONE]\n\n',
        [text("Hello")],
        usage=counts(2, 1),
    ),
    "qwen with tags": Row(
        sse(*texts("<think>", "\n", "why", "\n", "</think>", "\n\n", "Hello"), STOP), [thinking("\nwhy\n"), text("Hello")]
    ),
    "qwen that was told not to think": Row(sse(*texts("<think>\n\n</think>\n\nHello"), STOP), [text("Hello")]),
    "zhipu": Row(
        sse(
            chunk({"role": "assistant", "reasoning_content": "\nSo"}),
            chunk({"role": "assistant", "content": "Hello"}),
            chunk({"tool_calls": [{**WHOLE, "index": 0}]}, "tool_calls"),
        ),
        [thinking("\nSo"), text("Hello"), use("c1", "f", a=1)],
        "tool_use",
    ),
    "minimax": Row(
        sse(
            *HELLO,
            {
                "id": "c1",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
                "usage": {"total_tokens": 7, "prompt_tokens": 5, "completion_tokens": 2},
                "base_resp": {"status_code": 0, "status_msg": ""},
            },
            done=False,
        ),
        [text("Hello")],
        usage=counts(5, 2),
    ),
    "siliconflow": Row(
        sse(
            chunk({"content": None, "reasoning_content": "So", "role": "assistant"}, usage=usage(4, 1)),
            chunk({"content": "Hello", "reasoning_content": None, "role": "assistant"}, usage=usage(4, 2)),
            chunk({"content": "", "reasoning_content": None}, "stop", usage=usage(4, 3)),
        ),
        [thinking("So"), text("Hello")],
        usage=counts(4, 3),
    ),
    "nvidia": Row(
        sse(*texts("Hello"), chunk({"content": None, "reasoning_content": None}, "stop"), last(usage=usage(4, 1))),
        [text("Hello")],
        usage=counts(4, 1),
    ),
    "cerebras": Row(
        sse(*texts("Hello"), chunk({}, "stop", usage=usage(4, 1), time_info={"queue_time": 0.1})),
        [text("Hello")],
        usage=counts(4, 1),
        extra={"time_info": {"queue_time": 0.1}},
    ),
    "sambanova": Row(
        sse(*HELLO, last(usage={**usage(4, 1), "is_last_response": True, "stop_reason": "stop"})),
        [text("Hello")],
        usage=counts(4, 1),
    ),
    "tgi": Row(
        b"".join(f"data:{json.dumps(one)}\n\n".encode() for one in (*texts("Hel", "lo"), chunk({"content": ""}, "eos_token"))),
        [text("Hello")],
        "eos_token",
    ),
    "tgi call as an object": Row(
        sse(call(index=0, id="0", function={"name": "f", "arguments": {"a": 1}}), chunk(finish="eos_token")),
        [use("0", "f", a=1)],
        "tool_use",
    ),
    "vllm old": Row(
        sse(
            chunk({"role": "assistant", "content": ""}),
            chunk({"reasoning_content": "So"}),
            chunk({"content": "Hello", "logprobs": None}),
            {**STOP, "choices": [{**STOP["choices"][0], "stop_reason": None, "token_ids": None}]},
        ),
        [thinking("So"), text("Hello")],
    ),
    "vllm in transition": Row(
        sse(chunk({"reasoning": "So", "reasoning_content": "So"}), *texts("Hello"), STOP), [thinking("So"), text("Hello")]
    ),
    "vllm new": Row(sse(chunk({"reasoning": "So"}), *texts("Hello"), STOP), [thinking("So"), text("Hello")]),
    "sglang": Row(
        sse(
            chunk({"role": "assistant", "content": None, "reasoning_content": None, "tool_calls": None}, usage=None),
            call(id="c1", index=0, type="function", function={"name": "f", "arguments": ""}),
            call(id=None, index=0, function={"name": None, "arguments": '{"a"'}),
            call(id=None, index=0, function={"name": None, "arguments": ": 1}"}),
            {**chunk(finish="tool_calls"), "usage": None},
        ),
        [use("c1", "f", a=1)],
        "tool_use",
    ),
    "llama.cpp": Row(
        sse(*HELLO, last(usage=usage(3, 2), timings=TIMINGS)), [text("Hello")], usage=counts(3, 2), extra={"timings": TIMINGS}
    ),
    "ollama": Row(
        sse(
            chunk({"role": "assistant", "content": "", "reasoning": "So"}),
            call(id="c1", index=0, type="function", function={"name": "f", "arguments": '{"a":1}'}),
            call(id="c2", index=0, type="function", function={"name": "f", "arguments": '{"a":2}'}),
            chunk({"role": "assistant", "content": ""}, "stop"),
        ),
        [thinking("So"), use("c1", "f", a=1), use("c2", "f", a=2)],
        "tool_use",
    ),
    "lm studio": Row(
        sse(
            call(index=0, id="1", type="function", function={"name": "f", "arguments": ""}),
            call(index=0, type="function", function={"arguments": '{"a":'}),
            call(index=0, type="function", function={"arguments": "1}"}),
            call(index=1, id="2", type="function", function={"name": "g", "arguments": ""}),
            chunk({}, "tool_calls"),
        ),
        [use("1", "f", a=1), use("2", "g")],
        "tool_use",
    ),
    "litellm": Row(
        sse(
            chunk({"reasoning_content": "So", "thinking_blocks": [{"type": "thinking", "thinking": "So", "signature": ""}]}),
            chunk({"reasoning_content": "", "thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "sig"}]}),
            *texts("Hello"),
            STOP,
            last(usage=usage(100, 5, cache_creation_input_tokens=30, cache_read_input_tokens=50)),
        ),
        [thinking("So"), text("Hello")],
        usage=counts(20, 5, 50, 30),
        extra={"unknown_deltas": [{"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "sig"}]}]},
    ),
    "one-api": Row(
        sse(*(one | {"usage": None} for one in HELLO), last(usage=usage(4, 1)), done=False), [text("Hello")], usage=counts(4, 1)
    ),
    "new-api in front of claude": Row(
        sse(
            call(index=0, id="c1", type="function", function={"name": "f", "arguments": "{}"}),
            call(index=0, function={"arguments": '{"a"'}),
            call(index=0, function={"arguments": ":1}"}),
            chunk({}, "tool_calls"),
        ),
        [use("c1", "f", a=1)],
        "tool_use",
    ),
    "cloudflare": Row(
        sse(*HELLO, {"response": "", "usage": usage(2, 1)}), [text("Hello")], usage=counts(2, 1), extra={"response": ""}
    ),
    "copilot": Row(
        sse(chunk({"reasoning_text": "So", "content": None}), chunk({"content": "Hello", "reasoning_opaque": "o"}), STOP),
        [thinking("So"), text("Hello")],
        extra={"unknown_deltas": [{"reasoning_opaque": "o"}]},
    ),
    "bedrock gateway, names of the other wire": Row(
        sse(*HELLO, last(usage={"input_tokens": 9, "output_tokens": 2, "cache_read_input_tokens": 5})),
        [text("Hello")],
        usage=counts(9, 2, 5),
    ),
    "a legacy call": Row(
        sse(
            chunk({"function_call": {"name": "f", "arguments": ""}}),
            chunk({"function_call": {"arguments": '{"a": 1}'}}),
            chunk(finish="function_call"),
        ),
        [use("*", "f", a=1)],
        "tool_use",
    ),
    "legacy completions": Row(
        sse(*({"id": "c1", "choices": [{"index": 0, "text": piece, "finish_reason": None}]} for piece in ("Hel", "lo")), STOP),
        [text("Hello")],
    ),
    "a whole message": Row(
        sse({"id": "c1", "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}),
        [text("Hello")],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_gateways(name: str) -> None:
    row = ROWS[name]
    message = answer_of(row.stream)
    blocks = [{**block, "id": "*"} if str(block.get("id", "")).startswith("call_") else block for block in message.blocks]
    assert blocks == row.blocks
    assert (message.stop_reason, message.usage) == (row.stop, row.usage)
    assert {key: message.extra.get(key) for key in row.extra} == row.extra
    assert message.api_id == "c1" and message.raw_inputs == {}
    if row.stop == "end_turn" and name not in ("dashscope", "legacy completions", "a whole message"):
        assert message.model == "m"


@pytest.mark.parametrize("name", ROWS)
def test_any_network_chunks_give_the_same(name: str) -> None:
    row = ROWS[name]
    blocks = [block for block in answer_of(row.stream).blocks if not str(block.get("id", "")).startswith("call_")]
    for size in (1, 7):
        pieces = [row.stream[start : start + size] for start in range(0, len(row.stream), size)]
        assert [block for block in answer_of(pieces).blocks if not str(block.get("id", "")).startswith("call_")] == blocks
