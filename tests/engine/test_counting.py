"""Counting the next request: what is asked of the endpoint is what the next turn would send."""

from __future__ import annotations

from claude_tui.domain.ports import ChatRequest
from tests.engine.scripted import ScriptedProvider, ScriptedTool, bench, says


async def test_the_request_that_is_counted_is_the_one_that_would_be_sent() -> None:
    one = await bench([says("hello"), says("again")], tools=[ScriptedTool("note", lambda _: "noted")])
    asked: list[ChatRequest] = []

    async def count(request: ChatRequest) -> int | None:
        asked.append(request)
        return None if len(asked) == 1 else 41 + len(asked)

    provider: ScriptedProvider = one.provider
    provider.count = count  # type: ignore[method-assign]
    assert await one.session.count() is None
    assert one.session.info.tools is None and [tool["name"] for tool in asked[0].tools] == ["note"]
    await one.session.submit("hi")
    assert await one.session.count("more") == 43
    await one.session.submit("more")
    sent = provider.requests[-1]
    assert asked[-1].messages == sent.messages and asked[-1].tools == sent.tools and asked[-1].model == sent.model
    prompt = one.session.path[0]
    await one.session.count("other", replaces=prompt.id)
    assert len(asked[-1].messages) == 1 and asked[-1].messages[0]["content"][0]["text"] == "other"
    await one.workspace.close()
