"""Which key does what: the registry's defaults with the user's `[keys]` laid over them.

Keys have one spelling here, the one of Textual's key events (`ctrl+n`, `alt+up`, `question_mark`). A sequence is keys with spaces
between them. A user's key always wins over a default; what cannot be is left out and said in a sentence, never raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, REPLACED_KEYS, Keys, key_to_character

from claude_tui.domain.text import safe_line
from claude_tui.ui.commands import BY_ID, COMMANDS, Command, Where

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_SPOKEN = ("ctrl", "alt", "shift", "meta", "super", "hyper")
_KEY = re.compile(r"((?:[^+]+\+)*)(\+|[^+]+)")
_ALIASES = {
    "control": "ctrl",
    "option": "alt",
    "opt": "alt",
    "cmd": "super",
    "command": "super",
    "esc": "escape",
    "return": "enter",
    "ret": "enter",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_down": "pagedown",
    "del": "delete",
    "ins": "insert",
    "bs": "backspace",
    "spc": "space",
}
_NAMED = frozenset(key.value for key in Keys if "+" not in key.value and "<" not in key.value and key.value.isalnum())
_SAME_BYTE = {
    "ctrl+i": "Tab",
    "ctrl+m": "Enter",
    "ctrl+h": "Backspace",
    "ctrl+left_square_bracket": "Escape",
}
_LABELS = {
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "delete": "Del",
    "insert": "Ins",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_OVERLAP: Mapping[Where, frozenset[Where]] = {
    Where.SCREEN: frozenset(Where),
    Where.EMPTY: frozenset({Where.SCREEN, Where.EMPTY}),
    Where.COMPOSER: frozenset({Where.SCREEN, Where.COMPOSER}),
    Where.TRANSCRIPT: frozenset({Where.SCREEN, Where.TRANSCRIPT}),
    Where.APPROVAL: frozenset({Where.SCREEN, Where.APPROVAL}),
}
"""Places in which two commands cannot have one key. EMPTY is asked before COMPOSER on purpose, so these two may share one."""


class BadKey(ValueError):
    """A key name that no terminal can send; the message says why, without a full stop."""


def canonical(text: str) -> str:
    """One spelling for a key or a sequence as somebody wrote it. Raises BadKey."""
    return " ".join(_one_key(part) for part in text.split(" ") if part)


def _one_key(text: str) -> str:
    shown = safe_line(text, 40)
    parts = _KEY.fullmatch(text)
    if parts is None:
        raise BadKey(f"{shown!r} is no key")
    modifiers = {_ALIASES.get(one, one) for one in parts[1].lower().split("+") if one}
    if unknown := modifiers.difference(_MODIFIERS):
        raise BadKey(f"{shown!r} has an unknown modifier, {min(unknown)}")
    name = _key_name(parts[2], bool(modifiers), shown)
    if "shift" in modifiers and _character(name):
        raise BadKey(f"{shown!r} never arrives like that: write the character that Shift gives")
    key = "+".join((*sorted(modifiers), name))
    if key in _SAME_BYTE:
        raise BadKey(f"{shown!r} cannot be told from {_SAME_BYTE[key]} in a terminal")
    return key


def _key_name(name: str, modified: bool, shown: str) -> str:
    if len(name) == 1:
        return key_of_character(name.lower() if modified else name)
    name = name.lower().replace("-", "_")
    name = _ALIASES.get(name, name)
    name = KEY_NAME_REPLACEMENTS.get(name, name)
    character = _character(name)
    if name in _NAMED or (character and (character.isascii() or not modified)):  # every name in Unicode is one of a character
        return name
    near = get_close_matches(name, sorted(_NAMED), 1)
    raise BadKey(f"there is no key {shown!r}" + (f" (did you mean {near[0]}?)" if near else ""))


def key_of_character(character: str) -> str:
    """What a key event is called that types this character."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def _character(name: str) -> str | None:
    """The character a key without modifiers types. Space is left out: with Shift it arrives as a key of its own."""
    if name in _NAMED:
        return None
    return key_to_character(REPLACED_KEYS.get(name, name)) or _with_hyphen(name.upper().split("_"))


def _with_hyphen(words: list[str]) -> str | None:
    """The character whose Unicode name is these words, one of the gaps a hyphen: a key's name no longer says which."""
    for gap in range(1, len(words)):
        try:
            return unicodedata.lookup(f"{' '.join(words[:gap])}-{' '.join(words[gap:])}")
        except KeyError:
            continue
    return None


def label(key: str) -> str:
    """A key for people: `Ctrl+N`, `Alt+↑`, `Ctrl+X Ctrl+E`, `?`."""
    return " ".join(_label(one) for one in key.split(" "))


def _label(key: str) -> str:
    *modifiers, name = key.split("+")
    shown = _LABELS.get(name) or _character(name) or name.capitalize()
    if modifiers and len(shown) == 1:
        shown = shown.upper()
    return "+".join((*(one.capitalize() for one in sorted(modifiers, key=_SPOKEN.index)), shown))


def _types_itself(key: str) -> bool:
    """Whether the key puts a character into a draft."""
    return key == "space" or _character(key) is not None


class Keymap:
    """The keys in force. Make one with `build`."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        self._keys = MappingProxyType(dict(keys))
        self._find: dict[tuple[Where, str], Command] = {}
        self._prefixes: set[tuple[Where, str]] = set()
        for command in COMMANDS:
            for key in self._keys[command.id]:
                self._find.setdefault((command.where, key), command)
                if " " in key:
                    self._prefixes.add((command.where, key.split(" ")[0]))

    @classmethod
    def build(cls, overrides: Mapping[str, str] | Mapping[str, str | list[str]] | None = None) -> tuple[Keymap, list[str]]:
        """The keys with `overrides` (command id → keys, "" for none), and a sentence about everything that could not be done."""
        problems: list[str] = []
        keys = {one.id: tuple(canonical(key) for key in one.keys) for one in COMMANDS}
        given: list[str] = []
        for name, value in (overrides or {}).items():
            command = BY_ID.get(name)
            if command is None:
                problems.append(_unknown(name))
                continue
            keys[name] = tuple(_wanted(command, value, problems))
            given.append(name)
        return cls(_settle(keys, given, problems)), problems

    def find(self, where: Where, key: str) -> Command | None:
        """What `key` (as an event names it, or a sequence) does in this place alone."""
        return self._find.get((where, key)) or self._find.get((where, key_of_character(key) if len(key) == 1 else key))

    def is_prefix(self, where: Where, key: str) -> bool:
        """Whether `key` begins a sequence of this place: `find(where, f"{key} {next}")` tells what it comes to."""
        return (where, key) in self._prefixes

    def keys_of(self, command_id: str) -> tuple[str, ...]:
        return self._keys[command_id]

    def labels_of(self, command_id: str) -> tuple[str, ...]:
        """The keys of a command for people, those of its twins after its own."""
        twins = (one.id for one in COMMANDS if one.does == command_id)
        return tuple(dict.fromkeys(label(key) for name in (command_id, *twins) for key in self._keys[name]))

    def hint(self, command_id: str) -> str:
        """The one key to name in a hint, else the slash command, "" where there is neither."""
        return next(iter(self.labels_of(command_id)), BY_ID[command_id].slash or "")

    def bindings(self, where: Where) -> list[Binding]:
        """The place's keys for a widget or screen that has `action_command(id)`; SCREEN's are heard before the focused widget.

        Sequences are not among them: ask `is_prefix` and `find`.
        """
        return [
            Binding(",".join(single), f"command('{one.id}')", one.title, show=False, priority=where is Where.SCREEN, id=one.id)
            for one in COMMANDS
            if one.where is where and (single := [key for key in self._keys[one.id] if " " not in key])
        ]


def _unknown(name: str) -> str:
    near = get_close_matches(name, BY_ID, 1)
    return f"keys: there is no command {safe_line(name, 60)!r}; it is ignored.{f' Did you mean {near[0]}?' if near else ''}"


def _wanted(command: Command, value: str | list[str], problems: list[str]) -> Iterable[str]:
    """The keys a user asks for that can be; a comma separates them, and alone or last in its place is the key."""
    texts = re.split(r"(?<=[^+,\s])\s*,\s*", value) if isinstance(value, str) else value
    for text in texts:
        if not text.strip():
            continue
        try:
            key = canonical(text.strip())
        except BadKey as problem:
            problems.append(f"keys: {command.id}: {problem}; it is left out.")
            continue
        if _types_itself(key) and command.where in (Where.SCREEN, Where.COMPOSER):
            problems.append(f"keys: {command.id}: {label(key)} is needed for typing; it is left out.")
            continue
        yield key


def _settle(keys: dict[str, tuple[str, ...]], given: list[str], problems: list[str]) -> dict[str, tuple[str, ...]]:
    """`keys` with every clash decided: what the user named first keeps the key, the others lose it and it is said."""
    taken: dict[str, list[tuple[str, str]]] = {}
    settled: dict[str, tuple[str, ...]] = {}
    for name in (*given, *(one.id for one in COMMANDS if one.id not in given)):
        kept: list[str] = []
        for key in dict.fromkeys(keys[name]):
            same_start = taken.setdefault(key.split(" ")[0], [])
            owner = next((one for one in same_start if _clash((name, key), one)), None)
            if owner is None:
                kept.append(key)
                same_start.append((name, key))
            else:
                problems.append(_clash_sentence((name, key), owner))
        settled[name] = tuple(kept)
    return settled


def _clash(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two keys are the same, or one the beginning of the other, in places that overlap."""
    (name, key), (owner, taken) = one, other
    same = f"{taken} ".startswith(f"{key} ") or f"{key} ".startswith(f"{taken} ")
    return same and BY_ID[owner].where in _OVERLAP[BY_ID[name].where]


def _clash_sentence(one: tuple[str, str], other: tuple[str, str]) -> str:
    (name, key), (owner, taken) = one, other
    if key == taken:
        return f"keys: {owner} and {name} both want {label(key)}; {owner} keeps it."
    return f"keys: {owner} has {label(taken)}, so {name} cannot have {label(key)}."
