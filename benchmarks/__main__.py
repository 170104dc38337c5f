"""Run everything, print tables, write the figures as JSON. On a machine that does nothing else."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from benchmarks import engine, faults, screen, server, startup, transcript

PARTS = ("engine", "startup", "screen", "transcript", "faults")
RESULTS = Path(__file__).parent / "results.json"


def _machine() -> dict[str, Any]:
    model = next((line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), platform.machine())
    return {"cores": os.cpu_count(), "cpu": model, "system": platform.system(), "python": platform.python_version()}


def _cpu_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _table(title: str, rows: dict[str, dict[str, Any]]) -> str:
    names = list(next(iter(rows.values())))
    lines = [[title, *names], *([name, *(_cell(row[key]) for key in names)] for name, row in rows.items())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each thing is measured; medians are reported")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures go")
    parser.add_argument("--only", choices=PARTS, help="one part")
    known = (*transcript.PICKS, *faults.PICKS)
    parser.add_argument("--pick", help=f"of the transcript and the faults only these, with commas: {', '.join(known)}")
    options = parser.parse_args()
    picks = options.pick.split(",") if options.pick else known
    if unknown := set(picks) - set(known):
        parser.error(f"no such pick: {', '.join(sorted(unknown))}")

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    results: dict[str, Any] = {"machine": _machine(), "rounds": options.rounds, "load_before": round(os.getloadavg()[0], 2)}
    tables: dict[str, dict[str, Any]] = {}
    for part in PARTS if options.only is None else (options.only,):
        with server.running() as api:  # one each: the screen reads how its requests ended
            if part == "screen":
                results["screen"] = screen.measure(api, options.rounds, say)
                tables.update(results["screen"])
            elif part == "faults":
                results[part] = faults.measure(api, picks, say)
                tables.update(results[part])
            elif part == "transcript":
                goals, samples = transcript.measure(api, options.rounds, picks, say)
                results[part] = {goal.work: goal.to_json(samples) for goal in goals}
                tables["the conversation"] = {goal.work: goal.shown(samples) for goal in goals}
            else:
                measure = engine.measure if part == "engine" else startup.measure
                results[part] = tables[part] = measure(api.url, api.key, options.rounds, say)
    print(json.dumps(results["machine"]), f"load before: {results['load_before']}")
    for title, rows in tables.items():
        print("\n" + _table(title, rows))
    options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
