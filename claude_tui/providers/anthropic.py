"""The Anthropic Messages API through the official SDK.

The SDK gives credentials, connection and typed HTTP errors; the stream is read as raw server-sent events: the SDK's own snapshots
cost more with every delta. The SDK is imported on first use, in a thread. It never retries: that is the engine's, where it is seen.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from claude_tui.domain.addresses import is_address, is_loopback
from claude_tui.domain.blocks import strict_json
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.events import ProviderEvent
from claude_tui.domain.ports import ChatRequest, ModelInfo, Timeouts
from claude_tui.domain.text import repair
from claude_tui.providers import catalog
from claude_tui.providers.anthropic_stream import ALIVE, StreamFailure, StreamReader
from claude_tui.providers.loading import import_in_thread
from claude_tui.providers.watchdog import ClosableBody, Watchdog

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic

_log = logging.getLogger(__name__)

DEFAULT_BASE_URL = "https://api.anthropic.com"
DRAIN_SECONDS = 0.25
"""How long after the end of an answer the connection may take to finish, so that it can be used again."""
THINKING_BUDGET = 16_000
LONGEST_LOGGED = 2_000
"""Characters or bytes of an unreadable event that go to the log."""
_CREDENTIAL_HEADERS = ("authorization", "x-api-key")


def request_params(request: ChatRequest) -> dict[str, Any]:
    """The parameters of `messages.create` for this request; what the model is known not to take is left out."""
    model = catalog.find(request.model)
    params: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": request.messages,
        "cache_control": {"type": "ephemeral"},
    }
    if request.system:
        params["system"] = repair(request.system)
    if request.tools:
        params["tools"] = list(request.tools)
    thinking = _thinking(model, request.max_tokens)
    if thinking:
        params["thinking"] = thinking
    if request.effort and (model is None or model.efforts is None or request.effort in model.efforts):
        params["output_config"] = {"effort": request.effort}
    return params


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

    name = "anthropic"

    def __init__(self, *, base_url: str | None = None, api_key: str | None = None, timeouts: Timeouts | None = None) -> None:
        self.base_url = (base_url or os.environ.get("ANTHROPIC_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
        self._api_key = api_key
        self._timeouts = timeouts or Timeouts()
        self._client: AsyncAnthropic | None = None

    async def prepare(self) -> None:
        await self._connected()

    # The answer.

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        response = await self._open(request)
        request_id = response.headers.get("request-id")
        watchdog = Watchdog(response.aclose, first=request.timeouts.first_byte, idle=request.timeouts.idle)
        reader = StreamReader()
        try:
            await self._check_content_type(response, request_id)
            async for event in self._events(response, reader, watchdog):
                yield event
        except ProviderError:
            raise
        except StreamFailure as failure:
            raise _errors().from_event(failure.payload, request_id) from failure
        except Exception as error:  # the SDK wraps none of what a broken stream throws
            if watchdog.verdict:
                raise _errors().failed(*watchdog.verdict, retryable=True, status=200, request_id=request_id) from error
            if _errors().is_connection_loss(error):
                for event in reader.finish():
                    yield event
                if reader.stopped:  # all that was missing is the farewell
                    return
            _log.warning("the stream broke: %s: %s", type(error).__name__, error)
            if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
                source = error.doc if isinstance(error, json.JSONDecodeError) else error.object
                _log.warning("what could not be read begins: %r", source[:LONGEST_LOGGED])
            raise _errors().from_stream(error, started=reader.started, request_id=request_id) from error
        finally:
            watchdog.stop()
            if reader.dropped:
                _log.warning("%d events of the stream had no place", reader.dropped)
            await response.aclose()
        if watchdog.verdict and not reader.stopped:
            raise _errors().failed(*watchdog.verdict, retryable=True, status=200, request_id=request_id)
        if not reader.started:
            raise _errors().not_an_answer(response.headers.get("content-type", ""), "", request_id)
        if not reader.stopped:
            text = "The stream ended before the answer was complete."
            raise _errors().failed(ErrorKind.TRUNCATED, text, retryable=True, status=200, request_id=request_id)

    async def _events(self, response: httpx2.Response, reader: StreamReader, watchdog: Watchdog) -> AsyncIterator[ProviderEvent]:
        import httpx2
        from anthropic import AsyncStream

        body = cast("httpx2.Response", ClosableBody(response, watchdog))
        raw = AsyncStream.raw_events(body)
        try:
            async for sse in raw:
                data = sse.data
                if not data:
                    yield ALIVE
                    continue
                if data.startswith("[DONE]") and data.strip() == "[DONE]":
                    break
                payload = _payload(data, sse.event)
                if payload is None:
                    continue
                if payload.get("type") == "content_block_delta":
                    delta = reader.delta(payload)
                    if delta is not None:
                        yield delta
                    continue
                for event in reader.feed(payload):
                    yield event
                if reader.stopped:
                    await self._drain(raw, reader)
                    return
        except httpx2.TransportError:
            if watchdog.verdict or not reader.whole:  # otherwise only the connection's end is missing, not the answer's
                raise
        for event in reader.finish():
            yield event

    async def _drain(self, raw: AsyncIterator[Any], reader: StreamReader) -> None:
        """Read to the end of the body, briefly: a connection read to its end can be used again."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for sse in raw:
                    reader.dropped += bool(sse.data)
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
        http = DefaultAsyncHttpxClient(follow_redirects=False, trust_env=not loopback, timeout=timeout)
        try:
            client = AsyncAnthropic(api_key=self._api_key, base_url=self.base_url, max_retries=0, timeout=timeout, http_client=http)
        except Exception as error:
            raise _errors().failed(ErrorKind.CREDENTIALS, f"No usable credentials: {error}") from error
        _check_credentials(client)
        return client

    async def models(self) -> list[ModelInfo]:
        client = await self._connected()
        try:
            listed = [model async for model in client.models.list(limit=1000)]
        except Exception as error:
            raise _errors().from_opening(error, self.base_url, self._timeouts.connect) from error
        return [_model_info(cast("dict[str, Any]", model.to_dict(mode="json"))) for model in listed]

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def _errors() -> Any:
    """The error mapping, which imports the SDK."""
    from claude_tui.providers import anthropic_errors

    return anthropic_errors


def _payload(data: str, event_name: str | None) -> dict[str, Any] | None:
    """The event's data; None for JSON that is no object. An `error` event counts as one whatever its data looks like."""
    try:
        payload: Any = strict_json(data)
    except ValueError:
        if event_name == "error":
            raise StreamFailure({"message": data}) from None
        raise
    if not isinstance(payload, dict):
        return None
    fields = cast("dict[str, Any]", payload)
    if event_name == "error" and fields.get("type") != "error":
        raise StreamFailure(fields)
    return fields


def _check_credentials(client: AsyncAnthropic) -> None:
    """Refuse to send without credentials, or with a key that no header can carry; the key itself is never in the message."""
    headers = {key.lower() for key, value in client.default_headers.items() if isinstance(value, str) and value}
    for secret in (client.api_key, client.auth_token):
        if secret is not None and not all(33 <= ord(character) <= 126 for character in secret):
            text = "The key holds white space, control characters or characters outside ASCII; it was not sent."
            raise _errors().failed(ErrorKind.AUTH, text)
    given = client.api_key or client.auth_token or client.credentials
    if not given and not any(name in headers for name in _CREDENTIAL_HEADERS):
        raise _errors().failed(ErrorKind.CREDENTIALS, "No credentials were found.")


def _model_info(data: dict[str, Any]) -> ModelInfo:
    """What the models endpoint says, completed by the catalogue; a gateway may give no more than the id."""
    known = catalog.find(data["id"])
    capabilities = _table(data, "capabilities")
    supported = _supported(_table(_table(capabilities, "thinking"), "types"))
    levels = _supported(_table(capabilities, "effort"))
    return ModelInfo(
        id=data["id"],
        name=data.get("display_name") or (known.name if known else None),
        context_window=data.get("max_input_tokens") or (known.context_window if known else None),
        max_output=data.get("max_tokens") or (known.max_output if known else None),
        thinking=supported or (known.thinking if known else None),
        efforts=levels or (known.efforts if known else None),
        lifecycle=data.get("lifecycle"),
    )


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value: Any = data.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _supported(table: dict[str, Any]) -> tuple[str, ...]:
    """The names whose entry says that it is supported."""
    return tuple(name for name in table if _table(table, name).get("supported") is True)
