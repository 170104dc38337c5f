"""OpenAI's Chat Completions, as many servers speak it, through the official SDK.

The SDK gives the connection and typed HTTP errors; the stream is read as raw server-sent events. Nothing of the environment but
proxies counts: what is sent where is the configuration's word alone. The SDK never retries, but a request that an endpoint refuses
for a parameter it could do without is sent again without it at once (`openai_dialect`).
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from claude_tui.domain.blocks import strict_json
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.events import ProviderEvent
from claude_tui.domain.history import Audience
from claude_tui.domain.ports import ChatRequest, ModelInfo, Provider, Timeouts
from claude_tui.logs import hide
from claude_tui.providers import openai_errors
from claude_tui.providers.errors import failed, from_connecting, not_an_answer
from claude_tui.providers.loading import import_in_thread, start_import
from claude_tui.providers.openai_dialect import Dialect, concede, dialect_of
from claude_tui.providers.openai_models import models_in
from claude_tui.providers.openai_request import request_params, tool_names
from claude_tui.providers.openai_stream import StreamReader
from claude_tui.providers.reading import Wire, answer
from claude_tui.providers.transport import check_address, hide_headers, http_options, retire
from claude_tui.providers.watchdog import Sleeps

if TYPE_CHECKING:
    import httpx2
    from openai import APIStatusError, AsyncOpenAI

_log = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://api.openai.com/v1"
INSTALL = "pip install 'claude-tui-chat[openai]'"
INSTEAD = "The endpoint answered with one JSON object instead of a stream."
LONGEST_REFUSAL = 4_000
"""Characters of a refusal that are searched for what could be conceded."""
_NO_KEY = "none"
"""What the SDK is given in the place of a key; it is never sent."""

Key = str | Callable[[], Awaitable[str | None]] | None


class OpenAIProvider:
    """`api_key`: a key, or what gives one, asked once; None, or nothing given: no key is sent. It may raise ProviderError.

    `base_url` ends where `/chat/completions` begins. `headers` go with every request. `max_tokens_field` and `echo_reasoning`
    (`openai_dialect.ECHOES`): None is what is known of the host. `source`: what `credentials` says.
    """

    def __init__(
        self,
        *,
        name: str,
        base_url: str | None = None,
        api_key: Key = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        max_tokens_field: str | None = None,
        echo_reasoning: str | None = None,
        source: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.audience = Audience(provider=name, thinking="plain", compaction=False)
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self._api_key = api_key
        self._headers = dict(headers or {})
        self._timeouts = timeouts or Timeouts()
        self._dialect = dialect_of(self.base_url, max_tokens_field, echo_reasoning)
        self._learnt: dict[str, tuple[Dialect, set[str]]] = {}
        self._source = source
        self._keyed = False
        self._client: AsyncOpenAI | None = None
        self._stale: list[AsyncOpenAI] = []
        self._sleeps = Sleeps()
        self._connecting = asyncio.Lock()

    async def prepare(self) -> None:
        await self._connected()

    def credentials(self) -> tuple[str, ...]:
        return self._source

    def warm_up(self) -> None:
        start_import("openai")

    async def count(self, request: ChatRequest) -> int | None:
        return None

    def compacts(self, model: str) -> bool:
        return False

    async def close(self) -> None:
        for client in (self._client, *self._stale):
            if client is not None:
                await client.close()

    # The answer.

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        return answer(lambda: self._open(request), StreamReader(tool_names(request)), _WIRE, request.timeouts)

    async def _open(self, request: ChatRequest) -> httpx2.Response:
        """The response, headers read, body not."""
        client = await self._connected()
        try:
            async with asyncio.timeout(request.timeouts.first_byte):
                return await self._conceding(client, request)
        except TimeoutError as error:
            text = f"{self.base_url} did not answer within {request.timeouts.first_byte:g} s."
            raise failed(ErrorKind.TIMEOUT, text, retryable=True) from error
        except Exception as error:
            failure = self._failure(error, request.timeouts.connect)
            if failure.info.kind is ErrorKind.AUTH and self._client is not None:
                self._stale.append(self._client)  # its key may have expired: it is asked for again
                self._client = None
            raise failure from error

    async def _conceding(self, client: AsyncOpenAI, request: ChatRequest) -> httpx2.Response:
        """Ask, and ask again while a refusal names something that can be left out; it stays left out for this model."""
        import httpx2
        from openai import APIStatusError, AsyncStream

        while True:
            dialect, made = self._learnt.setdefault(request.model, (self._dialect, set()))
            params = request_params(request, dialect)
            options: Any = {"headers": self._without_key()}
            try:
                return await client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    body=params,
                    options=options,
                    stream=True,
                    stream_cls=AsyncStream[Any],
                )  # pyright: ignore[reportReturnType]
            except APIStatusError as error:
                failure, facts = _refused(error)
                text = f"{facts.message or error.response.text[:LONGEST_REFUSAL]} {facts.param}"
                changed = concede(dialect, params, error.status_code, text, made)
                if changed is None:
                    raise failure from error
                _log.warning("%s refused a request that is sent again another way: %s", self.name, failure.info.message)
                self._learnt[request.model] = (changed, made)

    def _failure(self, error: Exception, connect_timeout: float) -> ProviderError:
        """The error of a request that never became a stream."""
        from openai import APIStatusError

        if isinstance(error, ProviderError):
            return error
        if isinstance(error, APIStatusError):
            return _refused(error)[0]
        unconnected = from_connecting(error, self.base_url, connect_timeout)
        return unconnected or failed(ErrorKind.PROTOCOL, f"The request could not be sent: {type(error).__name__}: {error}")

    # The client.

    async def _connected(self) -> AsyncOpenAI:
        async with self._connecting:
            if self._sleeps.passed() and self._client is not None:
                await retire(self._client, self._stale)
                self._client = None
            if self._client is None:
                check_address(self.base_url)
                try:
                    await import_in_thread("openai")
                except ImportError as error:
                    text = f"This endpoint needs a package that is not installed: {INSTALL}."
                    raise failed(ErrorKind.INVALID_REQUEST, text) from error
                key = await self._key()
                self._keyed = bool(key)
                self._client = self._make_client(key)
            return self._client

    async def _key(self) -> str:
        """The key, empty where none is sent."""
        given = await self._api_key() if callable(self._api_key) else self._api_key
        key = given or ""
        hide(key)
        hide_headers(self._headers)
        if any(one.isspace() or unicodedata.category(one) == "Cc" for one in key):
            raise failed(ErrorKind.AUTH, "The key holds white space or control characters; it was not sent.")
        return key

    def _make_client(self, key: str) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        options = http_options(self.base_url, self._timeouts)
        parts = urlsplit(self.base_url)
        client = AsyncOpenAI(
            api_key=key or _NO_KEY,
            base_url=parts._replace(query="").geturl(),
            default_query=dict(parse_qsl(parts.query)),
            default_headers=self._headers,
            max_retries=0,
            timeout=options["timeout"],
            http_client=DefaultAsyncHttpxClient(**options),
        )
        # The constructor takes these from the environment, where they are meant for another host than this one may be.
        vars(client).update(organization=None, project=None, admin_api_key=None, _custom_headers=dict(self._headers))
        return client

    def _without_key(self) -> dict[str, Any]:
        """Headers of a request that leave out the key where there is none."""
        from openai import Omit

        given = self._keyed or any(name.lower() == "authorization" for name in self._headers)
        return {} if given else {"Authorization": Omit()}

    async def models(self) -> list[ModelInfo]:
        client = await self._connected()
        import httpx2

        try:
            options: Any = {"headers": self._without_key()}
            response = await client.get("/models", cast_to=httpx2.Response, options=options)
        except Exception as error:
            raise self._failure(error, self._timeouts.connect) from error
        try:
            payload: Any = strict_json(response.text)
        except ValueError:
            payload = None
        refusal = openai_errors.error_in(payload)
        if refusal is not None:
            raise openai_errors.from_event(refusal, _request_id(response.headers))
        listed = models_in(payload)
        if listed is None:
            raise not_an_answer(response.headers.get("content-type", ""), response.text, _request_id(response.headers))
        return listed


def _refused(error: APIStatusError) -> tuple[ProviderError, openai_errors.ErrorFacts]:
    response = error.response
    headers = cast("Mapping[str, str]", response.headers)
    return openai_errors.from_status(error.status_code, headers, response.reason_phrase, response.text, _request_id(headers))


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in openai_errors.REQUEST_ID_HEADERS if name in headers), None)


def _raw_events(body: Any) -> AsyncIterator[Any]:
    from openai._streaming import SSEDecoder

    class Decoder(SSEDecoder):
        """llama.cpp long sent what went wrong in a field of its own, which is none of the standard's."""

        def decode(self, line: str) -> Any:
            if line.startswith("error:"):
                super().decode("event: error")
                line = "data" + line.removeprefix("error")
            return super().decode(line)

    return Decoder().aiter_bytes(body.aiter_bytes())


_WIRE = Wire(
    events=_raw_events,
    error=openai_errors.from_event,
    request_id=openai_errors.REQUEST_ID_HEADERS,
    refusal=openai_errors.error_in,
    instead=INSTEAD,
    tail=b"\n\n",
)

if TYPE_CHECKING:
    _implements: type[Provider] = OpenAIProvider
