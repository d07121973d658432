# SPDX-License-Identifier: Apache-2.0
"""Symbols that do not come from other symbols: variables, groups, constants."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._user_line import user_line
from ..attribute import AttrScope
from ..base import MXNetTypeError, MXNetValueError
from ..dtype import CODE, as_torch
from ..ops.registry import get
from .compose import apply
from .graph import Node, is_private, stored_key
from .symbol import Symbol

__all__ = ["Group", "Variable", "arange", "eye", "full", "histogram", "linspace", "ones", "split_v2", "var", "zeros"]

_STORAGE = {"default": 0, "row_sparse": 1, "csr": 2}


def var(name: str, attr: dict[str, str] | None = None, shape: Any = None, lr_mult: float | None = None,
        wd_mult: float | None = None, dtype: Any = None, init: Any = None, stype: str | None = None,
        profiler_scope: str | None = None, **kwargs: str) -> Symbol:
    """A free variable: an argument of every symbol made from it.

    Parameters
    ----------
    name : its name
    attr : attributes, all strings; further ones of the form `__x__` may be given by keyword
    shape : its shape, 0 for unknown sizes; used by inference when binding does not say otherwise
    lr_mult, wd_mult : multipliers of the learning rate and weight decay for this variable
    dtype : its dtype, used by inference
    init : its initializer, instead of the one given to `init_params`: an `mx.init.Initializer` or its `dumps()`
    stype : its storage type, `"default"`, `"row_sparse"` or `"csr"`

    Raises TypeError when the name is no string, ValueError for attributes of another form.

    >>> import mxnet as mx
    >>> mx.sym.var("w", lr_mult=2.0).attr("lr_mult")
    '2.0'
    """
    if not isinstance(name, str):
        raise MXNetTypeError(f"Expect a string for variable `name`, not {name!r}")
    attrs: dict[str, str] = {}
    for key, value in AttrScope.current.get(attr).items():
        if not isinstance(value, str):
            raise MXNetValueError(f"Set Attr only accepts string values: {key}={value!r}")
        attrs[stored_key(key)] = value
    settings = {
        "__shape__": None if shape is None else _shape_text(shape),
        "__lr_mult__": None if lr_mult is None else str(lr_mult),
        "__wd_mult__": None if wd_mult is None else str(wd_mult),
        "__dtype__": None if dtype is None else str(CODE[as_torch(dtype)]),
        "__init__": init if init is None or isinstance(init, str) else init.dumps(),
        "__storage_type__": None if stype is None else _storage(stype),
        "__profiler_scope__": profiler_scope,
    }
    attrs.update({key: value for key, value in settings.items() if value is not None})
    for key, value in kwargs.items():
        if not is_private(key):
            raise MXNetValueError(f"Attribute name={key} is not supported. Additional attributes must start and end "
                                  f"with double underscores, e.g, __yourattr__")
        attrs[key] = str(value)
    return Symbol([(Node(None, name, attrs, [], user_line()), 0)])


Variable = var


def _shape_text(shape: Any) -> str:
    """A shape as MXNet writes it: as the user gives it, with plain numbers."""
    if isinstance(shape, (int, np.integer)):
        return str(int(shape))
    sizes = [int(size) for size in shape]
    return str(sizes if isinstance(shape, list) else tuple(sizes))


def _storage(stype: str) -> str:
    if stype not in _STORAGE:
        raise MXNetValueError(f"{stype!r} is not a storage type; known are {', '.join(_STORAGE)}")
    return str(_STORAGE[stype])


def Group(symbols: Sequence[Symbol], create_fn: Any = Symbol) -> Symbol:
    """One symbol with the outputs of all. Raises TypeError when one is not a Symbol."""
    items = [] if isinstance(symbols, Symbol) or symbols is None else list(symbols)
    if not items or any(not isinstance(item, Symbol) for item in items):
        raise MXNetTypeError(f"Expected a list of symbols as input, not {symbols!r:.80}")
    return create_fn([entry for item in items for entry in item._outputs])


def _constant(op: str, kwargs: dict[str, Any], **given: Any) -> Symbol:
    name, attr = kwargs.pop("name", None), kwargs.pop("attr", None)
    return apply(get(op), (), {}, {**given, **kwargs}, name=name, attr=attr)


def zeros(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """A constant of zeros, float32 unless told otherwise; 0 in the shape is a size to be inferred."""
    return _constant("_zeros", kwargs, shape=shape, dtype=np.float32 if dtype is None else dtype)


def ones(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """A constant of ones; arguments as in `zeros`."""
    return _constant("_ones", kwargs, shape=shape, dtype=np.float32 if dtype is None else dtype)


def full(shape: Any, val: float, dtype: Any = None, **kwargs: Any) -> Symbol:
    """A constant of one value; arguments as in `zeros`."""
    return _constant("_full", kwargs, shape=shape, dtype=np.float32 if dtype is None else dtype, value=float(val))


def arange(start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: bool = False,
           name: str | None = None, dtype: Any = None) -> Symbol:
    """Evenly spaced values in [start, stop), each `repeat` times; with one bound, from 0 to it.

    `infer_range` without `stop`: from `start` on, as many as the consumers of the values take.
    """
    return _constant("_arange", {"name": name}, start=start, stop=stop, step=step, repeat=repeat,
                     infer_range=infer_range, dtype=np.float32 if dtype is None else dtype)


def linspace(start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None,
             dtype: Any = None) -> Symbol:
    """`num` evenly spaced values from `start` to `stop`, which is included if `endpoint`."""
    return _constant("_linspace", {"name": name}, start=start, stop=stop, num=num, endpoint=endpoint,
                     dtype=np.float32 if dtype is None else dtype)


def eye(N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Ones on the `k`-th diagonal of an N x M array (N x N when M is 0), zeros elsewhere."""
    return _constant("_eye", kwargs, N=N, M=M, k=k, dtype=np.float32 if dtype is None else dtype)


def histogram(a: Symbol, bins: int | Symbol = 10, range: tuple[float, float] | None = None, **kwargs: Any) -> Symbol:
    """Counts of the values of `a` in `bins` parts of equal width of `range`, or between given edges; and the edges.

    Raises TypeError for other bins, ValueError when a number of bins comes without `range`.
    """
    name, attr = kwargs.pop("name", None), kwargs.pop("attr", None)
    if isinstance(bins, Symbol):
        return apply(get("_histogram"), (a, bins), {}, kwargs, name=name, attr=attr)
    if not isinstance(bins, (int, np.integer)):
        raise MXNetTypeError(f"histogram: bins is a whole number or a Symbol of edges, not {type(bins).__name__}")
    if range is None:
        raise MXNetValueError("histogram: a symbol has no values to take the range from, give range=(low, high)")
    return apply(get("_histogram"), (a,), {}, {"bin_cnt": int(bins), "range": range, **kwargs}, name=name, attr=attr)


def split_v2(ary: Symbol, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Symbol:
    """Split into equal sections (an int) or at the given positions (a tuple) along an axis."""
    if isinstance(indices_or_sections, int):
        given = dict(indices=[], sections=indices_or_sections)
    else:
        given = dict(indices=[0, *indices_or_sections], sections=0)
    return apply(get("_split_v2"), (ary,), {}, dict(given, axis=axis, squeeze_axis=squeeze_axis))
