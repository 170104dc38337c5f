"""The files of the project as the rules see them: tracked by git or about to be, and never generated ones."""

import ast
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("claude_tui", "tests", "benchmarks", "scripts")
SKIPPED_FOLDERS = frozenset({"__pycache__", "build", "dist", "htmlcov"})


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is or would be committed; outside a git checkout, every file not hidden or generated."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not _is_generated(path.relative_to(ROOT))]
    return tuple(sorted(path for path in found if path.is_file()))


def _is_generated(path: Path) -> bool:
    return any(part.startswith(".") or part in SKIPPED_FOLDERS for part in path.parts)


def relative(path: Path) -> str:
    """The name to show for a file, the same on every system."""
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> list[Path]:
    """The Python sources below these top-level folders; below all of them when none is named."""
    wanted = folders or CODE_FOLDERS
    return [path for path in project_files() if path.suffix == ".py" and relative(path).split("/")[0] in wanted]


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The parsed source, shared by all rules."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=relative(path))


@cache
def text_of(path: Path) -> str:
    """The text of a file, or nothing when it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def imported_modules(path: Path) -> list[tuple[str, int]]:
    """Every absolute import of a file with its line, deferred ones included: `a.b` for `from a.b import c`."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append((node.module, node.lineno))
    return found


@cache
def pyproject() -> dict[str, Any]:
    """The parsed pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
