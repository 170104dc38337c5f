"""`driver_app.py` in a pseudo-terminal whose other end the test holds."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 30.0
APP = Path(__file__).with_name("driver_app.py")
# Makes the terminal on standard input the controlling one of its session, then becomes the program. Nothing is loaded for that.
_ADOPT = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
MODES = ["?1049", "?1000", "?1003", "?1006", "?1004", "?2004"]


class Probe:
    """`driver_app.py` in a terminal; its messages as they come, and every byte it writes."""

    def __init__(self, folder: Path, *wishes: str, prelude: str = "", **environment: str) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.master, (24, 80))
        self.before = termios.tcgetattr(self.slave)
        self.messages, report = os.pipe()
        code = f"import os, signal; {prelude or 'pass'}; {_ADOPT}"
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, sys.executable, "-u", str(APP), str(report), *wishes],
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "LANG": "C.UTF-8",
                "PYTHONPATH": str(APP.parents[2]),
                "PROBE_FOLDER": str(folder),
                **environment,
            },
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            pass_fds=[report],
            start_new_session=True,
        )
        os.close(report)
        self.output = b""
        self._half = b""
        self.said: list[dict[str, Any]] = []
        self.until(lambda one: "ready" in one)

    def type(self, data: str | bytes) -> None:
        data = data.encode() if isinstance(data, str) else data
        while data:
            self._read(0)
            _, writable, _ = select.select([], [self.master], [], 0.1)
            if writable:
                data = data[os.write(self.master, data[:1024]) :]

    def _read(self, timeout: float, screen: bool = True) -> bool:
        """Whether anything came."""
        places = [self.messages, *([self.master] if screen and self.master >= 0 else [])]
        ready, _, _ = select.select(places, [], [], timeout)
        if self.master in ready:
            try:
                self.output += os.read(self.master, 1 << 16)
            except OSError:
                return False
        if self.messages in ready:
            data = os.read(self.messages, 1 << 16)
            *lines, self._half = (self._half + data).split(b"\n")
            self.said += map(json.loads, lines)
            return bool(data)
        return bool(ready)

    def until(self, condition: Callable[[dict[str, Any]], bool], screen: bool = True) -> dict[str, Any]:
        """The first message from here on of which this holds."""
        seen, deadline = 0, time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for message in self.said[seen:]:
                seen += 1
                if condition(message):
                    del self.said[:seen]
                    return message
            self._read(0.1, screen)
        raise AssertionError(
            f"not said: {self.said}, code {self.process.poll()}; shown:\n{self.output[-3000:].decode(errors='replace')}"
        )

    def key(self, name: str) -> dict[str, Any]:
        return self.until(lambda one: one.get("key") == name)

    def shows(self, pattern: bytes, start: int = 0) -> None:
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.output[start:]):
            assert time.monotonic() < deadline, self.output[start:]
            self._read(0.1)

    def keys_until(self, last: str) -> list[str]:
        """All the keys that came, up to this one."""
        found: list[str] = []

        def note(message: dict[str, Any]) -> bool:
            found.extend([message["key"]] if "key" in message else [])
            return message.get("key") == last

        self.until(note)
        return found

    def ended(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output[-2000:]
            self._read(0.05)
        while self._read(0.1):
            pass
        code = self.process.wait()
        return 128 - code if code < 0 else code

    def is_given_back(self) -> bool:
        """Every mode is as it was: what the terminal driver and the terminal itself keep."""
        text = self.output.decode(errors="replace")
        last = {mode: text.rfind(f"\x1b[{mode}h") < text.rfind(f"\x1b[{mode}l") for mode in MODES}
        assert all(last.values()), last
        assert text.rfind("\x1b[?25l") < text.rfind("\x1b[?25h")
        assert len(re.findall(r"\x1b\[>\d+u", text)) == text.count("\x1b[<u")
        assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l")
        return termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for handle in {self.master, self.slave, self.messages} - {-1}:
            os.close(handle)
