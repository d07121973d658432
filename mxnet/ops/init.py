# SPDX-License-Identifier: Apache-2.0
"""Arrays made from parameters alone. In a symbol, a size 0 in `shape` (or no shape) is inferred from the consumers."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from ..context import Context
from ..dtype import FROM_CODE
from .families import given_shape, wanted_shape
from .numbers import number
from .params import Range
from .registry import Operator, OperatorError, op
from .schema import Device, Shape


def _creation(shape: Callable[..., dict[str, object]] = given_shape) -> Callable[[Operator], Operator]:
    def mark(made: Operator) -> Operator:
        made.shape(shape)
        made.dtype(_own_dtype)
        return made
    return mark


def _own_dtype(params):
    return {"out": params.dtype}


@_creation()
@op("_zeros")
def zeros(*, shape: Shape = (), ctx: Context | None = None, dtype: torch.dtype = torch.float32,
          device: Device) -> Tensor:
    """An array of zeros of a shape and dtype, on `ctx` (the current context when not given).

    >>> print(mx.nd._internal._zeros(shape=(2,)).asnumpy())
    [0. 0.]
    """
    return torch.zeros(wanted_shape(shape), dtype=dtype, device=device)


@_creation()
@op("_ones")
def ones(*, shape: Shape = (), ctx: Context | None = None, dtype: torch.dtype = torch.float32,
         device: Device) -> Tensor:
    """An array of ones of a shape and dtype, on `ctx` (the current context when not given).

    >>> print(mx.nd._internal._ones(shape=(2,)).asnumpy())
    [1. 1.]
    """
    return torch.ones(wanted_shape(shape), dtype=dtype, device=device)


@_creation()
@op("_full", "_npi_full")
def full(*, shape: Shape = (), ctx: Context | None = None, dtype: torch.dtype = torch.float32, value: float,
         device: Device) -> Tensor:
    """An array that holds `value`, cast to `dtype`, everywhere; on `ctx` (the current context when not given).

    >>> print(mx.nd._internal._full(shape=(2,), value=2.5).asnumpy())
    [2.5 2.5]
    """
    return torch.full(wanted_shape(shape), number(value, dtype), dtype=dtype, device=device)


@op("_zeros_without_dtype")
def zeros_without_dtype(*, shape: Shape = (), ctx: Context | None = None, dtype: int = -1, device: Device) -> Tensor:
    """Zeros whose dtype (a code of MXNet's; -1 for none) follows from what they are used with; else float32.

    >>> print(mx.nd._internal._zeros_without_dtype(shape=(2,)).asnumpy())
    [0. 0.]
    """
    return torch.zeros(wanted_shape(shape), dtype=FROM_CODE.get(dtype, torch.float32), device=device)


zeros_without_dtype.shape(given_shape)


@zeros_without_dtype.dtype
def _(params, out=None):
    return {"out": FROM_CODE.get(params.dtype)}


# ---- numbers in a row -----------------------------------------------------------------------------------------------

def ramp(count: int, start: float, step: float, repeat: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """`count` numbers `start, start + step, ...`, each `repeat` times. Both are cast to a whole dtype first."""
    different = -(-count // repeat)
    if not dtype.is_floating_point:
        start, step = number(start, dtype), number(step, dtype)
        made = torch.arange(different, device=device).mul_(step).add_(start).to(dtype)
    elif step and count:
        made = torch.arange(start, start + (different - 0.5) * step, step, dtype=dtype, device=device)
    else:
        made = torch.full((different,), start, dtype=dtype, device=device)
    return made if repeat == 1 else made.repeat_interleave(repeat)[:count]


def _count(start: float, stop: float | None, step: float, repeat: int, infer_range: bool) -> int:
    if stop is None:
        if infer_range:
            raise OperatorError("infer_range=True without stop takes the length from what the numbers are used with, "
                                "which does not say it here: give stop")
        start, stop = 0.0, start
    if not step or repeat < 1 or (stop - start) * step <= 0:
        raise OperatorError(f"start, stop, step, repeat are {start:g}, {stop:g}, {step:g}, {repeat}: expected a step "
                            f"that leads from start to stop, and repeat of at least 1")
    return math.ceil((stop - start) / step) * repeat


def _arange_shape(params, out=None):
    if params.stop is None and params.infer_range:
        return {"out": (None,) if out is None else out}
    return {"out": (_count(params.start, params.stop, params.step, params.repeat, params.infer_range),)}


@_creation(_arange_shape)
@op("_arange")
def arange(*, start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: bool = False,
           ctx: Context | None = None, dtype: torch.dtype = torch.float32, device: Device) -> Tensor:
    """Numbers from `start` up to, without, `stop`, `step` apart, each `repeat` times, in one axis.

    With `stop` left out they go from 0 to `start`, or with `infer_range` from `start` on, as many as the consumers in
    the graph take. For a whole dtype, start and step are cut towards zero first.

    >>> print(mx.nd._internal._arange(start=1, stop=4).asnumpy())
    [1. 2. 3.]
    """
    count = _count(start, stop, step, repeat, infer_range)
    return ramp(count, 0.0 if stop is None else start, step, repeat, dtype, device)


def _arange_sized(params, shape):
    """Where the numbers end when their consumers say how many there are."""
    if not (params.infer_range and params.stop is None):
        return {}
    count, rest = divmod(shape[0], params.repeat)
    if rest or len(shape) != 1:
        raise OperatorError(f"an array of shape {shape} is needed, which is not made of groups of repeat="
                            f"{params.repeat} numbers in one axis")
    return {"stop": params.start + count * params.step}


arange.sized = _arange_sized


def _linspace_shape(params):
    return {"out": (params.num,)}


@_creation(_linspace_shape)
@op("_linspace", "_npi_linspace")
def linspace(*, start: float, stop: float, num: Annotated[int, Range(0)], endpoint: bool = True,
             ctx: Context | None = None, dtype: torch.dtype = torch.float32, device: Device) -> Tensor:
    """`num` numbers at even distances from `start` to `stop`, which is the last one, or left out (`endpoint=False`).

    >>> print(mx.nd._internal._linspace(start=0, stop=1, num=3).asnumpy())
    [0.  0.5 1. ]
    """
    real = dtype if dtype.is_floating_point else torch.float64
    if endpoint:
        return torch.linspace(start, stop, num, dtype=real, device=device).to(dtype)
    return torch.linspace(start, stop, num + 1, dtype=real, device=device)[:num].to(dtype, copy=True)


def _eye_shape(params):
    return {"out": (params.N, params.M or params.N)}


@_creation(_eye_shape)
@op("_eye")
def eye(*, N: Annotated[int, Range(0)], M: Annotated[int, Range(0)] = 0, k: int = 0, ctx: Context | None = None,
        dtype: torch.dtype = torch.float32, device: Device) -> Tensor:
    """An (N, M) matrix, (N, N) when `M` is 0, with ones on a diagonal: `k` columns right of the main one.

    >>> print(mx.nd._internal._eye(N=2).asnumpy())
    [[1. 0.]
     [0. 1.]]
    """
    made = torch.zeros(N, M or N, dtype=dtype, device=device)
    made.diagonal(k).fill_(1) if -N < k < (M or N) else None
    return made


@op("_set_value")
def set_value(*, src: float) -> Tensor:
    """Fill the array that `out=` names with the number `src`, cut to a whole number where the array has such.

    Raises OperatorError without `out=`, from which the shape comes. MXNet operator `_set_value`.

    >>> import mxnet as mx
    >>> mx.nd._internal._set_value(2.5, out=mx.nd.zeros(2)).asnumpy().tolist()
    [2.5, 2.5]
    """
    raise OperatorError("fills the array that out= names, and there is none")


@set_value.into
def _(out: Tensor, *, src: float) -> Tensor:
    return torch.full_like(out, src)
