# SPDX-License-Identifier: Apache-2.0
"""Mirroring: computing cheap operators again in the backward pass, in place of keeping what they gave.

The attribute `force_mirroring` marks operators, `MXNET_BACKWARD_DO_MIRROR=1` all that are cheap. What autograd would
save of a marked operator, or of its results, becomes a recipe: the operator, and where its inputs come from, which
are other recipes or values that exist anyway. The first use in backward follows the recipe, the last one forgets the
values again. Random operators draw the numbers of the forward pass; states such as moving statistics change once,
because backward runs once.
"""
from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, fx

from ..symbol.graph import Node
from .gradients import Gradients
from .watch import Show, Watch, several

# What takes long enough to be kept when the environment asks for mirroring; losses have no users.
_EXPENSIVE = frozenset("""
    BilinearSampler CTCLoss Concat Convolution Convolution_v1 Correlation Deconvolution Dropout FullyConnected RNN
    SoftmaxOutput SpatialTransformer _contrib_DeformableConvolution _contrib_ModulatedDeformableConvolution
    _contrib_interleaved_matmul_encdec_qk _contrib_interleaved_matmul_encdec_valatt
    _contrib_interleaved_matmul_selfatt_qk _contrib_interleaved_matmul_selfatt_valatt batch_dot dot khatri_rao
    linalg_gemm linalg_gemm2 linalg_inverse linalg_potrf linalg_syevd linalg_gelqf linalg_trsm sort argsort
    topk""".split())


def mirrored(nodes: Iterable[Node]) -> frozenset[int]:
    """The ids of the nodes to compute again."""
    everywhere = os.environ.get("MXNET_BACKWARD_DO_MIRROR", "0") not in ("", "0")
    return frozenset(id(node) for node in nodes if _is_mirrored(node, everywhere))


def _is_mirrored(node: Node, everywhere: bool) -> bool:
    op = node.op
    if op is None or op.varying_aux or op.open_params or node.subgraphs:      # a user's code is run once
        return False
    forced = node.attrs.get("__force_mirroring__", "").strip().lower()
    if forced in ("true", "1"):
        return True
    return everywhere and forced not in ("false", "0") and op.name.lstrip("_") not in _EXPENSIVE \
        and op.name not in _EXPENSIVE


class _Made:
    """What one run of an operator gave: its results, and all that autograd saved."""

    def __init__(self, outputs: list[Tensor], saved: list[Tensor]) -> None:
        self.outputs, self.saved = outputs, saved


class _Recipe:
    """One run of a mirrored operator. `waiting` counts the values that backward has not asked for yet."""

    def __init__(self, call: Callable[..., Any], inputs: list[Any], rng: torch.Generator | None) -> None:
        self.call, self.inputs, self.rng = call, inputs, rng
        self.state = torch.empty(0) if rng is None else rng.get_state()
        self.waiting = 0
        self.made: _Made | None = None

    def follow(self) -> _Made:
        """Run the operator again, after those that it depends on."""
        passing, stack = [], [self]
        while stack:
            top = stack[-1]
            missing = [x.recipe for x in top.inputs if isinstance(x, _Result) and x.recipe.made is None]
            if missing and top.made is None:
                stack += missing
                continue
            stack.pop()
            if top.made is None:
                top.made = top._run()
                if not top.waiting:
                    passing.append(top)
        made = self.made
        assert made is not None
        for recipe in passing:
            recipe.made = None
        return made

    def _run(self) -> _Made:
        saved: list[Tensor] = []

        def keep(value: Tensor) -> int:
            saved.append(value.detach())
            return len(saved)
        if self.rng is not None:
            present = self.rng.get_state()
            self.rng.set_state(self.state)
        try:
            with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda number: saved[number - 1]):
                outputs = several(self.call(*[x.again() if isinstance(x, (_Result, _Kept)) else x
                                              for x in self.inputs]))
        finally:
            if self.rng is not None:
                self.rng.set_state(present)
        return _Made([x.detach() for x in outputs], saved)

    def saved(self, number: int) -> Tensor:
        """What autograd saved of that number."""
        return self.follow().saved[number]

    def let_go(self) -> None:
        """One value less is waited for."""
        self.waiting -= 1
        if self.waiting <= 0:
            self.made = None


class _Kept:
    """An input that is kept: a parameter, or the result of an operator that is not mirrored."""

    def __init__(self, value: Tensor) -> None:
        self.value, self.differentiable = value.detach(), value.requires_grad

    def again(self) -> Tensor:
        return self.value.detach().requires_grad_(self.differentiable)


class _Result:
    """An input that is a result of a mirrored operator (or a view of one)."""

    def __init__(self, recipe: _Recipe, number: int, base: Tensor, value: Tensor) -> None:
        self.recipe, self.number, self.differentiable = recipe, number, value.requires_grad
        self.geometry = value.shape, value.stride(), value.storage_offset() - base.storage_offset()

    def value(self) -> Tensor:
        base = self.recipe.follow().outputs[self.number].contiguous()
        shape, stride, offset = self.geometry
        return base.as_strided(shape, stride, base.storage_offset() + offset)

    def again(self) -> Tensor:
        return self.value().detach().requires_grad_(self.differentiable)


class _Saved:
    """What autograd holds in the place of a tensor: the tensor until the operator has run, then how to make it."""

    def __init__(self, value: Tensor) -> None:
        self.held: Tensor | None = value
        self.recipe: _Recipe | None = None
        self.make: Callable[[], Tensor] | None = None

    def become(self, recipe: _Recipe, make: Callable[[], Tensor]) -> None:
        self.recipe, self.make, self.held = recipe, make, None
        recipe.waiting += 1

    def value(self) -> Tensor:
        if self.make is None:
            assert self.held is not None
            return self.held
        return self.make()

    def __del__(self) -> None:
        if self.recipe is not None:
            self.recipe.let_go()


class MirroredRun(Watch):
    """Runs a program for the tape, mirroring the nodes with the given ids."""

    def __init__(self, module: fx.GraphModule, nodes: frozenset[int], show: Show | None = None,
                 gradients: Gradients | None = None) -> None:
        super().__init__(module, show, gradients)
        self.nodes = nodes
        self.live: dict[int, list[tuple[weakref.ref[Tensor], _Recipe, int]]] = {}      # by address of the memory
        self.own: list[_Saved | None] | None = None             # what the mirrored operator that runs has saved
        self.kept: set[int] = set()                             # addresses of its inputs

    def start(self, *arguments: Any) -> tuple[Any, ...]:
        with torch.autograd.graph.saved_tensors_hooks(self._pack, _unpack):
            results = super().start(*arguments)
        self.live.clear()                      # autograd keeps the hooks, and they would keep all recipes
        self.current = None
        return results

    def apply(self, node: Node, target: Any, args: Any, kwargs: Any) -> Any:
        if id(node) not in self.nodes or not any(isinstance(x, Tensor) and x.requires_grad for x in args):
            return super().apply(node, target, args, kwargs)
        assert node.op is not None
        rng = next((kwargs[name] for name, what in node.op.asks.items() if what == "rng"), None)
        recipe = _Recipe(lambda *tensors: target(*tensors, **kwargs), [self._source(x) for x in args], rng)
        self.own, self.kept = [], {_address(x) for x in args if isinstance(x, Tensor)}
        result = super().apply(node, target, args, kwargs)
        own, self.own = self.own, None
        for number, output in enumerate(several(result)):
            if output.is_contiguous() and output.numel():
                self.live.setdefault(_address(output), []).append((weakref.ref(output), recipe, number))
        for number, saved in enumerate(own):
            if saved is not None:
                saved.become(recipe, functools.partial(recipe.saved, number))
        return result

    def _source(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        return self._result(value) or _Kept(value)

    def _result(self, value: Tensor) -> _Result | None:
        """A tensor as a result of a mirrored operator, if it is one."""
        for reference, recipe, number in self.live.get(_address(value), ()) if value.numel() else ():
            base = reference()
            if base is not None and base.dtype is value.dtype:
                return _Result(recipe, number, base, value)
        return None

    def _pack(self, value: Tensor) -> Any:
        result = self._result(value)
        own = result is None and self.own is not None and _address(value) not in self.kept
        packed = _Saved(value) if own or result is not None else None
        if packed is not None and result is not None:
            packed.become(result.recipe, result.value)
        if self.own is not None:
            self.own.append(packed if own else None)
        return value if packed is None else packed


def _unpack(packed: Any) -> Tensor:
    return packed.value() if isinstance(packed, _Saved) else packed


def _address(value: Tensor) -> int:
    return value.untyped_storage().data_ptr()
