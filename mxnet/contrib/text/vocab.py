# SPDX-License-Identifier: Apache-2.0
"""Numbers for tokens: the unknown token is 0, then come reserved tokens, then counted ones, the most frequent first."""
from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from ...base import MXNetAssertionError, MXNetAssertionTypeError, MXNetValueError

__all__ = ["UNKNOWN", "Vocabulary"]

UNKNOWN = 0               # the index of the unknown token


class Vocabulary:
    """Tokens by number and numbers by token.

    Parameters
    ----------
    counter : how often each token occurs (a `collections.Counter`); its tokens are numbered by falling frequency,
        equally frequent ones in their own order. Default None: no tokens but the reserved ones
    most_freq_count : how many of the counted tokens to take at most; default all
    min_freq : tokens that occur less often are left out; default 1
    unknown_token : stands for all tokens that have no number; default `"<unk>"`
    reserved_tokens : tokens that have a number in any case, such as padding

    Raises MXNetAssertionError for a `min_freq` below 1, and for reserved tokens that occur twice or are the unknown
    token; MXNetAssertionTypeError for a counter of another class.

    >>> import collections
    >>> import mxnet as mx
    >>> counter = collections.Counter(["b", "a", "c", "b"])
    >>> words = mx.contrib.text.vocab.Vocabulary(counter, most_freq_count=2, reserved_tokens=["<pad>"])
    >>> words.idx_to_token, words.to_indices(["a", "c"])
    (['<unk>', '<pad>', 'b', 'a'], [3, 0])
    """

    def __init__(self, counter: Counter[Any] | None = None, most_freq_count: int | None = None, min_freq: int = 1,
                 unknown_token: Hashable = "<unk>", reserved_tokens: Sequence[Hashable] | None = None) -> None:
        if min_freq <= 0:
            raise MXNetAssertionError(f"min_freq is at least 1, not {min_freq}")
        if reserved_tokens is not None and unknown_token in reserved_tokens:
            raise MXNetAssertionError(f"the unknown token {unknown_token!r} is among the reserved tokens")
        if reserved_tokens is not None and len(set(reserved_tokens)) != len(reserved_tokens):
            raise MXNetAssertionError(f"a reserved token is there twice: {list(reserved_tokens)}")
        self._unknown_token = unknown_token
        self._reserved_tokens = None if reserved_tokens is None else list(reserved_tokens)
        self._idx_to_token: list[Any] = [unknown_token, *(reserved_tokens or ())]
        if counter is not None:
            self._idx_to_token += self._chosen(counter, most_freq_count, min_freq)
        self._token_to_idx: dict[Any, int] = {token: index for index, token in enumerate(self._idx_to_token)}

    def _chosen(self, counter: Counter[Any], most: int | None, min_freq: int) -> list[Any]:
        """The counted tokens that get a number, in their order."""
        if not isinstance(counter, Counter):
            raise MXNetAssertionTypeError(f"counter is a collections.Counter, not {type(counter).__name__}")
        known = set(self._idx_to_token)
        ordered = sorted(sorted(counter.items(), key=lambda item: item[0]), key=lambda item: item[1], reverse=True)
        return [token for token, count in ordered if count >= min_freq and token not in known][:most]

    def __len__(self) -> int:
        return len(self._idx_to_token)

    @property
    def token_to_idx(self) -> dict[Any, int]:
        """The number of each token."""
        return self._token_to_idx

    @property
    def idx_to_token(self) -> list[Any]:
        """The tokens in the order of their numbers."""
        return self._idx_to_token

    @property
    def unknown_token(self) -> Hashable:
        """What stands for all tokens without a number."""
        return self._unknown_token

    @property
    def reserved_tokens(self) -> list[Any] | None:
        """The reserved tokens, if any were given."""
        return self._reserved_tokens

    def to_indices(self, tokens: Any) -> Any:
        """The number of a token, or of each in a list; 0 for unknown ones."""
        if isinstance(tokens, list):
            return [self._token_to_idx.get(token, UNKNOWN) for token in tokens]
        return self._token_to_idx.get(tokens, UNKNOWN)

    def to_tokens(self, indices: Any) -> Any:
        """The token of a number, or of each in a list. Raises MXNetValueError for what is no number of a token."""
        return [self._token(index) for index in indices] if isinstance(indices, list) else self._token(indices)

    def _token(self, index: Any) -> Any:
        try:
            return self._idx_to_token[operator.index(index)]
        except (TypeError, IndexError):
            raise MXNetValueError(f"token indices are whole numbers below {len(self)}, not {index!r}") from None
