"""The pictures of the README can be made anew: real program, canned answers, no font that has to be fetched."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_tui.fakeapi import FakeApi, ThreadApi, plan_of
from scripts.screenshots import SHOTS, take

SHOWN = {
    "find": ("functools.lru_cache", "4/5"),
    "chinese": ("天王星", "太阳系的行星", "中"),
    "interrupted": ("Interrupted: what came is kept.", "and then?"),
    "not-saved": ("NOT SAVED", "/save writes it to a file"),
    "damaged": ("is damaged", "Save what can be read"),
    "first-run": ("A key is needed", "ANTHROPIC_API_KEY"),
}


@pytest.fixture(scope="module")
def api() -> Iterator[ThreadApi]:
    with FakeApi.in_thread(plan_of("demo")) as api:
        yield api


@pytest.mark.parametrize("name", SHOWN)
async def test_a_picture(api: ThreadApi, tmp_path: Path, name: str) -> None:
    [shot] = [shot for shot in SHOTS if shot.name == name]
    svg = await take(shot, api.url, api.key, tmp_path)
    shown = html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).replace("\xa0", " ")
    assert [text for text in SHOWN[name][:2] if text not in shown] == []
    assert "@font-face" not in svg and "Fira" not in svg
    assert not re.search(r'(?:href|src)="?http', svg)


def test_the_readme_shows_pictures_that_exist() -> None:
    root = Path(__file__).parents[2]
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", (root / "README.md").read_text(encoding="utf-8"))
    assert pictures and all((root / picture).is_file() for picture in pictures)
    known = {f"screenshots/{shot.name}.png" for shot in SHOTS}
    assert set(pictures) <= known
