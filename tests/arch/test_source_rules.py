"""Rules on the source itself: what must not be imported, called, swallowed or named, and what must be explained."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arch.tree import imported_modules, python_files, relative, syntax_tree

pytestmark = pytest.mark.unmeasured

VAGUE_CLASS_NAME = re.compile(r"(Manager|Handler|Helpers?|Utils?|Controller|Service)$")
VAGUE_MODULE_NAMES = frozenset({"common", "controller", "handler", "helper", "helpers", "manager", "misc", "service"})
VAGUE_MODULE_NAMES |= {"util", "utils"}
SLEEPS = frozenset({"asyncio.sleep", "anyio.sleep", "sleep"})
SUPPRESSES = frozenset({"contextlib.suppress", "suppress"})
EVERYTHING = frozenset({"Exception", "BaseException"})

# Files that open a database of another program, never ours. None yet.
MAY_IMPORT_SQLITE3: frozenset[str] = frozenset()


def where(path: Path, line: int) -> str:
    return f"{relative(path)}:{line}"


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of names, nothing for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def sleeps(tree: ast.Module) -> Iterator[int]:
    """Lines that block the thread, or wait a second or more by a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (node.lineno for alias in node.names if alias.name == "sleep")
        elif (isinstance(node, ast.Attribute) and dotted(node) == "time.sleep") or _waits_long(node):
            yield node.lineno


def _waits_long(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and dotted(node.func) in SLEEPS and node.args):
        return False
    value = node.args[0]
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value >= 1


def _catches_everything(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(dotted(one) in EVERYTHING for one in kinds)


def _does_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def swallowed(tree: ast.Module) -> Iterator[int]:
    """Lines where any error at all disappears without a trace."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if _catches_everything(node.type) and all(_does_nothing(one) for one in node.body):
                yield node.lineno
        elif isinstance(node, ast.Call) and dotted(node.func) in SUPPRESSES:
            yield from (node.lineno for kind in node.args if dotted(kind) in EVERYTHING)


def test_nothing_sleeps() -> None:
    found = [where(path, line) for path in python_files() for line in sleeps(syntax_tree(path))]
    assert not found, f"wait for an event instead: {found}"


def test_no_error_is_swallowed() -> None:
    found = [where(path, line) for path in python_files() for line in swallowed(syntax_tree(path))]
    assert not found, f"name the error, or log it: {found}"


@pytest.mark.parametrize(
    ("rule", "source", "lines"),
    [
        (sleeps, "import time\ntime.sleep(0.1)", [2]),
        (sleeps, "from time import sleep, monotonic", [1]),
        (sleeps, "await asyncio.sleep(1)\nawait asyncio.sleep(0)\nawait asyncio.sleep(delay)", [1]),
        (swallowed, "try:\n    f()\nexcept:\n    pass", [3]),
        (swallowed, "try:\n    f()\nexcept (OSError, Exception) as error:\n    ...", [3]),
        (swallowed, "try:\n    f()\nexcept OSError:\n    pass", []),
        (swallowed, "try:\n    f()\nexcept Exception:\n    log()", []),
        (swallowed, "with suppress(BaseException):\n    f()\nwith suppress(OSError):\n    f()", [1]),
    ],
)
def test_the_rules_find_offenders(rule: object, source: str, lines: list[int]) -> None:
    assert callable(rule)
    assert list(rule(ast.parse(source))) == lines


def test_sqlite3_is_imported_nowhere() -> None:
    """A second copy of SQLite in the process drops the locks the first one holds on the history file."""
    found = [
        where(path, line)
        for path in python_files()
        for module, line in imported_modules(path)
        if module.split(".")[0] in {"sqlite3", "_sqlite3"} and relative(path) not in MAY_IMPORT_SQLITE3
    ]
    assert not found, f"use apsw: {found}"


def test_names_say_what_a_thing_does() -> None:
    found = [
        f"{where(path, node.lineno)} {node.name}"
        for path in python_files("claude_tui")
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS_NAME.search(node.name)
    ]
    found += [relative(path) for path in python_files("claude_tui") if path.stem.strip("_") in VAGUE_MODULE_NAMES]
    assert not found, f"name the responsibility: {found}"


def test_every_module_says_what_it_is_for() -> None:
    found = [relative(path) for path in python_files("claude_tui") if not ast.get_docstring(syntax_tree(path))]
    assert not found, f"no module docstring: {found}"


def test_every_folder_of_the_package_is_a_package() -> None:
    """A folder without `__init__.py` would be left out of the import contracts."""
    folders = {path.parent for path in python_files("claude_tui")}
    found = sorted(relative(folder) for folder in folders if not (folder / "__init__.py").is_file())
    assert not found
