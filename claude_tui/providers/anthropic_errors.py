"""What the Anthropic SDK throws, and the API's own error objects, as ProviderErrors. `errors` does what needs no SDK."""

from __future__ import annotations

import json
import re
from typing import Any

import anthropic

from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.providers.errors import Refusal, failed, from_connecting, from_refusal, kind_of_status, no_connection

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
_RETRYABLE_TYPES = ("overloaded_error", "api_error", "rate_limit_error", "timeout_error")
_SPENDING = re.compile(r"spend|billing|credit balance|usage limit|quota", re.IGNORECASE)
_CONTEXT = re.compile(
    r"prompt is too long|context (window|length)|exceeds? (the )?(model'?s )?(maximum )?context|too many tokens", re.IGNORECASE
)


def from_opening(error: Exception, base_url: str, connect_timeout: float) -> ProviderError:
    """The error of a request that never became a stream."""
    if isinstance(error, anthropic.APIStatusError):
        return _from_status(error)
    failure = from_connecting(error, base_url, connect_timeout)
    if failure is not None:
        return failure
    if isinstance(error, anthropic.APITimeoutError):
        return failed(ErrorKind.TIMEOUT, f"{base_url} did not answer in time.", retryable=True)
    if isinstance(error, anthropic.APIConnectionError):
        return no_connection(error, base_url)
    if isinstance(error, (TypeError, anthropic.AnthropicError)):
        return failed(ErrorKind.CREDENTIALS, f"No usable credentials: {error}")
    return failed(ErrorKind.PROTOCOL, f"The request could not be sent: {type(error).__name__}: {error}")


def _from_status(error: anthropic.APIStatusError) -> ProviderError:
    status, response = error.status_code, error.response
    kind = _STATUS_FIRST.get(status) or _BY_TYPE.get(error.type or "") or kind_of_status(status)
    message = error.api_message or _body_text(error)
    if kind is ErrorKind.INVALID_REQUEST and _CONTEXT.search(message):
        kind = ErrorKind.CONTEXT
    return from_refusal(
        Refusal(
            status=status,
            headers=response.headers,
            reason=response.reason_phrase,
            message=error.api_message or "",
            body=_body_text(error),
            kind=kind,
            spent=status in (400, 402, 403, 429) and _SPENDING.search(f"{error.error_code or ''} {message}") is not None,
            request_id=error.request_id,
        )
    )


def _body_text(error: anthropic.APIStatusError) -> str:
    body: object = error.body
    if isinstance(body, str):
        return body
    return json.dumps(body) if body else ""


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
