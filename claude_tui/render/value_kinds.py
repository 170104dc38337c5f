"""What language a text among the arguments of a call is in: by the name of its field, its neighbours, and the name of the tool.

Only what came before the text counts, so a call is drawn the same while it arrives and afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from claude_tui.domain.blocks import string

MARKDOWN = "markdown"

_FIELDS = {
    "python": "python",
    "javascript": "javascript",
    "js": "javascript",
    "typescript": "typescript",
    "sql": "sql",
    "command": "bash",
    "cmd": "bash",
    "bash": "bash",
    "shell": "bash",
    "html": "html",
    "css": "css",
    "json": "json",
    "yaml": "yaml",
    "xml": "xml",
    "diff": "diff",
    "patch": "diff",
    "markdown": MARKDOWN,
}
"""Fields whose name is that of a language."""
_PROGRAMS = frozenset({"code", "script", "source", "source_code", "program"})
"""Fields that hold a program in a language that something else names."""
_LANGUAGES = ("language", "lang")
_TOOLS = (
    (re.compile(r"javascript|node|\bjs\b", re.IGNORECASE), "javascript"),
    (re.compile(r"typescript|\bts\b", re.IGNORECASE), "typescript"),
    (re.compile(r"sql|database", re.IGNORECASE), "sql"),
    (re.compile(r"bash|shell|terminal", re.IGNORECASE), "bash"),
    (re.compile(r"python|code_execution|notebook", re.IGNORECASE), "python"),
)
_FILE_TEXTS = frozenset(
    {"content", "contents", "file_text", "new_str", "old_str", "new_string", "old_string", "insert_text", "text", "body"}
)
_PATHS = ("path", "file_path", "filename", "file_name", "file")
_EXTENSIONS = {
    "bash": "bash",
    "c": "c",
    "cpp": "cpp",
    "cs": "csharp",
    "css": "css",
    "diff": "diff",
    "go": "go",
    "h": "c",
    "hpp": "cpp",
    "htm": "html",
    "html": "html",
    "ini": "ini",
    "java": "java",
    "js": "javascript",
    "json": "json",
    "jsx": "jsx",
    "kt": "kotlin",
    "lua": "lua",
    "markdown": MARKDOWN,
    "md": MARKDOWN,
    "mjs": "javascript",
    "patch": "diff",
    "php": "php",
    "py": "python",
    "pyi": "python",
    "r": "r",
    "rb": "ruby",
    "rs": "rust",
    "scss": "scss",
    "sh": "bash",
    "sql": "sql",
    "swift": "swift",
    "toml": "toml",
    "ts": "typescript",
    "tsx": "tsx",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
}
_SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|EXPLAIN|PRAGMA)\b", re.IGNORECASE)


def language_of_value(name: str, neighbours: Mapping[str, Any], tool: str, first_line: str) -> str | None:
    """The language of the text in the field `name`, as a fence would name it; None for prose. Empty: code in some language."""
    name = name.lower()
    if name in _FIELDS:
        return _FIELDS[name]
    if name in _PROGRAMS:
        given = next((string(neighbours, key) for key in _LANGUAGES if string(neighbours, key)), "")
        return given or next((language for pattern, language in _TOOLS if pattern.search(tool)), "")
    if name in _FILE_TEXTS:
        path = next((string(neighbours, key) for key in _PATHS if string(neighbours, key)), "")
        return _EXTENSIONS.get(path.rpartition(".")[2].lower()) if "." in path else None
    return "sql" if name in ("query", "statement") and _SQL.match(first_line) else None
