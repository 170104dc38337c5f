"""The real command many times over without loading it anew: a process that has imported everything forks for each run.

`Forker.run` is `tests.contract.command.run` at a fifth of the cost. What starting costs and imports is tested elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.contract.command import Ended, environment

_LOADED = (
    "claude_tui.cli.headless", "claude_tui.cli.commands", "claude_tui.cli.sessions_command", "claude_tui.providers.anthropic",
    "claude_tui.providers.anthropic_errors", "claude_tui.providers.openai", "claude_tui.store.sqlite", "claude_tui.tools",
    "anthropic", "openai", "httpx2", "h11",
)  # fmt: skip


class Forker:
    """A context manager. The processes it forks see the environment of the moment, as any child would."""

    def __init__(self, folder: Path) -> None:
        self._streams = folder / "stdout", folder / "stderr"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forking"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def run(self, *args: str, env: Mapping[str, str | None] | None = None) -> Ended:
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {"args": args, "env": environment(None, env), "streams": [str(one) for one in self._streams]}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, *(one.read_bytes() for one in self._streams))


def _child(order: dict[str, object]) -> None:
    from claude_tui.cli.main import main

    os.environ.clear()
    os.environ.update(order["env"])  # pyright: ignore
    for number, path in enumerate((os.devnull, *order["streams"])):  # pyright: ignore
        handle = os.open(path, os.O_RDWR if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.argv = ["claude-tui", *order["args"]]  # pyright: ignore
    main()


def _serve() -> None:
    from importlib import import_module

    for name in _LOADED:
        import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                _child(json.loads(line))
            except SystemExit as ending:
                code = ending.code if isinstance(ending.code, int) else 71
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
