"""What the next request of a session would hold, counted by its endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from claude_tui.domain.blocks import text_block
from claude_tui.domain.ids import new_id
from claude_tui.domain.messages import Message, Role, SessionInfo
from claude_tui.domain.text import repair
from claude_tui.engine.asking import chat_request
from claude_tui.engine.endpoints import Endpoints
from claude_tui.engine.turn import TurnOptions


async def count_next(
    endpoints: Endpoints,
    options: TurnOptions,
    info: SessionInfo,
    path: Sequence[Message],
    draft: str | None = None,
    replaces: str | None = None,
) -> int | None:
    """The tokens of the request that would follow on this path; None where the endpoint does not count.

    `draft`: its prompt. `replaces`: id of the prompt of which that is a new version. ProviderError where nobody can be asked.
    """
    end = next((place for place, message in enumerate(path) if message.id == replaces), len(path))
    path = path[:end]
    if draft is not None:
        path = [*path, Message(new_id(), info.id, path[-1].id if path else None, Role.USER, (text_block(repair(draft)),))]
    provider = endpoints.get(info.provider)
    await provider.prepare()
    request = chat_request(path, info, provider.audience, max_tokens=options.max_tokens, timeouts=options.timeouts)
    return await provider.count(request)
