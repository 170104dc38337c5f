"""An SDK is imported once, off the loop, for however many wait, and whoever of them gives up."""

import asyncio
import importlib
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from claude_tui.providers import WIRES, loading
from claude_tui.providers.loading import import_in_thread, start_import


class Imports:
    """`importlib.import_module`, held until it may go on."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.threads: list[threading.Thread] = []
        self.go_on = threading.Event()
        self.problem: BaseException | None = None

    def __call__(self, name: str) -> ModuleType:
        self.names.append(name)
        self.threads.append(threading.current_thread())
        assert self.go_on.wait(10)
        if self.problem is not None:
            raise self.problem
        return ModuleType(name)


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imports]:
    imports = Imports()
    monkeypatch.setattr(importlib, "import_module", imports)
    monkeypatch.setattr(loading, "_loading", {})
    yield imports
    imports.go_on.set()
    for thread in imports.threads:
        thread.join(10)


async def test_many_wait_for_one_import(imports: Imports) -> None:
    waiting = [asyncio.ensure_future(import_in_thread("some_sdk")) for _ in range(5)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    imports.go_on.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)
    assert imports.names == ["some_sdk"]
    assert imports.threads[0].daemon and imports.threads[0] is not threading.main_thread()


async def test_one_that_gives_up_leaves_the_others_waiting(imports: Imports) -> None:
    gone, stays = (asyncio.ensure_future(import_in_thread("some_sdk")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    imports.go_on.set()
    async with asyncio.timeout(10):
        await stays
        await import_in_thread("some_sdk")
    assert imports.names == ["some_sdk"]


async def test_a_module_that_cannot_be_imported_says_so_to_all(imports: Imports) -> None:
    imports.problem = ImportError("broken installation")
    imports.go_on.set()
    for _ in range(2):
        async with asyncio.timeout(10):
            with pytest.raises(ImportError, match="broken installation"):
                await import_in_thread("some_sdk")


def test_starting_needs_no_loop(imports: Imports) -> None:
    future = start_import("some_sdk")
    assert start_import("some_sdk") is future and start_import("other_sdk") is not future
    imports.go_on.set()
    assert future.result(10) is None


def test_every_wire_names_a_class() -> None:
    for place in WIRES.values():
        module, _, name = place.partition(":")
        assert callable(getattr(importlib.import_module(module), name))
