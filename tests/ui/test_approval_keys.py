"""The keys that answer a question come from the keymap, as every other key does."""

from __future__ import annotations

from claude_tui.ui.keymap import Keymap
from tests.ui.test_dock import Host, request


async def test_the_keys_of_a_question_can_be_changed() -> None:
    app = Host(Keymap.build({"approval.allow": "j"})[0])
    async with app.run_test(size=(80, 24)) as pilot:
        app.dock.ask(request(), take_focus=True)
        app.now += 1
        await pilot.pause()
        assert "[j] allow" in app.shown[-1]
        await pilot.press("y")
        assert app.answers == []
        await pilot.press("J")
        await pilot.pause()
        assert app.answers == [("t1", True)]
