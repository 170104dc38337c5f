"""`stats`: sums of the ledger as text of 80 columns and as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len

from claude_tui.cli.plots import bar, can_draw, sparkline
from claude_tui.cli.stats_command import show
from claude_tui.domain.ids import timestamp
from claude_tui.domain.messages import SessionInfo
from claude_tui.domain.spending import KEYS, Key, Spending
from claude_tui.files import Paths
from claude_tui.store import SqliteStore
from tests.unit.store.samples import prompt

OPUS, QWEN, HOSTILE = "claude-opus-5-5", "通义千问-最新-中文长名字模型-" * 3, "evil\x1b[31mmodel"
D = Decimal


def used(number: int, days_ago: int = 0, model: str | None = OPUS, **fields: Any) -> Spending:
    usage = {"input_tokens": 1000, "output_tokens": 200, "cache_read_input_tokens": 3000}
    moment = (datetime.now(UTC) - timedelta(days=days_ago)).timestamp()
    fields = {"ttft_ms": 800, "total_ms": 2800, **fields}
    return Spending(f"r{number:03}", "s1", None, "anthropic", model, usage, created_at=timestamp(moment), **fields)


def fill(paths: Paths, *rows: Spending) -> None:
    async def write() -> None:
        store = await SqliteStore.open(paths.data)
        await store.create_session(session := SessionInfo("s1", "A title"))
        await store.add_message(prompt(session))
        for row in rows:
            await store.add_spending(row)
        await store.close()

    asyncio.run(write())


@pytest.fixture
def mixed(paths: Paths) -> list[Spending]:
    rows = [used(number, number % 5, (OPUS, QWEN, HOSTILE)[number % 3]) for number in range(30)]
    rows += [used(90, 40), used(91, 0, final=False, output_estimate=700)]
    fill(paths, *rows)
    return rows


def told(paths: Paths, capsys: pytest.CaptureFixture[str], days: int = 30, by: Key | None = None) -> dict[str, Any]:
    assert show(paths, days, by, "json") == 0
    out = capsys.readouterr().out
    assert out.isascii() and out.count("\n") == 1
    return json.loads(out)


def test_an_empty_history_is_a_sentence(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(paths, 30, None, "text") == 0
    assert capsys.readouterr() == ("", "claude-tui: Nothing has been used yet: the history holds no answer.\n")
    data = told(paths, capsys)
    assert data["rows"] == [] and data["totals"]["all"]["requests"] == 0
    assert data["totals"]["all"]["cost"] == {"usd": "0.000000", "micro_usd": 0, "unknown": 0, "estimated": False}


def test_the_object(paths: Paths, mixed: list[Spending], capsys: pytest.CaptureFixture[str]) -> None:
    data = told(paths, capsys)
    assert list(data) == ["since", "until", "prices_as_of", "totals", "by", "rows"]
    assert list(data["totals"]) == ["today", "month", "window", "all"]
    whole, window = data["totals"]["all"], data["totals"]["window"]
    assert (whole["requests"], window["requests"]) == (len(mixed), len(mixed) - 1)
    assert (whole["input_tokens"], whole["output_tokens"], whole["cache_read_input_tokens"]) == (32_000, 6400, 96_000)
    assert whole["output_tokens_estimated"] == 500 and whole["cache_share"] == 0.75
    assert whole["ttft_ms"] == {"median": 800, "p95": 800} and whole["tokens_per_second"] == 100.0
    priced, each = 12, D(1000 * 4 + 200 * 20) / 1_000_000 + D(3000) * D("0.2") / 1_000_000
    assert D(whole["cost"]["usd"]) == priced * each + 500 * D(20) / 1_000_000
    assert (whole["cost"]["unknown"], whole["cost"]["estimated"]) == (20, True)
    assert sum(row["requests"] for row in data["rows"]) == window["requests"]
    assert [row["day"] for row in data["rows"]] == sorted({row["day"] for row in data["rows"]})
    assert (datetime.now().astimezone().date() - timedelta(days=29)).isoformat() == data["since"]


@pytest.mark.parametrize("by", KEYS)
def test_every_grouping_sums_to_the_same(paths: Paths, mixed: list[Spending], capsys: pytest.CaptureFixture[str], by: Key) -> None:
    data = told(paths, capsys, 60, by)
    assert data["by"] == by and all(by in row for row in data["rows"])
    for key in ("requests", "input_tokens", "output_tokens", "output_tokens_estimated"):
        assert sum(row[key] for row in data["rows"]) == data["totals"]["all"][key]
    assert sum(D(row["cost"]["usd"] or 0) for row in data["rows"]) == D(data["totals"]["all"]["cost"]["usd"])
    assert sum(row["cost"]["unknown"] for row in data["rows"]) == data["totals"]["all"]["cost"]["unknown"]


@pytest.mark.parametrize("by", [None, *KEYS])
@pytest.mark.parametrize("days", [1, 30, 4000])
def test_text_fits_80_columns(
    paths: Paths,
    mixed: list[Spending],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    by: Key | None,
    days: int,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert show(paths, days, by, "text") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and max(map(cell_len, out.splitlines())) <= 80
    assert "Today" in out and "This month" in out and "All" in out and "Prices as of 2026-11-10" in out


def test_what_the_text_says(
    paths: Paths, mixed: list[Spending], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    assert show(paths, 30, None, "text") == 0
    out = capsys.readouterr().out
    assert "evil␛[31mmodel" in out and "unknown" in out and "█" in out and OPUS in out
    (opus,) = [line for line in out.splitlines() if line.startswith(OPUS)]
    assert opus.split() == [OPUS, "11", "11.0k", "~2.7k", "33.0k", "0", "75%", "~$0.105", "0.8", "s", "100"]
    assert show(paths, 30, "session", "text") == 0
    assert "s1 A title" in capsys.readouterr().out


def test_a_session_that_is_gone_still_counts(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    fill(paths, Spending("r", "01deleted000000000000000000", None, None, None, None, created_at=timestamp()))
    assert show(paths, 1, "session", "text") == 0
    assert "01deleted000 (deleted)" in capsys.readouterr().out
    assert show(paths, 1, "model", "text") == 0
    assert "(unknown)" in capsys.readouterr().out


def test_the_users_prices_count_and_what_is_wrong_with_them_is_said(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    paths.config.mkdir(parents=True)
    paths.prices_file.write_text(f'[models."{OPUS}"]\ninput = 1\noutput = 0\ncache_read = 0\n[models.bad]\ninput = 1\n')
    fill(paths, used(1))
    assert show(paths, 30, None, "json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["totals"]["all"]["cost"]["usd"] == "0.001000"
    assert "prices.toml: the price of bad does not count" in captured.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_command_in_any_encoding(mixed: list[Spending], encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "claude_tui", "stats", "--days", "7"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1", "COLUMNS": "80"},
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode(encoding)
    blocks = encoding == "utf-8"
    assert ("█" in out, "####" in out, "\\u901a" in out) == (blocks, not blocks, not blocks)
    assert max(map(cell_len, out.splitlines())) <= 80


def test_bars() -> None:
    assert [bar(D(value), D(16), 2, blocks=True) for value in (0, 1, 2, 8, 9, 16)] == ["", "▏", "▎", "█", "█▏", "██"]
    assert [bar(D(value), D(16), 4, blocks=False) for value in (0, 1, 8, 16)] == ["", "#", "##", "####"]
    assert bar(D("1e-9"), D(1000), 10, blocks=True) == "▏", "what is not nothing shows"
    assert bar(D(1), D(0), 10, blocks=True) == ""


def test_sparklines() -> None:
    assert sparkline([D(0), D(1), D(4), D(8)], 10, blocks=True) == " ▁▄█"
    assert sparkline([D(0), D(1), D(4), D(8)], 10, blocks=False) == " .=@"
    assert sparkline([D(1), D(2), D(3), D(5)], 2, blocks=True) == "▃█"
    assert len(sparkline([D(1)] * 365, 18, blocks=True)) <= 18
    assert sparkline([], 5, blocks=True) == "" and sparkline([D(0)], 5, blocks=True) == " "
    assert can_draw("utf-8") and not can_draw("ascii") and not can_draw(None) and not can_draw("no such thing")
