# SPDX-License-Identifier: Apache-2.0
"""Making graph nodes from operators, and the function that each operator has in `mx.sym`."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._user_line import user_line
from ..attribute import AttrScope
from ..base import MXNetAssertionTypeError, nearest
from ..name import NameManager
from ..ndarray.invoke import UnknownArgument, describe
from ..ops.params import _Null, attr_text
from ..ops.registry import Operator, OperatorError, UnknownParameterError
from ..ops.schema import Input
from .graph import HIDDEN, Entry, Node, is_private, parse_attrs, stored_key
from .symbol import Symbol

_HIDDEN = frozenset(HIDDEN)


def apply(op: Operator, args: Sequence[Any], named: Mapping[str, Symbol], given: Mapping[str, Any], *,
          name: str | None = None, attr: Mapping[str, str] | None = None, hint: str | None = None) -> Symbol:
    """A symbol that applies `op` to symbols given by position (None: not given) and by name.

    Inputs that are not given become variables `{name}_{input}`. Raises OperatorError for too many inputs or unknown
    names, and for parameters that do not parse.
    """
    name = NameManager.current.get(name, hint or op.name.lower())
    attrs = {key: attr_text(value) for key, value in given.items()
             if value is not _Null and (value is not None or _takes_none(op, key))}
    if op.count is not None and op.count not in attrs:
        attrs[op.count] = str(len(args) + len(named))
    attrs.update(_scope_attrs(op, attr))
    node = Node(op, name, attrs, [], user_line(), parse_attrs(op, attrs, name))
    node.inputs = _inputs(node, args, named)
    return Symbol([(node, i) for i in range(node.visible_count())])


def _takes_none(op: Operator, key: str) -> bool:
    """Whether None is a value of this parameter, such as `axis=None`, which files then say; else it means 'not given'.

    For the number of inputs, for dtypes and contexts it always means the latter.
    """
    param = op.params.get(key)
    if param is None or key in (op.count, "dtype", "ctx"):
        return param is None and op.open_params
    try:
        return param.decode(None) is None
    except (ValueError, TypeError):
        return False


def _scope_attrs(op: Operator, attr: Mapping[str, str] | None) -> dict[str, str]:
    """Attributes from `attr=` and the scope as text, the framework's own under `__x__`."""
    result: dict[str, str] = {}
    for key, value in AttrScope.current.get(dict(attr) if attr else None).items():
        if key not in op.params:
            key = stored_key(key)
        if not is_private(key) and key not in op.params and not op.open_params:
            raise UnknownParameterError(f"{op.name}: attribute {key!r} is neither a parameter nor of the form __x__."
                                        f"{nearest(key, (*op.params, *_HIDDEN))}")
        result[key] = str(value)
    return result


def _inputs(node: Node, args: Sequence[Any], named: Mapping[str, Symbol]) -> list[Entry]:
    op = node.op
    assert op is not None and node.params is not None
    slots = op.inputs(node.params, len(args) + len(named))
    names = [item.name for item in slots]
    if len(args) > len(names):
        raise OperatorError(f"{node.where()} takes {len(names)} inputs ({', '.join(names)}), {len(args)} are given")
    given = {key: value for key, value in zip(names, args) if value is not None}
    for key, value in named.items():
        if key in given:
            raise UnknownArgument(f"{node.where()}: input {key!r} is given by position and by name")
        if key not in names:
            raise OperatorError(f"{node.where()} has no input {key!r}.{nearest(key, names)} "
                                f"Its inputs: {', '.join(names)}")
        given[key] = value
    return [_given_input(node, item, given[item.name]) if item.name in given else (auto_variable(node, item), 0)
            for item in slots]


def _given_input(node: Node, item: Input, value: Symbol) -> Entry:
    """The output that is given; a variable of the caller's learns how this operator wants it initialised."""
    source, index = _entry(node, item.name, value)
    if source.op is None and item.init is not None:
        source.attrs.setdefault("__init__", item.init)
    elif source.op is not None and item.aux:
        raise OperatorError(f"{node.where()}: {item.name!r} is updated, so it has to be a variable, "
                            f"not {source.where()}")
    return source, index


def _entry(node: Node, key: str, value: Symbol) -> Entry:
    if len(value._outputs) != 1:
        raise OperatorError(f"{node.where()}: input {key!r} takes one output, the symbol given has "
                            f"{len(value._outputs)} ({', '.join(value.list_outputs())}); pick one by index")
    return value._outputs[0]


def auto_variable(node: Node, item: Input) -> Node:
    """The variable for an input that is not given; it inherits the node's attributes, as in MXNet."""
    attrs = dict(node.attrs) if item.init is None else {"__init__": item.init, **node.attrs}
    return Node(None, f"{node.name}_{item.name}", attrs, [], node.line)


def make_function(op: Operator, public: str) -> Callable[..., Symbol]:
    """The function for an operator in `mx.sym`: symbols and parameters by position or name, `name=` and `attr=`."""
    hint = public.lower()
    names = [item.name for item in op.schema.inputs]
    order = [*names, *op.params]

    def call(*args: Any, name: str | None = None, attr: Mapping[str, str] | None = None, **kwargs: Any) -> Symbol:
        named = {key: kwargs.pop(key) for key in list(kwargs) if isinstance(kwargs[key], Symbol)}
        kwargs.pop("out", None)
        if op.schema.variadic:
            flat = [item for arg in args for item in (arg if isinstance(arg, (list, tuple)) else (arg,))]
            symbols: list[Any] = [_require(op, op.schema.inputs[-1].name, item, False) for item in flat]
        else:
            if len(args) > len(order):
                raise OperatorError(f"{op.name} takes at most {len(order)} arguments ({', '.join(order)})")
            symbols = [_require(op, key, item) for key, item in zip(names, args)]
            for key, item in zip(order[len(names):], args[len(names):]):
                if key in kwargs:
                    raise UnknownArgument(f"{op.name}: {key!r} is given by position and by name")
                kwargs[key] = item
            for key in names:
                if key in kwargs:
                    _require(op, key, kwargs.pop(key))
            if any(item is None for item in symbols):
                symbols, named = [], _by_name(op, names, symbols, named)
        extra = _take_attributes(op, kwargs)
        return apply(op, symbols, named, kwargs, name=name, attr={**extra, **attr} if attr else extra, hint=hint)

    return describe(call, op, public, ("name", "attr"))


def _by_name(op: Operator, names: Sequence[str], symbols: Sequence[Symbol | None],
             named: Mapping[str, Symbol]) -> dict[str, Symbol]:
    """Inputs by name alone, where None among those by position leaves one out."""
    given = {key: item for key, item in zip(names, symbols) if item is not None}
    for key in given:
        if key in named:
            raise UnknownArgument(f"{op.name}: input {key!r} is given by position and by name")
    return {**given, **named}


def _take_attributes(op: Operator, kwargs: dict[str, Any]) -> dict[str, str]:
    """Pull `__x__` and the framework's attributes out of keyword arguments."""
    found = [key for key in kwargs if key not in op.params
             and (key in _HIDDEN or is_private(key))]
    return {key: str(kwargs.pop(key)) for key in found}


def _require(op: Operator, key: str, item: Any, optional: bool = True) -> Symbol | None:
    if not (isinstance(item, Symbol) or (optional and item is None)):
        raise MXNetAssertionTypeError(f"{op.name}: argument {key} must be a Symbol, not {item!r} "
                                      f"({type(item).__name__})")
    return item
