# SPDX-License-Identifier: Apache-2.0
"""The operator `Custom`: runs what users register with `mx.operator.register`.

The prop is made when parameters are parsed (once for each node of a symbol, once for each eager call) and lives among
them; all that the registry asks of an operator is answered by it. What user code raises reaches the user as an
MXNetError that is also of its own class.
User code works on arrays, a layer above this one, which is therefore imported only where it is called.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from .. import _mode
from ..base import MXNetError
from ..context import Context
from ..dtype import CODE, NUMPY, as_torch
from ..operator import CustomOp, CustomOpProp, find_prop
from .infer import complete
from .params import Param, Params
from .registry import Operator, OperatorError, declare
from .schema import Input, Schema

_PROP = "(prop)"                     # its key among the parameters, which no keyword can be


class _UserCode:
    """Around calls of user code: not recorded, in the given mode, and its exceptions are marked as final."""

    def __init__(self, training: bool | None = None) -> None:
        self.training = training

    def __enter__(self) -> None:
        self.recording = _mode.set_recording(False)
        self.before = _mode.mode.training
        if self.training is not None:
            _mode.set_training(self.training)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        _mode.set_recording(self.recording)
        _mode.set_training(self.before)
        if isinstance(error, Exception):
            raise _as_ours(error).with_traceback(trace) from error.__cause__


def _as_ours(error: Exception) -> Exception:
    """The error as one that `except MXNetError` catches, as in MXNet, and what names its own class, too."""
    if not isinstance(error, MXNetError):
        kind = type(error)
        try:
            both = type(kind.__name__, (MXNetError, kind), {"__module__": kind.__module__})
            made = both.__new__(both, *error.args)
            made.__dict__.update(error.__dict__)
        except TypeError:                                # a class that cannot be inherited from, or made like this
            made = MXNetError(f"{kind.__name__}: {error}")
        error = made
    error.explained = True                               # type: ignore[attr-defined]
    return error


class _Prop:
    """A user's prop with the answers that do not change, and its inference in this package's terms."""

    def __init__(self, op_type: str, kwargs: Mapping[str, str]) -> None:
        kind: Callable[..., CustomOpProp] = find_prop(op_type)
        with _UserCode():
            self.user: CustomOpProp = kind(**kwargs)
            self.arguments, self.outputs = list(self.user.list_arguments()), tuple(self.user.list_outputs())
            self.states = list(self.user.list_auxiliary_states() or ())
        self.op_type = op_type
        ids = range(2 * len(self.outputs) + len(self.arguments))
        heads, rest = list(ids[:len(self.outputs)]), list(ids[len(self.outputs):])
        inputs, outs = rest[:len(self.arguments)], rest[len(self.arguments):]
        with _UserCode():
            needed = set(self.user.declare_backward_dependency(heads, inputs, outs))
        self.needs_heads = [i in needed for i in heads]
        self.needs_inputs = [i in needed for i in inputs]
        self.needs_outputs = [i in needed for i in outs]

    def inputs(self) -> list[Input]:
        return [*map(Input, self.arguments), *[Input(name, aux=True) for name in self.states]]

    def shapes(self, inputs: Sequence[Any]) -> tuple[list[Any], list[Any]] | None:
        """Shapes of inputs (with states) and outputs, None while the prop cannot say."""
        from ..symbol.infer import from_user
        given = [[] if shape is None else [-1 if n is None else n for n in shape] for shape in inputs]
        found = self._infer("infer_shape", self.user.infer_shape, given, all(map(complete, inputs)))
        if found is None:
            return None
        ins, outs, states = [[_exact(shape, from_user) for shape in group] for group in found]
        return ins + states, outs

    def dtypes(self, inputs: Sequence[torch.dtype | None]) -> tuple[list[Any], list[Any]] | None:
        given = [None if kind is None else NUMPY[kind] for kind in inputs]
        found = self._infer("infer_type", self.user.infer_type, given, None not in given)
        if found is None:
            return None
        ins, outs, states = [[None if kind is None else as_torch(kind) for kind in group] for group in found]
        return ins + states, outs

    def _infer(self, name: str, method: Callable[..., Any], given: list[Any], known: bool) -> Any:
        """Call the prop; what it raises while it does not know all inputs counts as 'cannot say'."""
        try:
            with _UserCode():
                found = method(given)
        except Exception:
            if known:
                raise
            return None
        if len(found) not in (2, 3):
            raise OperatorError(f"{self.op_type}: {name} returns inputs, outputs and, if any, auxiliary states, "
                                f"not {len(found)} values")
        groups = [list(found[0]), list(found[1]), list(found[2]) if len(found) == 3 else []]
        for what, group, names in zip(("inputs", "outputs", "auxiliary states"), groups,
                                      (self.arguments, self.outputs, self.states)):
            if len(group) != len(names):
                raise OperatorError(f"{self.op_type}: {name} gives {len(group)} {what}, "
                                    f"there are {len(names)} ({', '.join(names)})")
        return groups


def _exact(shape: Any, from_user: Callable[[Any], Any]) -> Any:
    """A shape as the prop gives it: [] is unknown, and so are sizes of 0 and -1."""
    return from_user(tuple(shape))


class _Instance:
    """A user's operator made for inputs of certain shapes, dtypes and a device."""

    def __init__(self, prop: _Prop, tensors: Sequence[torch.Tensor], device: torch.device) -> None:
        self.prop, self.device = prop, device
        self.count = len(prop.arguments)
        self.ctx = Context("cpu") if device.type == "cpu" else Context("gpu", device.index or 0)
        self.ins = [(tuple(t.shape), t.dtype) for t in tensors[:self.count]]
        shapes = prop.shapes([shape for shape, _ in self.ins])
        kinds = prop.dtypes([kind for _, kind in self.ins])
        assert shapes is not None and kinds is not None          # all inputs are known
        for name, shape in zip(prop.outputs, shapes[1]):
            if not complete(shape):
                raise OperatorError(f"{prop.op_type}: infer_shape does not decide output {name!r}")
        self.outs = list(zip(shapes[1], kinds[1]))
        with _UserCode():
            self.user: CustomOp = prop.user.create_operator(
                self.ctx, [list(t.shape) for t in tensors], [CODE[t.dtype] for t in tensors])

    def new(self, what: Sequence[tuple[Any, torch.dtype]]) -> list[torch.Tensor]:
        return [torch.zeros(shape, dtype=kind, device=self.device) for shape, kind in what]

    def arrays(self, tensors: Sequence[torch.Tensor | None]) -> list[Any]:
        from ..ndarray.handle import wrap
        return [None if t is None else wrap(t.detach(), self.ctx) for t in tensors]


def _settle(arrays: Sequence[Any], tensors: Sequence[torch.Tensor]) -> None:
    """Bring back what user code put behind a handle instead of writing into its memory."""
    for array, tensor in zip(arrays, tensors):
        if array._tensor.data_ptr() != tensor.data_ptr():
            tensor.copy_(array._tensor)


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, instance: _Instance, is_train: bool, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        prop, count = instance.prop, instance.count
        outs, states = instance.new(instance.outs), tensors[count:]
        ins, results, aux = instance.arrays(tensors[:count]), instance.arrays(outs), instance.arrays(states)
        with _UserCode(is_train), torch.enable_grad():
            instance.user.forward(is_train=is_train, req=["write"] * len(outs), in_data=ins, out_data=results, aux=aux)
        _settle(results, outs)
        _settle(aux, states)
        ctx.instance, ctx.is_train, ctx.states = instance, is_train, states
        ctx.save_for_backward(*[t if need else None for t, need in zip(tensors, prop.needs_inputs)],
                              *[t if need else None for t, need in zip(outs, prop.needs_outputs)])
        ctx.mark_non_differentiable(*[t for t in outs if not t.is_floating_point()])
        return tuple(outs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *heads: torch.Tensor) -> Any:
        instance, prop = ctx.instance, ctx.instance.prop
        saved, wanted = ctx.saved_tensors, ctx.needs_input_grad[2:]
        grads = instance.new(instance.ins)
        results, aux = instance.arrays(grads), instance.arrays(ctx.states)
        given = [head.contiguous() if need else None for head, need in zip(heads, prop.needs_heads)]
        with _UserCode(ctx.is_train), torch.enable_grad():
            instance.user.backward(
                req=["write" if want else "null" for want in wanted[:instance.count]], out_grad=instance.arrays(given),
                in_data=instance.arrays(saved[:instance.count]), out_data=instance.arrays(saved[instance.count:]),
                in_grad=results, aux=aux)
        _settle(results, grads)
        _settle(aux, ctx.states)
        return None, None, *[g if want else None for g, want in zip(grads, wanted)], *[None] * len(ctx.states)


class _Runner:
    """The kernel of one node: keeps the user's operator from one run to the next, for each kind of inputs."""

    def __init__(self, prop: _Prop) -> None:
        self.prop = prop
        self.made: dict[Any, _Instance] = {}

    def __call__(self, *tensors: torch.Tensor, is_train: bool, device: torch.device) -> Any:
        device = tensors[0].device if tensors else device
        key = (device, *[(t.shape, t.dtype) for t in tensors])
        if key not in self.made:
            self.made[key] = _Instance(self.prop, tensors, device)
        result = _Run.apply(self.made[key], is_train, *tensors)
        return result if len(result) > 1 else result[0]


class _CustomOperator(Operator):
    open_params = True
    varying_aux = True

    def parse(self, given: Mapping[str, Any]) -> Params:
        """Parameters as text, and the prop that is made from them."""
        from ..ndarray.handle import NDArrayBase
        for key, value in given.items():
            if isinstance(value, NDArrayBase):
                raise OperatorError(f"Custom takes arrays by position, {key!r} is given by name")
        values = dict(self._parse(given))
        kwargs = {key: value for key, value in values.items() if key not in self.params and key != _PROP}
        return Params({**values, _PROP: _Prop(values["op_type"], kwargs)})

    def prepare(self, params: Params, count: int | None = None,
                kernel: Callable[..., Any] | None = None) -> Callable[..., Any]:
        return _Runner(params[_PROP])

    def is_loss(self, params: Params) -> bool:
        return not any(params[_PROP].needs_heads)


def _custom(*data: torch.Tensor, is_train: bool, device: torch.device, op_type: str, **kwargs: str) -> Any:
    return _Runner(_Prop(op_type, kwargs))(*data, is_train=is_train, device=device)


_DOC = """Run an operator that is registered with `mx.operator.register`.

Inputs are those that its `list_arguments` names, then its auxiliary states. `op_type` is the registered name; every
other keyword is passed to the prop's `__init__`, as text. Shapes and dtypes are inferred by the prop, gradients
computed by the `backward` of the CustomOp. See `mx.operator.CustomOp` for an example.
"""

custom = declare(
    "Custom", kernel=_custom, doc=_DOC, kind=_CustomOperator,
    schema=Schema((Input("data", variadic=True),), (Param.of("op_type", str),),
                  (("is_train", "is_train"), ("device", "device"))),
    outputs=lambda params: params[_PROP].outputs,
    input_names=lambda params, count: params[_PROP].inputs())


@custom.shape
def _(params: Params, data: list[Any]) -> Mapping[str, Any]:
    prop = params[_PROP]
    return _claims(prop, prop.shapes(data[:len(prop.arguments)]))


@custom.dtype
def _(params: Params, data: list[Any]) -> Mapping[str, Any]:
    prop = params[_PROP]
    return _claims(prop, prop.dtypes(data[:len(prop.arguments)]))


def _claims(prop: _Prop, found: tuple[list[Any], list[Any]] | None) -> Mapping[str, Any]:
    if found is None:
        return {}
    return {"data": found[0], "out": found[1] if len(prop.outputs) > 1 else found[1][0]}
