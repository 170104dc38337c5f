"""The vocabulary everything else shares: blocks, messages, events, ports. Plain Python, no third-party imports."""
