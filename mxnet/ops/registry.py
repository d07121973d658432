# SPDX-License-Identifier: Apache-2.0
"""Declaring operators, and the table of all that are declared.

    @op("FullyConnected", when={"bias": lambda p: not p.no_bias})
    def fully_connected(data: Tensor, weight: Tensor, bias: Tensor | None = None, *,
                        num_hidden: Annotated[int, Range(1)], no_bias: bool = False, flatten: bool = True) -> Tensor:
        ...

    @fully_connected.shape
    def _(params, data, out=None): ...          # claims about inputs and outputs, see infer.py

A kernel takes and returns torch tensors: one tensor when the operator has one output, else a tuple. It reads no global
state, changes nothing but its `Aux` inputs, and returns contiguous tensors of its own; with `alias=True` it may also
return a view of an input (its runner copies where that matters).
"""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ..base import MXNetError, MXNetTypeError, MXNetValueError, nearest
from .params import Params, _Null, attr_text
from .schema import Input, Schema, schema_of

Kernel = Callable[..., Any]
Rule = Callable[..., Mapping[str, Any]]

REGISTRY: dict[str, Operator] = {}


class OperatorError(MXNetValueError):
    """An operator was given parameters or inputs that it cannot take."""


class UnknownParameterError(OperatorError, TypeError):
    """A keyword that is no parameter (or a required one that is missing), as Python's own TypeError says it."""


class Operator:
    """One operator: its kernel, its schema, and the rules that hang off it.

    Attributes
    ----------
    name, aliases : the canonical name, which symbol files hold, and the other spellings
    kernel : the function on torch tensors
    schema : inputs, parameters, what the kernel asks for
    alias : whether the kernel may return a view of an input
    count : the parameter that holds the number of inputs of a variadic operator, filled in when not given
    loss : whether the gradient does not depend on a head gradient, so that `backward()` needs none
    shape_rule, dtype_rule, grad_rule, direct_rule, into_rule : see `shape`, `dtype`, `gradient`, `direct`, `into`
    keeping_kernel, in_place_rule : see `keeping`, `in_place`
    open_params : whether any keyword is a parameter; those that the schema does not have are kept as text
    varying_aux : whether nodes differ in which of their inputs are auxiliary states (`Input.aux` says)
    sized : for an operator without inputs, what to change in parameters that leave the size of the output to the
        consumers: `sized(params, shape) -> changes`; without it, the parameter `shape` is set
    unused : names of what the direct rule asks for, and does not look at with these parameters
    outlined : inputs of which the direct rule reads shape and dtype only, so that their values need not be kept
    """

    open_params = False
    varying_aux = False
    sized: Callable[[Params, tuple[int, ...]], dict[str, Any]] | None = None

    def __init__(self, name: str, aliases: tuple[str, ...], kernel: Kernel, schema: Schema, *,
                 outputs: Any = ("output",), visible: Any = None, when: Mapping[str, Callable[[Params], bool]],
                 alias: bool, count: str | None, input_names: Callable[[Params, int], Sequence[str | Input]] | None,
                 doc: str) -> None:
        self.name, self.aliases, self.kernel, self.schema = name, aliases, kernel, schema
        self.alias, self.count, self.doc = alias, count, doc
        self._outputs, self._visible, self._when, self._input_names = outputs, visible, when, input_names
        self.params = {param.name: param for param in schema.params}
        self.aux_names = frozenset(item.name for item in schema.inputs if item.aux)
        self.asks = dict(schema.asks)
        self.shape_rule: Rule | None = None
        self.dtype_rule: Rule | None = None
        self.grad_rule: Rule | None = None
        self.direct_rule: Rule | None = None
        self.unused: Callable[[Params], tuple[str, ...]] | None = None
        self.outlined: frozenset[str] = frozenset()
        self.into_rule: Kernel | None = None
        self.in_place_rule: Kernel | None = None
        self.wanted: dict[str, tuple[str, ...]] = {}      # rule kind -> names of the arguments that it takes
        self.awaited: dict[str, tuple[str, ...]] = {}     # rule kind -> those without which it cannot say anything
        self._parsed: dict[Any, Params] = {}

    def __repr__(self) -> str:
        return f"<operator {self.name}>"

    # ---- rules ----------------------------------------------------------------------------------

    def shape(self, rule: Rule) -> Rule:
        """Attach the shape rule: `rule(params, data, weight=None, out=None) -> {"weight": ..., "out": ...}`.

        It receives partial shapes (tuples with None for an unknown size, or None for an unknown rank), is called once
        all its arguments without default are known, and returns what it can claim about any input or output.
        """
        self.shape_rule = self._attach("shape", rule)
        return rule

    def dtype(self, rule: Rule) -> Rule:
        """Attach the dtype rule, of the same form. Without one, all inputs and outputs share one dtype."""
        self.dtype_rule = self._attach("dtype", rule)
        return rule

    def gradient(self, rule: Rule) -> Rule:
        """Attach a gradient: `rule(params, data, label, out, head) -> {"data": ...}`; it gets what it names.

        `out` and `head` are tuples when the operator has several outputs; `hidden` is all outputs but the first, for
        a rule that does not need that one. `is_train` may be asked for. Inputs that the result does not name have
        gradient zero. A rule that does not name `head` makes the operator a loss.
        """
        self.grad_rule = self._attach("gradient", rule)
        return rule

    def direct(self, rule: Rule) -> Rule:
        """Attach the gradient that torch's autograd would find, as a rule of the same form as `gradient`'s.

        It serves training without a tape (see `executor/direct.py`). It may ask for `needs`, the set of inputs whose
        gradients are wanted, and gives those only; and for `into`, arrays by input name that it then writes these
        gradients to. With several outputs any of the heads may be None, but not all. The gradients of a variadic
        input are a list.
        """
        self.direct_rule = self._attach("direct", rule)
        return rule

    def keeping(self, kernel: Kernel) -> Kernel:
        """Attach a kernel that serves the direct gradient in the place of the operator's own.

        It gives the same result, and beside it anything that the rule then gets as `kept`: `(result, kept)`.
        """
        self.keeping_kernel = kernel
        return kernel

    def into(self, rule: Kernel) -> Kernel:
        """Attach what an imperative call with `out=` does, where the result depends on what that array is or holds.

        `rule(out, *tensors, **params)` gives the new values of `out`, of its shape and dtype.
        """
        self.into_rule = rule
        return rule

    def in_place(self, rule: Kernel) -> Kernel:
        """Attach a faster way for an imperative call whose `out=` is its first array.

        `rule(*tensors, **params)` leaves in the first tensor what the kernel would return.
        """
        self.in_place_rule = rule
        return rule

    def _attach(self, kind: str, rule: Rule) -> Rule:
        arguments = inspect.signature(rule).parameters
        self.wanted[kind] = tuple(arguments)
        self.awaited[kind] = tuple(name for name, arg in arguments.items() if arg.default is arg.empty)
        return rule

    @property
    def loss(self) -> bool:
        return self.grad_rule is not None and "head" not in self.wanted["gradient"]

    def is_loss(self, params: Params) -> bool:
        """Whether a node with these parameters needs no head gradient."""
        return self.loss

    # ---- parameters -----------------------------------------------------------------------------

    def parse(self, given: Mapping[str, Any]) -> Params:
        """Typed parameters from Python values or strings, defaults filled in. Raises OperatorError."""
        try:
            key = tuple(given.items())
            return self._parsed[key]
        except TypeError:                     # a list, say: not hashable, and so not cached
            return self._parse(given)
        except KeyError:
            params = self._parse(given)
            if len(self._parsed) < 4096:
                self._parsed[key] = params
            return params

    def _parse(self, given: Mapping[str, Any]) -> Params:
        values: dict[str, Any] = {}
        if not self.open_params and not given.keys() <= self.params.keys():
            self._refuse_unknown(given)           # ahead of what is missing: that may just be misspelt
        for name, param in self.params.items():
            value = given.get(name, _Null)
            if value is _Null:
                if param.required:
                    raise UnknownParameterError(f"{self.name}: parameter {name!r} ({param.text}) is required")
                values[name] = param.default
                continue
            try:
                values[name] = param.value(value)
            except (ValueError, TypeError) as error:
                raise OperatorError(f"{self.name}: {name}={value!r}: {error}; {name} is {param.text}") from None
        if self.open_params:
            values.update({key: attr_text(value) for key, value in given.items()
                           if key not in self.params and value is not _Null})
        return Params(values)

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        unknown = [name for name in given if name not in self.params and given[name] is not _Null]
        if unknown:
            listed = ", ".join(self.params) or "none"
            raise UnknownParameterError(f"{self.name}: unknown parameter {unknown[0]!r}."
                                        f"{nearest(unknown[0], self.params)} Its parameters: {listed}")

    # ---- inputs and outputs ---------------------------------------------------------------------

    def inputs(self, params: Params, count: int = 0) -> list[Input]:
        """The inputs that a node with these parameters has; `count` is their number where it is variable."""
        if self._input_names is not None:
            return [item if isinstance(item, Input) else Input(item, item in self.aux_names)
                    for item in self._input_names(params, count)]
        fixed = [item for item in self.schema.inputs
                 if not item.variadic and (item.name not in self._when or self._when[item.name](params))]
        if self.schema.variadic:
            total = getattr(params, self.count) if self.count else count
            fixed += [Input(f"arg{i}") for i in range(total - len(fixed))]
        return fixed

    def output_names(self, params: Params) -> tuple[str, ...]:
        return self._outputs(params) if callable(self._outputs) else self._outputs

    @property
    def varying(self) -> bool:
        """Whether the number of outputs that the user sees depends on parameters, or is more than one."""
        return callable(self._visible) or callable(self._outputs) or (self._visible or len(self._outputs)) > 1

    def visible(self, params: Params) -> int:
        """How many of the outputs the user sees; the rest serve the gradient."""
        if self._visible is None:
            return len(self.output_names(params))
        return self._visible(params) if callable(self._visible) else self._visible

    # ---- running --------------------------------------------------------------------------------

    def prepare(self, params: Params, count: int | None = None, kernel: Kernel | None = None) -> Kernel:
        """The kernel (or another one for it) with its parameters filled in: takes the present tensors in order, and
        what it asks for."""
        kernel = kernel or self.kernel
        ready = functools.partial(kernel, **params.__dict__) if params.__dict__ else kernel
        if self.schema.variadic:
            return ready
        names = [item.name for item in self.inputs(params, count or 0)]
        if names == [item.name for item in self.schema.inputs[:len(names)]]:
            return ready
        return lambda *tensors, **asks: ready(**dict(zip(names, tensors)), **asks)

    def differentiable(self, params: Params, count: int | None = None) -> Kernel:
        """As `prepare`, and torch's autograd sees the declared gradient, where there is one."""
        ready = self.prepare(params, count)
        if self.grad_rule is None:
            return ready
        return lambda *tensors, **asks: _Declared.apply(self, params, ready, asks, *tensors)

    def gradients(self, params: Params, names: Sequence[str], tensors: Sequence[torch.Tensor | None], outs: Any,
                  heads: Any, asks: Mapping[str, Any]) -> list[torch.Tensor | None]:
        """Apply the declared gradient rule; a gradient (or None for zero) for each input."""
        assert self.grad_rule is not None
        facts: dict[str, Any] = {**dict(zip(names, tensors)), "params": params, "out": outs, "head": heads, **asks}
        if self.schema.variadic:
            facts[self.schema.inputs[-1].name] = list(tensors[len(self.schema.inputs) - 1:])
        grads = self.grad_rule(**{name: facts.get(name) for name in self.wanted["gradient"]})
        if self.schema.variadic:
            fixed = [grads.get(item.name) for item in self.schema.inputs[:-1]]
            rest = grads.get(self.schema.inputs[-1].name)
            return fixed + (list(rest) if rest is not None else [None] * (len(tensors) - len(fixed)))
        return [grads.get(name) for name in names]

    def __call__(self, *tensors: torch.Tensor, is_train: bool = False, rng: Any = None,
                 device: torch.device | None = None, **params: Any) -> Any:
        """Run the kernel on torch tensors, parameters as keywords: for use inside other kernels and in tests."""
        if self.count is not None:
            params.setdefault(self.count, len(tensors))
        given = {"is_train": is_train, "rng": rng, "device": device or torch.device("cpu")}
        asks = {name: given[what] for name, what in self.asks.items()}
        return self.differentiable(self.parse(params), len(tensors))(*tensors, **asks)


class _Declared(torch.autograd.Function):
    """Routes one operator call through its declared gradient; saves exactly what the rule asks for."""

    @staticmethod
    def forward(ctx: Any, op: Operator, params: Params, ready: Kernel, asks: dict[str, Any], *tensors: Any) -> Any:
        outs = ready(*tensors, **asks)
        names = [item.name for item in op.inputs(params, len(tensors))]
        wanted = op.wanted["gradient"]
        variadic = op.schema.inputs[-1].name if op.schema.variadic else None
        saved = [t if name in wanted or variadic in wanted else None for name, t in zip(names, tensors)]
        results = outs if isinstance(outs, tuple) else (outs,)
        ctx.single = not isinstance(outs, tuple)
        ctx.aux = [(i, t) for i, t in enumerate(saved) if t is not None and names[i] in op.aux_names]
        for i, _ in ctx.aux:                  # updated in place between forward and backward, so not saved by autograd
            saved[i] = None
        kept = results if "out" in wanted else results[1:] if "hidden" in wanted else ()
        ctx.save_for_backward(*saved, *kept)
        ctx.count, ctx.op, ctx.params, ctx.names, ctx.asks = len(tensors), op, params, names, asks
        ctx.mark_non_differentiable(*[t for t in results if not t.is_floating_point()])
        return outs

    @staticmethod
    def backward(ctx: Any, *heads: Any) -> Any:
        saved = list(ctx.saved_tensors)
        tensors = saved[:ctx.count]
        outs: Any = tuple(saved[ctx.count:])
        for i, tensor in ctx.aux:
            tensors[i] = tensor
        facts = {**ctx.asks, "hidden": outs[1:] if "out" in ctx.op.wanted["gradient"] else outs}
        if ctx.single:
            outs, heads = outs[0] if outs else None, heads[0]
        grads = ctx.op.gradients(ctx.params, ctx.names, tensors, outs, heads, facts)
        return None, None, None, None, *grads


def declare(name: str, *aliases: str, kernel: Kernel, schema: Schema, doc: str, outputs: Any = ("output",),
            visible: Any = None, when: Mapping[str, Callable[[Params], bool]] | None = None, alias: bool = False,
            count: str | None = None,
            input_names: Callable[[Params, int], Sequence[str | Input]] | None = None,
            kind: type[Operator] = Operator) -> Operator:
    """Register an operator whose schema is given apart from its kernel (a row of a family, a torch builtin)."""
    made = kind(name, aliases, kernel, schema, outputs=outputs, visible=visible, when=when or {}, alias=alias,
                    count=count, input_names=input_names, doc=doc)
    for key in (name, *aliases):
        if key in REGISTRY:
            raise MXNetError(f"operator {key} is declared twice")
        REGISTRY[key] = made
    return made


def op(name: str, *aliases: str, **options: Any) -> Callable[[Kernel], Operator]:
    """Declare an operator from a kernel whose signature is the schema; options as in `declare`."""
    def decorate(kernel: Kernel) -> Operator:
        doc = inspect.getdoc(kernel) or ""
        return declare(name, *aliases, kernel=kernel, schema=schema_of(kernel), doc=doc, **options)
    return decorate


def get(name: str) -> Operator:
    """The operator of that name or alias. Raises MXNetError with the nearest known name."""
    try:
        return REGISTRY[name]
    except KeyError:
        raise OperatorError(f"there is no operator {name!r}.{nearest(name, REGISTRY)}") from None


def is_final(error: BaseException) -> bool:
    """Whether an error is to reach the user as it is: it explains itself already, or comes from the user's code."""
    return getattr(error, "explained", False)


def explain(op: Operator, name: str | None, tensors: Sequence[torch.Tensor], error: BaseException) -> BaseException:
    """What torch (or a kernel) refused, as an error that names operator, node, and the inputs' shapes and dtypes."""
    if is_final(error):
        return error
    names = [item.name for item in op.schema.inputs]
    shown = ", ".join(f"{names[min(i, len(names) - 1)]} {tuple(t.shape)} {str(t.dtype).removeprefix('torch.')}"
                      for i, t in enumerate(tensors[:8]))
    where = f"{op.name} {name!r}" if name else op.name
    first = str(error).strip().split("\n")[0]
    kind: type[MXNetError] = MXNetTypeError if isinstance(error, MXNetTypeError) else OperatorError
    if isinstance(error, NotImplementedError) and isinstance(error, MXNetError):
        kind = type(error)
    result = kind(f"{where}: {first}" + (f" (inputs: {shown})" if shown else ""))
    result.explained = True                          # type: ignore[attr-defined]
    return result
