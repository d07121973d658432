# SPDX-License-Identifier: Apache-2.0
"""Sliding windows as columns of a matrix, and back: the two halves of a convolution by matrix product.

MXNet's inference accepts one and three spatial axes as well, its kernels take two; so do these.
"""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .axes import require_image, scaled
from .infer import prod, show
from .registry import OperatorError, op


def _pair(given: tuple[int, ...], default: int, name: str) -> tuple[int, ...]:
    if len(given) not in (0, 2) or any(n < default for n in given):
        raise OperatorError(f"{name}={given} must be two numbers, not below {default}")
    return given or (default, default)


def _geometry(kernel, stride, dilate, pad):
    """kernel, stride, dilation and padding, each as two numbers."""
    if not kernel:
        raise OperatorError("kernel must be two numbers")
    return (_pair(kernel, 1, "kernel"), _pair(stride, 1, "stride"), _pair(dilate, 1, "dilate"), _pair(pad, 0, "pad"))


def _windows(size, kernel, stride, dilate, pad):
    """How many places the window has along one axis."""
    if size is None:
        return None
    reach = size + 2 * pad - dilate * (kernel - 1) - 1
    if reach < 0:
        raise OperatorError(f"the window (kernel {kernel}, dilate {dilate}) is larger than the padded size "
                            f"{size + 2 * pad}")
    return reach // stride + 1


def _columns(sizes, geometry):
    return prod([_windows(size, *along) for size, *along in zip(sizes, *geometry)])


@op("im2col")
def im2col(data: Tensor, *, kernel: tuple[int, ...], stride: tuple[int, ...] = (), dilate: tuple[int, ...] = (),
           pad: tuple[int, ...] = ()) -> Tensor:
    """All windows of (batch, c, height, width) as the columns of (batch, c * kernel height * kernel width, windows).

    `stride` and `dilate` are 1 and `pad` is 0 where not given. MXNet operator `im2col`.

    >>> mx.nd.im2col(mx.nd.ones((1, 2, 5, 6)), kernel=(2, 3)).shape
    (1, 12, 16)
    """
    geometry = _geometry(kernel, stride, dilate, pad)
    require_image(data.shape)
    _columns(data.shape[2:], geometry)
    size, step, gap, edge = geometry
    return F.unfold(data, size, gap, edge, step)


@im2col.shape
def _(params, data):
    require_image(data)
    geometry = _geometry(params.kernel, params.stride, params.dilate, params.pad)
    batch, channels, *sizes = data
    return {"out": (batch, scaled(channels, geometry[0][0] * geometry[0][1]), _columns(sizes, geometry))}


@op("col2im")
def col2im(data: Tensor, *, output_size: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...] = (),
           dilate: tuple[int, ...] = (), pad: tuple[int, ...] = ()) -> Tensor:
    """Columns as `im2col` makes them, added up where their windows overlap: (batch, c, *output_size).

    MXNet operator `col2im`.

    >>> mx.nd.col2im(mx.nd.ones((1, 2, 2)), output_size=(1, 3), kernel=(1, 2)).asnumpy().tolist()
    [[[[1.0, 2.0, 1.0]]]]
    """
    _image_shape(data.shape, output_size, _geometry(kernel, stride, dilate, pad))
    size, step, gap, edge = _geometry(kernel, stride, dilate, pad)
    return F.fold(data, output_size, size, gap, edge, step)


def _image_shape(shape, output_size, geometry):
    if len(output_size) != 2:
        raise OperatorError(f"output_size={output_size} must be two numbers")
    windows, area = _columns(output_size, geometry), geometry[0][0] * geometry[0][1]
    if len(shape) != 3 or shape[2] not in (None, windows) or (shape[1] is not None and shape[1] % area):
        raise OperatorError(f"data {show(shape)} must be (batch, a multiple of {area}, {windows}) for "
                            f"output_size={output_size}")
    return (shape[0], scaled(shape[1], 1, area), *output_size)


@col2im.shape
def _(params, data):
    geometry = _geometry(params.kernel, params.stride, params.dilate, params.pad)
    return {"out": _image_shape(data, params.output_size, geometry)}
