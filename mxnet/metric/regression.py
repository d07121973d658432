# SPDX-License-Identifier: Apache-2.0
"""How far predicted values are from the labels: MAE, MSE, RMSE, PearsonCorrelation."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import MXNetValueError
from .base import EvalMetric, alias, choice, paired, register, wide

__all__ = ["MAE", "MSE", "RMSE", "PearsonCorrelation"]


class _MeanDistance(EvalMetric):
    """The mean over batches of a distance (subclasses define `_distance`) between labels and predictions."""

    def __init__(self, name: str, output_names: Sequence[str] | None, label_names: Sequence[str] | None) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=True)

    @staticmethod
    def _distance(difference: Tensor) -> Tensor:
        raise NotImplementedError

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions, (batch,) or (batch, ...). Raises ValueError if they do not fit."""
        for label, pred in paired(labels, preds):
            label, pred = (value[:, None] if value.ndim == 1 else value for value in (label, pred))
            try:
                difference = _real(label) - _real(pred)
            except RuntimeError:
                raise MXNetValueError(f"{self.name}: labels {tuple(label.shape)} do not fit predictions "
                                      f"{tuple(pred.shape)}") from None
            self._add(self._distance(difference), 1)


@register
class MAE(_MeanDistance):
    """The mean absolute error: the mean over batches of mean(|label - prediction|).

    >>> import mxnet as mx
    >>> error = mx.metric.MAE()
    >>> error.update([mx.nd.array([1, 2])], [mx.nd.array([2, 4])])
    >>> error.get()
    ('mae', 1.5)
    """

    def __init__(self, name: str = "mae", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names)

    @staticmethod
    def _distance(difference: Tensor) -> Tensor:
        return difference.abs().mean()


@register
class MSE(_MeanDistance):
    """The mean squared error: the mean over batches of mean((label - prediction)^2).

    >>> import mxnet as mx
    >>> error = mx.metric.MSE()
    >>> error.update([mx.nd.array([1, 2])], [mx.nd.array([2, 4])])
    >>> error.get()
    ('mse', 2.5)
    """

    def __init__(self, name: str = "mse", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names)

    @staticmethod
    def _distance(difference: Tensor) -> Tensor:
        return difference.square().mean()


@register
class RMSE(_MeanDistance):
    """The root mean squared error: the mean over batches of each one's root of mean((label - prediction)^2).

    >>> import mxnet as mx
    >>> error = mx.metric.RMSE()
    >>> error.update([mx.nd.array([1, 2])], [mx.nd.array([3, 4])])
    >>> error.get()
    ('rmse', 2.0)
    """

    def __init__(self, name: str = "rmse", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names)

    @staticmethod
    def _distance(difference: Tensor) -> Tensor:
        return difference.square().mean().sqrt()


@register
@alias("pearsonr")
class PearsonCorrelation(EvalMetric):
    """Pearson's correlation of labels and predictions: cov(l, p) / (std(l) std(p)).

    `average`: `"macro"`, the mean over batches of each one's correlation, or `"micro"`, the correlation of all
    examples, from means and moments that are updated with every batch (Chan, Golub and LeVeque, 1983).

    >>> import mxnet as mx
    >>> correlation = mx.metric.PearsonCorrelation()
    >>> correlation.update([mx.nd.array([1, 2, 3])], [mx.nd.array([2, 4, 6])])
    >>> correlation.get()
    ('pearsonr', 1.0)
    """

    def __init__(self, name: str = "pearsonr", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None, average: str = "macro") -> None:
        self.average = choice("average", average, ("macro", "micro"))
        super().__init__(name, output_names, label_names, has_global_stats=True)
        if average == "micro":
            self.reset_micro()

    def reset_micro(self) -> None:
        """Forget the moments of `micro`."""
        self._labels_seen: tuple[Any, Any, Any] = (0, 0.0, 0.0)         # number, mean, sum of squared differences
        self._preds_seen: tuple[Any, Any, Any] = (0, 0.0, 0.0)
        self._joint: Any = 0.0

    def reset(self) -> None:
        super().reset()
        if self.average == "micro":
            self.reset_micro()

    def update_variance(self, new_values: Any, *aggregate: Any) -> tuple[Any, Any, Any]:
        """(number, mean, sum of squared differences from it) with further values taken in."""
        count, mean, squares = aggregate
        count += len(new_values)
        before = new_values - mean
        mean = mean + (before / count).sum()
        return count, mean, squares + (before * (new_values - mean)).sum()

    def update_cov(self, label: Any, pred: Any) -> None:
        """Take values into the sum of joint differences; labels are counted already, predictions are not yet."""
        self._joint = self._joint + ((label - self._labels_seen[1]) * (pred - self._preds_seen[1])).sum()

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions, of the same shapes. Raises ValueError otherwise."""
        for label, pred in paired(labels, preds):
            if label.shape != pred.shape:
                raise MXNetValueError(f"{self.name}: labels are {tuple(label.shape)}, predictions "
                                      f"{tuple(pred.shape)}")
            label, pred = _double(label), _double(pred)
            if self.average == "macro":
                self._add(torch.corrcoef(torch.stack([pred, label]))[0, 1], 1)
                continue
            self.num_inst += 1
            self.global_num_inst += 1
            self._labels_seen = self.update_variance(label, *self._labels_seen)
            self.update_cov(label, pred)
            self._preds_seen = self.update_variance(pred, *self._preds_seen)

    def get(self) -> tuple[str, float]:
        if self.average == "macro" or self.num_inst == 0:
            return super().get()
        root = float(self._labels_seen[2]) ** 0.5 * float(self._preds_seen[2]) ** 0.5
        return self.name, float(self._joint) / root if root else float("nan")


def _real(values: Tensor) -> Tensor:
    """Integers in double precision where the device has it: their own differences can wrap around."""
    return wide(values) if values.is_floating_point() else values.to(_widest(values))


def _widest(values: Tensor) -> torch.dtype:
    return torch.float32 if values.device.type == "mps" else torch.float64


def _double(values: Tensor) -> Tensor:
    """Flat, in double precision where the device has it."""
    return values.ravel().to(_widest(values))
