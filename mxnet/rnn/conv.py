# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells that project by convolution: states are images (Shi et al., 2015)."""
from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .. import symbol
from ..symbol import Symbol
from .base_cell import BaseRNNCell, CellUseError, RNNParams
from .cells import Step, gru_step, lstm_step, rnn_step

__all__ = ["BaseConvRNNCell", "ConvGRUCell", "ConvLSTMCell", "ConvRNNCell"]

_LEAKY = functools.partial(symbol.LeakyReLU, act_type="leaky", slope=0.2)
Pair = tuple[int, int]


class BaseConvRNNCell(BaseRNNCell):
    """Base of convolutional cells.

    Parameters
    ----------
    input_shape : shape of a step's input, batch first (its size does not matter), in `conv_layout`
    num_hidden : channels of the state
    h2h_kernel, h2h_dilate : of the convolution of the state; odd kernel sizes, so that the state keeps its shape
    i2h_kernel, i2h_stride, i2h_pad, i2h_dilate : of the convolution of the input
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : initializers, their
        names, or None
    activation : a name that Activation takes, or a function of symbols
    prefix, params : see BaseRNNCell
    conv_layout : layout of the convolutions
    """

    def __init__(self, input_shape: Sequence[int], num_hidden: int, h2h_kernel: Pair, h2h_dilate: Pair,
                 i2h_kernel: Pair, i2h_stride: Pair, i2h_pad: Pair, i2h_dilate: Pair, i2h_weight_initializer: Any,
                 h2h_weight_initializer: Any, i2h_bias_initializer: Any, h2h_bias_initializer: Any, activation: Any,
                 prefix: str = "", params: RNNParams | None = None, conv_layout: str = "NCHW") -> None:
        super().__init__(prefix=prefix, params=params)
        if any(size % 2 == 0 for size in h2h_kernel):
            raise CellUseError(f"h2h_kernel must be odd in every axis, so that the state keeps its shape: {h2h_kernel}")
        self._h2h: dict[str, Any] = dict(
            kernel=h2h_kernel, stride=(1,) * len(h2h_kernel), dilate=h2h_dilate, layout=conv_layout,
            pad=tuple(dilate * (size - 1) // 2 for size, dilate in zip(h2h_kernel, h2h_dilate)))
        self._i2h: dict[str, Any] = dict(kernel=i2h_kernel, stride=i2h_stride, pad=i2h_pad, dilate=i2h_dilate,
                                         layout=conv_layout)
        self._num_hidden, self._input_shape, self._conv_layout = num_hidden, tuple(input_shape), conv_layout
        self._activation = activation
        probe = symbol.Convolution(data=symbol.Variable("data"), num_filter=num_hidden, **self._i2h)
        self._state_shape = (0, *probe.infer_shape(data=self._input_shape)[1][0][1:])
        self._iW = self._variable("i2h_weight", i2h_weight_initializer)
        self._hW = self._variable("h2h_weight", h2h_weight_initializer)
        self._iB = self._variable("i2h_bias", i2h_bias_initializer)
        self._hB = self._variable("h2h_bias", h2h_bias_initializer)

    def _variable(self, name: str, init: Any) -> Symbol:
        return self.params.get(name, **({} if init is None else {"init": init}))

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return [{"shape": self._state_shape, "__layout__": self._conv_layout}]

    @property
    def _num_gates(self) -> int:
        return len(self._gate_names)

    def _project(self, name: str, inputs: Symbol, state: Symbol) -> tuple[Symbol, Symbol]:
        width = self._num_hidden * self._num_gates
        return (symbol.Convolution(data=inputs, weight=self._iW, bias=self._iB, num_filter=width, name=f"{name}i2h",
                                   **self._i2h),
                symbol.Convolution(data=state, weight=self._hW, bias=self._hB, num_filter=width, name=f"{name}h2h",
                                   **self._h2h))

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")


class _ConvCell(BaseConvRNNCell):
    """Defaults of the three cells; each has its own prefix."""

    _default_prefix = ""

    def __init__(self, input_shape: Sequence[int], num_hidden: int, h2h_kernel: Pair = (3, 3),
                 h2h_dilate: Pair = (1, 1), i2h_kernel: Pair = (3, 3), i2h_stride: Pair = (1, 1),
                 i2h_pad: Pair = (1, 1), i2h_dilate: Pair = (1, 1), i2h_weight_initializer: Any = None,
                 h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
                 h2h_bias_initializer: Any = "zeros", activation: Any = _LEAKY, prefix: str | None = None,
                 params: RNNParams | None = None, conv_layout: str = "NCHW") -> None:
        super().__init__(input_shape, num_hidden, h2h_kernel, h2h_dilate, i2h_kernel, i2h_stride, i2h_pad, i2h_dilate,
                         i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
                         activation, self._default_prefix if prefix is None else prefix, params, conv_layout)


class ConvRNNCell(_ConvCell):
    """RNNCell with convolutions; prefix `ConvRNN_`. Parameters as for BaseConvRNNCell.

    >>> import mxnet as mx
    >>> mx.rnn.ConvRNNCell((1, 3, 8, 8), num_hidden=4).state_shape
    [(0, 4, 8, 8)]
    """

    _default_prefix = "ConvRNN_"

    @property
    def _gate_names(self) -> Sequence[str]:
        return ("",)

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        name = self._step_name()
        return rnn_step(self, name, *self._project(name, inputs, states[0]))


class ConvLSTMCell(_ConvCell):
    """LSTMCell with convolutions (Shi et al., 2015); prefix `ConvLSTM_`. Parameters as for BaseConvRNNCell.

    >>> import mxnet as mx
    >>> mx.rnn.ConvLSTMCell((1, 3, 8, 8), num_hidden=4).state_shape
    [(0, 4, 8, 8), (0, 4, 8, 8)]
    """

    _default_prefix = "ConvLSTM_"

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return super().state_info * 2

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_i", "_f", "_c", "_o"]

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        name = self._step_name()
        return lstm_step(self, name, *self._project(name, inputs, states[0]), states[1],
                         axis=self._conv_layout.find("C"))


class ConvGRUCell(_ConvCell):
    """GRUCell with convolutions; prefix `ConvGRU_`. Parameters as for BaseConvRNNCell.

    >>> import mxnet as mx
    >>> mx.rnn.ConvGRUCell((1, 3, 8, 8), num_hidden=4).state_shape
    [(0, 4, 8, 8)]
    """

    _default_prefix = "ConvGRU_"

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_r", "_z", "_o"]

    def __call__(self, inputs: Symbol, states: list[Symbol]) -> Step:
        name = self._step_name()
        return gru_step(self, name, *self._project(name, inputs, states[0]), states[0])
