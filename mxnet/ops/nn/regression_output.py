# SPDX-License-Identifier: Apache-2.0
"""Regression heads: LinearRegressionOutput, LogisticRegressionOutput, MAERegressionOutput.

One rule with three derivatives: the gradient, divided by the number of values of one example, ignores head gradients.
"""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..infer import prod, show
from ..params import Params
from ..registry import Operator, OperatorError, op
from .loss_heads import refuse_integers


def _rules(head: Operator, derivative: Callable[[Tensor, Tensor], Tensor]) -> None:
    head.shape(_shape)

    @head.gradient
    def _(params: Params, label: Tensor, out: Tensor):
        share = max(label.shape[1:].numel(), 1)
        return {"data": derivative(out, label.reshape(out.shape)).mul_(params.grad_scale / share)}


def _shape(params, data, label=None, out=None):
    """Shape rule: a label holds as many values as data, and as many examples; (batch, 1) data takes (batch,) labels."""
    if label is None:
        label = data[:1] if len(data) == 2 and data[1] == 1 else data
    elif (label != data and prod(data) is not None and prod(label) is not None
          and (label[:1] != data[:1] or prod(label) != prod(data))):
        raise OperatorError(f"label is {show(label)}, but data {show(data)} needs as many values for as many examples")
    return {"data": out, "label": label, "out": data}


def _direction(out: Tensor, label: Tensor) -> Tensor:
    return (out > label).to(out.dtype).mul_(2).sub_(1)


@op("LinearRegressionOutput", "_sparse_LinearRegressionOutput", alias=True)
def linear_regression_output(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
    """Identity, with the gradient of half the squared error.

    Parameters
    ----------
    data : predictions, (batch, ...)
    label : what they should be, with as many values for each example; (batch,) when data is (batch, 1)
    grad_scale : factor of the gradient

    Gradient: (data - label) * grad_scale / (values of one example); head gradients are ignored.
    Source: MXNet operator `LinearRegressionOutput`.

    >>> import mxnet as mx
    >>> mx.nd.LinearRegressionOutput(mx.nd.array([1, 2]), mx.nd.array([1, 1])).asnumpy().tolist()
    [1.0, 2.0]
    """
    return data


@op("LogisticRegressionOutput", "_sparse_LogisticRegressionOutput")
def logistic_regression_output(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
    """Logistic function, with the gradient of the binary cross entropy.

    Inputs and parameters as in `LinearRegressionOutput`; labels are probabilities. Gradient:
    (output - label) * grad_scale / (values of one example); head gradients are ignored.
    Source: MXNet operator `LogisticRegressionOutput`.

    >>> import mxnet as mx
    >>> mx.nd.LogisticRegressionOutput(mx.nd.array([0, 99]), mx.nd.array([1, 1])).asnumpy().tolist()
    [0.5, 1.0]
    """
    refuse_integers(data)
    return torch.sigmoid(data)


@op("MAERegressionOutput", "_sparse_MAERegressionOutput", alias=True)
def mae_regression_output(data: Tensor, label: Tensor, *, grad_scale: float = 1.0) -> Tensor:
    """Identity, with the gradient of the absolute error.

    Inputs and parameters as in `LinearRegressionOutput`. Gradient: the sign of data - label, -1 where they are equal,
    times grad_scale / (values of one example); head gradients are ignored.
    Source: MXNet operator `MAERegressionOutput`.

    >>> import mxnet as mx
    >>> mx.nd.MAERegressionOutput(mx.nd.array([1, 2]), mx.nd.array([1, 1])).asnumpy().tolist()
    [1.0, 2.0]
    """
    return data


_rules(linear_regression_output, torch.sub)
_rules(logistic_regression_output, torch.sub)
_rules(mae_regression_output, _direction)
