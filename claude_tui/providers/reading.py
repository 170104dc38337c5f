"""An answer being read, whatever the wire: events, watchdog, what the body begins with, and what its end means.

The wire gives a reader (server-sent events in, domain events out) and its error objects; the SDK gives the bytes. Nothing here
knows either. What a body is its first bytes tell: HTML of a captive portal and JSON of a gateway come under any content type, and
so do streams.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from claude_tui.domain.blocks import strict_json
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.domain.events import BlockDelta, ProviderEvent
from claude_tui.domain.ports import Timeouts
from claude_tui.providers.errors import failed, from_stream, is_connection_loss, not_an_answer
from claude_tui.providers.watchdog import ClosableBody, Watchdog, awake

if TYPE_CHECKING:
    import httpx2

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 0.25
"""How long after the end of an answer the connection may take to finish, so that it can be used again."""
LONGEST_LOGGED = 2_000
"""Characters or bytes of an unreadable event that go to the log."""
LONGEST_PAGE = 64_000
"""Bytes that are read of a body that is no stream."""
_NO_STREAM = (b"{", b"[", b"<")
"""What no line of a stream begins with, but JSON and HTML do."""


class StreamFailure(Exception):
    """The server reported an error inside the stream; `payload` is the wire's error object."""

    def __init__(self, payload: dict[str, Any]) -> None:
        message = payload.get("message")
        super().__init__(message if isinstance(message, str) else "The server reported an error in the stream.")
        self.payload = payload


class Reader(Protocol):
    """What a wire makes of server-sent events."""

    started: bool
    stopped: bool
    done: bool
    dropped: int

    @property
    def patience(self) -> float | None:
        """How many seconds of silence are waited for what may still come after the answer; None while it is not over."""
        ...

    @property
    def whole(self) -> bool: ...

    def quick(self, data: str) -> BlockDelta | None: ...

    def read(self, data: str, event_name: str | None) -> Iterator[ProviderEvent]: ...

    def finish(self) -> Iterator[ProviderEvent]: ...


class SentEvent(Protocol):
    """A server-sent event, as both SDKs have it."""

    @property
    def data(self) -> str: ...

    @property
    def event(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Wire:
    """`events`: the server-sent events of a body. `error`: a ProviderError of the wire's error object.

    `request_id`: headers that may hold it, best first. `tail`: what is read behind the last byte, so that an event at the very end
    without an empty line counts. `refusal`: the error object in a JSON body that came instead of a stream, if one is there;
    `instead`: what is said of such a body without one."""

    events: Callable[[Any], AsyncIterator[Any]]
    error: Callable[[dict[str, Any], str | None], ProviderError]
    request_id: tuple[str, ...]
    refusal: Callable[[Any], dict[str, Any] | None]
    instead: str = ""
    tail: bytes = b""


async def answer(
    opened: Callable[[], Awaitable[httpx2.Response]], reader: Reader, wire: Wire, timeouts: Timeouts
) -> AsyncGenerator[ProviderEvent, None]:
    """The events of the response that `opened` gives, to the end of the answer; closed when the generator is."""
    async with awake():
        response = await opened()
    reading = _Reading(response, reader, wire, timeouts)
    raw = reading.events()
    try:
        await reading.check_beginning()
        async for sse in raw:
            delta = reader.quick(sse.data)
            if delta is not None:
                yield delta
                continue
            for event in reader.read(sse.data, sse.event):
                yield event
            if reader.done or reader.patience is not None:
                break
        while reader.patience is not None and not reader.done:
            sse = await _within(reader.patience, raw, reading.watchdog)
            if sse is None:
                break
            for event in reader.read(sse.data, sse.event):
                yield event
        if reader.stopped:
            await _drain(raw, reader)
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


async def _within(seconds: float, raw: AsyncIterator[SentEvent], watchdog: Watchdog) -> SentEvent | None:
    """The next event; None where there is none, or where nothing at all comes for so long. A part of one is something."""
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(seconds) as limit:
            watchdog.on_bytes = lambda: limit.reschedule(clock() + seconds)
            return await anext(raw, None)
    except TimeoutError:
        return None
    finally:
        watchdog.on_bytes = None


async def _drain(raw: AsyncIterator[SentEvent], reader: Reader) -> None:
    """Read to the end of the body, briefly: a connection read to its end can be used again."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for sse in raw:
                reader.dropped += sse.data.strip() not in ("", "[DONE]")
    except Exception as error:  # the answer is whole; what happens to its connection no longer matters
        _log.info("after the end of the answer: %s", type(error).__name__)


class _Reading:
    """A response being read: its events, its watchdog, and what its end means."""

    def __init__(self, response: httpx2.Response, reader: Reader, wire: Wire, timeouts: Timeouts) -> None:
        self.reader = reader
        self.request_id = next((response.headers[name] for name in wire.request_id if name in response.headers), None)
        self._wire = wire
        self._response = response
        self._content_type = str(response.headers.get("content-type", ""))
        self.watchdog = Watchdog(response.aclose, first=timeouts.first_byte, idle=timeouts.idle)
        self._body = ClosableBody(response, self.watchdog, wire.tail)

    def events(self) -> AsyncIterator[SentEvent]:
        return self._wire.events(cast("httpx2.Response", self._body))

    async def check_beginning(self) -> None:
        """HTML of a captive portal and JSON of a gateway are said to be what they are."""
        if not (await self._body.beginning()).lstrip().startswith(_NO_STREAM):
            return
        page = (await self._body.whole(LONGEST_PAGE)).decode("utf-8", "replace")
        try:
            payload: Any = strict_json(page)
        except ValueError:
            payload = None
        error = self._wire.refusal(payload)
        if error is not None:
            raise self._wire.error(error, self.request_id)
        if isinstance(payload, dict) and self._wire.instead:
            raise failed(ErrorKind.PROTOCOL, self._wire.instead, status=200, request_id=self.request_id)
        raise not_an_answer(self._content_type, page, self.request_id)

    async def close(self) -> None:
        self.watchdog.stop()
        if self.reader.dropped:
            _log.warning("%d events of the stream had no place", self.reader.dropped)
        await self._response.aclose()

    def failure(self, error: Exception) -> ProviderError | None:
        """What an exception while reading comes to; None where all that is missing is the connection's end."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, StreamFailure):
            return self._wire.error(error.payload, self.request_id)
        if self.watchdog.verdict:
            return self._failed(*self.watchdog.verdict)
        if self.reader.whole and is_connection_loss(error):
            return None
        if self._body.ended and isinstance(error, ValueError):
            return None  # half an event at the very end: what is missing is said of the answer
        _log.warning("the stream broke: %s: %s", type(error).__name__, error)
        if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
            source = error.doc if isinstance(error, json.JSONDecodeError) else error.object
            _log.warning("what could not be read begins: %r", source[:LONGEST_LOGGED])
        return from_stream(error, started=self.reader.started, request_id=self.request_id)

    def missing(self) -> ProviderError | None:
        """What is wrong with a stream that just ended; None if the answer is whole."""
        if self.reader.stopped:
            return None
        if self.watchdog.verdict:
            return self._failed(*self.watchdog.verdict)
        if not self.reader.started:
            return not_an_answer(self._content_type, self._body.shown, self.request_id)
        return self._failed(ErrorKind.TRUNCATED, "The stream ended before the answer was complete.")

    def _failed(self, kind: ErrorKind, sentence: str) -> ProviderError:
        return failed(kind, sentence, retryable=True, status=200, request_id=self.request_id)
