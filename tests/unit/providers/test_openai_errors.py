"""Refusals in every shape become errors of our own; what could be conceded is found in their words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorKind
from claude_tui.providers import openai_errors as errors
from claude_tui.providers.openai_dialect import Dialect, concede, dialect_of

K = ErrorKind
WORDS = "the words of the server"


def wrapped(**fields: Any) -> dict[str, Any]:
    return {"error": {"message": WORDS, **fields}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "retryable", "message"),
    [
        (400, wrapped(type="invalid_request_error", code=None), K.INVALID_REQUEST, False, WORDS),
        (400, wrapped(code="context_length_exceeded"), K.CONTEXT, False, WORDS),
        (400, {"error": {"message": "This model's maximum context length is 8 tokens."}}, K.CONTEXT, False, None),
        (400, {"object": "error", "message": "maximum context length is 8", "code": 400}, K.CONTEXT, False, None),
        (400, wrapped(type="exceed_context_size_error", code=400), K.CONTEXT, False, WORDS),
        (401, wrapped(type="invalid_request_error", code="invalid_api_key"), K.AUTH, False, WORDS),
        (401, {"error": WORDS}, K.AUTH, False, WORDS),
        (402, {"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}}, K.BILLING, False, None),
        (403, wrapped(code="unsupported_country_region_territory"), K.PERMISSION, False, WORDS),
        (404, wrapped(code="model_not_found"), K.NOT_FOUND, False, WORDS),
        (404, {"detail": "Not Found"}, K.NOT_FOUND, False, "Not Found"),
        (400, wrapped(code="model_not_found"), K.NOT_FOUND, False, WORDS),
        (408, {"message": WORDS}, K.TIMEOUT, True, WORDS),
        (413, wrapped(), K.TOO_LARGE, False, WORDS),
        (422, {"detail": [{"loc": ["body", "messages", 0], "msg": "missing"}]}, K.INVALID_REQUEST, False, "messages.0: missing"),
        (429, wrapped(code="rate_limit_exceeded", type="tokens"), K.RATE_LIMIT, True, WORDS),
        (429, wrapped(code="insufficient_quota", type="insufficient_quota"), K.BILLING, False, WORDS),
        (429, wrapped(code="billing_hard_limit_reached"), K.BILLING, False, WORDS),
        (429, {"error": {"message": "You exceeded your current quota, check your billing"}}, K.BILLING, False, None),
        (
            429,
            [{"error": {"message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}],
            K.RATE_LIMIT,
            True,
            None,
        ),
        (429, {"error": {"message": "see https://aka.ms/oai/quotaincrease", "code": "429"}}, K.RATE_LIMIT, True, None),
        (
            429,
            wrapped(code=429, metadata={"raw": "slow down", "provider_name": "P"}),
            K.RATE_LIMIT,
            True,
            f"{WORDS} (P: slow down)",
        ),
        (400, {"error": {"message": json.dumps(wrapped())}}, K.INVALID_REQUEST, False, WORDS),
        (403, {"success": False, "errors": [{"code": 10000, "message": WORDS}]}, K.PERMISSION, False, WORDS),
        (500, wrapped(type="server_error"), K.SERVER, True, WORDS),
        (502, "<html><style>x{}</style><h1>Bad Gateway</h1></html>", K.SERVER, True, "HTTP 502 Reason: Bad Gateway"),
        (503, wrapped(type="overloaded"), K.OVERLOADED, True, WORDS),
        (503, {"error": {"message": "The engine is currently overloaded"}}, K.OVERLOADED, True, None),
        (504, "", K.TIMEOUT, True, "HTTP 504 Reason."),
        (400, {"foo": 1}, K.INVALID_REQUEST, False, 'HTTP 400 Reason: {"foo":1}'),
        (307, "", K.PROTOCOL, False, None),
    ],
    ids=range(31),
)
def test_refusals(status: int, body: Any, kind: ErrorKind, retryable: bool, message: str | None) -> None:
    sent = body if isinstance(body, str) else json.dumps(body)
    failure, _ = errors.from_status(status, {"retry-after": "7", "location": "https://a"}, "Reason", sent, "req_1")
    assert (failure.info.kind, failure.retryable, failure.retry_after) == (kind, retryable, 7.0)
    assert failure.info.message == message or message is None
    assert (failure.info.status, failure.info.request_id) == (status, "req_1")


@pytest.mark.parametrize(
    ("payload", "kind", "retryable"),
    [
        (wrapped(code=429), K.RATE_LIMIT, True),
        (wrapped(code=502), K.SERVER, True),
        (wrapped(code="503"), K.SERVER, True),
        (wrapped(code=408), K.TIMEOUT, True),
        (wrapped(code=402), K.BILLING, False),
        (wrapped(code=400), K.INVALID_REQUEST, False),
        (wrapped(type="server_error"), K.SERVER, True),
        (wrapped(type="overloaded"), K.OVERLOADED, True),
        (wrapped(code="insufficient_quota"), K.BILLING, False),
        (wrapped(), K.SERVER, False),
        ({"error": WORDS}, K.SERVER, False),
    ],
)
def test_errors_inside_a_stream(payload: dict[str, Any], kind: ErrorKind, retryable: bool) -> None:
    assert errors.error_in(payload) == payload
    failure = errors.from_event(payload, None)
    assert (failure.info.kind, failure.retryable, failure.info.message) == (kind, retryable, WORDS)


@pytest.mark.parametrize(
    "payload", [{}, {"error": None}, {"choices": [], "message": "m", "code": 3}, {"object": "ping"}, 3, None, [], {"message": "hi"}]
)
def test_what_is_no_error(payload: Any) -> None:
    assert errors.error_in(payload) is None


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["429", '{"error": {"message": "m"}}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "detail", "loc", "metadata", "raw", "errors"]), inner
        )
    ),
    max_leaves=12,
)


@given(values, st.integers(300, 599))
def test_property_any_body_is_an_error_with_a_sentence(body: Any, status: int) -> None:
    assert errors.from_status(status, {}, "", json.dumps(body), None)[0].info.message
    found = errors.error_in(body)
    if found is not None:
        assert errors.from_event(found, None).info.message


# Concessions.

ASKED = {
    "messages": [{"role": "system", "content": "s"}],
    "stream_options": {},
    "max_tokens": 9,
    "reasoning_effort": "max",
    "tools": [{}],
}


@pytest.mark.parametrize(
    ("status", "words", "field", "value"),
    [
        (400, "Unknown parameter: 'stream_options'.", "stream_options", False),
        (422, "stream_options: Extra inputs are not permitted", "stream_options", False),
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens_field", "max_completion_tokens"),
        (400, "max_tokens is too large: 9. At most 4", "max_tokens_field", ""),
        (400, "Unsupported value: 'reasoning_effort' does not support 'max'", "effort", False),
        (400, "registry/x does not support tools", "tools", False),
        (404, "No endpoints found that support tool use.", "tools", False),
        (400, '"auto" tool choice requires --enable-auto-tool-choice', "tools", False),
        (400, "Unrecognized request argument supplied: tools", "tools", False),
        (422, "tools: Extra inputs are not permitted", "tools", False),
        (400, "System role not supported", "system", False),
        (400, "Developer instruction is not enabled for models/gemma", "system", False),
        (400, "Missing `reasoning_content` field in the assistant message", "echo", "reasoning_content"),
        (400, "reasoning_details must be passed back", "echo", "reasoning_details"),
        (400, "Tool call id was x but must be a-z, A-Z, 0-9, with a length of 9.", "short_ids", True),
    ],
)
def test_what_is_left_out_once(status: int, words: str, field: str, value: Any) -> None:
    made: set[str] = set()
    changed = concede(Dialect(), ASKED, status, words, made)
    assert changed is not None and getattr(changed, field) == value and len(made) == 1
    assert concede(changed, {"messages": ASKED["messages"]}, status, words, made) in (None, Dialect(max_tokens_field="max_tokens"))
    assert concede(Dialect(), {"messages": [{"role": "user"}]}, 500, words, set()) is None


@pytest.mark.parametrize(
    "words",
    [
        "Unsupported parameter: 'strict' in tools[0]",
        "tools.0.function.parameters: unknown keyword",
        "",
        "bad request",
        "temperature is not supported",
        "messages: tool_calls must be followed by tool messages",
    ],
)
def test_what_nobody_named_stays(words: str) -> None:
    assert concede(Dialect(), ASKED, 400, words, set()) is None


def test_a_limit_is_swapped_and_then_left_out() -> None:
    made: set[str] = set()
    swapped = concede(Dialect(), {"max_tokens": 9}, 400, "max_tokens is not supported, use max_completion_tokens instead", made)
    assert swapped and swapped.max_tokens_field == "max_completion_tokens"
    params = {"max_completion_tokens": 9}
    without = concede(swapped, params, 400, "max_completion_tokens is not supported", made)
    assert without and without.max_tokens_field == ""
    assert concede(without, {}, 400, "max_completion_tokens is not supported", made) is None


def test_thinking_that_is_not_wanted_back() -> None:
    echoing = Dialect(echo="reasoning_content")
    changed = concede(echoing, ASKED, 400, "reasoning_content is not allowed in input messages", set())
    assert changed and changed.echo == "none"
    assert concede(Dialect(), ASKED, 400, "reasoning_content is not allowed in input messages", set()) is None


@pytest.mark.parametrize(
    ("address", "field", "echo"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens", "none"),
        ("https://openrouter.ai/api/v1", "max_tokens", "reasoning_details"),
        ("https://api.deepseek.com", "max_tokens", "reasoning_content"),
        ("https://api.moonshot.cn/v1", "max_tokens", "reasoning_content"),
        ("https://notopenrouter.ai/v1", "max_tokens", "none"),
        ("http://localhost:11434/v1", "max_tokens", "none"),
    ],
)
def test_what_is_known_of_hosts(address: str, field: str, echo: str) -> None:
    dialect = dialect_of(address)
    assert (dialect.max_tokens_field, dialect.echo) == (field, echo)
    told = dialect_of(address, "limit", "reasoning")
    assert (told.max_tokens_field, told.echo) == ("limit", "reasoning")
