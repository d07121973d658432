# SPDX-License-Identifier: Apache-2.0
"""Pooling_v1: MXNet's first pooling, which old symbol files hold.

It differs from Pooling at the borders: the padding is made of real zeros, which a maximum sees, and averages divide by
the whole size of the kernel everywhere.
"""
from __future__ import annotations

import math
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from ..registry import OperatorError, op
from ._window import check_rank, window
from .pooling import check_data, max_pool, out_size, plan_of, sum_pool


@op("Pooling_v1")
def pooling_v1(data: Tensor, *, kernel: tuple[int, ...] = (), pool_type: Literal["max", "avg", "sum"] = "max",
               global_pool: bool = False, pooling_convention: Literal["valid", "full"] = "valid",
               stride: tuple[int, ...] = (), pad: tuple[int, ...] = ()) -> Tensor:
    """Pooling as MXNet's first versions did it: see `Pooling`.

    `data` is (batch, channels, height, width). Here the padding is zeros for a maximum, too, and an average divides
    by the number of elements of the kernel, also where the window reaches over the data.

    >>> import mxnet as mx
    >>> mx.nd.Pooling_v1(-mx.nd.ones((1, 1, 2, 2)), kernel=(2, 2), stride=(2, 2), pad=(1, 1)).asnumpy().ravel().tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    if not global_pool:
        _check(tuple(data.shape), kernel)
    if global_pool:
        pad = ()
    if pool_type == "max":
        if any(pad):
            data, pad = F.pad(data, [width for width in reversed(pad) for _ in range(2)]), ()
        plan = plan_of(data.shape[2:], kernel, stride, pad, pooling_convention, None, global_pool)
        return max_pool(data, plan, -math.inf)
    plan = plan_of(data.shape[2:], kernel, stride, pad, pooling_convention, None, global_pool)
    out = sum_pool(data, plan)
    return out / math.prod(plan.kernel) if pool_type == "avg" else out


def _check(data: tuple[int | None, ...], kernel: tuple[int, ...]) -> None:
    check_rank(data, kernel)
    if len(kernel) != 2:
        raise OperatorError(f"kernel is {kernel}, but Pooling_v1 works on 2 spatial axes: use Pooling")


@pooling_v1.shape
def _(params, data):
    check_data(data)
    batch, channels, *sizes = data
    if params.global_pool:
        return {"out": (batch, channels, *[1] * len(sizes))}
    _check(data, params.kernel)
    moves = window(params.kernel, params.stride, (), params.pad)
    return {"out": (batch, channels, *[None if size is None else out_size(params.pooling_convention, size, *move)
                                       for size, *move in zip(sizes, params.kernel, moves.stride, moves.pad)])}
