"""The sentences: what happened, what to do, what the provider calls it."""

import pytest

from claude_tui.domain.errors import ErrorInfo, ErrorKind, advice
from claude_tui.domain.messages import StopReason
from claude_tui.domain.sentences import error_sentence, sentence, stop_sentence


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        (ErrorInfo(ErrorKind.OVERLOADED, "busy", 529, "req_1"), "busy (HTTP 529, request req_1). "),
        (ErrorInfo(ErrorKind.TRUNCATED, "It broke off.", 200), "It broke off. "),
        (ErrorInfo(ErrorKind.NETWORK, "断开了。"), "断开了。 "),
        (ErrorInfo(ErrorKind.AUTH, "no", None, "req_2"), "no (request req_2). "),
    ],
)
def test_an_error_is_said_with_its_facts_and_what_to_do(error: ErrorInfo, begins: str) -> None:
    assert error_sentence(error) == begins + advice(error.kind)


def test_a_sentence_has_one_end() -> None:
    assert [sentence(text) for text in ("busy", "busy. ", "Really?", "忙。")] == ["busy.", "busy.", "Really?", "忙。"]


@pytest.mark.parametrize("reason", [None, StopReason.END_TURN, "stop_sequence", "tool_use", "pause_turn"])
def test_ordinary_ends_need_no_word(reason: str | None) -> None:
    assert stop_sentence(reason) is None


def test_the_others_do() -> None:
    assert "max_tokens" in (stop_sentence("max_tokens") or "")
    assert stop_sentence("refusal", {"explanation": "Because."}) == (stop_sentence("refusal") or "") + " Because."
    assert stop_sentence("comet", ["odd"]) == "The model stopped: comet."
