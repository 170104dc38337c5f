"""Whatever an HTTP library, a socket or a server's refusal comes to, as a ProviderError with a sentence. No SDK is known here.

Three places fail differently: opening (statuses, connections), the stream itself (raw errors of the HTTP library), and errors that
a server reports inside a stream that began with status 200. What a refusal's body says is the wire's to read: `Refusal`.
"""

from __future__ import annotations

import email.utils
import math
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.text import safe_line
from claude_tui.logs import redact

LONGEST_MESSAGE = 600

BY_STATUS = {
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
RETRYABLE_STATUS = (408, 409, 429)
_LIMITS = ("requests", "input-tokens", "output-tokens", "tokens")
"""What a rate limit counts, as headers name it."""
_PAGE = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def failed(
    kind: ErrorKind, message: str, *, retryable: bool = False, status: int | None = None, request_id: str | None = None
) -> ProviderError:
    """A ProviderError from its parts. The message may hold what a server or a library said: no credential and no control passes."""
    return ProviderError(ErrorInfo(kind, safe_line(redact(message), LONGEST_MESSAGE), status, request_id), retryable=retryable)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status that is no success.

    `message`: the server's own sentence, empty where it gave none; `body` is what to say then.
    `kind`: what the wire made of it; None leaves it to the status. `spent`: the account has to be paid before it goes on.
    """

    status: int
    headers: Mapping[str, str]
    reason: str = ""
    message: str = ""
    body: str = ""
    kind: ErrorKind | None = None
    spent: bool = False
    request_id: str | None = None


def from_refusal(refusal: Refusal) -> ProviderError:
    status = refusal.status
    kind = ErrorKind.BILLING if refusal.spent else refusal.kind or kind_of_status(status)
    retryable = (status in RETRYABLE_STATUS or status >= 500) and not refusal.spent
    wish = refusal.headers.get("x-should-retry")
    if wish in ("true", "false"):
        retryable = wish == "true"
    message = refusal.message or _body_sentence(refusal)
    if kind is ErrorKind.RATE_LIMIT:
        message = with_limits(message, refusal.headers)
    failure = failed(kind, message, retryable=retryable, status=status, request_id=refusal.request_id)
    failure.retry_after = retry_after(refusal.headers, time.time())
    return failure


def with_limits(message: str, headers: Mapping[str, str]) -> str:
    """The message, and which limits are used up where the headers tell and it does not."""
    used: list[str] = []
    for name in _LIMITS:
        words = name.replace("-", " ")
        for start, end in (("anthropic-ratelimit-" + name + "-", ""), ("x-ratelimit-", "-" + name)):
            limit = headers.get(f"{start}limit{end}", "")
            if _number(headers.get(f"{start}remaining{end}", "")) == 0 and words not in message.lower():
                used.append(f"{int(limit):,} {words}" if limit.isascii() and limit.isdecimal() and len(limit) < 16 else words)
    return f"{message} Used up: the limit of {' and of '.join(used)}." if used else message


def kind_of_status(status: int) -> ErrorKind:
    known = BY_STATUS.get(status)
    if known is not None:
        return known
    if status >= 500:
        return ErrorKind.SERVER
    return ErrorKind.PROTOCOL if status < 400 else ErrorKind.INVALID_REQUEST


def _body_sentence(refusal: Refusal) -> str:
    """What to say of a status whose body is not the API's error object."""
    if 300 <= refusal.status < 400:
        target = refusal.headers.get("location", "elsewhere")
        return f"The server redirects to {target}; requests with a key and a conversation in them do not follow redirects."
    text = page_text(refusal.body)
    return f"HTTP {refusal.status} {refusal.reason}".rstrip() + (f": {text[:200]}" if text else ".")


def page_text(page: str) -> str:
    """What a page of HTML, or any text, says, on one line."""
    return " ".join(_PAGE.sub(" ", page).split())


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


def from_connecting(error: Exception, base_url: str, connect_timeout: float) -> ProviderError | None:
    """The error of a request that got no answer: too late, or no connection. None for an error of another nature."""
    import httpx2

    causes = list(_causes(error))
    late = next((cause for cause in causes if isinstance(cause, httpx2.TimeoutException)), None)
    if isinstance(late, httpx2.ConnectTimeout):
        return failed(ErrorKind.TIMEOUT, f"No connection to {base_url} within {connect_timeout:g} s.", retryable=True)
    if late is not None:
        return failed(ErrorKind.TIMEOUT, f"{base_url} did not answer in time.", retryable=True)
    if any(isinstance(cause, httpx2.TransportError) for cause in causes):
        return no_connection(error, base_url)
    return None


def no_connection(error: Exception, base_url: str) -> ProviderError:
    import httpx2

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
    import httpx2

    return isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.TimeoutException)


def from_stream(error: Exception, *, started: bool, request_id: str | None) -> ProviderError:
    """The error of a stream that broke off. `started`: whether the answer had begun."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return failed(ErrorKind.TIMEOUT, "The server stopped sending.", retryable=True, status=200, request_id=request_id)
    if isinstance(error, httpx2.TransportError):
        kind = ErrorKind.TRUNCATED if started else ErrorKind.NETWORK
        text = f"The connection was lost before the answer was complete ({str(error) or type(error).__name__})."
        return failed(kind, text, retryable=True, status=200, request_id=request_id)
    text = f"What the server sent cannot be read ({type(error).__name__}: {error})."
    return failed(ErrorKind.PROTOCOL, text, status=200, request_id=request_id)


def not_an_answer(content_type: str, beginning: str, request_id: str | None) -> ProviderError:
    """The server said 200 with something that is no stream of events."""
    text = page_text(beginning)[:200]
    what = f"({content_type or 'no content type'}{': ' + text if text else ', empty'})"
    return failed(ErrorKind.PROTOCOL, f"This is not an answer of the API {what}.", status=200, request_id=request_id)
