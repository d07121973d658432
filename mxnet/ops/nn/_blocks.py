# SPDX-License-Identifier: Apache-2.0
"""Blocks of pixels: their sums, and pixels repeated over a block. What pooling and upsampling by whole blocks share.

Both are a few additions and copies of strided parts, which beats torch's pooling and interpolation where blocks are
small. Nothing here is differentiable.
"""
from __future__ import annotations

import torch
from torch import Tensor

_MANY = 8              # rows or columns of a block, from which on it does not pay


def are_small(height: int, width: int) -> bool:
    """Whether blocks of that size are small enough for these functions to be the faster way."""
    return height <= _MANY and width <= _MANY


def block_sums(x: Tensor, height: int, width: int) -> Tensor:
    """Sums over blocks of (height, width) pixels, which divide the last two axes; a tensor of its own."""
    rows = x[..., ::height, :]
    for i in range(1, height):
        rows = rows + x[..., i::height, :] if i == 1 else rows.add_(x[..., i::height, :])
    total = rows[..., ::width]
    for i in range(1, width):
        total = total + rows[..., i::width] if i == 1 else total.add_(rows[..., i::width])
    return total.clone(memory_format=torch.contiguous_format) if width == 1 and height == 1 else total.contiguous()


def repeated(x: Tensor, height: int, width: int, out: Tensor | None = None, factor: float = 1.0) -> Tensor:
    """Each pixel of x (batch, channels, h, w), times `factor`, as a block of (height, width) pixels; written to `out`
    if given."""
    batch, channels, h, w = x.shape
    if out is None:
        out = torch.empty((batch, channels, h * height, w * width), dtype=x.dtype, device=x.device)
    blocks = out.view(batch, channels, h, height, w, width)
    for i in range(width):
        torch.mul(x, factor, out=blocks[:, :, :, 0, :, i])
    if height > 1:
        blocks[:, :, :, 1:] = blocks[:, :, :, :1]
    return out
