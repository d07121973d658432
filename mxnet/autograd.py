# SPDX-License-Identifier: Apache-2.0
"""Recording of array operations, and their gradients, on torch's autograd.

An array's own tensor never belongs to an autograd graph. While a thread records, each result carries beside it the
tensor that does (its tape), and a variable (`attach_grad`, `mark_variables`) carries a leaf on the same memory.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from . import _mode
from ._nan_check import imperative_call, labelled
from ._old_names import lend
from ._watching import watching
from .base import MXNetAssertionError, MXNetAssertionTypeError, MXNetError, MXNetTypeError, MXNetValueError
from .context import Context
from .ndarray.handle import wrap
from .ndarray.invoke import REFUSALS, _asks, taped_plan
from .ndarray.ndarray import NDArray
from .ops.params import Params
from .ops.registry import Operator, explain, is_final

__all__ = ["Function", "backward", "get_symbol", "grad", "is_recording", "is_training", "mark_variables", "pause",
           "predict_mode", "record", "set_recording", "set_training", "train_mode"]

set_recording = _mode.set_recording
set_training = _mode.set_training


def is_recording() -> bool:
    """Whether this thread records."""
    return _mode.mode.recording


def is_training() -> bool:
    """Whether operators run as in training in this thread."""
    return _mode.mode.training


class _Scope:
    """Sets recording and training (None: as they are) for the time of a `with` statement."""

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._enter = (recording, training)
        self._before: list[tuple[bool | None, bool | None]] = []

    def __enter__(self) -> _Scope:
        recording, training = self._enter
        self._before.append((None if recording is None else set_recording(recording),
                             None if training is None else set_training(training)))
        return self

    def __exit__(self, *exc_info: object) -> None:
        recording, training = self._before.pop()
        if recording is not None:
            set_recording(recording)
        if training is not None:
            set_training(training)


def record(train_mode: bool = True) -> _Scope:
    """Record operations inside the `with` statement, as in training unless told otherwise.

    >>> import mxnet as mx
    >>> x = mx.nd.array([1, 2, 3]); x.attach_grad()
    >>> with mx.autograd.record():
    ...     y = (x * x).sum()
    >>> y.backward(); x.grad.asnumpy().tolist()
    [2.0, 4.0, 6.0]
    """
    return _Scope(True, train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """Do not record inside the `with` statement."""
    return _Scope(False, train_mode)


def train_mode() -> _Scope:
    """Run as in training inside the `with` statement."""
    return _Scope(None, True)


def predict_mode() -> _Scope:
    """Run as in prediction inside the `with` statement."""
    return _Scope(None, False)


class _Variable:
    """What a marked array carries: its gradient buffer, and a leaf on its memory."""

    fresh = False                                    # whether a backward pass filled the buffer since this was reset

    def __init__(self, grad: NDArray | None, req: str) -> None:
        self.grad, self.req = grad, req
        self._source: torch.Tensor | None = None
        self._leaf: torch.Tensor | None = None

    def tape(self, tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.is_floating_point():
            return tensor                            # integers have no gradient but the zeros that the buffer holds
        if self._source is not tensor:
            self._source, self._leaf = tensor, tensor.detach().requires_grad_(self.req != "null")
            if self.req != "null":
                self._leaf.register_post_accumulate_grad_hook(self._deliver)
        assert self._leaf is not None
        return self._leaf

    def _deliver(self, leaf: torch.Tensor) -> None:
        """Move a gradient that torch accumulated into the buffer, as `grad_req` says."""
        if leaf.grad is None or self.grad is None:
            return
        target = self.grad._tensor
        with torch.no_grad():
            if self.req == "add":
                target.add_(leaf.grad)
            else:
                target.copy_(leaf.grad)
        leaf.grad = None
        self.fresh = True


class _Step:
    """One recorded call, for `get_symbol`: the operator, and where its inputs come from. It holds no tensor."""

    __slots__ = ("inputs", "op", "params")

    def __init__(self, op: Operator, params: Params, inputs: list[Any]) -> None:
        self.op, self.params, self.inputs = op, params, inputs


class _Recorded:
    """What a recorded result carries: the tensor of torch's graph, and the step that it is an output of."""

    grad: NDArray | None = None
    fresh = False

    def __init__(self, tensor: torch.Tensor, step: _Step | None = None, index: int = 0) -> None:
        self.tensor, self.step, self.index = tensor, step, index

    def tape(self, _: torch.Tensor) -> torch.Tensor:
        return self.tensor


def tape_of(array: NDArray) -> torch.Tensor:
    """The tensor to record with: the array's place in the graph, or its values as a constant."""
    entry = array._entry
    return array._tensor if entry is None else entry.tape(array._tensor)


def gradient_of(array: NDArray) -> NDArray | None:
    """The gradient buffer of a variable, else None."""
    return None if array._entry is None else array._entry.grad


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """Make arrays variables, with buffers for their gradients and `"write"`, `"add"` or `"null"`."""
    if isinstance(variables, NDArray):
        if not isinstance(gradients, NDArray):
            raise MXNetAssertionTypeError(f"the gradient of an NDArray is one, too, not {type(gradients).__name__}")
        variables, gradients = [variables], [gradients]
    reqs = [grad_reqs] * len(variables) if isinstance(grad_reqs, str) else list(grad_reqs)
    if not len(variables) == len(gradients) == len(reqs):
        raise MXNetValueError("mark_variables: as many gradients (and grad_reqs) as variables are needed")
    for variable, gradient, req in zip(variables, gradients, reqs):
        if req not in ("null", "write", "add"):
            raise MXNetValueError(f"grad_req must be in write, add, null, not {req!r}")
        variable._entry = _Variable(gradient, req)


def _result(tensor: torch.Tensor, ctx: Context, step: _Step | None = None, index: int = 0) -> NDArray:
    made = wrap(tensor.detach(), ctx)
    made._entry = _Recorded(tensor, step, index)
    return made


def _source(array: NDArray) -> Any:
    """Where an array comes from, as a step remembers it: a (step, output), a variable, or None for a constant."""
    entry = array._entry
    return entry if entry is None or isinstance(entry, _Variable) else (entry.step, entry.index)


def record_call(op: Operator, params: Params, ctx: Context, inputs: Sequence[NDArray]) -> Any:
    """Run an operator on the tape and wrap what the user sees of it."""
    tensors = [tape_of(x) for x in inputs]
    run, check = (taped_plan.__wrapped__ if op.open_params else taped_plan)(op, params, len(inputs))
    watched = imperative_call(op, params, tensors) if watching.nan_check else None
    try:
        if check is not None:
            check(tensors)
        result = run(*(tensors if watched is None else watched.tensors), **_asks(op, ctx))
    except REFUSALS as error:
        raise explain(op, None, tensors, error) from error
    if watched is not None:
        watched.check(labelled(op, params, result))
    step = _Step(op, params, [_source(x) for x in inputs])
    if not isinstance(result, tuple):
        return _result(_connected(result, tensors), ctx, step)
    made = [_result(_connected(tensor, tensors), ctx, step, i)
            for i, tensor in enumerate(result[:op.visible(params)])]
    return made[0] if len(made) == 1 else made


def _connected(result: torch.Tensor, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """The result as one that depends on the inputs, be it with gradient zero (one_hot, argmax, floor): as in MXNet,
    `backward()` from it is no error and writes zeros."""
    if result.requires_grad or not result.is_floating_point():
        return result
    sources = [x for x in inputs if x.requires_grad]
    return _Flat.apply(result, *sources) if sources else result


class _Flat(torch.autograd.Function):
    """The first tensor, which does not change with the others."""

    @staticmethod
    def forward(ctx: Any, result: torch.Tensor, *sources: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(*sources)
        return result.view_as(result)

    @staticmethod
    def backward(ctx: Any, *heads: torch.Tensor) -> Any:
        return None, *[torch.zeros_like(x) for x in ctx.saved_tensors]


def record_getitem(array: NDArray, key: Any) -> NDArray | None:
    """A part of an array on the tape; None when there is nothing to record."""
    if not _mode.mode.recording or array._entry is None:
        return None
    from .ndarray.indexing import read
    part, _ = read(tape_of(array), key)
    return _result(part.clone(), array._ctx)


def refuse_write(target: NDArray) -> None:
    """Raise MXNetError if this thread records and the array is part of what it recorded: new values under an old
    history would give wrong gradients."""
    if _mode.mode.recording and target._entry is not None:
        raise MXNetError("Inplace operations (+=, -=, x[:]=, out=) are not possible on an array that is a variable or "
                         "a recorded result, while recording: make a new array, or write under autograd.pause()")


def written_tape(target: NDArray, value: Any, whole: bool) -> _Recorded | None:
    """What to set as the history of an array that takes over recorded values, or None when there is none.

    Raises MXNetError when only a part of the array is written: the rest has no history.
    """
    if not _mode.mode.recording or not isinstance(value, NDArray) or value._entry is None:
        return None
    if not whole:
        raise MXNetError("recorded values can be written into a whole array only while recording, not into a part of "
                         "it: join parts with concat or stack")
    tape = tape_of(value).to(device=target._tensor.device, dtype=target._tensor.dtype)
    while tape.ndim > target.ndim:
        tape = tape.squeeze(0)
    return _Recorded(tape.expand(target.shape))


def backward(heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Fill the gradient buffers of all variables that `heads` were recorded from.

    `head_grads` are arrays like the heads (None: ones). Raises MXNetError when a head was not recorded.
    """
    heads, grads = _heads(heads, head_grads)
    if not heads:
        return
    try:
        torch.autograd.backward(heads, grads, retain_graph=retain_graph)
    except REFUSALS as error:
        if isinstance(error, MXNetError) or is_final(error):
            raise
        raise MXNetError(f"backward: {error}") from error


def _heads(heads: Any, head_grads: Any, on_tape: bool = False) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    if isinstance(heads, NDArray):
        heads = [heads]
        head_grads = [head_grads] if isinstance(head_grads, NDArray) else head_grads
    given = [None] * len(heads) if head_grads is None else list(head_grads)
    if len(given) != len(heads):
        raise MXNetAssertionError(f"heads and head_grads must be lists of the same length, not {len(heads)} and "
                                  f"{len(given)}")
    tapes, grads = [], []
    for head, grad_of_head in zip(heads, given):
        if not isinstance(head, NDArray):
            raise MXNetTypeError(f"heads are NDArrays, not {type(head).__name__}")
        tape = tape_of(head)
        if not tape.requires_grad and head._entry is not None:
            continue                                 # recorded, but nothing differentiable leads to it: no gradients
        if not tape.requires_grad:
            raise MXNetError("Cannot differentiate node because it is not in a computational graph. You need to set "
                             "is_recording to true or use autograd.record() to save computational graphs for backward")
        tapes.append(tape)
        grads.append(torch.ones_like(tape) if grad_of_head is None else _head_grad(grad_of_head, tape, on_tape))
    return tapes, grads


def _head_grad(given: NDArray, head: torch.Tensor, on_tape: bool) -> torch.Tensor:
    values = tape_of(given) if on_tape else given._tensor
    if values.numel() != head.numel():
        raise MXNetValueError(f"a head gradient has the shape {tuple(values.shape)}, its head {tuple(head.shape)}")
    return values.reshape(head.shape)


def grad(heads: Any, variables: Any, head_grads: Any = None, retain_graph: bool | None = None,
         create_graph: bool = False, train_mode: bool = True) -> Any:
    """Gradients of heads with respect to variables, a list of arrays, that are not stored; with `create_graph` they
    are recorded, too.

    >>> import mxnet as mx
    >>> x = mx.nd.array([1, 2]); x.attach_grad()
    >>> with mx.autograd.record():
    ...     slope = mx.autograd.grad(x ** 3, x, create_graph=True)[0]
    >>> slope.backward(); x.grad.asnumpy().tolist()
    [6.0, 12.0]
    """
    variables = [variables] if isinstance(variables, NDArray) else list(variables)
    if not variables:
        raise MXNetAssertionError("grad: there are no variables to differentiate by")
    tapes, grads = _heads(heads, head_grads, create_graph)
    leaves = [tape_of(v) for v in variables]
    retain = create_graph if retain_graph is None else retain_graph
    if not tapes:
        return [wrap(torch.zeros_like(leaf), v._ctx) for leaf, v in zip(leaves, variables)]
    try:
        found = torch.autograd.grad(tapes, leaves, grads, retain_graph=retain, create_graph=create_graph,
                                    allow_unused=True)
    except REFUSALS as error:
        if is_final(error):
            raise
        raise MXNetError(f"grad: {error}") from error
    return [_result(torch.zeros_like(leaf) if value is None or value._is_zerotensor() else value, v._ctx)
            for value, leaf, v in zip(found, leaves, variables)]


def get_symbol(x: NDArray) -> Any:
    """The recorded computation that gave an array, as a symbol.

    Variables are named `var0`, `var1`, ... and arrays that were not recorded `null0`, `null1`, ... in the order in
    which they are met. Raises MXNetError when the array was not recorded, or when a `Function` of the user's or an
    index (`x[1:]`) took part, which symbols do not have.

    >>> import mxnet as mx
    >>> x = mx.nd.ones((2,)); x.attach_grad()
    >>> with mx.autograd.record():
    ...     y = x * x + 1
    >>> mx.autograd.get_symbol(y).list_arguments()
    ['var0']
    """
    if not isinstance(x, NDArray):
        raise MXNetAssertionTypeError(f"get_symbol takes a recorded NDArray, not {type(x).__name__}")
    from ._recorded_symbol import symbol_of
    return symbol_of(_source(x))


class Function:
    """A differentiable function with a gradient of one's own: override `forward` and `backward`.

    Both take and return NDArrays; `save_for_backward(*arrays)` keeps arrays as `saved_tensors`. An instance is called
    once, since it holds what its backward needs.
    """

    saved_tensors: tuple[NDArray, ...] = ()
    _used = False

    def save_for_backward(self, *args: NDArray) -> None:
        """Keep arrays for `backward`."""
        self.saved_tensors = args

    def forward(self, *inputs: NDArray) -> Any:
        """The outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def backward(self, *output_grads: NDArray) -> Any:
        """A gradient for each input, from one for each output."""
        raise NotImplementedError(f"{type(self).__name__} does not define backward")

    def __call__(self, *inputs: NDArray) -> Any:
        if self._used:
            raise MXNetAssertionError(f"this {type(self).__name__} was called before: make one for each call")
        self._used = True
        with pause():
            outputs = self.forward(*inputs)
        if not is_recording() or all(x._entry is None for x in inputs):
            return outputs
        several = isinstance(outputs, (list, tuple))
        results = list(outputs) if several else [outputs]
        tensors = _Custom.apply(self, [x._ctx for x in inputs], [r._tensor for r in results],
                                *[tape_of(x) for x in inputs])
        made = [_result(tensor, result._ctx) for tensor, result in zip(tensors, results)]
        return made if several else made[0]


class _Custom(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Function, contexts: list[Context], results: list[torch.Tensor],
                *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.function, ctx.contexts = function, contexts
        return tuple([result.clone() for result in results])

    @staticmethod
    def backward(ctx: Any, *heads: torch.Tensor) -> Any:
        with pause():
            grads = ctx.function.backward(*[wrap(head, ctx.contexts[0]) for head in heads])
        grads = list(grads) if isinstance(grads, (list, tuple)) else [grads]
        if len(grads) != len(ctx.contexts):
            raise MXNetError(f"{type(ctx.function).__name__}.backward returned {len(grads)} gradients for "
                             f"{len(ctx.contexts)} inputs")
        return None, None, None, *[None if g is None else g._tensor for g in grads]


lend(__name__)
