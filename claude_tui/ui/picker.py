"""Picker: the one list to choose from, for the palette, models, effort, sessions, prompts and themes.

The line at the top filters and keeps the focus. Nothing in a choice is read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from claude_tui.domain.text import safe_line
from claude_tui.ui.choice_list import ChoiceList, Row
from claude_tui.ui.commands import COMMANDS, Command
from claude_tui.ui.fuzzy import Match, fold, match
from claude_tui.ui.keymap import Keymap, label
from claude_tui.ui.line_input import LineInput
from claude_tui.ui.panel import ListPanel

T = TypeVar("T")
_CHROME = 5
"""Lines of the panel that are not the list: frame, title, filter, footer."""
_LABEL_BONUS = 100


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """What can be picked: `label` at the left, `detail` and `key` at the right, under the heading `group`."""

    value: T
    label: str
    detail: str = ""
    group: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Extra(Generic[T]):
    """A key of its own in a picker: `run` gets the highlighted value (None without one)."""

    key: str
    label: str
    run: Callable[[T | None], None]


class Picker(ListPanel["T | None"], Generic[T]):
    """Dismissed with the value that was picked, or None.

    `current`: the value to highlight first. `on_tab`: what Tab is called, and what it does (`set_choices`, say).
    `empty`: what to say when there is nothing to choose from. `on_highlight`: told of every value the highlight comes to.
    """

    DEFAULT_CSS = "Picker LineInput { margin: 0 1; }"

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice[T]],
        *,
        current: T | None = None,
        query: str = "",
        placeholder: str = "Type to filter",
        empty: str = "There is nothing to choose from.",
        on_tab: tuple[str, Callable[[], None]] | None = None,
        extras: Sequence[Extra[T]] = (),
        on_highlight: Callable[[T], None] | None = None,
    ) -> None:
        super().__init__()
        self._title = safe_line(title)
        self._choices = list(choices)
        self._shown: list[Choice[T] | None] = []
        self._current = current
        self._query = self.filtered = query
        self._placeholder = placeholder
        self._empty = safe_line(empty)
        self._on_tab = on_tab
        self._extras = {one.key: one for one in extras}
        self._on_highlight = on_highlight

    def compose(self) -> ComposeResult:
        with Vertical(id="panel"):
            yield Static(Content(self._title), id="title")
            yield LineInput(self._query, self._placeholder, id="filter", grabbed=self._extras)
            yield ChoiceList(id="list")
            yield Static(Content(self._hints()), id="footer")

    def on_mount(self) -> None:
        self.query_one(LineInput).focus()
        self._refill(keep=self._current)

    def set_choices(self, choices: Sequence[Choice[T]], *, title: str | None = None, empty: str | None = None) -> None:
        """Show other choices; the filter stays, and so does the highlight if its value is still there."""
        value = self.highlighted_value
        self._choices = list(choices)
        self._empty = self._empty if empty is None else safe_line(empty)
        if title is not None:
            self._title = safe_line(title)
        if self.is_mounted:
            self.set_text("title", self._title)
            self.fit()
            self._refill(keep=value)

    def set_tab(self, on_tab: tuple[str, Callable[[], None]] | None) -> None:
        """What Tab is called and does from now on."""
        self._on_tab = on_tab
        self.set_text("footer", self._hints())

    @property
    def highlighted_value(self) -> T | None:
        """The value under the highlight."""
        choice = self._highlighted_choice()
        return None if choice is None else choice.value

    def _highlighted_choice(self) -> Choice[T] | None:
        index = self.list.highlighted if self.is_mounted else None
        return None if index is None else self._shown[index]

    def _hints(self) -> str:
        hints = ["Enter pick", "Esc close"]
        if self._on_tab:
            hints.append(f"Tab {safe_line(self._on_tab[0])}")
        hints += [f"{label(one.key)} {safe_line(one.label)}" for one in self._extras.values()]
        return " · ".join((*hints, "↑↓ move"))

    def fit(self) -> None:
        """A height for everything there is to choose from, once: filtering must not move the panel."""
        groups = len({one.group for one in self._choices if one.group})
        self.query_one("#panel").styles.height = min(max(len(self._choices) + groups, 3) + _CHROME, self.most_lines)

    def refilter(self) -> None:
        self._refill()

    def _refill(self, keep: T | None = None) -> None:
        query = self.query_one(LineInput).value.strip()
        rows: list[Row] = []
        self._shown = []
        for choice, at in ranked(query, self._choices):
            if choice.group and not query and (not self._shown or _group(self._shown[-1]) != choice.group):
                rows.append(Row(safe_line(choice.group), heading=True))
                self._shown.append(None)
            rows.append(Row(safe_line(choice.label), safe_line(choice.detail), key=choice.key, at=at))
            self._shown.append(choice)
        highlighted = 0
        if keep is not None:
            highlighted = next((index for index, one in enumerate(self._shown) if one and one.value == keep), 0)
        empty = f"Nothing matches “{safe_line(query, 60)}”." if self._choices else self._empty
        self.list.show(rows, highlighted, empty=empty)

    @on(ChoiceList.Highlighted)
    def _tell(self, message: ChoiceList.Highlighted) -> None:
        choice = self._highlighted_choice()
        if self._on_highlight and choice is not None and message.index is not None:
            self._on_highlight(choice.value)

    @on(ChoiceList.Clicked)
    def action_pick(self) -> None:
        choice = self._highlighted_choice()
        if choice is not None:
            self.dismiss(choice.value)

    @on(LineInput.Grabbed)
    def _extra(self, message: LineInput.Grabbed) -> None:
        self._extras[message.key].run(self.highlighted_value)

    def action_second(self) -> None:
        if self._on_tab:
            self._on_tab[1]()


def _group(choice: Choice[T] | None) -> str:
    return choice.group if choice else ""


def ranked(query: str, choices: Sequence[Choice[T]]) -> Iterator[tuple[Choice[T], tuple[int, ...]]]:
    """The choices that fit, best first, and in their own order where they fit equally well."""
    if not query:
        yield from ((one, ()) for one in choices)
        return
    words = query.split()
    scored = [(found, one) for one in choices if (found := _match(words, one))]
    for found, choice in sorted(scored, key=lambda pair: -pair[0].score):
        yield choice, found.at


def _match(words: Sequence[str], choice: Choice[T]) -> Match | None:
    """Every word in the label, or else in the detail or the heading."""
    score, at = 0, set[int]()
    text = safe_line(choice.label)
    for word in words:
        found = match(word, text)
        if found:
            score += found.score + _LABEL_BONUS
            at.update(found.at)
            continue
        if fold(word) not in fold(f"{choice.detail} {choice.group}"):
            return None
    return Match(score, tuple(sorted(at)))


def palette_choices(keymap: Keymap) -> list[Choice[Command]]:
    """Every command that can be run by name, under its group, with its slash command and its keys."""
    return [
        Choice(
            one, one.title, " ".join(filter(None, (one.slash, one.argument))), one.group, ", ".join(keymap.labels_of(one.id)[:2])
        )
        for one in COMMANDS
        if in_palette(one)
    ]


def in_palette(command: Command) -> bool:
    """Whether running a command by its name makes sense: not for those that are only a key's meaning at one place."""
    return not command.does and command.id not in _KEYS_ONLY


_KEYS_ONLY = frozenset(
    {
        "app.copy_or_quit",
        "app.palette",
        "app.quit_if_empty",
        "approval.allow",
        "approval.deny",
        "composer.newline",
        "composer.send",
        "composer.slash",
        "cursor.first",
        "cursor.last",
        "cursor.leave",
        "history.next",
        "history.previous",
        "turn.stop_call",
        "view.line_down",
        "view.line_up",
        "view.page_down",
        "view.page_up",
    }
)
