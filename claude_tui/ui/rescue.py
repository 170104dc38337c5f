"""Doing something about a history that cannot be used, before there is a conversation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from claude_tui.domain.damage import BadHistory
from claude_tui.domain.errors import StoreError
from claude_tui.ui.damage_screen import DamageScreen

if TYPE_CHECKING:
    from claude_tui.engine.workspace import Workspace
    from claude_tui.ui.backstage import Remedy
    from claude_tui.ui.chat_screen import ChatScreen


async def rescue(screen: ChatScreen, bad: BadHistory) -> Workspace | None:
    """A workspace, after as many questions as it takes; None where the user would rather quit."""
    find, damage, problem = screen.backstage.remedies, bad.damage, ""
    while find is not None:
        remedy = await _ask(screen, DamageScreen(damage.sentence, await find(damage), problem))
        if remedy is None:
            return None
        if remedy.run is None:
            return await _go_on_without(screen)
        screen.dock.notice(f"{remedy.label} …")
        try:
            done = await remedy.run()
            workspace = await screen.backstage.open_workspace()
        except BadHistory as error:
            damage, problem = error.damage, ""
        except StoreError as error:
            problem = f"That could not be done: {error}"
        else:
            screen.dock.notice(done)
            return workspace
    return None


async def _ask(screen: ChatScreen, dialog: DamageScreen) -> Remedy | None:
    answered = screen.view.question = asyncio.get_running_loop().create_future()
    screen.program.push_screen(dialog, lambda picked: None if answered.done() else answered.set_result(picked))
    return await answered


async def _go_on_without(screen: ChatScreen) -> Workspace | None:
    if screen.backstage.open_unsaved is None:
        return None
    workspace = await screen.backstage.open_unsaved()
    screen.status.unsaved = True
    screen.dock.notice("NOT SAVED: the history is left as it is, and nothing of this run is kept.", "warning")
    return workspace
