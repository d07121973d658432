# SPDX-License-Identifier: Apache-2.0
"""Reading and writing parts of arrays: `x[key]` and `x[key] = value`.

A basic key (integers, slices, None, Ellipsis) whose part is contiguous reads as a view, any other as a copy: MXNet's
rule. An integer for every axis leaves one element of shape (1,), not a scalar.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..base import MXNetIndexError, MXNetValueError
from .handle import NDArrayBase, tensor_on

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def is_basic(key: Any) -> bool:
    """Whether a key has integers, slices, None and Ellipsis only."""
    items = key if isinstance(key, tuple) else (key,)
    return all(isinstance(item, _BASIC) and not isinstance(item, bool) for item in items)


def read(tensor: torch.Tensor, key: Any) -> tuple[torch.Tensor, bool]:
    """The part of `tensor` at `key`, and whether it is a view of it."""
    part = _simple(tensor, key)
    if part is not None and part.is_contiguous():
        return part, True
    if is_basic(key):
        part, flipped = _basic(tensor, key)
        if flipped:
            return part.flip(flipped), False
        if part.is_contiguous():
            return part, True
        return part.contiguous(), False
    return _as_array(tensor[_advanced(tensor, key)]).contiguous(), False


def write(tensor: torch.Tensor, key: Any, value: Any) -> None:
    """Write a scalar, array or nested list into the part of `tensor` at `key`, broadcast to its shape."""
    part = _simple(tensor, key)
    if part is not None:
        if type(value) is float or type(value) is int:
            part.fill_(value)
            return
        if isinstance(value, NDArrayBase) and value._tensor.shape == part.shape \
                and value._tensor.device == part.device:
            part.copy_(value._tensor)
            return
    if not is_basic(key):
        index = _advanced(tensor, key)
        tensor[index] = _fit(_values(value, tensor), tensor[index].shape)
        return
    part, flipped = _basic(tensor, key)
    if isinstance(value, (int, float, bool, np.number, np.bool_)):
        part.fill_(value.item() if isinstance(value, np.generic) else value)
        return
    values = _fit(_values(value, tensor), part.shape)
    part.copy_(values.flip(flipped) if flipped else values)


def covers(tensor: torch.Tensor, key: Any) -> bool:
    """Whether a key names all of an array, in its order."""
    if not is_basic(key):
        return False
    part, flipped = _basic(tensor, key)
    return part.numel() == tensor.numel() and not flipped


def _simple(tensor: torch.Tensor, key: Any) -> torch.Tensor | None:
    """The view of the plainest of keys, an integer or a slice of integers, in which MXNet, torch and Python agree."""
    kind = type(key)
    if (kind is int and tensor.ndim > 1) or (kind is slice and key.step is None):
        try:
            return tensor[key]
        except (IndexError, TypeError, RuntimeError):
            return None                                  # the long way says what is wrong
    return None


def _basic(tensor: torch.Tensor, key: Any) -> tuple[torch.Tensor, list[int]]:
    """The view of a basic key; axes (of the view) with a negative step are given, and ascend in the view."""
    items = _expand(tensor, key if isinstance(key, tuple) else (key,))
    plain: list[Any] = []
    flipped: list[int] = []
    axis = made = 0
    for item in items:
        if item is None:
            plain.append(None)
            made += 1
            continue
        size = tensor.shape[axis]
        if isinstance(item, slice):
            start, stop, step = _bounds(item, size)
            if step < 0:
                count = len(range(start, stop, step))
                start, stop, step = start + (count - 1) * step, start + 1 if count else start, -step
                flipped.append(made)
            plain.append(slice(start, max(stop, start), step))
            made += 1
        else:
            plain.append(_checked(int(item), size, axis))
        axis += 1
    return _as_array(tensor[tuple(plain)]), flipped


def _bounds(item: slice, size: int) -> tuple[int, int, int]:
    if item.step == 0:
        raise MXNetValueError("a slice's step cannot be zero")
    try:
        return item.indices(size)
    except TypeError:
        step, start, stop = (None if part is None else int(part) for part in (item.step, item.start, item.stop))
        return slice(start, stop, step).indices(size)


def _as_array(part: torch.Tensor) -> torch.Tensor:
    return part.reshape(1) if part.ndim == 0 else part


def _checked(index: int, size: int, axis: int) -> int:
    if not -size <= index < size:
        raise MXNetIndexError(f"index {index} is out of bounds for axis {axis} with size {size}")
    return index


def _expand(tensor: torch.Tensor, items: Sequence[Any]) -> list[Any]:
    """Replace the Ellipsis by full slices. Raises MXNetIndexError for too many indices."""
    used = sum(item is not None and item is not Ellipsis for item in items)
    if used > tensor.ndim:
        raise MXNetIndexError(f"{used} indices are too many for an array with {tensor.ndim} axes")
    dots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise MXNetIndexError("an index can have one Ellipsis only")
    fill = [slice(None)] * (tensor.ndim - used)
    at = dots[0] if dots else len(items)
    return [*items[:at], *fill, *items[at + 1:]]


def _advanced(tensor: torch.Tensor, key: Any) -> tuple[Any, ...]:
    """Index tensors for a key with arrays or lists in it. Floating indices are truncated, as MXNet's are."""
    items = list(key) if isinstance(key, tuple) else [key]
    masks = sum(_mask(item).ndim - 1 for item in items if _is_mask(item))
    if masks == 0 or Ellipsis not in [item if item is Ellipsis else 0 for item in items]:
        items = _expand(tensor, items) if masks == 0 else items
    index: list[Any] = []
    axis = 0
    for item in items:
        if item is None or item is Ellipsis:
            index.append(item)
            continue
        if _is_mask(item):
            mask = _mask(item)
            index.append(mask.to(tensor.device))
            axis += mask.ndim
            continue
        size = tensor.shape[axis]
        if isinstance(item, slice):
            start, stop, step = _bounds(item, size)
            index.append(slice(start, stop, step) if step > 0
                         else torch.arange(start, stop, step, device=tensor.device))
        elif isinstance(item, (int, np.integer)):
            index.append(_checked(int(item), size, axis))
        else:
            index.append(_positions(item, size, axis, tensor.device))
        axis += 1
    return tuple(index)


def _is_mask(item: Any) -> bool:
    return isinstance(item, NDArrayBase) and item._tensor.dtype is torch.bool


def _mask(item: Any) -> torch.Tensor:
    return item._tensor


def _positions(item: Any, size: int, axis: int, device: torch.device) -> torch.Tensor:
    if isinstance(item, NDArrayBase):
        found = item._tensor.to(device=device, dtype=torch.int64)
    elif isinstance(item, (list, tuple, range, np.ndarray)):
        found = torch.as_tensor(np.asarray(item).astype(np.int64), device=device)
    else:
        raise MXNetValueError(f"an NDArray cannot be indexed with {item!r} of type {type(item).__name__}; use "
                              f"integers, slices, None, Ellipsis, lists or arrays of integers")
    if found.numel():
        low, high = int(found.min()), int(found.max())
        if low < -size or high >= size:
            raise MXNetIndexError(f"index {high if high >= size else low} is out of bounds for axis {axis} "
                                  f"with size {size}")
    return torch.where(found < 0, found + size, found)


def _values(value: Any, like: torch.Tensor) -> torch.Tensor:
    if isinstance(value, NDArrayBase):
        return value._tensor.to(device=like.device, dtype=like.dtype)
    if isinstance(value, torch.Tensor):
        return value.detach().to(device=like.device, dtype=like.dtype)
    try:
        return tensor_on(np.asarray(value)).to(device=like.device, dtype=like.dtype)
    except (TypeError, ValueError) as error:
        raise MXNetValueError(f"cannot write a {type(value).__name__} into an array: {error}") from None


def _fit(values: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Broadcast to the part's shape; leading axes of size 1 beyond its rank fall away, as in MXNet."""
    while values.ndim > len(shape) and values.shape[0] == 1:
        values = values[0]
    try:
        return values.expand(shape)
    except RuntimeError:
        raise MXNetValueError(f"values of shape {tuple(values.shape)} do not fit into a part of shape "
                              f"{tuple(shape)}") from None
