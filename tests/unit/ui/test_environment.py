"""Switches in the environment that would make Textual do something else."""

from __future__ import annotations

import subprocess
import sys

from claude_tui.ui.environment import prepare_environment


def test_switches_that_change_what_the_program_does_are_gone() -> None:
    environ = {
        "TEXTUAL": "devtools,debug",
        "TEXTUAL_DRIVER": "evil:Driver",
        "TEXTUAL_LOG": "/tmp/log",
        "TEXTUAL_PRESS": "ctrl+q",
        "TEXTUAL_SCREENSHOT": "1",
        "TEXTUAL_ALLOW_SIGNALS": "1",
        "TEXTUAL_DEBUG": "1",
        "TEXTUAL_COLOR_SYSTEM": "256",
        "HOME": "/home",
    }
    prepare_environment(environ)
    assert environ == {"TEXTUAL_COLOR_SYSTEM": "256", "TEXTUAL_SMOOTH_SCROLL": "0", "HOME": "/home"}


def test_iterm_without_tmux_does_without_the_kitty_protocol() -> None:
    for sign in ({"LC_TERMINAL": "iTerm2"}, {"TERM_PROGRAM": "iTerm.app"}):
        alone, inside, asked = {**sign}, {**sign, "TMUX": "/tmp/x,1,0"}, {**sign, "TEXTUAL_DISABLE_KITTY_KEY": "0"}
        for environ in (alone, inside, asked):
            prepare_environment(environ)
        assert alone["TEXTUAL_DISABLE_KITTY_KEY"] == "1"
        assert "TEXTUAL_DISABLE_KITTY_KEY" not in inside
        assert asked["TEXTUAL_DISABLE_KITTY_KEY"] == "0"


def test_it_runs_before_textual_is_loaded() -> None:
    code = "import claude_tui.ui.environment, sys; print(any(name.split('.')[0] == 'textual' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
