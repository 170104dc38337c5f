"""A history in a folder of its own, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from claude_tui.store import SqliteStore


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(data_dir)
    yield opened
    await opened.close()
