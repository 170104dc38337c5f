"""The figures of the status bar, folded from events or taken from a stored answer; the only place that computes them.

Pure: no widget, no clock of its own. They are the figures of one answer, the last: its `usage` word for word, the time to its first
text, its speed. What is not the API's final word is marked `~`. `load` gives for a stored answer what `apply` gave as it streamed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, assert_never

from claude_tui.domain.blocks import string
from claude_tui.domain.events import (
    Alive,
    ApprovalRequested,
    ApprovalResolved,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    Event,
    MessageStarted,
    MessageStopped,
    Notice,
    RequestStarted,
    RetryScheduled,
    SessionChanged,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from claude_tui.domain.history import CLAUDE
from claude_tui.domain.messages import Message, Role, Usage, merge_usage
from claude_tui.domain.pricing import context_fill
from claude_tui.domain.spending import Spending, is_final
from claude_tui.domain.text import safe_line
from claude_tui.domain.tokens import block_tokens, estimate_tokens, written_tokens
from claude_tui.ui.figures import Beside, Part, brief, fit, number, percent, seconds

NOTHING_BESIDE = Beside()
_MessageEvent: TypeAlias = MessageStarted | UsageReported | BlockStarted | BlockStopped | MessageStopped


class State(StrEnum):
    """What the program is doing, in the words of the status bar."""

    IDLE = "Idle"
    WAITING = "Waiting"
    THINKING = "Thinking"
    STREAMING = "Streaming"
    TOOL = "Tool"
    ASKING = "Your answer"
    RETRYING = "Retrying"
    STOPPING = "Stopping"


@dataclass(slots=True)
class Figures:
    """Of one answer. `final`: `usage` is the API's last word. `written`: tokens estimated from what came.

    `ttft` and `elapsed` are seconds since the request was sent; `elapsed` goes to the last thing that came.
    """

    usage: Usage | None = None
    final: bool = False
    written: float = 0.0
    ttft: float | None = None
    elapsed: float | None = None

    def count(self, key: str) -> int | None:
        """A count of the usage; None where the API did not say."""
        value = (self.usage or {}).get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def output(self) -> int | None:
        """Output tokens: the API's figure, or an estimate while that is not final (it counts what has come, and never less)."""
        reported = self.count("output_tokens")
        if self.final:
            return reported
        return max(reported or 0, round(self.written)) if self.usage is not None or self.written else None

    @property
    def read(self) -> int:
        return self.count("cache_read_input_tokens") or 0

    @property
    def written_to_cache(self) -> int:
        return self.count("cache_creation_input_tokens") or 0

    @property
    def whole_input(self) -> int | None:
        """Everything the model read, cached or not."""
        given = self.count("input_tokens")
        return None if given is None else given + self.read + self.written_to_cache

    @property
    def fill(self) -> int | None:
        """What the conversation takes of the context window after this answer."""
        given = context_fill(self.usage)
        return None if given is None else given + max(0, (self.output or 0) - (self.count("output_tokens") or 0))

    @property
    def speed(self) -> float | None:
        """Output tokens a second, from the first text on."""
        if self.ttft is None or self.elapsed is None or self.output is None or self.elapsed - self.ttft < 0.001:
            return None
        return self.output / (self.elapsed - self.ttft)


@dataclass(slots=True)
class _Live:
    """The answer that streams, and when its request was sent. `asked`: the model that was; `model`: the one that answers."""

    sent: float
    id: str = ""
    asked: str = ""
    model: str = ""
    figures: Figures = field(default_factory=Figures)
    begun: bool = False


class Meter:
    """`apply` every event of a session in order, `load` the last stored answer of a session that is opened.

    When a turn has ended, `load` its last message: what is stored was timed by the engine, to the millisecond.
    `window`: the context window of a model, None where it is not known.
    """

    def __init__(self, window: Callable[[str], int | None] = lambda _: None) -> None:
        self._window = window
        self.reset()

    def reset(self) -> None:
        """Another session: nothing is known."""
        self.model: str | None = None
        self.provider: str | None = None
        self.effort: str | None = None
        self.state = State.IDLE
        self.tool = ""
        self.figures = Figures()
        self._live: _Live | None = None
        self._began: float | None = None
        self._tools: dict[str, str] = {}
        self._asked: set[str] = set()

    @property
    def busy(self) -> bool:
        return self.state is not State.IDLE

    @property
    def context(self) -> float | None:
        """The share of the context window that is taken (1.0 is all of it), None where something about it is not known."""
        fill, window = self._shown.fill, self.window
        return None if not window or fill is None else fill / window

    @property
    def window(self) -> int | None:
        """The context window of the model of the next request."""
        return self._window(self.model) if self.model else None

    @property
    def running_row(self) -> Spending | None:
        """What the answer that streams has used so far; None before the server said anything of it."""
        live = self._live
        if live is None or not live.begun:
            return None
        figures = live.figures
        return Spending(
            id=live.id,
            session_id="",
            message_id=live.id,
            provider=None,
            model=live.model,
            usage=figures.usage,
            output_estimate=round(figures.written),
            final=False,
        )

    def is_running(self, message_id: str) -> bool:
        """Whether this is the answer that streams."""
        return self._live is not None and self._live.id == message_id

    def choose(self, model: str | None, effort: str | None, provider: str | None = None) -> None:
        """The model, effort and provider of the next request."""
        self.model, self.effort, self.provider = model, effort, provider

    def stopping(self) -> None:
        """The user interrupted; the turn has not ended yet."""
        if self.busy:
            self.state = State.STOPPING

    def running(self, now: float) -> float | None:
        """Seconds since the turn began."""
        return None if self._began is None else max(0.0, now - self._began)

    # What happens.

    def apply(self, event: Event, now: float) -> None:
        match event:
            case BlockDelta():
                self._delta(event, now)
            case TurnStarted():
                self._began = now
                self._enter(State.WAITING)
            case RequestStarted():
                self._live = _Live(now, event.message_id, event.model, event.model)
                self._enter(State.WAITING)
            case SessionChanged():
                self.choose(event.session.model, event.session.effort, event.session.provider)
            case RetryScheduled():
                self._live = None
                self._enter(State.RETRYING)
            case TurnEnded():
                self._end()
            case ToolStarted() | ToolFinished() | ApprovalRequested() | ApprovalResolved():
                self._tool(event)
            case MessageStarted() | UsageReported() | BlockStarted() | BlockStopped() | MessageStopped():
                self._message(event, now)
            case ToolProgress() | Notice() | Alive():
                pass
            case _:
                assert_never(event)

    def load(self, message: Message) -> None:
        """Show the figures of a stored answer. Anything but an answer changes nothing."""
        if message.role is not Role.ASSISTANT:
            return
        timings = message.timings or {}
        self.figures = Figures(
            usage=message.usage,
            final=is_final(message.status, message.stop_reason, message.open_blocks),
            written=written_tokens(message.blocks, message.raw_inputs),
            ttft=_seconds(timings.get("ttft_ms")),
            elapsed=_seconds(timings.get("total_ms")),
        )

    def _delta(self, event: BlockDelta, now: float) -> None:
        live = self._live
        if live is None:
            return
        live.figures.elapsed = now - live.sent
        if event.kind in ("text", "thinking") and event.text:
            if live.figures.ttft is None:
                live.figures.ttft = now - live.sent
            self._enter(State.THINKING if event.kind == "thinking" else State.STREAMING)
        if event.kind in ("text", "thinking", "input"):
            live.figures.written += estimate_tokens(event.text)

    def _message(self, event: _MessageEvent, now: float) -> None:
        live = self._live
        if live is None:
            return
        match event:
            case MessageStarted():
                live.begun, live.model = True, event.model or live.model
                live.figures.usage = dict(event.usage) if event.usage else None
            case UsageReported():
                live.figures.usage = merge_usage(live.figures.usage, event.usage)
            case BlockStarted():
                self._enter(State.THINKING if "thinking" in string(event.block, "type") else State.STREAMING)
                live.figures.written += block_tokens(event.block)
            case BlockStopped():
                pass
            case MessageStopped():  # told of after the disk has it: the time of what came before counts
                live.figures.final = True
                self.figures, self._live = live.figures, None
                return
        live.figures.elapsed = now - live.sent

    def _tool(self, event: ToolStarted | ToolFinished | ApprovalRequested | ApprovalResolved) -> None:
        match event:
            case ToolStarted():
                self._tools[event.tool_use_id] = safe_line(event.name, 30)
            case ToolFinished():
                self._tools.pop(event.tool_use_id, None)
                self._asked.discard(event.tool_use_id)
            case ApprovalRequested():
                self._asked.add(event.tool_use_id)
            case ApprovalResolved():
                self._asked.discard(event.tool_use_id)
        if self._asked:
            self._enter(State.ASKING)
        elif self._tools:
            self.tool = next(iter(self._tools.values()))
            self._enter(State.TOOL)
        else:
            self._enter(State.WAITING)

    def _enter(self, state: State) -> None:
        """A turn that is being stopped stays so until it has ended; nothing begins outside a turn."""
        if self._began is not None and self.state is not State.STOPPING:
            self.state = state

    def _end(self) -> None:
        if self._live is not None and self._live.begun:
            self.figures = self._live.figures
        self._live = self._began = None
        self._tools.clear()
        self._asked.clear()
        self.state = State.IDLE

    # What is shown.

    @property
    def _shown(self) -> Figures:
        """Those of the answer that streams, once the server said anything; of the last answer before that."""
        return self._live.figures if self._live is not None and self._live.begun else self.figures

    def state_text(self, now: float) -> str:
        """`Streaming 3.2 s`: the state and how long the turn has taken."""
        running = self.running(now)
        return self.state_word if running is None else f"{self.state_word} {seconds(running)}"

    @property
    def state_word(self) -> str:
        """The state, with the name of the tool where one runs."""
        return f"Tool {self.tool}" if self.state is State.TOOL else self.state.value

    def parts(self, now: float, hint: str = "", beside: Beside = NOTHING_BESIDE) -> list[Part]:
        """Everything there is to show, in the order of the bar; `hint` stands beside the state."""
        shown = self._shown
        guess = "" if shown.final else "~"
        state = self.state_text(now)
        hinted = ((f"{state} · {hint}", 10 if self.busy else 1),) if hint else ()
        found = [Part("model", self._model_forms()), Part("state", (*hinted, (state, 10), (self.state_word, 12)))]
        given, output = shown.count("input_tokens"), shown.output
        counts = [] if given is None else [f"in {number(given)}"]
        counts += [] if output is None else [f"out {guess}{number(output)}"]
        found.append(Part("tokens", (("  ".join(counts), 9),)))
        if self.context is not None:
            found.append(Part("context", ((f"ctx {guess}{percent(self.context)}", 8),)))
        found.append(Part("cost", _forms(beside.cost, (4, 9))))
        found.append(Part("cache", self._cache_forms(shown, beside.cache)))
        timings = [] if shown.ttft is None else [f"TTFT {seconds(shown.ttft)}"]
        timings += [] if shown.speed is None else [f"{guess}{round(shown.speed)} tok/s"]
        if timings:
            found.append(Part("timing", ((" · ".join(timings), 3), (timings[-1], 5))))
        found.append(Part("draft", _forms(beside.draft, (4, 7))))
        return [part for part in found if part.forms and part.text]

    @staticmethod
    def _cache_forms(shown: Figures, lives: str) -> tuple[tuple[str, int], ...]:
        if not shown.whole_input or not (shown.read or shown.written_to_cache):
            return ()
        share = f"cache {percent(shown.read / shown.whole_input)}"
        whole = f"{share} r {number(shown.read)} w {number(shown.written_to_cache)}"
        living = ((f"{whole} · {lives}", 2), (f"{share} · {lives}", 4), (f"cache {brief(lives)}", 6)) if lives else ((whole, 2),)
        return (*living, (share, 6))

    def _model_forms(self) -> tuple[tuple[str, int], ...]:
        """The provider stands there too unless it is the usual one, which needs no word.

        While an answer comes that another model writes than the one chosen meanwhile, both: the one that writes first.
        """
        model = safe_line(self.model or "", 40)
        if self._live is not None and self._live.asked and self._live.asked != self.model:
            writes = safe_line(self._live.asked, 40)
            return (f"{writes} → {model}", 10), (writes, 11)
        forms = [(model, 11)]
        if self.effort:
            forms.insert(0, (f"{model} · {safe_line(self.effort, 12)}", 7))
        if self.provider and self.provider != CLAUDE.provider:
            forms.insert(0, (f"{safe_line(self.provider, 20)}: {forms[0][0]}", 4))
        return tuple(forms)

    def segments(self, width: int, now: float, hint: str = "", beside: Beside = NOTHING_BESIDE) -> list[Part]:
        """The parts that fit into `width` cells with `SEPARATOR` between them, in their order; show each one's `text`."""
        return fit(self.parts(now, hint, beside), width)


def _forms(texts: tuple[str, ...], weights: tuple[int, int]) -> tuple[tuple[str, int], ...]:
    """The longer forms are given up sooner than the last one."""
    return tuple((text, weights[place == len(texts) - 1]) for place, text in enumerate(texts))


def _seconds(milliseconds: object) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, (int, float)) and not isinstance(milliseconds, bool) else None
