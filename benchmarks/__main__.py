"""Run everything, print tables, write the figures as JSON. On a machine that does nothing else."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks import engine, server, startup

RESULTS = Path(__file__).parent / "results.json"


def _machine() -> dict[str, Any]:
    model = next((line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), platform.machine())
    return {"cores": os.cpu_count(), "cpu": model, "system": platform.system(), "python": platform.python_version()}


def _cpu_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _table(title: str, rows: dict[str, dict[str, Any]]) -> str:
    names = list(next(iter(rows.values())))
    lines = [[title, *names], *([name, *(f"{row[key]:,}" for key in names)] for name, row in rows.items())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each thing is measured; medians are reported")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures go")
    parser.add_argument("--only", choices=("engine", "startup"), help="one half")
    options = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    results: dict[str, Any] = {"machine": _machine(), "rounds": options.rounds}
    with server.running() as (url, key):
        if options.only != "startup":
            results["engine"] = engine.measure(url, key, options.rounds, say)
        if options.only != "engine":
            results["startup"] = startup.measure(url, key, options.rounds, say)
    print(json.dumps(results["machine"]))
    for title in ("engine", "startup"):
        if title in results:
            print("\n" + _table(title, results[title]))
    options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
