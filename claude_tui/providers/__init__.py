"""Providers: endpoints with credentials, each on a wire. The table below names the wires; SDKs load on first use."""

from __future__ import annotations

WIRES = {
    "anthropic": "claude_tui.providers.anthropic:AnthropicProvider",
    "openai": "claude_tui.providers.openai:OpenAIProvider",
}
"""Wire name → module:class."""
