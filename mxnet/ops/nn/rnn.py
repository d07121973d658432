# SPDX-License-Identifier: Apache-2.0
"""RNN: several layers of a plain, LSTM or GRU recurrence over a whole sequence, on torch's fused kernels.

All weights come in one flat vector. Its order (MXNet's, and cuDNN's) is that of `packed_shapes`: the matrices of every
layer and direction, then the biases of every layer and direction. Gates lie as in torch: (input, forget, cell, output)
for LSTM, (reset, update, new) for GRU.

Sequences of one length run all their layers in one call. Sequences of several lengths are packed first (sorted by
length, without padding). Clipped memory cells, which no kernel of torch offers, are computed step by step. Dropout
between the layers draws from the runner's generator, so then each layer is a call of its own.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import prod, show
from ..params import Params, Range
from ..registry import OperatorError, op
from ..schema import IsTrain, Rng
from .loss_heads import refuse_integers

GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
States = tuple[Tensor, ...]
Run = Callable[..., tuple[Tensor, ...]]         # (data, states, weights) -> (output, *end states)


# ---- the flat parameter vector ------------------------------------------------------------------

@functools.lru_cache(maxsize=256)
def packed_shapes(mode: str, input_size: int | None, state_size: int, num_layers: int, directions: int,
                  projection_size: int | None = None) -> tuple[tuple[int | None, ...], ...]:
    """Shapes of the parts of the flat parameter vector, in order.

    For each layer and direction: input weight (gates * state, inputs), state weight (gates * state, state) and, with a
    projection, its weight (projection, state); then for each layer and direction the input and the state bias.
    """
    rows = GATES[mode] * state_size
    fed_back = projection_size or state_size
    matrices: list[tuple[int | None, ...]] = []
    for layer in range(num_layers):
        one: list[tuple[int | None, ...]] = [(rows, fed_back * directions if layer else input_size), (rows, fed_back)]
        matrices += (one + [(projection_size, state_size)] * bool(projection_size)) * directions
    return (*matrices, *[(rows,)] * (2 * num_layers * directions))


def unpack(parameters: Tensor, shapes: tuple[tuple[int, ...], ...], cells: int) -> list[Tensor]:
    """Views of the parts of the flat vector as torch wants them: for each of the cells (layers times directions) input
    and state weight, input and state bias, and its projection."""
    parts = [part.view(shape) for part, shape in zip(parameters.split([*map(prod, shapes)]), shapes)]
    each = len(parts) // cells - 2
    flat: list[Tensor] = []
    for cell in range(cells):
        weights = parts[each * cell:each * (cell + 1)]
        biases = parts[each * cells + 2 * cell:each * cells + 2 * (cell + 1)]
        flat += weights[:2] + biases + weights[2:]
    return flat


# ---- the operator -------------------------------------------------------------------------------

def _outputs(params: Params) -> tuple[str, ...]:
    names = ("output", "state_output", "statecell_output")
    return names[:1 + params.state_outputs * (1 + (params.mode == "lstm"))]


@op("RNN", "_npx_rnn", outputs=_outputs,
    when={"state_cell": lambda p: p.mode == "lstm", "sequence_length": lambda p: p.use_sequence_length})
def rnn(data: Tensor, parameters: Tensor, state: Tensor, state_cell: Tensor | None = None,
        sequence_length: Tensor | None = None, *, state_size: Annotated[int, Range(1)],
        num_layers: Annotated[int, Range(1)], bidirectional: bool = False,
        mode: Literal["rnn_relu", "rnn_tanh", "lstm", "gru"], p: Annotated[float, Range(0, 1)] = 0.0,
        state_outputs: bool = False, projection_size: Annotated[int, Range(1)] | None = None,
        lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None,
        lstm_state_clip_nan: bool = False, use_sequence_length: bool = False, is_train: IsTrain = False,
        rng: Rng = None) -> Any:
    """A stack of recurrent layers over whole sequences.

    Parameters
    ----------
    data : (steps, batch, inputs), floating
    parameters : all weights and biases in one vector, in data's dtype: for each layer, for each direction the input
        weight (gates * state_size, inputs) and the state weight (gates * state_size, state_size), with a projection
        also (projection_size, state_size); then, in the same order, the input and the state bias (gates * state_size,)
        each. Gates: 1; for `"lstm"` 4 (input, forget, cell, output); for `"gru"` 3 (reset, update, new).
    state : begin state, (layers * directions, batch, state_size), or projection_size at its end
    state_cell : begin state of the memory cells, (layers * directions, batch, state_size); for `"lstm"` only
    sequence_length : (batch,), with `use_sequence_length` only: the steps that each sequence has, 1 to steps. Outputs
        behind its end are zero, the end state is that of its last step, and the backward direction starts there.
    mode : the recurrence: `tanh(W x + b + U h + c)`, the same with relu, LSTM, or GRU (the reset gate scales
        `U h + c`)
    bidirectional : add a second stack from the last step to the first; layers see both
    p : share of the outputs of each layer but the last that are zeroed in training
    state_outputs : give the end states too
    projection_size : for `"lstm"`: project the output (and fed back) state to this size
    lstm_state_clip_min, lstm_state_clip_max : keep the memory cells within these limits, at every step. This runs
        step by step and is slow. NaNs stay NaN, whatever `lstm_state_clip_nan`.

    The output is (steps, batch, directions * state_size); with `state_outputs` then the end states, shaped as `state`
    and `state_cell`. Source: MXNet operator `RNN`. On CPU MXNet 1.9.1 takes no notice of lengths and limits; this
    operator treats them as MXNet does on GPU.

    >>> import mxnet as mx
    >>> x, weights, state = mx.nd.ones((3, 1, 1)), mx.nd.array([1, 1, 0, 0]), mx.nd.zeros((1, 1, 1))
    >>> mx.nd.RNN(x, weights, state, state_size=1, num_layers=1, mode="rnn_relu").asnumpy().ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    refuse_integers(data)
    if projection_size is not None and mode != "lstm":
        raise OperatorError(f"projection_size={projection_size}: only mode='lstm' has projections, not {mode!r}")
    directions = 1 + bidirectional
    shapes: Any = packed_shapes(mode, data.shape[2], state_size, num_layers, directions, projection_size)
    begin = (num_layers * directions, data.shape[1])
    _refuse_misfits({"parameters": (parameters, (sum(prod(shape) or 0 for shape in shapes),)),
                     "state": (state, (*begin, projection_size or state_size)),
                     "state_cell": (state_cell, (*begin, state_size)),
                     "sequence_length": (sequence_length, data.shape[1:2])})
    weights = unpack(parameters, shapes, num_layers * directions)
    states = (state,) if state_cell is None else (state, state_cell)
    between = functools.partial(_dropped, p=p, rng=rng) if is_train and p and num_layers > 1 else None
    limits = (lstm_state_clip_min, lstm_state_clip_max)
    if mode == "lstm" and limits != (None, None):
        run = functools.partial(_clipped_layer, limits=limits, lengths=sequence_length, directions=directions)
        results = _each_layer(run, data, states, weights, num_layers, between)
    else:
        # cuDNN can only go backward through what ran as training
        train = is_train or data.requires_grad or parameters.requires_grad
        kernel = functools.partial(_kernel, getattr(torch._VF, mode), bidirectional, train)
        plain = sequence_length is None and projection_size is None
        results = (_padded if plain else _packed)(kernel, data, states, weights, num_layers, between, sequence_length)
    return results if state_outputs else results[0]


@rnn.shape
def _(params: Params, data, out=None):
    if len(data) != 3:
        raise OperatorError(f"data is {show(data)}, but needs 3 dimensions, (steps, batch, inputs)")
    steps, batch, width = data
    directions = 1 + params.bidirectional
    seen = params.projection_size or params.state_size
    sizes = [prod(shape) for shape in packed_shapes(params.mode, width, params.state_size, params.num_layers,
                                                    directions, params.projection_size)]
    begin = (params.num_layers * directions, batch)
    claims: dict[str, Any] = {
        "parameters": (None if width is None else sum(size for size in sizes if size is not None),),
        "state": (*begin, seen), "state_cell": (*begin, params.state_size), "sequence_length": (batch,),
    }
    outs = [(steps, batch, seen * directions), claims["state"], claims["state_cell"]][:len(_outputs(params))]
    return claims | {"out": outs if len(outs) > 1 else outs[0]}


@rnn.dtype
def _(params: Params, data, sequence_length=None):
    count = len(_outputs(params))
    return {"parameters": data, "state": data, "state_cell": data, "sequence_length": sequence_length or data,
            "out": [data] * count if count > 1 else data}


def _refuse_misfits(inputs: dict[str, tuple[Tensor | None, tuple[int, ...]]]) -> None:
    for name, (tensor, needed) in inputs.items():
        if tensor is not None and tuple(tensor.shape) != needed:
            raise OperatorError(f"{name} is {show(tensor.shape)}, but needs to be {show(needed)}")


# ---- ways to run the layers ---------------------------------------------------------------------

def _dropped(data: Tensor, p: float, rng: torch.Generator | None) -> Tensor:
    if p == 1:
        return data * 0
    return data * torch.empty_like(data).bernoulli_(1 - p, generator=rng).div_(1 - p)


def _each_layer(run: Run, data: Tensor, states: States, weights: list[Tensor], layers: int,
                between: Callable[[Tensor], Tensor] | None) -> tuple[Tensor, ...]:
    """Run layer by layer, and `between` the layers."""
    each, directions = len(weights) // layers, states[0].shape[0] // layers
    ends = []
    for layer in range(layers):
        if layer and between:
            data = between(data)
        begin = tuple([state[directions * layer:directions * (layer + 1)] for state in states])
        data, *end = run(data, begin, weights[each * layer:each * (layer + 1)])
        ends.append(end)
    return (data, *map(torch.cat, zip(*ends)))


def _kernel(fused: Callable[..., Any], bidirectional: bool, train: bool, data: Tensor, states: States,
            weights: list[Tensor], batch_sizes: Tensor | None = None, layers: int = 1) -> tuple[Tensor, ...]:
    """torch's kernel, on padded sequences or, with `batch_sizes`, packed ones."""
    begin: Any = states if len(states) > 1 else states[0]
    if batch_sizes is None:
        return fused(data, begin, weights, True, layers, 0.0, train, bidirectional, False)
    return fused(data, batch_sizes, begin, weights, True, layers, 0.0, train, bidirectional)


def _padded(kernel: Run, data: Tensor, states: States, weights: list[Tensor], layers: int,
            between: Callable[[Tensor], Tensor] | None, batch_sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    """All layers in one call, unless something happens between them."""
    if between is None:
        return kernel(data, states, weights, batch_sizes, layers)
    return _each_layer(functools.partial(kernel, batch_sizes=batch_sizes), data, states, weights, layers, between)


def _packed(kernel: Run, data: Tensor, states: States, weights: list[Tensor], layers: int,
            between: Callable[[Tensor], Tensor] | None, lengths: Tensor | None) -> tuple[Tensor, ...]:
    """As `_padded`, without the steps behind the sequences' ends: longest sequence first, step after step.

    Projections come this way too, as torch warns of a slow path otherwise."""
    steps, batch = data.shape[:2]
    if lengths is None or lengths.is_meta:
        flat, *ends = _padded(kernel, data.flatten(0, 1), states, weights, layers, between,
                              torch.full((steps,), batch))
        return (flat.view(steps, batch, -1), *ends)
    sizes, order = _checked(lengths, steps).sort(descending=True)
    order = order.to(data.device)
    flat, batch_sizes = torch._VF._pack_padded_sequence(data[:, order], sizes, False)
    flat, *ends = _padded(kernel, flat, tuple([state[:, order] for state in states]), weights, layers, between,
                          batch_sizes)
    out, _ = torch._VF._pad_packed_sequence(flat, batch_sizes, False, 0.0, steps)
    place = order.argsort()
    return (out[:, place], *[end[:, place] for end in ends])


def _checked(lengths: Tensor, steps: int) -> Tensor:
    """The lengths as the kernels want them: int64, on the CPU."""
    whole = lengths.detach().to("cpu", torch.int64)
    if ((whole < 1) | (whole > steps)).any():
        raise OperatorError(f"sequence_length is {whole.tolist()}, but data has steps 1 to {steps}")
    return whole


def _clipped_layer(data: Tensor, states: States, weights: list[Tensor], *, limits: tuple[float | None, float | None],
                   lengths: Tensor | None, directions: int) -> tuple[Tensor, ...]:
    """One LSTM layer whose memory cells stay within limits."""
    if lengths is not None and not lengths.is_meta:
        _checked(lengths, len(data))
    each = len(weights) // directions
    results = [_clipped_direction(data, states[0][i], states[1][i], weights[each * i:each * (i + 1)], limits, lengths,
                                  backwards=bool(i)) for i in range(directions)]
    outs, hiddens, cells = zip(*results)
    return torch.cat(outs, -1), torch.stack(hiddens), torch.stack(cells)


def _clipped_direction(data: Tensor, hidden: Tensor, cell: Tensor, weights: list[Tensor],
                       limits: tuple[float | None, float | None], lengths: Tensor | None,
                       backwards: bool) -> tuple[Tensor, Tensor, Tensor]:
    """One direction, a loop over the steps: each needs the limited cell of the one before, and is not linear in it."""
    input_weight, state_weight, input_bias, state_bias, *projection = weights
    inputs = F.linear(data, input_weight, input_bias + state_bias)
    outs = []
    for step in range(len(data) - 1, -1, -1) if backwards else range(len(data)):
        enter, forget, new, leave = (inputs[step] + F.linear(hidden, state_weight)).chunk(4, -1)
        next_cell = (forget.sigmoid() * cell + enter.sigmoid() * new.tanh()).clamp(*limits)
        out = leave.sigmoid() * next_cell.tanh()
        if projection:
            out = F.linear(out, projection[0])
        if lengths is None:
            hidden, cell = out, next_cell
        else:
            inside = (lengths > step).unsqueeze(-1)
            hidden, cell = torch.where(inside, out, hidden), torch.where(inside, next_cell, cell)
            out = out * inside
        outs.append(out)
    return torch.stack(outs[::-1] if backwards else outs), hidden, cell
