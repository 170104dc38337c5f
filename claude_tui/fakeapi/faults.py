"""Every way the fake server can misbehave: one member each, with when it can strike, what it does and what must follow.

A member is a step of a Script as it stands, and a step with parameters when called: `Fault.RATE_LIMITED(retry_after="3")`.
`fault.on(wire)` says whether it has a meaning there; `fault.expected(phase, wire)` what a good client makes of it: lossless
oddities end `completed`, the rest `failed` with a kind. `at(fault, phase)` is the script in which it strikes there, on any wire
that has the fault. To add a fault, add a member here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from . import fault_actions as act
from . import fault_actions_openai as chat
from .fault_actions import Action, Params, WireName

if TYPE_CHECKING:
    from .fault_actions import Reply
    from .script import Script, Step

Outcome: TypeAlias = Literal["completed", "failed"]
WIRES: tuple[WireName, ...] = ("anthropic", "openai")
_ANTHROPIC: tuple[WireName, ...] = ("anthropic",)
_OPENAI: tuple[WireName, ...] = ("openai",)


class Phase(StrEnum):
    """Where in an answer a fault strikes.

    START is after message_start or the chunk with the role. END is after message_delta and before message_stop, or after the
    chunk with the finish reason and before usage and [DONE].
    """

    BEFORE_HEADERS = "before_headers"
    START = "start"
    THINKING = "thinking"
    TEXT = "text"
    TOOL_ARGUMENTS = "tool_arguments"
    END = "end"


_FIRST = (Phase.BEFORE_HEADERS,)
_BLOCKS = (Phase.THINKING, Phase.TEXT, Phase.TOOL_ARGUMENTS)
_STREAM = (Phase.START, *_BLOCKS)
_STREAM_END = (*_STREAM, Phase.END)
_ALL = (*_FIRST, *_STREAM_END)
_LAST = (Phase.END,)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good client ends with: the outcome, the kind of error, and whether the same request may be sent again."""

    outcome: Outcome
    kind: str | None = None
    retryable: bool = False


_FINE = Expected("completed")
_TRUNCATED = Expected("failed", "truncated", True)
_NETWORK = Expected("failed", "network", True)
_TIMEOUT = Expected("failed", "timeout", True)
_PROTOCOL = Expected("failed", "protocol", False)
_SERVER = Expected("failed", "server", True)


@dataclass(frozen=True, slots=True)
class Second:
    """What is different on the second wire: the action, parameters, what is expected in any phase."""

    action: Action | None = None
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """The row behind a member. `late` replaces `expected` in phase END, where nothing of the answer is missing any more."""

    name: str
    phases: tuple[Phase, ...]
    expected: Expected
    action: Action
    late: Expected | None = None
    early: Expected | None = None
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    close_framed: bool = False
    wires: tuple[WireName, ...] = WIRES
    second: Second = Second()


def _status(name: str, status: int, kind: str, retryable: bool, second: Second = Second(), **params: Any) -> Spec:
    expected = Expected("failed", kind, retryable)
    return Spec(name, _FIRST, expected, act.http_error, params={"status": status, **params}, second=second)


def _junk(name: str, action: Action, second: Second = Second(), **params: Any) -> Spec:
    return Spec(name, _FIRST, _PROTOCOL, action, params=params, second=second)


def _cut(name: str, action: Action, on_second: Action | None = None, close_framed: bool = False) -> Spec:
    second = Second(on_second)
    return Spec(name, _STREAM_END, _TRUNCATED, action, late=_FINE, early=_NETWORK, close_framed=close_framed, second=second)


def _odd(
    name: str,
    action: Action,
    phases: tuple[Phase, ...] = _FIRST,
    on_second: Action | None = None,
    wires: tuple[WireName, ...] = WIRES,
    **params: Any,
) -> Spec:
    return Spec(name, phases, _FINE, action, params=params, wires=wires, second=Second(on_second))


def _error_event(name: str, kind: str, type_: str, message: str, **second: Any) -> Spec:
    params = {"type": type_, "message": message}
    other = Second(chat.error_event, second)
    return Spec(name, _STREAM, Expected("failed", kind, True), act.error_event, params=params, second=other)


class Fault(Enum):
    """The registry. The name of a row is stable: `Fault("rst")` finds it."""

    BAD_REQUEST = _status("bad_request", 400, "invalid_request", False)
    CONTEXT_FULL = _status(
        "context_full",
        400,
        "context",
        False,
        Second(
            params={
                "message": "This model's maximum context length is 1000000 tokens. However, your messages resulted in 1000123 "
                "tokens. Please reduce the length of the messages.",
                "error_code": "context_length_exceeded",
            }
        ),
        message="prompt is too long: 1000123 tokens > 1000000 maximum",
    )
    UNAUTHORIZED = _status("unauthorized", 401, "auth", False)
    PAYMENT_REQUIRED = _status("payment_required", 402, "billing", False)
    FORBIDDEN = _status("forbidden", 403, "permission", False)
    NOT_FOUND = _status("not_found", 404, "not_found", False)
    REQUEST_TIMEOUT = _status("request_timeout", 408, "timeout", True)
    CONFLICT = _status("conflict", 409, "server", True)
    REQUEST_TOO_LARGE = _status("request_too_large", 413, "too_large", False)
    UNPROCESSABLE = _status("unprocessable", 422, "invalid_request", False)
    RATE_LIMITED = _status("rate_limited", 429, "rate_limit", True)
    RATE_LIMITED_SECONDS = _status("rate_limited_seconds", 429, "rate_limit", True, retry_after="1")
    RATE_LIMITED_DATE = _status("rate_limited_date", 429, "rate_limit", True, retry_after="date:+2")
    RATE_LIMITED_HUGE = _status("rate_limited_huge", 429, "rate_limit", True, retry_after="86400")
    SPENDING_LIMIT = _status(
        "spending_limit",
        429,
        "billing",
        False,
        Second(
            params={
                "type": "insufficient_quota",
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "error_code": "insufficient_quota",
            }
        ),
        message="This organization has reached its monthly spending limit.",
        error_code="enforced_spend_limit_reached",
    )
    SERVER_ERROR = _status("server_error", 500, "server", True)
    BAD_GATEWAY_HTML = _status("bad_gateway_html", 502, "server", True, html=True)
    UNAVAILABLE = _status("unavailable", 503, "server", True, Second(expected=Expected("failed", "overloaded", True)))
    GATEWAY_TIMEOUT = _status("gateway_timeout", 504, "timeout", True)
    OVERLOADED = _status("overloaded", 529, "overloaded", True)
    SHOULD_NOT_RETRY = _status("should_not_retry", 529, "overloaded", False, headers={"x-should-retry": "false"})
    SHOULD_RETRY = _status("should_retry", 529, "overloaded", True, headers={"x-should-retry": "true"})

    REFUSED = Spec("refused", _FIRST, _NETWORK, act.refused)
    CLOSED = Spec("closed", _FIRST, _NETWORK, act.fin)
    STALL = Spec("stall", (*_FIRST, *_STREAM), _TIMEOUT, act.stall)
    STALL_WITH_PINGS = Spec("stall_with_pings", _STREAM, _TIMEOUT, act.stall, params={"every": 1.0})
    RST = Spec("rst", _ALL, _TRUNCATED, act.rst, late=_FINE, early=_NETWORK)
    FIN_MID_CHUNK = _cut("fin_mid_chunk", act.fin_mid_chunk, chat.fin_mid_chunk)
    CLEAN_EOF = _cut("clean_eof", act.fin, close_framed=True)
    CLEAN_EOF_CHUNKED = _cut("clean_eof_chunked", act.last_chunk)
    EVENT_CUT_IN_HALF = _cut("event_cut_in_half", act.half_event, chat.half_event, close_framed=True)

    ERROR_OVERLOADED = _error_event(
        "error_overloaded",
        "overloaded",
        "overloaded_error",
        "Overloaded",
        type="service_unavailable_error",
        code="server_is_overloaded",
    )
    ERROR_API = _error_event("error_api", "server", "api_error", "Internal server error", type="server_error")
    ERROR_RATE_LIMIT = _error_event(
        "error_rate_limit",
        "rate_limit",
        "rate_limit_error",
        "Too many requests",
        type="tokens",
        code="rate_limit_exceeded",
    )
    ERROR_NOT_JSON = Spec("error_not_json", _STREAM, Expected("failed", "server"), act.error_not_json)
    ERROR_WITHOUT_ERROR = Spec("error_without_error", _STREAM, _SERVER, chat.error_without_error, wires=_OPENAI)
    ERROR_NUMERIC_CODE = Spec(
        "error_numeric_code",
        _STREAM,
        _SERVER,
        chat.numeric_error,
        params={"code": 502, "message": "Provider returned error"},
        wires=_OPENAI,
    )
    MALFORMED_JSON = Spec("malformed_json", _STREAM, _PROTOCOL, act.malformed_json, second=Second(chat.malformed_json))
    INVALID_UTF8 = Spec("invalid_utf8", _BLOCKS, _PROTOCOL, act.invalid_utf8, second=Second(chat.invalid_utf8))

    HTML_200 = _junk("html_200", act.junk, content_type="text/html", body="<html><body>Sign in to WiFi</body></html>")
    JSON_200 = _junk("json_200", act.junk, content_type="application/json", body='{"ok": true}')
    EMPTY_200 = _junk("empty_200", act.junk, content_type="text/event-stream", body="")
    WHOLE_200 = Spec("whole_200", _FIRST, _PROTOCOL, chat.whole, wires=_OPENAI)
    REDIRECT = _junk(
        "redirect",
        act.redirect,
        Second(params={"location": "http://redirect.invalid/v1/chat/completions"}),
        status=307,
        location="http://redirect.invalid/v1/messages",
    )

    DUPLICATE_MESSAGE_START = _odd("duplicate_message_start", act.duplicate_message_start, _STREAM_END, chat.second_start)
    UNKNOWN_EVENT = _odd("unknown_event", act.unknown_event, _STREAM_END, chat.unknown_event)
    UNKNOWN_DELTA = _odd("unknown_delta", act.unknown_delta, _BLOCKS, chat.unknown_delta)
    DELTA_FOR_UNKNOWN_INDEX = _odd("delta_for_unknown_index", act.delta_for_unknown_index, _STREAM, wires=_ANTHROPIC)
    SECOND_CHOICE = _odd("second_choice", chat.second_choice, (Phase.TEXT, Phase.TOOL_ARGUMENTS), wires=_OPENAI)
    NULL_CHOICES = _odd("null_choices", chat.null_choices, _STREAM_END, wires=_OPENAI)
    EMPTY_CHOICES = _odd("empty_choices", chat.empty_choices, _STREAM_END, wires=_OPENAI)
    NULL_DELTA = _odd("null_delta", chat.null_delta, _STREAM_END, wires=_OPENAI)
    REUSED_INDEX = _odd("reused_index", act.reused_index, (Phase.TEXT,), wires=_ANTHROPIC)
    EVENTS_AFTER_STOP = _odd("events_after_stop", act.events_after_stop, _LAST, chat.chunks_after_done)
    NO_USAGE = _odd("no_usage", act.shape, no_usage=True)
    DONE_FOR_STOP = _odd("done_for_stop", act.shape, wires=_ANTHROPIC, end="done")
    NO_MESSAGE_STOP = _odd("no_message_stop", act.shape, end="none")
    TRAILING_DONE = _odd("trailing_done", act.shape, end="both")
    DATA_ONLY = _odd("data_only", act.shape, wires=_ANTHROPIC, names=False)
    CRLF = _odd("crlf", act.shape, newline="\r\n")
    CR = _odd("cr", act.shape, newline="\r")
    BOM = _odd("bom", act.shape, bom=True)
    COMMENTS = _odd("comments", act.shape, comments=3)
    NO_FINAL_BLANK_LINE = _odd("no_final_blank_line", act.shape, end="unterminated")
    SLOW_LORIS = _odd("slow_loris", act.shape, byte_pause=0.0)
    OPEN_AFTER_STOP = _odd("open_after_stop", act.open_after_stop, _LAST, chat.open_after_done)
    HUGE_DELTA = _odd("huge_delta", act.huge_delta, (Phase.TEXT,), chat.huge_delta, size=10_000_000)

    @classmethod
    def _missing_(cls, value: object) -> Fault | None:
        return next((fault for fault in cls if fault.value.name == value), None)

    def __call__(self, **params: Any) -> Strike:
        return Strike(self, MappingProxyType(params))

    @property
    def label(self) -> str:
        """The name to show in tests and lists."""
        return self.value.name

    @property
    def phases(self) -> tuple[Phase, ...]:
        return self.value.phases

    @property
    def lossless(self) -> bool:
        """True when nothing of the answer is missing: a good client completes it."""
        return self.value.expected.outcome == "completed"

    @property
    def before_request(self) -> bool:
        """True when the answer does not depend on the request, which then need not be valid."""
        return self.value.phases == _FIRST and not self.lossless

    def on(self, wire: WireName) -> bool:
        """Whether it has a meaning on this wire."""
        return wire in self.value.wires

    def expected(self, phase: Phase, wire: WireName = "anthropic") -> Expected:
        """What a good client makes of this fault in this phase."""
        spec = self.value
        if wire == "openai" and spec.second.expected is not None:
            return spec.second.expected
        if phase is Phase.END and spec.late is not None:
            return spec.late
        if phase is Phase.BEFORE_HEADERS and spec.early is not None:
            return spec.early
        return spec.expected

    async def strike(self, reply: Reply, params: Params) -> None:
        """Do it on the socket."""
        spec = self.value
        second = spec.second if reply.wire_name == "openai" else Second()
        await (second.action or spec.action)(reply, {**spec.params, **second.params, **params})


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault with parameters, as a step."""

    fault: Fault
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])


def at(fault: Fault, phase: Phase, **params: Any) -> Script:
    """An answer of thinking, text and a tool call, in which the fault strikes in the middle of the phase's block."""
    from .script import Call, Finish, Say, Script, Start, Think

    if phase not in fault.phases:
        raise ValueError(f"{fault.label} cannot strike {phase.value}")
    strike = Strike(fault, MappingProxyType(params))
    think = (Think("First I look at the question."),)
    say = (Say("Here is the beginning of the answer."),)
    cut: dict[Phase, tuple[Step, ...]] = {
        Phase.BEFORE_HEADERS: (strike, *think, *say),
        Phase.START: (Start(), strike, *think, *say),
        Phase.THINKING: (
            Think("First I look ", stop=False),
            strike,
            Think("at the question.", start=False),
            *say,
        ),
        Phase.TEXT: (
            *think,
            Say("Here is the beginning ", stop=False),
            strike,
            Say("of the answer.", start=False),
        ),
        Phase.TOOL_ARGUMENTS: (
            *think,
            *say,
            Call("calculator", raw='{"expression": ', stop=False),
            strike,
            Call("calculator", raw='"6 * 7"}', start=False),
        ),
        Phase.END: (*think, *say, Finish(), strike),
    }
    return Script(cut[phase])
