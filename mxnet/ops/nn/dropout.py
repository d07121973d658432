# SPDX-License-Identifier: Apache-2.0
"""Dropout: random zeros while training."""
from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor

from ..params import Range
from ..registry import OperatorError, op
from ..schema import IsTrain, Rng


@op("Dropout", "_npx_dropout", outputs=("output", "mask"), visible=1, alias=True)
def dropout(data: Tensor, *, p: Annotated[float, Range(0, 1)] = 0.5,
            mode: Literal["training", "always"] = "training", axes: tuple[int, ...] = (),
            cudnn_off: bool | None = False, is_train: IsTrain, rng: Rng) -> tuple[Tensor, Tensor]:
    """Sets elements to zero with probability `p` and divides the others by `1 - p`, so that the mean stays.

    Happens while training only, unless `mode` is "always"; else `data` is passed through. The gradient goes through
    the elements that were kept, with the same factor. The output has the shape and dtype of `data`.

    Parameters
    ----------
    p : the probability of a zero, in [0, 1]
    mode : "training" or "always"
    axes : axes along which all elements share one decision, for dropping whole rows, channels and so on
    cudnn_off : accepted and without effect

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014.

    >>> import mxnet as mx
    >>> mx.nd.Dropout(mx.nd.ones(3), p=0.9).asnumpy().tolist()      # not training
    [1.0, 1.0, 1.0]
    """
    shape = _mask_shape(data.shape, axes)
    if not (is_train or mode == "always"):
        return data, data.new_ones(()).expand(data.shape)     # nobody reads this mask: let it cost nothing
    mask = keep_mask(data, shape, p, rng)
    return data * mask, mask


_FEW = 4096                 # numbers for which torch's way is as fast


def keep_mask(like: Tensor, shape: tuple[int, ...], p: float, rng: torch.Generator | None) -> Tensor:
    """0 with probability `p`, else `1 / (1 - p)`, of the dtype and device of `like`.

    On a CPU each number takes 32 random bits (8 where these can tell `p` exactly), compared with a limit: a fraction of
    the time of `bernoulli_`, which draws a double for each. `p` is rounded to a multiple of 2**-32.
    """
    mask = torch.empty(shape, dtype=like.dtype, device=like.device)
    count = mask.numel()
    if like.device.type != "cpu" or count < _FEW or not 0 < p < 1:
        return mask.bernoulli_(1 - p, generator=rng).div_(1 - p)
    bits, kind = (8, torch.int8) if (p * 256).is_integer() else (32, torch.int32)
    words = torch.empty(-(-count * bits // 64), dtype=torch.int64).random_(-2 ** 63, None, generator=rng)
    limit = min(max(round((1 - p) * 2 ** bits), 1), 2 ** bits) - 1 - 2 ** (bits - 1)
    torch.le(words.view(kind)[:count].view(shape), limit, out=mask)
    return mask.mul_(1 / (1 - p))


def _mask_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    if not axes:
        return shape
    if any(not 0 <= axis < len(shape) for axis in axes):
        raise OperatorError(f"axes is {axes}, but data has {len(shape)} dimensions: expected are numbers from 0 to "
                            f"{len(shape) - 1}")
    return tuple([1 if axis in axes else size for axis, size in enumerate(shape)])


@dropout.shape
def _(params, data=None, out=None):
    known = data if data is not None else out[0] if out else None
    if known is None:
        return {}
    return {"data": known, "out": (known, None if None in known else _mask_shape(known, params.axes))}
