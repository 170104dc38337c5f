"""How much memory everything that waits for the disk may take, together. Used from the database's thread only."""

from __future__ import annotations

MEMORY_LIMIT = 64 * 1024 * 1024


class Room:
    """`limit` and what is taken of it, in bytes."""

    def __init__(self, limit: int = MEMORY_LIMIT) -> None:
        self.limit = limit
        self.taken = 0

    def has(self, weight: int) -> bool:
        """Whether so much still fits. Something always fits where nothing is."""
        return not self.taken or self.taken + weight <= self.limit

    def take(self, weight: int) -> None:
        self.taken += weight

    def give_back(self, weight: int) -> None:
        self.taken -= weight
