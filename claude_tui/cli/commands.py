"""The command line as Typer reads it: every command with its options and its help.

Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn, TypeAlias

import typer

from claude_tui import __version__
from claude_tui.cli.argv import PICK
from claude_tui.cli.exits import UsageError
from claude_tui.cli.flags import SettingsCommand, with_settings
from claude_tui.cli.main import begin, front_end, prompt_of, resumed
from claude_tui.cli.options import AskOptions, AskOutput, ChatOptions, ExportFormat, Grouping, Output

app = typer.Typer(
    name="claude-tui",
    help="Chat with Claude in the terminal. A first word that is no command is the first prompt of `chat`.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
sessions = typer.Typer(help="List, show, export and import conversations.", rich_markup_mode=None, no_args_is_help=True)
config = typer.Typer(
    help="Where the settings are, what they are, and how to change them.", rich_markup_mode=None, no_args_is_help=True
)

Words: TypeAlias = Annotated[list[str] | None, typer.Argument(metavar="PROMPT", show_default=False, help="One argument: quote it.")]
Continue: TypeAlias = Annotated[bool, typer.Option("--continue", "-c", help="Go on with the session used last.")]
ResumeId: TypeAlias = Annotated[
    str | None,
    typer.Option("--resume", "-r", metavar="[ID]", show_default=False, help="Go on with a session: its id or the start of it."),
]
Pick: TypeAlias = Annotated[bool, typer.Option(PICK, hidden=True)]
Temporary: TypeAlias = Annotated[bool, typer.Option("--temporary", help="Write nothing to disk.")]
Plain: TypeAlias = Annotated[bool, typer.Option("--plain", help="Append-only: no full screen, no boxes, no colours needed.")]
Mouse: TypeAlias = Annotated[
    bool | None, typer.Option("--mouse/--no-mouse", show_default=False, help="Use the mouse, or leave it alone.")
]
_SCENARIO_HELP = "What it plays: demo, fast, tools, faults, hang."
OutputForm: TypeAlias = Annotated[Output, typer.Option("--output", "-o", help="What to print.")]


def _end(code: int) -> NoReturn:
    raise typer.Exit(code)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"claude-tui {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")] = False,
) -> None:
    """The options that stand alone."""


@app.command(cls=SettingsCommand)
@with_settings
def chat(
    words: Words = None,
    last: Continue = False,
    resume: ResumeId = None,
    pick: Pick = False,
    temporary: Temporary = False,
    plain: Plain = False,
    mouse: Mouse = None,
    *,
    flags: dict[str, str],
) -> None:
    """A conversation. What plain `claude-tui` starts; PROMPT is sent at once."""
    options = ChatOptions(prompt_of(words), resumed(last, resume, pick), flags, temporary, plain, mouse)
    begin(temporary=temporary)
    _end(front_end(options).chat(options))


@app.command(cls=SettingsCommand)
@with_settings
def ask(
    words: Words = None,
    output: Annotated[AskOutput, typer.Option("--output", "-o", help="What to print.")] = "text",
    last: Continue = False,
    resume: ResumeId = None,
    pick: Pick = False,
    temporary: Temporary = False,
    allow_tool: Annotated[
        list[str] | None, typer.Option(metavar="NAME", show_default=False, help="A tool that may run without asking. Repeatable.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on standard error.")] = False,
    *,
    flags: dict[str, str],
) -> None:
    """One turn for scripts: the prompt, then what is piped in; the answer goes to standard output."""
    if pick:
        raise UsageError("ask cannot show a list to pick from: give --resume the id of a session, or use --continue.")
    going_on = resumed(last, resume, pick)
    options = AskOptions(prompt_of(words), output, going_on, flags, temporary, tuple(allow_tool or ()), quiet)
    begin(temporary=temporary)
    from claude_tui.cli import headless

    _end(headless.ask(options))


@app.command(cls=SettingsCommand)
@with_settings
def models(output: OutputForm = "text", *, flags: dict[str, str]) -> None:
    """The models the key can use, or the ones this version knows."""
    paths = begin()
    from claude_tui.cli import models_command

    _end(models_command.show(paths, flags, output))


@app.command()
def stats(
    days: Annotated[int, typer.Option(metavar="N", min=1, help="How many days back, today included.")] = 30,
    by: Annotated[
        Grouping | None, typer.Option(show_default=False, help="What to sum over; days and models if nothing is said.")
    ] = None,
    output: OutputForm = "text",
) -> None:
    """What was used and what it cost: today, this month, by day, model, provider or session."""
    paths = begin()
    from claude_tui.cli import stats_command

    _end(stats_command.show(paths, days, by, output))


@app.command()
def doctor(
    output: OutputForm = "text",
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be; nothing is deleted.")] = False,
) -> None:
    """Check what the program needs and say where everything is. Exits with 1 if something is broken."""
    from claude_tui.cli import doctor as examination

    _end(examination.examine(output, repair=repair))


@app.command()
def backup(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", show_default=False, help="Where to; else the folder of backups.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    output: OutputForm = "text",
) -> None:
    """Copy the history to one file, checked, and print where it is. It may be open elsewhere."""
    paths = begin()
    from claude_tui.cli import backup_command

    _end(backup_command.backup(paths, file, output, force=force))


@app.command()
def restore(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", show_default=False, help="A copy, or `latest`; none: list them.")
    ] = None,
    output: OutputForm = "text",
) -> None:
    """Put a copy in the place of the history, which is kept under another name. Without FILE: list the copies."""
    paths = begin()
    from claude_tui.cli import backup_command

    _end(backup_command.restore(paths, file, output))


@app.command()
def demo(plain: Plain = False, mouse: Mouse = None) -> None:
    """The program against a fake API on this machine: no key, no network, canned answers, nothing saved."""
    begin(temporary=True)
    options = ChatOptions(plain=plain, mouse=mouse)
    _end(front_end(options).demo(options))


@app.command("fake-api")
def fake_api(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    scenario: Annotated[str | None, typer.Option(metavar="NAME", show_default=False, help=_SCENARIO_HELP)] = None,
    key: Annotated[str | None, typer.Option(metavar="K", show_default=False, help="The key it takes; else a random one.")] = None,
) -> None:
    """The fake API alone, on 127.0.0.1: prints its address and key as JSON and serves until it is stopped."""
    from claude_tui.cli.compose import serve_fake_api

    _end(serve_fake_api(scenario, port, key))


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def web() -> None:
    """Reserved."""
    raise UsageError("This version has no web mode. To send the word as a prompt: claude-tui chat -- web")


app.add_typer(sessions, name="sessions")
app.add_typer(config, name="config")


@sessions.command("list")
def list_sessions(
    output: OutputForm = "text",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, show_default=False, help="The newest N only.")] = None,
) -> None:
    """The conversations, used last first."""
    paths = begin()
    from claude_tui.cli import sessions_command

    _end(sessions_command.list_sessions(paths, output, limit))


@sessions.command("show")
def show_session(
    session_id: Annotated[str, typer.Argument(metavar="ID", show_default=False, help="An id, or the start of it.")],
    output: OutputForm = "text",
    everything: Annotated[bool, typer.Option("--all", help="Every version of every message, not only the current path.")] = False,
) -> None:
    """One conversation."""
    paths = begin()
    from claude_tui.cli import sessions_command

    _end(sessions_command.show_session(paths, session_id, output, everything=everything))


@sessions.command("export")
def export_sessions(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", show_default=False, help="Ids, or the starts of them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every conversation.")] = False,
    form: Annotated[ExportFormat, typer.Option("--format", help="For people, or for `sessions import`.")] = "markdown",
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", show_default=False, help="A file for one, a folder for several; else standard output."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write conversations to files. A damaged history is read as far as it goes; then it exits with 1."""
    paths = begin()
    from claude_tui.cli import exporting

    _end(exporting.export(paths, exporting.Wanted(tuple(ids or ()), everything, form, to, force)))


@sessions.command("import")
def import_session(
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="What `sessions show -o json` writes; - reads it piped.")
    ],
) -> None:
    """Store a conversation from a file as a new session and print its id."""
    paths = begin()
    from claude_tui.cli import sessions_command

    _end(sessions_command.import_session(paths, file))


@config.command("path")
def config_path() -> None:
    """Where the settings file is."""
    from claude_tui.files import Paths

    typer.echo(Paths.find().config_file)


@config.command("show")
def config_show(output: OutputForm = "text") -> None:
    """Every setting, its value, and where that comes from."""
    from claude_tui.cli import config_command
    from claude_tui.files import Paths

    _end(config_command.show(Paths.find(), output))


@config.command("edit")
def config_edit() -> None:
    """Open the settings file in your editor; what it says is checked before it counts."""
    from claude_tui.cli import config_command
    from claude_tui.files import Paths

    _end(config_command.edit(Paths.find()))
