# SPDX-License-Identifier: Apache-2.0
"""Comparing arrays: tolerances by dtype, and assertions that show where arrays differ most.

Without tolerances given, those of the less precise of the two dtypes count. An error of 1 is just at the bound
`atol + rtol * |b|`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..base import MXNetError
from ..ndarray import NDArray

__all__ = ["almost_equal", "assert_allclose", "assert_almost_equal", "assert_almost_equal_ignore_nan",
           "assert_almost_equal_with_err", "assert_exception", "checkShapes", "compare_ndarray_tuple", "default_atols",
           "default_numeric_eps", "default_rtols", "effective_dtype", "get_atol", "get_etol", "get_rtol",
           "get_tolerance", "get_tols", "locationError", "same", "same_array", "same_symbol_structure"]

_FLOAT64 = np.dtype(np.float64)
_EXACT = ("bool", "int8", "uint8", "int32", "uint32", "int64", "uint64")
_RTOLS = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-5}
_ATOLS = {"float16": 1e-1, "float32": 1e-3, "float64": 1e-20}
# steps of finite differences: powers of two, near the square root of the dtype's precision
_STEPS = {"float16": 2.0 ** -6, "float32": 2.0 ** -9, "float64": 2.0 ** -14}

Names = Sequence[str]


class DifferenceError(MXNetError, AssertionError):
    """Arrays differ by more than the tolerance."""


def _by_dtype(floats: Mapping[str, float], exact: bool = True) -> dict[np.dtype, float]:
    table: dict[np.dtype, float] = {np.dtype(name): value for name, value in floats.items()}
    return table | ({np.dtype(name): 0 for name in _EXACT} if exact else {})


def default_rtols() -> dict[np.dtype, float]:
    """Default relative tolerances by dtype."""
    return _by_dtype(_RTOLS)


def default_atols() -> dict[np.dtype, float]:
    """Default absolute tolerances by dtype."""
    return _by_dtype(_ATOLS)


def default_numeric_eps() -> dict[np.dtype, float]:
    """Default steps of finite differences by dtype."""
    return _by_dtype(_STEPS, exact=False)


def get_rtol(rtol: float | None = None, dtype: Any = _FLOAT64) -> float:
    """`rtol`, or the dtype's default."""
    return default_rtols()[np.dtype(dtype)] if rtol is None else rtol


def get_atol(atol: float | None = None, dtype: Any = _FLOAT64) -> float:
    """`atol`, or the dtype's default."""
    return default_atols()[np.dtype(dtype)] if atol is None else atol


def get_etol(etol: float | None = None) -> float:
    """`etol` (the share of elements that may differ), or 0."""
    return 0 if etol is None else etol


def effective_dtype(dat: Any) -> np.dtype:
    """The dtype whose precision an array's values have."""
    return np.dtype(dat.dtype)


def get_tolerance(dat: Any, tol: Any, default_tol: Mapping[np.dtype, float]) -> float:
    """A tolerance for an array: `tol`, which is a number, a dict by dtype, or None; then from `default_tol`."""
    if isinstance(tol, (int, float, np.number)):
        return float(tol)
    dtype = effective_dtype(dat)
    found = (tol or {}).get(dtype)
    return default_tol.get(dtype, 0) if found is None else found


def get_tols(x: Any, y: Any, rtol: Any, atol: Any) -> tuple[float, float]:
    """(rtol, atol) for two arrays or numbers: the larger of theirs. Numbers add no tolerance of their own."""
    arrays = [one for one in (x, y) if hasattr(one, "dtype")]

    def larger(tol: Any, defaults: Mapping[np.dtype, float]) -> float:
        if isinstance(tol, (int, float, np.number)):
            return float(tol)
        return max((get_tolerance(one, tol, defaults) for one in arrays), default=0)
    return larger(rtol, default_rtols()), larger(atol, default_atols())


def _numpy(value: Any) -> np.ndarray:
    return value.asnumpy() if isinstance(value, NDArray) else np.asarray(value)


def same(a: Any, b: Any) -> bool:
    """Whether two NumPy arrays are equal in shape and every value."""
    return np.array_equal(a, b)


def same_array(array1: NDArray, array2: NDArray) -> bool:
    """Whether two arrays share their memory: a change of one shows in the other. Both keep their values."""
    if not same(array1.asnumpy(), array2.asnumpy()):
        return False
    array1._tensor.add_(1)
    shared = same(array1.asnumpy(), array2.asnumpy())
    array1._tensor.sub_(1)
    return shared and same(array1.asnumpy(), array2.asnumpy())


def same_symbol_structure(sym1: Any, sym2: Any) -> bool:
    """Whether two graphs have the same operators and shape of graph, whatever their names."""
    import json
    first, second = (json.loads(sym.tojson()) for sym in (sym1, sym2))
    return first["heads"] == second["heads"] and \
        [(n["op"], n["inputs"]) for n in first["nodes"]] == [(n["op"], n["inputs"]) for n in second["nodes"]]


def almost_equal(a: Any, b: Any, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
                 use_broadcast: bool = True) -> bool:
    """Whether arrays agree within tolerances, float64's by default.

    >>> import mxnet as mx
    >>> mx.test_utils.almost_equal(mx.nd.ones(3).asnumpy(), 1.05, rtol=0.1)
    True
    """
    a, b = _numpy(a), _numpy(b)
    if not use_broadcast and a.shape != b.shape:
        return False
    return bool(np.allclose(a, b, rtol=get_rtol(rtol), atol=get_atol(atol), equal_nan=equal_nan))


def _violations(a: np.ndarray, b: np.ndarray, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    """Errors in units of the tolerance; 0 where equal, NaN where only one is NaN (or both, unless allowed)."""
    if a.dtype == bool or b.dtype == bool:
        a, b = a.astype(np.int8), b.astype(np.int8)
    a, b = (x.astype(np.float64) if x.dtype.kind in "fiu" else x for x in (a, b))
    with np.errstate(all="ignore"):
        errors = np.abs(a - b) / (atol + rtol * np.abs(b) + np.finfo(np.float64).tiny)
    errors = np.where(a == b, 0.0, errors)
    return np.where(np.isnan(a) & np.isnan(b), 0.0, errors) if equal_nan else errors


def assert_almost_equal(a: Any, b: Any, rtol: Any = None, atol: Any = None, names: Names = ("a", "b"),
                        equal_nan: bool = False, use_broadcast: bool = True, mismatches: Any = (10, 10)) -> None:
    """Raise AssertionError unless arrays agree within `atol + rtol * |b|`.

    Parameters
    ----------
    a, b : NDArrays, NumPy arrays or numbers
    rtol, atol : numbers, dicts by dtype, or None for the dtypes' defaults
    names : for the message
    equal_nan : whether NaNs at one place are equal
    use_broadcast : whether shapes may differ and broadcast
    mismatches : (largest size at which all errors are listed, how many of larger arrays)

    >>> import numpy as np, mxnet as mx
    >>> mx.test_utils.assert_almost_equal(mx.nd.ones(3), np.ones(3))
    """
    assert_almost_equal_with_err(a, b, rtol, atol, 0, names, equal_nan, mismatches, _use_broadcast=use_broadcast)


def assert_almost_equal_with_err(a: Any, b: Any, rtol: Any = None, atol: Any = None, etol: float | None = None,
                                 names: Names = ("a", "b"), equal_nan: bool = False, mismatches: Any = (10, 10), *,
                                 _use_broadcast: bool = True) -> None:
    """As `assert_almost_equal`, but a share `etol` of the elements may differ."""
    rtol, atol = get_tols(a, b, rtol, atol)
    a, b = _numpy(a), _numpy(b)
    if not _use_broadcast:
        checkShapes(a, b)
    a, b = np.broadcast_arrays(a, b)
    errors = _violations(a, b, rtol, atol, equal_nan)
    wrong = ~(errors <= 1)                                                # so that NaN is wrong
    share = float(wrong.mean()) if wrong.size else 0.0
    if share <= get_etol(etol):
        return
    order = np.argsort(np.where(np.isnan(errors), np.inf, errors), axis=None)[::-1]
    count = errors.size if errors.size <= mismatches[0] else mismatches[1]
    lines = [f"  {errors.flat[i]:g} at {locationError(a, b, np.unravel_index(i, errors.shape), names)}"
             for i in order[:max(count, 1)] if wrong.flat[i]]
    raise DifferenceError(f"{names[0]} and {names[1]} differ in {share:.4%} of {errors.size} elements (rtol={rtol:g}, "
                          f"atol={atol:g}); the largest errors, in units of the tolerance:\n" + "\n".join(lines))


def assert_almost_equal_ignore_nan(a: Any, b: Any, rtol: Any = None, atol: Any = None,
                                   names: Names = ("a", "b")) -> None:
    """As `assert_almost_equal`, leaving out places where either is NaN."""
    a, b = np.copy(_numpy(a)), np.copy(_numpy(b))
    hidden = np.isnan(a) | np.isnan(b)
    a[hidden] = b[hidden] = 0
    assert_almost_equal(a, b, rtol, atol, names)


def assert_allclose(a: Any, b: Any, rtol: float = 1e-07, atol: float = 0, equal_nan: bool = True) -> None:
    """`numpy.testing.assert_allclose` of NDArrays or NumPy arrays."""
    np.testing.assert_allclose(_numpy(a), _numpy(b), rtol=rtol, atol=atol, equal_nan=equal_nan)


def checkShapes(a: Any, b: Any) -> None:
    """Raise AssertionError unless shapes are the same."""
    if a.shape != b.shape:
        raise DifferenceError(f"shapes differ: {a.shape} and {b.shape}")


def locationError(a: np.ndarray, b: np.ndarray, index: Any, names: Names, maxError: bool = False) -> str:
    """Text of the values of two arrays at an index."""
    place = tuple(int(i) for i in index)
    return f"{'maximum error at ' if maxError else ''}{place}: {names[0]}={a[place]:.8f}, {names[1]}={b[place]:.8f}"


def compare_ndarray_tuple(t1: Any, t2: Any, rtol: Any = None, atol: Any = None) -> None:
    """Assert that two states of an optimizer agree: None, arrays, or (nested) tuples of them."""
    if t1 is None or t2 is None:
        return
    if isinstance(t1, tuple):
        for one, other in zip(t1, t2):
            compare_ndarray_tuple(one, other, rtol, atol)
    else:
        assert_almost_equal(t1, t2, rtol=rtol, atol=atol)


def assert_exception(f: Callable[..., Any], exception_type: type[BaseException], *args: Any, **kwargs: Any) -> None:
    """Raise AssertionError unless `f(*args, **kwargs)` raises this exception."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise DifferenceError(f"{getattr(f, '__name__', f)} did not raise {exception_type.__name__}")
