# SPDX-License-Identifier: Apache-2.0
"""Direct gradients (see `Operator.direct`) of the element-wise operators, reductions and matrix products.

Each is the formula that torch's autograd follows, and writes into the array for the gradient where there is one.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import broadcast, cast, dot, elementwise, formulas, identity, reduce, scalar  # noqa: F401  they declare these
from .families import no_gradient, reduced_axes
from .formulas import masked
from .numbers import constant
from .registry import get

Into = dict[str, Tensor]

_SIGMOID, _TANH, _RELU = (getattr(torch.ops.aten, f"{name}_backward").grad_input
                          for name in ("sigmoid", "tanh", "threshold"))


# ---- functions of one array -----------------------------------------------------------------------------------------

def _of_out(operator: str, formula: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> None:
    """The gradient from output and head gradient: `formula(out, head, place)`."""
    get(operator).direct(lambda out, head, into: {"data": formula(out, head, into.get("data"))})


def _of_data(operator: str, formula: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> None:
    """The gradient from input and head gradient: `formula(data, head, place)`."""
    get(operator).direct(lambda data, head, into: {"data": formula(data, head, into.get("data"))})


def _native(backward: Callable[..., Tensor], *numbers: float) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """torch's own function for it, which takes the output."""
    def formula(out: Tensor, head: Tensor, place: Tensor | None) -> Tensor:
        return backward(head, out, *numbers, grad_input=torch.empty_like(out) if place is None else place)
    return formula


_of_out("exp", lambda out, head, place: torch.mul(head, out, out=place))
_of_out("expm1", lambda out, head, place: torch.addcmul(head, head, out, out=place))
_of_out("sqrt", lambda out, head, place: torch.div(head, out * 2, out=place))
_of_out("rsqrt", lambda out, head, place: torch.mul(out.pow(3).mul_(-0.5), head, out=place))
_of_out("reciprocal", lambda out, head, place: torch.mul(out.square().neg_(), head, out=place))
_of_out("tanh", _native(_TANH))
_of_out("sigmoid", _native(_SIGMOID))
_of_out("relu", _native(_RELU, 0))
_of_data("square", lambda data, head, place: torch.mul(data * 2, head, out=place))
_of_data("log", lambda data, head, place: torch.div(head, data, out=place))
_of_data("log1p", lambda data, head, place: torch.div(head, data + 1, out=place))
_of_data("abs", lambda data, head, place: torch.mul(data.sgn(), head, out=place))
_of_data("sin", lambda data, head, place: torch.mul(data.cos(), head, out=place))
_of_data("cos", lambda data, head, place: torch.mul(data.sin().neg_(), head, out=place))

for _name in ("sign", "ceil", "floor", "trunc", "fix"):
    get(_name).direct(no_gradient)
for _name in ("_copy", "_copyto"):
    get(_name).direct(lambda head: {"data": head})


@get("negative").direct
def _negative(head: Tensor, into: Into) -> dict[str, Tensor]:
    return {"data": torch.neg(head, out=into.get("data"))}


@get("Cast").direct
def _cast(data: Tensor, head: Tensor) -> dict[str, Tensor]:
    return {"data": head.to(data.dtype)} if data.is_floating_point() else {}


@get("clip").direct
def _clip(params: Any, data: Tensor, head: Tensor) -> dict[str, Tensor]:
    return {"data": head.masked_fill((data < params.a_min) | (data > params.a_max) | data.isnan(), 0.0)}


# ---- an array and a scalar ------------------------------------------------------------------------------------------

for _name in ("_plus_scalar", "_minus_scalar"):
    get(_name).direct(lambda head: {"data": head})


@get("_rminus_scalar").direct
def _rminus(head: Tensor, into: Into) -> dict[str, Tensor]:
    return {"data": torch.neg(head, out=into.get("data"))}


@get("_mul_scalar").direct
def _mul_scalar(params: Any, head: Tensor, into: Into) -> dict[str, Tensor]:
    return {"data": torch.mul(head, constant(params.scalar, head.dtype), out=into.get("data"))}


@get("_div_scalar").direct
def _div_scalar(params: Any, head: Tensor, into: Into) -> dict[str, Tensor]:
    return {"data": torch.div(head, constant(params.scalar, head.dtype), out=into.get("data"))}


@get("_rdiv_scalar").direct
def _rdiv_scalar(data: Tensor, out: Tensor, head: Tensor, into: Into) -> dict[str, Tensor]:
    return {"data": torch.div(head.neg().mul_(out), data, out=into.get("data"))}


# ---- two arrays -----------------------------------------------------------------------------------------------------

def _fit(value: Tensor, like: Tensor) -> Tensor:
    """Undo the broadcasting of `like`."""
    return value if value.shape == like.shape else value.sum_to_size(like.shape)


def _product(value: Tensor, other: Tensor, like: Tensor, place: Tensor | None) -> Tensor:
    """The product, summed to the shape of `like`."""
    if value.shape == like.shape:
        return torch.mul(value, other, out=place)
    return (value * other).sum_to_size(like.shape)


for _name in ("elemwise_add", "_grad_add"):
    get(_name).direct(lambda head: {"lhs": head, "rhs": head})


@get("elemwise_sub").direct
def _sub(head: Tensor, needs: frozenset[str], into: Into) -> dict[str, Tensor]:
    return {"lhs": head, "rhs": torch.neg(head, out=into.get("rhs"))} if "rhs" in needs else {"lhs": head}


@get("broadcast_add").direct
def _broadcast_add(lhs: Tensor, rhs: Tensor, head: Tensor, needs: frozenset[str]) -> dict[str, Tensor]:
    return {name: _fit(head, side) for name, side in (("lhs", lhs), ("rhs", rhs)) if name in needs}


@get("broadcast_sub").direct
def _broadcast_sub(lhs: Tensor, rhs: Tensor, head: Tensor, needs: frozenset[str]) -> dict[str, Tensor]:
    found = {"lhs": _fit(head, lhs)} if "lhs" in needs else {}
    if "rhs" in needs:
        found["rhs"] = _fit(head, rhs).neg()
    return found


def _mul(lhs: Tensor, rhs: Tensor, head: Tensor, needs: frozenset[str], into: Into) -> dict[str, Tensor]:
    found = {}
    if "lhs" in needs:
        found["lhs"] = _product(head, rhs, lhs, into.get("lhs"))
    if "rhs" in needs:
        found["rhs"] = _product(head, lhs, rhs, into.get("rhs"))
    return found


def _div(lhs: Tensor, rhs: Tensor, head: Tensor, needs: frozenset[str]) -> dict[str, Tensor]:
    part = head / rhs
    found = {"lhs": _fit(part, lhs)} if "lhs" in needs else {}
    if "rhs" in needs:
        found["rhs"] = _fit((part * lhs).div_(rhs).neg_(), rhs)
    return found


for _name in ("elemwise_mul", "broadcast_mul"):
    get(_name).direct(_mul)
for _name in ("elemwise_div", "broadcast_div"):
    get(_name).direct(_div)


@get("where").direct
def _where(condition: Tensor, x: Tensor, head: Tensor, needs: frozenset[str], into: Into) -> dict[str, Tensor]:
    if condition.dim() < x.dim():
        condition = condition.reshape(-1, *[1] * (x.dim() - 1))
    choices = {"x": torch.ne, "y": torch.eq}
    return {name: masked(head, condition, compare, into.get(name)) for name, compare in choices.items()
            if name in needs}


# ---- reductions and products ----------------------------------------------------------------------------------------

def _spread(params: Any, data: Tensor, head: Tensor) -> Tensor:
    """The head gradient, repeated along the reduced axes."""
    axes = reduced_axes(params.axis, data.dim(), params.exclude)
    kept = [1 if axes is None or i in axes else size for i, size in enumerate(data.shape)]
    return head.reshape(kept).expand(data.shape)


@get("sum").direct
def _sum(params: Any, data: Tensor, head: Tensor) -> dict[str, Tensor]:
    return {"data": _spread(params, data, head)}


@get("mean").direct
def _mean(params: Any, data: Tensor, head: Tensor) -> dict[str, Tensor]:
    return {"data": _spread(params, data, head / max(data.numel() // max(head.numel(), 1), 1))}


def _extreme(params: Any, data: Tensor, out: Tensor, head: Tensor, into: Into) -> dict[str, Tensor]:
    """Each of those that are equal gets all of it; a comparison that writes numbers is faster than one of truths."""
    hits = torch.eq(data, _spread(params, data, out), out=into.get("data", torch.empty(0, dtype=data.dtype,
                                                                                      device=data.device)))
    return {"data": hits.mul_(_spread(params, data, head))}


for _name in ("max", "min"):
    get(_name).direct(_extreme)


@get("dot").direct
def _dot(params: Any, lhs: Tensor, rhs: Tensor, head: Tensor, needs: frozenset[str], into: Into) -> dict[str, Tensor]:
    left, right = dot.matrix(lhs, params.transpose_a), dot.matrix(rhs, not params.transpose_b)        # (m, k), (n, k)
    heads = head.reshape(len(left), len(right))
    found = {}
    if "lhs" in needs:
        factors = (right.t(), heads.t()) if params.transpose_a else (heads, right)
        found["lhs"] = _product_of_matrices(*factors, lhs, into.get("lhs"))
    if "rhs" in needs:
        factors = (heads.t(), left) if params.transpose_b else (left.t(), heads)
        found["rhs"] = _product_of_matrices(*factors, rhs, into.get("rhs"))
    return found


def _product_of_matrices(lhs: Tensor, rhs: Tensor, like: Tensor, place: Tensor | None) -> Tensor:
    if place is None:
        return torch.mm(lhs, rhs).view(like.shape)
    torch.mm(lhs, rhs, out=place.view(len(lhs), -1))
    return place


@get("batch_dot").direct
def _batch_dot(params: Any, lhs: Tensor, rhs: Tensor, head: Tensor, needs: frozenset[str],
               into: Into) -> dict[str, Tensor]:
    left = lhs.mT if params.transpose_a else lhs
    right = rhs.mT if params.transpose_b else rhs
    found = {}
    if "lhs" in needs:
        factors = (right, head.mT) if params.transpose_a else (head, right.mT)
        found["lhs"] = torch.matmul(*factors, out=into.get("lhs"))
    if "rhs" in needs:
        factors = (head.mT, left) if params.transpose_b else (left.mT, head)
        found["rhs"] = torch.matmul(*factors, out=into.get("rhs"))
    return found


# ---- of what only the shape is read ---------------------------------------------------------------------------------

for _name, _inputs in (("Cast", ["data"]), ("broadcast_add", ["lhs", "rhs"]), ("broadcast_sub", ["lhs", "rhs"]),
                       ("sum", ["data"]), ("mean", ["data"]), ("where", ["x"])):
    get(_name).outlined = frozenset(_inputs)
