# SPDX-License-Identifier: Apache-2.0
"""Cells made of cells: stacks, both directions, and modifiers (dropout, zoneout, residual)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import symbol
from ..base import MXNetAssertionTypeError
from ..symbol import Symbol
from .base_cell import Arrays, BaseRNNCell, CellUseError, RNNParams, normalize_sequence
from .cells import Step
from .fused import FusedRNNCell

__all__ = ["BidirectionalCell", "DropoutCell", "ModifierCell", "ResidualCell", "SequentialRNNCell", "ZoneoutCell"]


class _Composite(BaseRNNCell):
    """A cell of several, with the parameters and states of all of them."""

    def __init__(self, params: RNNParams | None) -> None:
        super().__init__(prefix="", params=params)
        self._override_cell_params = params is not None
        self._cells: list[BaseRNNCell] = []

    def _take(self, cell: BaseRNNCell) -> None:
        if self._override_cell_params:
            if not cell._own_params:
                raise CellUseError(f"{type(self).__name__} was given params, and so was the cell to add: only one of "
                                   "them may be")
            cell.params._params.update(self.params._params)
        self.params._params.update(cell.params._params)
        self._cells.append(cell)

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return [info for cell in self._cells for info in cell.state_info]

    def begin_state(self, **kwargs: Any) -> list[Symbol]:                  # type: ignore[override]
        """Initial states of all cells, one after the other; see `BaseRNNCell.begin_state`."""
        self._unmodified()
        return [state for cell in self._cells for state in cell.begin_state(**kwargs)]

    def unpack_weights(self, args: Arrays) -> Arrays:
        """See `BaseRNNCell.unpack_weights`."""
        for cell in self._cells:
            args = cell.unpack_weights(args)
        return args

    def pack_weights(self, args: Arrays) -> Arrays:
        """See `BaseRNNCell.pack_weights`."""
        for cell in self._cells:
            args = cell.pack_weights(args)
        return args

    def _states_of(self, states: list[Any]) -> list[list[Any]]:
        """A list of states, divided by cell."""
        parts, end = [], 0
        for cell in self._cells:
            begin, end = end, end + len(cell.state_info)
            parts.append(states[begin:end])
        return parts


class SequentialRNNCell(_Composite):
    """Cells one upon the other.

    `params` are shared by all of them, which then must not have any of their own.

    >>> import mxnet as mx
    >>> stack = mx.rnn.SequentialRNNCell()
    >>> stack.add(mx.rnn.LSTMCell(20, prefix="l0_"))
    >>> stack.add(mx.rnn.LSTMCell(10, prefix="l1_"))
    >>> outputs, states = stack.unroll(2, mx.sym.Variable("data"))
    >>> outputs[1].name, len(states)
    ('l1_t1_out', 4)
    """

    def __init__(self, params: RNNParams | None = None) -> None:
        super().__init__(params)

    def add(self, cell: BaseRNNCell) -> None:
        """Put a cell on top."""
        self._take(cell)

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        self._counter += 1
        next_states = []
        for cell, own in zip(self._cells, self._states_of(states)):
            if isinstance(cell, BidirectionalCell):
                raise CellUseError("SequentialRNNCell with a BidirectionalCell takes no single steps: use unroll")
            inputs, made = cell(inputs, own)
            next_states += made
        return inputs, next_states

    def unroll(self, length: int, inputs: Any, begin_state: list[Symbol] | None = None, layout: str = "NTC",
               merge_outputs: bool | None = None) -> tuple[Any, list[Any]]:
        """Unroll cell by cell; see `BaseRNNCell.unroll`."""
        self.reset()
        states = self.begin_state() if begin_state is None else begin_state
        next_states = []
        for position, (cell, own) in enumerate(zip(self._cells, self._states_of(states))):
            merge = merge_outputs if position + 1 == len(self._cells) else None
            inputs, made = cell.unroll(length, inputs=inputs, begin_state=own, layout=layout, merge_outputs=merge)
            next_states += made
        return inputs, next_states


class BidirectionalCell(_Composite):
    """One cell forward in time and one backward; outputs are joined along the features.

    `output_prefix` begins the names of the outputs. It can be unrolled only; the states that `unroll` returns are two
    lists, one for each cell.

    >>> import mxnet as mx
    >>> cell = mx.rnn.BidirectionalCell(mx.rnn.GRUCell(4, prefix="l_"), mx.rnn.GRUCell(4, prefix="r_"))
    >>> outputs, _ = cell.unroll(2, mx.sym.Variable("data"), merge_outputs=True)
    >>> outputs.infer_shape(data=(3, 2, 5))[1]
    [(3, 2, 8)]
    """

    def __init__(self, l_cell: BaseRNNCell, r_cell: BaseRNNCell, params: RNNParams | None = None,
                 output_prefix: str = "bi_") -> None:
        super().__init__(params)
        self._output_prefix = output_prefix
        self._take(l_cell)
        self._take(r_cell)

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        raise NotImplementedError("BidirectionalCell takes no single steps: use unroll")

    def unroll(self, length: int, inputs: Any, begin_state: list[Symbol] | None = None, layout: str = "NTC",
               merge_outputs: bool | None = None) -> tuple[Any, list[Any]]:
        """Unroll both cells; see `BaseRNNCell.unroll`."""
        self.reset()
        inputs, axis = normalize_sequence(length, inputs, layout, False)
        states = self.begin_state() if begin_state is None else begin_state
        sides, last = [], []
        for cell, own, steps in zip(self._cells, self._states_of(states), (inputs, list(reversed(inputs)))):
            outputs, made = cell.unroll(length, inputs=steps, begin_state=own, layout=layout,
                                        merge_outputs=merge_outputs)
            sides.append(outputs)
            last.append(made)
        if merge_outputs is None:
            merge_outputs = all(isinstance(side, Symbol) for side in sides)
        ahead, back = (side if merge_outputs else normalize_sequence(length, side, layout, False)[0]
                       for side in sides)
        if merge_outputs:
            return symbol.Concat(ahead, symbol.reverse(back, axis=axis), dim=2, name=f"{self._output_prefix}out"), last
        joined = [symbol.Concat(one, other, dim=1, name=f"{self._output_prefix}t{i}")
                  for i, (one, other) in enumerate(zip(ahead, reversed(back)))]
        return joined, last


class DropoutCell(BaseRNNCell):
    """Dropout on the inputs, with rate `dropout`; no states.

    >>> import mxnet as mx
    >>> mx.rnn.DropoutCell(0.5).state_info
    []
    """

    def __init__(self, dropout: float, prefix: str = "dropout_", params: RNNParams | None = None) -> None:
        super().__init__(prefix, params)
        if not isinstance(dropout, (int, float)):
            raise MXNetAssertionTypeError(f"DropoutCell: the rate is a number, not {type(dropout).__name__}")
        self.dropout = dropout

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return []

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        return symbol.Dropout(data=inputs, p=self.dropout) if self.dropout > 0 else inputs, states

    def unroll(self, length: int, inputs: Any, begin_state: list[Symbol] | None = None, layout: str = "NTC",
               merge_outputs: bool | None = None) -> tuple[Any, list[Any]]:
        """Unroll, on the whole sequence at once if it comes so; see `BaseRNNCell.unroll`."""
        self.reset()
        inputs, _ = normalize_sequence(length, inputs, layout, merge_outputs)
        if isinstance(inputs, Symbol):
            return self(inputs, [])
        return super().unroll(length, inputs, begin_state=begin_state, layout=layout, merge_outputs=merge_outputs)


class ModifierCell(BaseRNNCell):
    """Base of cells that change what another does; parameters and states are the other's.

    The base cell cannot be used by itself afterwards.
    """

    def __init__(self, base_cell: BaseRNNCell) -> None:
        super().__init__()
        base_cell._modified = True
        self.base_cell = base_cell

    @property
    def params(self) -> RNNParams:
        """The base cell's parameters."""
        self._own_params = False
        return self.base_cell.params

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return self.base_cell.state_info

    def begin_state(self, init_sym: Callable[..., Symbol] = symbol.zeros,  # type: ignore[override]
                    **kwargs: Any) -> list[Symbol]:
        """The base cell's initial states; `init_sym` is what `func` is for `BaseRNNCell.begin_state`."""
        self._unmodified()
        self.base_cell._modified = False
        try:
            return self.base_cell.begin_state(**{"func": init_sym, **kwargs})
        finally:
            self.base_cell._modified = True

    def unpack_weights(self, args: Arrays) -> Arrays:
        """See `BaseRNNCell.unpack_weights`."""
        return self.base_cell.unpack_weights(args)

    def pack_weights(self, args: Arrays) -> Arrays:
        """See `BaseRNNCell.pack_weights`."""
        return self.base_cell.pack_weights(args)

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")


class ZoneoutCell(ModifierCell):
    """Zoneout (Krueger et al., 2017): outputs and states keep their last value with some probability, in training.

    >>> import mxnet as mx
    >>> cell = mx.rnn.ZoneoutCell(mx.rnn.LSTMCell(4), zoneout_outputs=0.1, zoneout_states=0.2)
    >>> len(cell.unroll(3, mx.sym.Variable("data"))[0])
    3
    """

    def __init__(self, base_cell: BaseRNNCell, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0) -> None:
        if isinstance(base_cell, FusedRNNCell):
            raise CellUseError("ZoneoutCell works step by step, which FusedRNNCell cannot: unfuse it first")
        if isinstance(base_cell, BidirectionalCell) or \
                (isinstance(base_cell, SequentialRNNCell) and any(isinstance(c, BidirectionalCell)
                                                                for c in base_cell._cells)):
            raise CellUseError("ZoneoutCell works step by step, which BidirectionalCell cannot: put zoneout on the two "
                               "cells inside it")
        super().__init__(base_cell)
        self.zoneout_outputs, self.zoneout_states = zoneout_outputs, zoneout_states
        self.prev_output: Symbol | None = None

    def reset(self) -> None:
        """See `BaseRNNCell.reset`."""
        super().reset()
        self.prev_output = None

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        output, new_states = self.base_cell(inputs, states)
        previous = self.prev_output if self.prev_output is not None else symbol.zeros((0, 0))
        if self.zoneout_outputs != 0:
            output = _mixed(self.zoneout_outputs, output, previous)
        if self.zoneout_states != 0:
            new_states = [_mixed(self.zoneout_states, new, old) for new, old in zip(new_states, states)]
        self.prev_output = output
        return output, new_states


def _mixed(rate: float, new: Symbol, old: Symbol) -> Symbol:
    """Where dropout leaves a one, the new value, else the old."""
    return symbol.where(symbol.Dropout(symbol.ones_like(new), p=rate), new, old)


class ResidualCell(ModifierCell):
    """Adds the inputs to the outputs, which must have the same shape (He et al., 2016; Wu et al., 2016).

    >>> import mxnet as mx
    >>> outputs, _ = mx.rnn.ResidualCell(mx.rnn.GRUCell(5)).unroll(1, mx.sym.Variable("data"))
    >>> outputs[0].name
    'gru_t0_out_plus_residual'
    """

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        output, states = self.base_cell(inputs, states)
        return _plus_residual(output, inputs), states

    def unroll(self, length: int, inputs: Any, begin_state: list[Symbol] | None = None, layout: str = "NTC",
               merge_outputs: bool | None = None) -> tuple[Any, list[Any]]:
        """Unroll the base cell and add the inputs; see `BaseRNNCell.unroll`."""
        self.reset()
        self.base_cell._modified = False
        try:
            outputs, states = self.base_cell.unroll(length, inputs=inputs, begin_state=begin_state, layout=layout,
                                                    merge_outputs=merge_outputs)
        finally:
            self.base_cell._modified = True
        merged = isinstance(outputs, Symbol)
        inputs, _ = normalize_sequence(length, inputs, layout, merged)
        if merged:
            return _plus_residual(outputs, inputs), states
        return [_plus_residual(output, one) for output, one in zip(outputs, inputs)], states


def _plus_residual(output: Symbol, inputs: Symbol) -> Symbol:
    return symbol.elemwise_add(output, inputs, name=f"{output.name}_plus_residual")
