# SPDX-License-Identifier: Apache-2.0
"""Deconvolution: the transpose of a convolution, which makes sizes larger."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from ..params import Range
from ..registry import OperatorError, op
from ._window import (
    CudnnTune,
    Layout,
    Window,
    as_layout,
    channels_first,
    check_rank,
    to_channels_first,
    to_channels_last,
    window,
)

_TRANSPOSED = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}


@op("Deconvolution", "_npx_deconvolution", when={"bias": lambda p: not p.no_bias})
def deconvolution(data: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: tuple[int, ...],
                  stride: tuple[int, ...] = (), dilate: tuple[int, ...] = (), pad: tuple[int, ...] = (),
                  adj: tuple[int, ...] = (), target_shape: tuple[int, ...] = (),
                  num_filter: Annotated[int, Range(1)], num_group: Annotated[int, Range(1)] = 1,
                  workspace: int = 512, no_bias: bool = True, cudnn_tune: CudnnTune | None = None,
                  cudnn_off: bool = False, layout: Layout | None = None) -> Tensor:
    """Transposed convolution over one, two or three spatial axes.

    With channels first (the default layouts NCW, NCHW, NCDHW) `data` is (batch, channels, *spatial), `weight`
    (channels, num_filter / num_group, *kernel), `bias` (num_filter,), and the output (batch, num_filter, *out), where
    each size is `stride * (size - 1) + dilate * (kernel - 1) + 1 - 2 * pad + adj`. In the layouts NHWC and NDHWC the
    channels of all stand last. All have one floating dtype.

    Parameters
    ----------
    kernel : sizes of the window, one for each spatial axis
    stride, dilate : steps of the window over the output and within the window, default 1
    pad : how much is cut off both sides of the output, default 0
    adj : how much is added on the right, below the stride, default 0
    target_shape : the spatial sizes of the output; takes the place of `pad` and `adj`
    num_filter : number of output channels
    num_group : channels and filters are split into that many groups, which do not see each other
    no_bias : leave `bias` out (the default, unlike in Convolution)
    workspace, cudnn_tune, cudnn_off : accepted and without effect

    >>> import mxnet as mx
    >>> x, w = mx.nd.ones((1, 2, 3, 3)), mx.nd.ones((2, 4, 2, 2))
    >>> mx.nd.Deconvolution(x, w, kernel=(2, 2), stride=(2, 2), num_filter=4).shape
    (1, 4, 6, 6)
    """
    moves = window(kernel, stride, dilate, pad, layout)
    if moves.channels_last:
        data, weight = to_channels_first(data), to_channels_first(weight)
    pad, adj = borders(data.shape[2:], kernel, moves, adj, target_shape)
    out = _TRANSPOSED[len(kernel)](data, weight, bias, moves.stride, pad, adj, num_group, moves.dilate)
    return to_channels_last(out) if moves.channels_last else out


def borders(sizes: Sequence[int], kernel: tuple[int, ...], moves: Window, adj: tuple[int, ...],
             target_shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`pad` and `adj`, from `target_shape` where that is given (zeros mean that it is not)."""
    for name, given in (("adj", adj), ("target_shape", target_shape)):
        if given and len(given) != len(kernel):
            raise OperatorError(f"{name} is {given}, but kernel {kernel} needs {len(kernel)} numbers")
    pad, adj = moves.pad, adj or (0,) * len(kernel)
    if any(target_shape):
        surplus = [whole - wanted for whole, wanted in zip(_whole(sizes, kernel, moves), target_shape)]
        if min(surplus) < 0 or min(target_shape) < 1:
            raise OperatorError(f"target_shape is {target_shape}, but data, kernel and stride give at most "
                                f"{tuple(_whole(sizes, kernel, moves))}")
        pad, adj = tuple([(extra + 1) // 2 for extra in surplus]), tuple([extra % 2 for extra in surplus])
    if any(not 0 <= extra < step for extra, step in zip(adj, moves.stride)):
        raise OperatorError(f"adj is {adj}{' by the target_shape' if any(target_shape) else ''}, but expected are "
                            f"numbers below the stride {moves.stride}")
    return pad, adj


def _whole(sizes: Sequence[int], kernel: tuple[int, ...], moves: Window) -> list[int]:
    """The sizes of the output before anything is cut off."""
    return [step * (size - 1) + gap * (width - 1) + 1
            for size, width, step, gap in zip(sizes, kernel, moves.stride, moves.dilate)]


@deconvolution.shape
def _(params, data, out=None):
    kernel, groups = params.kernel, params.num_group
    moves = window(kernel, params.stride, params.dilate, params.pad, params.layout)
    check_rank(data, kernel)
    batch, channels, *sizes = channels_first(data, moves.channels_last)
    if params.num_filter % groups or (channels is not None and channels % groups):
        raise OperatorError(f"num_group {groups} does not divide num_filter {params.num_filter} and the "
                            f"{channels} channels of data")
    weight = as_layout((channels, params.num_filter // groups, *kernel), moves.channels_last)
    made = _out_sizes(params, sizes, moves)
    claims = {"weight": weight, "bias": (params.num_filter,),
              "out": as_layout((batch, params.num_filter, *made), moves.channels_last)}
    if out is not None:
        claims["data"] = (out[0], *data[1:])
    return claims


def _out_sizes(params, sizes, moves):
    """The output's sizes, None where they cannot be known yet."""
    if any(params.target_shape):
        if None not in sizes:
            borders(sizes, params.kernel, moves, params.adj, params.target_shape)
        return params.target_shape
    filled = [1 if size is None else size for size in sizes]
    pad, adj = borders(filled, params.kernel, moves, params.adj, ())
    made = [whole - 2 * cut + extra for whole, cut, extra in zip(_whole(filled, params.kernel, moves), pad, adj)]
    if any(size is not None and result < 1 for size, result in zip(sizes, made)):
        raise OperatorError(f"pad is {pad}, which leaves an output of size {tuple(made)}")
    return [None if size is None else result for size, result in zip(sizes, made)]
