"""Who may run: the policy for each tool, and the decisions the user still owes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from claude_tui.domain.events import ApprovalRequested, ApprovalResolved, Event


class Policy(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Approvals:
    """`policies`: tool name → policy; a name that is not there is denied. Without `interactive`, `ask` is a denial too."""

    def __init__(self, policies: Mapping[str, Policy], *, interactive: bool = False) -> None:
        self._policies = dict(policies)
        self._interactive = interactive
        self._waiting: dict[str, asyncio.Future[bool]] = {}

    async def allowed(self, tool_use_id: str, name: str, arguments: dict[str, Any], emit: Callable[[Event], None]) -> bool:
        """The decision on this call, waiting for the user where the policy says so."""
        policy = self._policies.get(name, Policy.DENY)
        if policy is not Policy.ASK or not self._interactive:
            return policy is Policy.ALLOW
        decision = self._waiting[tool_use_id] = asyncio.get_running_loop().create_future()
        emit(ApprovalRequested(tool_use_id, name, arguments))
        try:
            allowed = await decision
        finally:
            del self._waiting[tool_use_id]
        emit(ApprovalResolved(tool_use_id, allowed))
        return allowed

    def answer(self, tool_use_id: str, allowed: bool) -> bool:
        """The user's word on a waiting call; whether anybody was waiting for it."""
        decision = self._waiting.get(tool_use_id)
        if decision is None or decision.done():
            return False
        decision.set_result(allowed)
        return True
