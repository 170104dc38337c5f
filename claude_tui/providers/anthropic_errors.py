"""Whatever the SDK, the HTTP library or the socket throws, as a ProviderError with a sentence.

Three places fail differently: opening (typed SDK errors), the stream itself (raw HTTP-library errors, which the SDK does not wrap),
and error events inside a stream that began with status 200.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, cast

import anthropic
import httpx2

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.text import safe_line
from claude_tui.logs import redact

LONGEST_MESSAGE = 600

_BY_STATUS = {
    400: ErrorKind.INVALID_REQUEST,
    401: ErrorKind.AUTH,
    402: ErrorKind.BILLING,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.SERVER,
    413: ErrorKind.TOO_LARGE,
    422: ErrorKind.INVALID_REQUEST,
    429: ErrorKind.RATE_LIMIT,
    504: ErrorKind.TIMEOUT,
    529: ErrorKind.OVERLOADED,
}
_BY_TYPE = {
    "invalid_request_error": ErrorKind.INVALID_REQUEST,
    "authentication_error": ErrorKind.AUTH,
    "billing_error": ErrorKind.BILLING,
    "permission_error": ErrorKind.PERMISSION,
    "not_found_error": ErrorKind.NOT_FOUND,
    "request_too_large": ErrorKind.TOO_LARGE,
    "rate_limit_error": ErrorKind.RATE_LIMIT,
    "timeout_error": ErrorKind.TIMEOUT,
    "overloaded_error": ErrorKind.OVERLOADED,
    "api_error": ErrorKind.SERVER,
}
_STATUS_FIRST = {409: ErrorKind.SERVER}
"""Statuses that say more than the type beside them: a conflict is the server's, whatever request it calls invalid."""
_RETRYABLE_STATUS = (408, 409, 429)
_RETRYABLE_TYPES = ("overloaded_error", "api_error", "rate_limit_error", "timeout_error")
_SPENDING = re.compile(r"spend|billing|credit balance|usage limit|quota", re.IGNORECASE)
_CONTEXT = re.compile(
    r"prompt is too long|context (window|length)|exceeds? (the )?(model'?s )?(maximum )?context|too many tokens", re.IGNORECASE
)


def failed(
    kind: ErrorKind, message: str, *, retryable: bool = False, status: int | None = None, request_id: str | None = None
) -> ProviderError:
    """A ProviderError from its parts. The message may hold what a server or a library said: no credential and no control passes."""
    return ProviderError(ErrorInfo(kind, safe_line(redact(message), LONGEST_MESSAGE), status, request_id), retryable=retryable)


def from_opening(error: Exception, base_url: str, connect_timeout: float) -> ProviderError:
    """The error of a request that never became a stream."""
    if isinstance(error, anthropic.APIStatusError):
        return _from_status(error)
    if isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException)):
        cause = next((cause for cause in _causes(error) if isinstance(cause, httpx2.TimeoutException)), error)
        if isinstance(cause, httpx2.ConnectTimeout):
            return failed(ErrorKind.TIMEOUT, f"No connection to {base_url} within {connect_timeout:g} s.", retryable=True)
        return failed(ErrorKind.TIMEOUT, f"{base_url} did not answer in time.", retryable=True)
    if isinstance(error, (anthropic.APIConnectionError, httpx2.TransportError)):
        return _from_connection(error, base_url)
    if isinstance(error, (TypeError, anthropic.AnthropicError)):
        return failed(ErrorKind.CREDENTIALS, f"No usable credentials: {error}")
    return failed(ErrorKind.PROTOCOL, f"The request could not be sent: {type(error).__name__}: {error}")


def _from_status(error: anthropic.APIStatusError) -> ProviderError:
    status = error.status_code
    message = error.api_message or _body_sentence(error, status)
    kind = _STATUS_FIRST.get(status) or _BY_TYPE.get(error.type or "") or _BY_STATUS.get(status) or _general_kind(status)
    facts = f"{error.error_code or ''} {message}"
    spending = status in (400, 402, 403, 429) and _SPENDING.search(facts) is not None
    if spending:
        kind = ErrorKind.BILLING
    elif kind is ErrorKind.INVALID_REQUEST and _CONTEXT.search(message):
        kind = ErrorKind.CONTEXT
    headers = cast("Mapping[str, str]", error.response.headers)
    retryable = (status in _RETRYABLE_STATUS or status >= 500) and not spending
    wish = headers.get("x-should-retry")
    if wish in ("true", "false"):
        retryable = wish == "true"
    failure = failed(kind, message, retryable=retryable, status=status, request_id=error.request_id)
    failure.retry_after = retry_after(headers, time.time())
    return failure


def _general_kind(status: int) -> ErrorKind:
    if status >= 500:
        return ErrorKind.SERVER
    return ErrorKind.PROTOCOL if status < 400 else ErrorKind.INVALID_REQUEST


def _body_sentence(error: anthropic.APIStatusError, status: int) -> str:
    """What to say of a status whose body is not the API's error object."""
    if 300 <= status < 400:
        target = error.response.headers.get("location", "elsewhere")
        return f"The server redirects to {target}; requests with a key and a conversation in them do not follow redirects."
    text = " ".join(re.sub(r"<[^>]*>", " ", _body_text(error)).split())
    return f"HTTP {status} {error.response.reason_phrase}".rstrip() + (f": {text[:200]}" if text else ".")


def _body_text(error: anthropic.APIStatusError) -> str:
    body: object = error.body
    if isinstance(body, str):
        return body
    return json.dumps(body) if body else ""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, or `retry-after` as seconds or as a date; None without a usable value."""
    milliseconds, value = _number(headers.get("retry-after-ms", "")), headers.get("retry-after", "")
    seconds = _number(value) if milliseconds is None else milliseconds / 1000
    if seconds is None:
        try:
            moment = email.utils.parsedate_tz(value)
            seconds = None if moment is None else email.utils.mktime_tz(moment) - now
        except (ValueError, OverflowError):  # a date only in its form
            return None
    return None if seconds is None else max(0.0, seconds)


def _number(text: str) -> float | None:
    """`text` as a finite number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _from_connection(error: Exception, base_url: str) -> ProviderError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = f"The certificate of {base_url} could not be verified: {cause.verify_message}."
            return failed(ErrorKind.NETWORK, text)
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "reason", None) or cause
            return failed(ErrorKind.NETWORK, f"No secure connection to {base_url}: {reason}.")
        if isinstance(cause, socket.gaierror):
            return failed(ErrorKind.NETWORK, f"The address of {base_url} could not be found ({cause.strerror}).", retryable=True)
        if isinstance(cause, ConnectionRefusedError):
            return failed(ErrorKind.NETWORK, f"Nobody answers at {base_url}: connection refused.", retryable=True)
        if isinstance(cause, (httpx2.LocalProtocolError, UnicodeEncodeError)):
            return failed(ErrorKind.INVALID_REQUEST, "The request could not be sent: a header of it is malformed.")
    reason = next((str(cause) for cause in reversed(list(_causes(error))) if str(cause)), type(error).__name__)
    return failed(ErrorKind.NETWORK, f"No connection to {base_url}: {reason}.", retryable=True)


def is_connection_loss(error: Exception) -> bool:
    """Whether the connection ended, in whatever way, as against saying something that cannot be read."""
    return isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.TimeoutException)


def from_stream(error: Exception, *, started: bool, request_id: str | None) -> ProviderError:
    """The error of a stream that broke off. `started`: whether the answer had begun."""
    if isinstance(error, httpx2.TimeoutException):
        return failed(ErrorKind.TIMEOUT, "The server stopped sending.", retryable=True, status=200, request_id=request_id)
    if isinstance(error, httpx2.TransportError):
        kind = ErrorKind.TRUNCATED if started else ErrorKind.NETWORK
        text = f"The connection was lost before the answer was complete ({str(error) or type(error).__name__})."
        return failed(kind, text, retryable=True, status=200, request_id=request_id)
    text = f"What the server sent cannot be read ({type(error).__name__}: {error})."
    return failed(ErrorKind.PROTOCOL, text, status=200, request_id=request_id)


def from_event(payload: dict[str, Any], request_id: str | None) -> ProviderError:
    """An error event inside a stream."""
    given: Any = payload.get("type")
    kind_name = given if isinstance(given, str) else ""
    message: Any = payload.get("message")
    kind = _BY_TYPE.get(kind_name, ErrorKind.SERVER)
    text = message if isinstance(message, str) and message else kind_name or "The server reported an error without a text."
    if kind is ErrorKind.INVALID_REQUEST and _CONTEXT.search(text):
        kind = ErrorKind.CONTEXT
    return failed(kind, text, retryable=kind_name in _RETRYABLE_TYPES, status=200, request_id=request_id)


def not_an_answer(content_type: str, beginning: str, request_id: str | None) -> ProviderError:
    """The server said 200 with something that is no stream of events."""
    text = " ".join(re.sub(r"<[^>]*>", " ", beginning).split())[:200]
    what = f"({content_type or 'no content type'}{': ' + text if text else ', empty'})"
    return failed(ErrorKind.PROTOCOL, f"This is not an answer of the API {what}.", status=200, request_id=request_id)
