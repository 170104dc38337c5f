"""Running the calls of one answer: all at once, each with its time limit, every one answered whatever happens.

A call runs only when its answer ended with `tool_use`, its block ended and its arguments are a JSON object. Anything else gets an
error result, so that the next request is valid and the model knows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from claude_tui.domain.blocks import Block, dump_json, is_client_call, string, tool_result
from claude_tui.domain.events import Event, ToolFinished, ToolProgress, ToolStarted
from claude_tui.domain.history import EMPTY_RESULT, NO_RESULT
from claude_tui.domain.messages import Message
from claude_tui.domain.ports import Tool, ToolOutput
from claude_tui.engine.approvals import Approvals

_log = logging.getLogger(__name__)

LONGEST_RESULT = 100_000
"""Characters of a text result that go to the model; the rest is cut and the cut is said."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the model. `arguments` is None where they are not a JSON object; `raw` is their text then."""

    number: int
    id: str
    name: str
    arguments: dict[str, Any] | None
    raw: str = ""


def calls_of(message: Message) -> list[Call]:
    """The client calls of an answer, in order; a second call with an id already seen is left out."""
    calls: dict[str, Call] = {}
    for number, block in enumerate(message.blocks):
        call_id = string(block, "id")
        if is_client_call(block) and call_id and call_id not in calls:
            raw = message.raw_inputs.get(str(number))
            given: Any = block.get("input")
            if given is None or given == "":  # how some servers say that a call has no arguments
                given = {}
            arguments = cast("dict[str, Any]", given) if raw is None and isinstance(given, dict) else None
            calls[call_id] = Call(number, call_id, string(block, "name"), arguments, dump_json(given) if raw is None else raw)
    return list(calls.values())


class Toolbox:
    """The tools of a session and how they are run. `checker` gives the problems of arguments against a schema."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        approvals: Approvals,
        *,
        timeout: float,
        checker: Callable[[dict[str, Any], dict[str, Any]], list[str]],
    ) -> None:
        self._tools = dict(tools)
        self.approvals = approvals
        self._timeout = timeout
        self._checker = checker

    def specs(self) -> tuple[dict[str, Any], ...]:
        """The tools as the API wants them, sorted by name: the order is part of what thinking is bound to."""
        return tuple(self._tools[name].spec.to_api() for name in sorted(self._tools))

    async def run(
        self,
        message: Message,
        calls: list[Call],
        results: dict[str, Block],
        seconds: dict[str, float],
        emit: Callable[[Event], None],
    ) -> None:
        """Answer every call. `results` and `seconds`, by call id, fill as calls finish: an interrupt keeps what was done."""
        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(self._answer(message, call, results, seconds, emit))

    async def _answer(
        self, message: Message, call: Call, results: dict[str, Block], seconds: dict[str, float], emit: Callable[[Event], None]
    ) -> None:
        started: float | None = None
        refusal = await self._refusal(call, emit)
        if refusal is not None or call.arguments is None:
            output = ToolOutput(refusal or "", is_error=True)
        else:
            emit(ToolStarted(call.id, call.name, message.id, call.number))
            started = time.monotonic()
            output = await self._run(self._tools[call.name], call.arguments, lambda text: emit(ToolProgress(call.id, text)))
        if started is not None:
            seconds[call.id] = round(time.monotonic() - started, 3)
        results[call.id] = result_of(call.id, output)
        emit(ToolFinished(call.id, results[call.id], seconds.get(call.id)))

    async def _refusal(self, call: Call, emit: Callable[[Event], None]) -> str | None:
        """Why the call may not run, None if it may."""
        if call.arguments is None:
            return f"The arguments are not a JSON object, so the call was not run. They begin: {call.raw[:200]}"
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(sorted(self._tools)) or "none"
            return f"There is no tool named {call.name!r}. Available: {known}."
        problems = self._checker(tool.spec.input_schema, call.arguments)
        if problems:
            return "The arguments do not fit the tool's schema: " + "; ".join(problems)
        if not await self.approvals.allowed(call.id, call.name, call.arguments, emit):
            return f"The user has not allowed {call.name} to run."
        return None

    async def _run(self, tool: Tool, arguments: dict[str, Any], progress: Callable[[str], None]) -> ToolOutput:
        try:
            async with asyncio.timeout(self._timeout):
                return await tool.run(arguments, progress)
        except TimeoutError:
            return ToolOutput(f"The tool did not finish within {self._timeout:g} seconds and was stopped.", is_error=True)
        except Exception as error:
            _log.exception("tool %s failed", tool.spec.name)
            return ToolOutput(f"The tool failed: {type(error).__name__}: {error}", is_error=True)


def result_of(call_id: str, output: ToolOutput) -> Block:
    """The result block of an output; empty text is said, text that is too long is cut and the cut is said."""
    content = output.content
    if isinstance(content, str):
        if not content.strip():
            content = EMPTY_RESULT
        elif len(content) > LONGEST_RESULT:
            content = f"{content[:LONGEST_RESULT]}\n[cut: {len(content) - LONGEST_RESULT} more characters]"
    return tool_result(call_id, content or EMPTY_RESULT, is_error=output.is_error)


def complete_results(calls: list[Call], results: Mapping[str, Block]) -> tuple[Block, ...]:
    """One result a call, in the order of the calls; a synthetic error where there is none."""
    return tuple(results.get(call.id) or tool_result(call.id, NO_RESULT, is_error=True) for call in calls)
