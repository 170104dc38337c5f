"""Errors in the words and the shape of OpenAI: type and code by status, and a body that names the parameter."""

from __future__ import annotations

from typing import Any, NoReturn

from .refusal import ApiError, Refused

_USUAL: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request was refused by the script."),
    401: (
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    402: ("invalid_request_error", "insufficient_balance", "Insufficient Balance"),
    403: ("invalid_request_error", "insufficient_permissions", "You have insufficient permissions for this operation."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    408: ("timeout_error", None, "The request took too long."),
    409: ("invalid_request_error", None, "The request conflicts with the state of the resource."),
    413: ("invalid_request_error", "request_too_large", "Request body is too large."),
    422: ("invalid_request_error", None, "The request was understood but could not be processed."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests per minute."),
    500: (
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    503: ("service_unavailable_error", None, "The engine is currently overloaded, please try again later"),
    504: ("timeout_error", None, "The request timed out on the server's side."),
    529: ("service_unavailable_error", "server_is_overloaded", "Our servers are currently overloaded. Please try again later."),
}


def chat_error(status: int, type_: str | None = None, message: str | None = None, code: str | None = None) -> ApiError:
    """An error with the usual type, code and words of its status where none are given; an empty code is null."""
    usual_type, usual_code, usual_words = _USUAL.get(status, ("server_error", None, f"HTTP status {status}"))
    told = usual_code if code is None else code or None
    return ApiError(status, type_ or usual_type, message or usual_words, told)


def chat_object(error: ApiError) -> dict[str, Any]:
    """The `error` object."""
    return {"message": error.message, "type": error.type, "param": error.param, "code": error.error_code}


def chat_body(error: ApiError, request_id: str) -> dict[str, Any]:
    """The JSON body; the request id stands in a header alone."""
    return {"error": chat_object(error)}


def refuse(message: str, param: str | None = None, code: str | None = None) -> NoReturn:
    """A 400 in OpenAI's words."""
    raise Refused(ApiError(400, "invalid_request_error", message, code, param))
