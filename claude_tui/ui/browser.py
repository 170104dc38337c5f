"""Opening a link with the desktop's own program. Without a desktop nothing is started: a text browser would take the terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping

from claude_tui.child_environment import callers_umask, without_credentials

PATIENCE = 3.0
"""Seconds after which a program that has said nothing against it is taken to have opened the link."""


def opener(environ: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """The program that opens links on this desktop, None where there is none."""
    if platform == "darwin":
        name = "open"
    elif environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        name = "xdg-open"
    else:
        return None
    return shutil.which(name, path=environ.get("PATH"))


async def open_link(url: str, environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Open an http, https or mailto address; whether a program took it. It is not told any credentials."""
    program = opener(environ, platform)
    if program is None:
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            url,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=without_credentials(environ),
            umask=callers_umask(),
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return await asyncio.wait_for(process.wait(), PATIENCE) == 0
    except TimeoutError:
        return True
