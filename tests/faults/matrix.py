"""What can go wrong on the wire, one row a fault, with what the program has to make of it. Data, for `ask` and for the app.

The name of a row is the prompt by which the server is asked for it. What a scripted server cannot do stands in `NOWHERE`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from claude_tui.domain.errors import ErrorKind
from claude_tui.fakeapi import Fault, Phase, Say, Script, Step, WaitFor, WireName, at

MODEL = "claude-opus-5-5"
GATE = "fault"
"""Where each answer waits before the fault strikes."""
IMPATIENT = {"CLAUDE_TUI_IDLE_TIMEOUT": "0.6", "CLAUDE_TUI_FIRST_BYTE_TIMEOUT": "0.6"}
"""For rows that wait, and for no others: on a busy machine these would be late too."""
WHOLE = "Here is the beginning of the answer."
BEGUN = "Here is the beginning"
FINE = None
"""The kind of a row that ends well."""


@dataclass(frozen=True)
class Row:
    """`kind`: of the error, FINE for an answer that is complete all the same. `said`: words of the sentence about it.

    `text`: what of the answer's text is kept. `other`: kind and words on the second wire where those differ, `wires` where the row
    has a meaning. `waits`: the row ends by a timeout.
    """

    name: str
    steps: tuple[Step, ...]
    kind: ErrorKind | None
    said: str = ""
    text: str = ""
    other: tuple[ErrorKind | None, str] | None = None
    wires: tuple[WireName, ...] = ("anthropic", "openai")
    waits: bool = False
    rate: float | None = None

    def expected(self, wire: WireName) -> tuple[ErrorKind | None, str]:
        return self.other if wire == "openai" and self.other is not None else (self.kind, self.said)

    def script(self, *, gated: bool) -> Script:
        """The answer. `gated`: the fault strikes when it is told to."""
        steps = list(self.steps)
        if gated:
            steps.insert(self._strikes_at(), WaitFor(GATE))
        return Script(tuple(steps), rate=self.rate)

    def _strikes_at(self) -> int:
        return next((n for n, step in enumerate(self.steps) if not _is_speech(step)), 0)


def _is_speech(step: Step) -> bool:
    return not isinstance(step, Fault) and type(step).__name__ != "Strike"


def _row(
    fault: Fault,
    phase: Phase,
    kind: ErrorKind | None,
    said: str = "",
    *,
    name: str = "",
    params: dict[str, Any] | None = None,
    **more: Any,
) -> Row:
    text = WHOLE if kind is FINE else {Phase.TEXT: BEGUN, Phase.TOOL_ARGUMENTS: WHOLE}.get(phase, "")
    wires: tuple[WireName, ...] = tuple(one for one in ("anthropic", "openai") if fault.on(one))
    fields = {"text": text, "wires": wires, **more}
    return Row(name or f"{fault.label}-{phase.value}", at(fault, phase, **(params or {})).steps, kind, said, **fields)


def _early(
    fault: Fault, kind: ErrorKind, said: str, *, name: str = "", waits: bool = False, other: Any = None, **params: Any
) -> Row:
    return _row(fault, Phase.BEFORE_HEADERS, kind, said, name=name, params=params, waits=waits, other=other)


K = ErrorKind
REFUSALS: Sequence[Row] = (
    _early(Fault.BAD_REQUEST, K.INVALID_REQUEST, "refused by the script"),
    _early(Fault.CONTEXT_FULL, K.CONTEXT, "prompt is too long", other=(K.CONTEXT, "maximum context length")),
    _early(Fault.UNAUTHORIZED, K.AUTH, "invalid x-api-key", other=(K.AUTH, "Incorrect API key")),
    _early(Fault.PAYMENT_REQUIRED, K.BILLING, "credit balance", other=(K.BILLING, "Insufficient Balance")),
    _early(Fault.FORBIDDEN, K.PERMISSION, "permission", other=(K.PERMISSION, "insufficient permissions")),
    _early(Fault.NOT_FOUND, K.NOT_FOUND, "not found", other=(K.NOT_FOUND, "does not exist")),
    _early(Fault.REQUEST_TOO_LARGE, K.TOO_LARGE, "maximum size", other=(K.TOO_LARGE, "too large")),
    _early(Fault.RATE_LIMITED, K.RATE_LIMIT, "rate limit", other=(K.RATE_LIMIT, "Rate limit reached")),
    _early(Fault.RATE_LIMITED, K.RATE_LIMIT, "wait 61 seconds", name="rate-limit-61", retry_after="61"),
    _early(Fault.RATE_LIMITED_HUGE, K.RATE_LIMIT, "wait 24.0 hours"),
    _early(Fault.SPENDING_LIMIT, K.BILLING, "spending limit", other=(K.BILLING, "quota")),
    _early(Fault.SERVER_ERROR, K.SERVER, "Internal server error", other=(K.SERVER, "had an error")),
    _early(Fault.BAD_GATEWAY_HTML, K.SERVER, "Bad Gateway"),
    _early(Fault.UNAVAILABLE, K.SERVER, "unavailable", other=(K.OVERLOADED, "overloaded")),
    _early(Fault.GATEWAY_TIMEOUT, K.TIMEOUT, "timed out"),
    _early(Fault.OVERLOADED, K.OVERLOADED, "Overloaded", other=(K.OVERLOADED, "overloaded")),
)
NO_ANSWER: Sequence[Row] = (
    _early(Fault.CLOSED, K.NETWORK, "No connection"),
    _early(Fault.RST, K.NETWORK, "No connection"),
    _early(Fault.STALL, K.TIMEOUT, "did not answer within 0.6 s", waits=True),
    _row(Fault.STALL, Phase.START, K.TIMEOUT, "No data for", waits=True),
    _row(Fault.ERROR_OVERLOADED, Phase.START, K.OVERLOADED, "verloaded"),
    _early(Fault.HTML_200, K.PROTOCOL, "Sign in to WiFi"),
    _early(Fault.JSON_200, K.PROTOCOL, "not an answer of the API", other=(K.PROTOCOL, "one JSON object")),
    _early(Fault.EMPTY_200, K.PROTOCOL, "empty"),
    _early(Fault.REDIRECT, K.PROTOCOL, "redirect.invalid"),
)
CUT_OFF: Sequence[Row] = (
    _row(Fault.ERROR_OVERLOADED, Phase.TEXT, K.OVERLOADED, "verloaded"),
    _row(Fault.ERROR_API, Phase.THINKING, K.SERVER, "Internal server error"),
    _row(Fault.ERROR_RATE_LIMIT, Phase.TEXT, K.RATE_LIMIT, "Too many requests"),
    _row(Fault.ERROR_NOT_JSON, Phase.TEXT, K.SERVER, "upstream connect error"),
    _row(Fault.STALL, Phase.TEXT, K.TIMEOUT, "No data for", waits=True),
    _row(Fault.CLEAN_EOF, Phase.TEXT, K.TRUNCATED, "ended before"),
    _row(Fault.CLEAN_EOF, Phase.TOOL_ARGUMENTS, K.TRUNCATED, "ended before"),
    _row(Fault.CLEAN_EOF_CHUNKED, Phase.TEXT, K.TRUNCATED, "ended before"),
    _row(Fault.FIN_MID_CHUNK, Phase.TEXT, K.TRUNCATED, "connection was lost"),
    _row(Fault.RST, Phase.TEXT, K.TRUNCATED, "connection was lost"),
    _row(Fault.EVENT_CUT_IN_HALF, Phase.TEXT, K.TRUNCATED, "ended before"),
    _row(Fault.MALFORMED_JSON, Phase.TEXT, K.PROTOCOL, "cannot be read"),
    _row(Fault.INVALID_UTF8, Phase.TEXT, K.PROTOCOL, "cannot be read"),
)
ODD: Sequence[Row] = (
    _row(Fault.UNKNOWN_EVENT, Phase.TEXT, FINE),
    _row(Fault.UNKNOWN_DELTA, Phase.TEXT, FINE),
    _row(Fault.DELTA_FOR_UNKNOWN_INDEX, Phase.TEXT, FINE),
    _row(Fault.SECOND_CHOICE, Phase.TEXT, FINE),
    _row(Fault.DUPLICATE_MESSAGE_START, Phase.TEXT, FINE),
    _row(Fault.REUSED_INDEX, Phase.TEXT, FINE),
    _row(Fault.EVENTS_AFTER_STOP, Phase.END, FINE),
    _row(Fault.CRLF, Phase.BEFORE_HEADERS, FINE),
    _row(Fault.CR, Phase.BEFORE_HEADERS, FINE),
    _row(Fault.BOM, Phase.BEFORE_HEADERS, FINE),
    _row(Fault.COMMENTS, Phase.BEFORE_HEADERS, FINE, name="comments-5000", params={"comments": 1000}),
    _row(Fault.SLOW_LORIS, Phase.BEFORE_HEADERS, FINE),
    _row(Fault.OPEN_AFTER_STOP, Phase.END, FINE),
    Row("many-deltas-fast", (Say("word " * 5_000, chars=5), Say("END OF DELTAS")), FINE, text="END OF DELTAS"),
)
HUGE = _row(Fault.HUGE_DELTA, Phase.TEXT, FINE, params={"size": 2_000_000}, text="of the answer.")
"""Last in a session: what comes after it has to carry it."""

ROWS: tuple[Row, ...] = (*REFUSALS, *NO_ANSWER, *CUT_OFF, *ODD, HUGE)
BY_NAME = {row.name: row for row in ROWS}


def rows(wire: WireName) -> list[Row]:
    """Those with a meaning on this wire. On the second only those in which it differs, but for the thorough run of a night."""
    found = [row for row in ROWS if wire in row.wires]
    everything = wire == "anthropic" or os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    return found if everything else [row for row in found if row.other is not None or row in CUT_OFF or row.wires == (wire,)]


def prompted(body: dict[str, Any]) -> str:
    """The last word of a request: prompts that were not answered stand before it, on one wire in the same text."""
    content = body["messages"][-1]["content"]
    texts = [content] if isinstance(content, str) else [block["text"] for block in content if block["type"] == "text"]
    return texts[-1].split()[-1] if texts else ""


def plan(body: dict[str, Any], n: int, *, gated: bool) -> Script:
    """What the server says to a request: the row its last prompt names, else something good."""
    row = BY_NAME.get(prompted(body))
    return Script((Say("All is well."),)) if row is None else row.script(gated=gated)
