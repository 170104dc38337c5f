"""An error as the Messages API says it, and the exception that carries it out of a validator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES = {
    400: "The request was refused by the script.",
    401: "invalid x-api-key",
    402: "Your credit balance is too low to access the API.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "The requested resource was not found.",
    408: "The request took too long.",
    409: "The request conflicts with the state of the resource.",
    413: "Request exceeds the maximum size",
    422: "The request was understood but could not be processed.",
    429: "This request would exceed your rate limit.",
    500: "Internal server error",
    503: "Service unavailable",
    504: "The request timed out on the server's side.",
    529: "Overloaded",
}


@dataclass(frozen=True, slots=True)
class ApiError:
    """Status, type, message and code. `param` names what is wrong, on the wire that says so."""

    status: int
    type: str
    message: str
    error_code: str | None = None
    param: str | None = None

    @classmethod
    def of(cls, status: int, type_: str | None = None, message: str | None = None, code: str | None = None) -> ApiError:
        """An error with the usual type and words of its status where none are given."""
        return cls(
            status,
            type_ or _TYPES.get(status, "api_error"),
            message or _MESSAGES.get(status, f"HTTP status {status}"),
            code,
        )

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body on the first wire."""
        error: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.error_code:
            error["details"] = {"error_code": self.error_code}
        return {"type": "error", "error": error, "request_id": request_id}


class Refused(Exception):
    """The request is not valid."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error


def refuse(message: str, code: str | None = None) -> NoReturn:
    """A 400 in the API's words."""
    raise Refused(ApiError.of(400, message=message, code=code))
