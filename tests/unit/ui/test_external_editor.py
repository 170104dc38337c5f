"""The user's own editor: which one, on what file, and that the text comes back whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import App, SuspendNotSupported

from claude_tui.ui import external_editor
from claude_tui.ui.external_editor import EditorFailed, edit


class Screen(App[None]):
    """An app that can hand its terminal over."""

    suspended = 0

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.suspended += 1
        yield
        self.suspended -= 1  # like Textual's: not after an error


@pytest.fixture
async def app() -> Iterator[Screen]:
    made = Screen()
    yield made
    assert made.suspended == 0
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """An environment whose editor does this to `path`."""

    def make(body: str) -> dict[str, str]:
        file = tmp_path / "my editor"
        file.write_text(f"#!{sys.executable}\nimport os, pathlib, signal, sys\npath = pathlib.Path(sys.argv[-1])\n{body}\n")
        file.chmod(0o700)
        return {"VISUAL": f"'{file}' --wait", "PATH": os.defpath, "NOTES": str(tmp_path / "notes")}

    return make


Editor = Callable[[str], dict[str, str]]


async def test_the_text_goes_in_and_comes_back(app: Screen, editor: Editor) -> None:
    environ = editor("text = path.read_text()\nassert text == '草稿\\n', text\npath.write_text(text + 'zwei\\r\\ndrei\\n')")
    assert await edit(app, "草稿", environ) == "草稿\nzwei\ndrei"


async def test_nothing_changed_is_none(app: Screen, editor: Editor) -> None:
    for text in ("", "one", "one\n", "one\n\n"):
        assert await edit(app, text, editor("path.write_bytes(path.read_bytes())")) is None


async def test_the_file_is_private_markdown_and_gone_afterwards(app: Screen, editor: Editor, tmp_path: Path) -> None:
    note = (
        "mode = lambda one: f'{one.stat().st_mode & 0o777:o}'\n"
        "open(os.environ['NOTES'], 'w').write(f'{path} {mode(path)} {mode(path.parent)} {sys.argv[1]}')"
    )
    await edit(app, "x", editor(note))
    path, mode, folder_mode, argument = (tmp_path / "notes").read_text().split()
    assert (mode, folder_mode, argument) == ("600", "700", "--wait")
    assert path.endswith(".md")
    assert not Path(path).parent.exists()


async def test_the_editor_hears_the_keyboard_and_not_our_credentials(app: Screen, editor: Editor, tmp_path: Path) -> None:
    note = "open(os.environ['NOTES'], 'w').write(f'{signal.getsignal(signal.SIGINT)} {sorted(os.environ)}')"
    await edit(app, "x", {**editor(note), "ANTHROPIC_API_KEY": "k", "GITHUB_TOKEN": "k", "MY_SETTING": "1"})
    notes = (tmp_path / "notes").read_text()
    assert "default_int_handler" in notes
    assert "MY_SETTING" in notes
    assert "ANTHROPIC" not in notes
    assert "TOKEN" not in notes


@pytest.mark.parametrize(
    ("body", "held", "said"),
    [
        ("path.write_text('half'); sys.exit(3)", "half", "ended with code 3"),
        ("path.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)", "half", "ended on signal 9"),
        ("path.unlink()", "draft", "cannot be read"),
        ("path.unlink(); os.mkfifo(path)", "draft", "no file"),
    ],
)
async def test_a_failure_keeps_the_text(app: Screen, editor: Editor, body: str, held: str, said: str) -> None:
    with pytest.raises(EditorFailed, match=said) as failed:
        await edit(app, "draft", editor(body))
    assert failed.value.text == held


async def test_bytes_that_are_no_text_are_replaced(app: Screen, editor: Editor) -> None:
    assert await edit(app, "x", editor("path.write_bytes(b'\\xef\\xbb\\xbfa\\xe9b')")) == "a\ufffdb"


async def test_too_much_is_cut_and_said(app: Screen, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_editor, "LARGEST", 10)
    with pytest.raises(EditorFailed, match="longer than 10 bytes") as failed:
        await edit(app, "x", editor("path.write_text('y' * 20)"))
    assert failed.value.text == "y" * 10


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"VISUAL": "no-such-editor -w"}, r"The editor in \$VISUAL is not there: no-such-editor"),
        ({"EDITOR": "'unclosed"}, r"\$EDITOR cannot be read"),
        ({}, "No editor was found"),
    ],
)
async def test_no_editor_is_a_sentence(app: Screen, environ: dict[str, str], said: str) -> None:
    with pytest.raises(EditorFailed, match=said) as failed:
        await edit(app, "draft", {"PATH": "/nowhere", **environ})
    assert failed.value.text == "draft"


async def test_an_editor_that_cannot_be_started_leaves_the_screen_ours(app: Screen, tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("#!/nowhere/interpreter\n")
    (tmp_path / "broken").chmod(0o700)
    with pytest.raises(EditorFailed, match="cannot be started"):
        await edit(app, "draft", {"EDITOR": str(tmp_path / "broken"), "PATH": ""})


async def test_what_is_there_is_taken_without_a_setting(app: Screen, tmp_path: Path) -> None:
    (tmp_path / "nano").write_text('#!/bin/sh\necho nano > "$1"\n')
    (tmp_path / "nano").chmod(0o700)
    assert await edit(app, "x", {"PATH": str(tmp_path), "VISUAL": " "}) == "nano"


async def test_a_screen_that_cannot_be_handed_over(app: Screen, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise SuspendNotSupported("no")

    monkeypatch.setattr(app, "suspend", refuse)
    with pytest.raises(EditorFailed, match="cannot be opened here"):
        await edit(app, "x", editor(""))


@pytest.mark.parametrize("before", ["", "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"])
async def test_cancelling_ends_the_editor(app: Screen, editor: Editor, tmp_path: Path, before: str) -> None:
    notes = tmp_path / "notes"
    body = (
        "notes = os.environ['NOTES']\nopen(notes + '~', 'w').write(str(os.getpid()))\nos.rename(notes + '~', notes)\nsignal.pause()"
    )
    task = asyncio.ensure_future(edit(app, "x", editor(before + body)))
    while not notes.exists():
        assert not task.done(), task.result()
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(notes.read_text()), 0)
