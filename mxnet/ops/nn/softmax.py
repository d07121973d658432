# SPDX-License-Identifier: Apache-2.0
"""softmax, log_softmax and softmin along an axis, and SoftmaxActivation: autograd differentiates them all."""
from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..registry import Operator, OperatorError, op
from .loss_heads import refuse_integers

Floats = Literal["float16", "float32", "float64"]


def _prepared(data: Tensor, axis: int, temperature: float | None, dtype: str | None) -> tuple[Tensor, torch.dtype]:
    """The checked scores, divided by the temperature, in the wider one of their own and the output's dtype."""
    refuse_integers(data)
    if not -data.ndim <= axis < data.ndim:
        raise OperatorError(f"axis={axis} is outside of the {data.ndim} dimensions of data {tuple(data.shape)}")
    if dtype is None:
        return (data if temperature in (None, 1.0) else data / temperature), data.dtype
    out = getattr(torch, dtype)
    wide = data.to(torch.promote_types(data.dtype, out))
    return (wide if temperature in (None, 1.0) else wide / temperature), out


@op("softmax", "_npx_softmax", when={"length": lambda p: bool(p.use_length)})
def softmax(data: Tensor, length: Tensor | None = None, *, axis: int = -1, temperature: float | None = None,
            dtype: Floats | None = None, use_length: bool | None = False) -> Tensor:
    """Exponentials of `data` along an axis, divided by their sum.

    Parameters
    ----------
    data : scores, floating, of any shape
    length : int32 or int64, of data's shape without `axis`: how many of the scores take part; the rest become 0.
        Present with `use_length` only.
    axis : the axis that sums to one; negative counts from the end
    temperature : the scores are divided by it first; None: 1
    dtype : dtype of the output; None: data's

    Raises OperatorError for integer data, an axis that is not there, and lengths that are not int32 or int64.
    Source: MXNet operator `softmax`.

    >>> import mxnet as mx
    >>> mx.nd.softmax(mx.nd.zeros((1, 4))).asnumpy().tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    scores, out = _prepared(data, axis, temperature, dtype)
    if length is None:
        return scores.softmax(axis) if out is scores.dtype else scores.softmax(axis).to(out)
    if length.dtype not in (torch.int32, torch.int64) and not length.is_meta:
        raise OperatorError(f"length is {str(length.dtype).removeprefix('torch.')}, but needs int32 or int64")
    steps = torch.arange(data.shape[axis], device=data.device)
    beyond = (steps >= length.unsqueeze(-1)).movedim(-1, axis)
    return scores.masked_fill(beyond, float("-inf")).softmax(axis).masked_fill(beyond, 0.0).to(out)


@op("log_softmax", "_npx_log_softmax")
def log_softmax(data: Tensor, *, axis: int = -1, temperature: float | None = None, dtype: Floats | None = None,
                use_length: bool | None = False) -> Tensor:
    """Logarithm of the softmax along an axis, computed without loss of precision for small probabilities.

    `axis`, `temperature` and `dtype` are those of `softmax`; there is no length, and `use_length` is refused.
    Source: MXNet operator `log_softmax`.

    >>> import mxnet as mx
    >>> mx.nd.log_softmax(mx.nd.array([[0, 100]])).asnumpy().tolist()
    [[-100.0, 0.0]]
    """
    _refuse_length(use_length)
    scores, out = _prepared(data, axis, temperature, dtype)
    return scores.log_softmax(axis) if out is scores.dtype else scores.log_softmax(axis).to(out)


@op("softmin")
def softmin(data: Tensor, *, axis: int = -1, temperature: float | None = None, dtype: Floats | None = None,
            use_length: bool | None = False) -> Tensor:
    """Softmax of the negated scores: the smallest gets the largest share.

    `axis`, `temperature` and `dtype` are those of `softmax`; there is no length, and `use_length` is refused.
    Source: MXNet operator `softmin`.

    >>> import mxnet as mx
    >>> mx.nd.softmin(mx.nd.array([[0, 200]])).asnumpy().tolist()
    [[1.0, 0.0]]
    """
    _refuse_length(use_length)
    scores, out = _prepared(data, axis, temperature, dtype)
    return (-scores).softmax(axis).to(out)


def _refuse_length(use_length: bool | None) -> None:
    if use_length:
        raise OperatorError("use_length=True: only softmax takes lengths")


def _shape(params, data=None, out=None):
    """Shape rule: the output is as data; a length lacks the axis."""
    data = out if data is None else data
    if data is None:
        return {}
    if not -len(data) <= params.axis < len(data):
        raise OperatorError(f"axis={params.axis} is outside of the {len(data)} dimensions of data")
    axis = params.axis % len(data)
    return {"data": out, "length": (*data[:axis], *data[axis + 1:]), "out": data}


def _dtype(params, data=None, out=None):
    """Dtype rule: `dtype` decides about the output; a length has its own."""
    chosen = getattr(torch, params.dtype) if params.dtype else data
    return {"data": data or out or chosen, "out": chosen}


def _rules(*operators: Operator) -> None:
    for each in operators:
        each.shape(_shape)
        each.dtype(_dtype)


_rules(softmax, log_softmax, softmin)


@op("SoftmaxActivation")
def softmax_activation(data: Tensor, *, mode: Literal["instance", "channel"] = "instance") -> Tensor:
    """Softmax over the last axis (`mode="instance"`) or over axis 1 (`mode="channel"`, at least 3 dimensions).

    An early form of `softmax`, kept for old symbol files. Source: MXNet operator `SoftmaxActivation`.

    >>> import mxnet as mx
    >>> mx.nd.SoftmaxActivation(mx.nd.zeros((1, 2))).asnumpy().tolist()
    [[0.5, 0.5]]
    """
    refuse_integers(data)
    if mode == "channel" and data.ndim < 3:
        raise OperatorError(f"mode='channel' needs data of at least 3 dimensions, but it has shape {tuple(data.shape)}")
    return data.softmax(1 if mode == "channel" else -1)


@softmax_activation.shape
def _(params, data=None, out=None):
    return {"data": out, "out": data}
