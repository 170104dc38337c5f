"""A loopback server that speaks the Messages API and Chat Completions: for the demo, tests, benchmarks and faults.

It shares no code with the client it tests. Names load on first use, so importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dialect import OPENAI, Dialect
    from .fault_actions import WireName
    from .faults import WIRES, Expected, Fault, Phase, Strike, at
    from .records import Record
    from .refusal import ApiError
    from .scenarios import SCENARIOS, Scenario, plan_of
    from .script import (
        Block,
        Call,
        Compact,
        Event,
        Finish,
        Pause,
        Ping,
        Plan,
        Raw,
        Redacted,
        Say,
        Script,
        Start,
        Step,
        Think,
        WaitFor,
    )
    from .server import FakeApi
    from .serving import serve
    from .signing import Signer
    from .thread import ThreadApi

_HOMES = {
    "ApiError": "refusal",
    "Block": "script",
    "Call": "script",
    "Compact": "script",
    "Dialect": "dialect",
    "Event": "script",
    "Expected": "faults",
    "FakeApi": "server",
    "Fault": "faults",
    "Finish": "script",
    "OPENAI": "dialect",
    "Pause": "script",
    "Phase": "faults",
    "Ping": "script",
    "Plan": "script",
    "Raw": "script",
    "Record": "records",
    "Redacted": "script",
    "SCENARIOS": "scenarios",
    "Say": "script",
    "Scenario": "scenarios",
    "Script": "script",
    "Signer": "signing",
    "Start": "script",
    "Step": "script",
    "Strike": "faults",
    "Think": "script",
    "ThreadApi": "thread",
    "WIRES": "faults",
    "WaitFor": "script",
    "WireName": "fault_actions",
    "at": "faults",
    "plan_of": "scenarios",
    "serve": "serving",
}

__all__ = [
    "OPENAI",
    "SCENARIOS",
    "WIRES",
    "ApiError",
    "Block",
    "Call",
    "Compact",
    "Dialect",
    "Event",
    "Expected",
    "FakeApi",
    "Fault",
    "Finish",
    "Pause",
    "Phase",
    "Ping",
    "Plan",
    "Raw",
    "Record",
    "Redacted",
    "Say",
    "Scenario",
    "Script",
    "Signer",
    "Start",
    "Step",
    "Strike",
    "Think",
    "ThreadApi",
    "WaitFor",
    "WireName",
    "at",
    "plan_of",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
