# SPDX-License-Identifier: Apache-2.0
"""Products of matrices: `dot`, `batch_dot`, and the column-wise Kronecker product."""
from __future__ import annotations

import functools
from typing import Annotated, Literal

import torch
from torch import Tensor

from .infer import prod, show, unify
from .params import Range
from .registry import OperatorError, op

Storage = Literal["default", "row_sparse", "csr"] | None


@op("dot", "_sparse_dot")
def dot(lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False,
        forward_stype: Storage = None) -> Tensor:
    """The sum of products over the last axis of `lhs` and the first of `rhs`.

    With `transpose_a` it is the first axis of `lhs`, with `transpose_b` the last of `rhs`; the other axes keep their
    order. Two vectors give an array of shape (1,). `forward_stype` is accepted; results are dense.
    MXNet operator `dot`.

    >>> mx.nd.dot(mx.nd.ones((2, 3, 4)), mx.nd.ones((4, 5))).shape
    (2, 3, 5)
    """
    if lhs.ndim == 2 and rhs.ndim == 2:
        return torch.mm(lhs.t() if transpose_a else lhs, rhs.t() if transpose_b else rhs)
    if rhs.ndim == 2 and not transpose_a:
        return torch.matmul(lhs, rhs.t() if transpose_b else rhs)
    shape = _dot_shape(lhs.shape, rhs.shape, transpose_a, transpose_b)
    return torch.mm(matrix(lhs, transpose_a), matrix(rhs, not transpose_b).t()).reshape(shape)


def matrix(data: Tensor, first: bool) -> Tensor:
    """A matrix whose columns run along the first axis, or along the last one."""
    return data.reshape(data.shape[0], -1).t() if first else data.reshape(-1, data.shape[-1])


def _dot_shape(lhs, rhs, transpose_a, transpose_b):
    if len(lhs) == len(rhs) == 1 and (transpose_a or transpose_b):
        raise OperatorError("vectors cannot be transposed")
    left, right = lhs[0 if transpose_a else -1], rhs[-1 if transpose_b else 0]
    if None not in (left, right) and left != right:
        raise OperatorError(f"lhs {show(lhs)} has {left} elements along the axis that is summed over, rhs {show(rhs)} "
                            f"has {right}")
    return (*(lhs[1:] if transpose_a else lhs[:-1]), *(rhs[:-1] if transpose_b else rhs[1:])) or (1,)


@dot.shape
def _(params, lhs, rhs):
    flags = params.transpose_a, params.transpose_b
    out = _dot_shape(lhs, rhs, *flags)
    summed = lhs[0 if flags[0] else -1]
    summed = rhs[-1 if flags[1] else 0] if summed is None else summed
    return {"out": out, "lhs": (summed, *lhs[1:]) if flags[0] else (*lhs[:-1], summed),
            "rhs": (*rhs[:-1], summed) if flags[1] else (summed, *rhs[1:])}


@op("batch_dot", "_npx_batch_dot")
def batch_dot(lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False,
              forward_stype: Storage = None) -> Tensor:
    """Products of the matrices in the last two axes; the axes before these are alike on both sides.

    `transpose_a` and `transpose_b` transpose the matrices of that side first. MXNet operator `batch_dot`.

    >>> mx.nd.batch_dot(mx.nd.ones((2, 3, 4)), mx.nd.ones((2, 5, 4)), transpose_b=True).shape
    (2, 3, 5)
    """
    multiply = torch.bmm if lhs.ndim == 3 else torch.matmul
    return multiply(lhs.transpose(-1, -2) if transpose_a else lhs, rhs.transpose(-1, -2) if transpose_b else rhs)


@batch_dot.shape
def _(params, lhs, rhs, out=None):
    if len(lhs) < 3 or len(lhs) != len(rhs):
        raise OperatorError(f"lhs {show(lhs)} and rhs {show(rhs)} must have the same number of axes, at least 3")
    batch = unify("rhs", lhs[:-2], rhs[:-2])
    m, k = lhs[-2:][::-1] if params.transpose_a else lhs[-2:]
    k2, n = rhs[-2:][::-1] if params.transpose_b else rhs[-2:]
    if None not in (k, k2) and k != k2:
        raise OperatorError(f"lhs {show(lhs)} has {k} elements along the axis that is summed over, rhs {show(rhs)} "
                            f"has {k2}")
    k = k2 if k is None else k
    batch, (m, n) = _told(batch, (m, n), out)
    return {"lhs": (*batch, *((k, m) if params.transpose_a else (m, k))), "out": (*batch, m, n),
            "rhs": (*batch, *((n, k) if params.transpose_b else (k, n)))}


def _told(batch, sizes, out):
    """What the output adds to what is known of the leading axes and the matrices."""
    whole = unify("output", (*batch, *sizes), out)
    return whole[:-2], whole[-2:]


@op("khatri_rao", count="num_args")
def khatri_rao(*args: Tensor, num_args: Annotated[int, Range(1)]) -> Tensor:
    """The column-wise Kronecker product of matrices with k columns each: (m1, k), (m2, k), ... give (m1 * m2 * ..., k).

    Row i1 * m2 + i2 of the product of two is the element-wise product of their rows i1 and i2.
    MXNet operator `khatri_rao`.

    >>> mx.nd.khatri_rao(mx.nd.array([[1, 2]]), mx.nd.array([[3, 4], [5, 6]])).asnumpy().tolist()
    [[3.0, 8.0], [5.0, 12.0]]
    """
    if len(args) == 1:
        return args[0].clone()
    return functools.reduce(lambda a, b: (a.unsqueeze(1) * b).reshape(-1, a.shape[1]), args)


@khatri_rao.shape
def _(params, args):
    columns = None
    for i, shape in enumerate(args):
        columns = unify(f"arg{i}", shape and (None, *shape[1:]), columns)
        if columns is not None and len(columns) != 2:
            raise OperatorError(f"arg{i} {show(shape)} must have 2 axes")
    if columns is None:
        return {}
    rows = [None if shape is None else shape[0] for shape in args]
    return {"args": [(row, columns[1]) for row in rows], "out": (prod(rows), columns[1])}
