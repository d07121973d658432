# SPDX-License-Identifier: Apache-2.0
"""Changes of dtype. Numbers beyond a whole dtype wrap around or are undefined, as C++ casts them."""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from .families import same_shape_of_data
from .params import Range
from .registry import op

_NARROW_TO_WIDE = (torch.float16, torch.bfloat16, torch.float32)      # the dtypes among which AMP chooses


@op("Cast", "cast", "_npi_cast", "_npx_cast")
def cast(data: Tensor, *, dtype: torch.dtype) -> Tensor:
    """The elements in another dtype: whole numbers by cutting towards zero, bool by "is not 0".

    The gradient is cast back to the dtype of `data`.

    >>> print(mx.nd.Cast(mx.nd.array([0.9, -1.3]), dtype="int32").asnumpy())
    [ 0 -1]
    """
    return data.to(dtype, copy=True)


@cast.dtype
def _(params, data=None):
    return {"out": params.dtype}


@op("amp_cast")
def amp_cast(data: Tensor, *, dtype: torch.dtype) -> Tensor:
    """As `Cast`, but whole numbers and float64 keep their dtype: what mixed precision puts in front of an operator.

    >>> mx.nd.amp_cast(mx.nd.array([1.5]), dtype="float16").dtype
    <class 'numpy.float16'>
    """
    return data.to(_amp_dtype(data.dtype, dtype), copy=True)


def _amp_dtype(given: torch.dtype, wanted: torch.dtype) -> torch.dtype:
    return wanted if given.is_floating_point and given is not torch.float64 else given


@amp_cast.dtype
def _(params, data=None):
    return {"out": None if data is None else _amp_dtype(data, params.dtype)}


for _made in (cast, amp_cast):
    _made.shape(same_shape_of_data)


def _output_names(params):
    return tuple([f"output{i}" for i in range(params.num_outputs)]) if params.num_outputs > 1 else ("output",)


def _input_names(params, count):
    return [f"data_{i}" for i in range(params.num_outputs)]


@op("amp_multicast", count="num_outputs", outputs=_output_names, input_names=_input_names)
def amp_multicast(*data: Tensor, num_outputs: Annotated[int, Range(1)],
                  cast_narrow: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Cast arrays to one floating-point dtype: the widest of theirs, or the narrowest (`cast_narrow`).

    float16, bfloat16 and float32 take part; arrays of other dtypes keep them. `num_outputs` is the number of arrays.

    >>> a, b = mx.nd.amp_multicast(mx.nd.zeros((2,), dtype="float16"), mx.nd.zeros((2,)), num_outputs=2)
    >>> a.dtype
    <class 'numpy.float32'>
    """
    kinds = _common([item.dtype for item in data], cast_narrow)
    made = tuple([item.to(kind, copy=True) for item, kind in zip(data, kinds)])
    return made if num_outputs > 1 else made[0]


def _common(kinds: list[torch.dtype], narrow: bool) -> list[torch.dtype]:
    taking_part = [_NARROW_TO_WIDE.index(kind) for kind in kinds if kind in _NARROW_TO_WIDE]
    if not taking_part:
        return kinds
    chosen = _NARROW_TO_WIDE[min(taking_part) if narrow else max(taking_part)]
    return [chosen if kind in _NARROW_TO_WIDE else kind for kind in kinds]


@amp_multicast.shape
def _(params, data, out=None):
    outs = [out] if params.num_outputs == 1 else out or [None] * params.num_outputs
    both = [a if a is not None else b for a, b in zip(data, outs)]
    return {"data": both, "out": both[0] if params.num_outputs == 1 else both}


@amp_multicast.dtype
def _(params, data):
    if None in data:
        return {}
    made = _common(list(data), params.cast_narrow)
    return {"out": made[0] if params.num_outputs == 1 else made}
