# SPDX-License-Identifier: Apache-2.0
"""Direct gradients (see `Operator.direct`) of the operators that only move elements."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from . import join, rearrange, reshape, slicing  # noqa: F401  they declare the operators
from .axes import axis_index
from .registry import get

Grads = dict[str, Any]
Into = dict[str, Tensor]


def _reshaped(data: Tensor, head: Tensor) -> Grads:
    return {"data": head.reshape(data.shape)}


for _name in ("Reshape", "Flatten", "expand_dims", "squeeze"):
    get(_name).direct(_reshaped)


@get("transpose").direct
def _transpose(params: Any, head: Tensor) -> Grads:
    axes = params.axes or tuple(range(head.ndim - 1, -1, -1))
    back = [0] * head.ndim
    for at, axis in enumerate(axes):
        back[axis] = at
    return {"data": head.permute(back)}


@get("SwapAxis").direct
def _swap_axis(params: Any, head: Tensor) -> Grads:
    return {"data": head.transpose(params.dim1, params.dim2)}


@get("slice_axis").direct
def _slice_axis(params: Any, data: Tensor, head: Tensor, into: Into) -> Grads:
    at = axis_index(params.axis, data.ndim)
    first = params.begin + data.shape[at] if params.begin < 0 else params.begin
    size = head.shape[at]
    place = into.get("data")
    grad = torch.empty_like(data, memory_format=torch.contiguous_format) if place is None else place
    grad.narrow(at, 0, first).zero_()
    grad.narrow(at, first, size).copy_(head)
    grad.narrow(at, first + size, data.shape[at] - first - size).zero_()
    return {"data": grad}


@get("Concat").direct
def _concat(params: Any, data: Any, head: Tensor) -> Grads:
    return {"data": head.split([part.shape[params.dim] for part in data], params.dim)}


@get("SliceChannel").direct
def _split(params: Any, data: Tensor, head: Any, into: Into) -> Grads:
    heads = head if isinstance(head, tuple) else (head,)
    first = next(part for part in heads if part is not None)
    parts = [torch.zeros_like(first) if part is None else part for part in heads]
    if params.squeeze_axis:
        return {"data": torch.stack(parts, params.axis)}
    return {"data": torch.cat(parts, params.axis, out=into.get("data"))}


for _name in ("Reshape", "Flatten", "expand_dims", "squeeze", "slice_axis", "Concat", "SliceChannel"):
    get(_name).outlined = frozenset(["data"])
