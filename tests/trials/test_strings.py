"""Hostile strings: every inlet there is is tried, and the judges would notice. test_torture.py tries that nothing gets through."""

from __future__ import annotations

import ast
import asyncio
import importlib
import pkgutil
from pathlib import Path
from typing import Any, get_args

import pytest
from textual.screen import Screen

from claude_tui import cli, ui
from claude_tui.domain.events import Event
from claude_tui.domain.text import safe_text
from claude_tui.render import cells
from claude_tui.ui.conversation import Conversation
from scripts.trials import inlets_text, judging, strings
from scripts.trials.hostile import Attacker
from scripts.trials.inlets_cells import MAKERS, own_sentences
from scripts.trials.inlets_screen import DIALOGS

SEED = 2026


def broken(name: str) -> list[str]:
    return asyncio.run(strings._batches(strings.INLETS[name], 20, Attacker(SEED)))


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("claude_tui.render.notice_cell.safe_text", "notices and seams"),
        ("claude_tui.cli.labels.safe_text", "plain mode"),
        ("claude_tui.cli.exits.safe_text", "sentences on standard error"),
        ("claude_tui.providers.errors.safe_line", "errors of endpoints"),
    ],
)
def test_a_sanitiser_that_is_away_is_noticed_and_the_string_told(monkeypatch: pytest.MonkeyPatch, target: str, name: str) -> None:
    monkeypatch.setattr(target, lambda text, limit=0: text)
    found = broken(name)
    assert found and all(one.startswith(name) for one in found)


def test_what_fails_is_cut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claude_tui.cli.exits.safe_text", lambda text: text.replace("\x05", "") if "\x05" not in text else text)
    monkeypatch.setattr(Attacker, "strings", lambda self, count: ["a good text"] * (count - 1) + ["some words \x05 and more words"])
    (found,) = asyncio.run(strings._batches(strings.INLETS["sentences on standard error"], 1, Attacker(SEED)))
    assert found.endswith("of [\"'\\\\x05'\"]")


@pytest.mark.parametrize("code", [0x1B, 0x9B, 0x202E, 0xE0041, 0xD800, 0x1FFFE, 0x2028, 0x1BCA0, 0x200B])
def test_the_judges_know_what_is_hidden(code: int) -> None:
    with pytest.raises(judging.Leak):
        judging.plain(f"a{chr(code)}b")
    judging.plain(safe_text(f"a{chr(code)}b"))


def test_the_same_seed_gives_the_same_strings() -> None:
    assert Attacker(1).strings(50) == Attacker(1).strings(50) != Attacker(2).strings(50)


# Every inlet there is.


def drawn() -> tuple[set[str], set[type]]:
    """The classes of cells and of events that the trial makes."""
    kinds, events = set[str](), set[type]()
    source = Attacker(SEED)
    for make in MAKERS.values():
        conversation = Conversation()
        for event in make(["x"] * 12, source):
            conversation(event)
            events.add(type(event))
        kinds |= {type(cell).__name__ for cell in conversation.cells}
    return kinds | {type(cell).__name__ for cell in own_sentences(["x"])}, events


def test_every_kind_of_cell_and_of_event_is_tried() -> None:
    kinds, events = drawn()
    assert kinds >= {name for name in cells.__all__ if name.endswith("Cell")} - {"StreamingCell"}
    on_the_dock = {"RetryScheduled", "ApprovalRequested", "Notice", "SessionChanged"}
    silent = {"ApprovalResolved", "Alive", "UsageReported"}
    assert {kind.__name__ for kind in get_args(Event)} - {kind.__name__ for kind in events} == on_the_dock | silent


def every(kind: type[Any]) -> set[type[Any]]:
    return {one for below in kind.__subclasses__() for one in ({below} | every(below))}


def test_every_dialog_is_tried() -> None:
    for module in pkgutil.iter_modules(ui.__path__):
        importlib.import_module(f"claude_tui.ui.{module.name}")
    ours = {one.__name__ for one in every(Screen) if one.__module__.startswith("claude_tui.")}
    assert ours - {"Panel", "ListPanel", "ChatScreen"} == {one.__name__ for one in DIALOGS}


def test_every_module_that_prints_is_tried() -> None:
    found = set[str]()
    for path in Path(next(iter(cli.__path__))).glob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        names = {
            call.id if isinstance(call, ast.Name) else call.attr for call in calls if isinstance(call, ast.Name | ast.Attribute)
        }
        opens = any(isinstance(call, ast.Attribute) and call.attr == "write" for call in calls)
        if "print" in names or (opens and path.stem != "output"):
            found.add(path.stem)
    assert found == set(inlets_text.WRITERS)
    assert {name for name in inlets_text.WRITERS.values() if name} <= set(strings.INLETS)
