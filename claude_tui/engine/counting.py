"""What the next request of a session would hold, counted by its endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from claude_tui.domain import history
from claude_tui.domain.blocks import text_block
from claude_tui.domain.ids import new_id
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.ports import ChatRequest, Provider
from claude_tui.domain.text import repair


async def count_next(
    provider: Provider, info: SessionInfo, path: Sequence[Message], draft: str | None, *, max_tokens: int | None
) -> int | None:
    """Tokens of the request that would follow on this path, with `draft` as its prompt; None where the endpoint does not count."""
    if draft is not None:
        path = [*path, Message(new_id(), info.id, path[-1].id if path else None, Role.USER, (text_block(repair(draft)),))]
    messages = history.build(path, audience=provider.audience, without_thinking_to=info.extra.get("without_thinking_to"))
    request = ChatRequest(
        model=info.model or "",
        messages=messages,
        max_tokens=max_tokens,
        system=info.system,
        tools=info.tools or (),
        effort=info.effort,
    )
    await provider.prepare()
    return await provider.count(request)
