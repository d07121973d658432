# SPDX-License-Identifier: Apache-2.0
"""The discrete Fourier transform of real arrays, with complex numbers as pairs along the last axis.

Neither direction is scaled: `ifft(fft(x))` is x times the size of its last axis. MXNet has both operators on GPUs only
(there they call cuFFT); here they run everywhere.
"""
from __future__ import annotations

import torch
from torch import Tensor

from .axes import scaled
from .infer import show
from .registry import OperatorError, op


def _require(shape, pairs=False):
    if len(shape) not in (2, 4) or (pairs and shape[-1] is not None and shape[-1] % 2):
        raise OperatorError(f"data {show(shape)} must have 2 or 4 axes" + ", the last of even size" * pairs)


def _resized(shape, times, by):
    return (*shape[:-1], scaled(shape[-1], times, by))


@op("_contrib_fft")
def fft(data: Tensor, *, compute_size: int = 128) -> Tensor:
    """The transform of each row: (..., d) becomes (..., 2 * d), real and imaginary part in turn.

    `compute_size`, rows per call of cuFFT in MXNet, has no effect. MXNet operator `_contrib_fft`.

    >>> mx.nd.contrib.fft(mx.nd.array([[1, 2]])).asnumpy().tolist()
    [[3.0, 0.0, -1.0, 0.0]]
    """
    _require(data.shape)
    return torch.view_as_real(torch.fft.fft(data)).flatten(-2)


@fft.shape
def _(params, data=None, out=None):
    claims = {}
    if data is not None:
        _require(data)
        claims["out"] = _resized(data, 2, 1)
    if out is not None:
        claims["data"] = _resized(out, 1, 2)
    return claims


@op("_contrib_ifft")
def ifft(data: Tensor, *, compute_size: int = 128) -> Tensor:
    """The real part of the inverse transform of each row, times d: (..., 2 * d) becomes (..., d).

    `data` holds real and imaginary part in turn. `compute_size` has no effect. MXNet operator `_contrib_ifft`.

    >>> mx.nd.contrib.ifft(mx.nd.array([[3, 0, -1, 0]])).asnumpy().tolist()
    [[2.0, 4.0]]
    """
    _require(data.shape, pairs=True)
    numbers = torch.view_as_complex(data.reshape(*data.shape[:-1], -1, 2).contiguous())
    return torch.fft.ifft(numbers, norm="forward").real.contiguous()


@ifft.shape
def _(params, data=None, out=None):
    claims = {}
    if data is not None:
        _require(data, pairs=True)
        claims["out"] = _resized(data, 1, 2)
    if out is not None:
        claims["data"] = _resized(out, 2, 1)
    return claims
