"""ModelList: what the endpoint said of its models the last time it was asked, kept on disk, completed by the known table.

Only `refresh` asks the network. A file that cannot be read, or was damaged, counts as none; one that cannot be written costs
nothing but what the next start would have known.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from claude_tui.config_providers import BUILTIN
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.ports import ModelCatalog, ModelInfo, Provider
from claude_tui.domain.text import repair
from claude_tui.files import write_private
from claude_tui.providers import catalog
from claude_tui.providers.anthropic import DEFAULT_BASE_URL

_log = logging.getLogger(__name__)

_FORMAT = 1
_UNFIT = re.compile(r"[^a-z0-9.-]+")


def completed(model: ModelInfo) -> ModelInfo:
    """The endpoint's word, and the table's where the endpoint says nothing: gateways list ids only."""
    known = catalog.find(model.id)
    if known is None:
        return model
    missing: dict[str, Any] = {
        item.name: getattr(known, item.name) for item in fields(ModelInfo) if getattr(model, item.name) is None
    }
    return replace(model, **missing)


class ModelList:
    """Implements `ports.ModelCatalog`. One file a provider and host in `cache_dir`; None keeps nothing. No `base_url`: the API's.

    Until an endpoint of another wire was asked nothing is known of its models: the table is of Claude's.
    """

    def __init__(self, provider: Provider, cache_dir: Path | None, base_url: str) -> None:
        self._provider = provider
        name = "" if provider.name == BUILTIN else f"{_UNFIT.sub('_', provider.name.lower())}-"
        self._file = cache_dir / f"models-{name}{_file_name(base_url)}.json" if cache_dir else None
        self._listed: list[ModelInfo] | None = None
        self._asked: float | None = None
        self._read = False

    def known(self) -> list[ModelInfo]:
        self._load()
        if self._listed:
            return list(self._listed)
        return catalog.known_models() if self._provider.audience.thinking == "signed" else []

    def find(self, model_id: str) -> ModelInfo | None:
        self._load()
        found = next((model for model in self._listed or () if model.id == model_id), None)
        return found or catalog.find(model_id)

    async def refresh(self) -> list[ModelInfo]:
        listed = [completed(model) for model in await self._provider.models()]
        self._listed, self._asked, self._read = listed, time.time(), True
        if self._file is not None:
            try:
                await asyncio.to_thread(write_private, self._file, _encoded(listed, self._asked))
            except OSError as error:
                _log.warning("the list of models is not kept in %s: %s", self._file, error)
        return list(listed)

    def age(self) -> float | None:
        self._load()
        return None if self._asked is None else max(0.0, time.time() - self._asked)

    def _load(self) -> None:
        """Read the file, once."""
        if self._read or self._file is None:
            return
        self._read = True
        try:
            self._listed, self._asked = _decoded(self._file.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as error:
            _log.info("the list of models in %s is not used: %s", self._file, error)


def _file_name(base_url: str) -> str:
    """The host and port of an address, as part of a file's name; never a user or password in it."""
    host = urlsplit(base_url or DEFAULT_BASE_URL).netloc.rpartition("@")[2].lower()
    return _UNFIT.sub("_", host)[:100] or "unknown"


def _encoded(models: list[ModelInfo], asked: float) -> bytes:
    return dump_json({"format": _FORMAT, "asked": asked, "models": [asdict(model) for model in models]}).encode("ascii")


def _decoded(data: bytes) -> tuple[list[ModelInfo], float]:
    """ValueError for anything but what `_encoded` gives."""
    given: Any = json.loads(data)
    if not isinstance(given, dict):
        raise ValueError("not a list of models")
    stored = cast("dict[str, Any]", given)
    asked, models = stored.get("asked"), stored.get("models")
    if stored.get("format") != _FORMAT or not isinstance(asked, (int, float)) or not isinstance(models, list):
        raise ValueError("not a list of models of this version")
    return [completed(_model(one)) for one in cast("list[Any]", models)], float(asked)


def _model(given: Any) -> ModelInfo:
    if not isinstance(given, dict):
        raise ValueError("a model is no table")
    row = cast("Mapping[str, Any]", given)
    name = _text(row, "id")
    if not name:
        raise ValueError("a model without an id")
    return ModelInfo(
        id=name,
        name=_text(row, "name"),
        context_window=_count(row, "context_window"),
        max_output=_count(row, "max_output"),
        thinking=_words(row, "thinking"),
        efforts=_words(row, "efforts"),
        lifecycle=_text(row, "lifecycle"),
        compaction=row.get("compaction") if isinstance(row.get("compaction"), bool) else None,
    )


def _text(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    return repair(value) if isinstance(value, str) else None


def _count(row: Mapping[str, Any], key: str) -> int | None:
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _words(row: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = row.get(key)
    return tuple(one for one in cast("list[Any]", value) if isinstance(one, str)) if isinstance(value, list) else None


if TYPE_CHECKING:
    _implements: type[ModelCatalog] = ModelList
