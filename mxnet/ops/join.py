# SPDX-License-Identifier: Apache-2.0
"""Operators that join arrays along an axis, and those that split one."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import torch
from torch import Tensor

from .axes import axis_index, scaled
from .infer import show, unify
from .params import Params, Range
from .registry import OperatorError, op

# ---------------------------------------------------------------------------------------------- joining

@op("Concat", "concat", "_sparse_concat", count="num_args")
def concat(*data: Tensor, num_args: Annotated[int, Range(1)], dim: int = 1) -> Tensor:
    """Arrays joined along the existing axis `dim`; their other sizes are alike. MXNet operator `Concat`.

    >>> mx.nd.concat(mx.nd.zeros((2, 1)), mx.nd.zeros((2, 3)), dim=1).shape
    (2, 4)
    """
    return torch.cat(data, dim)


@concat.shape
def _(params, data, out=None):
    return _joined(data, out, params.dim)


@op("_rnn_param_concat", "_npi_rnn_param_concat", count="num_args")
def rnn_param_concat(*data: Tensor, num_args: Annotated[int, Range(1)], dim: int = 1) -> Tensor:
    """As `Concat`, for the parts of a recurrent layer's parameter vector.

    In the inference of shapes, parts of unknown size share evenly what the known ones leave of the output.
    MXNet operator `_rnn_param_concat`.

    >>> mx.nd._internal._rnn_param_concat(mx.nd.zeros(2), mx.nd.zeros(3), dim=0).shape
    (5,)
    """
    return torch.cat(data, dim)


@rnn_param_concat.shape
def _(params, data, out=None):
    return _joined(data, out, params.dim, share=True)


def _joined(parts, out, dim, share=False):
    """Claims of a concatenation: all sizes but those along `dim` are common, and a missing one is what is left."""
    rank = next((len(shape) for shape in (*parts, out) if shape is not None), None)
    if rank is None:
        return {}
    axis = axis_index(dim, rank, "dim")
    common = (None,) * rank
    for i, shape in enumerate((*parts, out)):
        if shape is not None:
            known = (*shape[:axis], None, *shape[axis + 1:])
            common = unify("output" if i == len(parts) else f"arg{i}", known, common)
    sizes: list[Any] = [None if shape is None else shape[axis] for shape in parts]
    total = None if out is None else out[axis]
    missing = sizes.count(None)
    if not missing:
        total = sum(sizes)
    elif total is not None and (missing == 1 or share):
        left = total - sum(size for size in sizes if size is not None)
        if left < 0 or left % missing:
            raise OperatorError(f"output {show(out)} leaves {left} along axis {axis} for {missing} arrays")
        sizes = [left // missing if size is None else size for size in sizes]

    def full(size):
        return (*common[:axis], size, *common[axis + 1:])
    return {"data": [full(size) for size in sizes], "out": full(total)}


@op("stack", count="num_args")
def stack(*data: Tensor, axis: int = 0, num_args: Annotated[int, Range(1)]) -> Tensor:
    """Arrays of one shape joined along a new axis, `axis` of the result. MXNet operator `stack`.

    >>> mx.nd.stack(mx.nd.array([1, 2]), mx.nd.array([3, 4]), axis=1).asnumpy().tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    return torch.stack(data, axis)


@stack.shape
def _(params, data, out=None):
    common = _merged("arg", data)
    if common is None and out is None:
        return {}
    axis = axis_index(params.axis, len(out) if common is None else len(common) + 1)
    if out is not None:
        common = unify("output", (*out[:axis], *out[axis + 1:]), common)
    return {"data": [common] * len(data), "out": (*common[:axis], len(data), *common[axis:])}


def _merged(name: str, shapes: Sequence[Any]) -> Any:
    """What is known of the one shape that all these arrays have."""
    common = None
    for i, shape in enumerate(shapes):
        common = unify(f"{name}{i}", shape, common)
    return common


# ---------------------------------------------------------------------------------------------- splitting

def _numbered(count: int) -> tuple[str, ...]:
    return tuple([f"output{i}" for i in range(count)])


def _one_or_all(parts: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    return parts[0] if len(parts) == 1 else tuple(parts)


@op("SliceChannel", "split", outputs=lambda p: _numbered(p.num_outputs), alias=True)
def split(data: Tensor, *, num_outputs: Annotated[int, Range(1)], axis: int = 1,
          squeeze_axis: bool = False) -> Tensor | tuple[Tensor, ...]:
    """`num_outputs` parts of equal size along `axis`, which must divide; `squeeze_axis` drops the axis of size 1.

    MXNet operator `SliceChannel`.

    >>> [part.shape for part in mx.nd.split(mx.nd.zeros((2, 6)), num_outputs=3, axis=1)]
    [(2, 2), (2, 2), (2, 2)]
    """
    size = _part_size(data.shape, axis_index(axis, data.ndim), num_outputs, squeeze_axis)
    return _one_or_all(data.unbind(axis) if squeeze_axis else data.split(size, axis) if size else [data] * num_outputs)


def _part_size(shape, axis, count, squeeze_axis):
    size = shape[axis]
    if size is not None and size % count:
        raise OperatorError(f"axis {axis} of data {show(shape)} does not divide into num_outputs={count} equal parts")
    if squeeze_axis and size not in (None, count):
        raise OperatorError(f"squeeze_axis needs parts of size 1: axis {axis} of data {show(shape)} has size {size}, "
                            f"num_outputs is {count}")
    return scaled(size, 1, count)


@split.shape
def _(params, data=None, out=None):
    parts = out if isinstance(out, list) else [out]
    part = _merged("output", parts)
    if data is None and part is None:
        return {}
    axis = axis_index(params.axis, len(part) + params.squeeze_axis if data is None else len(data))
    if part is not None:
        along = 1 if params.squeeze_axis else part[axis]
        rest = part[axis:] if params.squeeze_axis else part[axis + 1:]
        data = unify("data", data, (*part[:axis], scaled(along, params.num_outputs), *rest))
    size = _part_size(data, axis, params.num_outputs, params.squeeze_axis)
    part = (*data[:axis], *(() if params.squeeze_axis else (size,)), *data[axis + 1:])
    return {"data": data, "out": [part] * len(parts) if len(parts) > 1 else part}


def _count(params: Params) -> int:
    return params.sections if params.sections > 0 else len(params.indices)


@op("_split_v2", "_npi_split", alias=True,
    outputs=lambda p: ("output",) if _count(p) == 1 else _numbered(_count(p)))
def split_v2(data: Tensor, *, indices: tuple[int, ...], axis: int = 1, squeeze_axis: bool = False,
             sections: int = 0) -> Tensor | tuple[Tensor, ...]:
    """Parts along `axis` that begin at `indices` (the first of which is 0), or `sections` parts of nearly equal size.

    `squeeze_axis` drops the axis, when all parts have size 1 there. MXNet operator `_split_v2`; `mx.nd.split_v2` is
    the function to call.

    >>> [part.shape for part in mx.nd._internal._split_v2(mx.nd.zeros((2, 6)), indices=(0, 1, 5), axis=1)]
    [(2, 1), (2, 4), (2, 1)]
    """
    at = axis_index(axis, data.ndim)
    sizes = _part_sizes(data.shape[at], indices, sections, squeeze_axis)
    return _one_or_all(data.unbind(at) if squeeze_axis else data.split(sizes, at))


def _part_sizes(size: int, indices: tuple[int, ...], sections: int, squeeze_axis: bool) -> list[int]:
    if sections > 0:
        quotient, more = divmod(size, sections)
        sizes = [quotient + (i < more) for i in range(sections)]
    else:
        sizes = [end - begin for begin, end in zip(indices, (*indices[1:], size))]
        if not indices or indices[0] != 0 or min(sizes) < 0:
            raise OperatorError(f"indices={indices} must begin with 0, ascend, and lie within the axis of size {size}")
    if squeeze_axis and set(sizes) != {1}:
        raise OperatorError(f"squeeze_axis needs parts of size 1, they have {sizes}")
    return sizes


@split_v2.shape
def _(params, data=None, out=None):
    parts = out if isinstance(out, list) else [out]
    data = unify("data", data, _whole(params, parts))
    if data is None:
        return {}
    axis = axis_index(params.axis, len(data))
    if data[axis] is None:
        return {"data": data}
    sizes = _part_sizes(data[axis], params.indices, params.sections, params.squeeze_axis)
    shapes = [(*data[:axis], *(() if params.squeeze_axis else (size,)), *data[axis + 1:]) for size in sizes]
    return {"data": data, "out": shapes if len(parts) > 1 else shapes[0]}


def _whole(params, parts):
    """What the parts say of the array that they were."""
    known = next((part for part in parts if part is not None), None)
    if known is None:
        return None
    axis = axis_index(params.axis, len(known) + params.squeeze_axis)
    if params.squeeze_axis:
        return (*known[:axis], len(parts), *known[axis:])
    sizes = [None if part is None else part[axis] for part in parts]
    return (*known[:axis], None if None in sizes else sum(sizes), *known[axis + 1:])
