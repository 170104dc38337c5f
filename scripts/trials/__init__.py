"""Trials of `python -m scripts.torture`, one a module, and what they share."""
