# SPDX-License-Identifier: Apache-2.0
"""How often the right class was found: Accuracy, TopKAccuracy, PCC."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import MXNetAssertionError, MXNetValueError
from .base import EvalMetric, alias, paired, register

__all__ = ["PCC", "Accuracy", "TopKAccuracy"]


@register
@alias("acc")
class Accuracy(EvalMetric):
    """The part of the predictions that are right.

    Labels hold class numbers. Predictions of the labels' shape do, too; those of another shape hold a score for each
    class along `axis`, the largest of which counts.

    >>> import mxnet as mx
    >>> accuracy = mx.metric.Accuracy()
    >>> accuracy.update([mx.nd.array([0, 1, 1])], [mx.nd.array([[0.3, 0.7], [0, 1.0], [0.4, 0.6]])])
    >>> accuracy.get()
    ('accuracy', 0.6666666666666666)
    """

    def __init__(self, axis: int = 1, name: str = "accuracy", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names, axis=axis, has_global_stats=True)
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when they do not fit each other."""
        for label, pred in paired(labels, preds):
            if pred.shape == label.shape:
                chosen = pred.long()
            elif -pred.ndim <= self.axis < pred.ndim:
                chosen = pred.argmax(self.axis)
            else:
                raise self._misfit(label, pred)
            if chosen.shape != label.shape:
                if chosen.numel() != label.numel():
                    raise self._misfit(label, pred)
                chosen, label = chosen.ravel(), label.ravel()
            self._add(torch.count_nonzero(chosen == label.long()), label.numel())

    def _misfit(self, label: torch.Tensor, pred: torch.Tensor) -> MXNetValueError:
        return MXNetValueError(f"{self.name}: labels {tuple(label.shape)} do not fit predictions {tuple(pred.shape)} "
                               f"with classes along axis {self.axis}")


@register
@alias("top_k_accuracy", "top_k_acc")
class TopKAccuracy(EvalMetric):
    """The part of the predictions whose `top_k` (at least 2) largest scores include the right class.

    Predictions are (batch, classes) scores, labels (batch,) class numbers.

    >>> import mxnet as mx
    >>> top = mx.metric.TopKAccuracy(top_k=2)
    >>> top.update([mx.nd.array([2, 0])], [mx.nd.array([[0.1, 0.5, 0.4], [0.1, 0.5, 0.4]])])
    >>> top.get()
    ('top_k_accuracy_2', 0.5)
    """

    def __init__(self, top_k: int = 1, name: str = "top_k_accuracy", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names, top_k=top_k, has_global_stats=True)
        if top_k <= 1:
            raise MXNetAssertionError(f"top_k is at least 2, not {top_k}: for 1 there is Accuracy")
        self.top_k = top_k
        self.name += f"_{top_k}"

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when they do not fit each other."""
        for label, pred in paired(labels, preds):
            if pred.ndim > 2:
                raise MXNetAssertionError(f"{self.name}: predictions have at most 2 axes, not the shape "
                                          f"{tuple(pred.shape)}")
            if len(pred) != len(label):
                raise MXNetValueError(f"{self.name}: {len(label)} labels, {len(pred)} predictions")
            if pred.shape[-1] < self.top_k:
                raise MXNetValueError(f"{self.name}: predictions {tuple(pred.shape)} have less than {self.top_k} "
                                      f"classes")
            if pred.ndim == 1:
                found = pred.argsort() == label.ravel().long()
            else:
                found = pred.topk(self.top_k, 1).indices == label.reshape(-1, 1).long()
            self._add(torch.count_nonzero(found), len(pred))


@register
class PCC(EvalMetric):
    """The correlation of labels and predicted classes, for any number of classes: the R_K statistic.

    With two classes it is Matthews' coefficient. From the matrix of how often class i was predicted for class j
    (Gorodkin, 2004, "Comparing two K-category assignments by a K-category correlation coefficient"). Predictions are
    class numbers of the labels' shape, or scores with classes along axis 1.

    >>> import mxnet as mx
    >>> pcc = mx.metric.PCC()
    >>> pcc.update([mx.nd.array([0, 1, 2])], [mx.nd.array([0, 1, 2])])
    >>> pcc.get()
    ('pcc', 1.0)
    """

    def __init__(self, name: str = "pcc", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None, has_global_stats: bool = True) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=has_global_stats)

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when they do not fit each other."""
        for label, pred in paired(labels, preds):
            chosen = pred if pred.shape == label.shape else pred.argmax(1)
            if chosen.numel() != label.numel():
                raise MXNetValueError(f"{self.name}: labels {tuple(label.shape)} do not fit predictions "
                                      f"{tuple(pred.shape)}")
            matrix = _confusion(chosen.ravel().long(), label.ravel().long())
            self._local, self._global = _plus(self._local, matrix), _plus(self._global, matrix)
            self.num_inst += 1
            self.global_num_inst += 1

    @property
    def sum_metric(self) -> float:
        """The coefficient since `reset_local`, times the number of updates."""
        return _r_k(self._local) * self.num_inst

    @sum_metric.setter
    def sum_metric(self, value: Any) -> None:
        raise MXNetValueError(f"{self.name} is no average: its sum cannot be set")

    @property
    def global_sum_metric(self) -> float:
        """The coefficient since `reset`, times the number of updates."""
        return _r_k(self._global) * self.global_num_inst

    @global_sum_metric.setter
    def global_sum_metric(self, value: Any) -> None:
        raise MXNetValueError(f"{self.name} is no average: its sum cannot be set")

    def reset(self) -> None:
        super().reset()
        self._local = self._global = torch.zeros(2, 2)

    def reset_local(self) -> None:
        super().reset_local()
        self._local = torch.zeros(2, 2)


def _confusion(chosen: Tensor, label: Tensor) -> Tensor:
    classes = int(torch.maximum(chosen.max(), label.max())) + 1
    return torch.bincount(chosen * classes + label, minlength=classes * classes).view(classes, classes).cpu()


def _plus(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two square matrices, the smaller with rows and columns of zeros after its own."""
    size = max(len(one), len(other))
    total = torch.zeros(size, size, dtype=torch.float64)
    for part in (one, other):
        total[:len(part), :len(part)] += part
    return total


def _r_k(matrix: Tensor) -> float:
    matrix = matrix.double()
    count, chosen, label = matrix.sum(), matrix.sum(1), matrix.sum(0)
    spread = (chosen * (count - chosen)).sum() * (label * (count - label)).sum()
    if spread == 0:
        return float("nan")
    return float((matrix.diagonal() * count - chosen * label).sum() / spread.sqrt())
