"""One turn: request → fold → commit → tools → repeat.

Cancellation and the saving of drafts of the answer live HERE only. Whatever happens, what arrived is committed, every call of the
model has a result on disk, and `TurnEnded` is the last event. Nothing is announced as done before it is on disk.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

from claude_tui.domain.blocks import Block
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError, StoreError
from claude_tui.domain.events import (
    BlockDelta,
    BlockStarted,
    Event,
    MessageStopped,
    Notice,
    RequestStarted,
    RetryScheduled,
    SessionChanged,
    ToolFinished,
    TurnEnded,
    TurnStarted,
    ending_of,
    noted_ending,
)
from claude_tui.domain.ids import new_id, timestamp
from claude_tui.domain.messages import Message, Outcome, Role, SessionInfo, Status, StopReason, Usage, sum_usage
from claude_tui.domain.ports import ChatRequest, Provider, Store, Timeouts
from claude_tui.domain.spending import Spending
from claude_tui.engine.answer import Answer
from claude_tui.engine.asking import chat_request
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.retry import LONGEST_RETRY_AFTER, delay_before_retry, duration, is_binding_error
from claude_tui.engine.tasks import to_the_end
from claude_tui.engine.tooling import Call, Toolbox, calls_of, complete_results
from claude_tui.engine.unseen import Unseen

_log = logging.getLogger(__name__)

MOST_PAUSES = 10
"""How often in a row a paused answer is continued before the turn ends."""


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """`max_tokens`: None leaves it to the wire.

    `retries`: how often a request is tried again. `max_requests`: how many requests a turn may make."""

    max_tokens: int | None
    retries: int
    max_requests: int
    timeouts: Timeouts


@dataclass(frozen=True, slots=True)
class TurnResult:
    """`messages`: the turn's, in order, prompt first. `unseen`: what left none. `timings`: `ttft_ms`, `total_ms`, `retries`."""

    outcome: Outcome
    error: ErrorInfo | None
    messages: tuple[Message, ...]
    timings: dict[str, Any]
    unseen: tuple[Spending, ...] = ()

    @property
    def answer(self) -> Message | None:
        """The last assistant message."""
        return next((message for message in reversed(self.messages) if message.role is Role.ASSISTANT), None)

    @property
    def usage(self) -> Usage:
        return sum_usage(row.usage for row in self.spending)

    @property
    def spending(self) -> list[Spending]:
        """What every response of the turn used."""
        return [*self.unseen, *(Spending.of(message) for message in self.messages if message.role is Role.ASSISTANT)]


@dataclass(slots=True)
class _Running:
    """Calls being answered, so that an interrupt can answer the rest."""

    calls: list[Call]
    results: dict[str, Block] = field(default_factory=dict[str, Block])
    seconds: dict[str, float] = field(default_factory=dict[str, float])


class Host(Protocol):
    """What a turn asks of the session it belongs to. `info` may be another one with each request; `path` is root to leaf."""

    @property
    def info(self) -> SessionInfo: ...

    @property
    def path(self) -> list[Message]: ...

    def emit(self, event: Event) -> None: ...

    async def prepare(self, prompt: Message) -> bool:
        """Make the session's row ready to take this prompt; whether `info` changed by that."""
        ...

    async def load(self) -> None:
        """See that the path is known from the root on."""
        ...

    def take(self, message: Message, replaces: str | None = None) -> None:
        """A committed message is the end of the path now, in the place of prompt `replaces` if that is given."""
        ...

    def amend(self, message: Message) -> None:
        """The message of this id is this one now."""
        ...

    async def note(self, facts: dict[str, Any]) -> None:
        """Keep these facts with the session."""
        ...

    async def objection(self) -> str | None:
        """Why the next request must not go out, in a sentence; None if it may."""
        ...


class Turn:
    """A turn of `host`, whose path grows as messages are committed. `run` once. `answer`: the one being received."""

    def __init__(
        self,
        host: Host,
        *,
        store: Store,
        endpoints: Endpoints,
        toolbox: Toolbox,
        options: TurnOptions,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host = host
        self._store = store
        self._endpoints = endpoints
        self._toolbox = toolbox
        self._options = options
        self._emit = host.emit
        self._jitter = jitter
        self._sleep = sleep
        self._loop = asyncio.get_running_loop()
        self._messages: list[Message] = []
        self._unseen = Unseen(store)
        self.answer: Answer | None = None
        self._running: _Running | None = None
        self._began = self._loop.time()
        self._sent: float | None = None
        self._retries = 0
        self._pauses = 0
        self._is_last_request = False
        self._first_text: float | None = None

    async def run(self, prompt: Message, replaces: str | None = None) -> TurnResult:
        """Everything from the prompt to the end of the turn. An interrupt (cancelling the task) ends it in good order.

        `replaces`: id of the prompt of which this one is a new version.
        """
        outcome, error = Outcome.FAILED, None
        try:
            _, cancelled = await to_the_end(self._begin(prompt, replaces))
            if cancelled:
                raise asyncio.CancelledError
            await self._converse()
            outcome = Outcome.COMPLETED
        except asyncio.CancelledError:
            outcome = Outcome.INTERRUPTED
        except (ProviderError, StoreError) as failure:
            error = failure.info
        except Exception as failure:
            _log.exception("the turn failed")
            text = f"An error in claude-tui itself ({type(failure).__name__}). The log has more."
            error = ErrorInfo(ErrorKind.PROTOCOL, text)
        storage, _ = await to_the_end(self._settle(outcome, error))
        if storage is not None and error is None:
            outcome, error = (outcome, None) if outcome is Outcome.INTERRUPTED else (Outcome.FAILED, storage)
        result = TurnResult(outcome, error, tuple(self._messages), self._timings(), tuple(self._unseen.spent))
        self._emit(TurnEnded(self._host.info.id, outcome, error))
        return result

    async def _begin(self, prompt: Message, replaces: str | None) -> None:
        changed = await self._host.prepare(prompt)
        await self._store.add_message(prompt)
        self._take(prompt, replaces)
        self._emit(TurnStarted(self._host.info.id, prompt))
        if changed:
            self._emit(SessionChanged(self._host.info))

    def _take(self, message: Message, replaces: str | None = None) -> None:
        self._messages.append(message)
        self._host.take(message, replaces)

    def _timings(self) -> dict[str, Any]:
        return {
            "ttft_ms": round((self._first_text - self._sent) * 1000) if self._first_text and self._sent else None,
            "total_ms": round((self._loop.time() - self._began) * 1000),
            "retries": self._retries,
        }

    def _provider(self) -> Provider:
        """The endpoint of the next request: another one may have been chosen while the turn runs."""
        return self._endpoints.get(self._host.info.provider)

    async def _converse(self) -> None:
        await self._provider().prepare()
        await self._host.load()
        for number in range(1, self._options.max_requests + 1):
            self._is_last_request = number == self._options.max_requests
            objection = await self._host.objection()
            if objection is not None:
                raise ProviderError(ErrorInfo(ErrorKind.BILLING, objection))
            message = await self._request()
            if message.error is not None:
                raise ProviderError(message.error)
            calls = _wanted_calls(message)
            if calls:
                self._pauses = 0
                await self._run_calls(message, calls)
            elif message.stop_reason == StopReason.PAUSE_TURN:
                self._pauses += 1
            else:
                return

    def _limit(self, message: Message) -> ErrorInfo | None:
        """Why this answer will not be gone on with although it wants to be; its calls are not run then."""
        paused = message.stop_reason == StopReason.PAUSE_TURN
        if paused and self._pauses >= MOST_PAUSES:
            return ErrorInfo(ErrorKind.TOOL_LIMIT, f"The answer paused {self._pauses + 1} times in a row; it was not continued.")
        if self._is_last_request and (paused or _wanted_calls(message)):
            limit = self._options.max_requests
            return ErrorInfo(ErrorKind.TOOL_LIMIT, f"The turn made {limit} requests, the most it may (`max_requests`).")
        return None

    # One request, with its attempts.

    async def _request(self) -> Message:
        message_id, attempt, rebound = new_id(), 0, False
        while True:
            attempt += 1
            info, provider = self._host.info, self._provider()
            await provider.prepare()
            answer = self.answer = Answer(message_id, info, self._host.path[-1].id, self._store, self._emit)
            self._emit(RequestStarted(attempt, info.model or "", message_id))
            try:
                return await self._stream(answer, provider, self._chat_request(info, provider))
            except ProviderError as error:
                if answer.shown:
                    raise
                self.answer = None
                await self._unseen.note(answer)
                if is_binding_error(error.info) and not rebound:
                    rebound = True
                    await self._leave_out_thinking()
                    attempt -= 1
                    continue
                await self._wait_for_retry(error, attempt)

    async def _wait_for_retry(self, error: ProviderError, attempt: int) -> None:
        delay = delay_before_retry(error, attempt, self._options.retries, self._jitter())
        if delay is None:
            if error.retryable and error.retry_after is not None and error.retry_after > LONGEST_RETRY_AFTER:
                text = f"{error.info.message} The server asks to wait {duration(error.retry_after)}."
                raise ProviderError(dataclasses.replace(error.info, message=text)) from error
            raise error
        self._retries += 1
        self._emit(RetryScheduled(attempt, round(delay, 3), error.info))
        await self._sleep(delay)

    async def _leave_out_thinking(self) -> None:
        """The API says earlier thinking belongs to another conversation: leave it out, here and in every later request."""
        self._emit(
            Notice(
                "The API no longer accepts the earlier thinking of this session; it is left out. Nothing else is lost.", "warning"
            )
        )
        await self._host.note({"without_thinking_to": self._host.path[-1].id})

    def _chat_request(self, info: SessionInfo, provider: Provider) -> ChatRequest:
        options = self._options
        return chat_request(self._host.path, info, provider.audience, max_tokens=options.max_tokens, timeouts=options.timeouts)

    async def _stream(self, answer: Answer, provider: Provider, request: ChatRequest) -> Message:
        if self._sent is None:
            self._sent = self._loop.time()
        message: Message | None = None
        with answer.watched():
            async with aclosing(provider.stream(request)) as stream:
                async for event in stream:
                    if type(event) is BlockDelta:
                        answer.take_delta(event)
                    elif type(event) is MessageStopped:
                        message = await answer.commit(event, self._limit)
                        self._release(answer, message)
                        answer.announce_end()
                    elif type(event) is BlockStarted:
                        await answer.take_start(event)
                    else:
                        answer.take(event)
        if message is None:
            raise ProviderError(ErrorInfo(ErrorKind.TRUNCATED, "The answer ended before it was complete."), retryable=True)
        return message

    def _release(self, answer: Answer, message: Message) -> None:
        """The answer is a message on the path from now on."""
        self._first_text = self._first_text or answer.first_text
        self.answer = None
        self._take(message)

    # Tools.

    async def _run_calls(self, message: Message, calls: list[Call]) -> None:
        self._running = _Running(calls)
        await self._toolbox.run(message, calls, self._running.results, self._running.seconds, self._emit)
        await self._store_results()

    async def _store_results(self) -> None:
        running = self._running
        if running is None:
            return
        self._running = None
        message = Message(
            id=new_id(),
            session_id=self._host.info.id,
            parent_id=self._host.path[-1].id,
            role=Role.USER,
            blocks=complete_results(running.calls, running.results),
            extra={"tool_seconds": dict(running.seconds)} if running.seconds else {},
            created_at=timestamp(),
        )
        for call, block in zip(running.calls, message.blocks, strict=True):
            if call.id not in running.results:
                self._emit(ToolFinished(call.id, block))
        await self._store.add_message(message)
        self._take(message)

    # The end.

    async def _settle(self, outcome: Outcome, error: ErrorInfo | None) -> ErrorInfo | None:
        """Commit whatever is under way; the storage error if that fails."""
        try:
            await self._keep_answer(Status.INTERRUPTED if outcome is Outcome.INTERRUPTED else Status.FAILED, error)
            await self._store_results()
            await self._note_ending(outcome, error)
        except StoreError as failure:
            return failure.info
        except Exception as failure:
            _log.exception("the end of the turn could not be stored")
            text = f"The end of the turn could not be stored ({type(failure).__name__}). The log has more."
            return ErrorInfo(ErrorKind.STORAGE, text)
        return None

    async def _keep_answer(self, status: Status, error: ErrorInfo | None) -> None:
        """What came of the answer stays in memory even where the disk does not take it."""
        answer = self.answer
        if answer is None:
            return
        if not answer.shown:
            self.answer = None
            await self._unseen.note(answer)
            return
        message = answer.folded(status, error)
        try:
            await answer.store(message)
        finally:
            self._release(answer, message)
        answer.announce_end()

    async def _note_ending(self, outcome: Outcome, error: ErrorInfo | None) -> None:
        """Keep how the turn ended with its last message, where that does not tell."""
        last = self._messages[-1] if self._messages else None
        if last is None or ending_of(last) == (outcome, error):
            return
        noted = dataclasses.replace(last, extra={**last.extra, **noted_ending(outcome, error)})
        await self._store.set_extra(noted.id, noted.extra)
        self._messages[-1] = noted
        self._host.amend(noted)


def _wanted_calls(message: Message) -> list[Call]:
    """The calls the model stopped for; none when it stopped for anything else."""
    return calls_of(message) if message.stop_reason == StopReason.TOOL_USE else []
