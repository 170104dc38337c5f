"""The environment as Textual is to see it. Imports nothing of Textual: it has to run before that reads its switches."""

from __future__ import annotations

from collections.abc import MutableMapping

# What a user may still say about looks. Every other switch of Textual's changes what the program does: it imports modules, presses
# keys, takes screenshots, writes logs, opens connections.
KEPT = frozenset({"TEXTUAL_ANIMATIONS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DISABLE_KITTY_KEY", "TEXTUAL_FPS"})


def prepare_environment(environ: MutableMapping[str, str]) -> None:
    """Take away the switches of Textual that would change what the program does, and set those it needs.

    Mouse reports stay in cells: in pixels every move costs, and nothing here needs them. iTerm2 loses the text of input methods
    under the kitty keyboard protocol unless tmux stands between.
    """
    for name in list(environ):
        if name.upper().startswith("TEXTUAL") and name.upper() not in KEPT:
            del environ[name]
    environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    if not environ.get("NO_COLOR", "x"):
        del environ["NO_COLOR"]  # set but empty asks for nothing
    if _is_iterm(environ) and not environ.get("TMUX"):
        environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")


def _is_iterm(environ: MutableMapping[str, str]) -> bool:
    return environ.get("LC_TERMINAL") == "iTerm2" or environ.get("TERM_PROGRAM") == "iTerm.app"
