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
from typing import Annotated, Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import prod, show
from ..params import Params, Range
from ..registry import OperatorError, op
from ..schema import IsTrain, Rng
from ._recurrence import CELLS, weight_gradients
from .dropout import keep_mask
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
    return data * _kept_share(data, p, rng)


def _kept_share(data: Tensor, p: float, rng: torch.Generator | None) -> Tensor:
    return torch.zeros_like(data) if p == 1 else keep_mask(data, data.shape, p, rng)


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


# ---- without a tape -----------------------------------------------------------------------------

@rnn.keeping
def _rnn_keeping(data: Tensor, parameters: Tensor, state: Tensor, state_cell: Tensor | None = None,
                 sequence_length: Tensor | None = None, **params: Any) -> tuple[Any, Any]:
    """The results, and what each layer keeps; of forms that are not written out in _recurrence.py, torch's tape."""
    if _is_written_out(data, params, sequence_length):
        return _run_written_out(data, parameters, state, params)
    with torch.enable_grad():
        leaves = [None if x is None else x.detach().requires_grad_() for x in (data, parameters, state, state_cell)]
        results = rnn.kernel(*leaves, sequence_length, **params)
    several = results if isinstance(results, tuple) else (results,)
    shown = tuple([item.detach() for item in several])
    return shown if isinstance(results, tuple) else shown[0], (leaves, several)


def _is_written_out(data: Tensor, params: dict[str, Any], lengths: Tensor | None) -> bool:
    return (params["mode"] in CELLS and lengths is None and data.device.type == "cpu" and data.numel() > 0
            and data.dtype in (torch.float32, torch.float64))


class _Trained(NamedTuple):
    """What backward needs of a whole stack: of each layer the cells of its directions, and the dropout before it."""

    layers: list[tuple[Tensor | None, list[Any]]]
    shapes: Any


def _run_written_out(data: Tensor, parameters: Tensor, state: Tensor, params: dict[str, Any]) -> tuple[Any, _Trained]:
    directions = 1 + params["bidirectional"]
    shapes: Any = packed_shapes(params["mode"], data.shape[2], params["state_size"], params["num_layers"], directions)
    weights = unpack(parameters, shapes, params["num_layers"] * directions)
    forward, steps = CELLS[params["mode"]][0], range(len(data))
    layers: list[tuple[Tensor | None, list[Any]]] = []
    ends = []
    for layer in range(params["num_layers"]):
        mask = _kept_share(data, params["p"], params["rng"]) if layer and params["is_train"] and params["p"] else None
        data = data if mask is None else data * mask
        outs, cells = [], []
        for cell in range(layer * directions, (layer + 1) * directions):
            order = steps[::-1] if cell % directions else steps
            out, end, kept = forward(data, weights[4 * cell:4 * cell + 4], state[cell], order)
            outs.append(out)
            ends.append(end)
            cells.append(kept)
        data = outs[0] if directions == 1 else torch.cat(outs, 2)
        layers.append((mask, cells))
    results = (data, torch.stack(ends)) if params["state_outputs"] else data
    return results, _Trained(layers, shapes)


@rnn.direct
def _(params, parameters, state, head, kept, needs, into):
    heads = list(head) if isinstance(head, (tuple, list)) else [head]
    names = ("data", "parameters", "state", "state_cell")
    if not isinstance(kept, _Trained):
        leaves, results = kept
        pairs = [(out, grad) for out, grad in zip(results, heads) if grad is not None]
        found = torch.autograd.grad([out for out, _ in pairs], [x for x in leaves if x is not None],
                                    [grad for _, grad in pairs], allow_unused=True)
        return dict(zip(names, found))
    return dict(zip(names, _backward_written_out(params, parameters, state, heads, kept, into.get("parameters"))))


def _backward_written_out(params: Params, parameters: Tensor, state: Tensor, heads: list[Tensor | None],
                          kept: _Trained, place: Tensor | None) -> tuple[Tensor, ...]:
    """The gradients of data, parameters and begin states."""
    flat = torch.empty_like(parameters) if place is None else place
    directions, size = 1 + params.bidirectional, params.state_size
    places = unpack(flat, kept.shapes, len(kept.layers) * directions)
    backward = CELLS[params.mode][1]
    first = kept.layers[-1][1][0].out
    head = first.new_zeros((*first.shape[:2], directions * size)) if heads[0] is None else heads[0]
    begins: list[Any] = [None] * len(state)
    for layer in range(len(kept.layers) - 1, -1, -1):
        mask, cells = kept.layers[layer]
        inputs = None
        for number, (cell, part) in enumerate(zip(cells, head.split(size, 2))):
            at = layer * directions + number
            end = heads[1][at] if len(heads) > 1 and heads[1] is not None else None
            of_input, of_state, begins[at] = backward(cell, part, end)
            below = weight_gradients(cell, of_input, of_state, places[4 * at:4 * at + 4])
            inputs = below if inputs is None else inputs.add_(below)
        assert inputs is not None
        head = inputs if mask is None else inputs.mul_(mask)
    return head, flat, torch.stack(begins)
