# SPDX-License-Identifier: Apache-2.0
"""Counting tokens."""
from __future__ import annotations

import re
from collections import Counter

__all__ = ["count_tokens_from_str"]


def count_tokens_from_str(source_str: str, token_delim: str = " ", seq_delim: str = "\n", to_lower: bool = False,
                          counter_to_update: Counter[str] | None = None) -> Counter[str]:
    """How often each token is in a text.

    Parameters
    ----------
    source_str : the text
    token_delim, seq_delim : regular expressions that stand between tokens, and between sequences of tokens; default
        a space and a line end. Nothing between two of them is no token.
    to_lower : whether to count in lower case; default False
    counter_to_update : a counter to add to, and to return; default a new one

    >>> import mxnet as mx
    >>> found = mx.contrib.text.utils.count_tokens_from_str("Life is great !\\nlife is good .\\n", to_lower=True)
    >>> found["life"], found["is"], found["good"]
    (2, 2, 1)
    """
    tokens = [token for token in re.split(f"{token_delim}|{seq_delim}", source_str) if token]
    counter = Counter() if counter_to_update is None else counter_to_update
    counter.update(token.lower() for token in tokens) if to_lower else counter.update(tokens)
    return counter
