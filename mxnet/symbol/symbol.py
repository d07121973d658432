# SPDX-License-Identifier: Apache-2.0
"""Symbol: a computation that is written down, to be bound to arrays and run.

Arithmetic and methods named after operators are put on the class by `mxnet.symbol.generate`.
"""
from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .._old_names import lend
from ..base import (
    MXNetAssertionTypeError,
    MXNetError,
    MXNetIndexError,
    MXNetKeyError,
    MXNetNotImplementedError,
    MXNetTypeError,
    MXNetValueError,
    NotImplementedForSymbol,
    nearest,
)
from ..context import Context, current_context
from ..dtype import NUMPY, as_torch
from . import infer, json
from .graph import HIDDEN, Entry, Node, auxiliary, copy_graph, stored_key, topological

__all__ = ["Symbol"]


class Symbol:
    """One or several outputs of a graph of operators.

    Made by `mx.sym.Variable` and by every operator; the graph underneath does not change once made.

    >>> import mxnet as mx
    >>> a, b = mx.sym.Variable("a"), mx.sym.Variable("b")
    >>> e = (2 * a + b).bind(mx.cpu(), {"a": mx.nd.array([1, 2]), "b": mx.nd.array([2, 3])})
    >>> e.forward()[0].asnumpy().tolist()
    [4.0, 7.0]
    """

    __slots__ = ("__weakref__", "_order", "_outputs", "_programs")
    __array_priority__ = 1000.0

    def __init__(self, outputs: Sequence[Entry]) -> None:
        self._outputs: list[Entry] = list(outputs)
        self._order: list[Node] | None = None
        self._programs: dict[Any, Any] = {}

    def _program_cache(self) -> dict[Any, Any]:
        """Lowered programs of this symbol, by what they depend on (see `mxnet.executor`)."""
        return self._programs

    @property
    def _nodes(self) -> list[Node]:
        if self._order is None:
            self._order = topological(self._outputs)
        return self._order

    # ---- composition ----------------------------------------------------------------------------

    def __call__(self, *args: Symbol, **kwargs: Any) -> Symbol:
        """A copy in which free variables are replaced: `net(data=other)`, or by position in argument order.

        `name=` renames the output node (of a group, its first). Raises MXNetError for names that are no arguments.
        """
        made = self.__copy__()
        made._compose(*args, **kwargs)
        return made

    def _compose(self, *args: Symbol, **kwargs: Any) -> None:
        name = kwargs.pop("name", None)
        if args and kwargs:
            raise MXNetTypeError("compose takes symbols by position or by name, not both")
        for key, value in [*enumerate(args), *kwargs.items()]:
            if not isinstance(value, Symbol):
                raise MXNetTypeError(f"compose takes symbols, {key!r} is a {type(value).__name__}")
            if len(value._outputs) != 1:
                raise MXNetValueError(f"compose: {key!r} has {len(value._outputs)} outputs, one is needed")
        variables = {node.name: node for node in self._nodes if node.op is None}
        arguments = self.list_arguments()
        if len(args) > len(arguments):
            raise MXNetValueError(f"compose: {len(args)} symbols are given, the arguments are {arguments}")
        named = {**dict(zip(arguments, args)), **kwargs}
        for key in named:
            if key not in variables:
                raise MXNetKeyError(f"compose: no argument is named {key!r}.{nearest(key, variables)} "
                                    f"The arguments are {list(variables)}")
        counts = Counter(node.name for node in self._nodes if node.op is None)
        replace = {id(variables[key]): value._outputs[0] for key, value in named.items()
                   if counts[key] == 1}              # MXNet leaves variables that share a name
        self._outputs, self._order, self._programs = copy_graph(self._outputs, replace), None, {}
        if name is not None:
            self._outputs[0][0].name = name

    def __copy__(self) -> Symbol:
        return Symbol(copy_graph(self._outputs))

    def __deepcopy__(self, memo: Any = None) -> Symbol:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return json.loads, (self.tojson(),)

    # ---- outputs --------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Symbol]:
        """Each output as a symbol."""
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self._outputs)

    def __getitem__(self, index: int | slice | str) -> Symbol:
        """One output by number or name (`"fc1_output"`), or several by a slice."""
        names = self.list_outputs()
        if isinstance(index, str):
            found = [i for i, name in enumerate(names) if name == index]
            if not found:
                raise MXNetValueError(f"Cannot find output that matches name {index}.{nearest(index, names)}")
            if len(found) > 1:
                raise MXNetValueError(f"There are multiple outputs with name {index}")
            index = found[0]
        if isinstance(index, slice):
            if not self._outputs[index]:
                raise MXNetIndexError(f"{index} selects none of the {len(names)} outputs {names}")
            return Symbol(self._outputs[index])
        if not isinstance(index, (int, np.integer)):
            raise MXNetTypeError(f"a Symbol is indexed by int, str or slice, not {type(index).__name__}")
        if not -len(names) <= index < len(names):
            raise MXNetIndexError(f"output {index} does not exist: there are {len(names)}, {names}")
        return Symbol([self._outputs[index]])

    @property
    def name(self) -> str | None:
        """The node's name; None for a group of several nodes."""
        return None if self._is_group() else self._outputs[0][0].name

    def list_outputs(self) -> list[str]:
        """Names of the outputs, such as `softmax_output`."""
        names: dict[int, list[str]] = {}
        for node, _ in self._outputs:
            if id(node) not in names:
                names[id(node)] = node.output_names()
        return [names[id(node)][index] for node, index in self._outputs]

    @property
    def num_outputs(self) -> int:
        """How many outputs there are."""
        return len(self._outputs)

    def get_internals(self) -> Symbol:
        """A group of all outputs of all nodes below, for picking one by name."""
        return Symbol([(node, i) for node in self._nodes for i in range(node.visible_count())])

    def get_children(self) -> Symbol | None:
        """A group of the inputs of the output nodes; None for a variable."""
        entries: list[Entry] = []
        for node in dict.fromkeys(node for node, _ in self._outputs):
            entries.extend(node.inputs)
        return Symbol(entries) if entries else None

    # ---- arguments and attributes ---------------------------------------------------------------

    def list_arguments(self) -> list[str]:
        """Names of the free variables that are not auxiliary states, in graph order."""
        return [node.name for node in self._variables(False)]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the variables that operators update, such as `bn_moving_mean`."""
        return [node.name for node in self._variables(True)]

    def list_inputs(self) -> list[str]:
        """Names of all variables, arguments and auxiliary states, in graph order."""
        return [node.name for node in self._nodes if node.op is None]

    def _variables(self, aux: bool) -> list[Node]:
        states = auxiliary(self._nodes)
        return [node for node in self._nodes if node.op is None and (id(node) in states) is aux]

    def attr(self, key: str) -> str | None:
        """An attribute of this node, as text (`"name"`: its name); None when it has none of that name.

        A group of several nodes has no attributes.
        """
        if self._is_group():
            return None
        node = self._outputs[0][0]
        if key == "name":
            return node.name
        return node.attrs.get(f"__{key}__" if key in HIDDEN and key not in node.attrs else key)

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """All attributes of this node (of a group: of its first). `recursive` is not supported: use `attr_dict`."""
        if recursive:
            raise MXNetError("list_attr(recursive=True) is deprecated, use attr_dict instead")
        return self._with_short_names(self._outputs[0][0].attrs)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes of all nodes below, by node name."""
        return {node.name: self._with_short_names(node.attrs) for node in self._nodes if node.attrs}

    @staticmethod
    def _with_short_names(attrs: Mapping[str, str]) -> dict[str, str]:
        short = {key: attrs[f"__{key}__"] for key in HIDDEN if f"__{key}__" in attrs}
        return {**attrs, **short}

    def _set_attr(self, **kwargs: str) -> None:
        """Set attributes of this single node, all strings; those of an operator are its parameters.

        Raises MXNetError for values that are no strings, parameters that the operator does not have or that do not
        parse (the node is then as before).
        """
        node = self._single("_set_attr")
        attrs = dict(node.attrs)
        for key, value in kwargs.items():
            if not isinstance(value, str):
                raise MXNetValueError("Set Attr only accepts string values")
            attrs[stored_key(key)] = value
        node.set_attrs(attrs)
        self._programs = {}

    def _is_group(self) -> bool:
        """Whether the outputs are of more than one node."""
        return any(node is not self._outputs[0][0] for node, _ in self._outputs)

    def _single(self, what: str) -> Node:
        if self._is_group():
            raise MXNetError(f"{what} needs a single node; this is a group: {self!r}")
        return self._outputs[0][0]

    # ---- inference ------------------------------------------------------------------------------

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Shapes of arguments, outputs and auxiliary states, from those of some arguments.

        Shapes are given by position (in the order of `list_arguments`) or by name; 0 is an unknown size. Returns
        three lists of tuples, or (None, None, None) with a warning that lists what is missing, when some shape cannot
        be decided. Raises MXNetError naming the node, the operator and both shapes when they conflict.

        >>> import mxnet as mx
        >>> net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=10, name="fc")
        >>> net.infer_shape(data=(32, 100))
        ([(32, 100), (10, 100), (10,)], [(32, 10)], [])
        """
        result = self.infer_shape_partial(*args, **kwargs)
        unknown = [f"{name}: {shape}" for name, shape in zip(self.list_arguments(), result[0])
                   if not shape or 0 in shape]
        if unknown or any(not shape or 0 in shape for shape in (*result[1], *result[2])):
            listed = "\n\t".join(unknown)
            warnings.warn(f"Cannot decide shape for the following arguments (0s in shape means unknown dimensions). "
                          f"Consider providing them as input:\n\t{listed}", stacklevel=2)
            return None, None, None
        return result

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """As `infer_shape`, with () for unknown shapes and 0 for unknown sizes instead of giving up."""
        known = {name: infer.from_user(shape) for name, shape in self._given(args, kwargs).items()}
        facts = infer.infer_shapes(self._nodes, known)
        return tuple([infer.to_user(shape) for shape in part] for part in self._parts(facts))  # type: ignore

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Dtypes of arguments, outputs and auxiliary states from those of some arguments, as NumPy classes.

        (None, None, None) when some cannot be decided.
        """
        result = self.infer_type_partial(*args, **kwargs)
        if any(kind is None for part in result for kind in part):
            return None, None, None
        return result

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """As `infer_type`, with None for what cannot be decided."""
        known = {name: as_torch(kind) for name, kind in self._given(args, kwargs).items()}
        facts = infer.infer_dtypes(self._nodes, known)
        return tuple([None if kind is None else NUMPY[kind] for kind in part]     # type: ignore[return-value]
                     for part in self._parts(facts))

    def _given(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if args and kwargs:
            raise MXNetValueError("Can only specify known argument shapes either by positional or kwargs way.")
        arguments = self.list_arguments()
        if len(args) > len(arguments):
            raise MXNetValueError(f"{len(args)} values are given, the arguments are {arguments}")
        given = {name: value for name, value in zip(arguments, args) if value is not None}
        inputs = self.list_inputs() if kwargs else ()
        for name in kwargs:
            if name not in inputs:
                raise MXNetKeyError(f"{name!r} is not an argument.{nearest(name, inputs)} "
                                    f"The arguments are {list(inputs)}")
        return {**given, **{name: value for name, value in kwargs.items() if value is not None}}

    def _parts(self, facts: infer.Facts) -> tuple[list[Any], list[Any], list[Any]]:
        return ([facts[id(node)][0] for node in self._variables(False)],
                [facts[id(node)][index] for node, index in self._outputs],
                [facts[id(node)][0] for node in self._variables(True)])

    # ---- text and files -------------------------------------------------------------------------

    def tojson(self, remove_amp_cast: bool = True) -> str:
        """The graph as JSON that MXNet reads; casts that mixed precision put in are left out unless told otherwise."""
        return json.dumps(self, remove_amp_cast)

    def save(self, fname: str, remove_amp_cast: bool = True) -> None:
        """Write `tojson()` to a file, in one step (see `mxnet._files`)."""
        json.save(self, fname, remove_amp_cast)

    def debug_str(self) -> str:
        """The graph as text, one node after the other."""
        return json.debug_text(self)

    def __repr__(self) -> str:
        if self.name is not None:
            return f"<{type(self).__name__} {self.name}>"
        return f"<{type(self).__name__} group [{', '.join(str(item.name) for item in self)}]>"

    # ---- running --------------------------------------------------------------------------------

    def bind(self, ctx: Context, args: Any, args_grad: Any = None, grad_req: Any = "write", aux_states: Any = None,
             group2ctx: Mapping[str, Context] | None = None, shared_exec: Any = None) -> Any:
        """An executor on arrays that the caller owns.

        Parameters
        ----------
        ctx : where to run
        args : the argument arrays, a list in the order of `list_arguments` or a dict by name
        args_grad : arrays that receive gradients, a list (None: no gradient) or a dict by name
        grad_req : `"write"`, `"add"` or `"null"`, for all, or as a list or dict
        aux_states : arrays for the auxiliary states, a list or a dict
        group2ctx : contexts for nodes with a `ctx_group` attribute

        Raises MXNetError when an argument is missing or shapes do not fit.
        """
        from ..executor.bind import bind
        return bind(self, ctx, args, args_grad, grad_req, aux_states, group2ctx, shared_exec)

    def simple_bind(self, ctx: Context, grad_req: Any = "write", type_dict: Mapping[str, Any] | None = None,
                    stype_dict: Mapping[str, str] | None = None, group2ctx: Mapping[str, Context] | None = None,
                    shared_arg_names: Sequence[str] | None = None, shared_exec: Any = None,
                    shared_buffer: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """An executor with arrays of its own, all shapes inferred from those given by keyword."""
        from ..executor.bind import simple_bind
        return simple_bind(self, ctx, grad_req, type_dict, stype_dict, group2ctx, shared_arg_names, shared_exec,
                           shared_buffer, kwargs)

    def eval(self, ctx: Context | None = None, **kwargs: Any) -> list[Any]:
        """Bind to the arrays given by name, run forward, and return the outputs."""
        return self.bind(ctx or current_context(), kwargs).forward()

    def optimize_for(self, backend: str, args: Any = None, aux: Any = None, ctx: Any = None, shape_dict: Any = None,
                     type_dict: Any = None, stype_dict: Any = None, skip_infer: bool = False, **kwargs: Any) -> Symbol:
        """This symbol: every executor optimises its graph by itself, there are no backends to choose.

        Raises AssertionError unless backend is a name, args and aux are dicts or None, and ctx is a Context where
        args are given.
        """
        for name, value, kind in (("backend", backend, str), ("args", args, (dict, type(None))),
                                  ("aux", aux, (dict, type(None))), ("ctx", ctx, (Context, type(None)))):
            if not isinstance(value, kind):
                raise MXNetAssertionTypeError(f"optimize_for: {name} cannot be of the type {type(value).__name__}")
        return self

    def get_backend_symbol(self, backend: str) -> Symbol:
        """This symbol, see `optimize_for`."""
        return self

    # ---- what only arrays have ------------------------------------------------------------------

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol(self.__bool__, "bool")

    __hash__ = None                                      # type: ignore[assignment]

    def asnumpy(self) -> Any:
        raise NotImplementedForSymbol(self.asnumpy)

    def asscalar(self) -> Any:
        raise NotImplementedForSymbol(self.asscalar)

    def wait_to_read(self) -> Any:
        raise NotImplementedForSymbol(self.wait_to_read)

    def copy(self) -> Any:
        raise NotImplementedForSymbol(self.copy)

    def as_in_context(self, context: Context) -> Any:
        raise NotImplementedForSymbol(self.as_in_context, None, context)

    def detach(self) -> Any:
        raise NotImplementedForSymbol(self.detach)

    def backward(self) -> Any:
        raise NotImplementedForSymbol(self.backward)

    def gradient(self, wrt: Sequence[str]) -> Any:
        """MXNet 1.9.1 declares this and never implemented it; use `bind` and `backward`."""
        raise MXNetError("Symbol.gradient is not implemented in MXNet either; bind with args_grad and call backward")

    # ---- the other interface ---------------------------------------------------------------------

    def as_nd_ndarray(self) -> Symbol:
        """This symbol: it is one of `mx.sym`."""
        return self

    def as_np_ndarray(self) -> Any:
        """Raises MXNetNotImplementedError: symbols of `mx.sym.np` are not built."""
        raise MXNetNotImplementedError("as_np_ndarray: NumPy semantics (mx.sym.np) are not built")


def __getattr__(name: str) -> Any:
    """Names that MXNet keeps in this module, and this package elsewhere: `Variable`, `Group`, `load`, `NDArray`, ..."""
    if not name.startswith("__"):
        from .. import base, executor, ndarray, symbol
        for place in (symbol, executor, ndarray, base):
            if hasattr(place, name):
                return getattr(place, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


lend(__name__)
