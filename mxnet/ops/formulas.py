# SPDX-License-Identifier: Apache-2.0
"""Element-wise formulas with parameters, choices between arrays, and sums of many."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from .families import no_gradient, same_shape_of_data
from .infer import complete, show, unify
from .numbers import number
from .params import Range
from .registry import OperatorError, op


@op("hard_sigmoid")
def hard_sigmoid(data: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """`alpha * x + beta`, cut to [0, 1]: a sigmoid made of straight lines. Floating-point arrays only.

    The gradient is `alpha` where nothing is cut, and 0 elsewhere.

    >>> print(mx.nd.hard_sigmoid(mx.nd.array([-5, 0, 1])).asnumpy())
    [0.  0.5 0.7]
    """
    if not data.is_floating_point():
        raise OperatorError("hard_sigmoid takes floating-point arrays only")
    return torch.clamp(data * alpha + beta, 0, 1)


@hard_sigmoid.gradient
def _(params, out, head):
    return {"data": (head * params.alpha).masked_fill((out <= 0) | (out >= 1) | out.isnan(), 0)}


@op("smooth_l1", "_npx_smooth_l1")
def smooth_l1(data: Tensor, *, scalar: float = 1.0) -> Tensor:
    """The smooth L1 loss of each element, with `sigma = scalar`: a parabola that goes on as a straight line.

    `(sigma * x) ** 2 / 2` where `|x| < 1 / sigma ** 2`, else `|x| - 1 / (2 * sigma ** 2)`.
    Source: Fast R-CNN (Girshick, 2015).

    >>> print(mx.nd.smooth_l1(mx.nd.array([0.5, 2]), scalar=1.0).asnumpy())
    [0.125 1.5  ]
    """
    if not data.is_floating_point():
        return smooth_l1.kernel(data.to(torch.float64), scalar=float(number(scalar, data.dtype))).to(data.dtype)
    if not scalar:
        return data * 0.0
    return F.smooth_l1_loss(data, torch.zeros((), dtype=data.dtype, device=data.device).expand_as(data),
                            reduction="none", beta=1 / scalar ** 2)


@op("clip", "_npi_clip", "_sparse_clip")
def clip(data: Tensor, *, a_min: float, a_max: float) -> Tensor:
    """Cut the elements to [a_min, a_max]; NaN stays NaN. For whole numbers the limits are cut towards zero.

    The gradient passes where `a_min <= x <= a_max`, and is 0 elsewhere.

    >>> print(mx.nd.clip(mx.nd.array([-5, 0.5, 7]), a_min=0, a_max=1).asnumpy())
    [0.  0.5 1. ]
    """
    if a_min > a_max:                                   # torch gives a_max everywhere, MXNet looks at a_max first
        return torch.where(data > a_max, number(a_max, data.dtype), torch.clamp(data, min=number(a_min, data.dtype)))
    if data.is_floating_point():
        return torch.clamp(data, a_min, a_max)
    limits = torch.iinfo(data.dtype)
    low, high = (int(min(max(limit, limits.min), limits.max)) for limit in (a_min, a_max))
    return torch.clamp(data, low, high)


@op("_contrib_quadratic")
def quadratic(data: Tensor, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """`a * x ** 2 + b * x + c`; for whole numbers the result is cut towards zero.

    >>> print(mx.nd.contrib.quadratic(mx.nd.array([1, 2]), a=1, b=2, c=3).asnumpy())
    [ 6. 11.]
    """
    return ((a * data + b) * data + c).to(data.dtype)


@op("_contrib_div_sqrt_dim")
def div_sqrt_dim(data: Tensor) -> Tensor:
    """Divide by the root of the last axis' size (whole numbers: by its whole part), as attention scores are.

    >>> print(mx.nd.contrib.div_sqrt_dim(mx.nd.ones((1, 4))).asnumpy())
    [[0.5 0.5 0.5 0.5]]
    """
    root = math.sqrt(data.shape[-1])
    return data / root if data.is_floating_point() else torch.div(data, int(root), rounding_mode="trunc")


for _made in (hard_sigmoid, smooth_l1, clip, quadratic, div_sqrt_dim):
    _made.shape(same_shape_of_data)


# ---- choices and sums -----------------------------------------------------------------------------------------------

@op("where", "_sparse_where")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Elements of `x` where the condition is not 0, of `y` where it is.

    `x`, `y` and the output have one shape and dtype. `condition`, of any dtype, has their shape, or it has one element
    for each entry of their first axis, and so chooses whole rows. NaN counts as not 0. `condition` gets no gradient.

    >>> x, y = mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([[5, 6], [7, 8]])
    >>> print(mx.nd.where(mx.nd.array([1, 0]), x, y).asnumpy())
    [[1. 2.]
     [7. 8.]]
    """
    if condition.dim() < x.dim():
        condition = condition.reshape(-1, *[1] * (x.dim() - 1))
    if x.numel() >= _MANY and x.dtype in _BITS and not (x.requires_grad or y.requires_grad or x.is_meta):
        chosen = masked(x, condition, torch.ne)
        chosen.view(_BITS[x.dtype]).bitwise_or_(masked(y, condition, torch.eq).view(_BITS[x.dtype]))
        return chosen
    return torch.where(condition if condition.dtype is torch.bool else condition.to(torch.bool), x, y)


_MANY = 4096                        # elements from which on it pays to do it bit by bit
_BITS = {torch.float32: torch.int32, torch.float64: torch.int64, torch.float16: torch.int16,
         torch.bfloat16: torch.int16}


def masked(x: Tensor, condition: Tensor, compare: Callable[..., Tensor], out: Tensor | None = None) -> Tensor:
    """`x`, of a floating or whole dtype, where `condition` compares with 0 so, else 0. `condition` may be broadcast.

    Bit by bit, as torch's `where` and `masked_fill` take several times as long.
    """
    kind = _BITS.get(x.dtype, x.dtype)
    mask = compare(condition, 0, out=torch.empty(0, dtype=kind, device=x.device)).neg_()
    out = torch.empty_like(x, memory_format=torch.contiguous_format) if out is None else out
    torch.bitwise_and(x.view(kind), mask, out=out.view(kind))
    return out


@where.shape
def _(params, condition, x=None, y=None, out=None):
    common = unify("y", unify("x", x, y), out)
    if not complete(common) or not complete(condition):
        return {"x": common, "y": common, "out": common}
    if condition != common and condition != common[:1]:
        raise OperatorError(f"condition is {show(condition)}, expected the shape of x and y, {show(common)}, "
                            f"or one element for each row, {show(common[:1])}")
    return {"x": common, "y": common, "out": common}


@where.dtype
def _(params, condition=None, x=None, y=None, out=None):
    common = next((kind for kind in (x, y, out) if kind is not None), None)
    return {"condition": condition, "x": common, "y": common, "out": common}


@op("add_n", "ElementWiseSum", "_sparse_add_n", "_sparse_ElementWiseSum", count="num_args")
def add_n(*args: Tensor, num_args: Annotated[int, Range(1)]) -> Tensor:
    """The sum of any number of arrays of one shape and dtype. `num_args` is their number, counted when not given.

    >>> print(mx.nd.add_n(mx.nd.ones((2,)), mx.nd.ones((2,)), mx.nd.ones((2,))).asnumpy())
    [3. 3.]
    """
    if len(args) == 1:
        return args[0].clone()
    total = torch.add(args[0], args[1])
    for more in args[2:]:
        total = total.add_(more)                        # in place: no addition needs its result for the gradient
    return total


@add_n.shape
def _(params, args, out=None):
    common = out
    for i, shape in enumerate(args):
        common = unify(f"arg{i}", common, shape)
    return {"args": [common] * len(args), "out": common}


@op("_contrib_allclose")
def allclose(a: Tensor, b: Tensor, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True) -> Tensor:
    """1 when all elements are close, `|a - b| <= atol + rtol * |b|`, else 0: a uint8 array without axes.

    `a` and `b` have one shape and dtype. `equal_nan` lets NaN equal NaN. The gradient is 0.

    >>> print(mx.nd.contrib.allclose(mx.nd.ones((2,)), mx.nd.ones((2,)) + 1e-7).asnumpy())
    1
    """
    if a.dtype is not b.dtype:
        raise OperatorError("a and b need one dtype")
    close = (a == b) | ((a - b).abs() <= atol + rtol * b.abs())
    if equal_nan and a.is_floating_point():
        close = close | (a.isnan() & b.isnan())
    return close.all().to(torch.uint8)


@allclose.shape
def _(params, a, b):
    unify("b", a, b)
    return {"out": ()}


@allclose.dtype
def _(params, a=None, b=None):
    return {"out": torch.uint8}


allclose.gradient(no_gradient)
