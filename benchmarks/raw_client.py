"""The least that shows an answer: the official SDK's `messages.stream`, printed as it comes. A line of input is a prompt."""

from __future__ import annotations

import sys
from typing import Any

from anthropic import Anthropic

READY = "Ready."


def main() -> None:
    client = Anthropic(max_retries=0)
    print(READY, flush=True)
    for line in sys.stdin:
        messages: Any = [{"role": "user", "content": [{"type": "text", "text": line.strip()}]}]
        with client.messages.stream(model="claude-opus-5-5", max_tokens=32_000, messages=messages) as stream:
            for text in stream.text_stream:
                print(text, end="", flush=True)


if __name__ == "__main__":
    main()
