"""Files and functions stay small enough to be read in one go.

The two tables are debts: an entry gives the size at which a file or function was accepted for now. They may only
shrink, so an entry whose subject has become smaller must be lowered, and one that is no longer needed must go.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.arch.tree import python_files, relative, syntax_tree

pytestmark = pytest.mark.unmeasured

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50

LARGE_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_lines(function: Function) -> int:
    """Lines from `def` to the end, decorators and docstring left out, nested functions counted in."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def named_functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    """Every function below a node with its dotted name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{prefix}{child.name}", child
            yield from named_functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from named_functions(child, f"{prefix}{child.name}.")
        else:
            yield from named_functions(child, prefix)


def check(sizes: dict[str, int], limit: int, accepted: dict[str, int]) -> list[str]:
    """Sentences about everything too large, and about every accepted size that is out of date."""
    problems = [
        f"{name}: {size} lines, at most {accepted.get(name, limit)}"
        for name, size in sizes.items()
        if size > accepted.get(name, limit)
    ]
    for name, size in accepted.items():
        now = sizes.get(name, 0)
        if now <= limit:
            problems.append(f"{name}: needs no exception any more, remove it")
        elif now < size:
            problems.append(f"{name}: has shrunk to {now}, lower its exception from {size}")
    return problems


def test_no_file_is_too_long() -> None:
    sizes = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    problems = check(sizes, MAX_FILE_LINES, LARGE_FILES)
    assert not problems, "\n".join(problems)


def test_no_function_is_too_long() -> None:
    sizes: dict[str, int] = {}
    for path in python_files():
        for name, function in named_functions(syntax_tree(path), f"{relative(path)}:"):
            sizes[name] = max(sizes.get(name, 0), function_lines(function))
    problems = check(sizes, MAX_FUNCTION_LINES, LONG_FUNCTIONS)
    assert not problems, "\n".join(problems)


def test_the_rules_find_offenders_and_stale_exceptions() -> None:
    sizes = {"long.py": 12, "shrunk.py": 14, "fine.py": 3}
    problems = check(sizes, 10, {"shrunk.py": 15, "fine.py": 20})
    assert [problem.split(":")[0] for problem in problems] == ["long.py", "shrunk.py", "fine.py"]
