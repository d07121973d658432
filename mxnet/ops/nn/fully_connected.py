# SPDX-License-Identifier: Apache-2.0
"""FullyConnected: the affine layer."""
from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import prod
from ..params import Range
from ..registry import op


@op("FullyConnected", "_npx_fully_connected", when={"bias": lambda p: not p.no_bias})
def fully_connected(data: Tensor, weight: Tensor, bias: Tensor | None = None, *,
                    num_hidden: Annotated[int, Range(1)], no_bias: bool = False, flatten: bool = True) -> Tensor:
    """The affine layer: `dot(data, weight.T) + bias`.

    `data` is (batch, ...), taken as (batch, input_dim) when `flatten`, else (..., input_dim) with the leading axes
    kept; `weight` is (num_hidden, input_dim), `bias` (num_hidden,). The output is (batch, num_hidden), or
    (..., num_hidden) without `flatten`. All have one floating dtype.

    Parameters
    ----------
    num_hidden : size of the last axis of the output
    no_bias : leave `bias` out
    flatten : whether all axes but the first are taken as one

    >>> import mxnet as mx
    >>> x, w = mx.nd.array([[1, 2, 3]]), mx.nd.ones((2, 3))
    >>> mx.nd.FullyConnected(x, w, mx.nd.array([0, 10]), num_hidden=2).asnumpy().tolist()
    [[6.0, 16.0]]
    """
    if flatten and data.dim() != 2:
        data = data.flatten(1) if data.dim() > 1 else data.unsqueeze(1)
    return F.linear(data, weight, bias)


@fully_connected.shape
def _(params, data, out=None):
    batch, *rest = data
    width = prod(rest) if params.flatten else data[-1]
    claims = {"weight": (params.num_hidden, width), "bias": (params.num_hidden,)}
    claims["out"] = (batch, params.num_hidden) if params.flatten else (*data[:-1], params.num_hidden)
    if out is not None:
        claims["data"] = (out[0], *rest) if params.flatten else (*out[:-1], data[-1])
    return claims


@fully_connected.direct
def _(params, data, weight, head, needs, into):
    if data.ndim == head.ndim == 2:
        rows, heads = data, head
    else:
        rows = data.reshape(data.shape[0], -1) if params.flatten else data.reshape(-1, data.shape[-1])
        heads = head if head.ndim == 2 else head.reshape(-1, head.shape[-1])
    grads = {}
    if "data" in needs:
        found = torch.mm(heads, weight)
        grads["data"] = found if rows is data else found.view(data.shape)
    if "weight" in needs:
        grads["weight"] = torch.mm(heads.t(), rows, out=into.get("weight"))
    if "bias" in needs:
        grads["bias"] = torch.sum(heads, 0, out=into.get("bias"))
    return grads
