# SPDX-License-Identifier: Apache-2.0
"""Operators written in Python by users: `CustomOp`, `CustomOpProp`, `register`, and the older forms of the same.

A prop describes an operator (names, shapes, dtypes, what backward needs) and makes the CustomOp that computes it. Both
see NDArrays and plain lists. `mxnet.ops.custom` runs them, as the operator `Custom`.
"""
from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, get_args, get_origin

from ._clib import c_array, c_array_buf, c_str, check_call, ctypes2numpy_shared, py_str  # noqa: F401
from ._old_names import lend
from .base import MXNetTypeError, MXNetValueError, nearest
from .ops import registry as _operators
from .ops.params import kind_text
from .util import is_np_array  # noqa: F401

__all__ = ["CustomOp", "CustomOpProp", "NDArrayOp", "NumpyOp", "OperatorArguments", "PythonOp",
           "get_all_registered_operators", "get_operator_arguments", "register"]

Shapes = Sequence[Sequence[int]]


class CustomOp:
    """The computation of a custom operator: override `forward` and, for gradients, `backward`.

    >>> import mxnet as mx
    >>> class Double(mx.operator.CustomOp):
    ...     def forward(self, is_train, req, in_data, out_data, aux):
    ...         self.assign(out_data[0], req[0], in_data[0] * 2)
    ...     def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
    ...         self.assign(in_grad[0], req[0], out_grad[0] * 2)
    >>> @mx.operator.register("doc_double")
    ... class DoubleProp(mx.operator.CustomOpProp):
    ...     def create_operator(self, ctx, in_shapes, in_dtypes):
    ...         return Double()
    >>> mx.nd.Custom(mx.nd.array([1, 2]), op_type="doc_double").asnumpy().tolist()
    [2.0, 4.0]
    """

    def forward(self, is_train: bool, req: Sequence[str], in_data: list[Any], out_data: list[Any],
                aux: list[Any]) -> None:
        """Write the outputs, from `in_data`, into `out_data` with `assign`; `aux` may be changed."""

    def backward(self, req: Sequence[str], out_grad: list[Any], in_data: list[Any], out_data: list[Any],
                 in_grad: list[Any], aux: list[Any]) -> None:
        """Write the gradients of the inputs into `in_grad`.

        Entries of `out_grad`, `in_data`, `out_data` are None where `declare_backward_dependency` leaves them out.
        """

    def assign(self, dst: Any, req: str, src: Any) -> None:
        """Put `src` into `dst` as `req` says: `null` not at all, `write` and `inplace` over it, `add` on top."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] += src


class CustomOpProp:
    """What a custom operator looks like. Its parameters arrive as strings, as keyword arguments of `__init__`.

    `need_top_grad=False` makes the operator a loss: `backward()` needs no head gradient.
    """

    def __init__(self, need_top_grad: bool = True) -> None:
        self.need_top_grad_ = need_top_grad

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the arrays that the operator keeps and changes."""
        return []

    def infer_shape(self, in_shape: list[list[int]]) -> tuple[Any, ...]:
        """Shapes of inputs, outputs (and auxiliary states) from those of the inputs, [] where one is not known yet.

        By default, all outputs have the first input's.
        """
        return in_shape, [in_shape[0]] * len(self.list_outputs()), []

    def infer_type(self, in_type: list[Any]) -> tuple[Any, ...]:
        """NumPy types of inputs, outputs (and auxiliary states), None where one is not known yet.

        By default, all outputs and states have the first input's.
        """
        return (in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states()))

    def infer_storage_type(self, in_stype: list[str]) -> tuple[list[str], list[str], list[str]]:
        """Storage types; dense ("default") for all."""
        return (in_stype, ["default"] * len(self.list_outputs()), ["default"] * len(self.list_auxiliary_states()))

    def infer_storage_type_backward(self, ograd_stype: list[str], in_stype: list[str], out_stype: list[str],
                                    igrad_stype: list[str], aux_stype: list[str]) -> tuple[list[str], ...]:
        """Storage types in backward; dense ("default") for all."""
        return tuple(["default"] * len(kinds) for kinds in (ograd_stype, in_stype, out_stype, igrad_stype, aux_stype))

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        """Of the numbers given for each array, those of the arrays that `backward` reads: all, by default."""
        return [*(out_grad if self.need_top_grad_ else ()), *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: Shapes, in_dtypes: Sequence[int]) -> CustomOp:
        """The operator for a context and inputs of these shapes and dtypes (auxiliary states included).

        The dtypes are MXNet's codes, which every `dtype=` of this package takes.
        """
        return CustomOp()


_PROPS: dict[str, type[CustomOpProp]] = {}


def register(reg_name: str) -> Callable[[type[CustomOpProp]], type[CustomOpProp]]:
    """A class decorator: makes a CustomOpProp known as `Custom(..., op_type=reg_name)`; a later one replaces it."""
    def decorate(prop: type[CustomOpProp]) -> type[CustomOpProp]:
        if not (isinstance(prop, type) and issubclass(prop, CustomOpProp)):
            raise MXNetTypeError(f"register({reg_name!r}) decorates a subclass of CustomOpProp, not {prop!r}")
        _PROPS[reg_name] = prop
        return prop
    return decorate


def find_prop(op_type: str) -> type[CustomOpProp]:
    """The prop class registered under a name. Raises OperatorError when there is none."""
    try:
        return _PROPS[op_type]
    except KeyError:
        raise _operators.OperatorError(f"no custom operator is registered as {op_type!r}."
                                       f"{nearest(op_type, _PROPS)} Known: {', '.join(_PROPS) or 'none'}") from None


# ---- what is registered -------------------------------------------------------------------------

class OperatorArguments(NamedTuple):
    """What an operator takes: the number of arguments, their names and their types as text."""

    narg: int
    names: list[str]
    types: list[str]


def get_all_registered_operators() -> list[str]:
    """The names of all operators, aliases included."""
    return sorted(_operators.REGISTRY)


def get_operator_arguments(op_name: str) -> OperatorArguments:
    """Inputs and parameters of an operator, with types as MXNet words them.

    >>> import mxnet as mx
    >>> mx.operator.get_operator_arguments("Flatten")
    OperatorArguments(narg=1, names=['data'], types=['NDArray-or-Symbol'])
    """
    op = _operators.get(op_name)
    names = [item.name for item in op.schema.inputs]
    kinds = ["NDArray-or-Symbol[]" if item.variadic else "NDArray-or-Symbol" for item in op.schema.inputs]
    for param in op.schema.params:
        names.append(param.name)
        kinds.append(_type_text(param))
    return OperatorArguments(len(names), names, kinds)


_WORDS = {int: "int", float: "float", bool: "boolean", str: "string"}


def _type_text(param: Any) -> str:
    kind, default = param.kind, param.default
    if get_origin(kind) is None or get_origin(kind) in (tuple, types.UnionType):
        inner = next((k for k in get_args(kind) if k in _WORDS), kind)
        text = "Shape(tuple)" if get_origin(kind) is tuple else _WORDS.get(inner, kind_text(kind))
    elif get_origin(kind) is Literal:
        text = "{" + ", ".join(repr(option) for option in get_args(kind)) + "}"
    else:
        text = _WORDS.get(get_args(kind)[0], kind_text(kind))
    if param.required:
        return f"{text}, required"
    shown = int(default) if isinstance(default, bool) else repr(default) if isinstance(default, str) else default
    return f"{text}, optional, default={shown}"


# ---- the older forms ----------------------------------------------------------------------------

class PythonOp:
    """Base of the older operators: an instance, called with symbols, is the operator. CustomOp replaces it."""

    def __init__(self, need_top_grad: bool = True) -> None:
        warnings.warn(f"{type(self).__name__}: PythonOp, NumpyOp and NDArrayOp are deprecated, use CustomOp",
                      DeprecationWarning, stacklevel=2)
        self.need_top_grad_ = need_top_grad

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.get_symbol(*args, **kwargs)

    def get_symbol(self, *args: Any, **kwargs: Any) -> Any:
        """A symbol that applies this operator to the symbols given. NumpyOp and NDArrayOp define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_symbol: derive from NumpyOp or NDArrayOp")

    def forward(self, in_data: list[Any], out_data: list[Any]) -> None:
        """Write the outputs into `out_data`; by default a copy of the first input."""
        out_data[0][:] = in_data[0]

    def backward(self, out_grad: list[Any], in_data: list[Any], out_data: list[Any], in_grad: list[Any]) -> None:
        """Write the gradients into `in_grad`; by default one."""
        in_grad[0][:] = 1.0

    def infer_shape(self, in_shape: list[list[int]]) -> tuple[Any, ...]:
        """Shapes of inputs and outputs; by default one output like the first input."""
        return in_shape, [in_shape[0]]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def need_top_grad(self) -> bool:
        """Whether `backward` reads `out_grad`."""
        return self.need_top_grad_

    def _symbol(self, prop: type[CustomOpProp], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """This instance as a custom operator of a name of its own, valid in this process."""
        from .symbol.compose import apply
        from .symbol.symbol import Symbol
        key = f"_native_{id(self):x}"
        _PROPS[key] = _bound(prop, self)
        name, attr = kwargs.pop("name", None), kwargs.pop("attr", None)
        named = {k: v for k, v in kwargs.items() if isinstance(v, Symbol)}
        given = {k: v for k, v in kwargs.items() if k not in named}
        if given:
            raise MXNetValueError(f"{type(self).__name__} takes symbols, name= and attr=, not {', '.join(given)}")
        return apply(_operators.get("Custom"), args, named, {"op_type": key}, name=name, attr=attr, hint="_native")


class NumpyOp(PythonOp):
    """An operator on NumPy arrays: `forward` and `backward` write into the arrays they are given."""

    def get_symbol(self, *args: Any, **kwargs: Any) -> Any:
        """A symbol that applies this operator."""
        return self._symbol(_LegacyProp, args, kwargs)

    def _call(self, method: Callable[..., None], read: Sequence[list[Any]], write: list[Any]) -> None:
        results = [array.asnumpy() for array in write]
        method(*[[None if array is None else array.asnumpy() for array in group] for group in read], results)
        for array, result in zip(write, results):
            array[:] = result


class NDArrayOp(PythonOp):
    """An operator on NDArrays, of the older form."""

    def get_symbol(self, *args: Any, **kwargs: Any) -> Any:
        """A symbol that applies this operator."""
        return self._symbol(_LegacyProp, args, kwargs)

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        """As in CustomOpProp."""
        return [*(out_grad if self.need_top_grad() else ()), *in_data, *out_data]

    def _call(self, method: Callable[..., None], read: Sequence[list[Any]], write: list[Any]) -> None:
        method(*read, write)


class _LegacyProp(CustomOpProp):
    """Shows an older operator as a custom one."""

    legacy: Any = None

    def __init__(self) -> None:
        super().__init__(self.legacy.need_top_grad())

    def list_arguments(self) -> list[str]:
        return self.legacy.list_arguments()

    def list_outputs(self) -> list[str]:
        return self.legacy.list_outputs()

    def infer_shape(self, in_shape: list[list[int]]) -> tuple[Any, ...]:
        return self.legacy.infer_shape(in_shape)

    def declare_backward_dependency(self, out_grad: list[int], in_data: list[int], out_data: list[int]) -> list[int]:
        own = getattr(self.legacy, "declare_backward_dependency", super().declare_backward_dependency)
        return own(out_grad, in_data, out_data)

    def create_operator(self, ctx: Any, in_shapes: Shapes, in_dtypes: Sequence[int]) -> CustomOp:
        return _LegacyOp(self.legacy)


class _LegacyOp(CustomOp):
    def __init__(self, legacy: Any) -> None:
        self.legacy = legacy

    def forward(self, is_train: bool, req: Sequence[str], in_data: list[Any], out_data: list[Any],
                aux: list[Any]) -> None:
        self.legacy._call(self.legacy.forward, [in_data], out_data)

    def backward(self, req: Sequence[str], out_grad: list[Any], in_data: list[Any], out_data: list[Any],
                 in_grad: list[Any], aux: list[Any]) -> None:
        self.legacy._call(self.legacy.backward, [out_grad, in_data, out_data], in_grad)


def _bound(prop: type[CustomOpProp], legacy: PythonOp) -> type[CustomOpProp]:
    return type(f"{type(legacy).__name__}Prop", (prop,), {"legacy": legacy})


lend(__name__)
