# SPDX-License-Identifier: Apache-2.0
"""The orders of examples that MXNet's iterators give for a seed."""
from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Permutations"]

_AT_A_TIME = 4096
_WORDS = 2 ** 32


class Permutations:
    """Random orders, one after the other: Fisher and Yates' shuffle with the draws that C++'s standard library makes.

    Those are words of a Mersenne twister, scaled down without bias.

    >>> Permutations(111).draw(10)
    [3, 4, 9, 2, 1, 6, 7, 0, 5, 8]
    """

    def __init__(self, seed: int) -> None:
        self._twister = np.random.RandomState(seed % _WORDS)
        self._words: list[int] = []

    def draw(self, count: int) -> list[int]:
        """The next order of `count` examples. Each step needs the one before: a plain loop."""
        order = list(range(count))
        for place in range(1, count):
            width = (_WORDS - 1) // (place + 1)
            drawn = self._word()
            while drawn >= width * (place + 1):
                drawn = self._word()
            other = drawn // width
            order[place], order[other] = order[other], order[place]
        return order

    def state_dict(self) -> dict[str, Any]:
        """The generator's state, for checkpoints."""
        return {"twister": self._twister.get_state(), "words": np.array(self._words, np.uint32)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as where `state_dict` was called."""
        self._twister.set_state(state["twister"])
        self._words = state["words"].tolist()

    def _word(self) -> int:
        if not self._words:
            self._words = self._twister.randint(0, _WORDS, size=_AT_A_TIME, dtype=np.uint32)[::-1].tolist()
        return self._words.pop()
