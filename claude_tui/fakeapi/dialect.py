"""How servers of the second wire differ from OpenAI's: one frozen value, a field for each habit a client must live with.

The defaults are OpenAI's own behaviour, with reasoning told in `reasoning_content`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ReasoningField: TypeAlias = Literal["reasoning_content", "reasoning", "reasoning_details", "think_tags"]
CallStyle: TypeAlias = Literal["fragments", "id_repeated", "id_omitted", "id_emptied", "whole", "index_zero", "index_missing"]
UsagePlace: TypeAlias = Literal["last", "with_finish", "every", "never"]
Echo: TypeAlias = Literal["refuse", "allow", "require"]

REASONING_KEYS: dict[ReasoningField, tuple[str, ...]] = {
    "reasoning_content": ("reasoning_content",),
    "reasoning": ("reasoning",),
    "reasoning_details": ("reasoning", "reasoning_details"),
    "think_tags": (),
}
"""The keys of an assistant message that hold reasoning; the last is the one an echo must carry."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The habits of one server.

    `reasoning`: where thinking is told; `think_tags` is `<think>…</think>` in the text.
    `calls`: how tool calls are cut up. fragments: by index, id and name in the first. id_repeated: in every fragment.
    id_omitted: no id anywhere. id_emptied: an empty one in later fragments. whole: one chunk for a call. index_zero: 0 for
    every call. index_missing: none.
    `usage`: `last` is OpenAI's chunk with `choices: []`, and only when the request asks for it; `with_finish` (in the chunk of
    the finish reason) and `every` (cumulative, in each chunk) come unasked.
    `echo`: whether reasoning in assistant messages is refused, taken, or required back in a running tool loop.
    `finish` replaces every finish reason. `accepts` are more top-level keys to take. `context` replaces the model's window.
    """

    reasoning: ReasoningField = "reasoning_content"
    calls: CallStyle = "fragments"
    usage: UsagePlace = "last"
    echo: Echo = "refuse"
    refuses_stream_options: bool = False
    refuses_max_tokens: bool = False
    done: bool = True
    finish: str | None = None
    accepts: frozenset[str] = frozenset()
    context: int | None = None

    def __post_init__(self) -> None:
        if self.echo == "require" and not self.echo_keys:
            raise ValueError(f"a server that tells reasoning as {self.reasoning} cannot require it back")

    @property
    def echo_keys(self) -> tuple[str, ...]:
        """The keys in which reasoning comes and goes."""
        return REASONING_KEYS[self.reasoning]


OPENAI = Dialect()
