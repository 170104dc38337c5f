"""What text counts as in tokens, where the API's own count is not there (yet). The only estimate there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claude_tui.domain.blocks import Block, dump_json, string


def estimate_tokens(text: str) -> float:
    """A token is about four bytes: four letters, or a little more than one Chinese character. Adds up over pieces of a text."""
    return len(text) / 4 if text.isascii() else len(text.encode("utf-8", "surrogatepass")) / 4


def block_tokens(block: Block) -> float:
    """What a whole block counts as: its text, its thinking, its input."""
    tokens = estimate_tokens(string(block, "text")) + estimate_tokens(string(block, "thinking"))
    return tokens + (estimate_tokens(dump_json(block["input"])) if isinstance(block.get("input"), dict) and block["input"] else 0)


def written_tokens(blocks: Sequence[Block], raw_inputs: Mapping[str, str]) -> float:
    """What an answer counts as, as far as it came. `raw_inputs`: as in `Message`."""
    return sum(
        block_tokens({**block, "input": {}}) + estimate_tokens(raw_inputs[str(place)])
        if str(place) in raw_inputs
        else block_tokens(block)
        for place, block in enumerate(blocks)
    )
