"""What every test gets: a world of its own, and property tests that repeat exactly.

No test may see the settings, credentials, history or proxies of whoever runs it. Fixtures that build something
belong to the folder that uses them, not here.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import forked
from tests.certificates import read_once

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly",
    derandomize=False,
    deadline=None,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
read_once()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what runs beside it so, and children would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

FOREIGN_PREFIXES = ("ANTHROPIC_", "CLAUDE_TUI_", "OPENAI_", "TEXTUAL")
FOREIGN_NAMES = frozenset(
    {
        "ALL_PROXY",
        "FORCE_COLOR",
        "FTP_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_COLOR",
        "NO_PROXY",
        "PYTHONWARNINGS",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    }
)


def is_foreign(name: str) -> bool:
    """Whether an environment variable of the caller could change what the program does."""
    return name.upper().startswith(FOREIGN_PREFIXES) or name.upper() in FOREIGN_NAMES


def is_unmeasured(request: pytest.FixtureRequest) -> bool:
    """Whether this test is marked so. Properties always are: coverage makes them two and a half times as long, and of the code they
    run a hundred times the examples beside them run nearly all."""
    return request.node.get_closest_marker("unmeasured") is not None or getattr(request.function, "is_hypothesis_test", False)


@pytest.fixture(autouse=True)
def isolated_environment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point every file of the program and of the SDK below `tmp_path`; return that home folder.

    Child processes inherit this, since `os.environ` itself is changed. Those of a test that is unmeasured run without coverage.
    """
    unmeasured = is_unmeasured(request)
    for name in list(os.environ):
        if is_foreign(name) or (unmeasured and name.startswith("COVERAGE_PROCESS_")):
            monkeypatch.delenv(name)
    home = tmp_path / "claude-tui-home"
    monkeypatch.setenv("CLAUDE_TUI_HOME", str(home))
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path / "no-profiles"))
    return home


@pytest.fixture(autouse=True)
def _without_coverage(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is unmeasured runs without coverage in this process, too."""
    coverage = sys.modules.get("coverage")
    current = coverage.Coverage.current() if coverage and is_unmeasured(request) else None
    if current is None:
        yield
        return
    current.stop()
    try:
        yield
    finally:
        current.start()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests first: begun last, one of them keeps everybody waiting."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_sessionfinish() -> None:
    """In every worker of pytest-xdist too: what forked the commands has nothing more to do."""
    forked.close_servers()
