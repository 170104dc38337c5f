"""The log file: private, rotated, and without secrets.

Everything any library logs or warns of goes there, so nothing but the program itself writes to the terminal. A log that cannot be
written never stops the program; `start_logging` says why in a sentence.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Mapping, MutableMapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

from claude_tui.domain.text import safe_text
from claude_tui.files import private_folder

MAX_BYTES = 1_000_000
OLD_FILES = 4
REDACTED = "[redacted]"
SDK_LOGGERS = ("anthropic", "openai", "httpx2", "httpcore2")
SDK_LOG_VARIABLES = ("ANTHROPIC_LOG", "OPENAI_LOG")
SHORTEST_SECRET = 4

_SECRET_VARIABLE = re.compile(r"(?:^|_)(?:API_?KEY|TOKEN|SECRET|PASSWORD|SIGNING_KEY)$")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bsk-(?:ant-[\w-]+|[\w-]{16,})"), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)\s+(?!\[redacted)[^\s\"',;)\]}]+"), rf"\1 {REDACTED}"),
    (
        re.compile(
            r"""(?ix) (\b(?:x-api-key|api[-_]?key|(?:proxy-)?authorization|cookie)["']?\s*[:=,]\s*)  # the name, in any notation
            (?: b?(["']).*?\2 | (?!(?:bearer|basic)\s|\[redacted)[^\s,;)\]}]+ )"""
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"://[^/\s@\"']+@"), f"://{REDACTED}@"),
)

_secrets: set[str] = set()
_installed: list[logging.Handler] = []


def hide(*values: str) -> None:
    """Redact these values from now on, however they are quoted."""
    for value in map(str.strip, values):
        if len(value) >= SHORTEST_SECRET:
            _secrets.update((value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value), quote(value, safe="")))


def hide_environment(environ: Mapping[str, str]) -> None:
    """Redact the values of every variable that is named like a credential, and what the SDK's custom headers carry."""
    hide(*(value for name, value in environ.items() if _SECRET_VARIABLE.search(name.upper())))
    headers = environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
    hide(*(value for name, _, value in (line.partition(":") for line in headers) if not name.lower().startswith("anthropic-")))


def redact(text: str) -> str:
    """`text` without anything that is, or looks like, a credential."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class _SafeFormatter(logging.Formatter):
    """The last stop of every record: message, arguments and traceback are one text here, and pass redaction and sanitiser."""

    def format(self, record: logging.LogRecord) -> str:
        return safe_text(redact(super().format(record)))


class _PrivateFile(RotatingFileHandler):
    """A rotating file that is the user's alone from its first byte, whatever the umask."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(handle, 0o600)
        except PermissionError:  # somebody else's file that we may write: `doctor` says so
            logging.getLogger(__name__).debug("the mode of the log file cannot be changed")
        return open(handle, "a", encoding="utf-8", errors="backslashreplace")


def start_logging(path: Path | None, environ: MutableMapping[str, str] = os.environ) -> str | None:
    """Send every log record to `path`, or nowhere; a sentence if the file cannot be written.

    Takes ANTHROPIC_LOG and OPENAI_LOG out of the environment, which would make the SDKs write to the terminal, and obeys them
    for the file.
    """
    stop_logging()
    hide_environment(environ)
    problem: str | None = None
    handler: logging.Handler = logging.NullHandler()
    if path is not None:
        try:
            private_folder(path.parent)
            handler = _PrivateFile(path, maxBytes=MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8")
        except OSError as error:
            problem = f"No log is written: {path} cannot be opened ({error.strerror})."
    handler.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    _installed.append(handler)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    for variable in SDK_LOG_VARIABLES:
        _set_levels(SDK_LOGGERS, environ.pop(variable, ""))
    return problem


def _set_levels(names: Iterable[str], wanted: str) -> None:
    level = {"debug": logging.DEBUG, "info": logging.INFO}.get(wanted.strip().lower())
    if level is not None:
        for name in names:
            logging.getLogger(name).setLevel(level)


def stop_logging() -> None:
    """Close the file and take our handler away."""
    while _installed:
        handler = _installed.pop()
        logging.getLogger().removeHandler(handler)
        handler.close()


def current_file() -> Path | None:
    """The file that is being written, if one is."""
    return next((Path(one.baseFilename) for one in _installed if isinstance(one, logging.FileHandler)), None)
