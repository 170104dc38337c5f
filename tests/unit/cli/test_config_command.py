"""`config show|edit`."""

import dataclasses
import json
import os
import shlex
import stat
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_tui.cli import config_command
from claude_tui.cli.config_command import edit, template
from claude_tui.cli.exits import UsageError
from claude_tui.config import Section, Settings, load
from claude_tui.files import Paths

from .conftest import Run

Editor = Callable[..., Path]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Name an editor that writes these contents, one each time it is started, and notes what it was started with."""

    def install(*contents: str | None, code: int = 0) -> Path:
        notes = tmp_path / "notes.json"
        script = tmp_path / "the editor.py"
        script.write_text(
            "import json, os, pathlib, sys\n"
            f"notes = pathlib.Path({str(notes)!r})\n"
            "seen = json.loads(notes.read_text()) if notes.exists() else []\n"
            f"contents = {list(contents)!r}\n"
            "file = pathlib.Path(sys.argv[-1])\n"
            "seen.append({'argv': sys.argv[1:], 'before': file.read_text(), 'env': dict(os.environ)})\n"
            "notes.write_text(json.dumps(seen))\n"
            "content = contents[len(seen) - 1]\n"
            "content is None or file.write_text(content)\n"
            f"sys.exit({code})\n"
        )
        monkeypatch.setenv("VISUAL", f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} --wait '$HOME;x'")
        return notes

    return install


def answers(monkeypatch: pytest.MonkeyPatch, *words: bool) -> None:
    replies = iter(words)
    monkeypatch.setattr(config_command, "_wants_again", lambda: next(replies))


def write(paths: Paths, text: str) -> None:
    paths.config.mkdir(parents=True)
    paths.config_file.write_text(text)
    paths.config_file.chmod(0o600)


def test_the_template_changes_nothing_until_it_is_edited_and_is_valid_as_it_stands(paths: Paths) -> None:
    assert tomllib.loads(template()) == {}
    bare = "\n".join(line.removeprefix("# ") for line in template().splitlines() if " = " in line or line.startswith("# ["))
    write(paths, bare)
    found = load({}, {}, paths).settings
    example = Section("openai", base_url="https://example.org/v1", api_key_env="EXAMPLE_KEY", model="some-model")
    examples = {
        "effort": "high",
        "system": "Answer briefly.",
        "base_url": "https://api.anthropic.com",
        "max_tokens": 32_000,
        "budget": {"day": 10.0},
        "providers": {"example": example},
    }
    assert found == dataclasses.replace(Settings(), **examples)


def test_a_first_edit_starts_from_the_template(paths: Paths, editor: Editor) -> None:
    notes = editor('model = "x"\n')
    assert edit(paths) == 0
    assert paths.config_file.read_text() == 'model = "x"\n'
    assert stat.S_IMODE(paths.config_file.stat().st_mode) == 0o600
    (seen,) = json.loads(notes.read_text())
    assert seen["before"] == template()
    assert seen["argv"][:2] == ["--wait", "$HOME;x"]
    assert [path.name for path in paths.config.iterdir()] == ["config.toml"]


def test_without_a_change_the_template_stays_to_be_filled_in(paths: Paths, editor: Editor) -> None:
    editor(None)
    assert edit(paths) == 0
    assert paths.config_file.read_text() == template()


def test_a_mistake_leaves_the_file_as_it_was(
    paths: Paths, editor: Editor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(paths, "retries = 1\n")
    editor("retries = 99\n")
    answers(monkeypatch, False)
    assert edit(paths) == 1
    assert paths.config_file.read_text() == "retries = 1\n"
    assert (paths.config / "config.toml.rejected").read_text() == "retries = 99\n"
    err = capsys.readouterr().err
    assert f"{paths.config_file}: retries is 99" in err and "unchanged" in err


def test_a_mistake_can_be_put_right(paths: Paths, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = editor("retries = \n", "retries = 3\n")
    answers(monkeypatch, True)
    assert edit(paths) == 0
    assert paths.config_file.read_text() == "retries = 3\n"
    assert json.loads(notes.read_text())[1]["before"] == "retries = \n"


def test_what_is_broken_already_can_be_edited(paths: Paths, editor: Editor) -> None:
    write(paths, "nonsense")
    editor("retries = 2\n")
    assert edit(paths) == 0
    assert load({}, {}, paths).settings.retries == 2


def test_the_editor_gets_no_credentials(paths: Paths, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-planted")
    monkeypatch.setenv("OTHER_TOKEN", "planted too")
    notes = editor("")
    edit(paths)
    assert "planted" not in notes.read_text()


def test_a_failing_editor_changes_nothing(paths: Paths, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    write(paths, "retries = 1\n")
    editor("retries = 2\n", code=3)
    answers(monkeypatch, False)
    assert edit(paths) == 1
    assert paths.config_file.read_text() == "retries = 1\n"


@pytest.mark.parametrize("command", ["", "'unclosed"])
def test_no_editor(paths: Paths, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    with pytest.raises(UsageError, match=r"editor|EDITOR"):
        edit(paths)


def test_an_editor_that_is_not_there(paths: Paths, run: Run) -> None:
    ended = run("config", "edit", EDITOR="/no/such/editor", VISUAL="")
    assert ended.code == 1 and "cannot be started" in ended.err
    assert not paths.config_file.exists()


def test_show(paths: Paths, run: Run) -> None:
    write(
        paths,
        'base_url = "https://me:hunter2@example.org"\nretries = 2\nodd = 1\n[providers.x]\n'
        'wire = "openai"\napi_key_env = "X_KEY"\napi_key_command = "echo hunter3"\nheaders = { a = "hunter4" }\n',
    )
    text = run("config", "show", CLAUDE_TUI_MODEL="m")
    assert text.code == 0 and "model = m  (CLAUDE_TUI_MODEL)" in text.out and "retries = 2  (config.toml)" in text.out
    assert "effort = unset  (default)" in text.out and "tools.calculator = allow  (default)" in text.out
    assert "'odd'" in text.err
    data = json.loads(run("config", "show", "-o", "json").out)
    assert data["path"] == str(paths.config_file)
    rows = {row["name"]: row for row in data["settings"]}
    assert rows["retries"]["value"] == 2 and rows["retries"]["source"] == "config.toml"
    assert rows["providers.x.wire"] == {
        "name": "providers.x.wire",
        "value": "openai",
        "source": "config.toml",
        "text": "The protocol it speaks: `anthropic` (Messages) or `openai` (Chat Completions).",
    }
    assert rows["providers.x.api_key_env"]["value"] == "X_KEY"
    assert rows["providers.x.api_key_command"]["value"] == rows["providers.x.headers"]["value"] == "[redacted]"
    assert "hunter" not in text.out + json.dumps(data)


def test_show_with_a_mistake(paths: Paths, run: Run) -> None:
    write(paths, "retries = 'x'")
    ended = run("config", "show")
    assert (ended.code, ended.out) == (2, "") and "retries" in ended.err
    assert os.fspath(paths.config_file) in ended.err
