# SPDX-License-Identifier: Apache-2.0
"""Sentences as numbers, and in batches of about the same length."""
from __future__ import annotations

import bisect
import random
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._old_names import lend
from ..base import MXNetValueError
from ..io import DataBatch, DataDesc, DataIter
from ..ndarray import array
from .base_cell import CellUseError

__all__ = ["BucketSentenceIter", "encode_sentences"]


def encode_sentences(sentences: Iterable[Iterable[Any]], vocab: dict[Any, int] | None = None, invalid_label: int = -1,
                     invalid_key: Any = "\n", start_label: int = 0,
                     unknown_token: Any = None) -> tuple[list[list[int]], dict[Any, int]]:
    """Numbers for words.

    Parameters
    ----------
    sentences : lists of words
    vocab : numbers by word; None to number the words as they come, from `start_label`
    invalid_label, invalid_key : a number that no word gets, and its entry in a new vocabulary
    unknown_token : the word that stands for words that a given vocabulary does not have

    Returns (lists of numbers, vocabulary). Raises AssertionError for an unknown word without `unknown_token`.

    >>> import mxnet as mx
    >>> mx.rnn.encode_sentences([["a", "b"], ["b", "c"]], start_label=1, invalid_label=0)[0]
    [[1, 2], [2, 3]]
    """
    grows = vocab is None
    known: dict[Any, int] = {invalid_key: invalid_label} if vocab is None else vocab
    number, result = start_label, []
    for sentence in sentences:
        coded = []
        for word in sentence:
            if word not in known:
                if not grows and not unknown_token:
                    raise CellUseError(f"encode_sentences: {word!r} is not in the vocabulary; no unknown_token")
                number += number == invalid_label
                if unknown_token:
                    word = unknown_token
                known[word] = number
                number += 1
            coded.append(known[word])
        result.append(coded)
    return result, known


class BucketSentenceIter(DataIter):
    """Batches of sentences for BucketingModule; the label of each word is the next one.

    Parameters
    ----------
    sentences : lists of numbers
    batch_size : sentences in a batch
    buckets : lengths; a sentence goes to the shortest that holds it, longer ones are left out (with a warning).
        Default: every length that fills a batch
    invalid_label : fills up sentences, and the last label
    data_name, label_name : names of the inputs
    dtype : of both
    layout : `"NT"` (batch, time) or `"TN"`

    Sentences that fill no whole batch of their bucket are left out. Order: Python's and NumPy's global generators.

    >>> import mxnet as mx
    >>> batch = next(mx.rnn.BucketSentenceIter([[1, 2], [3, 4, 5]], 2, buckets=[3], invalid_label=0))
    >>> sorted(batch.label[0].asnumpy().tolist())
    [[2.0, 0.0, 0.0], [4.0, 5.0, 0.0]]
    """

    def __init__(self, sentences: Sequence[Sequence[int]], batch_size: int, buckets: Sequence[int] | None = None,
                 invalid_label: int = -1, data_name: str = "data", label_name: str = "softmax_label",
                 dtype: Any = "float32", layout: str = "NT") -> None:
        super().__init__()
        if layout not in ("NT", "TN"):
            raise MXNetValueError(f"BucketSentenceIter: layout is NT (batch, time) or TN (time, batch), not {layout!r}")
        lengths = [len(sentence) for sentence in sentences]
        if not buckets:
            counts = np.bincount(lengths) if lengths else np.zeros(0, int)
            buckets = [length for length, count in enumerate(counts) if count >= batch_size]
        if not buckets:
            raise MXNetValueError(f"BucketSentenceIter: no length fills a batch of {batch_size}; give buckets")
        self.buckets = sorted(int(length) for length in buckets)
        self.batch_size, self.invalid_label = batch_size, invalid_label
        self.data_name, self.label_name, self.dtype, self.layout = data_name, label_name, dtype, layout
        self.major_axis = layout.find("N")
        self.default_bucket_key = max(self.buckets)
        self.data = self._fill(sentences)
        shape = (batch_size, self.default_bucket_key)
        self.provide_data = [DataDesc(data_name, shape[::-1] if self.major_axis else shape, layout=layout)]
        self.provide_label = [DataDesc(label_name, shape[::-1] if self.major_axis else shape, layout=layout)]
        self.idx = [(i, j) for i, rows in enumerate(self.data)
                    for j in range(0, len(rows) - batch_size + 1, batch_size)]
        self.curr_idx = 0
        self._orders = [np.arange(len(rows)) for rows in self.data]       # which sentences the rows are now
        self.reset()

    def _fill(self, sentences: Sequence[Sequence[int]]) -> list[np.ndarray]:
        """For each bucket an array (sentences, length)."""
        held: list[list[np.ndarray]] = [[] for _ in self.buckets]
        discarded = 0
        for sentence in sentences:
            bucket = bisect.bisect_left(self.buckets, len(sentence))
            if bucket == len(self.buckets):
                discarded += 1
                continue
            row = np.full((self.buckets[bucket],), self.invalid_label, dtype=self.dtype)
            row[:len(sentence)] = sentence
            held[bucket].append(row)
        if discarded:
            warnings.warn(f"BucketSentenceIter: {discarded} sentences are longer than the largest bucket and left out",
                          stacklevel=3)
        return [np.stack(rows) if rows else np.empty((0, length), self.dtype)
                for rows, length in zip(held, self.buckets)]

    def reset(self) -> None:
        """Begin anew, in another order."""
        self.curr_idx = 0
        random.shuffle(self.idx)
        for number, order in enumerate(self._orders):
            drawn = np.arange(len(order))
            np.random.shuffle(drawn)                # with the draws that shuffling the rows in place would take
            self._orders[number], self.data[number] = order[drawn], self.data[number][drawn]
        self._prepare()

    def _prepare(self) -> None:
        self.nddata, self.ndlabel = [], []
        for rows in self.data:
            label = np.full_like(rows, self.invalid_label)
            label[:, :-1] = rows[:, 1:]
            self.nddata.append(array(rows, dtype=self.dtype))
            self.ndlabel.append(array(label, dtype=self.dtype))

    def state_dict(self) -> dict[str, Any]:
        """Where it is, and in which orders, for checkpoints."""
        return {"at": self.curr_idx, "idx": np.array(self.idx, np.int64).reshape(-1, 2), "orders": self._orders}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was called. Raises MXNetValueError when there were other sentences."""
        lengths = [len(order) for order in self._orders]
        if [len(order) for order in state["orders"]] != lengths:
            raise MXNetValueError(f"BucketSentenceIter: the state is of buckets with "
                                  f"{[len(order) for order in state['orders']]} sentences, here are {lengths}")
        for number, order in enumerate(state["orders"]):
            self.data[number] = self.data[number][np.argsort(self._orders[number])[order]]
        self._orders = state["orders"]
        self.idx, self.curr_idx = [tuple(pair) for pair in state["idx"].tolist()], state["at"]
        self._prepare()

    def next(self) -> DataBatch:
        """The next batch; its `bucket_key` is the bucket's length."""
        if self.curr_idx == len(self.idx):
            raise StopIteration
        i, j = self.idx[self.curr_idx]
        self.curr_idx += 1
        data, label = (arrays[i][j:j + self.batch_size] for arrays in (self.nddata, self.ndlabel))
        if self.major_axis == 1:
            data, label = data.T, label.T
        return DataBatch([data], [label], pad=0, bucket_key=self.buckets[i],
                         provide_data=[DataDesc(self.data_name, data.shape, layout=self.layout)],
                         provide_label=[DataDesc(self.label_name, label.shape, layout=self.layout)])


lend(__name__)
