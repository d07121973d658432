# SPDX-License-Identifier: Apache-2.0
"""Arrays for tests: random shapes and values, matrices with known properties. NumPy's global generator draws them."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import MXNetAssertionError, MXNetNotImplementedError, MXNetValueError
from ..context import Context, current_context
from ..ndarray import NDArray, arange, array, eye

__all__ = ["assign_each", "assign_each2", "collapse_sum_like", "create_2d_tensor", "create_sparse_array",
           "create_sparse_array_zd", "create_vector", "default_context", "default_dtype", "get_identity_mat",
           "get_identity_mat_batch", "new_matrix_with_real_eigvals_2d", "new_matrix_with_real_eigvals_nd",
           "new_orthonormal_matrix_2d", "new_sym_matrix_with_real_eigvals_2d", "new_sym_matrix_with_real_eigvals_nd",
           "np_reduce", "rand_coord_2d", "rand_ndarray", "rand_shape_2d", "rand_shape_3d", "rand_shape_nd",
           "rand_sparse_ndarray", "random_arrays", "random_sample", "random_uniform_arrays", "set_default_context",
           "shuffle_csr_column_indices"]


def default_context() -> Context:
    """The context that arrays are made in when none is given."""
    return current_context()


def set_default_context(ctx: Context) -> None:
    """Make a context the default one of this thread."""
    Context._default.value = ctx


def default_dtype() -> type:
    """float32."""
    return np.float32


# ---- shapes -----------------------------------------------------------------------------------------

def rand_shape_nd(num_dim: int, dim: int = 10, allow_zero_size: bool = False) -> tuple[int, ...]:
    """A random shape; sizes are from 1 (0 if allowed) to `dim`."""
    return tuple(int(size) for size in np.random.randint(int(not allow_zero_size), dim + 1, size=num_dim))


def rand_shape_2d(dim0: int = 10, dim1: int = 10, allow_zero_size: bool = False) -> tuple[int, int]:
    """A random shape of two axes, of at most these sizes."""
    low = int(not allow_zero_size)
    return int(np.random.randint(low, dim0 + 1)), int(np.random.randint(low, dim1 + 1))


def rand_shape_3d(dim0: int = 10, dim1: int = 10, dim2: int = 10,
                  allow_zero_size: bool = False) -> tuple[int, int, int]:
    """A random shape of three axes, of at most these sizes."""
    low = int(not allow_zero_size)
    return (*rand_shape_2d(dim0, dim1, allow_zero_size), int(np.random.randint(low, dim2 + 1)))


def rand_coord_2d(x_low: int, x_high: int, y_low: int, y_high: int) -> tuple[int, int]:
    """A random point with `x_low <= x < x_high`, `y_low <= y < y_high`."""
    return int(np.random.randint(x_low, x_high)), int(np.random.randint(y_low, y_high))


# ---- values -----------------------------------------------------------------------------------------

def random_arrays(*shapes: tuple[int, ...]) -> Any:
    """Standard normal NumPy arrays of these shapes, float32: a list, or one for one shape."""
    arrays: list[Any] = [np.array(np.random.randn(*shape), dtype=default_dtype()) for shape in shapes]
    return arrays if len(arrays) > 1 else arrays[0]


def random_uniform_arrays(*shapes: tuple[int, ...], **kwargs: Any) -> list[np.ndarray]:
    """Uniform NumPy arrays of these shapes; `low` (0.0), `high` (1.0), `dtype` (float32)."""
    low, high = kwargs.pop("low", 0.0), kwargs.pop("high", 1.0)
    dtype = kwargs.pop("dtype", default_dtype())
    if kwargs:
        raise MXNetValueError(f"random_uniform_arrays: got unexpected argument {sorted(kwargs)}")
    return [np.random.uniform(low, high, size=shape).astype(dtype) for shape in shapes]


def random_sample(population: Sequence[Any], k: int) -> list[Any]:
    """`k` of the items, in random order."""
    items = list(population)
    np.random.shuffle(items)
    return items[:k]


def rand_ndarray(shape: tuple[int, ...], stype: str = "default", density: float | None = None, dtype: Any = None,
                 modifier_func: Callable[[Any], Any] | None = None, shuffle_csr_indices: bool = False,
                 distribution: str | None = None, ctx: Context | None = None) -> NDArray:
    """A standard normal array; `dtype` defaults to float32. Other storage than `"default"` is not built.

    >>> import mxnet as mx
    >>> mx.test_utils.rand_ndarray((2, 3)).shape
    (2, 3)
    """
    if stype != "default":
        _no_sparse(f"rand_ndarray(stype={stype!r})")
    return array(random_arrays(shape), ctx=ctx, dtype=default_dtype() if dtype is None else dtype)


def _no_sparse(what: str) -> Any:
    raise MXNetNotImplementedError(f"test_utils: {what} needs sparse arrays, which are not built yet")


def rand_sparse_ndarray(shape: tuple[int, ...], stype: str, density: float | None = None, dtype: Any = None,
                        distribution: str | None = None, data_init: Any = None, rsp_indices: Any = None,
                        modifier_func: Any = None, shuffle_csr_indices: bool = False, ctx: Any = None) -> Any:
    """Not built: sparse arrays."""
    _no_sparse("rand_sparse_ndarray")


def create_sparse_array(shape: tuple[int, ...], stype: str, data_init: Any = None, rsp_indices: Any = None,
                        dtype: Any = None, modifier_func: Any = None, density: float = 0.5,
                        shuffle_csr_indices: bool = False) -> Any:
    """Not built: sparse arrays."""
    _no_sparse("create_sparse_array")


def create_sparse_array_zd(shape: tuple[int, ...], stype: str, density: float, data_init: Any = None,
                           rsp_indices: Any = None, dtype: Any = None, modifier_func: Any = None,
                           shuffle_csr_indices: bool = False) -> Any:
    """Not built: sparse arrays."""
    _no_sparse("create_sparse_array_zd")


def shuffle_csr_column_indices(csr: Any) -> Any:
    """Not built: sparse arrays."""
    _no_sparse("shuffle_csr_column_indices")


def create_vector(size: int, dtype: Any = np.int64) -> NDArray:
    """0, 1, ..., size - 1."""
    return arange(0, size, dtype=dtype)


def create_2d_tensor(rows: int, columns: int, dtype: Any = np.int64) -> NDArray:
    """An array (rows, columns) of each row's number."""
    return array(np.broadcast_to(np.arange(rows)[:, None], (rows, columns)), dtype=dtype)


# ---- matrices ---------------------------------------------------------------------------------------

def get_identity_mat(size: int) -> NDArray:
    """The identity, float32."""
    return eye(size)


def get_identity_mat_batch(size: int) -> NDArray:
    """Two identities, (2, size, size)."""
    return array(np.stack([np.identity(size, dtype=np.float32)] * 2))


def new_matrix_with_real_eigvals_2d(n: int) -> np.ndarray:
    """A random matrix (n, n) with real eigenvalues: `q @ diag(w) @ inv(q)`."""
    base, values = np.random.uniform(-1.0, 1.0, (n, n)) + n * np.identity(n), np.random.uniform(-10.0, 10.0, n)
    return base @ np.diag(values) @ np.linalg.inv(base)


def new_sym_matrix_with_real_eigvals_2d(n: int) -> np.ndarray:
    """A random symmetric matrix (n, n)."""
    base = np.random.uniform(-10.0, 10.0, (n, n))
    return (base + base.T) / 2


def new_orthonormal_matrix_2d(n: int) -> np.ndarray:
    """A random orthonormal matrix (n, n)."""
    return np.linalg.qr(np.random.randn(n, n))[0]


def _stacked(make: Callable[[int], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise MXNetValueError(f"matrices are square: a shape ends in twice the same size, not {shape}")
    count = int(np.prod(shape[:-2]))
    matrices = [make(shape[-1]) for _ in range(count)]
    return np.array(matrices).reshape(shape)


def new_matrix_with_real_eigvals_nd(shape: tuple[int, ...]) -> np.ndarray:
    """Random matrices (..., n, n) with real eigenvalues."""
    return _stacked(new_matrix_with_real_eigvals_2d, shape)


def new_sym_matrix_with_real_eigvals_nd(shape: tuple[int, ...]) -> np.ndarray:
    """Random symmetric matrices (..., n, n)."""
    return _stacked(new_sym_matrix_with_real_eigvals_2d, shape)


# ---- references -------------------------------------------------------------------------------------

def np_reduce(dat: np.ndarray, axis: Any, keepdims: Any, numpy_reduce_func: Callable[..., Any]) -> np.ndarray:
    """A NumPy reduction over one, several or (None) all axes."""
    axes = range(dat.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(sorted(one % dat.ndim for one in axes))
    result = dat
    for one in reversed(axes):
        result = numpy_reduce_func(result, axis=one)
    return result.reshape([1 if i in axes else size for i, size in enumerate(dat.shape)]) if keepdims else result


def collapse_sum_like(a: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum `a` down to a shape that broadcasts to its own: the gradient of broadcasting."""
    lead = a.ndim - len(shape)
    if lead < 0 or any(size not in (1, own) for size, own in zip(shape, a.shape[lead:])):
        raise MXNetAssertionError(f"{shape} does not broadcast to {a.shape}")
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size != a.shape[lead + i]))
    return a.sum(axis=axes).reshape(shape)


def assign_each(the_input: np.ndarray, function: Callable[[Any], Any] | None) -> np.ndarray:
    """`function` of each element, float64; the array itself for None."""
    return np.array(the_input) if function is None else np.vectorize(function, otypes=[np.float64])(the_input)


def assign_each2(input1: np.ndarray, input2: np.ndarray, function: Callable[[Any, Any], Any] | None) -> np.ndarray:
    """`function` of each pair of elements, float64; the first array for None."""
    return np.array(input1) if function is None else \
        np.vectorize(function, otypes=[np.float64])(input1, input2)
