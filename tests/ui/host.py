"""A small app to show one screen in."""

from typing import Any

from textual import events
from textual.app import App

SIZES = [(40, 10), (80, 24), (120, 40)]


class Host(App[None]):
    """Keeps what its screens were dismissed with."""

    def __init__(self) -> None:
        super().__init__()
        self.results: list[Any] = []
        self.quits = 0

    def take(self, result: object) -> None:
        self.results.append(result)

    async def action_quit(self) -> None:
        self.quits += 1

    def post_paste(self, text: str) -> None:
        """Paste as the terminal would, into whatever has the focus."""
        assert self.focused is not None
        self.focused.post_message(events.Paste(text))


def shown(app: App[Any]) -> list[str]:
    """The lines of the screen."""
    return [strip.text for strip in app.screen._compositor.render_strips()]
