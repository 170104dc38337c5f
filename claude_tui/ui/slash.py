"""Slash commands: what a draft that begins with `/` means."""

from __future__ import annotations

import re
from difflib import get_close_matches

from claude_tui.domain.text import safe_line
from claude_tui.ui.commands import BY_ID, COMMANDS, EXIT_WORDS, Command
from claude_tui.ui.fuzzy import match

SLASH: dict[str, Command] = {one.slash: one for one in COMMANDS if one.slash}

_ATTEMPT = re.compile(r"(/[a-z-]+)(?:[ \t]+(\S.*))?[ \t]*", re.DOTALL | re.IGNORECASE)


def parse_slash(text: str) -> tuple[Command, str] | None:
    """The command a draft stands for, and its argument. None for a prompt, and for a command that cannot be (`slash_problem`)."""
    text = text.strip()
    if text.lower() in EXIT_WORDS:
        return BY_ID["app.quit"], ""
    word, argument = _attempt(text)
    command = SLASH.get(word)
    return None if command is None or (argument and not command.argument) else (command, argument)


def slash_problem(text: str) -> str | None:
    """A sentence about a draft that looks like a command and is none; None for all others. Paths and `//…` are prompts."""
    word, _ = _attempt(text.strip())
    if not word or parse_slash(text):
        return None
    shown = safe_line(word, 40)
    as_text = f"To send it as text, begin with two slashes: /{shown}."
    if word in SLASH:
        return f"{shown} takes nothing after it. {as_text}"
    near = get_close_matches(word, SLASH, 1, 0.5)
    return f"There is no command {shown}. {f'Did you mean {near[0]}?' if near else 'F1 lists the commands.'} {as_text}"


def _attempt(text: str) -> tuple[str, str]:
    found = _ATTEMPT.fullmatch(text)
    return (found[1].lower(), (found[2] or "").strip()) if found else ("", "")


def as_prompt(text: str) -> str:
    """What is sent for a draft that is no command: `//x` is the way to write `/x`."""
    return text[1:] if text.startswith("//") else text


def complete_slash(prefix: str) -> list[Command]:
    """The commands whose word begins with `prefix`, then those that fit loosely, best first; all of them for `/`."""
    word = prefix.strip().lower().removeprefix("/")
    if not word:
        return list(SLASH.values())
    scored: list[tuple[bool, int, int, Command]] = []
    for index, (slash, command) in enumerate(SLASH.items()):
        found = match(word, slash[1:])
        if found or any(one.startswith(word) for one in command.title.lower().split()):
            scored.append((not slash[1:].startswith(word), -found.score if found else 0, index, command))
    return [command for *_, command in sorted(scored, key=lambda one: one[:3])]
