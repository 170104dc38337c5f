"""A new host is asked about before anything goes there."""

from __future__ import annotations

from claude_tui.cli import compose, hosts
from claude_tui.config import Settings
from claude_tui.engine.consent import Asking
from claude_tui.engine.endpoints import Endpoints
from claude_tui.fakeapi import FakeApi
from claude_tui.files import Paths
from tests.ui.running import answering, running


async def test_no_sends_nothing_and_yes_is_remembered() -> None:
    with FakeApi.in_thread(answering()) as api:
        consent = hosts.consent(Paths.find(), keep=True)
        provider = compose.demo_provider(Settings(), base_url=api.url, api_key=api.key)
        endpoints = Endpoints.of(Asking(provider, "gateway.example", consent))
        async with running(api, endpoints=endpoints, consent=consent) as program:
            await program.send("hello")
            await program.see("May this conversation, and your key, go to gateway.example?")
            await program.press("enter")  # type-ahead: taken for no
            await program.see("Nothing was sent")
            await program.idle()
            assert api.calls == [] and "hello" in program.draft
            await program.press("enter")
            await program.see("May this conversation")
            await program.press("down", "enter")
            await program.see("You said: hello")
            await program.idle()
            await program.ask("again")
            assert len(api.calls) == 2
        assert Paths.find().hosts_file.read_text() == "gateway.example\n"
