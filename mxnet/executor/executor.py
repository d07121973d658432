# SPDX-License-Identifier: Apache-2.0
"""Executor: a symbol bound to arrays, run forward and backward.

It owns handles, not values: before each run it looks up the tensors behind the argument arrays, so that whoever holds
those arrays may write to them. Results are put behind the same output handles each time.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch

from .._watching import watching
from ..base import MXNetError, MXNetTypeError, MXNetValueError, nearest
from ..context import Context
from ..ndarray.handle import wrap
from ..ndarray.invoke import REFUSALS
from ..ndarray.ndarray import NDArray
from ..ops.registry import explain, is_final
from ..random import generator
from ..symbol.graph import Node
from ..symbol.symbol import Symbol
from ..symbol.traits import monitored_inputs
from . import announce
from .direct import DirectPair, Target, can_run_directly
from .footprint import kept_results, peak_bytes
from .gradients import Gradients
from .handover import is_large, shares_memory, store
from .heads import head_gradients
from .lowering import Program
from .mirror import MirroredRun, mirrored
from .optimized import merged, shows_merged
from .watch import Hunt, Watch

Arrays = dict[str, NDArray]


class Executor:
    """Made by `Symbol.bind` and `Symbol.simple_bind`.

    Attributes
    ----------
    arg_arrays, grad_arrays, aux_arrays : the arrays in the order of `list_arguments` and `list_auxiliary_states`
    arg_dict, grad_dict, aux_dict : the same by name
    outputs, output_dict : results of the last `forward`
    """

    def __init__(self, symbol: Symbol, ctx: Context, args: Sequence[NDArray], grads: Sequence[NDArray | None],
                 grad_req: Sequence[str], aux: Sequence[NDArray], group2ctx: Mapping[str, Context] | None,
                 shapes: Mapping[int, Any]) -> None:
        self._symbol, self._ctx, self._group2ctx = symbol, ctx, dict(group2ctx or {})
        self._shapes = dict(shapes)
        self.arg_arrays, self.aux_arrays, self.grad_arrays = list(args), list(aux), list(grads)
        self._arg_names, self._aux_names = symbol.list_arguments(), symbol.list_auxiliary_states()
        self._grad_req = list(grad_req)
        self.arg_dict: Arrays = dict(zip(self._arg_names, self.arg_arrays))
        self.aux_dict: Arrays = dict(zip(self._aux_names, self.aux_arrays))
        self.grad_dict: dict[str, NDArray | None] = dict(zip(self._arg_names, self.grad_arrays))
        self._output_names = symbol.list_outputs()
        groups = self._group2ctx
        self.outputs = [wrap(torch.empty(0), groups.get(node.attrs.get("__ctx_group__", ""), ctx))
                        for node, _ in symbol._outputs]
        self._monitor: Callable[[str, NDArray], None] | None = None
        self._monitor_all = False
        self._on_gradient: announce.Tell | None = None       # called in backward for each gradient, when it is there
        self._program_key = (ctx, tuple(sorted((k, str(v)) for k, v in self._group2ctx.items())),
                             tuple(sorted(self._shapes.items())))
        self._shows_merged = shows_merged()
        self._plan_gradients()
        self._roots: tuple[torch.Tensor, ...] | None = None
        self._gradients: Gradients | None = None                 # of the last forward pass, for a monitor
        self._saved: list[torch.Tensor] | None = None
        self._pair: DirectPair | None = None
        self._mirrored = mirrored(symbol._nodes)
        self._pair_known = bool(self._mirrored)                  # mirroring needs the tape
        self._rng_state: torch.Tensor | None = None

    def _plan_gradients(self) -> None:
        """Which variables want a gradient, with the arrays for it, sorted by how it is written."""
        wanted = {}
        for name, array, req in zip(self._arg_names, self.grad_arrays, self._grad_req):
            if array is not None and req != "null":
                wanted[name] = (array, req)
        self._sources: list[NDArray] = []
        self._wanted: list[int] = []
        self._write: list[tuple[int, NDArray]] = []
        self._add: list[tuple[int, NDArray]] = []
        self._flat: list[NDArray] = []                           # gradients of integers: backward makes them 0
        arguments, aux = iter(zip(self._arg_names, self.arg_arrays)), iter(self.aux_arrays)
        auxiliary = {id(node) for node in self._symbol._variables(True)}
        for position, node in enumerate(n for n in self._symbol._nodes if n.op is None):
            if id(node) in auxiliary:
                self._sources.append(next(aux))
                continue
            name, array = next(arguments)
            self._sources.append(array)
            if name not in wanted:
                continue
            grad, req = wanted[name]
            if not array._tensor.is_floating_point():
                self._flat += [grad] if req == "write" else []
            else:
                (self._add if req == "add" else self._write).append((len(self._wanted), grad))
                self._wanted.append(position)
        self._grad_of_wanted = dict((*self._write, *self._add))
        self._leaves: list[tuple[torch.Tensor, torch.Tensor]] = [(torch.empty(0), torch.empty(0))] * len(self._wanted)
        # Results of operators that may return views may be an argument, or share its memory. A variable that is an
        # output is the argument itself, as in MXNet.
        self._fresh = [node.op is None or not (node.op.alias or node.op.varying_aux or node.op.open_params
                                               or node.subgraphs) for node, _ in self._symbol._outputs]
        self._losses = [node.op is not None and node.op.is_loss(node.params) for node, _ in self._symbol._outputs]
        reached = self._reached()
        # Whether an output needs no head gradient: because it is a loss, or because every way from it to a variable
        # with a gradient leads through one, as from `Reshape(SoftmaxOutput(...))`.
        self._headless = [id(node) not in reached for node, _ in self._symbol._outputs]

    def _reached(self) -> set[int]:
        """Ids of the nodes whose head gradient leads to a gradient that is wanted."""
        variables = [node for node in self._symbol._nodes if node.op is None]
        reached = {id(variables[position]) for position in self._wanted}
        for node in self._symbol._nodes:
            if node.op is not None and not node.op.is_loss(node.params) and \
                    any(id(source) in reached for source, _ in node.inputs):
                reached.add(id(node))
        return reached

    # ---- programs -------------------------------------------------------------------------------

    def _program(self, train: bool, taped: bool, improve: bool = True) -> Program:
        """The program for this use, shared by all executors of the symbol."""
        cache, key = self._symbol._program_cache(), (train, taped, improve, *self._program_key)
        if key not in cache:
            cache[key] = Program(self._symbol._outputs, train=train, taped=taped, device=self._ctx.device,
                                 groups=self._group2ctx, shapes=self._shapes, improve=improve)
        return cache[key]

    def _direct_pair(self) -> DirectPair | None:
        """The programs for training without a tape; None when an operator has no direct gradient."""
        if self._pair_known:
            return self._pair
        self._pair_known = True
        variables = [node for node in self._symbol._nodes if node.op is None]
        wanted = [variables[position] for position in self._wanted]
        if self._group2ctx or not can_run_directly(self._symbol._outputs, {id(node) for node in wanted}):
            return None
        written = [Target(False, False)] * len(wanted)
        for number, array in self._write:
            tensor = array._tensor
            written[number] = Target(tensor.is_contiguous(), is_large(tensor))
        cache = self._symbol._program_cache()
        key = ("direct", tuple(self._wanted), tuple(written), *self._program_key)
        if key not in cache:
            cache[key] = DirectPair(self._symbol._outputs, wanted, written, device=self._ctx.device,
                                    groups=self._group2ctx, shapes=self._shapes)
        self._pair = cache[key]
        return self._pair

    # ---- forward --------------------------------------------------------------------------------

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[NDArray]:
        """Run forward, after copying arrays given by name into the arguments.

        `is_train` switches dropout, batch statistics and the like, and keeps what `backward` needs. Returns `outputs`.
        Raises TypeError for names that are no arguments, ValueError for other shapes.
        """
        for name, value in kwargs.items():
            self._assign(name, value)
        taped = bool(is_train and self._wanted)
        self._run(bool(is_train), taped)
        return self.outputs

    def _assign(self, name: str, value: Any) -> None:
        if name not in self.arg_dict:
            raise MXNetTypeError(f"Unknown argument {name}.{nearest(name, self.arg_dict)}")
        target = self.arg_dict[name]
        if not isinstance(value, NDArray):
            from ..ndarray.creation import array
            value = array(value, ctx=target._ctx, dtype=target.dtype)
        if value._tensor.shape != target._tensor.shape:
            raise MXNetValueError(f"Shape not match! Argument {name}, need: {target.shape}, received: {value.shape}")
        if value is not target:
            target._tensor.copy_(value._tensor)

    def _run(self, train: bool, taped: bool) -> None:
        by_node = self._monitor is not None or watching.nan_check
        pair = self._direct_pair() if taped and train and not by_node else None
        program = pair.program if pair is not None else self._program(train, taped, not by_node)
        tensors = [source._tensor for source in self._sources]
        if taped and pair is None:
            self._put_leaves(tensors)
        rng = None
        if program.needs_rng:
            rng = generator(self._ctx)
            self._rng_state = rng.get_state()
        self._roots = self._saved = self._gradients = None
        try:
            plain = not (by_node or watching.active or self._mirrored)
            run = program.run if plain else self._watch(program, taped, tensors).start
            results = run(*tensors, rng)
            if pair is not None:
                results, self._saved = results[:len(self.outputs)], list(results[len(self.outputs):])
        except REFUSALS as error:
            raise self._locate(train, taped, tensors, error) from error
        self._roots = results if taped and pair is None else None
        for handle, result, fresh in zip(self.outputs, results, self._fresh):
            if taped and pair is None:
                result = result.detach()
            handle._tensor = result.contiguous() if fresh else self._own(result)

    def _watch(self, program: Program, taped: bool, tensors: list[torch.Tensor]) -> Watch:
        """What runs a program node by node; a monitor of backward replaces tensors to run on."""
        show = self._report if self._monitor is not None else None
        if taped and show is not None:
            self._gradients = Gradients(self._symbol._nodes, self._symbol._outputs, self._tell)
            for position in self._wanted:
                tensors[position] = self._gradients.variable(program.variables[position], tensors[position])
        if watching.nan_check:
            return Hunt(program.module, show, self._gradients)
        if taped and self._mirrored:
            return MirroredRun(program.module, self._mirrored, show, self._gradients)
        return Watch(program.module, show, self._gradients)

    def _own(self, result: torch.Tensor) -> torch.Tensor:
        """An output in contiguous memory that is no argument's."""
        if any(result is source._tensor for source in self._sources):        # of which `shares_memory` knows nothing
            return _copied(result)
        if shares_memory(result):
            memory = result.untyped_storage().data_ptr()
            if memory and any(memory == source._tensor.untyped_storage().data_ptr() for source in self._sources):
                return _copied(result)
        return result.contiguous()

    def _put_leaves(self, tensors: list[torch.Tensor]) -> None:
        """Replace the tensors that want a gradient by leaves of the tape, on the same memory."""
        for i, position in enumerate(self._wanted):
            tensor = tensors[position]
            known, leaf = self._leaves[i]
            if known is not tensor:
                leaf = tensor.detach().requires_grad_()
                self._leaves[i] = (tensor, leaf)
            tensors[position] = leaf

    def _locate(self, train: bool, taped: bool, tensors: Sequence[torch.Tensor],
                error: BaseException) -> BaseException:
        """Find the node that fails, by running again node by node."""
        if is_final(error):
            return error
        program = self._program(train, taped, improve=False)
        watch = Watch(program.module)
        try:
            rng = generator(self._ctx) if program.needs_rng else None
            watch.start(*[t.detach() for t in tensors], rng)
        except REFUSALS as again:
            if watch.current is not None and watch.current[0].op is not None:
                node, inputs = watch.current
                assert node.op is not None
                made = f"{node.name} ({node.line[0]}:{node.line[1]})" if node.line else node.name
                return explain(node.op, made, [t for t in inputs if isinstance(t, torch.Tensor)], again)
        return error if isinstance(error, MXNetError) else MXNetError(str(error))

    # ---- backward -------------------------------------------------------------------------------

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Compute gradients and write (or add) them to the gradient arrays, after `forward(is_train=True)`.

        Without a forward pass before it, one runs now.

        `out_grads` are the gradients of the outputs, one array or a list or dict; losses such as SoftmaxOutput need
        none. Raises MXNetError when one is missing.
        """
        for array in self._flat:
            array._tensor.zero_()
        if not self._wanted:
            return
        if self._roots is None and self._saved is None:
            self._run_again(is_train)
        if self._saved is not None:
            saved, self._saved = self._saved, None
            self._store(self._backward_directly(saved, out_grads))
            return
        roots, self._roots = self._roots, None
        assert roots is not None
        heads = [head if root.requires_grad else None
                 for root, head in zip(roots, self._heads(roots, out_grads, taped=True))]
        pairs = [(root, head) for root, head in zip(roots, heads) if head is not None]
        grads: Sequence[torch.Tensor | None] = [None] * len(self._wanted)
        if pairs:
            leaves = [leaf for _, leaf in self._leaves]
            if self._gradients is not None:
                needed = [None if loss else head for head, loss in zip(heads, self._losses)]
                self._gradients.begin(self._symbol._outputs, needed)
            try:
                with announce.hooked(leaves, self._on_gradient) if self._on_gradient is not None else nullcontext():
                    grads = torch.autograd.grad([p[0] for p in pairs], leaves, [p[1] for p in pairs],
                                                allow_unused=True)
            except REFUSALS as error:
                if isinstance(error, MXNetError) or is_final(error):
                    raise
                raise MXNetError(f"backward: {error}") from error
            if self._gradients is not None:
                self._gradients.end()
        self._store(grads)

    def _backward_directly(self, saved: list[torch.Tensor], out_grads: Any) -> Sequence[torch.Tensor | None]:
        assert self._pair is not None
        outputs = [handle._tensor for handle in self.outputs]
        heads = [head if head is not None or loss else torch.zeros_like(output)
                 for head, loss, output in zip(self._heads(outputs, out_grads, taped=False), self._losses, outputs)]
        buffers = [self._buffer(number) for number in self._pair.buffered]
        try:
            if self._on_gradient is not None:
                return announce.backward(self._pair, self._on_gradient, saved, *buffers, *heads)
            return self._pair.backward(saved, heads, buffers)
        except REFUSALS as error:
            raise error if isinstance(error, MXNetError) else MXNetError(f"backward: {error}") from error

    def _buffer(self, number: int) -> torch.Tensor:
        return self._grad_of_wanted[number]._tensor

    def _run_again(self, train: bool) -> None:
        """Another backward of the same forward pass: its values are made anew, with the same random numbers."""
        if self._rng_state is not None:
            rng = generator(self._ctx)
            state = rng.get_state()
            rng.set_state(self._rng_state)
            self._run(train, True)
            rng.set_state(state)
        else:
            self._run(train, True)

    def _heads(self, roots: Sequence[torch.Tensor], out_grads: Any, taped: bool) -> list[torch.Tensor | None]:
        return head_gradients(roots, out_grads, self._output_names, self._headless, self._losses, taped)

    def _store(self, grads: Sequence[torch.Tensor | None]) -> None:
        store([(i, array._tensor) for i, array in self._write], grads)
        for i, array in self._add:
            value = grads[i]
            if value is not None:
                array._tensor.add_(value)

    # ---- the rest -------------------------------------------------------------------------------

    @property
    def output_dict(self) -> Arrays:
        """Results of the last `forward` by name. Raises ValueError when two have one name."""
        if len(set(self._output_names)) < len(self._output_names):
            raise MXNetValueError(f"Duplicate names detected, {self._output_names}: use outputs, the list")
        return dict(zip(self._output_names, self.outputs))

    def set_monitor_callback(self, callback: Callable[[str, NDArray], None] | None, monitor_all: bool = False) -> None:
        """Call `callback(name, array)` for every operator's outputs (and with `monitor_all` inputs) when run.

        In backward it is called for the gradients that each operator computes: `fc1_backward_output0` is that with
        respect to the first input of fc1. Gradients that nobody wants are not computed.
        """
        self._monitor, self._monitor_all = callback, bool(monitor_all)

    def _report(self, node: Node, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        assert self._monitor is not None
        shown: list[tuple[str, torch.Tensor]] = []
        if self._monitor_all:
            for name, (source, _), value in zip(monitored_inputs(node), node.inputs, inputs):
                if source.op is None:
                    shown.append((source.name, value))
                shown.append((f"{node.name}_{name}", value))
        shown += list(zip(node.output_names(), outputs))
        for name, value in shown:
            self._tell(name, value)

    def _tell(self, name: str, value: torch.Tensor) -> None:
        if self._monitor is not None:
            self._monitor(name, wrap(value.detach(), self._ctx))

    def copy_params_from(self, arg_params: Mapping[str, NDArray], aux_params: Mapping[str, NDArray] | None = None,
                         allow_extra_params: bool = False) -> None:
        """Copy values by name into the arguments and auxiliary states.

        Raises ValueError for names that are not there, unless `allow_extra_params`.
        """
        for given, own, kind in ((arg_params, self.arg_dict, "arguments"),
                                 (aux_params or {}, self.aux_dict, "auxiliary states")):
            for name, value in given.items():
                if name in own:
                    _copy_into(name, own[name], value)
                elif not allow_extra_params:
                    raise MXNetValueError(f'Find name "{name}" that is not in the {kind}.{nearest(name, own)}')

    def reshape(self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any) -> Executor:
        """An executor for other input shapes, on the same parameter arrays.

        Arguments not named may change shape only with `partial_shaping`; arrays may grow only with
        `allow_up_sizing`. Raises MXNetError otherwise.
        """
        from .bind import reshape
        return reshape(self, partial_shaping, allow_up_sizing, kwargs)

    def get_optimized_symbol(self) -> Symbol:
        """The symbol that is bound, with equal nodes made one; the code that is made from it is in `debug_str`."""
        return merged(self._symbol) if self._shows_merged else self._symbol

    def debug_str(self) -> str:
        """The graph, the code that runs it, and how much memory the results in it take."""
        names = zip((*self._arg_names, *self._aux_names), (*self.arg_arrays, *self.aux_arrays))
        outputs = self._symbol._outputs
        peak = peak_bytes(outputs, dict(names), kept_results(outputs, self._reached()))
        return (f"{self._symbol.debug_str()}\n{self._program(False, False).module.code}\n"
                f"Total {-(-peak // 2 ** 20)} MB allocated")


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)


def _copy_into(name: str, target: NDArray, value: NDArray) -> None:
    if target._tensor.shape != value._tensor.shape:
        raise MXNetValueError(f"{name!r} is {value.shape}, but {target.shape} is needed")
    target._tensor.copy_(value._tensor)
