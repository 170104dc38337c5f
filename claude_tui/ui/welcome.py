"""What stands in the transcript before anything was said: where to begin, and without credentials, how to get some."""

from __future__ import annotations

from collections.abc import Sequence

from claude_tui.domain.history import CLAUDE
from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.text import safe_line
from claude_tui.render.base import Cell
from claude_tui.render.text_cell import TextCell
from claude_tui.ui.keymap import Keymap

_DEMO = """\
# The demo

Everything here is real but the answers: they are **canned** and come from a small server inside this program. No model is
behind them, nothing leaves this machine, nothing is saved.

Try one of these words: `code` `table` `think` `tool` `2+2` `long` `error` `你好`
"""

_NO_CREDENTIALS = """\
# A key is needed

No credentials were found. Any of these will do; then start again:

- `export ANTHROPIC_API_KEY=…` with a key from the Claude Console
- `export ANTHROPIC_AUTH_TOKEN=…` for a bearer token or a gateway (`ANTHROPIC_BASE_URL` names it)
- `ant auth login`, whose profile is found by itself

Without a key you can look around all the same: type `/demo` and press Enter.
"""

_NO_KEY = """\
# A key is needed

No key was found for the provider **{name}**. Its section in `config.toml` says where it is looked for (`/doctor` names the
place); give it one and start again, or change to another provider with `/provider`.

Without a key you can look around all the same: type `/demo` and press Enter.
"""

_WELCOME = """\
# What is on your mind?

Write below. **{send}** sends, **{newline}** begins a new line, **{stop}** stops an answer and keeps what came.
**{help}** lists everything, **{palette}** finds it by name, **{sessions}** opens earlier conversations.
"""


def welcome(info: SessionInfo, keymap: Keymap, *, demo: bool, credentials: Sequence[str]) -> Cell:
    """A cell that is drawn as an answer would be."""
    names = {
        "send": "composer.send",
        "newline": "composer.newline",
        "stop": "turn.interrupt",
        "help": "app.help",
        "palette": "app.palette",
        "sessions": "session.list",
    }
    hints = {name: keymap.hint(command) or f"(no key: {command})" for name, command in names.items()}
    text = _WELCOME.format(**hints)
    if demo:
        text = f"{_DEMO}\n{hints['send']} sends, {hints['stop']} stops an answer, {hints['help']} lists the keys.\n"
    elif not credentials:
        text = _NO_CREDENTIALS if info.provider == CLAUDE.provider else _NO_KEY.format(name=safe_line(info.provider, 40))
    if info.system:
        text += "\nThis session has a system prompt: `/system` shows it.\n"
    cell = TextCell("welcome", {"type": "text", "text": text})
    cell.stop(None)
    return cell
