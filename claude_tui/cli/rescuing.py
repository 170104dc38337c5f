"""What the screen offers when the history cannot be used: only what makes sense for what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from claude_tui.domain.damage import Damage, DamageKind
from claude_tui.ui.backstage import Remedy

if TYPE_CHECKING:
    from claude_tui.store.backups import Backup


async def remedies(damage: Damage) -> Sequence[Remedy]:
    """Looking through the backups takes its time, so it is done in a thread; so is every remedy."""
    return await asyncio.to_thread(_remedies, damage)


def _remedies(damage: Damage) -> list[Remedy]:
    found: list[Remedy] = []
    history = damage.path
    if damage.kind is DamageKind.DAMAGED:
        does = "Makes a new history of every message that can still be read. The damaged file is kept beside it."
        found.append(Remedy("Save what can be read", does, _in_thread(lambda: _save(history))))
    if damage.kind is DamageKind.LOG:
        does = "Gives the foreign log another name. The history is then as it was without it."
        found.append(Remedy("Put the log aside", does, _in_thread(lambda: _put_log_aside(history))))
    if damage.kind in (DamageKind.DAMAGED, DamageKind.FOREIGN):
        word = "corrupt" if damage.kind is DamageKind.DAMAGED else "foreign"
        found += _restoring(history, word)
        does = "Gives the file another name and begins a new history. Nothing in it is deleted."
        found.append(Remedy("Put it aside and start afresh", does, _in_thread(lambda: _put_aside(history, word))))
    found.append(Remedy("Go on without saving", "The file stays as it is, and nothing of this run is kept when it ends."))
    return found


def _restoring(history: Path, word: str) -> list[Remedy]:
    from claude_tui.store.remedies import newest_good

    good = newest_good(history)
    if good is None:
        return []
    backup, held = good
    made = backup.made_at[:16].replace("T", " ")
    does = f"It is of {made} UTC: {held}. What came later is not in it. The present file is kept beside it."
    return [Remedy("Restore the newest good backup", does, _in_thread(lambda: _restore(history, backup, word)))]


def _in_thread(work: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    return lambda: asyncio.to_thread(work)


def _save(history: Path) -> str:
    from claude_tui.store.remedies import salvage_in_place

    saved, aside = salvage_in_place(history)
    return f"{saved} {_kept(aside)}"


def _restore(history: Path, backup: Backup, word: str) -> str:
    from claude_tui.store.remedies import restore_instead

    return f"The backup was restored. {_kept(restore_instead(history, backup, word))}"


def _put_aside(history: Path, word: str) -> str:
    from claude_tui.store.remedies import put_aside

    return f"This is a new history. {_kept(put_aside(history, word))}"


def _put_log_aside(history: Path) -> str:
    from claude_tui.store.remedies import put_log_aside

    return f"The log is kept as {put_log_aside(history)}."


def _kept(aside: Path | None) -> str:
    return f"What was there is kept as {aside}."
