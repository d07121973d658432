# SPDX-License-Identifier: Apache-2.0
"""Optimizers and their states in plain values: what travels between processes, instead of pickled objects.

An optimizer is its class's registered name and its attributes, a schedule likewise; anything else that an attribute
may hold (numbers, strings, lists, tuples, dicts) is written out. Nothing that is received can name any other class.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import lr_scheduler
from ..base import MXNetTypeError, MXNetValueError, nearest
from ..context import cpu
from ..ndarray.handle import wrap
from ..ndarray.ndarray import NDArray
from ..optimizer import Optimizer

_PLAIN = (bool, int, float, str)


def plain_difference(optimizer: Optimizer) -> list[list[Any]]:
    """The class of an optimizer, and of its schedule, and their plain parameters: for workers to compare."""
    lines: list[list[Any]] = []
    for role, thing in (("optimizer", optimizer), ("lr_scheduler", optimizer.lr_scheduler)):
        plain = {name: value for name, value in vars(thing).items()
                 if value is None or isinstance(value, _PLAIN)} if thing is not None else {}
        lines += [[role, type(thing).__name__], *([role, name, plain[name]] for name in sorted(plain))]
    return lines


def to_plain(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as values that JSON knows.

    Raises MXNetTypeError naming an attribute that cannot travel, or a class that is not registered.

    >>> import mxnet as mx
    >>> made = from_plain(to_plain(mx.optimizer.create("sgd", learning_rate=0.5, momentum=0.9)))
    >>> type(made).__name__, made.lr, made.momentum
    ('SGD', 0.5, 0.9)
    """
    name = type(optimizer).__name__.lower()
    if Optimizer.opt_registry.get(name) is not type(optimizer):
        raise MXNetTypeError(f"the optimizer {type(optimizer).__name__} is not registered, so it cannot travel to "
                             f"servers: decorate it with mx.optimizer.register")
    return {"name": name, "attributes": _encode_attributes(optimizer, name)}


def from_plain(plain: Any) -> Optimizer:
    """The optimizer that `to_plain` described. Raises MXNetValueError for anything else."""
    try:
        name, attributes = plain["name"], plain["attributes"]
        klass = Optimizer.opt_registry[name]
    except (TypeError, KeyError):
        name = plain.get("name") if isinstance(plain, dict) else plain
        raise MXNetValueError(f"no optimizer {name!r:.80} is registered here."
                              f"{nearest(str(name), Optimizer.opt_registry)}") from None
    made = klass.__new__(klass)
    vars(made).update(_decode_attributes(attributes))
    device = getattr(made, "_all_index_update_counts", {0: {}})
    made._index_update_count = device.setdefault(0, {})
    made._cached_mults = {}
    return made


def _encode_attributes(thing: Any, path: str) -> dict[str, Any]:
    return {name: _encode(value, f"{path}.{name}") for name, value in vars(thing).items()
            if not name.startswith("_cached") and name != "_index_update_count"}


def _encode(value: Any, path: str) -> Any:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_encode(item, path) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_encode(key, path), _encode(item, path)] for key, item in value.items()]}
    name = type(value).__name__
    if isinstance(value, lr_scheduler.LRScheduler) and getattr(lr_scheduler, name, None) is type(value):
        return {"schedule": name, "attributes": _encode_attributes(value, path)}
    raise MXNetTypeError(f"{path} is a {name}, which cannot travel to servers: numbers, strings, lists, dicts and the "
                         f"schedules of mx.lr_scheduler can")


def _decode_attributes(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: _decode(value) for name, value in plain.items()}


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "schedule" in value:
        name = value["schedule"]
        klass = getattr(lr_scheduler, name, None) if name in lr_scheduler.__all__ else None
        if klass is None:
            raise MXNetValueError(f"no schedule {name!r:.80} in mx.lr_scheduler.{nearest(name, lr_scheduler.__all__)}")
        made = klass.__new__(klass)
        vars(made).update(_decode_attributes(value["attributes"]))
        return made
    (kind, items), = value.items()
    if kind == "dict":
        return {_decode(key): _decode(item) for key, item in items}
    decoded = [_decode(item) for item in items]
    return tuple(decoded) if kind == "tuple" else decoded


def pack_states(states: dict[Any, Any]) -> tuple[list[Any], list[torch.Tensor]]:
    """States by key (None, arrays, nested tuples of arrays) as plain values and the arrays that they refer to."""
    arrays: list[torch.Tensor] = []

    def pack(state: Any) -> Any:
        if isinstance(state, NDArray):
            arrays.append(state._tensor)
            return {"array": len(arrays) - 1}
        if isinstance(state, (list, tuple)):
            return {type(state).__name__: [pack(item) for item in state]}
        return _encode(state, "a state")
    return [[key, pack(state)] for key, state in states.items()], arrays


def unpack_states(plain: list[Any], arrays: list[torch.Tensor]) -> dict[Any, Any]:
    """The states that `pack_states` packed."""
    def unpack(state: Any) -> Any:
        if isinstance(state, dict) and "array" in state:
            return wrap(arrays[state["array"]], cpu())
        for kind, make in (("list", list), ("tuple", tuple)):
            if isinstance(state, dict) and kind in state:
                return _sequence(make, state[kind], unpack)
        return _decode(state)
    return {key: unpack(state) for key, state in plain}


def _sequence(make: Callable[[Any], Any], items: list[Any], unpack: Callable[[Any], Any]) -> Any:
    return make([unpack(item) for item in items])
