# SPDX-License-Identifier: Apache-2.0
"""Convolution over one to three spatial axes."""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ..params import Range
from ..registry import OperatorError, op
from ._window import (
    CudnnTune,
    Layout,
    as_layout,
    channels_first,
    check_rank,
    to_channels_first,
    to_channels_last,
    window,
)

_CONV = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}


def _convolution(data: Tensor, weight: Tensor, bias: Tensor | None = None, *, kernel: tuple[int, ...],
                 stride: tuple[int, ...] = (), dilate: tuple[int, ...] = (), pad: tuple[int, ...] = (),
                 num_filter: Annotated[int, Range(1)], num_group: Annotated[int, Range(1)] = 1,
                 workspace: int = 1024, no_bias: bool = False, cudnn_tune: CudnnTune | None = None,
                 cudnn_off: bool = False, layout: Layout | None = None) -> Tensor:
    """Convolution (in fact cross-correlation) over one, two or three spatial axes, with zero padding.

    With channels first (the default layouts NCW, NCHW, NCDHW) `data` is (batch, channels, *spatial), `weight`
    (num_filter, channels / num_group, *kernel), `bias` (num_filter,), and the output (batch, num_filter, *out), where
    each size is `(size + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1`. In the layouts NHWC and NDHWC the
    channels of `data`, `weight` and output stand last. All have one floating dtype.

    Parameters
    ----------
    kernel : sizes of the window, one for each spatial axis
    stride, dilate : steps of the window and within the window, default 1
    pad : zeros added on both sides of each spatial axis, default 0
    num_filter : number of output channels
    num_group : channels and filters are split into that many groups, which do not see each other
    no_bias : leave `bias` out
    workspace, cudnn_tune, cudnn_off : accepted and without effect

    Raises MXNetError when a parameter does not have one number for each size of `kernel`, when the groups do not
    divide the channels, or when the window is larger than the padded data.

    >>> import mxnet as mx
    >>> x = mx.nd.ones((1, 2, 4, 4))
    >>> mx.nd.Convolution(x, mx.nd.ones((3, 2, 3, 3)), mx.nd.zeros(3), kernel=(3, 3), num_filter=3).shape
    (1, 3, 2, 2)
    """
    moves = window(kernel, stride, dilate, pad, layout)
    convolve = _CONV[len(kernel)]
    if not moves.channels_last:
        return convolve(data, weight, bias, moves.stride, moves.pad, moves.dilate, num_group)
    data, weight = to_channels_first(data), to_channels_first(weight)
    return to_channels_last(convolve(data, weight, bias, moves.stride, moves.pad, moves.dilate, num_group))


def _shapes(params, data, out=None):
    moves = window(params.kernel, params.stride, params.dilate, params.pad, params.layout)
    check_rank(data, params.kernel)
    batch, channels, *spatial = channels_first(data, moves.channels_last)
    groups = params.num_group
    if params.num_filter % groups or (channels is not None and channels % groups):
        raise OperatorError(f"num_group {groups} does not divide num_filter {params.num_filter} and the "
                            f"{channels} channels of data")
    moved = list(zip(spatial, params.kernel, *moves[:3]))
    sizes = tuple([None if size is None else _out_size(size, *step) for size, *step in moved])
    shape = (params.num_filter, None if channels is None else channels // groups, *params.kernel)
    claims = {"weight": as_layout(shape, moves.channels_last), "bias": (params.num_filter,),
              "out": as_layout((batch, params.num_filter, *sizes), moves.channels_last)}
    if out is not None and len(out) == len(data):
        known = channels_first(out, moves.channels_last)
        back = tuple([_in_size(size, *step[1:]) for size, step in zip(known[2:], moved)])
        claims["data"] = as_layout((known[0], channels, *back), moves.channels_last)
    return claims


def _out_size(size: int, kernel: int, stride: int, dilate: int, pad: int) -> int:
    spread = dilate * (kernel - 1) + 1
    if spread > size + 2 * pad:
        raise OperatorError(f"the kernel, {spread} wide with its dilation, exceeds the data, {size + 2 * pad} wide "
                            "with its padding")
    return (size + 2 * pad - spread) // stride + 1


def _in_size(size: int | None, kernel: int, stride: int, dilate: int, pad: int) -> int | None:
    """The size of the data from that of the output: only steps of 1 leave no doubt."""
    return None if size is None or stride != 1 else size - 1 - 2 * pad + dilate * (kernel - 1) + 1


convolution = op("Convolution", "_npx_convolution", when={"bias": lambda p: not p.no_bias})(_convolution)
convolution_v1 = op("Convolution_v1", when={"bias": lambda p: not p.no_bias})(_convolution)
convolution.shape(_shapes)
convolution_v1.shape(_shapes)
