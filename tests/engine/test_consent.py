"""Nothing goes to a new host before the user has agreed, whatever asks for it, and each is asked about once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from claude_tui.domain.errors import ProviderError
from claude_tui.engine.consent import Asking, Consent


class Endpoint:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.name, self.audience = "gateway", None

    async def prepare(self) -> None:
        self.did.append("prepare")

    async def stream(self, request: Any) -> Any:
        self.did.append("stream")
        yield request

    async def models(self) -> list[Any]:
        self.did.append("models")
        return []

    async def count(self, request: Any) -> int:
        self.did.append("count")
        return 1


async def consume(asking: Any) -> None:
    assert [event async for event in asking.stream("request")] == ["request"]


WAYS: dict[str, Callable[[Any], Any]] = {
    "prepare": lambda asking: asking.prepare(),
    "stream": consume,
    "models": lambda asking: asking.models(),
    "count": lambda asking: asking.count("request"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_to_the_network_asks_first_and_only_once(way: str) -> None:
    endpoint, asked, kept = Endpoint(), list[str](), list[str]()
    answers = [False, True]

    async def ask(host: str) -> bool:
        assert endpoint.did == []
        asked.append(host)
        return answers.pop(0)

    consent = Consent((), kept.append)
    asking: Any = Asking(endpoint, "gateway.example", consent)  # type: ignore[arg-type]
    with pytest.raises(ProviderError, match=r"not agreed.*gateway\.example"):
        await WAYS[way](asking)  # nobody can be asked yet
    consent.ask = ask
    with pytest.raises(ProviderError, match="Nothing was sent"):
        await WAYS[way](asking)
    assert endpoint.did == [] and kept == []
    for _ in range(2):
        await WAYS[way](asking)
    assert asked == ["gateway.example"] * 2 and kept == ["gateway.example"]
    assert endpoint.did == [way, way]


async def test_who_asks_at_the_same_time_gets_the_same_answer_and_one_who_leaves_takes_nothing_away() -> None:
    answer, asked = asyncio.Event(), list[str]()

    async def ask(host: str) -> bool:
        asked.append(host)
        return await answer.wait()

    consent = Consent((), lambda _: None)
    consent.ask = ask
    first, second = (asyncio.ensure_future(consent.need("one.example")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    answer.set()
    await second
    assert asked == ["one.example"] and consent.given("one.example") and not consent.given("two.example")
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_was_agreed_to_before_is_not_asked_about() -> None:
    consent = Consent(["one.example"], lambda _: None)
    await consent.need("one.example")
    with pytest.raises(ProviderError):
        await consent.need("One.example.evil")
