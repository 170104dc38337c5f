"""The Anthropic Messages API through the official SDK.

The SDK gives credentials, connection and typed HTTP errors; the stream is read as raw server-sent events: the SDK's own snapshots
cost more with every delta. The SDK is imported on first use, in a thread. It never retries: that is the engine's, where it is seen.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from claude_tui.domain.addresses import is_address, is_loopback
from claude_tui.domain.blocks import strict_json
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.events import ProviderEvent
from claude_tui.domain.history import Audience
from claude_tui.domain.ports import ChatRequest, ModelInfo, Timeouts
from claude_tui.domain.text import repair
from claude_tui.logs import hide
from claude_tui.providers import catalog, credentials
from claude_tui.providers.anthropic_stream import StreamFailure, StreamReader
from claude_tui.providers.loading import import_in_thread, start_import
from claude_tui.providers.watchdog import ClosableBody, Watchdog

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic
    from anthropic._streaming import ServerSentEvent

_log = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://api.anthropic.com"
DRAIN_SECONDS = 0.25
"""How long after the end of an answer the connection may take to finish, so that it can be used again."""
MAX_TOKENS = 32_000
"""What is asked for where the user named no limit: the API needs one, and counts thinking too."""
COMPACTION_BETA = "compact-2026-09-04"
"""The header that turns on summaries by the API; so the ordinary method takes them, and its reading is the same."""
THINKING_BUDGET = 16_000
LONGEST_LOGGED = 2_000
"""Characters or bytes of an unreadable event that go to the log."""
_CREDENTIAL_HEADERS = ("authorization", "x-api-key")


def request_params(request: ChatRequest) -> dict[str, Any]:
    """The parameters of `messages.create` for this request; what the model is known not to take is left out."""
    model = catalog.find(request.model)
    params: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens or MAX_TOKENS,
        "messages": request.messages,
        "cache_control": {"type": "ephemeral"},
    }
    if request.compact:
        instructions = {"instructions": repair(request.instructions)} if request.instructions else {}
        params["extra_body"] = {"compaction": {"type": "summarize", **instructions}}
    if request.compact or _holds_summary(request.messages):
        params["extra_headers"] = {"anthropic-beta": COMPACTION_BETA}
    if request.system:
        params["system"] = repair(request.system)
    if request.tools:
        params["tools"] = list(request.tools)
    thinking = _thinking(model, request.max_tokens or MAX_TOKENS)
    if thinking:
        params["thinking"] = thinking
    if request.effort and (model is None or model.efforts is None or request.effort in model.efforts):
        params["output_config"] = {"effort": request.effort}
    return params


def _holds_summary(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the API's own summary stands first, in the place of what it summarises."""
    content: Any = messages[0]["content"] if messages else []
    return isinstance(content, list) and any(block.get("type") == "compaction" for block in cast("list[dict[str, Any]]", content))


def _thinking(model: ModelInfo | None, max_tokens: int) -> dict[str, Any] | None:
    """Adaptive with a summary where the model takes it, a budget where it takes only that, nothing for unknown models."""
    types = (model.thinking if model else None) or ()
    if "adaptive" in types:
        return {"type": "adaptive", "display": "summarized"}
    budget = min(THINKING_BUDGET, max_tokens // 2)
    if "enabled" in types and budget >= 1024:
        return {"type": "enabled", "budget_tokens": budget}
    return None


class AnthropicProvider:
    """`base_url` and `api_key` None: as the SDK finds them in the environment and its profiles."""

    def __init__(
        self,
        *,
        name: str = "anthropic",
        base_url: str | None = None,
        api_key: str | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.name = name
        self.audience = Audience(provider=name)
        self.base_url = (base_url or os.environ.get("ANTHROPIC_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
        self._api_key = api_key
        self._timeouts = timeouts or Timeouts()
        self._client: AsyncAnthropic | None = None

    async def prepare(self) -> None:
        await self._connected()

    def credentials(self) -> tuple[str, ...]:
        return ("api_key",) if self._api_key else credentials.names(os.environ)

    def warm_up(self) -> None:
        start_import("anthropic")

    # The answer.

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        response = await self._open(request)
        reading = _Reading(response, request.timeouts, response.headers.get("request-id"))
        reader, raw = reading.reader, reading.events()
        try:
            await self._check_content_type(response, reading.request_id)
            async for sse in raw:
                delta = reader.quick(sse.data)
                if delta is not None:
                    yield delta
                    continue
                for event in reader.read(sse.data, sse.event):
                    yield event
                if reader.done:
                    break
            if reader.stopped:
                await self._drain(raw, reader)
        except Exception as error:  # the SDK wraps none of what a broken stream throws
            failure = reading.failure(error)
            if failure is not None:
                raise failure from error
        finally:
            await reading.close()
        for event in reader.finish():
            yield event
        missing = reading.missing()
        if missing is not None:
            raise missing

    async def _drain(self, raw: AsyncIterator[Any], reader: StreamReader) -> None:
        """Read to the end of the body, briefly: a connection read to its end can be used again."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for sse in raw:
                    reader.dropped += sse.data.strip() not in ("", "[DONE]")
        except Exception as error:  # the answer is whole; what happens to its connection no longer matters
            _log.info("after the end of the answer: %s", type(error).__name__)

    async def _open(self, request: ChatRequest) -> httpx2.Response:
        """The response, headers read, body not."""
        client = await self._connected()
        try:
            async with asyncio.timeout(request.timeouts.first_byte):
                raw = await client.messages.with_raw_response.create(**request_params(request), stream=True)
        except TimeoutError as error:
            text = f"{self.base_url} did not answer within {request.timeouts.first_byte:g} s."
            raise _errors().failed(ErrorKind.TIMEOUT, text, retryable=True) from error
        except Exception as error:
            raise _errors().from_opening(error, self.base_url, request.timeouts.connect) from error
        return raw.http_response

    async def _check_content_type(self, response: httpx2.Response, request_id: str | None) -> None:
        """HTML of a captive portal and JSON of a gateway are said to be what they are."""
        content_type = str(response.headers.get("content-type", ""))
        if not content_type.startswith(("text/html", "application/json", "application/xhtml")):
            return
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > 64_000:
                break
        beginning = body.decode("utf-8", "replace")
        try:
            payload: Any = strict_json(beginning)
        except ValueError:
            payload = None
        if isinstance(payload, dict) and "error" in payload:
            error: Any = cast("dict[str, Any]", payload)["error"]
            raise _errors().from_event(
                cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": str(error)}, request_id
            )
        raise _errors().not_an_answer(content_type, beginning, request_id)

    # The client.

    async def _connected(self) -> AsyncAnthropic:
        if self._client is None:
            await import_in_thread("anthropic")
            self._client = self._make_client()
        return self._client

    def _make_client(self) -> AsyncAnthropic:
        import httpx2
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        if not is_address(self.base_url):
            text = f"{self.base_url} is no https address: the key and the conversation would travel in the clear."
            raise _errors().failed(ErrorKind.INVALID_REQUEST, text)
        longest = max(self._timeouts.first_byte, self._timeouts.idle) + 5.0
        timeout = httpx2.Timeout(longest, connect=self._timeouts.connect)
        loopback = is_loopback(urlsplit(self.base_url).hostname or "")
        # The SDK's client reads the proxies from the environment by itself; a mount without a transport outranks them.
        everything: tuple[str, ...] = ("all://", "http://", "https://")
        mounts: dict[str, httpx2.AsyncBaseTransport | None] = dict.fromkeys(everything) if loopback else {}
        http = DefaultAsyncHttpxClient(follow_redirects=False, trust_env=not loopback, timeout=timeout, mounts=mounts)
        try:
            client = AsyncAnthropic(api_key=self._api_key, base_url=self.base_url, max_retries=0, timeout=timeout, http_client=http)
        except Exception as error:
            raise _errors().failed(ErrorKind.CREDENTIALS, f"No usable credentials: {error}") from error
        hide(client.api_key or "", client.auth_token or "")
        _check_credentials(client)
        return client

    async def models(self) -> list[ModelInfo]:
        client = await self._connected()
        try:
            listed = [model async for model in client.models.list(limit=1000)]
        except Exception as error:
            raise _errors().from_opening(error, self.base_url, self._timeouts.connect) from error
        return [_model_info(cast("dict[str, Any]", model.to_dict(mode="json"))) for model in listed]

    async def count(self, request: ChatRequest) -> int | None:
        client = await self._connected()
        left_out = ("max_tokens", "cache_control", "extra_body")
        params = {name: value for name, value in request_params(request).items() if name not in left_out}
        try:
            counted = await client.messages.count_tokens(**params)
        except Exception as error:
            raise _errors().from_opening(error, self.base_url, self._timeouts.connect) from error
        return counted.input_tokens

    def compacts(self, model: str) -> bool:
        known = catalog.find(model)
        return known is not None and known.compaction is True

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


class _Reading:
    """A response being read: its events, its watchdog, and what its end means."""

    def __init__(self, response: httpx2.Response, timeouts: Timeouts, request_id: str | None) -> None:
        self.reader = StreamReader()
        self.request_id = request_id
        self._response = response
        self._watchdog = Watchdog(response.aclose, first=timeouts.first_byte, idle=timeouts.idle)

    def events(self) -> AsyncIterator[ServerSentEvent]:
        from anthropic import AsyncStream

        return AsyncStream.raw_events(cast("httpx2.Response", ClosableBody(self._response, self._watchdog)))

    async def close(self) -> None:
        self._watchdog.stop()
        if self.reader.dropped:
            _log.warning("%d events of the stream had no place", self.reader.dropped)
        await self._response.aclose()

    def failure(self, error: Exception) -> ProviderError | None:
        """What an exception while reading comes to; None where all that is missing is the connection's end."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, StreamFailure):
            return _errors().from_event(error.payload, self.request_id)
        if self._watchdog.verdict:
            return self._failed(*self._watchdog.verdict)
        if self.reader.whole and _errors().is_connection_loss(error):
            return None
        _log.warning("the stream broke: %s: %s", type(error).__name__, error)
        if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
            source = error.doc if isinstance(error, json.JSONDecodeError) else error.object
            _log.warning("what could not be read begins: %r", source[:LONGEST_LOGGED])
        return _errors().from_stream(error, started=self.reader.started, request_id=self.request_id)

    def missing(self) -> ProviderError | None:
        """What is wrong with a stream that just ended; None if the answer is whole."""
        if self.reader.stopped:
            return None
        if self._watchdog.verdict:
            return self._failed(*self._watchdog.verdict)
        if not self.reader.started:
            return _errors().not_an_answer(self._response.headers.get("content-type", ""), "", self.request_id)
        return self._failed(ErrorKind.TRUNCATED, "The stream ended before the answer was complete.")

    def _failed(self, kind: ErrorKind, sentence: str) -> ProviderError:
        return _errors().failed(kind, sentence, retryable=True, status=200, request_id=self.request_id)


def _errors() -> Any:
    """The error mapping, which imports the SDK."""
    from claude_tui.providers import anthropic_errors

    return anthropic_errors


def _check_credentials(client: AsyncAnthropic) -> None:
    """Refuse to send without credentials, or with a key that no header can carry; the key itself is never in the message."""
    headers = {key.lower() for key, value in client.default_headers.items() if isinstance(value, str) and value}
    for secret in (client.api_key, client.auth_token):
        if secret is not None and any(one.isspace() or unicodedata.category(one) == "Cc" for one in secret):
            text = "The key holds white space or control characters; it was not sent."
            raise _errors().failed(ErrorKind.AUTH, text)
    given = client.api_key or client.auth_token or client.credentials
    if not given and not any(name in headers for name in _CREDENTIAL_HEADERS):
        raise _errors().failed(ErrorKind.CREDENTIALS, "No credentials were found.")


def _model_info(data: dict[str, Any]) -> ModelInfo:
    """What the models endpoint says, completed by the catalogue; a gateway may give no more than the id."""
    known = catalog.find(data["id"])
    capabilities = _table(data, "capabilities")
    supported = _supported(_table(_table(capabilities, "thinking"), "types"))
    found = _supported(_table(capabilities, "effort"))
    levels = tuple(level for level in catalog.EFFORTS if level in found)
    return ModelInfo(
        id=data["id"],
        name=data.get("display_name") or (known.name if known else None),
        context_window=data.get("max_input_tokens") or (known.context_window if known else None),
        max_output=data.get("max_tokens") or (known.max_output if known else None),
        thinking=supported or (known.thinking if known else None),
        efforts=levels or (known.efforts if known else None),
        lifecycle=data.get("lifecycle"),
        compaction=_compaction(capabilities, known),
    )


def _compaction(capabilities: dict[str, Any], known: ModelInfo | None) -> bool | None:
    """As the endpoint says it, where it does (its beta listing does)."""
    given: Any = _table(capabilities, "compaction").get("supported")
    return given if isinstance(given, bool) else (known.compaction if known else None)


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value: Any = data.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _supported(table: dict[str, Any]) -> tuple[str, ...]:
    """The names whose entry says that it is supported."""
    return tuple(name for name in table if _table(table, name).get("supported") is True)
