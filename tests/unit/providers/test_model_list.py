"""The list of models: the endpoint's last word from disk, completed by the table; a damaged file counts as none."""

import json
import stat
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.history import CLAUDE, Audience
from claude_tui.domain.ports import ModelInfo
from claude_tui.providers import model_list
from claude_tui.providers.catalog import known_models
from claude_tui.providers.model_list import ModelList

ADDRESS = "https://api.anthropic.com"
LISTED = [ModelInfo("claude-opus-5-5", context_window=5), ModelInfo("mystery", name="???", efforts=())]


class Endpoint:
    """As much of a provider as is asked."""

    name = "anthropic"
    audience = CLAUDE

    def __init__(self, models: list[ModelInfo] | None = None) -> None:
        self.listed = models
        self.asked = 0

    async def models(self) -> list[ModelInfo]:
        self.asked += 1
        if self.listed is None:
            raise ProviderError(ErrorInfo(ErrorKind.NETWORK, "no"))
        return self.listed


def models(endpoint: Endpoint, folder: Path | None, address: str = ADDRESS) -> ModelList:
    return ModelList(endpoint, folder, address)  # type: ignore[arg-type]


async def test_before_anybody_asked_the_table_holds(tmp_path: Path) -> None:
    endpoint = Endpoint(LISTED)
    found = models(endpoint, tmp_path)
    assert found.known() == known_models() and found.age() is None
    assert found.find("claude-opus-5-5-20260101") == known_models()[0] and found.find("mystery") is None
    assert endpoint.asked == 0 and list(tmp_path.iterdir()) == []


async def test_what_the_endpoint_said_is_kept_for_the_next_start(tmp_path: Path) -> None:
    found = models(Endpoint(LISTED), tmp_path / "cache")
    listed = await found.refresh()
    assert [model.id for model in listed] == ["claude-opus-5-5", "mystery"]
    assert (listed[0].context_window, listed[0].name) == (5, "Claude Opus 5.5")
    assert found.known() == listed
    again = models(Endpoint(), tmp_path / "cache")
    assert again.known() == listed and again.find("mystery") == LISTED[1]
    assert again.find("claude-haiku-4-5") is not None, "what it did not list may still be known"
    age = again.age()
    assert age is not None and 0 <= age < 60
    (file,) = (tmp_path / "cache").iterdir()
    assert file.name == "models-api.anthropic.com.json" and stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_was_kept_outlives_an_endpoint_that_does_not_answer(tmp_path: Path) -> None:
    await models(Endpoint(LISTED), tmp_path).refresh()
    again = models(Endpoint(), tmp_path)
    with pytest.raises(ProviderError):
        await again.refresh()
    assert [model.id for model in again.known()] == ["claude-opus-5-5", "mystery"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("", "api.anthropic.com"),
        ("https://Gateway.Example/v1", "gateway.example"),
        ("http://127.0.0.1:8080", "127.0.0.1_8080"),
        ("https://me:secret@host", "host"),
        ("http://[::1]:9/", "_1_9"),
        ("../../etc", "unknown"),
    ],
)
async def test_one_file_a_host(tmp_path: Path, address: str, name: str) -> None:
    await models(Endpoint(LISTED), tmp_path, address).refresh()
    assert [file.name for file in tmp_path.iterdir()] == [f"models-{name}.json"]


async def test_nothing_is_kept_without_a_folder_or_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file"):
        found = models(Endpoint(LISTED), folder)
        assert len(await found.refresh()) == 2 and len(found.known()) == 2
        assert models(Endpoint(LISTED), folder).known() == known_models()


async def test_an_empty_list_is_no_answer(tmp_path: Path) -> None:
    found = models(Endpoint([]), tmp_path)
    assert await found.refresh() == []
    assert found.known() == models(Endpoint(), tmp_path).known() == known_models()


def row(**fields: Any) -> dict[str, Any]:
    return {**asdict(LISTED[1]), **fields}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        json.dumps({"format": 1, "asked": "now", "models": []}).encode(),
        json.dumps({"format": 2, "asked": 1, "models": [row()]}).encode(),
        json.dumps({"format": 1, "asked": 1, "models": [row(id="")]}).encode(),
        json.dumps({"format": 1, "asked": 1, "models": [3]}).encode(),
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "models-api.anthropic.com.json").write_bytes(content)
    found = models(Endpoint(), tmp_path)
    assert found.known() == known_models() and found.age() is None


def test_a_field_that_does_not_fit_is_unknown() -> None:
    fields = {"name": 3, "context_window": "big", "max_output": -1, "thinking": "x", "efforts": ["low", 2], "lifecycle": None}
    data = {"format": 1, "asked": 1.5, "models": [row(**fields)]}
    decoded, asked = model_list._decoded(json.dumps(data).encode())
    assert decoded == [ModelInfo("mystery", efforts=("low",))] and asked == 1.5


infos = st.builds(
    ModelInfo,
    id=st.text(min_size=1, max_size=9),
    name=st.none() | st.text(max_size=9),
    context_window=st.none() | st.integers(1, 10**9),
    max_output=st.none() | st.integers(1, 10**9),
    thinking=st.none() | st.lists(st.text(max_size=5), max_size=2).map(tuple),
    efforts=st.none() | st.lists(st.text(max_size=5), max_size=2).map(tuple),
    lifecycle=st.none() | st.text(max_size=5),
    compaction=st.none() | st.booleans(),
)


@given(st.lists(infos, max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_property_what_is_kept_comes_back(listed: list[ModelInfo]) -> None:
    assert model_list._decoded(model_list._encoded(listed, 2.5)) == ([model_list.completed(one) for one in listed], 2.5)


async def test_an_endpoint_of_another_wire_has_a_list_of_its_own(tmp_path: Path) -> None:
    """Nothing is known of it before it was asked, and two providers on one host do not read each other's lists."""
    claude, gateway = Endpoint([ModelInfo("claude-opus-5-5")]), Endpoint([ModelInfo("some-model")])
    gateway.name, gateway.audience = "gateway", Audience("gateway", "plain", False)
    lists = [ModelList(one, tmp_path, "https://both.example") for one in (claude, gateway)]  # type: ignore[arg-type]
    assert lists[0].known() and lists[1].known() == []
    for one in lists:
        await one.refresh()
    again = ModelList(gateway, tmp_path, "https://both.example")  # type: ignore[arg-type]
    assert [model.id for model in again.known()] == ["some-model"]
