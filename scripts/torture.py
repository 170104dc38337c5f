"""`python -m scripts.torture [TRIAL…]`: does to the program what must not hurt it, and counts what did.

A trial is a module of scripts/trials that has a NAME (see scripts/trials/result.py). Without `--by-hand` the counts are the small
ones that every run of the tests takes.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import pkgutil
import sys
import time
from collections.abc import Sequence
from types import ModuleType

from scripts import trials
from scripts.trials.result import Result


def registry() -> dict[str, ModuleType]:
    """The trials by name."""
    modules = [importlib.import_module(f"{trials.__name__}.{found.name}") for found in pkgutil.iter_modules(trials.__path__)]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}


def _arguments(names: Sequence[str], arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.torture", description="Do to claude-tui what must not hurt it.")
    parser.add_argument("trial", nargs="*", metavar="TRIAL", help=f"{', '.join(names)}; all of them if none is named")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="where chance begins (default 0)")
    counts = parser.add_mutually_exclusive_group()
    counts.add_argument("--count", type=int, metavar="N", help="how many trials of each kind")
    counts.add_argument("--by-hand", action="store_true", help="the large counts, for an evening")
    counts.add_argument("--ci", action="store_true", help="the small counts of every test run (the default)")
    parsed = parser.parse_args(arguments)
    unknown = [name for name in parsed.trial if name not in names]
    if unknown:
        parser.error(f"there is no trial {', '.join(unknown)}; there are: {', '.join(names)}")
    if parsed.count is not None and parsed.count < 1:
        parser.error("--count must be 1 or more")
    return parsed


def _table(rows: Sequence[tuple[str, Result, float]]) -> str:
    """What was tried, what failed, what was measured."""
    lines = [f"{'trial':12}{'trials':>8}{'failures':>10}{'seconds':>9}  figures"]
    for name, result, seconds in rows:
        figures = ", ".join(f"{what} {value}" for what, value in result.figures.items())
        lines.append(f"{name:12}{result.trials:8}{len(result.failures):10}{seconds:9.1f}  {figures}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    logging.getLogger("claude_tui").addHandler(logging.NullHandler())  # what the store says of faults that are meant
    found = registry()
    parsed = _arguments(sorted(found), arguments)
    rows: list[tuple[str, Result, float]] = []
    for name in parsed.trial or sorted(found):
        module = found[name]
        count = parsed.count or (module.BY_HAND if parsed.by_hand else module.CI)
        began = time.monotonic()
        print(f"{name}: {count}, seed {parsed.seed}", flush=True)
        result = module.run(parsed.seed, count, lambda line: print(f"  {line}", flush=True))
        rows.append((name, result, time.monotonic() - began))
        for failed in result.failures:
            print(f"  FAILED {failed}", flush=True)
    print(f"\n{_table(rows)}")
    return 1 if any(result.failures for _, result, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
