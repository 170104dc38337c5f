"""Settings: where each comes from, what is refused and in which words."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_tui import config
from claude_tui.config import ConfigError, Settings, load
from claude_tui.config_values import MAX_FILE_BYTES
from claude_tui.files import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"CLAUDE_TUI_HOME": str(tmp_path / "home")})


def write(paths: Paths, text: str | bytes) -> Path:
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_bytes(text.encode() if isinstance(text, str) else text)
    paths.config_file.chmod(0o600)
    return paths.config_file


def refusal(paths: Paths, flags: dict[str, object] | None = None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(flags, environ or {}, paths)
    return str(caught.value)


def test_without_anything_the_defaults_hold(paths: Paths) -> None:
    loaded = load({}, {}, paths)
    assert loaded.settings == Settings()
    assert set(loaded.sources.values()) == {"default"}
    assert loaded.warnings == ()
    assert loaded.settings.model == "claude-opus-5-5"
    assert loaded.settings.max_tokens is None
    assert loaded.settings.tools == {"calculator": "allow", "current_time": "allow"}


def test_flag_over_environment_over_file_over_default(paths: Paths) -> None:
    write(paths, 'model = "from-file"\nretries = 1\nidle_timeout = 7\n')
    environ = {"CLAUDE_TUI_MODEL": "from-environment", "CLAUDE_TUI_RETRIES": "2"}
    loaded = load({"model": "from-flag", "effort": None}, environ, paths)
    assert (loaded.settings.model, loaded.settings.retries, loaded.settings.idle_timeout) == ("from-flag", 2, 7.0)
    assert loaded.settings.effort is None
    assert {name: loaded.sources[name] for name in ("model", "retries", "idle_timeout", "effort")} == {
        "model": "flag",
        "retries": "CLAUDE_TUI_RETRIES",
        "idle_timeout": "config.toml",
        "effort": "default",
    }


def test_an_empty_variable_is_not_set(paths: Paths) -> None:
    loaded = load({}, {"CLAUDE_TUI_MODEL": "", "ANTHROPIC_BASE_URL": "", "CLAUDE_TUI_TOOLS__CALCULATOR": ""}, paths)
    assert loaded.settings == Settings()


def test_tools_merge_by_name(paths: Paths) -> None:
    write(paths, '[tools]\nmcp__files__read = "ask"\ncalculator = "ask"\n')
    loaded = load({}, {"CLAUDE_TUI_TOOLS__CALCULATOR": "deny", "CLAUDE_TUI_TOOLS__MCP__X__Y": "allow"}, paths)
    assert loaded.settings.tools == {
        "calculator": "deny",
        "current_time": "allow",
        "mcp__files__read": "ask",
        "mcp__x__y": "allow",
    }
    assert loaded.sources["tools.calculator"] == "CLAUDE_TUI_TOOLS__CALCULATOR"
    assert loaded.sources["tools.current_time"] == "default"
    assert loaded.sources["tools.mcp__files__read"] == "config.toml"
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("environ", "file", "expected", "source"),
    [
        ({"ANTHROPIC_BASE_URL": "http://127.0.0.1:8080"}, "", "http://127.0.0.1:8080", "ANTHROPIC_BASE_URL"),
        (
            {"ANTHROPIC_BASE_URL": "https://a.example", "CLAUDE_TUI_BASE_URL": "https://b.example"},
            "",
            "https://b.example",
            "CLAUDE_TUI_BASE_URL",
        ),
        ({}, 'base_url = "https://c.example/v1"', "https://c.example/v1", "config.toml"),
        ({"ANTHROPIC_BASE_URL": "http://[::1]:9"}, 'base_url = "https://c.example"', "http://[::1]:9", "ANTHROPIC_BASE_URL"),
        ({"ANTHROPIC_BASE_URL": "http://localhost:9/"}, "", "http://localhost:9/", "ANTHROPIC_BASE_URL"),
    ],
)
def test_base_url(paths: Paths, environ: dict[str, str], file: str, expected: str, source: str) -> None:
    write(paths, file)
    loaded = load({}, environ, paths)
    assert (loaded.settings.base_url, loaded.sources["base_url"]) == (expected, source)


@pytest.mark.parametrize(
    "address",
    ["http://example.org", "ftp://example.org", "example.org", "https://", "https://a b.example", "https://h:99999", "http://[::1"],
)
def test_an_address_a_key_must_not_go_to(paths: Paths, address: str) -> None:
    text = refusal(paths, environ={"ANTHROPIC_BASE_URL": address})
    assert text.startswith("ANTHROPIC_BASE_URL is ")
    assert "https://" in text


def test_a_password_in_an_address_is_not_repeated(paths: Paths) -> None:
    assert "hunter2" not in refusal(paths, environ={"ANTHROPIC_BASE_URL": "http://me:hunter2@example.org/x"})


def test_the_folder_of_the_process_sets_nothing(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text('base_url = "https://evil.example"')
    (tmp_path / ".env").write_text("ANTHROPIC_BASE_URL=https://evil.example")
    monkeypatch.chdir(tmp_path)
    assert load({}, {}, paths).settings.base_url is None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("max_tokens", "many", "a whole number from 1 to 10000000"),
        ("max_tokens", "0", "a whole number from 1 to 10000000"),
        ("max_tokens", "1.5", "a whole number"),
        ("retries", "-1", "a whole number from 0 to 20"),
        ("idle_timeout", "nan", "a number from 0.001 to 86400"),
        ("idle_timeout", "inf", "a number from 0.001 to 86400"),
        ("connect_timeout", "0", "a number from 0.001 to 86400"),
        ("effort", "maximal", "one of low, medium, high, xhigh, max"),
        ("model", "  ", "a text that is not blank"),
        ("model", "a\nb", "a text that is not blank"),
        ("provider", "elsewhere", "known here: anthropic"),
    ],
)
def test_what_is_wrong_is_said_with_its_source(paths: Paths, name: str, text: str, words: str) -> None:
    flag, variable = "--" + name.replace("_", "-"), "CLAUDE_TUI_" + name.upper()
    by_flag = refusal(paths, flags={name: text})
    by_variable = refusal(paths, environ={variable: text})
    assert by_flag.startswith(f"{flag} is ") and words in by_flag
    assert by_variable.startswith(f"{variable} is ") and words in by_variable


@pytest.mark.parametrize(
    ("toml", "key", "words"),
    [
        ('max_tokens = "5"', "max_tokens", "a whole number"),
        ("max_tokens = true", "max_tokens", "a whole number"),
        ("idle_timeout = true", "idle_timeout", "a number"),
        ("model = 5", "model", "a text"),
        ("tools = 5", "tools", "a section, [tools]"),
        ('[tools]\ncalculator = "perhaps"', "tools.calculator", "one of allow, ask, deny"),
        ("[providers]\nmine = 5", "providers.mine", "a section"),
        ('effort = ["low"]', "effort", "one of low"),
    ],
)
def test_wrong_types_in_the_file(paths: Paths, toml: str, key: str, words: str) -> None:
    path = write(paths, toml)
    text = refusal(paths)
    assert text.startswith(f"{path}: {key} is ")
    assert words in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("model = ", "line 1"),
        ('a = 1\nmodel = "x', "line 2"),
        ("\n\nmodel 5", "line 3"),
        ("[tools\n", "line 1"),
        (b"model = '\xff'", "not UTF-8"),
        ("x = " + "[" * 5_000, "nested too deeply"),
    ],
)
def test_a_broken_file_is_named_with_the_line(paths: Paths, content: str | bytes, words: str) -> None:
    path = write(paths, content)
    text = refusal(paths)
    assert text.startswith(str(path)) and words in text


def test_a_file_with_a_byte_order_mark(paths: Paths) -> None:
    write(paths, b'\xef\xbb\xbfmodel = "x"\r\n')
    assert load({}, {}, paths).settings.model == "x"


def test_a_folder_in_the_place_of_the_file(paths: Paths) -> None:
    paths.config_file.mkdir(parents=True)
    assert "cannot be read" in refusal(paths)


def test_unknown_keys_are_named_with_the_nearest(paths: Paths) -> None:
    path = write(paths, 'modle = "x"\nmax-tokens = 3\nzzz = 1\n')
    warnings = load({}, {"CLAUDE_TUI_MODLE": "x", "CLAUDE_TUI_HOME": "y", "CLAUDE_OTHER": "z"}, paths).warnings
    assert warnings == (
        f"{path}: there is no setting 'modle'; it is ignored. Did you mean model?",
        f"{path}: there is no setting 'max-tokens'; it is ignored. Did you mean max_tokens?",
        f"{path}: there is no setting 'zzz'; it is ignored.",
        "CLAUDE_TUI_MODLE sets nothing; it is ignored. Did you mean CLAUDE_TUI_MODEL?",
    )


def test_a_file_others_can_write_is_said(paths: Paths) -> None:
    write(paths, 'model = "x"').chmod(0o666)
    (warning,) = load({}, {}, paths).warnings
    assert "can be changed by other users" in warning


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Be brief.", "Be brief."),
        ("@@home", "@home"),
        ("@@", "@"),
        ("", None),
        (" \n", None),
        ("  keep\n\nthis ", "  keep\n\nthis "),
        ("lone \ud83d", "lone \ufffd"),
    ],
)
def test_system_as_text(paths: Paths, given: str, expected: str | None) -> None:
    assert load({"system": given}, {}, paths).settings.system == expected


def test_system_from_a_file(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompt.md").write_text("\ufeffHello\n\nthere\n", encoding="utf-8")
    assert load({"system": "@prompt.md"}, {}, paths).settings.system == "Hello\n\nthere"
    assert load({"system": f"@{tmp_path}/prompt.md"}, {}, paths).settings.system == "Hello\n\nthere"


def test_system_in_the_settings_file_is_relative_to_it(paths: Paths) -> None:
    write(paths, 'system = "@prompt.md"')
    (paths.config / "prompt.md").write_text("Beside the settings")
    assert load({}, {}, paths).settings.system == "Beside the settings"


@pytest.mark.parametrize(
    ("name", "words"), [("missing", "No such file"), (".", "Is a directory"), ("raw", "not UTF-8"), ("big", "larger")]
)
def test_system_from_a_file_that_cannot_be_used(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "big").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    text = refusal(paths, flags={"system": f"@{name}"})
    assert text.startswith("--system names ") and words in text


def test_a_value_that_is_overruled_is_not_looked_at(paths: Paths) -> None:
    write(paths, "max_tokens = 5")
    assert load({"max_tokens": "7"}, {"CLAUDE_TUI_MAX_TOKENS": "nonsense"}, paths).settings.max_tokens == 7


def test_a_draft_is_checked_under_the_name_it_will_have(paths: Paths, tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    draft.write_text("retries = 99")
    with pytest.raises(ConfigError, match=r"^.*config\.toml: retries is 99; it takes"):
        config.check_file(draft, paths.config_file)
    draft.write_text("retries = 9")
    config.check_file(draft, paths.config_file)


def test_every_setting_explains_itself() -> None:
    texts = config.documentation()
    assert set(texts) == {item.name for item in fields(Settings)}
    assert all(text.endswith((".", "`.")) and len(text) < 140 for text in texts.values())


def test_tables_come_last() -> None:
    """In the template of the file, whatever follows a section would belong to it."""
    kinds = [config.is_table(item.name) for item in fields(Settings)]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("OFF", False), ("1", True), ("maybe", None)])
def test_switches(paths: Paths, text: str, value: bool | None) -> None:
    if value is None:
        assert "true or false" in refusal(paths, environ={"CLAUDE_TUI_MOUSE": text})
        assert "true or false" in refusal(paths, flags={"kitty_keys": text})
    else:
        assert load({"kitty_keys": text}, {"CLAUDE_TUI_MOUSE": text}, paths).settings.mouse is value
        assert load({"kitty_keys": text}, {}, paths).settings.kitty_keys is value


def test_a_switch_in_the_file_is_a_boolean(paths: Paths) -> None:
    write(paths, "mouse = false\nkitty_keys = false\n")
    loaded = load({}, {}, paths).settings
    assert (loaded.mouse, loaded.kitty_keys) == (False, False)
    write(paths, 'mouse = "false"')
    assert "true or false" in refusal(paths)


@pytest.mark.parametrize(
    ("name", "default", "good", "bad"),
    [("theme", "auto", "contrast-light", "solarized"), ("thinking", "collapsed", "tail", "closed")],
)
def test_how_things_look(paths: Paths, name: str, default: str, good: str, bad: str) -> None:
    assert getattr(Settings(), name) == default
    write(paths, f'{name} = "{good}"')
    assert getattr(load({}, {}, paths).settings, name) == good
    assert f"one of {default}, " in refusal(paths, environ={f"CLAUDE_TUI_{name.upper()}": bad})


def test_keys_in_every_way_they_may_be_written(paths: Paths) -> None:
    write(
        paths,
        '[keys]\n"session.new" = " ctrl+n,f5 "\n"app.help" = ""\n"view.tools" = ["alt+o", "f6"]\n'
        '"app.redraw" = []\ncursor.copy = "c"\n',
    )
    loaded = load({}, {}, paths)
    assert loaded.settings.keys == {
        "session.new": "ctrl+n,f5",
        "app.help": "",
        "view.tools": "alt+o, f6",
        "app.redraw": "",
        "cursor.copy": "c",
    }
    assert loaded.sources["keys.cursor.copy"] == "config.toml"
    assert loaded.warnings == ()


@pytest.mark.parametrize("value", ["5", "true", "[5]", '"ctrl\\n+n"', "{ new = 5 }"])
def test_keys_that_are_no_text(paths: Paths, value: str) -> None:
    path = write(paths, f'[keys]\n"session" = {value}\n')
    text = refusal(paths)
    assert text.startswith(f"{path}: keys.session") and "key names" in text


def test_which_settings_make_a_flag() -> None:
    assert config.has_flag("theme") and config.has_flag("kitty_keys")
    assert not config.has_flag("mouse"), "--mouse/--no-mouse is written by hand"
    assert not config.has_flag("keys") and not config.has_flag("tools")


ANY_TOML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    table=st.dictionaries(st.sampled_from([item.name for item in fields(Settings)]) | st.text(max_size=12), ANY_TOML, max_size=5),
    environ=st.dictionaries(
        st.sampled_from(["CLAUDE_TUI_" + item.name.upper() for item in fields(Settings)] + ["CLAUDE_TUI_TOOLS__A"]),
        st.text(max_size=12),
        max_size=4,
    ),
)
def test_anything_gives_settings_or_a_sentence(table: dict[str, Any], environ: dict[str, str]) -> None:
    try:
        loaded = config._loaded(table, Path("/nowhere/config.toml"), {}, environ)
    except ConfigError:
        return
    for item in fields(Settings):
        assert item.name in loaded.sources or config.is_table(item.name)
    assert loaded.settings.max_tokens is None or loaded.settings.max_tokens >= 1
    assert set(loaded.settings.tools.values()) <= {"allow", "ask", "deny"}
