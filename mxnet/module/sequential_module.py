# SPDX-License-Identifier: Apache-2.0
"""SequentialModule: modules in a row, the outputs of each the data of the next.

Gradients go back the same way: every module but the first is bound with `inputs_need_grad`, and its input gradients
are the head gradients of the module before it.
"""
from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from typing import Any

from ..base import MXNetValueError, nearest
from ..initializer import Uniform
from ..io import DataDesc
from ..ndarray import NDArray
from .base_module import BaseModule, ModuleStateError

__all__ = ["SequentialModule"]


class _NameError(MXNetValueError, AssertionError):
    """Names that do not fit (MXNet asserts, so this is an AssertionError too)."""


class SequentialModule(BaseModule):
    """A chain of modules, filled with `add`.

    >>> import mxnet as mx
    >>> first = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=8, name="fc1")
    >>> last = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc2"),
    ...                             name="softmax")
    >>> seq = mx.mod.SequentialModule().add(mx.mod.Module(first, label_names=None))
    >>> seq = seq.add(mx.mod.Module(last), take_labels=True, auto_wiring=True)
    >>> seq.bind([("data", (4, 5))], [("softmax_label", (4,))])
    >>> seq.output_shapes
    [('softmax_output', (4, 3))]
    """

    META_TAKE_LABELS = "take_labels"
    META_AUTO_WIRING = "auto_wiring"

    def __init__(self, logger: Any = logging) -> None:
        super().__init__(logger=logger)
        self._modules: list[BaseModule] = []
        self._metas: list[dict[str, Any]] = []
        self._label_shapes: Any = None
        self._data_shapes: Any = None

    def add(self, module: BaseModule, **kwargs: Any) -> SequentialModule:
        """Put a module at the end. Returns self.

        `take_labels=True` gives it the labels; `auto_wiring=True` renames the outputs of the module before it to its
        data names. A chain that is changed must be bound and initialised anew.
        """
        known = (self.META_TAKE_LABELS, self.META_AUTO_WIRING)
        for key in kwargs:
            if key not in known:
                raise _NameError(f"SequentialModule.add: {key!r} is no meta.{nearest(key, known)} Known are "
                                 f"{', '.join(known)}")
        self._modules.append(module)
        self._metas.append(kwargs)
        self.binded = self.params_initialized = self.optimizer_initialized = False
        return self

    # ---- names and shapes -----------------------------------------------------------------------

    @property
    def data_names(self) -> list[str]:
        return self._modules[0].data_names if self._modules else []

    @property
    def output_names(self) -> list[str]:
        return self._modules[-1].output_names if self._modules else []

    @property
    def data_shapes(self) -> list[DataDesc]:
        self._require("data_shapes", params=False)
        return self._modules[0].data_shapes

    @property
    def label_shapes(self) -> Any:
        self._require("label_shapes", params=False)
        return self._label_shapes

    @property
    def output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        self._require("output_shapes", params=False)
        return self._modules[-1].output_shapes

    # ---- parameters -----------------------------------------------------------------------------

    def get_params(self) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
        """Parameters and auxiliary states of all modules, by name."""
        self._require("get_params")
        arg_params: dict[str, NDArray] = {}
        aux_params: dict[str, NDArray] = {}
        for module in self._modules:
            args, auxs = module.get_params()
            arg_params.update(args)
            aux_params.update(auxs)
        return arg_params, aux_params

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict[str, NDArray] | None = None,
                    aux_params: dict[str, NDArray] | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:
        """Set the parameters of all modules; see `Module.init_params`.

        Given parameters may be of any of the modules. Raises ValueError when two modules have one name in common.
        """
        if self.params_initialized and not force_init:
            return
        self._require("init_params", params=False)
        for module in self._modules:
            # what one module has no use for belongs to another
            module.init_params(initializer=initializer, arg_params=arg_params, aux_params=aux_params,
                               allow_missing=allow_missing, force_init=force_init, allow_extra=True)
        owners: dict[str, int] = {}
        for layer, module in enumerate(self._modules):
            for name in (name for params in module.get_params() for name in params):
                if name in owners:
                    raise _NameError(f"parameter {name!r} is in layer {owners[name]} "
                                     f"({type(self._modules[owners[name]]).__name__}) and in layer {layer} "
                                     f"({type(module).__name__}): names must differ")
                owners[name] = layer
        self.params_initialized = True

    # ---- binding --------------------------------------------------------------------------------

    def bind(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None = None, for_training: bool = True,
             inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
             grad_req: Any = "write") -> None:
        """Bind all modules, each to the output shapes of the one before; arguments as for `Module.bind`."""
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        if inputs_need_grad and not for_training:
            raise ModuleStateError("SequentialModule.bind: inputs_need_grad needs for_training")
        if shared_module is not None:
            raise ModuleStateError("SequentialModule.bind: shared_module is not supported")
        if not self._modules:
            raise ModuleStateError("SequentialModule.bind: add modules first")
        self.binded = True
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        shapes: Sequence[Any] = data_shapes
        anyone_takes = False
        for layer, (meta, module) in enumerate(zip(self._metas, self._modules)):
            takes = bool(meta.get(self.META_TAKE_LABELS))
            anyone_takes |= takes
            if meta.get(self.META_AUTO_WIRING):
                shapes = _renamed(shapes, module.data_names)
            module.bind(shapes, label_shapes if takes else None, for_training=for_training,
                        inputs_need_grad=for_training and (inputs_need_grad or layer > 0), force_rebind=force_rebind,
                        shared_module=None, grad_req=grad_req)
            shapes = module.output_shapes
        self._label_shapes = label_shapes if anyone_takes else None

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd",
                       optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False) -> None:
        """Install an optimizer in every module; arguments as for `Module.init_optimizer`."""
        self._require("init_optimizer")
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring.")
            return
        for module in self._modules:
            module.init_optimizer(kvstore=kvstore, optimizer=optimizer, optimizer_params=optimizer_params,
                                  force_init=force_init)
        self.optimizer_initialized = True

    # ---- running --------------------------------------------------------------------------------

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run all modules forward, one after the other. The batch itself is not changed."""
        self._require("forward")
        batch = copy.copy(data_batch)
        for layer, module in enumerate(self._modules):
            module.forward(batch, is_train=is_train)
            if layer + 1 == len(self._modules):
                return
            batch.data = module.get_outputs()
            if getattr(batch, "provide_data", None):
                names = [name for name, _ in module.output_shapes]
                batch.provide_data = [DataDesc(name, out.shape) for name, out in zip(names, batch.data)]
                if self._metas[layer + 1].get(self.META_AUTO_WIRING):
                    batch.provide_data = _renamed(batch.provide_data, self._modules[layer + 1].data_names)

    def backward(self, out_grads: Any = None) -> None:
        """Run all modules backward, the last one first."""
        self._require("backward")
        for layer in reversed(range(len(self._modules))):
            self._modules[layer].backward(out_grads=out_grads)
            if layer:
                out_grads = self._modules[layer].get_input_grads()

    def update(self) -> None:
        """Update the parameters of all modules."""
        self._require("update", optimizer=True)
        for module in self._modules:
            module.update()

    def state_dict(self) -> dict[str, Any]:
        """Those of all modules."""
        self._require("state_dict", optimizer=True)
        return {"modules": [module.state_dict() for module in self._modules]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self._require("load_state_dict", optimizer=True)
        for module, part in zip(self._modules, state["modules"]):
            module.load_state_dict(part)

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last module."""
        self._require("get_outputs")
        return self._modules[-1].get_outputs(merge_multi_context=merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the first module's data, when bound with `inputs_need_grad`."""
        self._require("get_input_grads")
        if not self.inputs_need_grad:
            raise ModuleStateError("get_input_grads: bind with inputs_need_grad=True first")
        return self._modules[0].get_input_grads(merge_multi_context=merge_multi_context)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Let the modules that take labels update a metric."""
        self._require("update_metric")
        for meta, module in zip(self._metas, self._modules):
            if meta.get(self.META_TAKE_LABELS):
                module.update_metric(eval_metric, labels, pre_sliced)

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor see the executors of all modules."""
        self._require("install_monitor", params=False)
        for module in self._modules:
            module.install_monitor(mon)


def _renamed(shapes: Sequence[Any], names: Sequence[str]) -> list[DataDesc]:
    """Descriptions of the same shapes under other names, in the same order."""
    if len(shapes) != len(names):
        raise _NameError(f"auto_wiring: {len(shapes)} arrays arrive, but the module has {len(names)} data inputs "
                         f"({', '.join(names)})")
    found = [DataDesc.of(item) for item in shapes]
    return [DataDesc(name, desc.shape, desc.dtype, desc.layout) for name, desc in zip(names, found)]
