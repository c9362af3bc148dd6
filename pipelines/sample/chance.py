"""Chance that falls alike on every machine. Draws and their shapes only: what is drawn is told elsewhere."""

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeVar

T = TypeVar("T")
Row = dict[str, Any]
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Chance:
    """Seeded draws.

    Built on `random.Random(seed).random()` alone, the one sequence that Python promises to keep between versions,
    and on sums and products: logarithms and powers differ in the last digit from one C library to the next.
    """

    def __init__(self, *seed: object) -> None:
        self._next = random.Random("/".join(map(str, seed))).random  # noqa: S311 - a sample, no secret

    def yes(self, probability: float) -> bool:
        """True with this probability."""
        return self._next() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._next() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all alike."""
        return options[int(self._next() * len(options))]

    def weigh(self, rows: Sequence[Row]) -> Row:
        """One of the rows, as often as its `share` says."""
        sums = list(accumulate(row["share"] for row in rows))
        point = self._next() * sums[-1]
        return next(row for row, limit in zip(rows, sums, strict=True) if point < limit)

    def spread(self, *knots: float) -> float:
        """A number from a distribution given by evenly spaced quantiles: minimum, ..., maximum."""
        place = self._next() * (len(knots) - 1)
        left = int(place)
        return knots[left] + (knots[left + 1] - knots[left]) * (place - left)

    def code(self, length: int) -> str:
        """Random characters of the alphabet in which ids are written."""
        bits = int(self._next() * 2**50) << 50 | int(self._next() * 2**50)
        return "".join(BASE32[bits >> 5 * place & 31] for place in range(length))

    def mint(self, kind: str, at: int) -> str:
        """An id as the vendor's are: its kind, then 26 characters of which the first ten say when."""
        time = "".join(BASE32[at >> 5 * place & 31] for place in range(9, -1, -1))
        return f"{kind}_{time}{self.code(16)}"
