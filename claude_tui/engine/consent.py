"""Nothing goes to a host that is neither the vendor's own nor this machine until the user has agreed to it, once.

A provider of such a host stands behind a `Asking`, so that there is no request of any kind, of whatever part of the program, that
could be forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.events import ProviderEvent
from claude_tui.domain.history import Audience
from claude_tui.domain.ports import ChatRequest, ModelInfo, Provider


class Consent:
    """`agreed`: the hosts of before. `remember` is told of each new one. `ask`: set by whoever can; until then nobody agrees."""

    def __init__(self, agreed: Iterable[str], remember: Callable[[str], object]) -> None:
        self._agreed = set(agreed)
        self._remember = remember
        self._asking: dict[str, asyncio.Task[bool]] = {}
        self.ask: Callable[[str], Awaitable[bool]] | None = None

    def given(self, host: str) -> bool:
        return host in self._agreed

    async def need(self, host: str) -> None:
        """Return once the user has agreed to this host; ProviderError where not. Who asks at the same time gets the same answer."""
        if self.given(host):
            return
        if host not in self._asking:
            self._asking[host] = asyncio.ensure_future(self._ask(host))
            self._asking[host].add_done_callback(lambda _: self._asking.pop(host))
        if not await asyncio.shield(self._asking[host]):
            text = f"Nothing was sent: you have not agreed that this conversation goes to {host}."
            raise ProviderError(ErrorInfo(ErrorKind.INVALID_REQUEST, text))

    async def _ask(self, host: str) -> bool:
        agreed = self.ask is not None and await self.ask(host)
        if agreed:
            self._agreed.add(host)
            self._remember(host)
        return agreed


class Asking:
    """The provider, once the user has agreed to its host."""

    def __init__(self, provider: Provider, host: str, consent: Consent) -> None:
        self._provider = provider
        self._host = host
        self._consent = consent

    @property
    def name(self) -> str:
        return self._provider.name

    @property
    def audience(self) -> Audience:
        return self._provider.audience

    async def prepare(self) -> None:
        await self._consent.need(self._host)
        await self._provider.prepare()

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        if self._consent.given(self._host):
            return self._provider.stream(request)
        return self._asked_first(request)

    async def _asked_first(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        await self._consent.need(self._host)
        async with aclosing(self._provider.stream(request)) as events:
            async for event in events:
                yield event

    def credentials(self) -> tuple[str, ...]:
        return self._provider.credentials()

    def warm_up(self) -> None:
        self._provider.warm_up()

    async def models(self) -> list[ModelInfo]:
        await self._consent.need(self._host)
        return await self._provider.models()

    async def count(self, request: ChatRequest) -> int | None:
        await self._consent.need(self._host)
        return await self._provider.count(request)

    def compacts(self, model: str) -> bool:
        return self._provider.compacts(model)

    async def close(self) -> None:
        await self._provider.close()


if TYPE_CHECKING:
    _implements: type[Provider] = Asking
