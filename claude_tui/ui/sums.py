"""Numbers in a row whose sums stay known: a Fenwick tree. Everything but making one is O(log n)."""

from __future__ import annotations

from collections.abc import Iterable


class Sums:
    """Numbers from 0 up, by index."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._numbers = list(numbers)
        self._tree = [0, *self._numbers]  # node i holds the sum of the numbers (i - lowest bit of i, i], counted from 1
        for node in range(1, len(self._tree)):
            parent = node + (node & -node)
            if parent < len(self._tree):
                self._tree[parent] += self._tree[node]
        self.total = sum(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> int:
        return self._numbers[index]

    def append(self, number: int) -> None:
        self._numbers.append(number)
        node = len(self._numbers)
        value, below = number, node - 1
        while below > node - (node & -node):
            value += self._tree[below]
            below -= below & -below
        self._tree.append(value)
        self.total += number

    def set(self, index: int, number: int) -> None:
        change = number - self._numbers[index]
        if not change:
            return
        self._numbers[index] = number
        self.total += change
        node = index + 1
        while node < len(self._tree):
            self._tree[node] += change
            node += node & -node

    def cut(self, count: int) -> None:
        """Keep the first `count`."""
        self.total = self.before(count)
        del self._numbers[count:], self._tree[count + 1 :]

    def before(self, index: int) -> int:
        """The sum of the first `index` numbers."""
        node, total = min(index, len(self._numbers)), 0
        while node > 0:
            total += self._tree[node]
            node -= node & -node
        return total

    def find(self, offset: int) -> int:
        """The index of the number that `offset` falls into, or how many there are, where it is beyond all of them."""
        node, step = 0, 1 << len(self._numbers).bit_length()
        while step:
            if node + step < len(self._tree) and self._tree[node + step] <= offset:
                node += step
                offset -= self._tree[node]
            step >>= 1
        return node
