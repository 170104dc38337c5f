"""How any wire goes through a Script: which steps are silences, faults or bytes is the same everywhere, the rest are hooks.

Pure but for what a wire keeps of its own words. The server plays the actions and may change `shape` while it does (faults);
events made after that obey.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from . import script as say
from .actions import Action, Bytes, Do, Head, Hold, Last, ScriptError, Wait
from .encoding import Shape
from .faults import Fault, Phase, Strike, WireName
from .script import Script, Step
from .speech import SPEECHES


class Rendering(ABC):
    """One answer. Subclasses say what a step is on their wire; a step without a form there is left out."""

    wire: WireName

    def __init__(self, script: Script, shape: Shape) -> None:
        self._script = script
        self._shape = shape

    def actions(self) -> Iterator[Action]:
        """The answer, step by step."""
        for step in self._script.steps:
            yield from self._step(step)
        if self._script.frame:
            yield from self._finish()
            yield from self._end()
        else:
            yield Head()

    def _step(self, step: Step) -> Iterator[Action]:
        match step:
            case say.Pause():
                yield Wait(step.seconds)
            case say.WaitFor():
                yield Hold(step.name)
            case Fault() | Strike():
                yield from self._strike(step if isinstance(step, Strike) else Strike(step))
            case say.Raw():
                yield Head()
                yield Bytes(step.data)
            case say.Start():
                yield from self._start()
            case say.Finish():
                yield from self._finish()
            case say.Ping():
                yield from self._start()
                yield SPEECHES[self.wire].ping
            case say.Event():
                yield from self._start()
                yield from self._event(step)
            case say.Say() | say.Think() | say.Call():
                yield from self._streamed(step)
            case say.Redacted() | say.Block() | say.Compact():
                yield from self._unstreamed(step)

    def _strike(self, strike: Strike) -> Iterator[Action]:
        if not strike.fault.on(self.wire):
            raise ScriptError(f"{strike.fault.label} has no meaning on the {self.wire} wire")
        if Phase.BEFORE_HEADERS not in strike.fault.phases:
            yield from self._start()
        yield Do(strike.fault, strike.params)

    @abstractmethod
    def _start(self) -> Iterator[Action]:
        """Headers and the first event, once."""

    @abstractmethod
    def _finish(self) -> Iterator[Action]:
        """What is open ends, and the stop reason is told, once."""

    def _end(self) -> Iterator[Action]:
        """What follows the stop reason."""
        yield Last()

    @abstractmethod
    def _event(self, step: say.Event) -> Iterator[Action]: ...

    @abstractmethod
    def _streamed(self, step: say.Say | say.Think | say.Call) -> Iterator[Action]: ...

    @abstractmethod
    def _unstreamed(self, step: say.Redacted | say.Block | say.Compact) -> Iterator[Action]: ...
