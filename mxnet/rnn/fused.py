# SPDX-License-Identifier: Apache-2.0
"""FusedRNNCell: all layers and steps in one RNN operator, with all weights in one array.

The array holds, layer by layer and in each direction by direction, the input weights of all gates and the state
weights of all gates; then, in the same order, the biases.
"""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .. import ndarray as nd
from .. import symbol
from ..base import MXNetAssertionError, MXNetValueError, nearest
from ..initializer import FusedRNN
from ..ndarray import NDArray
from ..symbol import Symbol
from .base_cell import Arrays, BaseRNNCell, RNNParams, normalize_sequence
from .cells import GRUCell, LSTMCell, RNNCell, Step

if TYPE_CHECKING:
    from .combined import SequentialRNNCell

__all__ = ["FusedRNNCell"]

_GATES: dict[str, Sequence[str]] = {"rnn_relu": [""], "rnn_tanh": [""], "lstm": ["_i", "_f", "_c", "_o"],
                                    "gru": ["_r", "_z", "_o"]}


class FusedRNNCell(BaseRNNCell):
    """Recurrent layers in one operator.

    Parameters
    ----------
    num_hidden : size of the states of each layer and direction
    num_layers : layers
    mode : `"rnn_relu"`, `"rnn_tanh"`, `"lstm"` or `"gru"`
    bidirectional : whether each layer runs in both directions
    dropout : rate of the dropout between layers
    get_next_state : whether `unroll` returns the last states (else an empty list)
    forget_bias : initial bias of the LSTM's forget gate
    prefix : default `mode + "_"`
    params : see BaseRNNCell

    >>> import mxnet as mx
    >>> cell = mx.rnn.FusedRNNCell(4, num_layers=2, mode="lstm")
    >>> outputs, _ = cell.unroll(3, mx.sym.Variable("data"), layout="TNC", merge_outputs=True)
    >>> outputs.infer_shape(data=(3, 2, 5))[1]
    [(3, 2, 4)]
    """

    def __init__(self, num_hidden: int, num_layers: int = 1, mode: str = "lstm", bidirectional: bool = False,
                 dropout: float = 0.0, get_next_state: bool = False, forget_bias: float = 1.0,
                 prefix: str | None = None, params: RNNParams | None = None) -> None:
        if mode not in _GATES:
            raise MXNetValueError(f"FusedRNNCell: mode is one of {', '.join(_GATES)}, not {mode!r}."
                                  f"{nearest(mode, _GATES)}")
        super().__init__(prefix=f"{mode}_" if prefix is None else prefix, params=params)
        self._num_hidden, self._num_layers, self._mode = num_hidden, num_layers, mode
        self._bidirectional, self._dropout, self._get_next_state = bidirectional, dropout, get_next_state
        self._directions = ["l", "r"] if bidirectional else ["l"]
        self._parameter = self.params.get(
            "parameters", init=FusedRNN(None, num_hidden, num_layers, mode, bidirectional, forget_bias))

    @property
    def state_info(self) -> list[dict[str, Any]]:
        shape = (len(self._directions) * self._num_layers, 0, self._num_hidden)
        return [{"shape": shape, "__layout__": "LNC"} for _ in range(2 if self._mode == "lstm" else 1)]

    @property
    def _gate_names(self) -> Sequence[str]:
        return _GATES[self._mode]

    @property
    def _num_gates(self) -> int:
        return len(self._gate_names)

    @property
    def _packed(self) -> str:
        """Name of the array of all weights."""
        return f"{self.params._prefix}parameters"

    # ---- weights --------------------------------------------------------------------------------

    def _parts(self, num_input: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        """(name, shape) of every part of the packed array, in order."""
        hidden, deep = self._num_hidden, self._num_hidden * len(self._directions)
        for kind in ("weight", "bias"):
            for layer in range(self._num_layers):
                for direction in self._directions:
                    for group, width in (("i2h", deep if layer else num_input), ("h2h", hidden)):
                        for gate in self._gate_names:
                            yield (f"{self._prefix}{direction}{layer}_{group}{gate}_{kind}",
                                   (hidden, width) if kind == "weight" else (hidden,))

    def unpack_weights(self, args: Arrays) -> Arrays:
        """A copy of `args` with the packed array replaced by one array for each layer, direction and gate."""
        args = dict(args)
        packed: NDArray = args.pop(self._packed)
        hidden, sides = self._num_hidden, len(self._directions)
        each = packed.size // (sides * hidden * self._num_gates)
        num_input = each - (self._num_layers - 1) * (hidden + sides * hidden + 2) - hidden - 2
        parts = list(self._parts(num_input))
        total = sum(_count(shape) for _, shape in parts)
        if num_input < 1 or total != packed.size:
            raise MXNetValueError(f"{self._packed} has {packed.size} values, which fits no input size of "
                                  f"{self._num_layers} {self._mode} layers of {hidden}")
        position = 0
        for name, shape in parts:
            args[name] = packed[position:position + _count(shape)].reshape(shape).copy()
            position += _count(shape)
        return args

    def pack_weights(self, args: Arrays) -> Arrays:
        """The inverse of `unpack_weights`."""
        args = dict(args)
        first = args[f"{self._prefix}l0_i2h{self._gate_names[0]}_weight"]
        parts = [args.pop(name).reshape((-1,)) for name, _ in self._parts(first.shape[1])]
        args[self._packed] = nd.concatenate(parts)
        return args

    # ---- graphs ---------------------------------------------------------------------------------

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        raise NotImplementedError("FusedRNNCell takes no single steps: use unroll")

    def unroll(self, length: int, inputs: Any, begin_state: list[Symbol] | None = None, layout: str = "NTC",
               merge_outputs: bool | None = None) -> tuple[Any, list[Any]]:
        """One RNN operator over the sequence; layout `"TNC"` spares two transpositions. See `BaseRNNCell.unroll`."""
        self.reset()
        inputs, axis = normalize_sequence(length, inputs, layout, True)
        if axis == 1:
            warnings.warn("FusedRNNCell: layout NTC costs two transpositions; TNC is faster", stacklevel=2)
            inputs = symbol.swapaxes(inputs, dim1=0, dim2=1)
        elif axis:
            raise MXNetAssertionError(f"FusedRNNCell.unroll: layout is NTC or TNC, not {layout!r}")
        states = self.begin_state() if begin_state is None else begin_state
        given: dict[str, Any] = dict(zip(("state", "state_cell"), states))
        # with several outputs the node says where their batch axis is, as Module needs to know
        attr = {"__layout__": "LNC"} if self._get_next_state else {}
        rnn = symbol.RNN(data=inputs, parameters=self._parameter, state_size=self._num_hidden,
                         num_layers=self._num_layers, bidirectional=self._bidirectional, p=self._dropout,
                         state_outputs=self._get_next_state, mode=self._mode, name=f"{self._prefix}rnn",
                         attr=attr, **given)
        outputs, last = (rnn[0], [rnn[i + 1] for i in range(len(given))]) if self._get_next_state else (rnn, [])
        if axis == 1:
            outputs = symbol.swapaxes(outputs, dim1=0, dim2=1)
        return normalize_sequence(length, outputs, layout, merge_outputs)[0], last

    def unfuse(self) -> SequentialRNNCell:
        """The same layers as a stack of plain cells, which `unpack_weights` and the stack's `pack_weights` connect."""
        from .combined import BidirectionalCell, DropoutCell, SequentialRNNCell
        stack = SequentialRNNCell()
        for layer in range(self._num_layers):
            cells = [self._plain_cell(f"{self._prefix}{side}{layer}_") for side in self._directions]
            stack.add(BidirectionalCell(cells[0], cells[1], output_prefix=f"{self._prefix}bi_l{layer}_")
                      if self._bidirectional
                      else cells[0])
            if self._dropout > 0 and layer + 1 != self._num_layers:
                stack.add(DropoutCell(self._dropout, prefix=f"{self._prefix}_dropout{layer}_"))
        return stack

    def _plain_cell(self, prefix: str) -> BaseRNNCell:
        if self._mode == "lstm":
            return LSTMCell(self._num_hidden, prefix=prefix)
        if self._mode == "gru":
            return GRUCell(self._num_hidden, prefix=prefix)
        return RNNCell(self._num_hidden, activation=self._mode.removeprefix("rnn_"), prefix=prefix)


def _count(shape: tuple[int, ...]) -> int:
    return shape[0] * shape[1] if len(shape) == 2 else shape[0]
