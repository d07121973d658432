# SPDX-License-Identifier: Apache-2.0
"""The plain recurrent cells: RNNCell, LSTMCell, GRUCell.

Each is split in two: how inputs and state are projected (`_project`; convolutions take that over in `conv.py`), and
what the gates do with the projections.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import symbol
from ..initializer import LSTMBias
from ..symbol import Symbol
from .base_cell import BaseRNNCell, RNNParams

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

Step = tuple[Symbol, list[Symbol]]


def rnn_step(cell: Any, name: str, i2h: Any, h2h: Any) -> Step:
    """`h' = act(i2h + h2h)`."""
    output = cell._get_activation(i2h + h2h, cell._activation, name=f"{name}out")
    return output, [output]


def lstm_step(cell: Any, name: str, i2h: Any, h2h: Any, memory: Any, **where: Any) -> Step:
    """`c' = f * c + i * act(g)`, `h' = o * act(c')`; gates in the order i, f, c, o (Hochreiter and Schmidhuber).

    `where` is the `axis` of the gates, if it is not the default, 1.
    """
    gates = symbol.SliceChannel(i2h + h2h, num_outputs=4, name=f"{name}slice", **where)
    take: Any = symbol.Activation(gates[0], act_type="sigmoid", name=f"{name}i")
    keep: Any = symbol.Activation(gates[1], act_type="sigmoid", name=f"{name}f")
    new = cell._get_activation(gates[2], cell._activation, name=f"{name}c")
    show = symbol.Activation(gates[3], act_type="sigmoid", name=f"{name}o")
    next_c = symbol.elemwise_add(keep * memory, take * new, name=f"{name}state")
    next_h = symbol.elemwise_mul(show, cell._get_activation(next_c, cell._activation), name=f"{name}out")
    return next_h, [next_h, next_c]


def gru_step(cell: Any, name: str, i2h: Any, h2h: Any, previous: Any) -> Step:
    """`h' = (1 - z) * act(i2h + r * h2h) + z * h`; gates in the order r, z, o (Cho et al., 2014; as in cuDNN)."""
    from_input = symbol.SliceChannel(i2h, num_outputs=3, name=f"{name}_i2h_slice")
    from_state = symbol.SliceChannel(h2h, num_outputs=3, name=f"{name}_h2h_slice")
    reset: Any = symbol.Activation(from_input[0] + from_state[0], act_type="sigmoid", name=f"{name}_r_act")
    update: Any = symbol.Activation(from_input[1] + from_state[1], act_type="sigmoid", name=f"{name}_z_act")
    new = cell._get_activation(from_input[2] + reset * from_state[2], cell._activation, name=f"{name}_h_act")
    output = symbol.elemwise_add((1. - update) * new, update * previous, name=f"{name}out")
    return output, [output]


class _DenseCell(BaseRNNCell):
    """Projects inputs (batch, features) and states (batch, hidden) by FullyConnected."""

    def __init__(self, num_hidden: int, prefix: str, params: RNNParams | None, bias_init: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._num_hidden = num_hidden
        self._iW, self._hW = self.params.get("i2h_weight"), self.params.get("h2h_weight")
        self._iB = self.params.get("i2h_bias", **({} if bias_init is None else {"init": bias_init}))
        self._hB = self.params.get("h2h_bias")
        self._activation: Any = "tanh"

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return [{"shape": (0, self._num_hidden), "__layout__": "NC"}]

    def _project(self, name: str, inputs: Symbol, state: Symbol) -> tuple[Symbol, Symbol]:
        width = self._num_hidden * len(self._gate_names)
        return (symbol.FullyConnected(data=inputs, weight=self._iW, bias=self._iB, num_hidden=width,
                                      name=f"{name}i2h"),
                symbol.FullyConnected(data=state, weight=self._hW, bias=self._hB, num_hidden=width,
                                      name=f"{name}h2h"))


class RNNCell(_DenseCell):
    """A simple (Elman) recurrent cell.

    Parameters
    ----------
    num_hidden : size of the state
    activation : a name that Activation takes, or a function of symbols
    prefix, params : see BaseRNNCell

    >>> import mxnet as mx
    >>> outputs, states = mx.rnn.RNNCell(10).unroll(3, mx.sym.Variable("data"))
    >>> [output.name for output in outputs]
    ['rnn_t0_out', 'rnn_t1_out', 'rnn_t2_out']
    """

    def __init__(self, num_hidden: int, activation: Any = "tanh", prefix: str = "rnn_",
                 params: RNNParams | None = None) -> None:
        super().__init__(num_hidden, prefix, params)
        self._activation = activation

    @property
    def _gate_names(self) -> Sequence[str]:
        return ("",)

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        name = self._step_name()
        return rnn_step(self, name, *self._project(name, inputs, states[0]))


class LSTMCell(_DenseCell):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997); states are output and memory.

    `forget_bias` is the initial bias of the forget gate (Jozefowicz et al., 2015).

    >>> import mxnet as mx
    >>> mx.rnn.LSTMCell(10).state_shape
    [(0, 10), (0, 10)]
    """

    def __init__(self, num_hidden: int, prefix: str = "lstm_", params: RNNParams | None = None,
                 forget_bias: float = 1.0) -> None:
        super().__init__(num_hidden, prefix, params, LSTMBias(forget_bias=forget_bias))

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return super().state_info * 2

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_i", "_f", "_c", "_o"]

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        name = self._step_name()
        return lstm_step(self, name, *self._project(name, inputs, states[0]), states[1])


class GRUCell(_DenseCell):
    """Gated recurrent unit (Cho et al., 2014), in the form of cuDNN: the reset gate is applied after the projection.

    >>> import mxnet as mx
    >>> mx.rnn.GRUCell(10).state_shape
    [(0, 10)]
    """

    def __init__(self, num_hidden: int, prefix: str = "gru_", params: RNNParams | None = None) -> None:
        super().__init__(num_hidden, prefix, params)

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_r", "_z", "_o"]

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        name = self._step_name()
        # the projections' names have one more underscore here, in MXNet too
        return gru_step(self, name, *self._project(f"{name}_", inputs, states[0]), states[0])
