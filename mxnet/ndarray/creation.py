# SPDX-License-Identifier: Apache-2.0
"""Making arrays: from data, and from a shape."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..base import MXNetAssertionError, MXNetAssertionTypeError, MXNetTypeError, MXNetValueError
from ..context import Context, current_context
from ..dtype import as_torch
from ..ops.registry import get
from .handle import NDArrayBase, tensor_on, wrap
from .invoke import invoke
from .ndarray import NDArray, context_of

__all__ = ["arange", "array", "concatenate", "empty", "eye", "from_dlpack", "from_numpy", "full", "histogram",
           "linspace", "moveaxis", "onehot_encode", "ones", "split_v2", "to_dlpack_for_read", "to_dlpack_for_write",
           "waitall", "zeros"]


def _context(ctx: Any) -> Context:
    if ctx is None:
        return current_context()
    return ctx if isinstance(ctx, Context) else Context.from_text(str(ctx))


def _shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (int, np.integer)):
        shape = (shape,)
    try:
        sizes = tuple(int(size) for size in shape)
    except (TypeError, ValueError):
        raise MXNetTypeError(f"a shape is an int or a tuple of ints, not {shape!r}") from None
    if any(size < 0 for size in sizes):
        raise MXNetValueError(f"sizes cannot be negative: {sizes}")
    return sizes


def array(source_array: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """An array with a copy of any array-like data: nested lists, numbers, NumPy arrays, NDArrays, torch tensors.

    Parameters
    ----------
    source_array : the data
    ctx : its context; default the current one
    dtype : default that of the source if it is an NDArray, else float32 (for NumPy arrays too, as in MXNet)

    Raises TypeError when the source is not array-like.

    >>> import mxnet as mx
    >>> mx.nd.array([[1, 2], [3, 4]]).dtype
    <class 'numpy.float32'>
    """
    place = _context(ctx)
    if isinstance(source_array, NDArrayBase):
        source_array = source_array._tensor
    elif not isinstance(source_array, torch.Tensor):
        dtype = np.float32 if dtype is None else dtype
        source_array = _tensor_from(source_array, as_torch(dtype))
    kind = source_array.dtype if dtype is None else as_torch(dtype)
    made = torch.empty(source_array.shape, dtype=kind, device=place.device)
    made.copy_(source_array.detach())
    return wrap(made, place)


def _tensor_from(source: Any, kind: torch.dtype) -> torch.Tensor:
    """A tensor on whatever NumPy makes of the source; arrays nested in lists are taken by value."""
    if isinstance(source, (list, tuple)) and source and isinstance(source[0], NDArrayBase):
        source = [item.asnumpy() for item in source]
    try:
        values = np.asarray(source)
        if values.dtype == object or values.dtype.kind in "USMm":
            raise TypeError
        return tensor_on(values)
    except (TypeError, ValueError):
        raise MXNetTypeError(f"source_array must be array like object, not {type(source).__name__} of "
                             f"non-numeric or ragged content") from None


def from_numpy(ndarray: np.ndarray, zero_copy: bool = True) -> NDArray:
    """An array on the memory of a NumPy array (`zero_copy`, the default), or on a copy of it.

    With `zero_copy` the NumPy array is made read-only, since the NDArray now owns the memory, as in MXNet. Memory that
    nobody may write, such as that of `bytes`, is copied.
    Raises ValueError when the memory is not C-contiguous.
    """
    if not isinstance(ndarray, np.ndarray):
        raise MXNetTypeError(f"from_numpy takes a NumPy array, not {type(ndarray).__name__}")
    if not zero_copy:
        return array(ndarray, dtype=ndarray.dtype)
    if not ndarray.flags["C_CONTIGUOUS"]:
        raise MXNetValueError("from_numpy with zero_copy needs C-contiguous memory; pass zero_copy=False")
    try:
        ndarray.flags.writeable = True            # it may come a second time
    except ValueError:                            # the memory is not to be written at all
        ndarray = ndarray.copy()
    tensor = torch.from_numpy(ndarray)
    ndarray.flags.writeable = False
    return wrap(tensor, Context("cpu", 0))


def from_dlpack(dlpack: Any) -> NDArray:
    """An array on the memory of a DLPack capsule, or of any object with `__dlpack__`."""
    try:
        tensor = torch.utils.dlpack.from_dlpack(dlpack)
    except RuntimeError as error:
        raise MXNetAssertionError(f"from_dlpack: no capsule that can be taken, or taken already ({error})") from error
    return wrap(tensor.detach(), context_of(tensor))


def to_dlpack_for_read(data: NDArray) -> Any:
    """A DLPack capsule on an array's memory, for reading."""
    return data.to_dlpack_for_read()


def to_dlpack_for_write(data: NDArray) -> Any:
    """A DLPack capsule on an array's memory, for writing."""
    return data.to_dlpack_for_write()


def empty(shape: Any, ctx: Any = None, dtype: Any = None) -> NDArray:
    """An array of a shape, values not set."""
    place = _context(ctx)
    return wrap(torch.empty(_shape(shape), dtype=as_torch(dtype), device=place.device), place)


def _filled(make: Any, shape: Any, ctx: Any, dtype: Any, out: Any) -> NDArray:
    if out is not None:
        return _write(out, make(_shape(shape), out._tensor.dtype if dtype is None else as_torch(dtype),
                                out._tensor.device))
    place = _context(ctx)
    return wrap(make(_shape(shape), as_torch(dtype), place.device), place)


def _write(out: NDArray, values: torch.Tensor) -> NDArray:
    if out._tensor.shape != values.shape:
        raise MXNetValueError(f"out= is {out.shape}, the result {tuple(values.shape)}")
    out._tensor.copy_(values)
    return out


def zeros(shape: Any, ctx: Any = None, dtype: Any = None, stype: str | None = None, out: Any = None,
          **kwargs: Any) -> NDArray:
    """An array of zeros.

    Parameters
    ----------
    shape : int or tuple
    ctx : default the current context
    dtype : default float32
    """
    if stype not in (None, "default"):
        return zeros(shape, ctx, dtype).tostype(stype)
    return _filled(lambda s, t, d: torch.zeros(s, dtype=t, device=d), shape, ctx, dtype, out)


def ones(shape: Any, ctx: Any = None, dtype: Any = None, out: Any = None, **kwargs: Any) -> NDArray:
    """An array of ones; arguments as in `zeros`."""
    return _filled(lambda s, t, d: torch.ones(s, dtype=t, device=d), shape, ctx, dtype, out)


def full(shape: Any, val: Any, ctx: Any = None, dtype: Any = np.float32, out: Any = None) -> NDArray:
    """An array of one value, or of the values of an array that broadcasts to `shape`; other arguments as in `zeros`."""
    if isinstance(val, (NDArrayBase, np.ndarray, list, tuple)):
        made = empty(shape, ctx, dtype) if out is None else out
        made[:] = val
        return made
    return _filled(lambda s, t, d: torch.full(s, val, dtype=t, device=d), shape, ctx, dtype, out)


def arange(start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: Any = None,
           ctx: Any = None, dtype: Any = np.float32) -> NDArray:
    """Evenly spaced values in [start, stop), each `repeat` times; with one bound, from 0 to it.

    >>> import mxnet as mx
    >>> mx.nd.arange(2, 6, step=2, repeat=2).asnumpy().tolist()
    [2.0, 2.0, 4.0, 4.0]
    """
    if stop is None:
        start, stop = 0, start
    return invoke(get("_arange"), (), dict(start=start, stop=stop, step=step, repeat=repeat, dtype=dtype,
                                           ctx=_context(ctx)))


def linspace(start: float, stop: float, num: int, endpoint: bool = True, ctx: Any = None,
             dtype: Any = np.float32) -> NDArray:
    """`num` evenly spaced values from `start` to `stop`, which is included if `endpoint`."""
    return invoke(get("_linspace"), (), dict(start=start, stop=stop, num=num, endpoint=endpoint, dtype=dtype,
                                             ctx=_context(ctx)))


def eye(N: int, M: int = 0, k: int = 0, ctx: Any = None, dtype: Any = None) -> NDArray:
    """Ones on the `k`-th diagonal of an N x M array (N x N when M is 0), zeros elsewhere."""
    return invoke(get("_eye"), (), dict(N=N, M=M, k=k, dtype=np.float32 if dtype is None else dtype,
                                        ctx=_context(ctx)))


def moveaxis(tensor: NDArray, source: Any, destination: Any) -> NDArray:
    """A copy with axes moved to other positions, the rest in order."""
    return invoke(get("transpose"), (tensor,), {"axes": _moved(tensor.ndim, source, destination)})


def _moved(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    origins, targets = (np.atleast_1d(axes).tolist() for axes in (source, destination))
    if len(origins) != len(targets):
        raise MXNetValueError(f"moveaxis: {source} and {destination} name different numbers of axes")
    for axis in (*origins, *targets):
        if not -ndim <= axis < ndim:
            raise MXNetValueError(f"moveaxis: axis {axis} is out of bounds for an array with {ndim} axes")
    origins, targets = [axis % ndim for axis in origins], [axis % ndim for axis in targets]
    if len(set(origins)) < len(origins) or len(set(targets)) < len(targets):
        raise MXNetValueError(f"moveaxis: an axis is named twice, in {source} or in {destination}")
    order = [axis for axis in range(ndim) if axis not in origins]
    for target, origin in sorted(zip(targets, origins)):
        order.insert(target, origin)
    return tuple(order)


def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Join arrays along an existing axis; a single one is returned as it is unless `always_copy`.

    Raises AssertionError for none, for what is no NDArray, and for shapes (except along the axis) or dtypes that
    differ.
    """
    if not arrays:
        raise MXNetAssertionError("concatenate needs at least one array")
    first = arrays[0]
    for array_ in arrays:
        if not isinstance(array_, NDArray):
            raise MXNetAssertionTypeError(f"concatenate takes a list of NDArrays, not of {type(array_).__name__}")
        alike = array_.ndim == first.ndim and all(
            size == wanted or at in (axis, axis + first.ndim)
            for at, (size, wanted) in enumerate(zip(array_.shape, first.shape)))
        if not alike or array_.dtype != first.dtype:
            raise MXNetAssertionError(f"concatenate along axis {axis}: {array_.dtype.__name__} {array_.shape} does not "
                                      f"fit {first.dtype.__name__} {first.shape}")
    if len(arrays) == 1 and not always_copy:
        return arrays[0]
    return invoke(get("Concat"), tuple(arrays), {"dim": axis})


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Write one-hot rows for `indices` (n,) into `out` (n, depth)."""
    return _write(out, torch.nn.functional.one_hot(indices._tensor.long(), out.shape[1]))


def split_v2(ary: NDArray, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> list[NDArray]:
    """Split into equal sections (an int) or at the given positions (a tuple) along an axis."""
    if isinstance(indices_or_sections, int):
        given = dict(indices=(), sections=indices_or_sections)
        if ary.shape[axis] % indices_or_sections:
            raise MXNetValueError(f"split_v2: axis {axis} of size {ary.shape[axis]} does not divide into "
                                  f"{indices_or_sections} equal sections")
    else:
        given = dict(indices=(0, *indices_or_sections), sections=0)
    return invoke(get("_split_v2"), (ary,), dict(given, axis=axis, squeeze_axis=squeeze_axis))


def histogram(a: NDArray, bins: int | NDArray = 10, range: tuple[float, float] | None = None) -> list[NDArray]:
    """Counts of the values of `a` (int64) in `bins` parts of equal width of `range`, or between given edges; and the
    edges.

    Without `range`, it goes from the smallest to the greatest value. Raises TypeError for other bins.

    >>> import mxnet as mx
    >>> count, edges = mx.nd.histogram(mx.nd.array([0, 1, 1, 3]), bins=3)
    >>> count.asnumpy().tolist(), edges.asnumpy().tolist()
    ([1, 2, 1], [0.0, 1.0, 2.0, 3.0])
    """
    if isinstance(bins, NDArrayBase):
        return invoke(get("_histogram"), (a, bins), {})
    if not isinstance(bins, (int, np.integer)):
        raise MXNetTypeError(f"histogram: bins is a whole number or an NDArray of edges, not {type(bins).__name__}")
    if range is None:
        range = (float(a._tensor.min()), float(a._tensor.max()))
    return invoke(get("_histogram"), (a,), {"bin_cnt": int(bins), "range": range})


def waitall() -> None:
    """Return once all work given to all devices is done."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()
