# SPDX-License-Identifier: Apache-2.0
"""IdentityAttachKLSparseReg: a penalty that keeps units rarely active."""
from __future__ import annotations

from typing import Annotated

from torch import Tensor

from ..params import Params, Range
from ..registry import op
from ..schema import Aux


@op("IdentityAttachKLSparseReg", alias=True)
def identity_attach_kl_sparse_reg(data: Tensor, moving_avg: Annotated[Tensor, Aux('["zero", {}]')], *,
                                  sparseness_target: Annotated[float, Range(0, 1)] = 0.1, penalty: float = 0.001,
                                  momentum: Annotated[float, Range(0, 1)] = 0.9) -> Tensor:
    """Identity that adds to the gradient what pulls each unit's mean activation towards a small target.

    Parameters
    ----------
    data : activations in (0, 1), (batch, units, ...)
    moving_avg : the running mean activation of each unit, (units,); the backward pass updates it
    sparseness_target : the mean activation aimed at
    penalty : weight of the divergence
    momentum : share of the running mean that an update keeps

    Gradient: head + penalty * (-target / mean + (1 - target) / (1 - mean)) with the updated running mean: the
    derivative of the Kullback-Leibler divergence between Bernoulli variables of target and mean.
    Source: MXNet operator `IdentityAttachKLSparseReg`.

    >>> import mxnet as mx
    >>> mx.nd.IdentityAttachKLSparseReg(mx.nd.array([[0.5]]), mx.nd.array([0.5])).asnumpy().tolist()
    [[0.5]]
    """
    return data


@identity_attach_kl_sparse_reg.shape
def _(params, data=None, out=None):
    known = out if data is None else data
    return {"data": out, "out": data, "moving_avg": None if known is None else known[1:2]}


@identity_attach_kl_sparse_reg.gradient
def _(params: Params, data: Tensor, moving_avg: Tensor, head: Tensor):
    rest = [axis for axis in range(data.ndim) if axis != 1]
    moving_avg.mul_(params.momentum).add_(data.mean(rest), alpha=1 - params.momentum)
    mean = moving_avg.view(-1, *[1] * (data.ndim - 2))
    target = params.sparseness_target
    pull = ((1 - target) / (1 - mean) - target / mean).mul_(params.penalty)
    return {"data": head + pull}
