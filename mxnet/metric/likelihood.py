# SPDX-License-Identifier: Apache-2.0
"""How probable the labels are by the prediction: CrossEntropy, NegativeLogLikelihood, Perplexity."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..base import MXNetAssertionError, MXNetIndexError, MXNetValueError
from .base import EvalMetric, alias, paired, register, wide

__all__ = ["CrossEntropy", "NegativeLogLikelihood", "Perplexity"]


@register
@alias("ce")
class CrossEntropy(EvalMetric):
    """The mean of -log(p + eps), where p is the probability given to the label.

    Predictions are (batch, classes) probabilities, labels hold class numbers.

    >>> import mxnet as mx
    >>> entropy = mx.metric.CrossEntropy()
    >>> entropy.update([mx.nd.array([1, 0])], [mx.nd.array([[0.5, 0.5], [1, 0]])])
    >>> round(entropy.get()[1], 4)
    0.3466
    """

    def __init__(self, eps: float = 1e-12, name: str = "cross-entropy", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names, eps=eps, has_global_stats=True)
        self.eps = eps

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when they do not fit each other."""
        for label, pred in paired(labels, preds):
            chosen = label.ravel().long()
            if pred.ndim != 2 or len(chosen) != len(pred):
                raise MXNetAssertionError(f"{self.name}: predictions are (batch, classes) for as many labels, not "
                                          f"{tuple(pred.shape)} for {tuple(label.shape)}")
            self._add((self._probability(wide(pred), chosen) + self.eps).log().sum().neg(), len(chosen))

    def _probability(self, pred: Tensor, chosen: Tensor) -> Tensor:
        """The probabilities of the chosen classes; negative numbers count from the last class."""
        if pred.is_cpu:
            try:
                return pred.gather(1, chosen[:, None])
            except RuntimeError:
                if int(chosen.min()) < -pred.shape[1] or int(chosen.max()) >= pred.shape[1]:
                    raise MXNetIndexError(f"{self.name}: labels from {int(chosen.min())} to {int(chosen.max())} are "
                                          f"not classes of predictions {tuple(pred.shape)}") from None
        return pred.gather(1, chosen.where(chosen >= 0, chosen + pred.shape[1])[:, None])


@register
@alias("nll_loss")
class NegativeLogLikelihood(CrossEntropy):
    """The mean negative log-likelihood of the labels: CrossEntropy by its other name.

    >>> NegativeLogLikelihood().name
    'nll-loss'
    """

    def __init__(self, eps: float = 1e-12, name: str = "nll-loss", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(eps, name, output_names, label_names)


@register
class Perplexity(EvalMetric):
    """exp of the mean of -log(max(p, 1e-10)), where p is the probability given to the label.

    Parameters
    ----------
    ignore_label : a label that does not count (padding), or None
    axis : axis of the predictions, a matrix, that the classes are along; labels have as many entries as the other

    >>> import mxnet as mx
    >>> perplexity = mx.metric.Perplexity(ignore_label=None)
    >>> perplexity.update([mx.nd.array([1, 0])], [mx.nd.array([[0.5, 0.5], [0.5, 0.5]])])
    >>> round(perplexity.get()[1], 4)
    2.0
    """

    def __init__(self, ignore_label: int | None, axis: int = -1, name: str = "perplexity",
                 output_names: Sequence[str] | None = None, label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names, ignore_label=ignore_label, has_global_stats=True)
        self.ignore_label, self.axis = ignore_label, axis

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when they do not fit each other."""
        for label, pred in paired(labels, preds):
            if pred.ndim != 2 or label.numel() * pred.shape[-1] != pred.numel():
                raise MXNetAssertionError(f"{self.name}: labels {tuple(label.shape)} do not fit predictions "
                                          f"{tuple(pred.shape)}")
            rows = wide(pred).movedim(self.axis, 1)
            if len(rows) != label.numel():
                raise MXNetValueError(f"{self.name}: labels {tuple(label.shape)} do not fit predictions "
                                      f"{tuple(pred.shape)} with classes along axis {self.axis}")
            chosen = label.reshape(-1, 1)
            found = rows.gather(1, chosen.long().clamp(0, rows.shape[1] - 1)).clamp_min(1e-10).log()
            if self.ignore_label is None:
                self._add(found.sum().neg(), label.numel())
            else:
                counts = chosen != self.ignore_label
                self._add((found * counts).sum().neg(), counts.sum())

    def _mean(self, total: Any, count: Any) -> float:
        try:
            return math.exp(total / count)
        except OverflowError:
            return math.inf
