"""Links are opened by the desktop's program, without credentials, and by nothing where there is no desktop."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_tui.ui.browser import open_link, opener


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with an `xdg-open` that notes what it was told, and refuses `https://bad.example`."""
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" "$TERM" "$ANTHROPIC_API_KEY" > "{tmp_path}/told"\n[ "$1" != https://bad.example ]\n')
    program.chmod(0o700)
    return program.parent


async def test_the_desktops_program_is_told_the_address_and_no_credentials(programs: Path) -> None:
    environ = {"DISPLAY": ":0", "PATH": str(programs), "ANTHROPIC_API_KEY": "sk-secret", "TERM": "xterm"}
    assert await open_link("https://x.example/?a=b&c", environ, "linux")
    assert (programs.parent / "told").read_text().split() == ["https://x.example/?a=b&c", "xterm"]
    assert not await open_link("https://bad.example", environ, "linux")


async def test_without_a_desktop_nothing_is_started(programs: Path) -> None:
    assert not await open_link("https://x.example", {"PATH": str(programs)}, "linux")
    assert not await open_link("https://x.example", {"DISPLAY": ":0", "PATH": str(programs / "none")}, "linux")
    assert not (programs.parent / "told").exists()
    assert opener({"PATH": str(programs)}, "darwin") is None
