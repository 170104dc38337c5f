"""A process that has imported everything and forks one that works for every trial: that costs milliseconds, a start half a second.

The parent sends a task as JSON and a descriptor to report through; the child of the fork calls `work(task, descriptor)` of the
module it was started for. The zygote itself never opens a database and starts no thread, so a fork inherits neither. Whoever
started it going away ends it and everything it forked.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).parents[2]
_SIZE = 1 << 16


class Zygote:
    """The parent's end. Used from one thread."""

    def __init__(self, module: str) -> None:
        self._socket, theirs = socket.socketpair()
        hidden = ("COVERAGE_", "PYTHONWARNINGS")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        command = [sys.executable, "-m", "scripts.trials.zygote", module, str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=_ROOT, pass_fds=[theirs.fileno()], env=environment)
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()
        self._process.wait()

    def fork(self, task: dict[str, Any], descriptor: int) -> int:
        """Have this task done; the pid of the process that does it. The descriptor may be closed here afterwards."""
        socket.send_fds(self._socket, [json.dumps(task).encode()], [descriptor])
        return self._answer()

    def wait(self, pid: int) -> int:
        """Wait for the end of a forked process; its exit code, negative for a signal."""
        self._socket.send(json.dumps({"wait": pid}).encode())
        return self._answer()

    def _answer(self) -> int:
        data = self._socket.recv(_SIZE)
        if not data:
            raise RuntimeError("the process that forks the others has ended")
        return int(data)


def serve(module: str, connection: socket.socket) -> None:
    """The zygote's loop."""
    work = importlib.import_module(module).work
    gc.collect()
    gc.freeze()  # a fork shares what nobody touches
    alive: set[int] = set()
    while True:
        data, descriptors, _, _ = socket.recv_fds(connection, _SIZE, 1)
        if not data:
            break
        task: dict[str, Any] = json.loads(data)
        if "wait" in task:
            _, status = os.waitpid(task["wait"], 0)
            alive.discard(task["wait"])
            connection.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        if (pid := os.fork()) == 0:
            connection.close()
            _run(work, task, descriptors[0])
        os.close(descriptors[0])
        alive.add(pid)
        connection.send(str(pid).encode())
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _run(work: Any, task: dict[str, Any], descriptor: int) -> None:
    try:
        work(task, descriptor)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
