"""`claude-tui doctor`: what the program needs, whether it is there, and where everything is. No request, and no secret shown."""

from __future__ import annotations

import locale
import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from claude_tui import __version__, config
from claude_tui.cli import compose, doctor_history
from claude_tui.cli.finding import Finding, owner
from claude_tui.cli.options import Output
from claude_tui.config_providers import BUILTIN
from claude_tui.domain.addresses import is_loopback, redact_address
from claude_tui.domain.blocks import dump_json
from claude_tui.domain.errors import StoreError
from claude_tui.domain.text import safe_line
from claude_tui.files import Paths
from claude_tui.logs import redact, start_logging, stop_logging
from claude_tui.terminal_state import repair as repair_terminal

DEFAULT_ADDRESS = "https://api.anthropic.com"
_PACKAGES = ("anthropic", "typer", "textual", "apsw")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


def examine(output: Output, *, repair: bool = False) -> int:
    """Print every finding, with `repair` what was put right before; 1 if something is broken."""
    paths = Paths.find()
    repair_terminal(paths.terminals)
    done, problem = _repaired(paths) if repair else ([], "")
    findings = [Finding(one.name, one.verdict, redact(one.text)) for one in _findings(paths, os.environ)]
    broken = bool(problem) or any(one.verdict == "broken" for one in findings)
    if output == "json":
        repairs = {"repairs": done, **({"problem": problem} if problem else {})} if repair else {}
        print(dump_json({"ok": not broken, "checks": [asdict(one) for one in findings], **repairs}))
        return int(broken)
    width = max(len(one.name) for one in findings)
    for one in findings:
        mark = "" if one.verdict in ("ok", "info") else f"{one.verdict.upper()}: "
        print(f"{one.name.ljust(width)}  {mark}{safe_line(one.text, 1000)}")
    if repair:
        print("\n" + "\n".join(safe_line(line, 1000) for line in done or ["There was nothing to repair." if not problem else ""]))
    if problem:
        print(f"Not repaired: {safe_line(problem, 1000)}")
    print("\nSomething is broken." if broken else "\nNothing is broken.")
    return int(broken)


def _repaired(paths: Paths) -> tuple[list[str], str]:
    """What was done, and why not more."""
    from claude_tui.cli.repairing import repair

    done: list[str] = []
    try:
        done.extend(map(redact, repair(paths)))
    except StoreError as error:
        return done, redact(str(error))
    return done, ""


def _findings(paths: Paths, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield from _versions()
    log_problem = start_logging(paths.log_file)  # first, so that what the rest logs has somewhere to go
    yield from _folders(paths)
    yield Finding("log", "broken" if log_problem else "ok", log_problem or str(paths.log_file))
    loaded = None
    try:
        loaded = config.load(environ=environ, paths=paths)
        state = "valid" if paths.config_file.exists() else "not there; the defaults hold"
        yield Finding("settings", "ok", f"{paths.config_file}: {state}")
        yield from (Finding("settings", "warning", warning) for warning in loaded.warnings)
    except config.ConfigError as error:
        yield Finding("settings", "broken", str(error))
    yield from doctor_history.look_at(paths)
    settings = loaded.settings if loaded else config.Settings()
    if settings.provider == BUILTIN and BUILTIN not in settings.providers:
        yield from _credentials(environ)
    yield from _providers(settings)
    yield from _prices(paths)
    yield from _network(settings, environ)
    yield from _terminal(environ)
    stop_logging()


def _versions() -> Iterator[Finding]:
    yield Finding("claude-tui", "info", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    for package in _PACKAGES:
        try:
            yield Finding(package, "info", metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding(package, "broken", "not installed")


def _folders(paths: Paths) -> Iterator[Finding]:
    for name in ("data", "config", "cache", "logs"):
        folder: Path = getattr(paths, name)
        try:
            yield _folder(name, folder)
        except OSError as error:
            yield Finding(f"{name} folder", "broken", f"{folder}: {error.strerror}")


def _folder(name: str, folder: Path) -> Finding:
    if not folder.exists():
        above = next(one for one in folder.parents if one.exists())
        fits = above.is_dir() and os.access(above, os.W_OK | os.X_OK)
        text = "not there yet" if fits else f"cannot be made: {above} is not writable"
        return Finding(f"{name} folder", "ok" if fits else "broken", f"{folder}: {text}")
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    text = f"{folder}: mode {mode:04o}, owner {owner(status.st_uid)}"
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(f"{name} folder", "broken", f"{text}, cannot be used: not a folder you can read and write")
    if mode & 0o077 or status.st_uid != os.geteuid():
        return Finding(f"{name} folder", "warning", f"{text}: others have rights here")
    return Finding(f"{name} folder", "ok", text)


def _credentials(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Where the SDK would find some, by name only; it takes the first."""
    from claude_tui.providers import credentials

    found = [f"{name} is set" for name in credentials.in_environment(environ)]
    profile = credentials.profile(environ)
    if profile:
        found.append(f"the profile {profile}")
    if not found:
        yield Finding("credentials", "warning", "none found: set ANTHROPIC_API_KEY; `claude-tui demo` needs none")
        return
    yield Finding("credentials", "ok", "; ".join(found))
    for name in credentials.KEYS:
        value = environ.get(name, "").strip()
        if any(character.isspace() or not character.isprintable() for character in value):
            yield Finding("credentials", "warning", f"{name} holds white space or control characters and cannot be sent")


def _providers(settings: config.Settings) -> Iterator[Finding]:
    """Every section, where it leads and where its key would come from; nothing is asked, and no key is read."""
    from claude_tui.cli import endpoints

    for name, section in settings.providers.items():
        found = ", ".join(endpoints.make(settings, name, compose.timeouts(settings)).credentials())
        where = redact_address(endpoints.address(section)) or section.platform
        text = f"{section.wire} at {where}, {settings.model_for(name) or 'no model'}, key: {found or 'none found'}"
        missing = endpoints.problems(settings, name)
        used = " (in use)" if name == settings.provider else ""
        title = f"provider {safe_line(name, 40)}{used}"
        yield Finding(title, "warning" if missing or not found else "ok", "; ".join([text, *missing]))


def _prices(paths: Paths) -> Iterator[Finding]:
    """The user's own prices, where there are some."""
    if paths.prices_file.exists():
        warnings = compose.price_book(paths).warnings
        yield Finding("prices", "ok", f"{paths.prices_file}: {'read' if not warnings else 'partly read'}")
        yield from (Finding("prices", "warning", warning) for warning in warnings)


def _network(settings: config.Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    from claude_tui.cli import endpoints

    section = settings.section()
    address = (endpoints.address(section) if section is not None else "") or DEFAULT_ADDRESS
    local = is_loopback(urlsplit(address).hostname or "")
    found = [(name, environ.get(name) or environ.get(name.lower())) for name in _PROXIES]
    proxies = [f"{name}={_without_user(value)}" for name, value in found if value]
    through = "this machine, never through a proxy" if local else "through the proxies below" if proxies else "directly"
    yield Finding("address", "ok" if address == DEFAULT_ADDRESS or local else "info", f"{redact_address(address)} ({through})")
    if proxies:
        yield Finding("proxies", "info", ", ".join(proxies))
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if value := environ.get(name):
            missing = not Path(value).exists()
            yield Finding(name, "warning" if missing else "info", f"{value}{' does not exist' if missing else ''}")


def _without_user(value: str) -> str:
    """A proxy may be written without a scheme."""
    return redact_address(value) if "://" in value else value.rpartition("@")[2]


def _terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    names = ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR", "TMUX", "SSH_TTY")
    said: Callable[[str], str] = lambda name: f"{name}={environ[name]}"  # noqa: E731
    facts = [said(name) for name in names if environ.get(name)]
    facts.append(f"standard output {'is' if sys.stdout.isatty() else 'is not'} a terminal")
    encoding = (sys.stdout.encoding or locale.getpreferredencoding(False)).lower()
    facts.append(f"encoding {encoding}")
    yield Finding("terminal", "info", ", ".join(facts))
    if encoding.replace("-", "") != "utf8":
        yield Finding("terminal", "warning", f"the encoding is {encoding}: characters it lacks are written as escapes; use UTF-8")
