"""Where credentials would be found, by name only, without loading the SDK."""

import subprocess
import sys
from pathlib import Path

import pytest

from claude_tui.providers import credentials, loading
from claude_tui.providers.anthropic import AnthropicProvider

SECRET = "sk-ant-api03-PLANTED"


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    folder = tmp_path / "profiles"
    (folder / "configs").mkdir(parents=True)
    for name in ("default", "work"):
        (folder / "configs" / f"{name}.json").write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ()),
        ({"ANTHROPIC_API_KEY": SECRET}, ("ANTHROPIC_API_KEY",)),
        ({"ANTHROPIC_API_KEY": ""}, ()),
        ({"ANTHROPIC_AUTH_TOKEN": SECRET, "ANTHROPIC_API_KEY": SECRET}, ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")),
        ({"ANTHROPIC_IDENTITY_TOKEN_FILE": "/x"}, ("ANTHROPIC_IDENTITY_TOKEN",)),
    ],
)
def test_variables_by_name(environ: dict[str, str], names: tuple[str, ...], tmp_path: Path) -> None:
    assert credentials.names({"ANTHROPIC_CONFIG_DIR": str(tmp_path), **environ}) == names


def test_profiles(profiles: Path, tmp_path: Path) -> None:
    environ = {"ANTHROPIC_CONFIG_DIR": str(profiles)}
    assert credentials.names(environ) == ("profile default",)
    (profiles / "active_config").write_text("work\n")
    assert credentials.names(environ) == ("profile work",)
    assert credentials.profile({**environ, "ANTHROPIC_PROFILE": "nobody"}) is None
    (profiles / "active_config").write_bytes(b"\xff\x00")
    assert credentials.names(environ) == ("profile default",)
    (profiles / "active_config").write_text("a\0b")
    assert credentials.names(environ) == ()


def test_a_key_of_our_own_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AnthropicProvider().credentials() == ()
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    assert AnthropicProvider().credentials() == ("ANTHROPIC_API_KEY",)
    assert AnthropicProvider(api_key=SECRET).credentials() == ("api_key",)


def test_asking_loads_no_sdk() -> None:
    source = "import sys; from claude_tui.providers.anthropic import AnthropicProvider as A; A().credentials(); "
    ended = subprocess.run([sys.executable, "-c", source + "assert 'anthropic' not in sys.modules"], timeout=30, check=False)
    assert ended.returncode == 0


def test_warming_up_begins_the_import_and_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr("claude_tui.providers.anthropic.start_import", begun.append)
    AnthropicProvider().warm_up()
    assert begun == ["anthropic"] and loading.start_import is not None
