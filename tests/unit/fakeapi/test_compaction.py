"""Compaction on demand: the block, its numbers, what may not ask for it, and the block on its way back."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from anthropic.types import CompactionContentMismatchError

from claude_tui.fakeapi import Call, Compact, FakeApi, Fault, Pause, Say, Script, Think
from claude_tui.fakeapi.models import MODELS
from tests.unit.fakeapi.bodies import MARK, TOOL, a, on, result, text, u, use
from tests.unit.fakeapi.bodies import check as validated

BETA = {"anthropic-beta": "compact-2026-09-04"}
SUMMARIZE: dict[str, Any] = {"type": "summarize", "instructions": None}
SCRIPT = Script((Think("hm"), Say("hello")))


def check(**body: Any) -> Any:
    return validated({"compaction": SUMMARIZE, **on("opus-5-5"), **body}, anthropic_beta=BETA["anthropic-beta"])


async def compacted(kit: Any, api: FakeApi, *messages: Any, **options: Any) -> Any:
    return await kit.once(api, kit.ask(*messages, compaction=SUMMARIZE, **options), headers=BETA)


async def test_a_summary_of_its_own_making(kit: Any) -> None:
    async with FakeApi(SCRIPT) as api:
        blocks = (await kit.once(api)).blocks
        answer = await compacted(kit, api, "hi", kit.assistant(*blocks))
        whole = (await compacted(kit, api, "hi", kit.assistant(*blocks), stream=False)).json
        assert [record.usage for record in api.calls[1:]] == [answer.events[-2]["usage"], whole["usage"]]
    assert [event["type"] for event in answer.events] == [
        "message_start",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    (block,) = answer.blocks
    assert block["type"] == "compaction"
    assert block["content"] == "Summary of 2 messages."
    assert block["encrypted_content"] and block["signature"]
    assert answer.stop_reason == whole["stop_reason"] == "compaction"
    assert whole["content"] == [block]


async def test_its_tokens_are_in_the_iteration_alone(kit: Any) -> None:
    long = "word " * 2000
    async with FakeApi([SCRIPT, Script((Compact("All of it. " * 40),))]) as api:
        await kit.once(api, kit.ask(long, **MARK))
        answer = await compacted(kit, api, long, **MARK)
    usage = answer.events[-2]["usage"]
    (spent,) = usage["iterations"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"]) == (0, 0, 0)
    assert answer.events[0]["message"]["usage"]["input_tokens"] == 0
    assert spent["type"] == "compaction"
    assert spent["output_tokens"] == 110
    assert spent["cache_read_input_tokens"] > 2000


async def test_a_plan_may_write_the_summary_and_keep_its_faults(kit: Any) -> None:
    plan = [Script((Compact("We talked."),)), Script((Fault.OVERLOADED,)), Script((Pause(0), Say("not said"), Call("x")))]
    async with FakeApi(plan) as api:
        assert (await compacted(kit, api)).blocks[0]["content"] == "We talked."
        assert (await compacted(kit, api)).status == 529
        assert [block["type"] for block in (await compacted(kit, api)).blocks] == ["compaction"]


async def test_the_block_comes_back_as_it_was(kit: Any) -> None:
    async with FakeApi(SCRIPT) as api:
        block = (await compacted(kit, api)).blocks[0]
    async with FakeApi(SCRIPT) as api:

        async def again(*blocks: Any, headers: Any = BETA, **options: Any) -> Any:
            return await kit.once(api, kit.ask(kit.assistant(*blocks), "more", **options), headers=headers)

        first = await again(block)
        assert first.status == 200
        followed = kit.ask(kit.assistant(block), "more", kit.assistant(*first.blocks), "again")
        assert (await kit.once(api, followed, headers=BETA)).status == 200
        assert (await again(block, text("and so on"))).status == 200
        assert "Input tag 'compaction'" in (await again(block, headers={})).message
        for change, code in (
            ({"content": "Something else."}, "compaction_content_mismatch"),
            ({"encrypted_content": "AAAA"}, "compaction_signature_invalid"),
            ({"signature": "AAAA"}, "compaction_signature_invalid"),
            ({"signature": None}, "compaction_signature_invalid"),
            ({"tool_changes": []}, "compaction_tool_changes_mismatch"),
        ):
            assert (await again({**block, **change})).json["error"]["details"] == {"error_code": code}
        assert "compaction.extra: Extra inputs" in (await again({**block, "extra": 1})).message
        assert "at least 1 character" in (await again({**block, "content": ""})).message
        late = kit.ask("hi", kit.assistant(block), "more")
        assert (await kit.once(api, late, headers=BETA)).json["error"]["details"] == {"error_code": "compaction_block_misplaced"}
        assert (await again(block, block)).json["error"]["details"] == {"error_code": "compaction_block_ambiguous"}
        assert "prefill" in (await kit.once(api, kit.ask(kit.assistant(block)), headers=BETA)).message


TAKEN: dict[str, dict[str, Any]] = {
    "a prompt": {},
    "a finished answer at the end": {"messages": [u("a"), a("b")]},
    "instructions": {"compaction": {"type": "summarize", "instructions": "Be brief."}},
    "no instructions": {"compaction": {"type": "summarize"}},
    "tools and results": {"tools": [TOOL], "messages": [u("a"), a(use("1")), u(result("1"))]},
    "free choice": {"tools": [TOOL], "tool_choice": {"type": "auto"}},
    "effort": {"output_config": {"effort": "low"}},
}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("another type", {"compaction": {"type": "forget"}}, "compaction.type"),
    ("no object", {"compaction": True}, "compaction: Input should be"),
    ("another key", {"compaction": {**SUMMARIZE, "trigger": 1}}, "compaction.trigger: Extra inputs"),
    ("instructions no string", {"compaction": {**SUMMARIZE, "instructions": 5}}, "compaction.instructions"),
    ("an old model", {"model": "claude-opus-5"}, "does not support compaction on demand"),
    ("stop sequences", {"stop_sequences": ["END"]}, "`stop_sequences`"),
    ("context management", {"context_management": {}}, "`context_management`"),
    ("format", {"output_config": {"format": {"type": "json_schema"}}}, "`output_config.format`"),
    ("forced tool", {"model": "claude-haiku-5-5", "tools": [TOOL], "tool_choice": {"type": "any"}}, "`tool_choice`"),
    ("a call without its result", {"messages": [u("a"), a(use("1"))]}, "not finished"),
]


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    assert check(**TAKEN[name]) is None


@pytest.mark.parametrize(("name", "body", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(name: str, body: dict[str, Any], words: str) -> None:
    error = check(**body)
    assert error is not None
    assert words in error.message


def test_the_beta_of_its_own_is_needed() -> None:
    body = {"compaction": SUMMARIZE, **on("opus-5-5")}
    assert validated(body) is not None
    assert validated(body, anthropic_beta="compact-2026-01-12") is not None
    assert validated(body, counting=True, anthropic_beta=BETA["anthropic-beta"]) is None


def test_an_unfinished_turn_is_named() -> None:
    error = check(messages=[u("a"), a(use("1"))])
    assert error.error_code == "compaction_incomplete_turn"


def test_the_newer_models_can() -> None:
    able = {model.id for model in MODELS if model.compacts}
    assert {"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2", "claude-mythos-5-1"} <= able
    assert not {"claude-opus-5", "claude-sonnet-5", "claude-opus-4-8"} & able


async def test_the_sdk_compacts_and_goes_on() -> None:
    http = anthropic.DefaultAsyncHttpxClient(trust_env=False)
    common: Any = {"model": "claude-opus-5-5", "max_tokens": 100, "betas": ["compact-2026-09-04"]}
    hello: Any = [{"role": "user", "content": "hi"}]
    async with (
        FakeApi(SCRIPT) as api,
        anthropic.AsyncAnthropic(api_key=api.key, base_url=api.url, max_retries=0, http_client=http) as sdk,
    ):
        listed = await sdk.beta.models.retrieve("claude-opus-5-5")
        assert listed.capabilities is not None
        assert listed.capabilities.compaction is not None
        assert listed.capabilities.compaction.summarize.supported
        done = await sdk.beta.messages.create(**common, messages=hello, compaction={"type": "summarize"})
        assert done.stop_reason == "compaction"
        assert done.usage.iterations is not None
        assert done.usage.iterations[0].type == "compaction"
        history: Any = [{"role": "assistant", "content": [done.content[0].to_dict()]}, {"role": "user", "content": "more"}]
        async with sdk.beta.messages.stream(**common, messages=history) as stream:
            assert (await stream.get_final_message()).stop_reason == "end_turn"
        history[0]["content"][0]["content"] = "Forged."
        with pytest.raises(CompactionContentMismatchError):
            await sdk.beta.messages.create(**common, messages=history)
