"""A forked command finds what a started one finds, and ends as one does: what makes the other tests of commands worth something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked
from tests.contract.command import environment

FACTS = (sys.executable, "-m", "tests.contract.facts")
NEEDS_FORKS = pytest.mark.skipif(sys.platform != "linux", reason="commands are not forked here")
pytestmark = [NEEDS_FORKS, pytest.mark.unmeasured]


def started(*arguments: str, environ: dict[str, str], given: bytes | None) -> tuple[int, bytes, bytes]:
    source = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
    done = subprocess.run([*FACTS, *arguments], env=environ, capture_output=True, timeout=30, check=False, **source)  # type: ignore[call-overload]
    return done.returncode, done.stdout, done.stderr


def last_lines(out: bytes) -> list[bytes]:
    """Without the frames of a traceback, which are those of whoever runs the module."""
    return [line for line in out.splitlines() if not line.startswith((b" ", b"Traceback"))]


@pytest.mark.parametrize("ending", ["0", "7", "signal", "error", "interrupt", "sentence"])
def test_it_finds_and_ends_as_if_it_were_started(ending: str) -> None:
    environ = environment(extra={"SOME_NAME": "some value", "PATH": "/nowhere", "HOME": None})
    given = None if ending == "0" else b"some\r\ninput\n"
    code, out, err = forked.run((*FACTS, ending, "ünïcode", "-x"), environ, given, 30)
    expected = started(ending, "ünïcode", "-x", environ=environ, given=given)
    assert json.loads(out) == json.loads(expected[1])
    assert (code, last_lines(err)) == (expected[0], last_lines(expected[2]))


@pytest.mark.parametrize("extra", [{"PYTHONUNBUFFERED": "1"}, {"PYTHONIOENCODING": "latin-1:replace"}], ids=str)
def test_what_is_settled_at_the_start_of_an_interpreter_is_as_asked_for(extra: dict[str, str]) -> None:
    environ = {**environment(), **extra}
    assert json.loads(forked.run((*FACTS, "0"), environ, b"", 30)[1]) == json.loads(started("0", environ=environ, given=b"")[1])


def test_it_runs_where_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, out, _ = forked.run((sys.executable, "-m", "site"), environment(), None, 30)
    assert out.decode().startswith(f"sys.path = [\n    '{tmp_path}',\n")


def test_it_has_a_terminal_of_its_own() -> None:
    controller, terminal = os.openpty()
    try:
        process = forked.start((*FACTS, "0"), environment(extra={"PYTHONUNBUFFERED": None}), [terminal] * 3, session=True)
        assert process is not None
        os.close(terminal)
        out = b""
        while not out.endswith(b"\n"):
            out += os.read(controller, 65536)
        assert process.wait(30) == 0
        told = json.loads(out)
        assert told["groups"] == [False, False]
        assert told["foreground"] is True
        assert [(number, by_lines, tty) for number, _, _, by_lines, *_, tty in told["streams"]] == [
            (n, True, True) for n in range(3)
        ]
    finally:
        os.close(controller)


def test_a_command_that_is_stuck_is_ended() -> None:
    readable, writable = os.pipe()
    with open(readable, "rb"), open(writable, "wb"):
        process = forked.start((*FACTS, "0"), environment(), [readable, writable, writable])
        assert process is not None and process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0)
        process.kill()
        assert process.wait(30) == -9


def test_a_variable_that_would_be_seen_too_early_is_refused() -> None:
    code = "import os\nfrom tests.forkserver import only_fixed_variables\nwith only_fixed_variables(): os.environ.get('SOME_NAME')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "['SOME_NAME']" in done.stderr
