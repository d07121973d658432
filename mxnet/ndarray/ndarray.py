# SPDX-License-Identifier: Apache-2.0
"""NDArray: a mutable array on a device, a thin handle on a torch tensor.

Arithmetic, methods named after operators (`x.sum(axis=1)`) and in-place forms are put on the class by
`mxnet.ndarray.generate`, from the operators' declarations.
"""
from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from .._old_names import lend
from ..base import MXNetAssertionError, MXNetError, MXNetTypeError, MXNetValueError
from ..context import Context
from ..dtype import NUMPY, as_torch
from ..ops.reshape_codes import resolve_shape
from . import indexing
from .handle import NDArrayBase, set_class, wrap
from .invoke import counter

__all__ = ["NDArray"]


@functools.lru_cache(maxsize=4096)
def _resolved(shape: tuple[int, ...], codes: tuple[int, ...], reverse: bool) -> tuple[int, ...]:
    """The sizes that the codes of `reshape` mean. Raises MXNetValueError unless they hold as many elements."""
    target = tuple([size or 0 for size in resolve_shape(tuple(shape), tuple(map(int, codes)), reverse)])
    if math.prod(target) != math.prod(shape):
        raise MXNetValueError(f"Cannot reshape array of size {math.prod(shape)} into shape {tuple(codes)}")
    return target


class NDArray(NDArrayBase):
    """A multi-dimensional array of one element type, on one context.

    Made by `mx.nd.array`, `zeros`, `ones`, ... and by every operator; not by calling the class. Handles are mutable:
    `x[:] = 1`, `x += y` and `out=x` change the values that every holder of the handle (and of a view of it) sees.

    >>> import mxnet as mx
    >>> x = mx.nd.array([[1, 2, 3], [4, 5, 6]])
    >>> (x + mx.nd.ones(x.shape) * 3).asnumpy().tolist()
    [[4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]
    """

    __slots__ = ()
    __array_priority__ = 1000.0

    def __new__(cls, handle: Any = None, writable: bool = True) -> NDArray:
        made = object.__new__(cls)
        if handle is not None:
            if not isinstance(handle, torch.Tensor):
                raise MXNetTypeError(f"NDArray wraps a torch.Tensor, not a {type(handle).__name__}; "
                                     f"use mx.nd.array for other data")
            made._tensor, made._ctx, made._entry = handle.detach(), context_of(handle), None
        return made

    # ---- attributes -----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(self._tensor.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._tensor.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._tensor.numel()

    @property
    def dtype(self) -> Any:
        """NumPy's scalar class of the elements, such as `numpy.float32`."""
        return NUMPY[self._tensor.dtype]

    @property
    def context(self) -> Context:
        """The context that holds the values."""
        return self._ctx

    ctx = context

    @property
    def stype(self) -> str:
        """Storage type: `"default"`, which is dense."""
        return "default"

    @property
    def handle(self) -> torch.Tensor:
        """The torch tensor that holds the values: writing to it writes to this array."""
        return self._tensor

    @property
    def writable(self) -> bool:
        """Whether the values can be changed: always."""
        return True

    @property
    def T(self) -> NDArray:
        """A copy with the axes reversed."""
        if counter.recording_threads:
            from . import generate
            return generate.function("transpose")(self)
        reversed_axes = self._tensor.permute(*reversed(range(self.ndim)))
        return wrap(reversed_axes.clone(memory_format=torch.contiguous_format), self._ctx)

    @property
    def grad(self) -> NDArray | None:
        """The gradient buffer that `attach_grad` made, or None."""
        from ..autograd import gradient_of
        return gradient_of(self)

    @property
    def _fresh_grad(self) -> bool:
        """Whether a backward pass has filled the gradient buffer since this was last set to False."""
        return self._entry is not None and self._entry.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, state: bool) -> None:
        if self._entry is None:
            raise MXNetError("this array has no gradient buffer: call attach_grad first")
        self._entry.fresh = bool(state)

    # ---- conversion -----------------------------------------------------------------------------

    def asnumpy(self) -> np.ndarray:
        """A NumPy array with a copy of the values (bfloat16 as float32, which NumPy has instead)."""
        tensor = self._tensor
        if tensor.dtype is torch.bfloat16:
            tensor = tensor.float()
        return np.array(tensor.cpu().numpy(), copy=True)

    def asscalar(self) -> Any:
        """The only element, as a NumPy scalar. Raises ValueError unless there is exactly one."""
        if self._tensor.numel() != 1:
            raise MXNetValueError(f"The current array is not a scalar: its shape is {self.shape}")
        kind = NUMPY[self._tensor.dtype]
        return np.float32(self._tensor.item()) if kind is torch.bfloat16 else kind(self._tensor.item())

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.asscalar().item()

    def tolist(self) -> Any:
        """The values as nested lists."""
        return self._tensor.tolist()

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The values converted to another dtype; the array itself when `copy` is False and nothing changes."""
        kind = as_torch(dtype)
        if not copy and kind is self._tensor.dtype:
            return self
        from . import generate
        return generate.function("Cast")(self, dtype=kind)

    def copy(self) -> NDArray:
        """A copy on the same context."""
        return self.copyto(self._ctx)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copy the values into another array of this shape (converting the dtype), or to a context.

        Returns the target. Raises MXNetError when shapes differ, TypeError for other targets.
        """
        if isinstance(other, NDArrayBase):
            if other is self:
                warnings.warn("You are attempting to copy an array to itself", RuntimeWarning, stacklevel=2)
                return False                                            # type: ignore[return-value]
            if other._tensor.shape != self._tensor.shape:
                raise MXNetValueError(f"copyto: the target is {other.shape}, the array {self.shape}")
            if counter.recording_threads:
                other._replace(self, True)
            else:
                other._tensor.copy_(self._tensor)
            return other
        if isinstance(other, Context):
            if counter.recording_threads:
                from . import generate
                made = generate.function("_copy")(self)
                made._ctx, made._tensor = other, made._tensor.to(other.device)
                return made
            return wrap(self._tensor.to(other.device, copy=True, memory_format=torch.contiguous_format), other)
        raise MXNetTypeError(f"copyto does not support type {type(other)}; give an NDArray or a Context")

    def as_in_context(self, context: Context) -> NDArray:
        """This array if it is on that context already, else a copy there."""
        return self if self._ctx == context else self.copyto(context)

    as_in_ctx = as_in_context

    def as_nd_ndarray(self) -> NDArray:
        """This array: it is of the classic kind already."""
        return self

    def tostype(self, stype: str) -> NDArray:
        """This array as `"default"` storage. Sparse kinds raise MXNetNotImplementedError."""
        from . import generate
        return generate.function("cast_storage")(self, stype=stype)

    def detach(self) -> NDArray:
        """A handle on the same values that is not part of any recorded computation."""
        return wrap(self._tensor, self._ctx)

    # ---- shape ----------------------------------------------------------------------------------

    def reshape(self, *shape: Any, **kwargs: Any) -> NDArray:
        """A view of the values in another shape.

        Sizes may be MXNet's codes: 0 keeps the axis, -1 is what is left, -2 keeps all remaining axes, -3 merges two,
        -4 splits one into the next two sizes. `reverse=True` matches from the right.

        >>> import mxnet as mx
        >>> mx.nd.zeros((2, 3, 4)).reshape((0, -1)).shape
        (2, 12)
        """
        if len(shape) == 1 and isinstance(shape[0], (list, tuple)):
            shape = tuple(shape[0])
        elif not shape:
            shape = kwargs.pop("shape", None)
            if shape is None:
                raise MXNetAssertionError("reshape: the new shape must be given")
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
        reverse = kwargs.pop("reverse", False)
        if kwargs:
            raise MXNetTypeError(f"reshape takes shape and reverse, not {', '.join(kwargs)}")
        if counter.recording_threads:
            from . import generate
            return generate.function("Reshape")(self, shape=shape, reverse=reverse)
        return self._view(_resolved(self._tensor.shape, shape, bool(reverse)))

    def _view(self, shape: tuple[int, ...]) -> NDArray:
        if not self._tensor.is_contiguous():
            self._tensor = self._tensor.contiguous()
        return wrap(self._tensor.view(shape), self._ctx)

    def expand_dims(self, axis: int, inplace: bool = False) -> NDArray:
        """A copy (or with `inplace` a view) with an axis of size 1 put in at `axis`."""
        if not inplace:
            from . import generate
            return generate.function("expand_dims")(self, axis=axis)
        if not -self.ndim - 1 <= axis <= self.ndim:
            raise MXNetAssertionError(f"expand_dims: axis={axis} is out of range for {self.ndim} axes and a new one")
        return self._view(tuple(self._tensor.unsqueeze(axis).shape))

    def flatten(self, inplace: bool = False) -> NDArray:
        """A copy (or with `inplace` a view) of shape (first axis, all others)."""
        if not inplace:
            from . import generate
            return generate.function("Flatten")(self)
        return self.reshape((0, -1))

    def squeeze(self, axis: Any = None, inplace: bool = False) -> NDArray:
        """A copy (or with `inplace` a view) without the axes of size 1, or without those named."""
        from . import generate
        try:
            made = generate.function("squeeze")(self, axis=axis)
        except MXNetValueError as error:
            if not inplace:
                raise
            raise MXNetAssertionError(str(error)) from error
        return self._view(made.shape) if inplace else made

    def broadcast_to(self, shape: Any) -> NDArray:
        """A copy repeated along axes of size 1 (and new leading axes) to `shape`; 0 keeps a size."""
        wanted = (shape,) if isinstance(shape, int) else tuple(shape)
        source = self if len(wanted) == self.ndim else self.reshape((1,) * (len(wanted) - self.ndim) + self.shape)
        from . import generate
        return generate.function("broadcast_to")(source, shape=wanted)

    # ---- items ----------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> NDArray:
        """`x[key]`: see `mxnet.ndarray.indexing` for what is a view and what a copy."""
        if counter.recording_threads:
            from ..autograd import record_getitem
            recorded = record_getitem(self, key)
            if recorded is not None:
                return recorded
        part, _ = indexing.read(self._tensor, key)
        return wrap(part, self._ctx)

    def __setitem__(self, key: Any, value: Any) -> None:
        """`x[key] = value` for scalars, arrays and nested lists, broadcast to the part's shape.

        While recording, an array without history takes over that of recorded values that replace all of it.
        """
        if not self._tensor.is_contiguous():
            self._tensor = self._tensor.contiguous()
        if counter.recording_threads:
            self._replace(value, indexing.covers(self._tensor, key), key)
        else:
            indexing.write(self._tensor, key, value)

    def _replace(self, value: Any, whole: bool, key: Any = slice(None)) -> None:
        """Write under a recorder, which may refuse it or want to know of it."""
        from ..autograd import refuse_write, written_tape
        refuse_write(self)
        entry = written_tape(self, value, whole)
        indexing.write(self._tensor, key, value)
        self._entry = entry or self._entry

    def _sync_copyfrom(self, source_array: Any) -> None:
        """Copy the values of a NumPy array of this shape. Raises ValueError for another shape."""
        values = np.asarray(source_array)
        if values.shape != self.shape:
            raise MXNetValueError(f"_sync_copyfrom: the array given is {values.shape}, this one {self.shape}")
        self[:] = values

    def _at(self, idx: int) -> NDArray:
        return self[idx]

    def _slice(self, start: int, stop: int) -> NDArray:
        return self[start:stop]

    def slice_assign(self, rhs: NDArray, begin: Any, end: Any, step: Any) -> NDArray:
        """Write `rhs` into the region from `begin` to `end`, in place."""
        self[tuple(map(slice, begin, end, step))] = rhs
        return self

    def slice_assign_scalar(self, value: float, begin: Any, end: Any, step: Any) -> NDArray:
        """Write a number into the region from `begin` to `end`, in place."""
        self[tuple(map(slice, begin, end, step))] = value
        return self

    def __iter__(self) -> Iterator[NDArray]:
        """The parts along the first axis."""
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if not self.ndim:
            raise MXNetTypeError("an array without axes has no len()")
        return self._tensor.shape[0]

    def __bool__(self) -> bool:
        if self.size == 0:
            return False
        if self.size == 1:
            return bool(self.asscalar())
        raise MXNetValueError("The truth value of an NDArray with multiple elements is ambiguous.")

    __nonzero__ = __bool__

    def __float__(self) -> float:
        return float(self.asscalar())

    def __int__(self) -> int:
        return int(self.asscalar())

    def __index__(self) -> int:
        if self._tensor.is_floating_point():
            raise MXNetTypeError(f"only an array of integers can be an index, this one is {self._tensor.dtype}")
        return int(self.asscalar())

    __hash__ = object.__hash__

    # ---- waiting --------------------------------------------------------------------------------

    def wait_to_read(self) -> None:
        """Return once the values are there."""
        if self._tensor.device.type != "cpu":
            torch.accelerator.synchronize(self._tensor.device)

    wait_to_write = wait_to_read

    # ---- differentiation ------------------------------------------------------------------------

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Make a gradient buffer; `backward` on what is recorded from this array fills it (`mx.autograd`)."""
        if stype not in (None, "default"):
            raise MXNetError(f"attach_grad: gradients of storage type {stype!r} are not supported yet")
        from ..autograd import mark_variables
        mark_variables([self], [wrap(torch.zeros_like(self._tensor), self._ctx)], grad_req)

    def backward(self, out_grad: NDArray | None = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Compute the gradients of this array with respect to all variables that it was recorded from."""
        from ..autograd import backward
        backward([self], [out_grad] if out_grad is not None else None, retain_graph, train_mode)

    # ---- interchange ----------------------------------------------------------------------------

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"\n{self.asnumpy()!s}\n<{type(self).__name__} {shape} @{self._ctx}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self._tensor.dtype is torch.bfloat16 or self._tensor.device.type != "cpu" or copy:
            values = self.asnumpy()
        else:
            values = self._tensor.numpy()
        return values if dtype is None or values.dtype == dtype else values.astype(dtype)

    def __dlpack__(self, **options: Any) -> Any:
        return self._tensor.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._tensor.__dlpack_device__()

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule on this array's memory, for reading."""
        return torch.utils.dlpack.to_dlpack(self._tensor)

    def to_dlpack_for_write(self) -> Any:
        """A DLPack capsule on this array's memory, for writing."""
        return torch.utils.dlpack.to_dlpack(self._tensor)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None,), self.__getstate__()

    def __getstate__(self) -> dict[str, Any]:
        """As MXNet pickles arrays: the bytes of one array in its file format."""
        from .serialization import tensor_to_bytes
        return {"handle": bytearray(tensor_to_bytes(self._tensor, self._ctx))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from .serialization import tensor_from_bytes
        self._tensor, self._ctx, self._entry = tensor_from_bytes(bytes(state["handle"])), Context("cpu", 0), None

    def __copy__(self) -> NDArray:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> NDArray:
        return self.copy()

    # ---- arithmetic that MXNet's table does not have ---------------------------------------------

    def __floordiv__(self, other: Any) -> NDArray:
        """The quotient, rounded down."""
        return (self - self % other) / other

    def __rfloordiv__(self, other: Any) -> NDArray:
        return (other - other % self) / self

    def __ifloordiv__(self, other: Any) -> NDArray:
        self._tensor.copy_((self // other)._tensor)
        return self

    def __matmul__(self, other: Any) -> NDArray:
        if not isinstance(other, NDArrayBase):
            raise MXNetTypeError(f"@ multiplies two NDArrays, not an NDArray and a {type(other).__name__}")
        from . import generate
        if self.ndim <= 2 and other._tensor.ndim <= 2:
            return generate.function("dot")(self, other)
        return wrap(torch.matmul(self._tensor, other._tensor), self._ctx)


def context_of(tensor: torch.Tensor) -> Context:
    """The context for a tensor that comes from torch: `gpu(i)` for any accelerator."""
    return Context("cpu", 0) if tensor.device.type == "cpu" else Context("gpu", tensor.device.index or 0)


set_class(NDArray)


def __getattr__(name: str) -> Any:
    """The functions of `mx.nd`, which MXNet has in this module: `from mxnet.ndarray.ndarray import array, zeros`."""
    from .. import ndarray
    from ..dtype import CODE, NUMPY
    if name == "_DTYPE_NP_TO_MX":
        return {None: -1, **{NUMPY[kind]: code for kind, code in CODE.items()}}
    if name == "_DTYPE_MX_TO_NP":
        return {-1: None, **{code: NUMPY[kind] for kind, code in CODE.items()}}
    if name.startswith("__") or name not in ndarray.__dict__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return ndarray.__dict__[name]


lend(__name__)
