"""An error of the program's own: what is told, what is kept, and what neither may hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.app import App
from textual.worker import WorkerFailed

from claude_tui.logs import hide
from claude_tui.ui import crash


def failure(message: str = "broken") -> ValueError:
    secret_local = "CANARY in a local variable"
    try:
        assert secret_local
        raise ValueError(message)
    except ValueError as error:
        return error


def told(app: App[None]) -> str:
    return "\n".join(map(str, app._exit_renderables))


@pytest.fixture
async def app(monkeypatch: pytest.MonkeyPatch) -> App[None]:
    made: App[None] = App()
    monkeypatch.setattr(made, "_close_messages_no_wait", lambda: None)
    return made


async def test_three_lines_and_a_private_file(app: App[None], tmp_path: Path) -> None:
    crash.handle_exception(app, failure(), tmp_path / "logs", "0123")
    lines = told(app).split("\n")
    (file,) = (tmp_path / "logs").iterdir()
    assert lines[0].startswith("claude-tui stopped on an error of its own: ValueError in test_crash.py, line ")
    assert lines[1] == f"The details are in {file}."
    assert lines[2].endswith("claude-tui -r 0123")
    assert len(lines) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    assert app.return_code == 1


async def test_no_value_and_no_credential(app: App[None], tmp_path: Path) -> None:
    hide("a-secret-of-the-environment")
    message = "key sk-ant-CANARY-0000000000 a-secret-of-the-environment \x1b]0;t\x07 \x9b2J"
    crash.handle_exception(app, failure(message), tmp_path)
    (file,) = tmp_path.glob("crash-*")
    details = file.read_text()
    for text in (details, told(app)):
        assert "CANARY" not in text
        assert "a-secret" not in text
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert "ValueError: key [redacted]" in details
    assert "broken" not in told(app)


async def test_the_error_of_a_worker_is_named_not_the_worker(app: App[None], tmp_path: Path) -> None:
    crash.handle_exception(app, WorkerFailed(failure()), tmp_path)
    assert "ValueError in test_crash.py" in told(app)


async def test_the_first_error_is_told_and_all_are_kept(app: App[None], tmp_path: Path) -> None:
    crash.handle_exception(app, failure("first"), tmp_path)
    crash.handle_exception(app, KeyError("second"), tmp_path)
    details = "".join(file.read_text() for file in tmp_path.glob("crash-*"))
    assert "first" in details
    assert "second" in details
    assert len(app._exit_renderables) == 1
    assert isinstance(app._exception, ValueError)


async def test_fatal_error_takes_the_exception_that_is_handled(app: App[None], tmp_path: Path) -> None:
    try:
        raise LookupError("x")
    except LookupError:
        crash.fatal_error(app, tmp_path)
    assert "LookupError" in told(app)
    assert told(app).endswith("claude-tui -c")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_without_a_file_the_details_are_shown_when_the_folder_is_closed(app: App[None], tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    crash.handle_exception(app, failure(), tmp_path / "logs")
    assert "Traceback" in told(app)


async def test_without_a_file_the_details_are_shown(app: App[None], tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    crash.handle_exception(app, failure("sk-ant-CANARY-0000000000"), tmp_path / "logs")
    assert "Traceback" in told(app)
    assert "could not be saved" in told(app)
    assert "CANARY" not in told(app)


async def test_old_reports_go(app: App[None], tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"crash-2020{number:02}.txt").touch()
    crash.handle_exception(app, failure(), tmp_path)
    assert len(list(tmp_path.glob("crash-*"))) == crash.KEPT_FILES


async def test_a_report_of_a_running_app(tmp_path: Path) -> None:
    """In a handler, with everything of Textual's in between."""

    class Failing(App[None]):
        def on_mount(self) -> None:
            raise failure()

        def _handle_exception(self, error: Exception) -> None:
            crash.handle_exception(self, error, tmp_path)

    app = Failing()
    with pytest.raises(ValueError, match="broken"):
        async with app.run_test():
            pass
    assert len(list(tmp_path.glob("crash-*"))) == 1
