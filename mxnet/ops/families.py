# SPDX-License-Identifier: Apache-2.0
"""Families of operators of one shape and form: each member is a row of a table elsewhere.

A row gives the name, the function on tensors, a sentence, the aliases, and for the documentation an example: the
arguments as they are written, and the printed result.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .axes import axes_index
from .infer import show, unify
from .numbers import constant, named
from .params import Param
from .registry import Operator, OperatorError, Rule, declare
from .schema import Input, Schema

Example = tuple[str, str]
PairGradient = Callable[[Tensor, Tensor, Tensor], tuple["Tensor | None", "Tensor | None"]]

_DATA = (Input("data"),)
_PAIR = (Input("lhs"), Input("rhs"))
_SCALAR = (Param.of("scalar", float, 1.0), Param.of("is_int", bool, True))
_AXES = (Param.of("axis", tuple[int, ...] | None, None), Param.of("keepdims", bool, False))
_EXCLUDE = Param.of("exclude", bool, False)


def document(doc: str, name: str, notes: str, example: Example | None) -> str:
    """The docstring of a row: its sentence, what holds for the family, and the example."""
    if example is None:
        return f"{doc}\n\n{notes}"
    arguments, printed = example
    module = "mx.nd._internal" if name.startswith("_") else "mx.nd"
    if name.startswith("_contrib_"):
        module, name = "mx.nd.contrib", name.removeprefix("_contrib_")
    return f"{doc}\n\n{notes}\n\n>>> print({module}.{name}({arguments}).asnumpy().round(4))\n{printed}"


# ---- functions of one array -----------------------------------------------------------------------------------------

def unary(name: str, kernel: Callable[..., Any], doc: str, *aliases: str, alias: bool = False, sparse: bool = False,
          output: str = "output", example: Example | None = None, gradient: Rule | None = None) -> Operator:
    """An element-wise function of one array: same shape, same dtype. `sparse` adds the alias `_sparse_<name>`."""
    notes = "The output has the shape and dtype of `data`. For whole numbers the result is cut towards zero."
    if sparse:
        aliases = (*aliases, f"_sparse_{name}")
    made = declare(name, *aliases, kernel=kernel, schema=Schema(_DATA), doc=document(doc, name, notes, example),
                   alias=alias, outputs=(output,))
    made.shape(same_shape_of_data)
    if gradient is not None:
        made.gradient(gradient)
    return made


def same_shape_of_data(params, data=None, out=None):
    """Shape rule: the output is as the only input."""
    return {"data": out, "out": data}


# ---- functions of two arrays ----------------------------------------------------------------------------------------

def binary(name: str, kernel: Callable[..., Any], doc: str, *aliases: str, example: Example | None = None,
           gradient: Rule | None = None) -> Operator:
    """An element-wise function of two arrays of one shape and dtype. Who runs the kernel sees to that (shape rule)."""
    notes = "Both inputs and the output have one shape and one dtype."
    made = declare(name, *aliases, kernel=kernel, schema=Schema(_PAIR), doc=document(doc, name, notes, example))
    made.shape(same_shape_of_pair)
    if gradient is not None:
        made.gradient(gradient)
    return made


def same_shape_of_pair(params, lhs=None, rhs=None, out=None):
    """Shape rule: both inputs and the output are alike."""
    common = unify("rhs", unify("lhs", lhs, rhs), out)
    return {"lhs": common, "rhs": common, "out": common}


def broadcast(name: str, kernel: Callable[..., Any], doc: str, *aliases: str, example: Example | None = None,
              gradient: Rule | None = None) -> Operator:
    """An element-wise function of two arrays of one dtype, whose shapes are broadcast as NumPy does."""
    notes = ("The inputs have one dtype, which the output has as well. Their shapes are aligned at the last axis; "
             "where sizes differ, one of them is 1 (or that axis is missing), and is repeated.")
    made = declare(name, *aliases, kernel=kernel, schema=Schema(_PAIR), doc=document(doc, name, notes, example))
    made.shape(broadcast_shape)
    if gradient is not None:
        made.gradient(gradient)
    return made


def broadcast_shape(params, lhs, rhs):
    """Shape rule: NumPy's broadcasting."""
    rank = max(len(lhs), len(rhs))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in (lhs, rhs)]
    sizes = []
    for a, b in zip(*padded):
        if a != b and 1 not in (a, b) and None not in (a, b):
            raise OperatorError(f"lhs {show(lhs)} and rhs {show(rhs)} cannot be broadcast together: {a} and {b} differ")
        sizes.append(a if b == 1 or a == b else b if a == 1 else None)
    return {"out": tuple(sizes)}


def pair_gradient(of: PairGradient) -> Rule:
    """A gradient rule for a pair from `of(lhs, rhs, head) -> (lhs gradient, rhs gradient)`, broadcasting undone."""
    def rule(lhs: Tensor, rhs: Tensor, head: Tensor) -> dict[str, Tensor | None]:
        left, right = of(lhs, rhs, head)
        return {"lhs": None if left is None else left.sum_to_size(lhs.shape),
                "rhs": None if right is None else right.sum_to_size(rhs.shape)}
    return rule


def no_gradient() -> dict[str, Tensor]:
    """Gradient rule: zero for every input."""
    return {}


# ---- functions of an array and a scalar -----------------------------------------------------------------------------

def scalar(name: str, kernel: Callable[[Tensor, Tensor], Tensor], doc: str, *aliases: str, reverse: bool = False,
           example: Example | None = None, gradient: PairGradient | None = None) -> Operator:
    """`kernel(data, scalar)`, or `kernel(scalar, data)` for `reverse`, from the function of two arrays.

    `gradient` is that of the pair. Without one, torch's autograd is used.
    """
    def forward(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
        if not is_int or data.dtype is torch.bool:
            data = as_number(data, is_int)
        return kernel(data, constant(scalar, data.dtype))

    def reversed_(data: Tensor, *, scalar: float = 1.0, is_int: bool = True) -> Tensor:
        if not is_int or data.dtype is torch.bool:
            data = as_number(data, is_int)
        return kernel(constant(scalar, data.dtype), data)

    made = scalar_operator(name, named(reversed_ if reverse else forward, name), doc, *aliases, example=example)
    if gradient is not None:
        made.gradient(_scalar_gradient(gradient, reverse))
    return made


def scalar_operator(name: str, kernel: Callable[..., Tensor], doc: str, *aliases: str,
                    example: Example | None = None) -> Operator:
    """An operator with the parameters `scalar` and `is_int`, from a kernel that handles them itself."""
    notes = ("`data` has any shape, which the output has as well, and so it is with the dtype: `scalar` (1 when not "
             "given) is cast to it first. With `is_int=False`, whole numbers become float64 instead; bool turns into "
             "int64.")
    made = declare(name, *aliases, kernel=kernel, schema=Schema(_DATA, _SCALAR),
                   doc=document(doc, name, notes, example))
    made.shape(same_shape_of_data)
    made.dtype(_scalar_dtype)
    return made


def as_number(data: Tensor, is_int: bool) -> Tensor:
    """`data` in the dtype in which it is combined with a scalar."""
    return data.to(_number_dtype(data.dtype, is_int))


def _number_dtype(given: torch.dtype, is_int: bool) -> torch.dtype:
    if given.is_floating_point:
        return given
    if not is_int:
        return torch.float64
    return torch.int64 if given is torch.bool else given


def _scalar_dtype(params, data=None, out=None):
    return {"data": out} if data is None else {"out": _number_dtype(data, params.is_int)}


def _scalar_gradient(of: PairGradient, reverse: bool) -> Rule:
    def rule(params: Any, data: Tensor, head: Tensor) -> dict[str, Tensor | None]:
        fixed = constant(params.scalar, head.dtype)
        return {"data": of(fixed, data, head)[1] if reverse else of(data, fixed, head)[0]}
    return rule


# ---- reductions -----------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=4096)
def reduced_axes(axis: int | Sequence[int] | None, rank: int, exclude: bool = False) -> tuple[int, ...] | None:
    """The axes to reduce, ascending and not negative; None for all of them. Raises OperatorError.

    No axis, and an empty tuple, mean all axes, with `exclude` as well.
    """
    if axis is None or axis == ():
        return None
    chosen = set(axes_index((axis,) if isinstance(axis, int) else axis, rank))
    if exclude:
        chosen = set(range(rank)) - chosen
    return tuple(sorted(chosen)) if len(chosen) < rank else None


_EVERY = [tuple(range(rank)) for rank in range(65)]       # torch has tensors of up to 64 axes


def reduced(reduce: Callable[..., Tensor], data: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    """Apply `reduce(data, axes, keepdims)`. Of all axes, what is left has shape (1,), as MXNet has no scalars."""
    if axes is None:
        whole = reduce(data, _EVERY[data.dim()], keepdims)
        return whole if keepdims else whole.reshape(1)
    if not axes:                            # exclude=True with every axis: torch would take () for all
        return reduce(data.unsqueeze(-1), (data.dim(),), False)
    return reduce(data, axes, keepdims)


def reduced_shape(shape: Sequence[int | None], axes: tuple[int, ...] | None, keepdims: bool) -> tuple[int | None, ...]:
    """The shape that `reduced` gives."""
    if keepdims:
        return tuple([1 if axes is None or i in axes else size for i, size in enumerate(shape)])
    return (1,) if axes is None else tuple([size for i, size in enumerate(shape) if i not in axes])


def reduction(name: str, reduce: Callable[[Tensor, tuple[int, ...], bool], Tensor], doc: str, *aliases: str,
              sparse: bool = False, example: Example | None = None, empty: str = "", gradient: Any = None) -> Operator:
    """A reduction over axes: `reduce(data, axes, keepdims)`.

    `gradient(data, out, head)` gets `out` and `head` with the reduced axes kept. `empty` says why there is no result
    for an array without elements, where that is so.
    """
    def kernel(data: Tensor, *, axis: tuple[int, ...] | None = None, keepdims: bool = False,
               exclude: bool = False) -> Tensor:
        if empty and not data.numel():
            raise OperatorError(f"data is {tuple(data.shape)}: {empty}")
        return reduced(reduce, data, reduced_axes(axis, data.dim(), exclude), keepdims)

    notes = ("`axis` is an axis or a tuple of them, negative ones counting from the end; all axes when it is not given "
             "or empty. `exclude` reduces all axes but those of `axis`. `keepdims` keeps the reduced axes with size 1, "
             "otherwise they go, and what all axes are reduced to has shape (1,). The output has the dtype of `data`.")
    if sparse:
        aliases = (*aliases, f"_sparse_{name}")
    made = declare(name, *aliases, kernel=named(kernel, name), schema=Schema(_DATA, (*_AXES, _EXCLUDE)),
                   doc=document(doc, name, notes, example))
    made.shape(_reduction_shape)
    if gradient is not None:
        made.gradient(_kept(gradient))
    return made


def _reduction_shape(params, data):
    axes = reduced_axes(params.axis, len(data), params.exclude)
    return {"out": reduced_shape(data, axes, params.keepdims)}


def _kept(gradient: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Rule:
    def rule(params: Any, data: Tensor, out: Tensor, head: Tensor) -> dict[str, Tensor]:
        axes = reduced_axes(params.axis, data.dim(), params.exclude)
        shape = [1 if axes is None or i in axes else size for i, size in enumerate(data.shape)]
        return {"data": gradient(data, out.reshape(shape), head.reshape(shape))}
    return rule


# ---- creation -------------------------------------------------------------------------------------------------------

def given_shape(params, out=None):
    """Shape rule of an operator without inputs: the parameter `shape`, in which 0, -1 (or no shape) is unknown."""
    if not params.shape:
        return {"out": None}
    return {"out": tuple([size or None for size in wanted_shape([0 if n == -1 else n for n in params.shape])])}


def wanted_shape(shape: Sequence[int] | None) -> tuple[int, ...]:
    """The sizes to create. Raises OperatorError when there are none, or negative ones."""
    if not shape or min(shape) < 0:
        raise OperatorError(f"shape is {shape}, expected sizes of at least 0, as in (2, 3)")
    return tuple(shape)
