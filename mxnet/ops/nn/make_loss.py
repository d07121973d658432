# SPDX-License-Identifier: Apache-2.0
"""MakeLoss: any expression as a loss."""
from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..params import Params
from ..registry import op


@op("MakeLoss", alias=True)
def make_loss(data: Tensor, *, grad_scale: float = 1.0, valid_thresh: float = 0.0,
              normalization: Literal["null", "batch", "valid"] = "null") -> Tensor:
    """Identity that starts the backward pass: its gradient is a constant, whatever head gradients come.

    Parameters
    ----------
    data : the loss, of any shape
    grad_scale : the constant
    normalization : the constant is divided by nothing (`"null"`), by the number of
        rows, all axes but the last taken together (`"batch"`), or by the number of
        values above `valid_thresh` (`"valid"`), at least 1
    valid_thresh : see above

    Source: MXNet operator `MakeLoss`.

    >>> import mxnet as mx
    >>> mx.nd.MakeLoss(mx.nd.array([1, 2])).asnumpy().tolist()
    [1.0, 2.0]
    """
    return data


@make_loss.shape
def _(params, data=None, out=None):
    return {"data": out, "out": data}


@make_loss.gradient
def _(params: Params, data: Tensor):
    if params.normalization == "valid":
        count = (data > params.valid_thresh).sum().clamp_(min=1)
        return {"data": (params.grad_scale / count).to(data.dtype).expand_as(data).contiguous()}
    share = max(data.shape[:-1].numel(), 1) if params.normalization == "batch" else 1
    return {"data": torch.full_like(data, params.grad_scale / share)}
