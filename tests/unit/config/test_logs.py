"""The log: private, bounded, free of secrets, and never a reason to fail."""

import contextlib
import logging
import os
import stat
import warnings
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui import logs

PLANTED = "planted/Key+that=looks'like\\nothing"


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    level, raising = root.level, logging.raiseExceptions
    monkeypatch.setattr(logs, "_secrets", set())
    yield
    logs.stop_logging()
    logging.captureWarnings(False)
    root.setLevel(level)
    logging.raiseExceptions = raising
    for name in logs.SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def start(folder: Path, **environ: str) -> Path:
    path = folder / "logs" / "claude-tui.log"
    assert logs.start_logging(path, environ) is None
    return path


def test_records_of_everyone_arrive(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = start(tmp_path)
    logging.getLogger("httpx2").warning("a %s", "word")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("careful", UserWarning, stacklevel=1)
    text = path.read_text()
    assert "WARNING" in text and "httpx2: a word" in text and "careful" in text
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_file_is_private_under_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = start(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_file_is_rotated(tmp_path: Path) -> None:
    path = start(tmp_path)
    for _ in range(70):
        logging.getLogger("x").info("y" * 100_000)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["claude-tui.log", *(f"claude-tui.log.{number}" for number in range(1, 5))]
    assert all(file.stat().st_size <= logs.MAX_BYTES for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-ant-api03-AbC_d-9 used", "sk-ant-api03"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("{'Authorization': 'Bearer abc.def'}", "abc.def"),
        ("(b'authorization', b'Bearer abc.def')", "abc.def"),
        ("'x-api-key': 'hidden value'", "hidden value"),
        ("X-Api-Key: hidden", "hidden"),
        ("(b'x-api-key', b'hidden')", "hidden"),
        ('{"api_key": "hidden"}', "hidden"),
        ("proxy-authorization: Basic aGlkZGVu", "aGlkZGVu"),
        ("via http://user:hidden@proxy:3128/", "hidden"),
        ("sk-proj-0123456789abcdef0123", "0123456789abcdef"),
    ],
)
def test_what_looks_like_a_credential_goes(text: str, secret: str) -> None:
    assert secret not in logs.redact(text)
    assert logs.REDACTED in logs.redact(text)


@pytest.mark.parametrize(
    "text", ["GET https://api.example/v1/messages 200", "task sk-1 is done", "see http://example.org/a@b", "a token is missing"]
)
def test_what_is_none_stays(text: str) -> None:
    assert logs.redact(text) == text


@given(st.text(max_size=200))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert logs.redact(logs.redact(text)) == logs.redact(text)


@pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "MY_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD"])
def test_a_planted_key_is_nowhere(tmp_path: Path, variable: str) -> None:
    path = start(tmp_path, **{variable: PLANTED})
    log = logging.getLogger("test")
    log.info("plain " + PLANTED)
    log.info("argument %s and %r", PLANTED, {"key": PLANTED})
    log.warning("object", extra={"anything": PLANTED})
    try:
        raise ValueError(f"refused {PLANTED}")
    except ValueError:
        log.exception("while sending %s", PLANTED)
    text = path.read_text()
    assert "Traceback" in text and logs.REDACTED in text
    assert PLANTED not in text and repr(PLANTED)[1:-1] not in text
    assert "looks" not in text


def test_custom_headers_are_secrets() -> None:
    logs.hide_environment({"ANTHROPIC_CUSTOM_HEADERS": "X-Gateway: sesame42\nanthropic-beta: files-2025"})
    assert logs.redact("sesame42 files-2025") == f"{logs.REDACTED} files-2025"


def test_nothing_in_the_file_is_obeyed_by_a_terminal(tmp_path: Path) -> None:
    path = start(tmp_path)
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "\x1b]52;c;evil\x07 \ud800 ok", None, None)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):  # the others report to the test runner, which takes no lone surrogate
            handler.handle(record)
    data = path.read_bytes()
    assert b"\x1b" not in data and b"\x07" not in data and b"ok" in data


@pytest.mark.parametrize("variable", logs.SDK_LOG_VARIABLES)
@pytest.mark.parametrize(("value", "level"), [("debug", logging.DEBUG), ("info", logging.INFO), ("odd", logging.NOTSET)])
def test_the_switches_of_the_sdks_are_taken_away_and_obeyed(tmp_path: Path, variable: str, value: str, level: int) -> None:
    environ = {variable: value}
    assert logs.start_logging(tmp_path / "log", environ) is None
    assert variable not in environ
    assert {logging.getLogger(name).level for name in logs.SDK_LOGGERS} == {level}


def test_a_log_that_cannot_be_written_is_only_a_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    problem = logs.start_logging(tmp_path / "file" / "logs" / "x.log", {})
    assert problem and "No log is written" in problem
    logging.getLogger("anthropic").error("goes nowhere")
    assert capfd.readouterr() == ("", "")
    assert logs.current_file() is None


def test_without_a_file_nothing_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert logs.start_logging(None, {}) is None
    logging.getLogger("anthropic").error("goes nowhere")
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_stops_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    start(tmp_path)
    (handler,) = logs._installed
    assert isinstance(handler, logging.FileHandler)
    handler.stream.close()
    with open("/dev/full", "w") as full:
        handler.stream = full
        logging.getLogger("x").error("lost")
        handler.stream = None  # type: ignore[assignment]
        logs.stop_logging()
        with contextlib.suppress(OSError):  # what is left in the buffer still does not fit
            full.close()
    assert capfd.readouterr() == ("", "")
