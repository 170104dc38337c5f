"""`program`: the whole program is killed, `ask` and the app by turns, on one conversation with the fake API at 500 deltas a second.

The next command opens what the one before left and goes on with it, until it is killed as well; the last one may finish. So every
request but the first is made of interrupted answers, and the fake API's strict validator has to take it. A prompt whose request
arrived is in the history, as is every token that stood on a screen or on a pipe a tenth of a second before the kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from claude_tui.domain.blocks import string
from claude_tui.domain.messages import Message, Role, Status
from claude_tui.fakeapi import Call, FakeApi, Say, Script, Think, ThreadApi
from claude_tui.files import Paths
from claude_tui.store.sqlite import FILE_NAME, SqliteStore
from scripts.trials.looking import must
from scripts.trials.program_run import PATIENCE, Program, Shown, Strike, token
from scripts.trials.result import Result, failure, spread
from scripts.trials.result import Say as Tell

NAME = "program"
BY_HAND = 200
CI = 10
PER_HISTORY = 20
RATE = 500
LOST_MS_ON_A_BUSY_MACHINE = 400.0
THOUGHT = "Thinking of αβγ 中文. " * 10
COUNTING = "Counting. "
LENGTH = 1200
"""Tokens of an answer: more than any kill waits for."""


def text_of(trial: int) -> str:
    return "".join(token(trial, number) for number in range(LENGTH))


def plan(body: dict[str, Any], _number: int) -> Script:
    """By the last prompt; a prompt with a tool has it called first."""
    content = body["messages"][-1]["content"]
    said = [block["text"] for message in body["messages"] for block in message["content"] if block["type"] == "text"]
    prompt = next(text for text in reversed(said) if text.startswith(("prompt ", "go on")))
    if prompt == "go on":
        return Script((Say("And on."),))
    if prompt.endswith("with a tool") and content[0]["type"] != "tool_result":
        return Script((Say(COUNTING, chars=9), Call("calculator", {"expression": "6 * 7"})), rate=RATE)
    return Script((Think(THOUGHT, chars=20), Say(text_of(int(prompt.split()[1])), chars=9)), rate=RATE)


def environment(home: Path, api: ThreadApi) -> dict[str, str]:
    foreign = ("ANTHROPIC_", "CLAUDE_TUI_", "OPENAI_", "TEXTUAL", "COVERAGE_", "PYTHONWARNINGS", "LC_", "COLUMNS", "LINES")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    ours = {"CLAUDE_TUI_HOME": str(home), "ANTHROPIC_CONFIG_DIR": str(home / "none"), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    return {**inherited, **ours, "ANTHROPIC_BASE_URL": api.url, "ANTHROPIC_API_KEY": api.key}


@dataclass
class Killed:
    """One trial: what was seen of the program, and what its history said right after."""

    trial: int
    program: Program
    shown: Shown
    draft: str
    arrived: bool
    text: str = ""
    statuses: tuple[str, ...] = ()


def data_folder(variables: dict[str, str]) -> Path:
    return Paths.find(variables).data


def left_behind(folder: Path) -> tuple[str, bool]:
    """The newest draft in the file, as it lies there, and whether there is a conversation; the file must be whole."""
    if not (folder / FILE_NAME).exists():
        return "", False
    connection = apsw.Connection(str(folder / FILE_NAME))
    try:
        must(connection.execute("PRAGMA integrity_check").get == "ok", "the history is damaged")
        if connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'drafts'").get == 0:
            return "", False
        row = connection.execute("SELECT text FROM drafts ORDER BY updated_at DESC LIMIT 1").get
        begun = connection.execute("SELECT count(*) FROM sessions").get > 0
        return str(json.loads(row)["draft"]) if row else "", begun
    finally:
        connection.close()


async def path_of(folder: Path) -> list[Message]:
    """The only conversation there is."""
    store = await SqliteStore.open(folder)
    try:
        [session] = await store.sessions()
        return await store.path(session.leaf_id or "")
    finally:
        await store.close()


def kill(trial: int, api: ThreadApi, variables: dict[str, str]) -> Killed:
    before = len(api.calls)
    _, begun = left_behind(data_folder(variables))
    program = Program(trial, Strike.of(trial), variables, resume=begun)
    shown = program.run()
    for number in range(before, len(api.calls)):
        if not api.calls[number].over:
            api.wait_closed(number)
    draft, _ = left_behind(data_folder(variables))
    return Killed(trial, program, shown, draft, len(api.calls) > before)


def check(killed: Killed, path: list[Message]) -> float:
    """What is stored of this turn; how much of what was shown is not, in milliseconds."""
    places = [n for n, one in enumerate(path) if one.role is Role.USER and string(one.blocks[0], "text") == killed.program.prompt]
    must(len(places) == 1 or not (places or killed.arrived), f"the prompt is stored {len(places)} times")
    answers: list[Message] = []
    for message in path[places[0] + 1 :] if places else ():
        if message.role is Role.USER and message.blocks[0]["type"] != "tool_result":
            break
        answers += [message] if message.role is Role.ASSISTANT else []
    text = "".join(string(block, "text") for message in answers for block in message.blocks if block["type"] == "text")
    must((COUNTING + text_of(killed.trial)).startswith(text) or text_of(killed.trial).startswith(text), f"not as sent: {text[:80]}")
    for thought in (block for message in answers for block in message.blocks if block["type"] == "thinking"):
        must(THOUGHT.startswith(string(thought, "thinking")), "the thinking is not as it was sent")
    statuses = [message.status for message in answers]
    must(all(status is Status.INTERRUPTED for status in statuses[-1:] if text_of(killed.trial)[:9] in text), f"{statuses}")
    must(all(status is not Status.STREAMING for status in statuses), "an answer still streams")
    stored = len(text.removeprefix(COUNTING)) // len(token(0, 0))
    lost = killed.shown.lost_ms(stored)
    must(lost <= LOST_MS_ON_A_BUSY_MACHINE, f"{lost:.0f} ms of what was shown are not stored")
    if killed.shown.draft_is_old:
        must(killed.draft.endswith(killed.program.draft), f"the draft is {killed.draft!r}")  # behind one that was there before
    return lost


def last_turn(variables: dict[str, str], *, resume: bool) -> str:
    """A turn that may end; what is wrong with how it did."""
    command = [sys.executable, "-m", "claude_tui", "ask", *(["-c"] if resume else []), "go on"]
    try:
        done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        return f"it did not end within {PATIENCE:.0f} s: {error.stdout!r} {error.stderr!r}"
    return "" if done.stdout == b"And on.\n" and done.returncode == 0 else f"{done.returncode}, {done.stdout!r} {done.stderr!r}"


def conversation(trials: list[int], home: Path, failures: list[str], lost: list[float], drafts: list[int]) -> None:
    """These kills one after the other, and a turn that may end."""
    with FakeApi.in_thread(plan) as api:
        variables = environment(home, api)
        killed: list[Killed] = []
        for trial in trials:
            try:
                killed.append(kill(trial, api, variables))
            except Exception as error:
                failures.append(failure(NAME, trial, f"{Strike.of(trial)}: {type(error).__name__}: {error}"))
        _, begun = left_behind(data_folder(variables))
        problem = last_turn(variables, resume=begun)
        if problem:
            failures.append(failure(NAME, trials[0], f"the turn after them all: {problem}", len(trials)))
        refused = [call.error for call in api.calls if call.status not in (200, None)]
        if refused:
            failures.append(failure(NAME, trials[0], f"the validator refused {len(refused)}: {refused[0]}", len(trials)))
    path = asyncio.run(path_of(data_folder(variables)))
    for one in killed:
        try:
            lost.append(check(one, path))
            drafts.append(one.shown.draft_is_old)
        except Exception as error:
            failures.append(failure(NAME, one.trial, f"{Strike.of(one.trial)}: {type(error).__name__}: {error}"))


def run(seed: int, count: int, say: Tell) -> Result:
    failures: list[str] = []
    lost: list[float] = []
    drafts: list[int] = []
    for first in range(seed, seed + count, PER_HISTORY):
        trials = list(range(first, min(first + PER_HISTORY, seed + count)))
        with tempfile.TemporaryDirectory(prefix="claude-tui-program-") as name:
            conversation(trials, Path(name) / "home", failures, lost, drafts)
        say(f"{len(lost)} programs killed")
    figures = {f"lost ms {which}": value for which, value in spread(lost).items()}
    apps = sum(Strike.of(trial).app for trial in range(seed, seed + count))
    over = sum(one > 100 for one in lost)
    return Result(count, failures, {"of the app": apps, **figures, "lost over 100 ms": over, "drafts looked at": sum(drafts)})
