"""What a line in plain mode means, and what is said after a turn that stopped early."""

import pytest

from claude_tui.cli.plain_commands import BY_WORD, COMMANDS, PlainCommand, parse, way_on
from claude_tui.domain.blocks import text_block
from claude_tui.domain.errors import ErrorInfo, ErrorKind
from claude_tui.domain.events import noted_ending
from claude_tui.domain.messages import Message, Outcome, Role, Status, StopReason


def word_and_argument(line: str) -> tuple[str, str]:
    found = parse(line)
    assert isinstance(found, tuple) and isinstance(found[0], PlainCommand)
    return found[0].word, found[1]


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("/cost", ("/cost", "")),
        ("/Cost  ", ("/cost", "")),
        ("/model  claude-opus-5-5 ", ("/model", "claude-opus-5-5")),
        ("/model\tx", ("/model", "x")),
        ("/compact keep\nthe names", ("/compact", "keep\nthe names")),
    ],
)
def test_commands(line: str, means: tuple[str, str]) -> None:
    assert word_and_argument(line) == means


@pytest.mark.parametrize(
    "line", ["hello", "/", "/ is the root", "/etc/hosts is a file", "//cost", "/cost, please", "/v2", " /cost", "/你好", "a /cost"]
)
def test_prompts(line: str) -> None:
    assert parse(line) is None


@pytest.mark.parametrize("line", ["/no", "/no-such thing", "/continu", "/context"])
def test_what_looks_like_a_command_is_not_sent(line: str) -> None:
    said = parse(line)
    assert isinstance(said, str) and said.startswith(f"There is no command {line.partition(' ')[0]} here; /help ")
    assert "A space before it" in said


def test_what_takes_nothing_says_so() -> None:
    for row in COMMANDS:
        said = parse(f"{row.word} more")
        assert isinstance(said, tuple) if row.argument else isinstance(said, str) and "takes nothing after it" in said


def test_the_table() -> None:
    assert len(BY_WORD) == len(COMMANDS)
    for row in COMMANDS:
        assert word_and_argument(row.word) == (row.word, "") and row.about.endswith(".") and len(row.about) < 55


def path(outcome: Outcome, error: ErrorInfo | None = None, reason: str | None = None, answer: str = "So") -> list[Message]:
    extra = noted_ending(outcome, error)
    prompt = Message("u", "s", None, Role.USER, (text_block("Why?"),), extra={} if answer else extra)
    status = Status.COMPLETE if outcome is Outcome.COMPLETED else Status.INTERRUPTED
    said = Message("a", "s", "u", Role.ASSISTANT, (text_block(answer),), status=status, stop_reason=reason, extra=extra)
    return [prompt, said] if answer else [prompt]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ([], None),
        (path(Outcome.COMPLETED, reason=StopReason.END_TURN), None),
        (path(Outcome.COMPLETED, reason=StopReason.MAX_TOKENS), "/continue goes on."),
        (path(Outcome.INTERRUPTED), "/continue goes on."),
        (path(Outcome.FAILED, ErrorInfo(ErrorKind.NETWORK, "Gone.")), "/continue goes on."),
        (path(Outcome.FAILED, ErrorInfo(ErrorKind.NETWORK, "Gone."), answer=""), "/continue sends it again."),
        (path(Outcome.FAILED, ErrorInfo(ErrorKind.BILLING, "Used up."), answer=""), "/continue goes on, over the budget."),
        (path(Outcome.FAILED, ErrorInfo(ErrorKind.BILLING, "No money.", 402), answer=""), "/continue sends it again."),
        (path(Outcome.FAILED, ErrorInfo(ErrorKind.CONTEXT, "Too long.", 400), answer=""), None),
    ],
)
def test_the_way_on(end: list[Message], said: str | None) -> None:
    assert way_on(end) == said
