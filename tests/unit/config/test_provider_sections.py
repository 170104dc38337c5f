"""The sections [providers.NAME]: from the file, from variables, and what is said of those that cannot be used."""

from pathlib import Path

import pytest

from claude_tui.config import ConfigError, Section, load
from claude_tui.files import Paths

GATEWAY = """
[providers.gateway]
wire = "openai"
base_url = "http://127.0.0.1:8080/v1"
api_key_env = "GATEWAY_KEY"
model = "some-model"
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.find({"CLAUDE_TUI_HOME": str(tmp_path)})
    paths.config.mkdir(parents=True, mode=0o700)
    return paths


def write(paths: Paths, text: str) -> None:
    paths.config_file.write_text(text, encoding="utf-8")
    paths.config_file.chmod(0o600)


def refusal(paths: Paths, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load({}, environ or {}, paths)
    return str(caught.value)


def test_a_section_of_the_file(paths: Paths) -> None:
    write(paths, GATEWAY)
    loaded = load({"provider": "gateway"}, {}, paths)
    expected = Section("openai", base_url="http://127.0.0.1:8080/v1", api_key_env="GATEWAY_KEY", model="some-model")
    assert loaded.settings.providers == {"gateway": expected} and loaded.warnings == ()
    assert loaded.settings.section() == expected
    assert (loaded.settings.model, loaded.sources["model"]) == ("some-model", "providers.gateway.model")
    assert loaded.sources["providers.gateway.base_url"] == "config.toml"


def test_each_key_is_a_variable_too_and_wins(paths: Paths) -> None:
    write(paths, GATEWAY)
    environ = {"CLAUDE_TUI_PROVIDERS__GATEWAY__BASE_URL": "https://other.example/v1", "CLAUDE_TUI_PROVIDER": "gateway"}
    loaded = load({}, environ, paths)
    section = loaded.settings.section()
    assert section is not None and section.base_url == "https://other.example/v1" and section.model == "some-model"
    assert loaded.sources["providers.gateway.base_url"] == "CLAUDE_TUI_PROVIDERS__GATEWAY__BASE_URL" and loaded.warnings == ()


def test_a_section_of_variables_alone(paths: Paths) -> None:
    prefix = "CLAUDE_TUI_PROVIDERS__GATEWAY__"
    environ = {
        prefix + "WIRE": "openai",
        prefix + "BASE_URL": "http://127.0.0.1:1/v1",
        prefix + "API_KEY_ENV": "GATEWAY_KEY",
        prefix + "MODEL": "m",
    }
    settings = load({"provider": "gateway"}, environ, paths).settings
    assert settings.section() == Section("openai", base_url="http://127.0.0.1:1/v1", api_key_env="GATEWAY_KEY", model="m")


def test_a_name_with_a_hyphen_has_variables_with_an_underscore(paths: Paths) -> None:
    write(paths, '[providers.open-router]\nwire = "openai"\n')
    settings = load({"provider": "open-router"}, {"CLAUDE_TUI_PROVIDERS__OPEN_ROUTER__MODEL": "x/y"}, paths).settings
    assert list(settings.providers) == ["open-router"] and settings.model == "x/y"


@pytest.mark.parametrize(
    ("file", "flags", "environ", "model"),
    [
        ("", {}, {}, "some-model"),
        ('model = "of-the-file"', {}, {}, "some-model"),
        ("", {"model": "flag"}, {}, "flag"),
        ("", {}, {"CLAUDE_TUI_MODEL": "variable"}, "variable"),
    ],
)
def test_whose_word_on_the_model_counts(
    paths: Paths, file: str, flags: dict[str, str], environ: dict[str, str], model: str
) -> None:
    write(paths, file + GATEWAY)
    assert load({"provider": "gateway", **flags}, environ, paths).settings.model == model


def test_without_a_word_on_its_model_an_endpoint_has_none(paths: Paths) -> None:
    write(paths, '[providers.local]\nwire = "openai"\n')
    settings = load({"provider": "local"}, {}, paths).settings
    assert settings.model == "" and settings.model_for("anthropic") == "claude-opus-5-5"
    assert load({}, {}, paths).settings.model_for("local") == ""


def test_the_address_of_a_flag_is_that_of_the_endpoint_in_use(paths: Paths) -> None:
    write(paths, GATEWAY)
    settings = load({"provider": "gateway", "base_url": "http://127.0.0.1:9/v1"}, {}, paths).settings
    section = settings.section()
    assert section is not None and section.base_url == "http://127.0.0.1:9/v1"
    for_claude = load({"provider": "gateway"}, {"ANTHROPIC_BASE_URL": "https://claude.example"}, paths).settings
    assert [getattr(for_claude.section(name), "base_url", "") for name in ("gateway", "anthropic", "nobody")] == [
        "http://127.0.0.1:8080/v1",
        "https://claude.example",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[providers]\nmine = 5", "a section, [providers.mine]"),
        ('[providers.mine]\nbase_url = "https://x.example"', 'takes wire = "openai"'),
        ('[providers.mine]\nwire = "smtp"', "one of anthropic, openai"),
        ('[providers.mine]\nwire = "openai"\nbase_url = "http://x.example"', "https://"),
        ('[providers.mine]\nwire = "openai"\nplatform = "bedrock"', 'no wire but "anthropic"'),
        ('[providers.mine]\nwire = "openai"\napi_key_command = "pass \\"show"', "cannot be read as a command"),
        ('[providers."a b"]\nwire = "openai"', "letters, digits"),
        ('[providers.mine]\nwire = "openai"\nheaders = { a = 5 }', "a header's value"),
        ('[providers.mine]\nwire = "openai"\nheaders = "x"', "a section"),
    ],
)
def test_what_cannot_be_used(paths: Paths, text: str, words: str) -> None:
    write(paths, text)
    assert words in refusal(paths)


@pytest.mark.parametrize("line", ['api_key = "sk-very-secret"', 'api_key_env = "sk-very-secret"', 'token = "sk-very-secret"'])
def test_a_key_in_the_file_is_refused_and_not_shown(paths: Paths, line: str) -> None:
    write(paths, f'[providers.mine]\nwire = "openai"\n{line}\n')
    text = refusal(paths)
    assert "key" in text and "sk-very-secret" not in text


def test_what_a_section_does_not_know_is_said(paths: Paths) -> None:
    write(paths, '[providers.mine]\nwire = "openai"\ntemprature = 1\n')
    (warning,) = load({}, {}, paths).warnings
    assert "temprature" in warning


@pytest.mark.parametrize(
    ("text", "environ", "budget"),
    [
        ("[budget]\nday = 5", {}, {"day": 5.0}),
        ("[budget]\nday = 5\nsession = 0.5", {"CLAUDE_TUI_BUDGET__DAY": "2.5"}, {"day": 2.5, "session": 0.5}),
        ("", {"CLAUDE_TUI_BUDGET__MONTH": "0"}, {"month": 0.0}),
    ],
)
def test_budgets(paths: Paths, text: str, environ: dict[str, str], budget: dict[str, float]) -> None:
    write(paths, text)
    loaded = load({}, environ, paths)
    assert loaded.settings.budget == budget and loaded.warnings == ()


@pytest.mark.parametrize(
    ("text", "words"), [("[budget]\nweek = 5", "session, day, month"), ('[budget]\nday = "much"', "a number from 0")]
)
def test_budgets_that_cannot_be_used(paths: Paths, text: str, words: str) -> None:
    write(paths, text)
    assert words in refusal(paths)


def test_a_key_as_a_variable_of_a_section_is_explained_and_not_shown(paths: Paths) -> None:
    write(paths, GATEWAY)
    (warning,) = load({}, {"CLAUDE_TUI_PROVIDERS__GATEWAY__API_KEY": "sk-very-secret"}, paths).warnings
    assert "API_KEY_ENV" in warning and "sk-very-secret" not in warning
