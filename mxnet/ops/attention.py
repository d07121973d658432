# SPDX-License-Identifier: Apache-2.0
"""The matrix products of multi-head attention, on projections that lie interleaved in one array.

Arrays are (length, batch, heads * parts * depth): for each head its query, key and value in a row (3 parts), or its
key and value (2 parts). Seen as (length, batch * heads, parts, depth) each part is a strided batch of matrices, which
torch multiplies without copying it. Scores are (batch * heads, query length, key length).
"""
from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from .axes import scaled
from .infer import show
from .params import Range
from .registry import OperatorError, op


def _parts(data: Tensor, heads: int, count: int) -> list[Tensor]:
    """The parts as (batch * heads, length, depth) views."""
    depth = _depth(data.shape, heads, count)
    length, batch, _ = data.shape
    whole = data.reshape(length, batch * heads, count, depth)
    return [part.transpose(0, 1) for part in whole.unbind(2)]


def _depth(shape, heads, count):
    """The size of a part, of one head."""
    if len(shape) != 3:
        raise OperatorError(f"projections must be (length, batch, {count} * heads * depth), not {show(shape)}")
    if shape[2] is not None and shape[2] % (heads * count):
        raise OperatorError(f"the last axis of {show(shape)} does not divide into heads={heads} times {count} parts")
    return None if shape[2] is None else shape[2] // (heads * count)


def _scores(query: Tensor, key: Tensor) -> Tensor:
    """query @ key^T / sqrt(depth)"""
    scale = query.shape[-1] ** -0.5
    start = query.new_empty(())         # unread: its factor is 0
    return torch.baddbmm(start, query, key.mT, beta=0, alpha=scale)


def _weighted(attention: Tensor, value: Tensor, heads: int) -> Tensor:
    """The values weighted by the attention, as (query length, batch, heads * depth)."""
    out = torch.bmm(attention, value).transpose(0, 1)
    return out.reshape(out.shape[0], out.shape[1] // heads, heads * out.shape[2]).contiguous()


@op("_contrib_interleaved_matmul_selfatt_qk")
def selfatt_qk(queries_keys_values: Tensor, *, heads: Annotated[int, Range(1)]) -> Tensor:
    """Scores of self-attention: query times key, divided by the square root of the depth.

    `queries_keys_values` is (length, batch, heads * 3 * depth), the result (batch * heads, length, length).
    MXNet operator `_contrib_interleaved_matmul_selfatt_qk`.

    >>> mx.nd.contrib.interleaved_matmul_selfatt_qk(mx.nd.ones((5, 2, 24)), heads=4).shape
    (8, 5, 5)
    """
    query, key, _ = _parts(queries_keys_values, heads, 3)
    return _scores(query, key)


@selfatt_qk.shape
def _(params, queries_keys_values):
    _depth(queries_keys_values, params.heads, 3)
    length, batch, _ = queries_keys_values
    return {"out": (scaled(batch, params.heads), length, length)}


@op("_contrib_interleaved_matmul_selfatt_valatt")
def selfatt_valatt(queries_keys_values: Tensor, attention: Tensor, *, heads: Annotated[int, Range(1)]) -> Tensor:
    """Values of self-attention, weighted.

    `queries_keys_values` is (length, batch, heads * 3 * depth), `attention` (batch * heads, length, length), the
    result (length, batch, heads * depth). MXNet operator `_contrib_interleaved_matmul_selfatt_valatt`.

    >>> mx.nd.contrib.interleaved_matmul_selfatt_valatt(mx.nd.ones((5, 2, 24)), mx.nd.ones((8, 5, 5)), heads=4).shape
    (5, 2, 8)
    """
    return _weighted(attention, _parts(queries_keys_values, heads, 3)[2], heads)


@selfatt_valatt.shape
def _(params, queries_keys_values, attention=None):
    depth = _depth(queries_keys_values, params.heads, 3)
    length, batch, _ = queries_keys_values
    queries = length if attention is None else attention[1]
    return {"attention": (scaled(batch, params.heads), queries, length),
            "out": (queries, batch, scaled(depth, params.heads))}


@op("_contrib_interleaved_matmul_encdec_qk")
def encdec_qk(queries: Tensor, keys_values: Tensor, *, heads: Annotated[int, Range(1)]) -> Tensor:
    """Scores of attention between two sequences: query times key, divided by the square root of the depth.

    `queries` is (query length, batch, heads * depth), `keys_values` (key length, batch, heads * 2 * depth), the result
    (batch * heads, query length, key length). MXNet operator `_contrib_interleaved_matmul_encdec_qk`.

    >>> mx.nd.contrib.interleaved_matmul_encdec_qk(mx.nd.ones((3, 2, 8)), mx.nd.ones((5, 2, 16)), heads=4).shape
    (8, 3, 5)
    """
    (query,), (key, _) = _parts(queries, heads, 1), _parts(keys_values, heads, 2)
    return _scores(query, key)


@encdec_qk.shape
def _(params, queries, keys_values=None):
    _depth(queries, params.heads, 1)
    length, batch, width = queries
    keys = None
    if keys_values is not None:
        _depth(keys_values, params.heads, 2)
        keys = keys_values[0]
    return {"keys_values": (keys, batch, scaled(width, 2)), "out": (scaled(batch, params.heads), length, keys)}


@op("_contrib_interleaved_matmul_encdec_valatt")
def encdec_valatt(keys_values: Tensor, attention: Tensor, *, heads: Annotated[int, Range(1)]) -> Tensor:
    """Values of attention between two sequences, weighted.

    `keys_values` is (key length, batch, heads * 2 * depth), `attention` (batch * heads, query length, key length), the
    result (query length, batch, heads * depth). MXNet operator `_contrib_interleaved_matmul_encdec_valatt`.

    >>> mx.nd.contrib.interleaved_matmul_encdec_valatt(mx.nd.ones((5, 2, 16)), mx.nd.ones((8, 3, 5)), heads=4).shape
    (3, 2, 8)
    """
    return _weighted(attention, _parts(keys_values, heads, 2)[1], heads)


@encdec_valatt.shape
def _(params, keys_values, attention=None):
    depth = _depth(keys_values, params.heads, 2)
    length, batch, _ = keys_values
    queries = None if attention is None else attention[1]
    return {"attention": (scaled(batch, params.heads), queries, length),
            "out": (queries, batch, scaled(depth, params.heads))}
