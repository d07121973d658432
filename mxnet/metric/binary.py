# SPDX-License-Identifier: Apache-2.0
"""Scores of binary classification made from four counts: F1 and MCC.

Whether labels are binary must be known before a batch counts, so the counts are fetched at once, in one transfer.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import MXNetValueError
from .base import EvalMetric, choice, paired, register

__all__ = ["F1", "MCC"]


def _count(name: str, label: Tensor, pred: Tensor) -> list[int]:
    """True negatives, false positives, false negatives, true positives; predictions are scores (batch, 2)."""
    if pred.ndim < 2 or len(label) != len(pred):
        raise MXNetValueError(f"{name}: predictions are (batch, 2) scores for (batch,) labels, not "
                              f"{tuple(pred.shape)} for {tuple(label.shape)}")
    label, chosen = label.ravel().to(torch.int32), pred.argmax(1).ravel()
    others = ((label != label.min()) & (label != label.max())).sum()
    counts = torch.bincount((label == 1) * 2 + (chosen == 1).int(), minlength=4)
    *found, rest = torch.cat([counts, others.view(1)]).tolist()
    if rest:
        raise MXNetValueError(f"{name} is for binary classification: labels have two values, not "
                              f"{label.unique().tolist()}")
    return found


class _BinaryScore(EvalMetric):
    """A score of the four counts (subclasses define `_score`), of each batch or of all examples."""

    def __init__(self, name: str, output_names: Sequence[str] | None, label_names: Sequence[str] | None,
                 average: str) -> None:
        self.average = choice("average", average, ("macro", "micro"))
        super().__init__(name, output_names, label_names, has_global_stats=True, average=average)

    @staticmethod
    def _score(tn: float, fp: float, fn: float, tp: float) -> float:
        raise NotImplementedError

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when they do not fit or are not binary."""
        batch = [0, 0, 0, 0]
        for label, pred in paired(labels, preds):
            batch = [old + new for old, new in zip(batch, _count(self.name, label, pred))]
        if self.average == "macro":
            self._add(self._score(*batch), 1)
            return
        self._local = [old + new for old, new in zip(self._local, batch)]
        self._global = [old + new for old, new in zip(self._global, batch)]
        self.num_inst, self.global_num_inst = sum(self._local), sum(self._global)
        self.sum_metric = self._score(*self._local) * self.num_inst
        self.global_sum_metric = self._score(*self._global) * self.global_num_inst

    def reset(self) -> None:
        super().reset()
        self._local = self._global = [0, 0, 0, 0]

    def reset_local(self) -> None:
        super().reset_local()
        self._local = [0, 0, 0, 0]


@register
class F1(_BinaryScore):
    """2 precision recall / (precision + recall) of class 1; 0 where a denominator is 0.

    Labels are 0 or 1, predictions (batch, 2) scores. `average`: `"macro"`, the mean over batches of each one's score,
    or `"micro"`, the score of all examples together.

    >>> import mxnet as mx
    >>> f1 = mx.metric.F1()
    >>> f1.update([mx.nd.array([0, 1, 1])], [mx.nd.array([[0.3, 0.7], [0, 1.0], [0.4, 0.6]])])
    >>> f1.get()
    ('f1', 0.8)
    """

    def __init__(self, name: str = "f1", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None, average: str = "macro") -> None:
        super().__init__(name, output_names, label_names, average)

    @staticmethod
    def _score(tn: float, fp: float, fn: float, tp: float) -> float:
        precision = tp / (tp + fp) if tp + fp else 0.0
        recall = tp / (tp + fn) if tp + fn else 0.0
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@register
class MCC(_BinaryScore):
    """Matthews' correlation coefficient: (tp tn - fp fn) / sqrt((tp+fp) (tp+fn) (tn+fp) (tn+fn)).

    Factors that are 0 are left out of the root. Labels are 0 or 1, predictions (batch, 2) scores. `average`:
    `"macro"`, the mean over batches of each one's score, or `"micro"`, the score of all examples together.

    >>> import mxnet as mx
    >>> mcc = mx.metric.MCC()
    >>> mcc.update([mx.nd.array([0, 1])], [mx.nd.array([[0.7, 0.3], [0, 1.0]])])
    >>> mcc.get()
    ('mcc', 1.0)
    """

    def __init__(self, name: str = "mcc", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None, average: str = "macro") -> None:
        super().__init__(name, output_names, label_names, average)

    @staticmethod
    def _score(tn: float, fp: float, fn: float, tp: float) -> float:
        factors = [factor for factor in (tp + fp, tp + fn, tn + fp, tn + fn) if factor]
        return (tp * tn - fp * fn) / math.sqrt(math.prod(factors))
