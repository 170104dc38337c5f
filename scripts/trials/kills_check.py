"""What must hold after a kill, looked at as the next process would: by opening the history and going on with the conversation."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claude_tui.domain import history
from claude_tui.domain.blocks import block_type, string
from claude_tui.domain.events import BlockDelta, BlockStarted, BlockStopped, MessageStarted, MessageStopped, ProviderEvent
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.messages import Message, Outcome, Role, Status
from claude_tui.domain.ports import ChatRequest, ModelInfo
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.workspace import Workspace
from claude_tui.fakeapi.memory import Memory
from claude_tui.fakeapi.signing import Signer
from claude_tui.fakeapi.validate import validate
from claude_tui.providers.anthropic import request_params
from claude_tui.store.sqlite import SqliteStore
from scripts.trials import kills_child as child
from scripts.trials.looking import integrity, must

if TYPE_CHECKING:
    from scripts.trials.kills import Delta, Reports

LONGEST_LOSS = 100.0
"""Milliseconds of received text, and what the machine itself took away."""
HEADERS = {"anthropic-version": "2023-06-01"}


class Accepting:
    """A provider that takes a request only if the strict validator does, and says one word."""

    name = "anthropic"
    audience = CLAUDE

    def __init__(self) -> None:
        self.refusals: list[str] = []

    async def prepare(self) -> None:
        """Nothing to load."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        error = validate({**request_params(request), "stream": True}, HEADERS, Signer(), Memory())
        self.refusals += [error.message] if error else []
        yield MessageStarted("msg_after", child.MODEL, {"input_tokens": 1, "output_tokens": 1})
        yield BlockStarted(0, {"type": "text", "text": ""})
        yield BlockDelta(0, "text", "Yes.")
        yield BlockStopped(0)
        yield MessageStopped("end_turn")

    async def models(self) -> list[ModelInfo]:
        return []

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Finding:
    """One kill. `lost_ms`: from the first lost delta to the last; `lag_ms`: how much of that the machine was late by itself."""

    phase: str
    statuses: list[str]
    lost_ms: float
    lag_ms: float
    opened_ms: float


def text_of(message: Message, number: int) -> str:
    """What streamed into a block, as far as it is stored."""
    stored = message.blocks[number]
    if str(number) in message.raw_inputs:
        return message.raw_inputs[str(number)]
    if block_type(stored) == "tool_use":
        return json.dumps(stored["input"]) if stored["input"] else ""
    return string(stored, block_type(stored))


def lost_of(message: Message | None, handed: dict[int, list[Delta]], name: str) -> list[Delta]:
    """The deltas that were handed out and are not stored. What is stored must be an exact prefix of what was handed out."""
    lost: list[Delta] = []
    for number, deltas in handed.items():
        whole = "".join(delta.text for delta in deltas)
        stored = text_of(message, number) if message and number < len(message.blocks) else ""
        must(whole.startswith(stored), f"{name}, block {number}: {stored[-80:]!r} is not from {whole[:80]!r}…")
        must(not (lost and stored), f"{name}: block {number} is there, but not all before it")
        end = 0
        for delta in deltas:
            end += len(delta.text)
            if end > len(stored):
                lost.append(delta)
    return lost


def check_answers(path: list[Message], reports: Reports, seed: str) -> tuple[list[str], list[Delta]]:
    """The messages of the killed turn: its prompt, answers in order, results of calls."""
    begins = [i for i, message in enumerate(path) if message.blocks[0].get("text") == f"prompt {seed}"]
    must(len(begins) == 1, f"the prompt is stored {len(begins)} times")
    answers = [message for message in path[begins[0] :] if message.role is Role.ASSISTANT]
    must(len(answers) <= len(reports.handed), "there are more answers than requests")
    lost: list[Delta] = []
    for request in sorted(reports.handed):
        answer = answers[request - 1] if request <= len(answers) else None
        lost += lost_of(answer, reports.handed[request], f"answer {request}")
        if reports.seen["answer stored", request]:
            must(answer is not None and answer.status is Status.COMPLETE, f"announced answer {request} is not there")
        if answer is not None:
            finalised = reports.seen["ends", request] > 0
            fits = answer.status is Status.INTERRUPTED or (finalised and answer.status is Status.COMPLETE)
            must(fits, f"answer {request} is {answer.status}")
            for number, stored in enumerate(answer.blocks):
                signature = stored.get("signature")
                must(not signature or signature == reports.signatures[request][number], "a signature is not the one that came")
    return [answer.status.value for answer in answers], lost


def lag(lost: list[Delta], reports: Reports) -> float:
    """How long the killed process itself had waited for the processor, by its deltas, and for the disk, by its open append."""
    late = max((delta.late for delta in lost), default=0.0)
    disk = reports.died - reports.appends[0] if reports.appends else 0.0
    return late + max(disk, 0.0)


def runs_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


async def check(data: Path, runs: Path, reports: Reports, seed: str, phase: str) -> Finding:
    """Open the history as the next process would, look, and go on with the conversation."""
    must(integrity(data) == "ok", f"integrity_check says {integrity(data)}")
    began = time.monotonic()
    store = await SqliteStore.open(data)
    provider = Accepting()
    workspace = Workspace(store, Endpoints.of(provider), lambda: child.toolbox(child.Tool(runs)), child.OPTIONS)
    try:
        session = await workspace.open(reports.session_id)
        opened_ms = (time.monotonic() - began) * 1000
        path = list(session.path)
        statuses, lost = check_answers(path, reports, seed)
        lost_ms = max(one.at for one in lost) - min(one.at for one in lost) if lost else 0.0
        lag_ms = lag(lost, reports)
        must(lost_ms <= LONGEST_LOSS + lag_ms, f"{lost_ms:.0f} ms are lost; the machine was late by {lag_ms:.0f} ms")
        before = runs_of(runs)
        must(history.build(path) == history.normalise(history.build(path)), "the history's request is not in its normal form")
        result = await session.submit("go on")
        must(not provider.refusals, f"the next request was refused: {provider.refusals}")
        must(result.outcome is Outcome.COMPLETED, f"the next turn {result.outcome}: {result.error}")
        must(len(set(before)) == len(before), "a tool ran twice")
        must(runs_of(runs) == before, "a tool ran again after the crash")
        must(await store.check_search(), "a finished message could not be found")
    finally:
        await workspace.close()
    return Finding(phase, statuses, lost_ms, lag_ms, opened_ms)
