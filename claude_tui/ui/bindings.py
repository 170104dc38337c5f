"""Key bindings in the order in which keys come.

Textual runs the bindings of a focused widget only after the key has wandered up to the app and back, while a character is typed at
once: of keys that arrive together, later ones then overtake earlier ones. A widget in which text is typed therefore runs bindings
itself, by `run_binding`, as each key comes.
"""

# pyright: reportPrivateUsage=false
# `_bindings` has no public name; tests/unit/ui/test_bindings.py holds it.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode


def set_bindings(node: DOMNode, bindings: Iterable[Binding]) -> None:
    """These, and none of those that its class declares."""
    node._bindings = BindingsMap(bindings)


def has_binding(node: DOMNode, key: str) -> bool:
    return key in node._bindings.key_to_bindings


async def run_binding(node: DOMNode, key: str) -> bool:
    """Do now what `key` is bound to on `node` itself; whether it is bound and could be done."""
    app = cast("App[Any]", node.app)  # pyright: ignore[reportUnknownMemberType]
    for binding in node._bindings.key_to_bindings.get(key, ()):
        if await app.run_action(binding.action, node):
            return True
    return False
