# SPDX-License-Identifier: Apache-2.0
"""Operators on batches of sequences of unequal length.

`data` is (time, batch, ...), or (batch, time, ...) with `axis=1`. Without `use_sequence_length` every sequence has the
full length, and there is no second input. Lengths may be of any dtype and are cut towards zero.
"""
from __future__ import annotations

import torch
from torch import Tensor

from .formulas import masked
from .infer import show, unify
from .numbers import number
from .registry import OperatorError, op

_LENGTHS = {"sequence_length": lambda p: p.use_sequence_length}


def _require(shape, axis, last=1):
    if len(shape) < 2:
        raise OperatorError(f"data {show(shape)} must have at least 2 axes")
    if not 0 <= axis <= last:
        raise OperatorError(f"axis={axis} must be {'0 or 1' if last else '0'}")


def _same_dtype(params, data=None, sequence_length=None, out=None):
    """Dtype rule: lengths of unknown dtype take that of the data."""
    return {"data": out, "out": data, "sequence_length": sequence_length or data}


@op("SequenceLast", when=_LENGTHS, alias=True)
def sequence_last(data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False,
                  axis: int = 0) -> Tensor:
    """The last element of each sequence: (batch, ...).

    `sequence_length` (batch,) is in [1, time]. MXNet operator `SequenceLast`.

    >>> data = mx.nd.array([[1, 2], [3, 4], [5, 6]])
    >>> mx.nd.SequenceLast(data, mx.nd.array([1, 3]), use_sequence_length=True).asnumpy().tolist()
    [1.0, 6.0]
    """
    _require(data.shape, axis)
    if sequence_length is None:
        return data.select(axis, -1)
    at = (sequence_length.long() - 1, torch.arange(data.shape[1 - axis], device=data.device))
    return data[at if axis == 0 else at[::-1]]


@sequence_last.shape
def _(params, data):
    _require(data, params.axis)
    return {"sequence_length": (data[1 - params.axis],), "out": (data[1 - params.axis], *data[2:])}


sequence_last.dtype(_same_dtype)


@op("SequenceMask", "_npx_sequence_mask", when=_LENGTHS, alias=True)
def sequence_mask(data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False,
                  value: float = 0.0, axis: int = 0) -> Tensor:
    """The data with all elements beyond the end of their sequence set to `value`; their gradient is zero.

    MXNet operator `SequenceMask`.

    >>> data = mx.nd.array([[1, 2], [3, 4], [5, 6]])
    >>> mx.nd.SequenceMask(data, mx.nd.array([1, 3]), use_sequence_length=True).asnumpy().tolist()
    [[1.0, 2.0], [0.0, 4.0], [0.0, 6.0]]
    """
    _require(data.shape, axis)
    if sequence_length is None:
        return data
    if value == 0 and data.is_floating_point() and not (data.requires_grad or data.is_meta):
        return masked(data, _left(data, sequence_length, axis), torch.gt)
    return data.masked_fill(_left(data, sequence_length, axis) <= 0, number(value, data.dtype))


def _left(data: Tensor, lengths: Tensor, axis: int) -> Tensor:
    """Above 0 for each step up to the end of its sequence, and not beyond; of as many axes as `data`."""
    nth = torch.arange(data.shape[axis], dtype=torch.float32, device=data.device)
    lengths = lengths.float().trunc()
    left = lengths - nth.unsqueeze(1) if axis == 0 else lengths.unsqueeze(1) - nth
    return left.reshape(*left.shape, *[1] * (data.ndim - 2))


@sequence_mask.direct
def _(params, data, sequence_length, head, into):
    if not params.use_sequence_length:
        return {"data": head}
    return {"data": masked(head, _left(data, sequence_length, params.axis), torch.gt, into.get("data"))}


@op("SequenceReverse", when=_LENGTHS)
def sequence_reverse(data: Tensor, sequence_length: Tensor | None = None, *, use_sequence_length: bool = False,
                     axis: int = 0) -> Tensor:
    """Each sequence in reverse order; what lies beyond its end stays at its place.

    `sequence_length` (batch,) is in [0, time]; `axis` is 0. MXNet operator `SequenceReverse`.

    >>> data = mx.nd.array([[1, 2], [3, 4], [5, 6]])
    >>> mx.nd.SequenceReverse(data, mx.nd.array([2, 3]), use_sequence_length=True).asnumpy().tolist()
    [[3.0, 6.0], [1.0, 4.0], [5.0, 2.0]]
    """
    _require(data.shape, axis, last=0)
    if sequence_length is None:
        return data.flip(0)
    time = torch.arange(data.shape[0], device=data.device).unsqueeze(1)
    mirrored = sequence_length.long() - 1 - time
    return data[torch.where(mirrored < 0, time, mirrored), torch.arange(data.shape[1], device=data.device)]


def _unchanged(params, data, out, last):
    whole = unify("output", out, data)
    if whole is None:
        return {}
    _require(whole, params.axis, last)
    return {"data": whole, "out": whole, "sequence_length": (whole[1 - params.axis],)}


@sequence_mask.shape
def _(params, data=None, out=None):
    return _unchanged(params, data, out, last=1)


@sequence_reverse.shape
def _(params, data=None, out=None):
    return _unchanged(params, data, out, last=0)


sequence_mask.dtype(_same_dtype)
sequence_reverse.dtype(_same_dtype)
