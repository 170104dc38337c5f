"""What each wire says around an answer: which requests are its own, headers, errors, pings, the end. One row a wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .actions import Bytes, Emit
from .faults import WireName
from .refusal import ApiError
from .refusal_openai import chat_body, chat_error

MESSAGES = "/v1/messages"
COMPLETIONS = "/v1/chat/completions"
CALLS: dict[str, WireName] = {MESSAGES: "anthropic", COMPLETIONS: "openai"}
"""The paths that ask for an answer."""


class MakeError(Protocol):
    """An error of the wire, with what is usual for its status where nothing is given."""

    def __call__(
        self, status: int, type_: str | None = None, message: str | None = None, code: str | None = None, /
    ) -> ApiError: ...


@dataclass(frozen=True, slots=True)
class Speech:
    """A wire, answers aside. `stop` is the name and data of the last event; events have names if `named`."""

    wire: WireName
    id_header: str
    headers: Mapping[str, str]
    error: MakeError
    error_body: Callable[[ApiError, str], dict[str, Any]]
    ping: Emit | Bytes
    stop: tuple[str, str]
    named: bool
    no_key: str
    key_headers: tuple[str, ...]


_LIMITS = {
    "anthropic-organization-id": "org_fake",
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-tokens-limit": "2000000",
    "anthropic-ratelimit-tokens-remaining": "1999000",
}
_CHAT_LIMITS = {
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "4000",
    "x-ratelimit-remaining-requests": "3999",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-tokens": "1999000",
}

SPEECHES: dict[WireName, Speech] = {
    row.wire: row
    for row in (
        Speech(
            wire="anthropic",
            id_header="request-id",
            headers=_LIMITS,
            error=ApiError.of,
            error_body=ApiError.body,
            ping=Emit("ping", '{"type":"ping"}'),
            stop=("message_stop", '{"type":"message_stop"}'),
            named=True,
            no_key="x-api-key header is required",
            key_headers=("authorization", "x-api-key"),
        ),
        Speech(
            wire="openai",
            id_header="x-request-id",
            headers=_CHAT_LIMITS,
            error=chat_error,
            error_body=chat_body,
            ping=Bytes(b": keep-alive\n\n"),
            stop=("", "[DONE]"),
            named=False,
            no_key="You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY).",
            key_headers=("authorization",),
        ),
    )
}


def wire_of(path: str, headers: Mapping[str, str]) -> WireName:
    """The wire a request is on: the path says it; a path both have belongs to the second unless a header of the first is there."""
    if path.startswith("/v1/chat/"):
        return "openai"
    shared = path == "/v1/models" or path.startswith("/v1/models/")
    return "openai" if shared and not {"anthropic-version", "x-api-key"} & headers.keys() else "anthropic"
