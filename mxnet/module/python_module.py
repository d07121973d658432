# SPDX-License-Identifier: Apache-2.0
"""Modules written in Python: no symbol, no executors, by default no parameters; mostly for losses in a chain."""
from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._old_names import lend
from ..base import MXNetAssertionTypeError, MXNetError
from ..initializer import Uniform
from ..io import DataDesc
from ..ndarray import NDArray, array
from .base_module import BaseModule, ModuleStateError

__all__ = ["PythonLossModule", "PythonModule"]


class PythonModule(BaseModule):
    """Base of modules in Python: what concerns parameters does nothing.

    Parameters
    ----------
    data_names, label_names, output_names : names of the inputs, labels (or None) and outputs

    A subclass defines `forward`, `backward`, `get_outputs`, `get_input_grads`, and `_compute_output_shapes`, which
    returns (name, shape) of the outputs for the shapes in `_data_shapes` and `_label_shapes`.
    """

    def __init__(self, data_names: Sequence[str], label_names: Sequence[str] | None, output_names: Sequence[str],
                 logger: Any = logging) -> None:
        super().__init__(logger=logger)
        self._data_names: list[str] = list(data_names)
        self._label_names = list(label_names) if label_names is not None else None
        self._output_names: list[str] = list(output_names)
        self._data_shapes: Any = None
        self._label_shapes: Any = None
        self._output_shapes: Any = None

    @property
    def data_names(self) -> list[str]:
        return self._data_names

    @property
    def output_names(self) -> list[str]:
        return self._output_names

    @property
    def data_shapes(self) -> Any:
        return self._data_shapes

    @property
    def label_shapes(self) -> Any:
        return self._label_shapes

    @property
    def output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        return self._output_shapes

    def get_params(self) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
        """No parameters, no auxiliary states."""
        return {}, {}

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict[str, NDArray] | None = None,
                    aux_params: dict[str, NDArray] | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:
        """Nothing to initialise."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing: a subclass that keeps something from batch to batch defines this."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave: nothing."""

    def update(self) -> None:
        """Nothing to update."""

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give labels and the last outputs to a metric; nothing without labels."""
        if self._label_shapes is None:
            return
        if pre_sliced:
            raise MXNetError(f"{type(self).__name__}.update_metric takes no pre_sliced labels")
        eval_metric.update(labels, self.get_outputs())

    def bind(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None = None, for_training: bool = True,
             inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
             grad_req: Any = "write") -> None:
        """Take the input shapes. Raises AssertionError for other names, and for a `grad_req` other than "write"."""
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        if grad_req != "write":
            raise ModuleStateError(f"{type(self).__name__}.bind: grad_req must be 'write', not {grad_req!r}")
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        for kind, shapes, names in (("data", data_shapes, self._data_names),
                                    ("label", label_shapes, self._label_names)):
            if shapes is None and kind == "label":
                continue
            found = [DataDesc.of(item).name for item in shapes or []]
            if found != (names or []):
                raise ModuleStateError(f"{type(self).__name__}.bind: {kind}_shapes are of {found}, but the names are "
                                       f"{names}")
        self._data_shapes, self._label_shapes = data_shapes, label_shapes
        self._output_shapes = self._compute_output_shapes()
        self.binded = True

    def _compute_output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        raise NotImplementedError(f"{type(self).__name__} does not define _compute_output_shapes")

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd",
                       optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False) -> None:
        """Nothing to optimise."""


class PythonLossModule(PythonModule):
    """A loss in Python: its output is its input, its gradient is `grad_func(scores, labels)`.

    Parameters
    ----------
    name : the output is called `{name}_output`
    data_names, label_names : one name each
    grad_func : function of two NDArrays (scores, labels) that returns the gradient of the scores, an NDArray or what
        `mx.nd.array` takes; or define `_backward_impl`, which sets `_scores_grad`, in a subclass

    >>> import mxnet as mx
    >>> loss = mx.mod.PythonLossModule(grad_func=lambda scores, labels: scores - labels)
    >>> loss.bind([("data", (2, 1))], [("softmax_label", (2, 1))])
    >>> loss.forward(mx.io.DataBatch([mx.nd.array([[1], [2]])], [mx.nd.array([[0], [4]])]), is_train=True)
    >>> loss.backward()
    >>> loss.get_input_grads()[0].asnumpy().tolist()
    [[1.0], [-2.0]]
    """

    def __init__(self, name: str = "pyloss", data_names: Sequence[str] = ("data",),
                 label_names: Sequence[str] = ("softmax_label",), logger: Any = logging,
                 grad_func: Callable[[NDArray, NDArray], Any] | None = None) -> None:
        super().__init__(data_names, label_names, [f"{name}_output"], logger=logger)
        self._name = name
        if len(data_names) != 1 or len(label_names) != 1:
            raise ModuleStateError(f"PythonLossModule: one data name and one label name, not {list(data_names)} and "
                                   f"{list(label_names)}")
        if grad_func is not None and not callable(grad_func):
            raise MXNetAssertionTypeError("grad_func is a function of scores and labels, not "
                                          f"{type(grad_func).__name__}")
        self._grad_func = grad_func
        self._scores: Any = None
        self._labels: Any = None
        self._scores_grad: Any = None

    def _compute_output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        return [(self._name + "_output", tuple(DataDesc.of(self._data_shapes[0]).shape))]

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Keep the scores, and when training the labels."""
        self._scores = data_batch.data[0]
        if self.for_training if is_train is None else is_train:
            self._labels = data_batch.label[0]

    def backward(self, out_grads: Any = None) -> None:
        """Compute the gradient of the scores. A loss takes no `out_grads`: AssertionError."""
        if out_grads is not None:
            raise ModuleStateError("PythonLossModule.backward: a loss takes no out_grads")
        if not self.for_training:
            raise ModuleStateError("PythonLossModule.backward: bind with for_training=True first")
        self._backward_impl()

    def _backward_impl(self) -> None:
        if self._grad_func is None:
            raise NotImplementedError(f"{type(self).__name__}: give a grad_func, or define _backward_impl")
        grad = self._grad_func(self._scores, self._labels)
        self._scores_grad = grad if isinstance(grad, NDArray) else array(np.asarray(grad, dtype=np.float32))

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """The scores."""
        self._only_merged(merge_multi_context)
        return [self._scores]

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """The gradient of the scores."""
        self._only_merged(merge_multi_context)
        return [self._scores_grad]

    def _only_merged(self, merge: bool) -> None:
        if not merge:
            raise ModuleStateError(f"{type(self).__name__} has one context: merge_multi_context must be True")

    def install_monitor(self, mon: Any) -> None:
        """There is no executor to watch."""
        raise NotImplementedError(f"{type(self).__name__} has no executor that a monitor could watch")


lend(__name__)
