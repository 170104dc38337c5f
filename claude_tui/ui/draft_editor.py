"""The editor under the composer: TextArea with the keys this program wants, and with chips in it that are one thing each.

Every edit, whatever makes it, goes through `edit`; none leaves a part of a chip. No work per key grows with the draft beyond what
TextArea does itself.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location

from claude_tui.domain.text import safe_text
from claude_tui.ui.chips import Chips, has_long_line, is_large

UNDO_STEPS = 200


def _bind(keys: str, action: str) -> Binding:
    return Binding(keys, action, show=False, id=f"composer.{action}")


class DraftEditor(TextArea, inherit_bindings=False):
    """A draft: `real_text` is what it says, `text` what it looks like. Leaves Esc, Ctrl+C, Ctrl+Z and scrolling keys to others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _bind("up", "cursor_up"),
        _bind("down", "cursor_down"),
        _bind("left", "cursor_left"),
        _bind("right", "cursor_right"),
        _bind("ctrl+left", "cursor_word_left"),
        _bind("ctrl+right", "cursor_word_right"),
        _bind("home,ctrl+a", "cursor_line_start"),
        _bind("end,ctrl+e", "cursor_line_end"),
        _bind("shift+left", "cursor_left(True)"),
        _bind("shift+right", "cursor_right(True)"),
        _bind("ctrl+shift+left", "cursor_word_left(True)"),
        _bind("ctrl+shift+right", "cursor_word_right(True)"),
        _bind("shift+home", "cursor_line_start(True)"),
        _bind("shift+end", "cursor_line_end(True)"),
        _bind("backspace", "delete_left"),
        _bind("delete,ctrl+d", "delete_right"),
        _bind("ctrl+w,ctrl+backspace,alt+backspace", "delete_word_left"),
        _bind("alt+delete,ctrl+delete", "delete_word_right"),
        _bind("ctrl+u,super+backspace", "delete_to_start_of_line"),
        _bind("ctrl+k", "delete_to_end_of_line_or_delete_line"),
        _bind("ctrl+shift+k", "delete_line"),
        _bind("super+x", "cut"),
        _bind("super+c", "copy"),
        _bind("ctrl+v,super+v", "paste"),
        _bind("ctrl+underscore,ctrl+shift+underscore,ctrl+shift+minus,super+z", "undo"),
        _bind("ctrl+y,super+y,super+shift+z", "redo"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        self.chips = Chips()
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            tab_behavior="focus",
            max_checkpoints=UNDO_STEPS,
        )
        self.cursor_blink = False

    def edited(self) -> None:
        """Runs within every edit, undo and redo."""

    @property
    def is_empty(self) -> bool:
        """O(1), unlike looking at the text."""
        return self.document.line_count == 1 and not self.document.get_line(0)

    @property
    def real_text(self) -> str:
        """The draft with every chip replaced by its text: what is saved, sent and edited elsewhere."""
        return self.chips.expand(self.text)

    def expand_chips(self) -> None:
        """Put the real text in the place of every chip."""
        if self.chips:
            self.replace_all(self.real_text)

    def displayed(self, text: str) -> str:
        """A text from outside as it stands in the editor: harmless, with chips."""
        return self.chips.set_aside(safe_text(text))

    def replace_all(self, text: str) -> None:
        """One step to undo. The cursor is at the end."""
        if text == self.text:
            return
        self.history.checkpoint()
        self.replace(text, (0, 0), self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()

    def type(self, text: str) -> None:
        """What typing `text` does."""
        if not self.read_only:
            self.replace(text, *self.selection, maintain_selection_offset=False)

    # Chips are one thing.

    def edit(self, edit: Edit) -> EditResult:
        """An edit that touches the inside of a chip takes the whole of it."""
        if self.chips:
            top, bottom = self._outside(edit.top, before=edit.top != edit.bottom), self._outside(edit.bottom, before=False)
            if (top, bottom) != (edit.top, edit.bottom):
                edit.from_location, edit.to_location = top, bottom
        return super().edit(edit)

    def clamp_visitable(self, location: Location) -> Location:
        """The cursor steps over chips: it lies before or behind one, never in it."""
        row, column = super().clamp_visitable(location)
        for start, end in self.chips.spans(self.document.get_line(row)):
            if start < column < end:
                came_from = self.selection.end
                if came_from == (row, end):
                    return row, start
                return (row, end) if came_from == (row, start) or column - start > end - column else (row, start)
        return row, column

    def _outside(self, location: Location, *, before: bool) -> Location:
        row, column = location
        if row < self.document.line_count:
            for start, end in self.chips.spans(self.document.get_line(row)):
                if start < column < end:
                    return (row, start) if before else (row, end)
        return location

    def update_suggestion(self) -> None:
        """TextArea's hook within every edit, undo and redo; there are no suggestions here."""
        self.edited()

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """Prose has no brackets to match, and looking for one goes through the whole draft at every key."""
        del bracket, search_from
        return None

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """TextArea calls this within an undo, between cutting off the last lines and moving the cursor out of them, and fails."""
        if self.cursor_location[0] >= self.document.line_count:
            return Offset(0, 0)
        return super().scroll_cursor_visible(center, animate)

    def render_line(self, y: int) -> Strip:
        """TextArea wraps the placeholder to whatever room there is, and fails where there is none."""
        return super().render_line(y) if self.content_size.width else Strip.blank(0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """An empty composer leaves Ctrl+D to the screen."""
        return not self.is_empty if action == "delete_right" else super().check_action(action, parameters)

    def _on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()

    def _on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        event.stop()

    # Pasting.

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_pasted(event.text)

    def action_paste(self) -> None:
        self.insert_pasted(self.app.clipboard)  # pyright: ignore[reportUnknownMemberType]

    def insert_pasted(self, text: str) -> None:
        """Text from outside: made harmless, a chip if it is large, never sent. Pasted again right behind its chip, it unfolds."""
        text = safe_text(text)
        if not text or self.read_only:
            return
        if not is_large(text):
            self.type(text)
            return
        label = self.chips.label(text)
        row, column = self.cursor_location
        if self.selection.is_empty and self.document.get_line(row)[:column].endswith(label) and not has_long_line(text):
            self.replace(text, (row, column - len(label)), (row, column), maintain_selection_offset=False)
        else:
            self.type(label)
