"""What the next request of a session would hold, counted by its endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from claude_tui.domain.blocks import text_block
from claude_tui.domain.ids import new_id
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.ports import Provider, Timeouts
from claude_tui.domain.text import repair
from claude_tui.engine.asking import chat_request


async def count_next(
    provider: Provider, info: SessionInfo, path: Sequence[Message], draft: str | None, *, max_tokens: int | None, timeouts: Timeouts
) -> int | None:
    """Tokens of the request that would follow on this path, with `draft` as its prompt; None where the endpoint does not count."""
    if draft is not None:
        path = [*path, Message(new_id(), info.id, path[-1].id if path else None, Role.USER, (text_block(repair(draft)),))]
    request = chat_request(path, info, provider.audience, max_tokens=max_tokens, timeouts=timeouts)
    await provider.prepare()
    return await provider.count(request)
