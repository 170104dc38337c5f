"""The scenarios by name: what the server plays when it runs as a program. To add one, add a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .demo import demo, offered, prompt_of, result_of, rounds
from .demo_texts import TEXTS
from .fault_actions import WireName
from .faults import WIRES, Fault, at
from .script import Call, Pause, Plan, Say, Script, Think

RATE = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, a sentence for people, and a factory of plans."""

    name: str
    about: str
    make: Callable[[], Plan]


def _mixed(sections: int) -> str:
    """Long Markdown of every kind."""
    parts = ("tour", "table", "code")
    return "\n".join(f"# Part {n + 1}\n\n{TEXTS[(parts[n % 3], 'en' if n % 4 else 'zh')]}" for n in range(sections))


def _fast() -> Plan:
    return Script((Think("Everything at once. " * 20), Say(_mixed(60), chars=8)), batch=8)


def _tools(body: Mapping[str, Any], n: int) -> Script:
    """Three rounds of calls, then an answer that tells the last result."""
    done = rounds(body)
    if done >= 3:
        text = f"After {done} rounds of tools the last result was:\n\n```\n{result_of(body) or '(empty)'}\n```\n"
        return Script((Think("That is all I need."), Say(text, chars=4)), rate=RATE)
    names = offered(body)
    calculator = next((name for name in names if "calculator" in name), "calculator")
    clock = next((name for name in names if "time" in name), "current_time")
    calls = (
        (Call(calculator, {"expression": "6 * 7"}),),
        (Call(calculator, {"expression": "2 ** 10"}), Call(clock, {})),
        (Call(calculator, {"expression": "1024 - 42"}),),
    )
    think = Think(f"Round {done + 1}: I need another number.")
    return Script((think, Say(f"Round {done + 1}.\n"), *calls[done]), rate=RATE)


_UNSTEERED = (Fault.REFUSED, Fault.HUGE_DELTA)
_PAIRS = {
    wire: [(fault, phase) for fault in Fault for phase in fault.phases if fault.on(wire) and fault not in _UNSTEERED]
    for wire in WIRES
}


def _faults(body: Mapping[str, Any], n: int) -> Script:
    """The fault of the wire that the prompt names (`rst text`), else one after the other."""
    wire: WireName = body.get("wire", "anthropic")
    words = prompt_of(body).lower().replace("-", "_").split()
    named = next((fault for fault in Fault if fault.label in words and fault.on(wire)), None)
    if named is None:
        return at(*_PAIRS[wire][n % len(_PAIRS[wire])])
    phase = next((phase for phase in named.phases if phase.value in words), named.phases[0])
    return at(named, phase)


def _hang() -> Plan:
    half = TEXTS[("tour", "en")]
    steps = (Think("This will not end well."), Say(half[: len(half) // 2], chars=4, stop=False), Fault.STALL)
    return Script((Pause(0.3), *steps), rate=RATE)


SCENARIOS: dict[str, Scenario] = {
    row.name: row
    for row in (
        Scenario("demo", "canned answers to look at; the words of the prompt choose one", lambda: demo),
        Scenario("fast", "long mixed Markdown as fast as it can be read", _fast),
        Scenario("tools", "three rounds of tool calls, then an answer", lambda: _tools),
        Scenario("faults", "every fault in turn, or the one the prompt names", lambda: _faults),
        Scenario("hang", "streams, then stalls for ever", _hang),
    )
}


def plan_of(name: str) -> Plan:
    """The plan of a scenario; KeyError for a name that is not in the registry."""
    return SCENARIOS[name].make()
