# SPDX-License-Identifier: Apache-2.0
"""Embedding: rows of a table by their numbers."""
from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from ..indexing import added_rows
from ..params import Range
from ..registry import op


@op("Embedding", "_npx_embedding", "_sparse_Embedding")
def embedding(data: Tensor, weight: Tensor, *, input_dim: Annotated[int, Range(1)],
              output_dim: Annotated[int, Range(1)], dtype: torch.dtype = torch.float32,
              sparse_grad: bool = False) -> Tensor:
    """The rows of `weight` that `data` names: integer indices become vectors.

    `data` has any shape and dtype, `weight` is (input_dim, output_dim), and the output has the shape of `data` with
    one more axis of size `output_dim` at its end, and the dtype of `weight`. Indices are cut off to whole numbers;
    those outside of the table take its first or last row. `data` has no gradient.

    Parameters
    ----------
    input_dim : number of rows of the table
    output_dim : size of each row
    dtype : that of `weight`, where nothing else tells it
    sparse_grad : accepted; the gradient of `weight` is dense here

    >>> import mxnet as mx
    >>> table = mx.nd.array([[0, 1], [2, 3], [4, 5]])
    >>> mx.nd.Embedding(mx.nd.array([2, 0, 9]), table, input_dim=3, output_dim=2).asnumpy().tolist()
    [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]
    """
    return F.embedding(data.long().clamp(0, input_dim - 1), weight)


@op("_contrib_SparseEmbedding")
def sparse_embedding(data: Tensor, weight: Tensor, *, input_dim: Annotated[int, Range(1)],
                     output_dim: Annotated[int, Range(1)], dtype: torch.dtype = torch.float32,
                     sparse_grad: bool = False, deterministic: bool = False) -> Tensor:
    """The same as `Embedding`. `deterministic` is accepted; the result never depends on an order here.

    >>> import mxnet as mx
    >>> table = mx.nd.array([[0, 1], [2, 3]])
    >>> mx.nd.contrib.SparseEmbedding(mx.nd.array([1]), table, input_dim=2, output_dim=2).asnumpy().tolist()
    [[2.0, 3.0]]
    """
    return F.embedding(data.long().clamp(0, input_dim - 1), weight)


def _shapes(params, data=None, out=None):
    claims = {"weight": (params.input_dim, params.output_dim)}
    if data is not None:
        claims["out"] = (*data, params.output_dim)
    elif out:
        claims["data"] = out[:-1]
    return claims


def _dtypes(params, data, weight=None, out=None):
    kind = weight or out or params.dtype
    return {"weight": kind, "out": kind}


def _gradient(params, data, weight, head, needs, into):
    if "weight" not in needs:
        return {}
    return {"weight": added_rows(weight, data.long().clamp(0, params.input_dim - 1), head, into.get("weight"))}


for _made in (embedding, sparse_embedding):
    _made.direct(_gradient)
    _made.shape(_shapes)
    _made.dtype(_dtypes)
