"""What a command really loads, deferred imports included: the static graph cannot see when something is imported.

Each command runs in a fresh interpreter that reports every import it makes.
"""

import json
import os
import select
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SDK = frozenset({"anthropic", "httpx2", "openai"})
SCREEN = frozenset({"textual"})
DATABASE = frozenset({"apsw"})
REPORT_PREFIX = "import time:"


def bare_environment(**extra: str) -> dict[str, str]:
    """The test's environment without the coverage measurement, which imports modules of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**inherited, **extra}


def reporting(*arguments: str) -> list[str]:
    """The command line of `claude-tui ARGUMENTS` in an interpreter that reports its imports on standard error."""
    return [sys.executable, "-X", "importtime", "-m", "claude_tui", *arguments]


def packages_in(report: str) -> set[str]:
    """The top-level packages named in the interpreter's report."""
    lines = [line for line in report.splitlines() if line.startswith(REPORT_PREFIX)]
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines}
    assert "claude_tui" in loaded, "the report of the interpreter is missing"
    return loaded


def packages_loaded_by(*arguments: str, **environment: str) -> set[str]:
    """The top-level packages that `claude-tui ARGUMENTS` imports until it exits, which must be with 0."""
    finished = subprocess.run(
        reporting(*arguments),
        env=bare_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = [line for line in finished.stderr.splitlines() if not line.startswith(REPORT_PREFIX)]
    assert finished.returncode == 0, "\n".join(said)
    return packages_in(finished.stderr)


@contextmanager
def fake_api(report: Path) -> Iterator[dict[str, str]]:
    """A fake API in a process of its own: the `{"url", "key"}` it prints. Its imports go to `report`."""
    with (
        report.open("w") as errors,
        subprocess.Popen(
            reporting("fake-api", "--scenario", "fast"),
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


def test_help_and_version_load_no_sdk_no_screen_and_no_database() -> None:
    for option in ("--help", "--version"):
        assert not packages_loaded_by(option) & (SDK | SCREEN | DATABASE)


def test_help_of_ask_loads_no_sdk() -> None:
    assert not packages_loaded_by("ask", "--help") & (SDK | SCREEN | DATABASE)


def test_ask_answers_without_the_screen_from_an_api_without_the_client(tmp_path: Path) -> None:
    report = tmp_path / "imports-of-the-fake-api"
    with fake_api(report) as api:
        loaded = packages_loaded_by("ask", "Hello", ANTHROPIC_BASE_URL=api["url"], ANTHROPIC_API_KEY=api["key"])
        gateway = gateway_variables(f"{api['url']}/v1", api["key"])
        through_gateway = packages_loaded_by("ask", "Hello", **gateway)
        resumed = packages_loaded_by("ask", "-c", "And?", **{**gateway, "CLAUDE_TUI_PROVIDER": "anthropic"})
    assert "anthropic" in loaded, "the turn never reached a provider"
    assert not loaded & (SCREEN | {"openai"})
    for other in (through_gateway, resumed):
        assert "openai" in other, "the turn never reached a provider"
        assert not other & (SCREEN | {"anthropic", "keyring"}), "an SDK is loaded only when its provider is used"
    assert not packages_in(report.read_text()) & (SDK | SCREEN | DATABASE)


def gateway_variables(url: str, key: str) -> dict[str, str]:
    """A provider named `gateway`, in use, made of variables alone."""
    section = {"WIRE": "openai", "BASE_URL": url, "API_KEY_ENV": "GATEWAY_KEY", "MODEL": "some-model"}
    variables = {f"CLAUDE_TUI_PROVIDERS__GATEWAY__{name}": value for name, value in section.items()}
    return {**variables, "CLAUDE_TUI_PROVIDER": "gateway", "GATEWAY_KEY": key}


# The screen.

PLACEHOLDER = b"essage Claude"  # the cursor stands on its first letter
LATER = SDK | DATABASE | {"markdown_it", "pygments"}


def loaded_before_the_first_frame(home: Path) -> set[str]:
    """The packages that `claude-tui` has imported when its composer is on the screen: frames and report share one terminal."""
    master, slave = os.openpty()
    termios.tcsetwinsize(master, (30, 100))
    environment = bare_environment(CLAUDE_TUI_HOME=str(home), TERM="xterm-256color", ANTHROPIC_API_KEY="none")
    program = subprocess.Popen(reporting(), env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    written = b""
    try:
        while PLACEHOLDER not in written:
            ready, _, _ = select.select([master], [], [], 30)
            assert ready, f"no frame came: {written[-2000:]!r}"
            written += os.read(master, 1 << 16)
    finally:
        program.kill()
        program.wait()
        os.close(master)
    return packages_in(written.split(PLACEHOLDER, 1)[0].decode("utf-8", "replace").replace("\r\n", "\n"))


@pytest.mark.pty
def test_the_first_frame_waits_for_no_sdk_no_markdown_and_no_database(tmp_path: Path) -> None:
    loaded = loaded_before_the_first_frame(tmp_path)
    assert "textual" in loaded
    assert not loaded & LATER
