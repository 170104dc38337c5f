"""`claude-tui doctor --repair`: what can be put right is, and everything that was done is said. Nothing is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from claude_tui.cli import compose
from claude_tui.domain.damage import Damage, DamageKind
from claude_tui.domain.errors import StoreError
from claude_tui.domain.sentences import counted
from claude_tui.files import Paths


def repair(paths: Paths) -> Iterator[str]:
    """Sentences about what was done. StoreError where another process has the history open, or nothing can be done."""
    from claude_tui.store import checks, presence
    from claude_tui.store.salvage import examine

    if not paths.data.is_dir():
        return
    with presence.alone(paths.data):
        for right in checks.close_rights(paths.history):
            yield f"Others have no rights to {right.path} any more."
        damage = examine(paths.history)
    if damage is not None:
        yield from _REMEDIES[damage.kind](damage)
    if paths.history.exists():
        yield from asyncio.run(_open(paths))


async def _open(paths: Paths) -> list[str]:
    """What opening puts right by itself, and the search index."""
    store = await compose.open_store(paths)
    try:
        done: list[str] = []
        if store.recovered:
            done.append(f"{counted(len(store.recovered), 'answer')} that a dead process had left unfinished can be read.")
        if not await store.check_search():
            done.append("The search index was built anew.")
        return done
    finally:
        await store.close()


def _save(damage: Damage) -> Iterator[str]:
    from claude_tui.store import remedies

    good = remedies.newest_good(damage.path)
    try:
        saved, aside = remedies.salvage_in_place(damage.path)
    except StoreError:
        if good is None:
            raise
        yield f"Nothing could be read of {damage.path}."
        yield from _restored(damage.path, "corrupt")
        return
    yield damage.sentence
    yield str(saved)
    yield _kept(aside)
    if good is not None and good[1].messages > saved.messages:
        backup, held = good
        yield (
            f"The backup of {backup.made_at[:16].replace('T', ' ')} holds more ({counted(held.messages, 'message')}): "
            f"`claude-tui restore {backup.path}` puts it in place."
        )


def _replace(damage: Damage) -> Iterator[str]:
    yield damage.sentence
    yield from _restored(damage.path, "foreign")


def _restored(history: Path, word: str) -> Iterator[str]:
    """The newest good copy, or nothing, in the place of a file of which nothing is left."""
    from claude_tui.store import remedies

    good = remedies.newest_good(history)
    if good is None:
        yield _kept(remedies.put_aside(history, word))
        yield "The next start begins a new history."
        return
    backup, held = good
    aside = remedies.restore_instead(history, backup, word)
    yield f"Restored the backup of {backup.made_at[:16].replace('T', ' ')}: {held}. What came later is not in it."
    yield _kept(aside)


def _put_log_aside(damage: Damage) -> Iterator[str]:
    from claude_tui.store import remedies

    yield damage.sentence.removesuffix(" Neither was changed.")
    yield f"The log is kept as {remedies.put_log_aside(damage.path)}."


def _refuse(damage: Damage) -> Iterator[str]:
    raise StoreError(str(damage))


def _kept(aside: Path | None) -> str:
    return f"What was there is kept as {aside}."


_REMEDIES: Mapping[DamageKind, Callable[[Damage], Iterator[str]]] = {
    DamageKind.DAMAGED: _save,
    DamageKind.FOREIGN: _replace,
    DamageKind.LOG: _put_log_aside,
    DamageKind.NEWER: _refuse,
}
