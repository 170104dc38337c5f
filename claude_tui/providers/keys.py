"""Where the key of a named endpoint is: in a variable, in the system's keyring, or printed by a command.

A key is read when a connection is made, never stored and never part of a message: one that expires is asked for again.
Commands run without a shell, without standard input, and without the other credentials of this process; whoever stops waiting ends
them.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

from claude_tui.child_environment import callers_umask, name_credentials, without_own_keys
from claude_tui.domain.errors import ErrorInfo, ErrorKind, ProviderError
from claude_tui.domain.text import safe_line
from claude_tui.logs import hide, redact
from claude_tui.providers.loading import in_daemon_thread

COMMAND_SECONDS = 60.0
"""How long a command may take: some ask the user for a password."""


@dataclass(frozen=True, slots=True)
class _Source:
    """`name`: what may be shown of it. `read`: the key, None where there is none; may raise ProviderError.

    `missing`: what it lacks, as far as can be seen without asking; empty for nothing.
    """

    name: str
    read: Callable[[], Awaitable[str | None]]
    present: Callable[[], bool] = lambda: True
    missing: Callable[[], str] = lambda: ""


class Key:
    """The key of provider `name`. `required`: an endpoint elsewhere than on this machine needs one."""

    def __init__(
        self,
        name: str,
        *,
        variable: str | None = None,
        keyring: str | None = None,
        command: str | None = None,
        required: bool = True,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._provider = name
        self._required = required
        self._sources: list[_Source] = []
        if variable:
            name_credentials(variable)
            self._sources.append(_in_variable(variable, environ))
        if keyring:
            self._sources.append(_Source(f"keyring {keyring}", lambda: _from_keyring(keyring, name), missing=_no_keyring))
        if command:
            words = shlex.split(command)
            self._sources.append(_Source(f"command {words[0]}", lambda: _printed(words, name), missing=lambda: _no_command(words)))

    def problems(self) -> tuple[str, ...]:
        """What can be seen to be missing without asking for the key."""
        return tuple(source.missing() for source in self._sources if source.missing())

    def names(self) -> tuple[str, ...]:
        """Where one will be looked for and, as far as is known without asking, found."""
        found = tuple(source.name for source in self._sources if source.present())
        return found if found or self._required or self._sources else ("no key needed",)

    async def get(self) -> str | None:
        """The key, None where none is needed. ProviderError, kind `credentials`, where one is needed and there is none."""
        for source in self._sources:
            key = (await source.read() or "").strip()
            if key:
                hide(key)
                return key
        if not self._required and not self._sources:
            return None
        named = " or ".join(source.name for source in self._sources)
        where = f"{named} holds none" if named else "its section names none: add api_key_env, api_key_keyring or api_key_command"
        raise _missing(f"No key for the provider {self._provider}: {where}.")


def _missing(text: str) -> ProviderError:
    return ProviderError(ErrorInfo(ErrorKind.CREDENTIALS, safe_line(redact(text), 600)))


def _in_variable(variable: str, environ: Mapping[str, str]) -> _Source:
    async def read() -> str | None:
        return environ.get(variable)

    def present() -> bool:
        return bool(environ.get(variable))

    return _Source(variable, read, present, lambda: "" if present() else f"{variable} is not set")


def _no_keyring() -> str:
    return "" if find_spec("keyring") else "the keyring needs: pip install 'claude-tui-chat[keyring]'"


def _no_command(words: list[str]) -> str:
    return "" if shutil.which(words[0]) else f"there is no command {words[0]}"


async def _from_keyring(entry: str, provider: str) -> str | None:
    """Some keyrings ask the user, for as long as that takes: nothing waits for the thread when the program ends."""
    return await in_daemon_thread(lambda: _kept(entry, provider))


def _kept(entry: str, provider: str) -> str | None:
    service, _, user = entry.partition("/")
    try:
        import keyring  # pyright: ignore[reportMissingImports]  # an extra
    except ImportError:
        raise _missing("The keyring cannot be read: pip install 'claude-tui-chat[keyring]' brings what is missing.") from None
    try:
        return keyring.get_password(service, user or provider)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    except Exception as error:  # every keyring has failures of its own
        raise _missing(f"The keyring could not be read for {service}: {type(error).__name__}: {error}.") from error


async def _printed(words: list[str], provider: str) -> str | None:
    """The first line the command prints."""
    what = f"The command that prints the key of {provider}, {words[0]},"
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            env=without_own_keys(os.environ),
            umask=callers_umask(),
            start_new_session=True,
        )
    except OSError as error:
        raise _missing(f"{what} cannot be started: {error.strerror}.") from error
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            printed, complained = await process.communicate()
    except TimeoutError:
        raise _missing(f"{what} did not end within {COMMAND_SECONDS:.0f} s.") from None
    finally:
        await _end(process)
    if process.returncode:
        said = safe_line(complained.decode("utf-8", "replace"), 200)
        raise _missing(f"{what} failed (exit {process.returncode}){': ' + said if said else ''}.")
    return next(iter(printed.decode("utf-8", "replace").splitlines()), None)


async def _end(process: asyncio.subprocess.Process) -> None:
    """It and what it started, if it still runs: somebody was told to stop waiting for it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        await process.wait()
