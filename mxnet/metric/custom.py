# SPDX-License-Identifier: Apache-2.0
"""Metrics of the user's own functions, and the mean of outputs that are losses."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import MXNetNotImplementedError, MXNetTypeError
from ..ndarray import NDArray
from .base import EvalMetric, check_label_shapes, register, tensor_of

__all__ = ["Caffe", "CustomMetric", "Loss", "Torch", "np"]


@register
class Loss(EvalMetric):
    """The mean of outputs, for networks whose outputs are losses; labels are not looked at.

    >>> import mxnet as mx
    >>> loss = mx.metric.Loss()
    >>> loss.update(None, [mx.nd.array([1, 2, 3])])
    >>> loss.get()
    ('loss', 2.0)
    """

    def __init__(self, name: str = "loss", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=True)

    def update(self, _: Any, preds: Any) -> None:
        """Take an output or a list of outputs."""
        for pred in preds if isinstance(preds, (list, tuple)) else [preds]:
            values = tensor_of(pred)
            half = values.dtype in (torch.float16, torch.bfloat16)
            self._add(values.sum(dtype=torch.float32 if half else None), values.numel())


@register
class Torch(Loss):
    """Loss by the name that MXNet's plugin for Lua Torch used.

    >>> Torch().name
    'torch'
    """

    def __init__(self, name: str = "torch", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names)


@register
class Caffe(Loss):
    """Loss by the name that MXNet's plugin for Caffe used.

    >>> Caffe().name
    'caffe'
    """

    def __init__(self, name: str = "caffe", output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None) -> None:
        super().__init__(name, output_names, label_names)


@register
class CustomMetric(EvalMetric):
    """The mean of a function of NumPy arrays.

    Parameters
    ----------
    feval : `feval(label, pred)` returns a value (which counts once), or (sum, number of instances)
    name : default the function's own
    allow_extra_outputs : do not mind when there are more predictions than labels

    >>> import mxnet as mx
    >>> worst = mx.metric.CustomMetric(lambda label, pred: float(abs(label - pred).max()), name="worst")
    >>> worst.update([mx.nd.array([1, 2])], [mx.nd.array([2, 5])])
    >>> worst.get()
    ('worst', 3.0)
    """

    def __init__(self, feval: Callable[..., Any], name: str | None = None, allow_extra_outputs: bool = False,
                 output_names: Sequence[str] | None = None, label_names: Sequence[str] | None = None) -> None:
        if not callable(feval):
            raise MXNetTypeError(f"CustomMetric takes a function feval(label, pred), not {type(feval).__name__}")
        if name is None:
            name = getattr(feval, "__name__", type(feval).__name__)
            name = f"custom({name})" if "<" in name else name
        super().__init__(name, output_names, label_names, feval=feval, allow_extra_outputs=allow_extra_outputs,
                         has_global_stats=True)
        self._feval, self._allow_extra_outputs = feval, allow_extra_outputs

    def update(self, labels: Any, preds: Any) -> None:
        """Take lists of labels and of predictions. Raises ValueError when there are not as many."""
        if not self._allow_extra_outputs:
            labels, preds = check_label_shapes(labels, preds, True)
        for pred, label in zip(preds, labels):
            result = self._feval(_numpy(label), _numpy(pred))
            self._add(*(result if isinstance(result, tuple) else (result, 1)))

    def get_config(self) -> dict[str, Any]:
        """Not possible: a function has no configuration. Raises NotImplementedError."""
        raise MXNetNotImplementedError("CustomMetric has no configuration: its function cannot be written down")


def _numpy(value: Any) -> Any:
    return value.asnumpy() if isinstance(value, NDArray) else value.detach().cpu().numpy() \
        if isinstance(value, Tensor) else value


def np(numpy_feval: Callable[..., Any], name: str | None = None, allow_extra_outputs: bool = False) -> CustomMetric:
    """A CustomMetric of a function of NumPy arrays, named after the function.

    >>> def error(label, pred):
    ...     return float(abs(label - pred).mean())
    >>> np(error).name
    'error'
    """
    def feval(label: Any, pred: Any) -> Any:
        return numpy_feval(label, pred)
    feval.__name__ = getattr(numpy_feval, "__name__", type(numpy_feval).__name__)
    return CustomMetric(feval, name, allow_extra_outputs)
