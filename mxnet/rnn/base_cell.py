# SPDX-License-Identifier: Apache-2.0
"""The base of recurrent cells: parameters by name, states, unrolling over time, weights by gate.

A cell is a factory of symbols. `cell(inputs, states)` adds one time step to a graph and returns (output, new states);
`unroll` adds all of them. Parameters are variables kept in an RNNParams, so that every step, and every cell that is
given the same RNNParams, uses the same ones.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import ndarray as nd
from .. import symbol
from ..base import MXNetAssertionTypeError, MXNetError, MXNetValueError
from ..ndarray import NDArray
from ..symbol import Symbol

__all__ = ["BaseRNNCell", "RNNParams"]

Arrays = dict[str, NDArray]


class CellUseError(MXNetError, AssertionError):
    """A cell is used in a way that it does not support (MXNet asserts, so this is an AssertionError too)."""


class RNNParams:
    """Variables by name, made when first asked for; their names begin with `prefix`.

    >>> import mxnet as mx
    >>> mx.rnn.RNNParams("lstm_").get("i2h_weight").name
    'lstm_i2h_weight'
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._params: dict[str, Symbol] = {}

    def get(self, name: str, **kwargs: Any) -> Symbol:
        """The variable `prefix + name`; `kwargs` are `mx.sym.Variable`'s, for the first call."""
        full = self._prefix + name
        if full not in self._params:
            self._params[full] = symbol.Variable(full, **kwargs)
        return self._params[full]


class BaseRNNCell:
    """Base of cells.

    Parameters
    ----------
    prefix : beginning of the names of parameters and nodes
    params : an RNNParams to share; None for one of its own

    A subclass defines `state_info` and `__call__`, and, if its weights are stacked by gate, `_gate_names`.
    """

    _cells: Sequence[BaseRNNCell] = ()
    _num_hidden: int = 0

    def __init__(self, prefix: str = "", params: RNNParams | None = None) -> None:
        self._own_params = params is None
        self._prefix = prefix
        self._params = RNNParams(prefix) if params is None else params
        self._modified = False
        self.reset()

    def reset(self) -> None:
        """Count time steps and states from 0 again, for another unrolling."""
        self._init_counter = self._counter = -1
        for cell in self._cells:
            cell.reset()

    def _step_name(self) -> str:
        """Beginning of the names of the next step's nodes."""
        self._counter += 1
        return f"{self._prefix}t{self._counter}_"

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> tuple[Symbol, list[Symbol]]:
        """One time step: inputs (batch, features) and states give (output, new states)."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")

    @property
    def params(self) -> RNNParams:
        """The parameters, for another cell to share."""
        self._own_params = False
        return self._params

    @property
    def state_info(self) -> list[dict[str, Any]]:
        """For each state a dict of its `shape` (0 for the batch size) and `__layout__`."""
        raise NotImplementedError(f"{type(self).__name__} does not define state_info")

    @property
    def state_shape(self) -> list[tuple[int, ...]]:
        """Shapes of the states."""
        return [info["shape"] for info in self.state_info]

    @property
    def _gate_names(self) -> Sequence[str]:
        return ()

    def _unmodified(self) -> None:
        if self._modified:
            raise CellUseError(f"{type(self).__name__} {self._prefix!r} is held by a modifier cell: use that one")

    def begin_state(self, func: Callable[..., Symbol] = symbol.zeros, **kwargs: Any) -> list[Symbol]:
        """Symbols of the initial states, `func(name=..., shape=..., **kwargs)` for each; default zeros.

        Raises AssertionError when a modifier holds the cell.
        """
        self._unmodified()
        states = []
        for info in self.state_info:
            self._init_counter += 1
            states.append(func(name=f"{self._prefix}begin_state_{self._init_counter}", **{**kwargs, **(info or {})}))
        return states

    # ---- weights --------------------------------------------------------------------------------

    def unpack_weights(self, args: Arrays) -> Arrays:
        """A copy of `args` with the stacked weights replaced by one array for each gate: `lstm_i2h_f_weight`, ..."""
        args, hidden = dict(args), self._num_hidden
        for group in ("i2h", "h2h") if self._gate_names else ():
            for kind in ("weight", "bias"):
                stacked = args.pop(f"{self._prefix}{group}_{kind}")
                for j, gate in enumerate(self._gate_names):
                    args[f"{self._prefix}{group}{gate}_{kind}"] = stacked[j * hidden:(j + 1) * hidden].copy()
        return args

    def pack_weights(self, args: Arrays) -> Arrays:
        """The inverse of `unpack_weights`."""
        args = dict(args)
        for group in ("i2h", "h2h") if self._gate_names else ():
            for kind in ("weight", "bias"):
                parts = [args.pop(f"{self._prefix}{group}{gate}_{kind}") for gate in self._gate_names]
                args[f"{self._prefix}{group}_{kind}"] = nd.concatenate(parts)
        return args

    # ---- time -----------------------------------------------------------------------------------

    def unroll(self, length: int, inputs: Any, begin_state: list[Symbol] | None = None, layout: str = "NTC",
               merge_outputs: bool | None = None) -> tuple[Any, list[Any]]:
        """Unroll over time.

        Parameters
        ----------
        length : number of steps
        inputs : a symbol of the whole sequence, in `layout`, or a list of one symbol for each step
        begin_state : initial states; default `begin_state()`
        layout : `"NTC"` (batch, time, features) or `"TNC"`
        merge_outputs : True for one symbol of all outputs, False for a list of steps, None for what comes easier

        Returns (outputs, last states).
        """
        self.reset()
        inputs, _ = normalize_sequence(length, inputs, layout, False)
        states = self.begin_state() if begin_state is None else begin_state
        outputs = []
        for step in inputs:
            output, states = self(step, states)
            outputs.append(output)
        return normalize_sequence(length, outputs, layout, merge_outputs)[0], states

    def _get_activation(self, inputs: Symbol, activation: Any, **kwargs: Any) -> Symbol:
        """`activation` is a name for Activation, or a function of symbols."""
        if isinstance(activation, str):
            return symbol.Activation(inputs, act_type=activation, **kwargs)
        return activation(inputs, **kwargs)


def normalize_sequence(length: Any, inputs: Any, layout: str, merge: bool | None) -> tuple[Any, int]:
    """A sequence as one symbol (`merge` True), as a list of steps (False), or as it comes (None); and the time axis."""
    if inputs is None:
        raise MXNetAssertionTypeError("unroll: inputs is a symbol or a list of symbols, not None")
    axis = layout.find("T")
    if axis < 0:
        raise MXNetValueError(f"unroll: a layout names the time axis T, as NTC and TNC do, not {layout!r}")
    if isinstance(inputs, Symbol):
        if merge is False:
            if len(inputs.list_outputs()) != 1:
                raise CellUseError(f"unroll: inputs has {len(inputs.list_outputs())} outputs; give one symbol of the "
                                   "whole sequence, or list(inputs)")
            split: Any = symbol.split                   # the number 1, so that JSON says what MXNet's does
            return list(split(inputs, axis=axis, num_outputs=length, squeeze_axis=1)), axis
        return inputs, axis
    if length is not None and len(inputs) != length:
        raise CellUseError(f"unroll: {len(inputs)} inputs for {length} steps")
    if merge:
        steps = [symbol.expand_dims(one, axis=axis) for one in inputs]
        return symbol.Concat(*steps, dim=axis), axis
    return inputs, axis
