"""Every failure of the SDK, the HTTP library and the socket becomes an error of our own, with a sentence."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorKind, ProviderError, advice
from claude_tui.providers import anthropic_errors, errors

BASE = "https://api.example"
Answer = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture
def opened() -> Iterator[Callable[[Answer], ProviderError]]:
    """The error of a request that a transport answers in this way, through the SDK's own client."""
    clients: list[anthropic.Anthropic] = []

    def send(answer: Answer) -> ProviderError:
        http = httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=False)
        client = anthropic.Anthropic(api_key="none", base_url=BASE, max_retries=0, http_client=http)
        clients.append(client)
        with pytest.raises(anthropic.AnthropicError) as caught:
            client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}], stream=True)
        return anthropic_errors.from_opening(caught.value, BASE, 10.0)

    yield send
    for client in clients:
        client.close()


def refused(status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given_headers = {"content-type": "application/json", "request-id": "req_1", **(headers or {})}
    return lambda request: httpx2.Response(status, content=content, headers=given_headers)


def error(kind: str, message: str = "the words of the API", code: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"type": kind, "message": message}
    if code:
        body["details"] = {"error_code": code}
    return {"type": "error", "error": body, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "api_type", "kind", "retryable"),
    [
        (400, "invalid_request_error", ErrorKind.INVALID_REQUEST, False),
        (401, "authentication_error", ErrorKind.AUTH, False),
        (402, "billing_error", ErrorKind.BILLING, False),
        (403, "permission_error", ErrorKind.PERMISSION, False),
        (404, "not_found_error", ErrorKind.NOT_FOUND, False),
        (408, "timeout_error", ErrorKind.TIMEOUT, True),
        (409, "conflict_error", ErrorKind.SERVER, True),
        (412, "brand_new_error", ErrorKind.INVALID_REQUEST, False),
        (413, "request_too_large", ErrorKind.TOO_LARGE, False),
        (418, "brand_new_error", ErrorKind.INVALID_REQUEST, False),
        (422, "invalid_request_error", ErrorKind.INVALID_REQUEST, False),
        (429, "rate_limit_error", ErrorKind.RATE_LIMIT, True),
        (431, "brand_new_error", ErrorKind.INVALID_REQUEST, False),
        (499, "brand_new_error", ErrorKind.INVALID_REQUEST, False),
        (500, "api_error", ErrorKind.SERVER, True),
        (501, "brand_new_error", ErrorKind.SERVER, True),
        (502, "brand_new_error", ErrorKind.SERVER, True),
        (503, "api_error", ErrorKind.SERVER, True),
        (504, "timeout_error", ErrorKind.TIMEOUT, True),
        (504, "brand_new_error", ErrorKind.TIMEOUT, True),
        (529, "overloaded_error", ErrorKind.OVERLOADED, True),
    ],
)
def test_statuses(opened: Any, status: int, api_type: str, kind: ErrorKind, retryable: bool) -> None:
    failure = opened(refused(status, error(api_type)))
    assert (failure.info.kind, failure.retryable, failure.retry_after) == (kind, retryable, None)
    assert (failure.info.message, failure.info.status, failure.info.request_id) == ("the words of the API", status, "req_1")
    assert advice(failure.info.kind)


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (429, "You have reached your API usage limits: spend limit of $5", None),
        (429, "Too many requests", "enforced_spend_limit_reached"),
        (400, "Your credit balance is too low to access the Anthropic API.", None),
        (400, "You have reached your specified API usage limits.", None),
        (403, "quota exceeded", None),
    ],
)
def test_spending_limits_are_not_tried_again(opened: Any, status: int, words: str, code: str | None) -> None:
    failure = opened(refused(status, error("rate_limit_error" if status == 429 else "invalid_request_error", words, code)))
    assert failure.info.kind is ErrorKind.BILLING and not failure.retryable


@pytest.mark.parametrize("words", ["prompt is too long: 210000 tokens > 200000 maximum", "input length exceeds the context window"])
def test_a_conversation_too_long_for_the_model(opened: Any, words: str) -> None:
    assert opened(refused(400, error("invalid_request_error", words))).info.kind is ErrorKind.CONTEXT


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (502, b"<html><body><h1>502 Bad Gateway</h1>nginx</body></html>", "HTTP 502 Bad Gateway: 502 Bad Gateway nginx"),
        (503, b"", "HTTP 503 Service Unavailable."),
        (401, b"no \x1b[31mJSON\x07", "HTTP 401 Unauthorized: no ␛[31mJSON␇"),
        (404, b'{"detail": "Not Found"}', 'HTTP 404 Not Found: {"detail": "Not Found"}'),
        (400, b"[1]", "HTTP 400 Bad Request: [1]"),
    ],
)
def test_bodies_of_gateways(opened: Any, status: int, body: bytes, sentence: str) -> None:
    failure = opened(refused(status, body, {"content-type": "text/html"}))
    assert failure.info.message == sentence and failure.retryable is (status >= 500)


def test_long_bodies_are_cut(opened: Any) -> None:
    assert len(opened(refused(500, error("api_error", "x" * 5000))).info.message) == errors.LONGEST_MESSAGE
    assert len(opened(refused(500, b"y" * 5000)).info.message) < 300


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(opened: Any, status: int) -> None:
    failure = opened(refused(status, b"", {"location": "https://elsewhere.example/"}))
    assert failure.info.kind is ErrorKind.PROTOCOL and "https://elsewhere.example/" in failure.info.message
    assert not failure.retryable and failure.info.status == status


@pytest.mark.parametrize(("wish", "status", "retryable"), [("true", 400, True), ("false", 529, False), ("maybe", 529, True)])
def test_the_server_may_say_whether_to_try_again(opened: Any, wish: str, status: int, retryable: bool) -> None:
    assert opened(refused(status, error("x"), {"x-should-retry": wish})).retryable is retryable


NOW = 1_000_000_000.0  # Sun, 09 Sep 2001 01:46:40 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "nan", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "-1"}, 0.0),
        ({"retry-after": "Sun, 09 Sep 2001 01:47:40 GMT"}, 60.0),
        ({"retry-after": "Sun, 09 Sep 2001 01:45:40 GMT"}, 0.0),
        ({"retry-after": "Sun, 99 Foo 99999 01:45:40 GMT"}, None),
        ({"retry-after": "Sun, 31 Feb 999999999999 01:45:40 GMT"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert errors.retry_after(headers, NOW) == seconds


words = st.sampled_from(
    ["Sun", ",", " ", "09", "31", "Sep", "Feb", "2001", "99999999999", "01:46:40", "::", "GMT", "+9999", "-", "(", "1e5"]
)


@given(st.text(max_size=20) | st.lists(words, max_size=9).map(" ".join))
def test_property_no_header_is_a_failure(value: str) -> None:
    seconds = errors.retry_after({"retry-after": value}, NOW)
    assert seconds is None or 0 <= seconds < float("inf")


def test_the_wish_comes_with_the_error(opened: Any) -> None:
    assert opened(refused(429, error("rate_limit_error"), {"retry-after": "11"})).retry_after == 11.0


def raising(cause: BaseException, kind: Any = httpx2.ConnectError) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise kind(str(cause)) from cause

    return answer


def certificate_error() -> ssl.SSLCertVerificationError:
    problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
    problem.verify_message = "self-signed certificate"
    return problem


@pytest.mark.parametrize(
    ("cause", "kind", "retryable", "words"),
    [
        (certificate_error(), ErrorKind.NETWORK, False, "self-signed certificate"),
        (ssl.SSLError(1, "wrong version number"), ErrorKind.NETWORK, False, "secure connection"),
        (socket.gaierror(-2, "Name or service not known"), ErrorKind.NETWORK, True, "Name or service not known"),
        (ConnectionRefusedError(111, "Connection refused"), ErrorKind.NETWORK, True, "connection refused"),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), ErrorKind.INVALID_REQUEST, False, "header"),
        (OSError(101, "Network is unreachable"), ErrorKind.NETWORK, True, "unreachable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_connections_that_fail(opened: Any, cause: BaseException, kind: ErrorKind, retryable: bool, words: str) -> None:
    failure = opened(raising(cause))
    assert (failure.info.kind, failure.retryable, failure.info.status) == (kind, retryable, None)
    assert words in failure.info.message and (BASE in failure.info.message or kind is ErrorKind.INVALID_REQUEST)


@pytest.mark.parametrize(
    ("kind", "words"),
    [(httpx2.ConnectTimeout, "No connection to https://api.example within 10 s."), (httpx2.ReadTimeout, "did not answer in time")],
)
def test_timeouts_while_opening(opened: Any, kind: Any, words: str) -> None:
    failure = opened(raising(TimeoutError("x"), kind))
    assert failure.info.kind is ErrorKind.TIMEOUT and failure.retryable and words in failure.info.message


def test_a_proxy_that_refuses(opened: Any) -> None:
    failure = opened(raising(OSError("407 Proxy Authentication Required"), httpx2.ProxyError))
    assert failure.info.kind is ErrorKind.NETWORK and "407" in failure.info.message


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (TypeError("Could not resolve authentication method"), ErrorKind.CREDENTIALS),
        (anthropic.AnthropicError("no profile"), ErrorKind.CREDENTIALS),
        (RuntimeError("client is closed"), ErrorKind.PROTOCOL),
    ],
)
def test_requests_that_never_left(problem: Exception, kind: ErrorKind) -> None:
    failure = anthropic_errors.from_opening(problem, BASE, 10.0)
    assert failure.info.kind is kind and str(problem) in failure.info.message and not failure.retryable


@pytest.mark.parametrize(
    ("problem", "started", "kind", "retryable"),
    [
        (httpx2.ReadTimeout(""), True, ErrorKind.TIMEOUT, True),
        (httpx2.ReadError(""), True, ErrorKind.TRUNCATED, True),
        (httpx2.ReadError(""), False, ErrorKind.NETWORK, True),
        (httpx2.RemoteProtocolError("peer closed connection"), True, ErrorKind.TRUNCATED, True),
        (json.JSONDecodeError("Expecting value", "x", 0), True, ErrorKind.PROTOCOL, False),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), True, ErrorKind.PROTOCOL, False),
    ],
    ids=range(6),
)
def test_streams_that_break(problem: Exception, started: bool, kind: ErrorKind, retryable: bool) -> None:
    failure = errors.from_stream(problem, started=started, request_id="req_1")
    assert (failure.info.kind, failure.retryable) == (kind, retryable)
    assert failure.info.status == 200 and failure.info.request_id == "req_1" and failure.info.message.endswith(".")


@pytest.mark.parametrize(
    ("payload", "kind", "retryable", "words"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, ErrorKind.OVERLOADED, True, "Overloaded"),
        ({"type": "api_error", "message": "m"}, ErrorKind.SERVER, True, "m"),
        ({"type": "rate_limit_error", "message": "m"}, ErrorKind.RATE_LIMIT, True, "m"),
        ({"type": "timeout_error", "message": "m"}, ErrorKind.TIMEOUT, True, "m"),
        ({"type": "invalid_request_error", "message": "prompt is too long"}, ErrorKind.CONTEXT, False, "prompt is too long"),
        ({"type": "brand_new_error"}, ErrorKind.SERVER, False, "brand_new_error"),
        ({"message": "\x1b[31mred"}, ErrorKind.SERVER, False, "␛[31mred"),
        ({"type": ["odd"], "message": {"odd": 1}}, ErrorKind.SERVER, False, "The server reported an error without a text."),
        ({}, ErrorKind.SERVER, False, "The server reported an error without a text."),
    ],
    ids=range(9),
)
def test_errors_inside_a_stream(payload: dict[str, Any], kind: ErrorKind, retryable: bool, words: str) -> None:
    failure = anthropic_errors.from_event(payload, "req_1")
    assert (failure.info.kind, failure.retryable, failure.info.message) == (kind, retryable, words)


def test_what_is_not_an_answer_of_the_api() -> None:
    page = errors.not_an_answer("text/html", "<html><title>Sign in</title><p>to the Wi-Fi</html>", None)
    assert page.info.kind is ErrorKind.PROTOCOL and "(text/html: Sign in to the Wi-Fi)" in page.info.message
    assert "(no content type, empty)" in errors.not_an_answer("", "", None).info.message


def test_every_kind_has_advice() -> None:
    assert all(advice(kind).endswith(".") for kind in ErrorKind)


LIMIT = "anthropic-ratelimit-"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "slow down"),
        ({f"{LIMIT}requests-limit": "50", f"{LIMIT}requests-remaining": "3"}, "slow down"),
        ({f"{LIMIT}requests-limit": "50", f"{LIMIT}requests-remaining": "0"}, "slow down Used up: the limit of 50 requests."),
        (
            {"x-ratelimit-limit-tokens": "40000", "x-ratelimit-remaining-tokens": "0", f"{LIMIT}input-tokens-remaining": "0"},
            "slow down Used up: the limit of input tokens and of 40,000 tokens.",
        ),
        ({f"{LIMIT}requests-limit": "\u0661", f"{LIMIT}requests-remaining": "0"}, "slow down Used up: the limit of requests."),
    ],
)
def test_the_limit_that_is_used_up_is_named(headers: dict[str, str], words: str) -> None:
    assert errors.with_limits("slow down", headers) == words


def test_a_limit_that_the_server_names_itself_is_not_named_again() -> None:
    said = "This would exceed your organization's rate limit of 30,000 input tokens per minute."
    assert errors.with_limits(said, {f"{LIMIT}input-tokens-remaining": "0"}) == said
