# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers forward and backward, written out for training without a tape.

torch's tape holds a dozen small operations for each step, and adds up the weights' gradient step by step. Here a step
backward is two to four operations: the derivatives of all gates are found beforehand, for all steps at once, and the
weights' gradients afterwards, as one product of matrices over all steps. LSTM is not among them: that goes to oneDNN.

A cell kind has two functions. `forward(x, weights, state, order)` gives (output, end state, kept); x is (steps,
batch, inputs), weights are the input and the state matrix and their biases, order are the steps in the order of the
recurrence. `backward(kept, heads, end_head)` gives the gradients before the products: those of the input's and of the
state's gates, both (steps, batch, gates * size), and of the begin state.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

Tensors = Sequence[Tensor]


class Kept(NamedTuple):
    """What the backward pass of a layer in one direction needs."""

    x: Tensor
    out: Tensor
    state: Tensor               # at the begin
    weights: Tensors
    order: Sequence[int]
    gates: Tensors              # of all steps, after their functions
    more: Tensors


def _inputs(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The input's part of the gates, for all steps at once."""
    flat = torch.addmm(bias, x.reshape(-1, x.shape[2]), weight.t())
    return flat.view(*x.shape[:2], -1)


def _before(kept: Kept) -> Tensor:
    """The state that each step started from."""
    begin = kept.state.unsqueeze(0)
    return torch.cat([begin, kept.out[:-1]] if kept.order[0] == 0 else [kept.out[1:], begin])


# ---- GRU ------------------------------------------------------------------------------------------------------------

def _gru(x: Tensor, weights: Tensors, state: Tensor, order: Sequence[int]) -> tuple[Tensor, Tensor, Kept]:
    size = weights[1].shape[1]
    gates = _inputs(x, weights[0], weights[2])
    turned = torch.empty_like(gates)
    turn, bias = weights[1].t(), weights[3]
    out = x.new_empty((*x.shape[:2], size))
    reset, update, new = gates.split(size, 2)
    each = list(zip(*[part.unbind(0) for part in (turned, turned[..., :2 * size], turned[..., 2 * size:],
                                                  gates[..., :2 * size], reset, update, new, out)]))
    hidden = state
    for step in order:
        whole, two, last, doors, r, z, n, h = each[step]
        torch.addmm(bias, hidden, turn, out=whole)
        doors.add_(two).sigmoid_()
        n.addcmul_(r, last).tanh_()
        hidden = torch.lerp(n, hidden, z, out=h)
    return out, hidden, Kept(x, out, state, weights, order, (reset, update, new), (turned[..., 2 * size:],))


def _gru_backward(kept: Kept, heads: Tensor, end_head: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    reset, update, new = kept.gates
    to_new = (1 - update) * (1 - new.square())
    to_update = (_before(kept) - new) * update * (1 - update)
    inner = torch.stack([to_new * kept.more[0] * reset * (1 - reset), to_update, to_new * reset], 2)
    grads, belows = heads.new_empty((*heads.shape[:2], 3, heads.shape[2])), torch.empty_like(heads)
    each = list(zip(*[part.unbind(0) for part in (heads, grads.flatten(2), grads, inner, update, belows)]))
    below = torch.zeros_like(heads[0]) if end_head is None else end_head
    for step in reversed(kept.order):
        head, whole, three, in_, keep, place = each[step]
        below = torch.add(head, below, out=place)
        torch.mul(below.unsqueeze(1), in_, out=three)
        below = torch.addmm(below * keep, whole, kept.weights[1])
    of_state = grads.flatten(2)
    of_input = grads.clone()
    torch.mul(belows, to_new, out=of_input[:, :, 2])
    return of_input.flatten(2), of_state, below


# ---- plain ----------------------------------------------------------------------------------------------------------

def _plain(act: Callable[[Tensor], Tensor]) -> Callable[..., Any]:
    def forward(x: Tensor, weights: Tensors, state: Tensor, order: Sequence[int]) -> tuple[Tensor, Tensor, Kept]:
        out = _inputs(x, weights[0], weights[2] + weights[3])
        turn, hidden = weights[1].t(), state
        each = out.unbind(0)
        for step in order:
            hidden = act(each[step].addmm_(hidden, turn))
        return out, hidden, Kept(x, out, state, weights, order, (), ())
    return forward


def _plain_backward(slope: Callable[[Tensor], Tensor]) -> Callable[..., Any]:
    def backward(kept: Kept, heads: Tensor, end_head: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        grads = torch.empty_like(heads)
        each = list(zip(*[part.unbind(0) for part in (heads, grads, slope(kept.out))]))
        below = torch.zeros_like(heads[0]) if end_head is None else end_head
        for step in reversed(kept.order):
            head, place, factor = each[step]
            below = torch.mm(torch.mul(head + below, factor, out=place), kept.weights[1])
        return grads, grads, below
    return backward


CELLS: dict[str, tuple[Callable[..., tuple[Tensor, Tensor, Kept]], Callable[..., tuple[Tensor, Tensor, Tensor]]]] = {
    "gru": (_gru, _gru_backward),
    "rnn_tanh": (_plain(torch.tanh_), _plain_backward(lambda out: 1 - out.square())),
    "rnn_relu": (_plain(torch.relu_), _plain_backward(lambda out: (out > 0).to(out.dtype))),
}


def weight_gradients(kept: Kept, of_input: Tensor, of_state: Tensor, places: Tensors) -> Tensor:
    """Write the gradients of the four weights to their places; give that of the layer's input."""
    inputs, states = of_input.reshape(-1, of_input.shape[2]), of_state.reshape(-1, of_state.shape[2])
    before = _before(kept)
    torch.mm(inputs.t(), kept.x.reshape(-1, kept.x.shape[2]), out=places[0])
    torch.mm(states.t(), before.view(-1, before.shape[2]), out=places[1])
    torch.sum(inputs, 0, out=places[2])
    torch.sum(states, 0, out=places[3])
    return torch.mm(inputs, kept.weights[0]).view(kept.x.shape)
