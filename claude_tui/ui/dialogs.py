"""The dialogs that commands open above the chat screen, and what becomes of what is picked in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from claude_tui.domain.blocks import plain_text
from claude_tui.domain.errors import ProviderError, SessionHeld, UnknownSession
from claude_tui.domain.ports import ModelCatalog, ModelInfo
from claude_tui.domain.text import safe_line
from claude_tui.engine.session import Session
from claude_tui.ui.commands import Command
from claude_tui.ui.extracts import link_label, table_as_tsv
from claude_tui.ui.help_screen import HelpScreen
from claude_tui.ui.outline import Outline
from claude_tui.ui.picker import Choice, Extra, Picker, palette_choices
from claude_tui.ui.sessions_screen import NewSession, Opened, SessionsScreen
from claude_tui.ui.text_prompt import TextPrompt
from claude_tui.ui.text_screen import TextScreen
from claude_tui.ui.themes import NAMES

if TYPE_CHECKING:
    from claude_tui.ui.chat_screen import ChatScreen

DEFAULT_EFFORT = "default"
PROMPTS = 500
_THEMES = {
    "auto": "as the terminal is",
    "dark": "",
    "light": "",
    "ansi-dark": "the terminal's own 16 colours",
    "ansi-light": "the terminal's own 16 colours",
    "contrast-dark": "high contrast",
    "contrast-light": "high contrast",
}


class Dialogs:
    """Bound to the chat screen."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen

    @property
    def _session(self) -> Session | None:
        """The session to work on; where there is none, it is said why."""
        screen = self._screen
        if screen.dialogue.session is None:
            watched = screen.view.watching is not None
            screen.program.say("This session is read-only here." if watched else "The history is still being opened.")
        return screen.dialogue.session

    # Models.

    def pick_model(self, wanted: str) -> None:
        """The model of the requests to come; any id is taken, since gateways have their own."""
        screen = self._screen
        if wanted:
            self._switch(model=wanted.split(maxsplit=1)[0])
            return
        session = self._session
        if screen.view.models is None or session is None:
            return
        refresh: Extra[str] = Extra("ctrl+r", "ask the API for its list", lambda _: self._refresh_models(picker))
        current = session.info.model
        picker = Picker("Model", self._model_choices(screen.view.models.known()), current=current, extras=(refresh,))
        screen.program.push_screen(picker, lambda picked: self._switch(model=picked) if picked else None)

    def _model_choices(self, models: Sequence[ModelInfo]) -> list[Choice[str]]:
        session = self._screen.dialogue.session
        current = session.info.model if session is not None else None
        known = [Choice(model.id, model.name or model.id, _model_detail(model)) for model in models]
        if current and current not in {model.id for model in models}:
            known.insert(0, Choice(current, current, "not in the list"))
        return known

    def _refresh_models(self, picker: Picker[str]) -> None:
        if self._screen.view.models is not None:
            self._screen.start(self._ask_for_models(self._screen.view.models, picker), "models")

    async def _ask_for_models(self, models: ModelCatalog, picker: Picker[str]) -> None:
        picker.set_choices(self._model_choices(models.known()), title="Model · asking the API …")
        try:
            await models.refresh()
        except ProviderError as error:
            self._screen.program.say(f"{error.info.message} The list is the one known before.", severity="warning")
        picker.set_choices(self._model_choices(models.known()), title="Model")

    def _switch(self, *, model: str | None = None) -> None:
        session = self._session
        if session is None or model is None:
            return
        info = self._screen.view.models.find(model) if self._screen.view.models is not None else None
        effort = session.info.effort
        if effort and info is not None and info.efforts is not None and effort not in info.efforts:
            self._screen.program.say(f"{info.name or model} does not take the effort {effort}; its own default is used.")
            self._screen.start(session.switch_model(model, None), "model")
        else:
            self._screen.start(session.switch_model(model), "model")

    # Providers.

    def pick_provider(self, wanted: str) -> None:
        """The endpoint of the requests to come, and with it a model of its own."""
        screen, session = self._screen, self._session
        workspace = screen.view.workspace
        if session is None or workspace is None:
            return
        names = workspace.endpoints.names
        if not names:
            screen.program.say("The demo has one provider, its own.")
        elif wanted and wanted not in names:
            screen.program.say(f"There is no provider {safe_line(wanted, 40)}; there are: {', '.join(names)}.", severity="warning")
        elif wanted:
            self._go_to(session, wanted)
        else:
            choices = [Choice(name, name, self._provider_detail(name)) for name in names]
            picker = Picker("Provider", choices, current=session.info.provider)
            screen.program.push_screen(picker, lambda picked: self._go_to(session, picked) if picked else None)

    def _provider_detail(self, name: str) -> str:
        settings = self._screen.backstage.settings
        section = settings.section(name)
        kind = (section.platform or section.wire) if section is not None else ""
        return safe_line(" · ".join(part for part in (kind, settings.model_for(name) or "no model named") if part), 80)

    def _go_to(self, session: Session, name: str) -> None:
        if name != session.info.provider:
            self._screen.start(self._change_provider(session, name), "provider")

    async def _change_provider(self, session: Session, name: str) -> None:
        screen = self._screen
        model = screen.backstage.settings.model_for(name)
        await session.switch_model(model or None, None, name)
        screen.view.tell_where()
        session.warm_up()
        if model:
            screen.program.say(f"From the next request on {name} answers, with {model}. Earlier thinking is left out there.")
        else:
            screen.program.say(f"{name} names no model: pick one.", severity="warning")
            self.pick_model("")

    async def may_send_to(self, host: str) -> bool:
        """The user's word on a host that is new. An Enter that was meant for the draft says no."""
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def take(picked: bool | None) -> None:
            if not answered.done():
                answered.set_result(picked is True)

        choices = [Choice(False, "No, send nothing"), Choice(True, f"Yes, send it to {safe_line(host, 200)}", "not asked again")]
        picker = Picker(f"May this conversation, and your key, go to {safe_line(host, 200)}?", choices)
        self._screen.program.push_screen(picker, take)
        return await answered

    def pick_effort(self, wanted: str) -> None:
        """Only the levels that the model takes are offered."""
        screen, session = self._screen, self._session
        if session is None:
            return
        info = screen.view.models.find(session.info.model or "") if screen.view.models is not None else None
        levels = info.efforts if info is not None and info.efforts is not None else ("low", "medium", "high", "xhigh", "max")
        if not levels:
            screen.program.say(f"{session.info.model} has no effort to choose.")
        elif wanted and wanted.lower() in (*levels, DEFAULT_EFFORT):
            self._set_effort(session, wanted.lower())
        elif wanted:
            screen.program.say(f"{session.info.model} takes {', '.join(levels)}, or {DEFAULT_EFFORT}.", severity="warning")
        else:
            choices = [Choice(DEFAULT_EFFORT, "default", "the model's own"), *(Choice(level, level) for level in levels)]
            picker = Picker("Effort", choices, current=session.info.effort or DEFAULT_EFFORT)
            screen.program.push_screen(picker, lambda picked: self._set_effort(session, picked) if picked else None)

    def _set_effort(self, session: Session, level: str) -> None:
        self._screen.start(session.switch_model(effort=None if level == DEFAULT_EFFORT else level), "effort")

    # Sessions.

    def list_sessions(self) -> None:
        screen = self._screen
        if screen.view.workspace is None:
            return
        session = screen.dialogue.session
        listing = SessionsScreen(screen.view.workspace, current=session.info.id if session is not None else None)
        screen.program.push_screen(listing, self._leave_list)

    def _leave_list(self, result: Opened | NewSession | None) -> None:
        screen, session = self._screen, self._screen.dialogue.session
        if isinstance(result, Opened):
            self.open_session(result.session_id)
        elif isinstance(result, NewSession):
            screen.commands.run_session_new("")
        elif session is not None and session.closed:
            screen.start(self._reopen(session.info.id), "open session")

    async def _reopen(self, session_id: str) -> None:
        """The session on the screen was deleted in the list; it may have been brought back there."""
        try:
            await self._open(session_id)
        except UnknownSession:
            self._screen.commands.run_session_new("")

    def open_session(self, session_id: str) -> None:
        self._screen.start(self._open(session_id), "open session")

    async def _open(self, session_id: str) -> None:
        screen = self._screen
        if screen.view.workspace is None:
            return
        current = screen.dialogue.session
        if current is not None and current.info.id == session_id and not current.closed:
            return
        try:
            found = await screen.view.workspace.open(session_id)
        except SessionHeld:
            found = await screen.view.workspace.watch(session_id)
        await screen.view.show(found)

    def rename(self, title: str) -> None:
        screen, session = self._screen, self._session
        if session is None:
            return
        if safe_line(title):
            screen.start(self._rename(session, title), "rename")
            return
        if title:
            screen.program.say("A title needs at least one character that can be seen.", severity="warning")
            return
        prompt = TextPrompt("Title of this session", session.info.title)
        screen.program.push_screen(prompt, lambda text: self.rename(text) if text and text.strip() else None)

    async def _rename(self, session: Session, title: str) -> None:
        await session.rename(title)
        self._screen.program.say(f"The title is now: {session.info.title}")

    def system_prompt(self, text: str) -> None:
        """What the model is told beforehand; it cannot be changed once a request has gone out."""
        screen, session = self._screen, self._session
        if session is None:
            return
        if session.path:
            shown = session.info.system or "(none)"
            screen.dock.notice(f"The system prompt is fixed by the first request. It is: {safe_line(shown, 400)}")
        elif text:
            screen.start(self._set_system(session, text), "system prompt")
        else:
            prompt = TextPrompt("System prompt of this session", session.info.system or "", multiline=True)
            screen.program.push_screen(prompt, lambda given: self._take_system(session, given))

    def _take_system(self, session: Session, text: str | None) -> None:
        if text is not None:
            self._screen.start(self._set_system(session, text), "system prompt")

    async def _set_system(self, session: Session, text: str) -> None:
        await session.set_system(text.strip() or None)
        self._screen.program.say("The system prompt is set." if text.strip() else "There is no system prompt now.")

    # Prompts.

    def search_prompts(self) -> None:
        screen = self._screen
        mine = [plain_text(message.blocks) for message in screen.dialogue.prompts()]
        picker = Picker(
            "Prompts of this session",
            _prompt_choices(mine),
            empty="No prompt has been sent in this session. Tab looks in all of them.",
            on_tab=("all sessions", lambda: screen.start(self._widen(picker), "prompts")),
        )
        screen.program.push_screen(picker, lambda picked: screen.composer.put(picked) if picked else None)

    async def _widen(self, picker: Picker[str]) -> None:
        """The open list with the prompts of all sessions in it; what was typed to filter stays."""
        workspace = self._screen.view.workspace
        if workspace is not None:
            picker.set_tab(None)
            found = await workspace.store.prompts(None, PROMPTS)
            picker.set_choices(_prompt_choices(found), title="Prompts of all sessions", empty="No prompt has been sent yet.")

    def pick_prompt_to_edit(self) -> None:
        screen = self._screen
        choices = [Choice(message.id, safe_line(plain_text(message.blocks), 300)) for message in screen.dialogue.prompts()]
        if not choices:
            return
        picker = Picker("Edit an earlier prompt", choices)
        screen.program.push_screen(picker, lambda picked: screen.cursor.edit_prompt(picked) if picked else None)

    def pick_code(self, blocks: Sequence[str], take: Callable[[str], None]) -> None:
        counts = [block.rstrip("\n").count("\n") + 1 for block in blocks]
        sizes = [f"{count:,} line{'s' if count != 1 else ''}" for count in counts]
        choices = [Choice(number, safe_line(block.strip(), 200), sizes[number]) for number, block in enumerate(blocks)]
        self._screen.program.push_screen(
            Picker("Copy which code block?", choices), lambda number: take(blocks[number]) if number is not None else None
        )

    def pick_table(self, tables: Sequence[str], take: Callable[[str], None]) -> None:
        """Each table as it is written and as a spreadsheet takes it."""
        choices: list[Choice[tuple[int, bool]]] = []
        for number, table in enumerate(tables):
            head = safe_line(table.strip().split("\n")[0], 200)
            choices.append(Choice((number, False), f"Table {number + 1} · Markdown", head))
            choices.append(Choice((number, True), f"Table {number + 1} · for spreadsheets", head))

        def copy(picked: tuple[int, bool] | None) -> None:
            if picked is not None:
                take(table_as_tsv(tables[picked[0]]) if picked[1] else tables[picked[0]])

        self._screen.program.push_screen(Picker("Copy which table?", choices), copy)

    def pick_link(self, links: Sequence[str], visit: Callable[[str], None], take: Callable[[str], None]) -> None:
        """Every row says where its link really leads; Enter visits it, Tab copies it."""

        def second() -> None:
            url = picker.highlighted_value
            if url is not None:
                picker.dismiss(None)
                take(url)

        choices = [Choice(url, link_label(url)) for url in links]
        picker: Picker[str] = Picker("Open a link: who is asked · the whole address", choices, on_tab=("copies it", second))
        self._screen.program.push_screen(picker, lambda url: visit(url) if url is not None else None)

    def outline(self, cursor: int | None) -> None:
        """The headings of the message at the cursor, and Tab for all; without any, or without a cursor, the session's."""
        self._screen.start(Outline(self._screen).show(cursor), "outline")

    # The program.

    def palette(self) -> None:
        screen = self._screen

        def run(command: Command | None) -> None:
            if command is not None:
                screen.run(command)

        screen.program.push_screen(Picker("Commands", palette_choices(screen.keymap)), run)

    def help(self, *, ids: bool = False) -> None:
        """`ids`: with the names by which the configuration knows the commands."""
        self._screen.program.push_screen(HelpScreen(self._screen.keymap, ids=ids))

    async def doctor(self) -> None:
        """Looks at everything in a process of its own."""
        screen = self._screen
        if screen.backstage.examine is not None:
            screen.program.push_screen(TextScreen("What claude-tui doctor says", await screen.backstage.examine()))

    async def cost(self) -> None:
        """What was used and what it cost."""
        from claude_tui.ui.cost_screen import show_cost

        await show_cost(self._screen)

    async def context(self) -> None:
        """What the next request holds."""
        from claude_tui.ui.context_screen import show_context

        session = self._session
        if session is not None:
            await show_context(self._screen, session)

    def pick_theme(self, wanted: str) -> None:
        screen, app = self._screen, self._screen.program
        if wanted in NAMES:
            screen.wear(wanted)
            return
        if wanted:
            app.say(f"There is no theme {safe_line(wanted, 40)}; there are {', '.join(NAMES)}.", severity="warning")
            return
        before = app.theme_wanted
        choices = [Choice(name, name, _THEMES[name]) for name in NAMES]

        def take(picked: str | None) -> None:
            screen.wear(picked or before)
            if picked and picked != before:
                app.say(f'For good: theme = "{picked}" in config.toml (claude-tui config edit).')

        app.push_screen(Picker("Theme", choices, current=before, on_highlight=screen.wear), take)


def _model_detail(model: ModelInfo) -> str:
    window = f"{model.context_window // 1000:,}k context" if model.context_window else ""
    return " · ".join(part for part in (model.id if model.name else "", window, model.lifecycle or "") if part)


def _prompt_choices(prompts: Sequence[str]) -> list[Choice[str]]:
    return [Choice(prompt, safe_line(prompt, 300)) for prompt in prompts]
