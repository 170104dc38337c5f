"""Start-up from outside: wall-clock and CPU time of whole processes, and how many modules they load."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The least a program can do for one answer: the SDK, one request, the text as it arrives.
RAW_SDK = """
import asyncio, json, sys
from anthropic import AsyncAnthropic, AsyncStream

async def main():
    client = AsyncAnthropic(max_retries=0)
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    response = await client.messages.with_raw_response.create(
        model="claude-opus-5-5", max_tokens=1000, messages=messages, stream=True)
    async for event in AsyncStream.raw_events(response.http_response):
        payload = json.loads(event.data)
        if payload["type"] == "content_block_delta":
            sys.stdout.write(payload["delta"]["text"])
    await client.close()

asyncio.run(main())
"""
UNLIKE_INSTALLED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
"""An installed program finds its modules compiled."""
COMMANDS: dict[str, list[str]] = {
    "an empty script": ["-c", "pass"],
    "--version": ["-m", "claude_tui", "--version"],
    "--help": ["-m", "claude_tui", "--help"],
    "ask --help": ["-m", "claude_tui", "ask", "--help"],
    "the SDK alone, one answer": ["-c", RAW_SDK],
    "ask, one answer": ["-m", "claude_tui", "ask", "-q", "Hello"],
}


def _run(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall-clock and CPU seconds of a process."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments[:4]} ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def _modules(arguments: list[str], environment: dict[str, str]) -> int:
    report = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return sum(line.startswith("import time:") for line in report.stderr.splitlines()) - 1


def measure(url: str, key: str, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Command → medians; the commands take turns."""
    with tempfile.TemporaryDirectory() as folder:
        home = {"CLAUDE_TUI_HOME": folder, "ANTHROPIC_CONFIG_DIR": str(Path(folder) / "none")}
        kept = {name: value for name, value in os.environ.items() if name not in UNLIKE_INSTALLED}
        compiled = {"PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled")}
        environment = {**kept, **home, **compiled, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": key}
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        for number in range(rounds + 1):
            say(f"start-up: round {number} of {rounds}")
            for name, arguments in COMMANDS.items():
                measured = _run(arguments, environment)
                if number:  # the first one fills caches
                    times[name].append(measured)
        return {
            name: {
                "wall_ms": round(statistics.median(wall for wall, _ in taken) * 1000),
                "cpu_ms": round(statistics.median(cpu for _, cpu in taken) * 1000),
                "modules": _modules(COMMANDS[name], environment),
            }
            for name, taken in times.items()
        }
