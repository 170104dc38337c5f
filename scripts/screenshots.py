"""`python -m scripts.screenshots [FOLDER] [--png]`: pictures of the real program at the demo's API, as SVG, and PNG if asked for.

The SVG files name no font that has to be fetched. PNG needs Chromium and fonts with Chinese characters; without them it says
what to install.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rich.cells import cell_len
from textual.pilot import Pilot

from claude_tui.cli import compose, rescuing
from claude_tui.config import Settings
from claude_tui.domain.errors import StorageOutage
from claude_tui.engine import answer
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.session import Session
from claude_tui.engine.workspace import Workspace
from claude_tui.files import Paths
from claude_tui.providers.anthropic import AnthropicProvider
from claude_tui.providers.model_list import ModelList
from claude_tui.store import connection
from claude_tui.ui.app import ClaudeApp
from claude_tui.ui.backstage import Backstage, Left
from claude_tui.ui.damage_screen import DamageScreen

FONTS = '"DejaVu Sans Mono", "Noto Sans Mono CJK SC", "Noto Color Emoji", monospace'
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
INSTALL = "PNG needs Chromium. On Debian and Ubuntu: apt install chromium fonts-dejavu-core fonts-noto-cjk"

Act = Callable[[Pilot[Left]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: `act` brings the program where it is to be seen."""

    name: str
    act: Act
    size: tuple[int, int] = (120, 40)
    theme: str = "dark"
    demo: bool = True


async def until(pilot: Pilot[Left], condition: Callable[[], bool]) -> None:
    """Let the program run until this holds."""
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.02)
    await pilot.pause()


def _app(pilot: Pilot[Left]) -> ClaudeApp:
    return cast("ClaudeApp", pilot.app)


async def ready(pilot: Pilot[Left]) -> None:
    """The session is open."""
    await until(pilot, lambda: _app(pilot).chat.dialogue.session is not None)


async def ask(pilot: Pilot[Left], *prompts: str) -> None:
    """Send these, each after the answer to the one before."""
    await ready(pilot)
    for prompt in prompts:
        _app(pilot).chat.submit(prompt)
        await until(pilot, lambda: not _app(pilot).chat.dialogue.busy)
    _app(pilot).chat.transcript.draw()
    await pilot.pause()


async def folded(pilot: Pilot[Left]) -> None:
    await ask(pilot, "2+2", "table")


async def code(pilot: Pilot[Left]) -> None:
    await ask(pilot, "think: 27 × 43?", "code")


async def chinese(pilot: Pilot[Left]) -> None:
    await ask(pilot, "你好,请给我一个表格")


async def opened(pilot: Pilot[Left]) -> None:
    await ask(pilot, "2+2", "table")
    await pilot.press("ctrl+o", "ctrl+t", "ctrl+t")


async def help_screen(pilot: Pilot[Left]) -> None:
    await ready(pilot)
    await pilot.press("f1")


async def sessions(pilot: Pilot[Left]) -> None:
    await ask(pilot, "code")
    await pilot.press("ctrl+n")
    await ask(pilot, "你好")
    await pilot.press("ctrl+s")
    await pilot.pause(0.3)


async def models(pilot: Pilot[Left]) -> None:
    await ready(pilot)
    await pilot.press("f2")


async def _stopped(pilot: Pilot[Left]) -> None:
    """A long answer, and Esc in the middle of it."""
    await ready(pilot)
    chat = _app(pilot).chat
    chat.submit("long")
    await until(pilot, lambda: len(chat.conversation.cells) > 1 and len(chat.conversation.cells[-1].source()) > 900)
    await pilot.press("escape")
    await until(pilot, lambda: not chat.dialogue.busy)


async def interrupted(pilot: Pilot[Left]) -> None:
    await _stopped(pilot)
    await pilot.press(*"and then?")


async def finding(pilot: Pilot[Left]) -> None:
    await ask(pilot, "code")
    await pilot.press("ctrl+f", *"the")
    await until(pilot, lambda: _app(pilot).chat.transcript.current is not None)
    await pilot.press("up")
    await pilot.pause(0.3)


async def reading(pilot: Pilot[Left]) -> None:
    await ready(pilot)
    await pilot.press("f8")
    await ask(pilot, "Show me what you can do.")


async def outline(pilot: Pilot[Left]) -> None:
    await ask(pilot, "Show me what you can do.", "table")
    await pilot.press("shift+tab", "o")
    await pilot.pause(0.3)


async def spent(pilot: Pilot[Left]) -> None:
    await ask(pilot, "2+2", "code", "你好,请给我一个表格", "table")
    await _dialog(pilot, "/cost")


async def context(pilot: Pilot[Left]) -> None:
    await ask(pilot, "2+2", "code", "你好,请给我一个表格", "table")
    await _dialog(pilot, "/context")


async def _dialog(pilot: Pilot[Left], command: str) -> None:
    await pilot.press(*command, "enter")
    await until(pilot, lambda: _app(pilot).screen is not _app(pilot).chat)
    await pilot.pause(0.5)


async def continued(pilot: Pilot[Left]) -> None:
    await _stopped(pilot)
    chat = _app(pilot).chat
    await pilot.press("f6")
    await until(pilot, lambda: chat.dialogue.busy)
    await until(pilot, lambda: not chat.dialogue.busy)
    chat.transcript.draw()
    await pilot.pause()


async def not_saved(pilot: Pilot[Left]) -> None:
    """As when the store says that its disk takes nothing."""
    await ask(pilot, "你好,请给我一个表格", "code")
    error = StorageOutage("The disk of the history is full. Free some space; saving goes on by itself then.")
    _app(pilot).chat.view.hear(answer.not_saved(error))
    await pilot.pause(0.3)


async def damaged(pilot: Pilot[Left]) -> None:
    await ready(pilot)
    found = connection.damaged(Path("~/.local/share/claude-tui/history.db"), "database disk image is malformed")
    _app(pilot).push_screen(DamageScreen(found.sentence, await rescuing.remedies(found)))
    await pilot.press("1")
    await pilot.pause(0.3)


SHOTS = (
    Shot("chat-dark", folded),
    Shot("chat-light", code, theme="light"),
    Shot("chat-80x24", code, (80, 24)),
    Shot("chinese", chinese),
    Shot("panels", opened),
    Shot("interrupted", interrupted, (100, 30)),
    Shot("continued", continued, (100, 30)),
    Shot("not-saved", not_saved, (80, 24)),
    Shot("damaged", damaged, (80, 24)),
    Shot("cost", spent, (100, 30)),
    Shot("context", context, (100, 30), "light"),
    Shot("sessions", sessions),
    Shot("help", help_screen),
    Shot("models", models, (100, 30), "light"),
    Shot("contrast", code, theme="contrast-dark"),
    Shot("ansi", code, theme="ansi-dark"),
    Shot("narrow", chinese, (40, 20)),
    Shot("chinese-80x24", chinese, (80, 24)),
    Shot("find", finding, (100, 30)),
    Shot("reading", reading, (100, 30)),
    Shot("outline", outline, (100, 30)),
    Shot("first-run", ready, (100, 30), demo=False),
)


async def take(shot: Shot, url: str, key: str, home: Path) -> str:
    """The picture as SVG."""
    settings = Settings(theme=shot.theme)  # type: ignore[arg-type]
    paths = Paths(home / "data", home / "config", home / "cache", home / "logs")
    api_key = key if shot.demo else None
    endpoints = Endpoints.of(AnthropicProvider(base_url=url, api_key=api_key, timeouts=compose.timeouts(settings)))

    async def begin(workspace: Workspace, note: Callable[[str], None]) -> Session:
        return workspace.new(model=settings.model, effort="high")

    backstage = Backstage(
        settings=settings,
        paths=paths,
        environ={"TERM": "xterm-256color"},
        open_workspace=lambda: compose.open_workspace(settings, paths, temporary=True, endpoints=endpoints, interactive=True),
        begin=begin,  # type: ignore[arg-type]
        models=lambda workspace, name: ModelList(workspace.endpoints.get(name), None, url),
        prices=compose.price_book(paths),
        demo=shot.demo,
    )
    app = ClaudeApp(backstage)
    async with app.run_test(size=shot.size) as pilot:
        await shot.act(pilot)
        svg = app.export_screenshot(title="claude-tui")
        await app.chat.put_away()
    return without_web_fonts(svg)


def without_web_fonts(svg: str) -> str:
    """The picture with fonts of this machine only, and with wide characters as wide as they are (they are counted as narrow)."""
    svg = re.sub(r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"([^>]*)>([^<]*)</text>', _measured, svg)
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family:\s*Fira Code[^;]*;", f"font-family: {FONTS.replace(chr(34), chr(39))};", svg)


def _measured(found: re.Match[str]) -> str:
    """One element a run of characters of one width, each where it belongs."""
    style, x, y, length, rest, content = found.groups()
    text = html.unescape(content)
    cell, left, parts = float(length) / max(len(text), 1), float(x), list[str]()
    for wide, group in itertools.groupby(text, lambda character: cell_len(character) == 2):
        run = "".join(group)
        width = cell * len(run) * (2 if wide else 1)
        if run.strip("\xa0 "):
            shown = html.escape(run).replace(" ", "&#160;").replace("\xa0", "&#160;")
            parts.append(f'<text class="{style}" x="{left:.1f}" y="{y}" textLength="{width:.1f}"{rest}>{shown}</text>')
        left += width
    return "".join(parts)


def to_png(svg: Path, png: Path) -> None:
    """By a browser: it alone gets the widths of Chinese characters right. SystemExit with a sentence where there is none."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(INSTALL)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))
    width, height = (round(float(side)) for side in box.groups()) if box else (1500, 1000)
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}",
             f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking", "--disable-sync",
             f"--screenshot={png}", svg.resolve().as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Pictures of the program.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("screenshots"))
    parser.add_argument("--png", action="store_true", help="PNG beside each SVG")
    parser.add_argument("--only", metavar="NAME", help="this picture alone")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    from claude_tui.fakeapi import FakeApi, plan_of

    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        del os.environ[name]
    with FakeApi.in_thread(plan_of("demo")) as api, tempfile.TemporaryDirectory() as home:
        os.environ["ANTHROPIC_CONFIG_DIR"] = os.environ["HOME"] = home  # no path of this machine is in a picture
        for shot in SHOTS:
            if options.only in (None, shot.name):
                file = options.folder / f"{shot.name}.svg"
                file.write_text(asyncio.run(take(shot, api.url, api.key, Path(home))), encoding="utf-8")
                if options.png:
                    to_png(file, file.with_suffix(".png"))
                print(file)


if __name__ == "__main__":
    main(sys.argv[1:])
