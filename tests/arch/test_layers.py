"""Who may import whom: the static contracts of pyproject.toml, and what their graph cannot say."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.arch.tree import ROOT, imported_modules, python_files, relative, syntax_tree

LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"

# The only third-party packages that a folder may import; a folder that is not named here is free.
ALLOWED = {
    "claude_tui/domain/": frozenset[str](),
    "claude_tui/engine/": frozenset[str](),
    "claude_tui/fakeapi/": frozenset({"h11"}),
    "claude_tui/store/": frozenset({"apsw"}),
}


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    contracts = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-logo", "--cache-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert contracts.returncode == 0, contracts.stdout + contracts.stderr
    assert " 0 broken" in contracts.stdout


@pytest.mark.parametrize("folder", ALLOWED)
def test_third_party_packages_stay_in_their_layer(folder: str) -> None:
    own = {"claude_tui", *sys.stdlib_module_names, *ALLOWED[folder]}
    found = [
        f"{relative(path)}:{line} {module}"
        for path in python_files("claude_tui")
        if relative(path).startswith(folder)
        for module, line in imported_modules(path)
        if module.split(".")[0] not in own
    ]
    assert not found, f"only {sorted(ALLOWED[folder]) or 'the standard library'} may be imported here: {found}"


def test_the_package_itself_imports_nothing() -> None:
    path = ROOT / "claude_tui" / "__init__.py"
    assert not imported_modules(path)
    assert syntax_tree(path).body, "the version lives here"
