"""Error objects of OpenAI-compatible servers, in any of their shapes, as ProviderErrors. Pure: no SDK, no socket.

A gateway's word for what happened (`code`, `type`, `status`) counts before the HTTP status, because gateways pass on other servers'
errors under a status of their own; text counts where no word is known, and only for what must not be tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from claude_tui.domain.blocks import dump_json, strict_json
from claude_tui.domain.errors import ErrorKind, ProviderError
from claude_tui.providers.errors import RETRYABLE_STATUS, Refusal, failed, from_refusal, kind_of_status

REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-generation-id", "cf-ray")
"""Headers that may name the request, best first."""

_WORDS: dict[ErrorKind, str] = {
    ErrorKind.BILLING: "insufficient_quota billing_hard_limit_reached billing_not_active billing_error insufficient_balance"
    " insufficient_credits insufficient_funds insufficient_user_quota exceeded_current_quota_error payment_required arrearage"
    " quota_exceeded access_terminated account_overdue_error",
    ErrorKind.CONTEXT: "context_length_exceeded context_window_exceeded contextwindowexceedederror exceed_context_size_error"
    " model_context_window_exceeded prompt_too_long",
    ErrorKind.AUTH: "invalid_api_key incorrect_api_key invalid_authentication invalid_authentication_error authentication_error"
    " authenticationerror unauthorized unauthenticated invalid_token invalidapikey api_key_invalid missing_api_key",
    ErrorKind.PERMISSION: "permission_error permission_denied permission_denied_error insufficient_permissions forbidden"
    " unsupported_country_region_territory model_not_allowed access_denied",
    ErrorKind.NOT_FOUND: "model_not_found not_found not_found_error notfounderror deploymentnotfound unknown_model invalid_model"
    " model_not_supported no_such_model unsupported_model invalid_endpoint_or_model model_not_open",
    ErrorKind.RATE_LIMIT: "rate_limit_exceeded rate_limit_error rate_limited ratelimiterror rate_limit rate_limit_reached_error"
    " too_many_requests resource_exhausted throttling tokens requests throttling.ratequota throttling.allocationquota",
    ErrorKind.OVERLOADED: "overloaded overloaded_error engine_overloaded engine_overloaded_error server_overloaded unavailable"
    " service_unavailable service_unavailable_error model_overloaded no_capacity capacity_exceeded over_capacity",
    ErrorKind.SERVER: "server_error internal_error internal_server_error internalservererror api_error internal upstream_error"
    " bad_gateway provider_error processing_error",
    ErrorKind.TIMEOUT: "timeout timeout_error request_timeout gateway_timeout deadline_exceeded",
    ErrorKind.TOO_LARGE: "request_too_large payload_too_large request_entity_too_large",
    ErrorKind.INVALID_REQUEST: "invalid_argument failed_precondition content_policy_violation content_filter unsupported_value"
    " invalid_prompt unsupported_parameter unknown_parameter invalid_type invalid_value badrequesterror data_inspection_failed",
}
_SEPARATORS = re.compile(r"[\s_-]")
"""What a word may be spelt with or without. After a full stop it only says more: "RateLimitExceeded.EndpointTPMExceeded"."""
_BY_ANSWER = {
    1000: ErrorKind.SERVER,
    1001: ErrorKind.TIMEOUT,
    1002: ErrorKind.RATE_LIMIT,
    1004: ErrorKind.AUTH,
    1008: ErrorKind.BILLING,
    1013: ErrorKind.SERVER,
    1039: ErrorKind.RATE_LIMIT,
    2013: ErrorKind.INVALID_REQUEST,
}
"""MiniMax's codes, in the table it puts into an answer."""
_BY_WORD = {
    **{_SEPARATORS.sub("", word): kind for kind, words in _WORDS.items() for word in words.split()},
    **{f"baseresp.{code}": kind for code, kind in _BY_ANSWER.items()},
}
_RETRYABLE = (ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED, ErrorKind.SERVER, ErrorKind.TIMEOUT)
_GENERAL = (ErrorKind.SERVER, ErrorKind.INVALID_REQUEST)
"""Kinds whose words say no more than that something went wrong; a status or a text may know better."""
_SPENT_STATUS = (400, 402, 403, 429)
_SPENDING = re.compile(
    r"insufficient (account )?(quota|balance|credits?|funds)|exceeded your current quota|credit balance|billing|hard limit"
    r"|(out of|more|no|not enough|depleted.{0,30}) credits|spend(ing)? limit|payment required|in arrears|余额不足|欠费",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"maximum context|context (window|length|size|limit)|maximum (prompt|model|input) length|(prompt|input)( is)? too long"
    r"|longer than the (model|maximum)|too many (input )?tokens|exceeds? (the )?(model'?s? )?(maximum |max |token |input )*"
    r"(context|limit of tokens|number of tokens|token limit)|range of input length|prompt exceeds max|reduce the length"
    r"|exceeded model token limit|max_new_tokens` must be <=",
    re.IGNORECASE,
)
_BUSY = re.compile(r"overloaded|at capacity|no (available )?capacity|server is busy", re.IGNORECASE)
_TEXT_KEYS = (
    "message",
    "msg",
    "error_msg",
    "error_message",
    "errorMessage",
    "detail",
    "error_description",
    "title",
    "status_msg",
    "text",
)
_WORD_KEYS = ("code", "type", "status", "error_type", "error_code", "status_code")


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What an error object says: a sentence, words for the kind (best first), an HTTP status among them, the parameter it names."""

    message: str = ""
    words: tuple[str, ...] = ()
    status: int | None = None
    param: str = ""

    @property
    def word(self) -> ErrorKind | None:
        """The kind by the first word that is known."""
        plain = (_SEPARATORS.sub("", word) for word in self.words)
        return next((_BY_WORD[part] for word in plain for part in (word, word.partition(".")[0]) if part in _BY_WORD), None)


def facts(given: Any, depth: int = 0) -> ErrorFacts:
    """The facts of an error object or a whole body: nested, in a list, a string, or with keys of any server."""
    if isinstance(given, list):
        items = cast("list[Any]", given)
        if items and all(isinstance(item, dict) and "loc" in item for item in items):
            return ErrorFacts("; ".join(_invalid_field(item) for item in items))
        return facts(items[0], depth) if items else ErrorFacts()
    if isinstance(given, str):
        return ErrorFacts(given.strip())
    if not isinstance(given, dict) or depth > 5:
        return ErrorFacts()
    body = cast("dict[str, Any]", given)
    inner = next((body[key] for key in ("error", "errors", "base_resp") if body.get(key)), None)
    nested = facts(inner, depth + 1) if inner is not None else ErrorFacts()
    message = nested.message or next(filter(None, (_text(body.get(key), depth) for key in _TEXT_KEYS)), "")
    message += _upstream(body, message)
    words = (*nested.words, *_words(body))
    param = body.get("param")
    status = nested.status or next((code for key in _WORD_KEYS if (code := _http_status(body.get(key)))), None)
    return ErrorFacts(message, words, status, nested.param or (param if isinstance(param, str) else ""))


def _words(body: dict[str, Any]) -> Iterator[str]:
    """What may be a name for the kind."""
    answered: Any = body.get("base_resp")
    if isinstance(answered, dict):
        yield f"base_resp.{cast('dict[str, Any]', answered).get('status_code')}"
    for key in _WORD_KEYS:
        value = body.get(key)
        if isinstance(value, str):
            yield value.strip().lower()


def _text(value: Any, depth: int) -> str:
    """A sentence, also where it stands in an object or in JSON that was made a string."""
    if isinstance(value, str):
        if value.lstrip().startswith("{") and depth < 3:
            try:
                return facts(strict_json(value), depth + 1).message or value
            except ValueError:
                return value
        return value.strip()
    return facts(value, depth + 1).message if isinstance(value, (dict, list)) else ""


def _upstream(body: dict[str, Any], message: str) -> str:
    """What the server behind a gateway said, where the gateway passes it on beside its own sentence."""
    metadata: Any = body.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    said = _text(cast("dict[str, Any]", metadata).get("raw"), 0)
    name: Any = cast("dict[str, Any]", metadata).get("provider_name")
    origin = f"{name}: " if isinstance(name, str) and said else ""
    return f" ({origin}{said})" if said and said not in message else ""


def _invalid_field(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"] if part != "body") if isinstance(item["loc"], list) else str(item["loc"])
    text: Any = item.get("msg")
    return f"{where}: {text}" if isinstance(text, str) else where


def _http_status(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600 else None


def _kind(found: ErrorFacts, otherwise: ErrorKind, text: str, *, spending: bool = True) -> ErrorKind:
    """By word where it says more than that something went wrong, else `otherwise` or what the text says it is.

    `spending`: whether a text about money is to be believed."""
    if found.word not in (None, *_GENERAL):
        return found.word or otherwise
    if spending and _SPENDING.search(text):
        return ErrorKind.BILLING
    if otherwise in (ErrorKind.INVALID_REQUEST, ErrorKind.TOO_LARGE, ErrorKind.SERVER) and _CONTEXT.search(text):
        return ErrorKind.CONTEXT
    if otherwise is ErrorKind.SERVER and _BUSY.search(text):
        return ErrorKind.OVERLOADED
    return otherwise


def from_status(
    status: int, headers: Mapping[str, str], reason: str, text: str, request_id: str | None
) -> tuple[ProviderError, ErrorFacts]:
    """A refusal, and what its body says."""
    try:
        payload: Any = strict_json(text)
    except ValueError:
        payload = None
    structured = isinstance(payload, (dict, list))
    found = facts(payload) if structured else ErrorFacts()
    kind = kind_of_status(status)
    if status >= 400:
        kind = _kind(found, kind, found.message or text[:2_000], spending=status in _SPENT_STATUS)
    body = dump_json(payload) if structured and payload else text
    refusal = Refusal(status, headers, reason, found.message, body, kind, kind is ErrorKind.BILLING, request_id)
    failure = from_refusal(refusal)
    failure.retryable = failure.retryable and kind is not ErrorKind.CONTEXT
    return failure, found


def from_event(payload: dict[str, Any], request_id: str | None) -> ProviderError:
    """An error inside a stream, or in a body that came with status 200."""
    found = facts(payload)
    text = found.message or next(iter(found.words), "") or "The server reported an error without a text."
    by_status = None if found.status is None else kind_of_status(found.status)
    kind = _kind(found, by_status or found.word or ErrorKind.SERVER, text)
    known = found.word is not None or (found.status is not None and (found.status in RETRYABLE_STATUS or found.status >= 500))
    return failed(kind, text, retryable=known and kind in _RETRYABLE, status=200, request_id=request_id)


def error_in(payload: Any) -> dict[str, Any] | None:
    """The error in something that should have been a chunk of an answer; None where there is none."""
    if isinstance(payload, list):
        return next((found for item in cast("list[Any]", payload) if (found := error_in(item)) is not None), None)
    if not isinstance(payload, dict):
        return None
    body = cast("dict[str, Any]", payload)
    if body.get("error") or body.get("type") == "error" or body.get("object") == "error" or _refused(body):
        return body
    if body.get("choices") is None and (body.get("errors") or _names_an_error(body)):
        return body
    return None


def _refused(body: dict[str, Any]) -> bool:
    """MiniMax's way: an answer with a status of its own in it."""
    given: Any = body.get("base_resp")
    return isinstance(given, dict) and cast("dict[str, Any]", given).get("status_code") not in (None, 0, "0", "")


def _names_an_error(body: dict[str, Any]) -> bool:
    """A sentence with a code and no answer beside it; FastAPI's `detail`."""
    if body.get("detail") and len(body) == 1:
        return True
    said = any(isinstance(body.get(key), str) and body[key] for key in ("message", "msg", "error_msg", "error_message"))
    if body.get("error_code") not in (None, "", 0, "0") and isinstance(body.get("text"), str):
        return True  # FastChat's
    return said and any(
        body.get(key) not in (None, "", 0, "0", 200, "200", "ok", "success")
        for key in ("code", "status", "status_code", "error_code")
    )
