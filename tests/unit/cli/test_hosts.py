"""Which hosts were agreed to is kept in the user's own data."""

from pathlib import Path

import pytest

from claude_tui.cli import endpoints, hosts
from claude_tui.config import Settings
from claude_tui.config_providers import Section
from claude_tui.domain.ports import Timeouts
from claude_tui.engine.consent import Asking, Consent
from claude_tui.files import Paths


async def agree(paths: Paths, host: str, *, keep: bool = True) -> None:
    consent = hosts.consent(paths, keep=keep)

    async def yes(_: str) -> bool:
        return True

    consent.ask = yes
    await consent.need(host)


async def test_it_is_remembered_privately_and_only_where_it_may(
    isolated_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hostile" / "data").mkdir(parents=True)
    (tmp_path / "hostile" / "data" / "hosts").write_text("evil.example\n")
    monkeypatch.chdir(tmp_path / "hostile")
    paths = Paths.find()
    await agree(paths, "one.example", keep=False)
    assert not paths.hosts_file.exists()
    await agree(paths, "one.example")
    await agree(paths, "two.example")
    assert paths.hosts_file.read_text() == "one.example\ntwo.example\n"
    assert paths.hosts_file.stat().st_mode & 0o777 == 0o600
    after = hosts.consent(paths, keep=True)
    assert after.given("one.example") and after.given("two.example") and not after.given("evil.example")


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
async def test_a_list_that_cannot_be_read_is_none(content: bytes | None) -> None:
    paths = Paths.find()
    paths.data.mkdir(parents=True)
    paths.hosts_file.mkdir() if content is None else paths.hosts_file.write_bytes(content)
    assert not hosts.consent(paths, keep=True).given("one.example")


@pytest.mark.parametrize(
    ("section", "asks"),
    [
        (Section(wire="openai", base_url="https://gateway.example/v1"), True),
        (Section(base_url="https://gateway.example"), True),
        (Section(wire="openai", base_url="http://127.0.0.1:9/v1"), False),
        (Section(base_url="http://localhost:9"), False),
        (Section(wire="openai"), False),
        (Section(), False),
        (Section(platform="bedrock", region="eu-west-1"), False),
    ],
)
def test_who_is_asked_about(section: Section, asks: bool) -> None:
    settings = Settings(provider="x", providers={"x": section})
    made = endpoints.endpoints(settings, Timeouts(), Consent((), lambda _: None)).get("x")
    assert isinstance(made, Asking) is asks
    assert not isinstance(endpoints.endpoints(settings, Timeouts()).get("x"), Asking)
