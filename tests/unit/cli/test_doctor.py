"""`doctor`: says what is there, and fails only over what is broken."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from claude_tui.files import Paths

from .conftest import Run

KEY = "sk-ant-api03-PLANTED"


def examined(run: Run, code: int = 0, **environ: str) -> dict[str, list[dict[str, Any]]]:
    ended = run("doctor", "-o", "json", **environ)
    assert (ended.code, ended.err) == (code, ""), ended
    assert KEY not in ended.out
    data = json.loads(ended.out)
    assert data["ok"] is (code == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for check in data["checks"]:
        found.setdefault(check["name"], []).append(check)
    return found


def test_a_fresh_machine_is_not_broken(run: Run, isolated_environment: Path) -> None:
    found = examined(run)
    assert "not there yet" in found["history"][0]["text"]
    assert found["credentials"][0]["verdict"] == "warning"
    assert not (isolated_environment / "data").exists()
    assert found["log"][0]["text"] == str(isolated_environment / "logs" / "claude-tui.log")


def test_for_people(run: Run) -> None:
    out = run("doctor", ANTHROPIC_API_KEY=KEY).out
    assert "ANTHROPIC_API_KEY is set" in out and KEY not in out
    assert out.endswith("\nNothing is broken.\n")


def test_a_history(run: Run) -> None:
    run("sessions", "import", "-", stdin='[{"role":"user","content":"Hi"}]')
    (check,) = examined(run)["history"]
    assert "1 sessions" in check["text"] and "check: ok" in check["text"] and "SQLite 3." in check["text"]


def test_a_broken_history(run: Run, paths: Paths) -> None:
    paths.data.mkdir(parents=True)
    paths.history.write_bytes(b"this is no database, not even a little, " * 200)
    assert examined(run, 1)["history"][0]["verdict"] == "broken"


def test_broken_settings(run: Run, paths: Paths) -> None:
    paths.config.mkdir(parents=True)
    paths.config_file.write_text("retries = 99")
    (check,) = examined(run, 1)["settings"]
    assert check["verdict"] == "broken" and "retries is 99" in check["text"]


def test_a_place_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = examined(run, 1, CLAUDE_TUI_HOME=str(tmp_path / "file"))
    assert {name for name, (check, *_) in found.items() if check["verdict"] == "broken"} >= {"data folder", "log"}


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_without_rights(run: Run, paths: Paths) -> None:
    paths.data.mkdir(parents=True)
    paths.data.chmod(0o500)
    assert examined(run, 1)["data folder"][0]["verdict"] == "broken"


def test_an_open_folder(run: Run, paths: Paths) -> None:
    paths.cache.mkdir(parents=True)
    paths.cache.chmod(0o755)
    (check,) = examined(run)["cache folder"]
    assert check["verdict"] == "warning" and "0755" in check["text"]


def test_a_profile(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p" / "configs").mkdir(parents=True)
    (tmp_path / "p" / "configs" / "work.json").write_text("{}")
    (tmp_path / "p" / "active_config").write_text("work\n")
    (check,) = examined(run, ANTHROPIC_CONFIG_DIR=str(tmp_path / "p"))["credentials"]
    assert check["verdict"] == "ok" and check["text"].endswith("work.json")


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"ANTHROPIC_AUTH_TOKEN": KEY}, "ANTHROPIC_AUTH_TOKEN is set"),
        ({"ANTHROPIC_IDENTITY_TOKEN_FILE": "/x"}, "ANTHROPIC_IDENTITY_TOKEN is set"),
    ],
)
def test_other_credentials(run: Run, environ: dict[str, str], text: str) -> None:
    assert examined(run, **environ)["credentials"][0]["text"] == text


def test_a_key_that_cannot_be_sent(run: Run) -> None:
    checks = examined(run, ANTHROPIC_API_KEY=KEY + "\nbad")["credentials"]
    assert [check["verdict"] for check in checks] == ["ok", "warning"]


def test_proxies_without_their_passwords(run: Run) -> None:
    found = examined(run, HTTPS_PROXY="http://me:hunter2@proxy:3128", ALL_PROXY="me:hunter2@socks:1", NO_PROXY="x.example")
    text = found["proxies"][0]["text"]
    assert "hunter2" not in text and "proxy:3128" in text and "socks:1" in text and "NO_PROXY=x.example" in text
    assert "through the proxies" in found["address"][0]["text"]


def test_this_machine_needs_no_proxy(run: Run) -> None:
    found = examined(run, HTTPS_PROXY="http://proxy:3128", ANTHROPIC_BASE_URL="http://127.0.0.1:9/")
    assert found["address"][0]["text"] == "http://127.0.0.1:9 (this machine, never through a proxy)"


def test_certificates_that_are_not_there(run: Run) -> None:
    (check,) = examined(run, SSL_CERT_FILE="/no/such/file")["SSL_CERT_FILE"]
    assert check["verdict"] == "warning"


def test_an_encoding_without_most_characters(run: Run) -> None:
    checks = examined(run, PYTHONIOENCODING="ascii")["terminal"]
    assert checks[-1]["verdict"] == "warning"


def test_endpoints_and_what_they_lack(paths: Paths, run: Run) -> None:
    paths.config.mkdir(parents=True, mode=0o700, exist_ok=True)
    paths.config_file.write_text(
        'provider = "gateway"\n'
        '[providers.gateway]\nwire = "openai"\nbase_url = "https://gateway.example/v1"\napi_key_env = "GATEWAY_KEY"\nmodel = "m"\n'
        '[providers.helper]\nwire = "openai"\nbase_url = "https://helper.example/v1"\napi_key_command = "/no/such/helper"\n'
    )
    paths.config_file.chmod(0o600)
    (paths.config / "prices.toml").write_text('[models.x]\ninput = "much"\n')
    found = examined(run)
    assert "GATEWAY_KEY is not set" in found["provider gateway (in use)"][0]["text"]
    assert found["provider gateway (in use)"][0]["verdict"] == "warning"
    lacks = found["provider helper"][0]["text"]
    assert "there is no command /no/such/helper" in lacks and "no model is named" in lacks
    assert "credentials" not in found, "those of Claude's own API are not needed"
    assert found["address"][0]["text"].startswith("https://gateway.example/v1")
    assert any("the price of x does not count" in one["text"] for one in found["prices"])
    ready = examined(run, GATEWAY_KEY="k")
    assert ready["provider gateway (in use)"][0]["verdict"] == "ok"
