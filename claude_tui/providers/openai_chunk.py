"""A chunk of Chat Completions, and the data of an event that holds one, taken apart. Pure."""

from __future__ import annotations

from typing import Any, cast

from claude_tui.domain.blocks import strict_json, string

DONE = "[DONE]"


def is_first(choice: dict[str, Any]) -> bool:
    return choice.get("index") in (None, 0, "0")


def choices_of(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    choices: Any = chunk.get("choices")
    listed = cast("list[Any]", choices) if isinstance(choices, list) else [choices]
    return [cast("dict[str, Any]", choice) for choice in listed if isinstance(choice, dict)]


def reason_of(choice: dict[str, Any]) -> str:
    """The finish reason, also where it is an object that names it."""
    given: Any = choice.get("finish_reason")
    return string(cast("dict[str, Any]", given), "type") if isinstance(given, dict) else string(choice, "finish_reason")


def failure_in(chunk: dict[str, Any], choice: dict[str, Any] | None) -> Any:
    """What a choice, or a server's own table in the chunk, says went wrong; empty where nothing did."""
    groq: Any = chunk.get("x_groq")
    error: Any = cast("dict[str, Any]", groq).get("error") if isinstance(groq, dict) else None
    return error or (choice.get("error") if choice else None)


def events_in(text: str) -> list[str] | None:
    """Events in one, each of them whole: there was no empty line between them, or they are marked twice. None for anything else."""
    lines = [line for line in (line.removeprefix("data:").strip() for line in text.splitlines()) if line]
    if lines == [text]:
        return None
    try:
        for line in lines:
            if line != DONE:
                strict_json(line)
    except ValueError:
        return None
    return lines
