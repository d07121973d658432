# SPDX-License-Identifier: Apache-2.0
"""Activation: the element-wise non-linearities that stand between layers."""
from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ...dtype import NAME
from ..families import same_shape_of_data
from ..registry import OperatorError, op

_ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "softrelu": F.softplus, "softsign": F.softsign,
                "tanh": torch.tanh}
# The same functions' gradients, from input, output and head gradient.
_RELU, _SIGMOID, _TANH, _SOFTPLUS = (getattr(torch.ops.aten, f"{name}_backward").default
                                     for name in ("threshold", "sigmoid", "tanh", "softplus"))
_GRADIENTS = {
    "relu": lambda data, out, head: _RELU(head, out, 0),
    "sigmoid": lambda data, out, head: _SIGMOID(head, out),
    "softrelu": lambda data, out, head: _SOFTPLUS(head, data, 1, 20),
    "softsign": lambda data, out, head: head / (1 + data.abs()).square(),
    "tanh": lambda data, out, head: _TANH(head, out),
}


@op("Activation", "_npx_activation")
def activation(data: Tensor, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]) -> Tensor:
    """An element-wise non-linearity; the output has the shape and dtype of `data`.

    `act_type` is one of

    - "relu": `max(x, 0)`, with gradient 0 at 0
    - "sigmoid": `1 / (1 + exp(-x))`
    - "softrelu": `log(1 + exp(x))`
    - "softsign": `x / (1 + abs(x))`
    - "tanh": the hyperbolic tangent

    >>> import mxnet as mx
    >>> mx.nd.Activation(mx.nd.array([-1, 2]), act_type="relu").asnumpy().tolist()
    [0.0, 2.0]
    """
    if not data.is_floating_point():
        raise OperatorError(f"data is {NAME[data.dtype]}, but expected is a floating dtype")
    return _ACTIVATIONS[act_type](data)


activation.shape(same_shape_of_data)


@activation.direct
def _(params, data, out, head):
    return {"data": _GRADIENTS[params.act_type](data, out, head)}


activation.unused = lambda params: ("out",) if params.act_type in ("softrelu", "softsign") else ("data",)
