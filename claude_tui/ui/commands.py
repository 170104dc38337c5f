"""Everything a user can do: one row an action. Keys, slash commands, palette, help and hints all come from here.

The chat screen runs a command by calling its method of the name `Command.method` with the argument's text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    """Where a command's keys are heard.

    SCREEN: on the whole chat screen, before the focused widget sees the key. EMPTY: in the composer while nothing is in it, before
    COMPOSER is asked. TRANSCRIPT: while the message cursor is active. APPROVAL: while a question about a tool call has the focus.
    """

    SCREEN = "screen"
    EMPTY = "empty"
    COMPOSER = "composer"
    TRANSCRIPT = "transcript"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Command:
    """One action. `keys` have Textual's names; two with a space between them are pressed one after the other.

    `slash` begins with `/`; `argument` hints at what it takes ("" is nothing). `does`: the id of the command this row
    is another way to.
    """

    id: str
    title: str
    keys: tuple[str, ...] = ()
    slash: str | None = None
    argument: str = ""
    where: Where = Where.SCREEN
    group: str = ""
    about: str = ""
    does: str = ""

    @property
    def method(self) -> str:
        """`run_session_new` for `session.new`."""
        return "run_" + (self.does or self.id).replace(".", "_")


_WRITING = (
    Command("composer.send", "Send", ("enter",), where=Where.COMPOSER, about="Sends the draft; while an answer runs, queues it."),
    Command(
        "composer.newline",
        "New line",
        ("ctrl+j", "shift+enter", "alt+enter"),
        where=Where.COMPOSER,
        about="Begins a new line; so does a backslash before Enter.",
    ),
    Command(
        "composer.editor",
        "Write in your editor",
        ("ctrl+g", "ctrl+x ctrl+e"),
        where=Where.COMPOSER,
        about="Opens the draft in $VISUAL or $EDITOR and takes over what it saves.",
    ),
    Command("composer.undo", "Undo", ("ctrl+underscore", "ctrl+slash"), where=Where.COMPOSER, about="Takes the last edit back."),
    Command("composer.redo", "Redo", ("ctrl+y",), where=Where.COMPOSER, about="Does the edit again that was taken back."),
    Command("history.previous", "Previous prompt", ("up",), where=Where.COMPOSER, about="On the first line: the prompt before."),
    Command("history.next", "Next prompt", ("down",), where=Where.COMPOSER, about="On the last line: the prompt after."),
    Command("prompts.search", "Search prompts", ("ctrl+r",), about="Finds a prompt you sent before and puts it into the draft."),
    Command("queue.edit", "Edit the queue", ("up",), where=Where.EMPTY, about="Takes the last queued prompt back into the draft."),
    Command(
        "composer.slash", "Slash commands", ("slash",), where=Where.EMPTY, about="Begins a command; a second slash makes it text."
    ),
)

_ANSWERS = (
    Command(
        "turn.interrupt",
        "Stop",
        ("escape",),
        about="Stops the answer at once and keeps what came. Otherwise closes what is open; twice clears the draft.",
    ),
    Command(
        "turn.continue",
        "Continue",
        ("alt+c", "f6"),
        "/continue",
        about="Goes on with an answer that stopped early or never came, and compacts first what has become too long.",
    ),
    Command(
        "cursor.continue",
        "Continue the answer",
        ("n",),
        where=Where.TRANSCRIPT,
        about="Goes on with the last answer, at the cursor.",
    ),
    Command(
        "cursor.retry",
        "Ask again",
        ("r",),
        "/retry",
        where=Where.TRANSCRIPT,
        about="Has a prompt answered again as a new version; without a cursor, the last one.",
    ),
    Command(
        "session.compact",
        "Compact",
        (),
        "/compact",
        "[INSTRUCTIONS]",
        about="Puts a summary in the place of the conversation so far, so that it fits and costs less.",
    ),
    Command("turn.stop_call", "Stop a tool call", ("x",), where=Where.TRANSCRIPT, about="Stops an answer while it writes a call."),
    Command("approval.allow", "Allow", ("y",), where=Where.APPROVAL, about="Lets the tool call that asks run, this once."),
    Command("approval.deny", "Deny", ("n",), where=Where.APPROVAL, about="Refuses the tool call that asks; the model is told."),
    Command("model.pick", "Choose the model", ("alt+p", "f2"), "/model", "[ID]", about="Sets which model answers from now on."),
    Command("provider.pick", "Choose the provider", (), "/provider", "[NAME]", about="Sets which endpoint answers from now on."),
    Command("effort.pick", "Choose the effort", ("alt+e", "f3"), "/effort", "[LEVEL]", about="Sets how hard the model works."),
    Command("session.system", "System prompt", (), "/system", "[TEXT]", about="Shows or changes what the model is told first."),
)

_SESSIONS = (
    Command("session.new", "New session", ("ctrl+n",), "/new", about="Starts an empty conversation; this one stays saved."),
    Command("session.list", "Sessions", ("ctrl+s",), "/sessions", about="Lists saved conversations: open, rename, delete."),
    Command("session.resume", "Resume a session", (), "/resume", "[ID]", about="Opens a conversation by its id, or lists them."),
    Command("session.fork", "Branch off", (), "/branch", about="Copies the conversation into a new session and goes on there."),
    Command(
        "session.save",
        "Save to a file",
        (),
        "/save",
        "[FILE]",
        about="Writes this conversation to a file: Markdown if its name ends in .md, else JSON that can be imported.",
    ),
    Command("session.rename", "Rename the session", (), "/rename", "[TITLE]", about="Gives this conversation another title."),
)

_MESSAGES = (
    Command("cursor.enter", "Go to the messages", ("shift+tab",), about="Puts the message cursor on the last message."),
    Command("cursor.up", "Message above", ("alt+up",), about="Moves the message cursor up, and puts it there if it is off."),
    Command("cursor.down", "Message below", ("alt+down",), about="Moves the message cursor down."),
    Command("cursor.move_up", "Up", ("up",), where=Where.TRANSCRIPT, about="Moves the message cursor up.", does="cursor.up"),
    Command("cursor.move_down", "Down", ("down",), where=Where.TRANSCRIPT, about="Moves the cursor down.", does="cursor.down"),
    Command("cursor.first", "First message", ("home",), where=Where.TRANSCRIPT, about="Moves the cursor to the first message."),
    Command("cursor.last", "Last message", ("end",), where=Where.TRANSCRIPT, about="Moves the cursor to the last message."),
    Command("cursor.leave", "Back to the draft", ("tab",), where=Where.TRANSCRIPT, about="Leaves the messages, as Escape does."),
    Command(
        "cursor.toggle",
        "Open or fold",
        ("space", "enter"),
        where=Where.TRANSCRIPT,
        about="Opens or folds the part here.",
    ),
    Command(
        "cursor.copy",
        "Copy",
        ("c",),
        "/copy",
        where=Where.TRANSCRIPT,
        about="Copies the message at the cursor; without a cursor, the last answer.",
    ),
    Command("cursor.copy_code", "Copy code", ("y",), where=Where.TRANSCRIPT, about="Copies a code block of the message."),
    Command(
        "cursor.copy_table",
        "Copy a table",
        ("t",),
        where=Where.TRANSCRIPT,
        about="Copies a table of the message, as Markdown or for a spreadsheet.",
    ),
    Command(
        "cursor.links", "Open a link", ("l",), where=Where.TRANSCRIPT, about="Shows where the message's links lead, and opens one."
    ),
    Command(
        "cursor.outline",
        "Outline",
        ("o",),
        "/outline",
        where=Where.TRANSCRIPT,
        about="Lists the headings of the message or of the session, and goes to one.",
    ),
    Command(
        "cursor.edit",
        "Edit a prompt",
        ("e",),
        "/edit",
        where=Where.TRANSCRIPT,
        about="Puts a prompt into the draft, to be sent as a new version; without a cursor, the last one.",
    ),
    Command("cursor.quote", "Quote", ("q",), where=Where.TRANSCRIPT, about="Puts the message into the draft as a quotation."),
    Command(
        "cursor.fork",
        "Branch off here",
        ("b",),
        where=Where.TRANSCRIPT,
        about="Copies the conversation up to the message into a new session.",
    ),
    Command(
        "cursor.previous_version",
        "Previous version",
        ("left_square_bracket",),
        where=Where.TRANSCRIPT,
        about="Shows the version of the message before this one.",
    ),
    Command(
        "cursor.next_version",
        "Next version",
        ("right_square_bracket",),
        where=Where.TRANSCRIPT,
        about="Shows the version of the message after this one.",
    ),
    Command(
        "cursor.previous_prompt",
        "Previous prompt of yours",
        ("left_curly_bracket",),
        where=Where.TRANSCRIPT,
        about="Moves the cursor up to a prompt.",
    ),
    Command(
        "cursor.next_prompt",
        "Next prompt of yours",
        ("right_curly_bracket",),
        where=Where.TRANSCRIPT,
        about="Moves the cursor down to a prompt.",
    ),
)

_VIEW = (
    Command("view.thinking", "Thinking", ("ctrl+t",), "/thinking", about="Shows of thinking one line, its last lines, or all."),
    Command("view.tools", "Tool details", ("ctrl+o",), about="Shows or hides what tools were given and gave back."),
    Command("view.reading", "Reading mode", ("f8",), "/reading", about="Stays at the prompt while an answer comes, or follows it."),
    Command("view.clip_code", "Fold or clip long code lines", ("w",), where=Where.TRANSCRIPT, about="Cuts long code lines off."),
    Command("find.open", "Find", ("ctrl+f",), "/find", "[TEXT]", about="Finds text in this session, in folded panels too."),
    Command("find.next", "Next match", ("f4",), about="Goes to the next match, as Enter in the find bar does."),
    Command(
        "find.previous", "Previous match", ("shift+f4", "f16"), about="Goes to the match before, as Shift+Enter and ↑ there do."
    ),
    Command("view.page_up", "Page up", ("pageup",), about="Scrolls the messages up without leaving the draft."),
    Command("view.page_down", "Page down", ("pagedown",), about="Scrolls the messages down without leaving the draft."),
    Command("view.line_up", "Scroll up", ("shift+up",), about="Scrolls the messages up a little."),
    Command("view.line_down", "Scroll down", ("shift+down",), about="Scrolls the messages down a little."),
    Command("view.top", "To the top", ("ctrl+home",), about="Shows the beginning of the conversation."),
    Command("view.bottom", "To the end", ("ctrl+end",), about="Shows the end and follows the answer."),
    Command("view.follow", "Follow", ("end",), where=Where.EMPTY, about="Goes to the end of the answer.", does="view.bottom"),
    Command("app.theme", "Theme", (), "/theme", "[NAME]", about="Changes the colours."),
    Command("app.redraw", "Redraw", ("ctrl+l",), about="Draws the screen again, should something have written over it."),
    Command("app.mouse", "Mouse on or off", ("f9",), about="Leaves the mouse to the terminal and its own selection, or takes it."),
)

_PROGRAM = (
    Command("app.help", "Help", ("f1",), "/help", about="Says what there is and which keys do it."),
    Command("composer.help", "Help", ("question_mark",), where=Where.EMPTY, about="Opens the help.", does="app.help"),
    Command("app.palette", "All commands", ("ctrl+p",), about="Finds any command by name and runs it."),
    Command("app.keys", "Keys", (), "/keys", about="Lists every key and says how to change one."),
    Command("app.cost", "Cost", (), "/cost", about="Says what this session, today and this month used and cost."),
    Command(
        "app.context", "Context", (), "/context", about="Shows what the next prompt will be sent with, and what of it is cached."
    ),
    Command("app.doctor", "Check the set-up", (), "/doctor", about="Checks what the program needs and says where everything is."),
    Command("app.demo", "Demo", (), "/demo", about="Starts a conversation with a fake API on this machine; no key is needed."),
    Command(
        "app.copy_or_quit",
        "Copy, stop, clear or quit",
        ("ctrl+c",),
        about="Copies a selection, else stops the answer, else clears the draft, else quits when pressed twice.",
    ),
    Command("app.quit_if_empty", "Quit", ("ctrl+d",), where=Where.EMPTY, about="Quits when pressed twice on an empty draft."),
    Command("app.suspend", "To the shell", ("ctrl+z",), about="Puts the program aside; `fg` in the shell brings it back."),
    Command("app.quit", "Quit", (), "/quit", about="Stops what runs, saves it and leaves."),
)


def _in_group(name: str, rows: tuple[Command, ...]) -> tuple[Command, ...]:
    return tuple(
        Command(one.id, one.title, one.keys, one.slash, one.argument, one.where, name, one.about, one.does) for one in rows
    )


COMMANDS: tuple[Command, ...] = (
    *_in_group("Sessions", _SESSIONS),
    *_in_group("Answers", _ANSWERS),
    *_in_group("View", _VIEW),
    *_in_group("Messages", _MESSAGES),
    *_in_group("Writing", _WRITING),
    *_in_group("Program", _PROGRAM),
)
"""Every command, in the order of help and palette."""

BY_ID: dict[str, Command] = {one.id: one for one in COMMANDS}

EXIT_WORDS = frozenset({"exit", "quit", "退出"})
"""A prompt that is one of these words, alone, quits."""
