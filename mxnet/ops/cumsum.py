# SPDX-License-Identifier: Apache-2.0
"""Running sums along an axis."""
from __future__ import annotations

import torch
from torch import Tensor

from .infer import complete, prod
from .registry import OperatorError, op


@op("_np_cumsum", "cumsum")
def cumsum(a: Tensor, *, axis: int | None = None, dtype: torch.dtype | None = None) -> Tensor:
    """The sums of all elements up to each one along `axis`: of the shape of `a`.

    Without `axis` the array is flattened first. `dtype` is that of the sums and of the result, the array's own by
    default (small integers wrap around). The gradient is the running sum of the head gradients from the other end.
    MXNet operator `_np_cumsum`.

    >>> mx.nd.cumsum(mx.nd.array([[1, 2], [3, 4]]), axis=0).asnumpy().tolist()
    [[1.0, 2.0], [4.0, 6.0]]
    """
    _check(axis, a.ndim)
    kind = a.dtype if dtype is None else dtype
    # cast first: sums of whole numbers have no gradient, as `Cast` to them has none
    return torch.cumsum((a.reshape(-1) if axis is None else a).to(kind), 0 if axis is None else axis, dtype=kind)


def _check(axis: int | None, ndim: int) -> None:
    if axis is not None and not -ndim <= axis < ndim:
        raise OperatorError(f"axis={axis} must be in [{-ndim}, {ndim}) for an array of {ndim} axes")


@cumsum.shape
def _(params, a=None, out=None):
    if params.axis is not None:
        known = a if a is not None else out
        if known is not None:
            _check(params.axis, len(known))
        return {"a": out, "out": a}
    return {"out": (prod(a),) if complete(a) else (None,)}


@cumsum.dtype
def _(params, a=None, out=None):
    return {"out": params.dtype} if params.dtype is not None else {"a": out, "out": a}
