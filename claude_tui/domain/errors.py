"""What can go wrong, as values: every failure a user can meet has a kind, a sentence and, where there is one, the API's own words.

`ProviderError` is what adapters raise, whatever the SDK or the socket threw. `ErrorInfo` is its face in events, storage and JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    """The closed list of the command-line contract."""

    CREDENTIALS = "credentials"
    AUTH = "auth"
    BILLING = "billing"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    INVALID_REQUEST = "invalid_request"
    CONTEXT = "context"
    TOO_LARGE = "too_large"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER = "server"
    TIMEOUT = "timeout"
    NETWORK = "network"
    TRUNCATED = "truncated"
    PROTOCOL = "protocol"
    STORAGE = "storage"
    TOOL_LIMIT = "tool_limit"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as events, storage and scripts see it; `status` is the HTTP status, None when there was none."""

    kind: ErrorKind
    message: str
    status: int | None = None
    request_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "message": self.message, "status": self.status, "request_id": self.request_id}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ErrorInfo:
        return cls(ErrorKind(data["kind"]), data["message"], data.get("status"), data.get("request_id"))


class ProviderError(Exception):
    """A request or a stream failed.

    `retryable`: the same request may succeed later. `retry_after`: seconds the server asked for, None when it did not say.
    """

    def __init__(self, info: ErrorInfo, *, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(info.message)
        self.info = info
        self.retryable = retryable
        self.retry_after = retry_after


class StoreError(Exception):
    """The history could not be read or written."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.info = ErrorInfo(ErrorKind.STORAGE, message)


class StorageOutage(StoreError):
    """The place of the history cannot be used for now; nothing is wrong with what was to be written there."""


class StorageBusy(StorageOutage):
    """Another process keeps the history to itself."""


class UnknownSession(StoreError):
    """No session has this id or prefix."""


class AmbiguousSession(StoreError):
    """More than one session begins with this prefix."""


class SessionHeld(StoreError):
    """Another process is writing this session; the message says which."""


_ADVICE: dict[ErrorKind, str] = {
    ErrorKind.CREDENTIALS: "`claude-tui doctor` says where they are looked for; `claude-tui demo` needs none.",
    ErrorKind.AUTH: "Check the key and the address it is sent to: `claude-tui doctor` names both.",
    ErrorKind.BILLING: "Check the plan and the balance of the account this key belongs to.",
    ErrorKind.PERMISSION: "The key may not do this; check its workspace and the model's access.",
    ErrorKind.NOT_FOUND: "Check the model's name (`claude-tui models` lists them) and the address (`claude-tui doctor` shows it).",
    ErrorKind.INVALID_REQUEST: "The prompt is saved; change what the message above names and send it again.",
    ErrorKind.CONTEXT: "The conversation no longer fits the model: start a new session or use a model with a larger window.",
    ErrorKind.TOO_LARGE: "The request is over the API's size limit: leave out the largest part.",
    ErrorKind.RATE_LIMIT: "Wait a little and send it again; the prompt is saved.",
    ErrorKind.OVERLOADED: "The API is busy; the prompt is saved, send it again in a while.",
    ErrorKind.SERVER: "The fault is on the server's side; the prompt is saved, send it again in a while.",
    ErrorKind.TIMEOUT: "Check the connection and send it again; the prompt is saved, and so is whatever came.",
    ErrorKind.NETWORK: "Check the connection, the address and the proxy settings (`claude-tui doctor`); the prompt is saved.",
    ErrorKind.TRUNCATED: "The answer is cut off; what came is kept. Ask to continue, or send it again.",
    ErrorKind.PROTOCOL: "Something between here and the API may be altering the answers; the prompt is saved.",
    ErrorKind.STORAGE: "`claude-tui doctor` looks at the history.",
    ErrorKind.TOOL_LIMIT: "What came is kept; ask to go on if the work is not done.",
}


def advice(kind: ErrorKind) -> str:
    """One sentence that says what to do about an error of this kind."""
    return _ADVICE[kind]


def advised(error: ErrorInfo) -> str:
    """What happened and what to do. A message that names the command for it says enough."""
    return error.message if "`claude-tui doctor" in error.message else f"{error.message} {advice(error.kind)}"
