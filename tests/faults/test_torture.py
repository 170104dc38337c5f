"""The trials of `python -m scripts.torture` with their small counts: kills, power cuts, failing calls, processes at once."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from claude_tui.domain.errors import StoreError
from claude_tui.store.connection import Database
from scripts import torture
from scripts.torture import registry
from scripts.trials.result import Result

TRIALS = registry()


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(TRIALS))
def test_a_trial_hurts_nothing(name: str) -> None:
    module = TRIALS[name]
    result: Result = module.run(0, module.CI, print)
    print(result.figures)  # for `pytest -rP`
    assert not result.failures, "\n".join(result.failures)
    assert 0 < result.trials <= module.CI


class Trial:
    """Stands for a module with a trial."""

    NAME, BY_HAND, CI = "made up", 30, 3

    def __init__(self, failures: Sequence[str] = ()) -> None:
        self.ran: list[tuple[int, int]] = []
        self._failures = list(failures)

    def run(self, seed: int, count: int, say: object) -> Result:
        self.ran.append((seed, count))
        return Result(count, self._failures, {"figure": 7})


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [([], (0, 3)), (["--ci"], (0, 3)), (["--by-hand"], (0, 30)), (["made up", "--seed", "5", "--count", "2"], (5, 2))],
)
def test_the_command_runs_what_is_asked(
    arguments: list[str], ran: tuple[int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = Trial()
    monkeypatch.setattr(torture, "registry", lambda: {trial.NAME: trial})
    assert torture.main(arguments) == 0
    assert trial.ran == [ran]
    assert f"made up{ran[1]:13}{0:10}" in capsys.readouterr().out


def test_a_failure_fails_the_command_and_says_how_to_repeat_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = torture.trials.result.failure("made up", 12, "A word was lost.")
    monkeypatch.setattr(torture, "registry", lambda: {"made up": Trial([sentence])})
    assert torture.main([]) == 1
    out = capsys.readouterr().out
    assert "FAILED A word was lost." in out and "python -m scripts.torture made up --seed 12 --count 1" in out


@pytest.mark.parametrize("arguments", [["nonsense"], ["--count", "0"], ["--ci", "--by-hand"]])
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        torture.main(arguments)
    assert "error:" in capsys.readouterr().err


def test_power_cuts_find_a_store_that_does_not_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "_be", lambda self, durable: self.connection.pragma("synchronous", "OFF"))
    logging.disable()
    try:
        assert len(TRIALS["images"].run(0, 24, print).failures) > 6
    finally:
        logging.disable(logging.NOTSET)


def test_failing_calls_find_a_store_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write = Database.write

    def deaf(self: Database, *arguments: Any, **options: Any) -> object:
        with suppress(StoreError):
            return write(self, *arguments, **options)
        return set()

    monkeypatch.setattr(Database, "write", deaf)
    assert TRIALS["calls"].run(0, 24, print).failures
