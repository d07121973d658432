# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.sparse`: storage other than dense is not built. Operators work on dense arrays, as in MXNet; what makes a
sparse array raises MXNetNotImplementedError."""
from __future__ import annotations

from typing import Any

from ..base import MXNetNotImplementedError, MXNetValueError
from . import creation
from .arithmetic import mixed_functions
from .generate import FUNCTIONS
from .ndarray import NDArray

# The operators that MXNet shows here.
OPERATORS = (
    "ElementWiseSum Embedding FullyConnected LinearRegressionOutput LogisticRegressionOutput MAERegressionOutput abs "
    "adagrad_update adam_update add_n arccos arccosh arcsin arcsinh arctan arctanh broadcast_add broadcast_div "
    "broadcast_minus broadcast_mul broadcast_plus broadcast_sub cast_storage cbrt ceil clip concat cos cosh degrees "
    "dot elemwise_add elemwise_div elemwise_mul elemwise_sub exp expm1 fix floor ftrl_update gamma gammaln log log10 "
    "log1p log2 make_loss mean negative norm radians relu retain rint round rsqrt sgd_mom_update sgd_update sigmoid "
    "sign sin sinh slice sqrt square stop_gradient sum tan tanh trunc where zeros_like").split()


def operators(functions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Of a front end's functions, those that belong here: the sparse ones, else the dense of the same name."""
    dense = {name: functions["op"][name] for name in OPERATORS if name in functions["op"]}
    return {**dense, **functions["sparse"]}


def _refuse(what: str) -> MXNetNotImplementedError:
    return MXNetNotImplementedError(f"{what}: sparse storage (row_sparse, csr) is not built; use dense arrays")


class BaseSparseNDArray(NDArray):
    """The base of sparse arrays; there are none, so that `isinstance` is false for every array."""

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise _refuse(type(self).__name__)


class CSRNDArray(BaseSparseNDArray):
    """A matrix in compressed row storage: not built."""

    __slots__ = ()


class RowSparseNDArray(BaseSparseNDArray):
    """An array of which some rows are stored: not built."""

    __slots__ = ()


def csr_matrix(arg1: Any, shape: Any = None, ctx: Any = None, dtype: Any = None) -> Any:
    """Raises MXNetNotImplementedError."""
    raise _refuse("csr_matrix")


def row_sparse_array(arg1: Any, shape: Any = None, ctx: Any = None, dtype: Any = None) -> Any:
    """Raises MXNetNotImplementedError."""
    raise _refuse("row_sparse_array")


def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> Any:
    """Raises MXNetNotImplementedError: it makes sparse arrays from sparse ones."""
    raise _refuse("sparse.array")


def _dense(stype: str, what: str) -> None:
    if stype in ("row_sparse", "csr"):
        raise _refuse(f"{what} with stype {stype!r}")
    if stype != "default":
        raise MXNetValueError(f"{what}: stype is 'default', 'row_sparse' or 'csr', not {stype!r}")


def zeros(stype: str, shape: Any, ctx: Any = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """Zeros of a storage type; of "default" alone."""
    _dense(stype, "zeros")
    return creation.zeros(shape, ctx=ctx, dtype=dtype, **kwargs)


def empty(stype: str, shape: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """An array of a storage type; of "default" alone."""
    _dense(stype, "empty")
    return creation.empty(shape, ctx=ctx, dtype=dtype)


globals().update(operators(FUNCTIONS))
globals().update({name: made for name, made in mixed_functions().items()
                  if name in ("add", "subtract", "multiply", "divide")})
