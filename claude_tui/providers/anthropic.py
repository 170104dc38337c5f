"""The Anthropic Messages API through the official SDK.

The SDK gives credentials, connection and typed HTTP errors; the stream is read as raw server-sent events: the SDK's own snapshots
cost more with every delta. The SDK is imported on first use, in a thread. It never retries: that is the engine's, where it is seen.
"""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from claude_tui.config_providers import Section
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.events import ProviderEvent
from claude_tui.domain.history import Audience
from claude_tui.domain.ports import ChatRequest, ModelInfo, Timeouts
from claude_tui.domain.text import repair
from claude_tui.logs import hide
from claude_tui.providers import catalog, credentials
from claude_tui.providers.anthropic_clients import found_variables, make_client, no_credentials
from claude_tui.providers.anthropic_stream import StreamReader
from claude_tui.providers.errors import failed
from claude_tui.providers.keys import Key
from claude_tui.providers.loading import import_in_thread, start_import
from claude_tui.providers.reading import Wire, answer
from claude_tui.providers.transport import check_address, hide_headers, http_options, retire
from claude_tui.providers.watchdog import Sleeps

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic

DEFAULT_BASE_URL = "https://api.anthropic.com"
MAX_TOKENS = 32_000
"""What is asked for where the user named no limit: the API needs one, and counts thinking too."""
COMPACTION_BETA = "compact-2026-09-04"
"""The header that turns on summaries by the API; so the ordinary method takes them, and its reading is the same."""
THINKING_BUDGET = 16_000
KEYLESS = "none"
"""What is sent to a server on this machine that wants no key: the SDK sends something in any case, and never another's key then."""
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
    """`base_url` and `api_key` None: as the SDK finds them in the environment and its profiles.

    `section`: a named endpoint on this wire, whose credentials come from `key` and nowhere else; where it names a platform, from
    that platform's own tools too.
    """

    def __init__(
        self,
        *,
        name: str = "anthropic",
        base_url: str | None = None,
        api_key: str | None = None,
        timeouts: Timeouts | None = None,
        section: Section | None = None,
        key: Key | None = None,
    ) -> None:
        self.name = name
        self._section = section or Section()
        self.audience = Audience(provider=name, compaction=self._section.platform is None)
        self._key = key
        self._api_key = api_key
        self._timeouts = timeouts or Timeouts()
        usual = "" if self._section.platform else os.environ.get("ANTHROPIC_BASE_URL") or DEFAULT_BASE_URL
        self.base_url = (base_url or self._section.base_url or usual).rstrip("/")
        self._client: AsyncAnthropic | None = None
        self._stale: list[AsyncAnthropic] = []
        self._sleeps = Sleeps()

    async def prepare(self) -> None:
        await self._connected()

    def credentials(self) -> tuple[str, ...]:
        if self._api_key:
            return ("api_key",)
        named = self._key.names() if self._key else ()
        if self._section.platform:
            return named or found_variables(self._section.platform, os.environ)
        return named if self._key else credentials.names(os.environ)

    def warm_up(self) -> None:
        start_import("anthropic")

    # The answer.

    def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        return answer(lambda: self._open(request), StreamReader(), _WIRE, request.timeouts)

    async def _open(self, request: ChatRequest) -> httpx2.Response:
        """The response, headers read, body not."""
        client = await self._connected()
        try:
            async with asyncio.timeout(request.timeouts.first_byte):
                raw = await client.messages.with_raw_response.create(**request_params(request), stream=True)
        except TimeoutError as error:
            text = f"{self.base_url} did not answer within {request.timeouts.first_byte:g} s."
            raise failed(ErrorKind.TIMEOUT, text, retryable=True) from error
        except Exception as error:
            raise self._opening_failure(error, request.timeouts.connect) from error
        return raw.http_response

    def _opening_failure(self, error: Exception, connect: float) -> ProviderError:
        ours = type(error).__module__.partition(".")[0] in ("anthropic", "httpx2", "httpcore2", "pydantic")
        if self._section.platform is not None and not ours:
            return no_credentials(self._section.platform, error)
        failure = _errors().from_opening(error, self.base_url, connect)
        if failure.info.kind is ErrorKind.AUTH and self._key is not None and self._client is not None:
            self._stale.append(self._client)  # its key may have expired: it is asked for again
            self._client = None
        return failure

    # The client.

    async def _connected(self) -> AsyncAnthropic:
        if self._sleeps.passed() and self._client is not None:
            await retire(self._client, self._stale)
            self._client = None
        if self._client is None:
            await import_in_thread("anthropic")
            key = await self._key.get() if self._key else self._api_key
            self._client = self._make_client(key)
        return self._client

    def _make_client(self, key: str | None) -> AsyncAnthropic:
        from anthropic import DefaultAsyncHttpxClient

        if self.base_url:
            check_address(self.base_url)
        options = http_options(self.base_url, self._timeouts)
        hide_headers(self._section.headers)
        http, timeout = DefaultAsyncHttpxClient(**options), options["timeout"]
        headers = self._section.headers or None
        common = {"max_retries": 0, "timeout": timeout, "http_client": http, "default_headers": headers}
        section = replace(self._section, base_url=self.base_url or None)
        if self._key is not None and key is None and section.platform is None:
            key = KEYLESS
        try:
            client = make_client(section, key, common)
        except ProviderError:
            raise
        except Exception as error:
            usual = " Set ANTHROPIC_API_KEY, the usual way to give a key." if self._key is None else ""
            raise failed(ErrorKind.CREDENTIALS, f"No usable credentials: {str(error).rstrip('.')}.{usual}") from error
        self.base_url = self.base_url or str(client.base_url).rstrip("/")
        if section.platform is None:
            hide(client.api_key or "", client.auth_token or "")
            _check_credentials(client)
        return client

    async def models(self) -> list[ModelInfo]:
        client = await self._connected()
        if cast("Any", getattr(client, "models", None)) is None:
            raise failed(ErrorKind.NOT_FOUND, "This platform lists no models.")
        try:
            listed = [model async for model in client.models.list(limit=1000)]
        except Exception as error:
            raise self._opening_failure(error, self._timeouts.connect) from error
        return [_model_info(cast("dict[str, Any]", model.to_dict(mode="json"))) for model in listed]

    async def count(self, request: ChatRequest) -> int | None:
        client = await self._connected()
        if not hasattr(client.messages, "count_tokens"):
            return None
        left_out = ("max_tokens", "cache_control", "extra_body")
        params = {name: value for name, value in request_params(request).items() if name not in left_out}
        try:
            counted = await client.messages.count_tokens(**params)
        except Exception as error:
            raise self._opening_failure(error, self._timeouts.connect) from error
        return counted.input_tokens

    def compacts(self, model: str) -> bool:
        known = catalog.find(model)
        return self.audience.compaction and known is not None and known.compaction is True

    async def close(self) -> None:
        for client in (self._client, *self._stale):
            if client is not None:
                await client.close()


def _raw_events(body: Any) -> AsyncIterator[Any]:
    from anthropic import AsyncStream

    return AsyncStream.raw_events(body)


def _refusal(payload: Any) -> dict[str, Any] | None:
    """The error object of a JSON body."""
    if not isinstance(payload, dict) or "error" not in payload:
        return None
    error: Any = cast("dict[str, Any]", payload)["error"]
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": str(error)}


_WIRE = Wire(
    events=_raw_events,
    error=lambda payload, request_id: _errors().from_event(payload, request_id),
    request_id=("request-id",),
    refusal=_refusal,
)


def _errors() -> Any:
    """The mapping of the SDK's own errors, which imports it."""
    from claude_tui.providers import anthropic_errors

    return anthropic_errors


def _check_credentials(client: AsyncAnthropic) -> None:
    """Refuse to send without credentials, or with a key that no header can carry; the key itself is never in the message."""
    headers = {key.lower() for key, value in client.default_headers.items() if isinstance(value, str) and value}
    for secret in (client.api_key, client.auth_token):
        if secret is not None and any(one.isspace() or unicodedata.category(one) == "Cc" for one in secret):
            text = "The key holds white space or control characters; it was not sent."
            raise failed(ErrorKind.AUTH, text)
    given = client.api_key or client.auth_token or client.credentials
    if not given and not any(name in headers for name in _CREDENTIAL_HEADERS):
        raise failed(ErrorKind.CREDENTIALS, "No credentials were found: set ANTHROPIC_API_KEY.")


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
