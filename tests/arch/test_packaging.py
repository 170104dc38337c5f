"""What is installed, under which name, from where, and what the first lines of the README promise."""

import ast
import re
import stat
from importlib.metadata import packages_distributions

import pytest

from tests.arch.tree import ROOT, imported_modules, project_files, pyproject, python_files, relative, text_of

pytestmark = pytest.mark.unmeasured

# Imported although not declared: they are part of a declared package's own interface.
COMES_WITH = {"click": "typer", "httpx2": "anthropic", "jiter": "anthropic"}
# Imported by the code of an extra only.
OPTIONAL = frozenset({"keyring", "openai"})

README_RUN = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e . && .venv/bin/claude-tui demo"
README_TEST = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[test]' && .venv/bin/pytest -n auto"

# The bare name on the package index is another program; only a path or the suffixed name may be installed.
FOREIGN_PROGRAM = re.compile(
    r"""(?:
        \b(?:pip3?|pipx|uv|poetry|conda|brew)\b[^\n|&;]*?\s(?:install|add|inject|upgrade)\s+(?:-\S+\s+)*
      | \b(?:uvx|pipx\s+run|uv\s+tool\s+run)\s+(?:-\S+\s+)*
      | --(?:from|with|spec)[\s=]
    )['"]?claude-tui(?![\w-])""",
    re.VERBOSE,
)
# The address of an index belongs to the machine that installs, never to the project.
REGISTRY = re.compile(r"https?://[^\s]*(?:pypi|pythonhosted|/simple\b|registry\.)|--(?:extra-)?index-url|--find-links")
LOCK_FILES = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json"})


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    return normal(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0])


def declared() -> set[str]:
    return {requirement_name(one) for one in pyproject()["project"]["dependencies"]}


def imported() -> dict[str, str]:
    """Top-level package → one file of ours that imports it."""
    found: dict[str, str] = {}
    for path in python_files("claude_tui"):
        found |= {module.split(".")[0]: relative(path) for module, _ in imported_modules(path)}
    return found


def test_every_dependency_is_used() -> None:
    provided_by = packages_distributions()
    used = {normal(name) for package in imported() for name in provided_by.get(package, [])}
    assert not declared() - used, "declared but not imported"


def test_every_import_is_declared() -> None:
    provided_by = packages_distributions()
    known = declared() | {normal(name) for name in OPTIONAL}
    found = {
        package: path
        for package, path in imported().items()
        if package in provided_by
        and package not in COMES_WITH
        and package != "claude_tui"
        and not known & {normal(name) for name in provided_by[package]}
    }
    assert not found


def test_the_distribution_has_its_own_name() -> None:
    project = pyproject()["project"]
    assert project["name"] == "claude-tui-chat"
    assert project["scripts"] == {"claude-tui": "claude_tui.__main__:main"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("pip install claude-tui", True),
        ("pipx install --force 'claude-tui'", True),
        ("uv tool install claude-tui", True),
        ("uvx claude-tui ask hello", True),
        ("uv run --with claude-tui claude-tui", True),
        ("pip install claude-tui-chat", False),
        ("pipx install . && claude-tui demo", False),
        ("uvx --from . claude-tui demo", False),
        (README_RUN, False),
    ],
)
def test_the_rule_on_the_name_knows_the_difference(text: str, wrong: bool) -> None:
    assert bool(FOREIGN_PROGRAM.search(text)) is wrong


def test_no_text_tells_people_to_install_another_program() -> None:
    found = [
        f"{relative(path)}: {hit.group(0)}"
        for path in project_files()
        if not relative(path).startswith("tests/arch/")
        for hit in FOREIGN_PROGRAM.finditer(text_of(path))
    ]
    assert not found


def test_no_file_names_a_registry_or_a_place_on_this_machine() -> None:
    found = [relative(path) for path in project_files() if path.name in LOCK_FILES]
    for path in project_files():
        if relative(path).startswith("tests/arch/"):
            continue
        found += [f"{relative(path)}: {hit.group(0)}" for hit in REGISTRY.finditer(text_of(path))]
        if len(ROOT.parts) > 2 and str(ROOT) in text_of(path):
            found.append(f"{relative(path)}: {ROOT}")
    assert not found


def test_constraints_are_names_and_exact_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in pins)
    project = pyproject()["project"]
    extras = [one for requirements in project["optional-dependencies"].values() for one in requirements]
    wanted = declared() | {requirement_name(one) for one in extras}
    assert wanted - {normal(line.split("==")[0]) for line in pins} == {"claude-tui-chat"}


def test_the_readme_opens_with_two_commands_that_do_everything() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [block.strip() for block in blocks[:2]] == [README_RUN, README_TEST]
    assert text.index("```") < 700, "the commands come first"


def test_the_gate_can_be_started() -> None:
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & stat.S_IXUSR
    assert gate.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_the_version_is_written_once() -> None:
    assert pyproject()["project"]["dynamic"] == ["version"]
    tree = ast.parse((ROOT / "claude_tui" / "__init__.py").read_text(encoding="utf-8"))
    values = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert len(values) == 1
