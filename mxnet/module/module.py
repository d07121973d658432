# SPDX-License-Identifier: Apache-2.0
"""Module: a symbol with its parameters and optimizer, on one or several contexts."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch

from .. import optimizer as opt
from .._files import atomic_write
from .._old_names import lend
from .._user_line import warn_user
from ..base import (
    MXNetAssertionError,
    MXNetAssertionTypeError,
    MXNetError,
    MXNetTypeError,
    MXNetValueError,
    nearest,
)
from ..context import Context, cpu, current_context
from ..initializer import InitDesc, Uniform
from ..io import DataDesc
from ..kvstore.overlap import early_push
from ..metric import EvalMetric
from ..model import _create_kvstore, _initialize_kvstore, _update_params, _update_params_on_kvstore, load_checkpoint
from ..ndarray import NDArray
from ..ndarray.handle import wrap
from ..symbol import Symbol
from . import training_state
from .base_module import BaseModule, ModuleStateError, _check_input_names, _parse_data_desc
from .executor_group import DataParallelExecutorGroup

__all__ = ["Module"]


class Module(BaseModule):
    """Trains and runs one symbol.

    Parameters
    ----------
    symbol : the network; its arguments that are neither data, labels nor states are its parameters
    data_names, label_names : names of the inputs; labels may be absent when predicting
    context : one context or a list of them, over which each batch is divided; default the current one
    work_load_list : relative loads of the contexts
    fixed_param_names : parameters that are not trained
    state_names : arguments that are states, set by `set_states`
    group2ctxs : contexts for the `ctx_group`s of the symbol
    compression_params : gradient compression of the kvstore

    >>> import mxnet as mx
    >>> net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=10, name="fc")
    >>> mod = mx.mod.Module(mx.sym.SoftmaxOutput(net, name="softmax"))
    >>> mod.bind(data_shapes=[("data", (128, 20))], label_shapes=[("softmax_label", (128,))])
    >>> mod.init_params(mx.initializer.Uniform(scale=1.0))
    >>> mod.output_shapes
    [('softmax_output', (128, 10))]
    """

    def __init__(self, symbol: Symbol, data_names: Sequence[str] | None = ("data",),
                 label_names: Sequence[str] | None = ("softmax_label",), logger: Any = logging, context: Any = None,
                 work_load_list: Sequence[float] | None = None, fixed_param_names: Sequence[str] | None = None,
                 state_names: Sequence[str] | None = None, group2ctxs: Any = None,
                 compression_params: dict[str, Any] | None = None) -> None:
        super().__init__(logger=logger)
        context = current_context() if context is None else context
        self._context: list[Context] = [context] if isinstance(context, Context) else list(context)
        self._work_load_list = list(work_load_list) if work_load_list is not None else [1] * len(self._context)
        if len(self._work_load_list) != len(self._context):
            raise MXNetAssertionError(f"work_load_list has {len(self._work_load_list)} entries for "
                                  f"{len(self._context)} contexts")
        self._group2ctxs = group2ctxs
        self._symbol: Symbol = symbol
        self._data_names, self._label_names = list(data_names or []), list(label_names or [])
        self._state_names, self._fixed_param_names = list(state_names or []), list(fixed_param_names or [])
        _check_input_names(symbol, self._data_names, "data_names", True)
        _check_input_names(symbol, self._label_names, "label_names", False)
        _check_input_names(symbol, self._state_names, "state_names", True)
        _check_input_names(symbol, self._fixed_param_names, "fixed_param_names", True)
        inputs = {*self._data_names, *self._label_names, *self._state_names}
        self._param_names = [name for name in symbol.list_arguments() if name not in inputs]
        self._aux_names, self._output_names = symbol.list_auxiliary_states(), symbol.list_outputs()
        self._arg_params: dict[str, NDArray] | None = None
        self._aux_params: dict[str, NDArray] | None = None
        self._params_dirty = False
        self._compression_params = compression_params
        self._optimizer: Any = None
        self._kvstore: Any = None
        self._update_on_kvstore: bool | None = None
        self._updater: Any = None
        self._preload_opt_states: str | None = None
        self._grad_req: Any = None
        self._exec_group: Any = None
        self._update_lists: Any = None
        self._in_fit = False
        self._data_shapes: list[DataDesc] | None = None
        self._label_shapes: list[DataDesc] | None = None

    # ---- checkpoints ----------------------------------------------------------------------------

    @staticmethod
    def load(prefix: str, epoch: int, load_optimizer_states: bool = False, **kwargs: Any) -> Module:
        """A module from a checkpoint; further arguments as for the class.

        Parameters are set when it is bound; optimizer states, if asked for, when the optimizer is initialised.
        """
        symbol, args, auxs = load_checkpoint(prefix, epoch)
        module = Module(symbol=symbol, **kwargs)
        module._arg_params, module._aux_params = args, auxs
        module.params_initialized = True
        if load_optimizer_states:
            module._preload_opt_states = f"{prefix}-{epoch:04d}.states"
        return module

    def save_checkpoint(self, prefix: str, epoch: int, save_optimizer_states: bool = False,
                        remove_amp_cast: bool = True) -> None:
        """Write `{prefix}-symbol.json`, `{prefix}-{epoch:04d}.params` and, if asked for, `.states`; each atomically."""
        self._symbol.save(f"{prefix}-symbol.json", remove_amp_cast=remove_amp_cast)
        name = f"{prefix}-{epoch:04d}.params"
        self.save_params(name)
        logging.info('Saved checkpoint to "%s"', name)
        if save_optimizer_states:
            states = f"{prefix}-{epoch:04d}.states"
            self.save_optimizer_states(states)
            logging.info('Saved optimizer state to "%s"', states)

    # ---- names and shapes -----------------------------------------------------------------------

    @property
    def data_names(self) -> list[str]:
        return self._data_names

    @property
    def label_names(self) -> list[str]:
        """Names of the labels."""
        return self._label_names

    @property
    def output_names(self) -> list[str]:
        return self._output_names

    @property
    def data_shapes(self) -> list[DataDesc]:
        self._require("data_shapes", params=False)
        return self._data_shapes                                          # type: ignore[return-value]

    @property
    def label_shapes(self) -> list[DataDesc] | None:
        self._require("label_shapes", params=False)
        return self._label_shapes

    @property
    def output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        self._require("output_shapes", params=False)
        return self._exec_group.get_output_shapes()

    # ---- parameters -----------------------------------------------------------------------------

    def get_params(self) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
        """Parameters and auxiliary states by name, as they are on the devices now, on the CPU."""
        self._require("get_params")
        if self._params_dirty:
            self._sync_params_from_devices()
        return self._arg_params, self._aux_params                          # type: ignore[return-value]

    def _sync_params_from_devices(self) -> None:
        self._exec_group.get_params(self._arg_params, self._aux_params)
        self._params_dirty = False

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict[str, NDArray] | None = None,
                    aux_params: dict[str, NDArray] | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:
        """Set parameters and auxiliary states from the given ones, else by the initializer.

        Raises RuntimeError for a name that `arg_params` lacks unless `allow_missing`. Names that the symbol does not
        have are passed over, as in MXNet: programs give the parameters of a whole network to a part of it. Does
        nothing when they are set already, unless `force_init`.
        """
        if self.params_initialized and not force_init:
            warn_user("Parameters already initialized and force_init=False. init_params call ignored.")
            return
        self._require("init_params", params=False)
        if not (initializer is None or callable(initializer)):
            raise MXNetTypeError(f"initializer is one of mx.init, such as mx.init.Xavier(), not {initializer!r}")
        self._ensure_params()
        attrs = self._symbol.attr_dict()
        for own, given in ((self._arg_params, arg_params), (self._aux_params, aux_params)):
            for name, array in sorted(own.items()):                       # type: ignore[union-attr]
                self._init_one(InitDesc(name, attrs.get(name)), array, given, initializer, allow_missing)
        self.params_initialized = True
        self._params_dirty = False
        self._exec_group.set_params(self._arg_params, self._aux_params, allow_extra=allow_extra)

    def _ensure_params(self) -> None:
        group = self._exec_group

        def like(array: NDArray) -> NDArray:
            return wrap(torch.zeros(array.shape, dtype=array._tensor.dtype), cpu())
        if self._arg_params is None:
            names = [name for name in group.arg_names if name in set(self._param_names)]
            self._arg_params = {name: like(arrays[0]) for name, arrays in zip(names, group.param_arrays)}
        if self._aux_params is None:
            self._aux_params = {name: like(arrays[0]) for name, arrays in zip(self._aux_names, group.aux_arrays)}

    def _init_one(self, desc: InitDesc, array: NDArray, given: dict[str, NDArray] | None, initializer: Any,
                  allow_missing: bool) -> None:
        if given is not None:
            value = given.get(str(desc))
            if value is not None:
                if value is not array:
                    if value.shape != array.shape:
                        raise MXNetValueError(f"parameter {str(desc)!r} is {value.shape} as given, but the symbol "
                                              f"needs {array.shape}")
                    value.copyto(array)
                return
            if not allow_missing:
                raise MXNetError(f"{desc} is not presented: neither in the parameters given, nor is allow_missing set."
                                 f"{nearest(str(desc), given)}")
        if initializer is not None:
            initializer(desc, array)

    def set_params(self, arg_params: Any, aux_params: Any, allow_missing: bool = False, force_init: bool = True,
                   allow_extra: bool = False) -> None:
        """Assign parameters and auxiliary states; see `init_params`.

        With `allow_missing`, a name that the symbol does not have raises ValueError unless `allow_extra`.
        """
        if not allow_missing:
            self.init_params(initializer=None, arg_params=arg_params, aux_params=aux_params,
                             allow_missing=allow_missing, force_init=force_init, allow_extra=allow_extra)
            return
        if self.params_initialized and not force_init:
            warn_user("Parameters already initialized and force_init=False. set_params call ignored.")
            return
        self._exec_group.set_params(arg_params, aux_params, allow_extra=allow_extra)
        self._params_dirty = True
        self.params_initialized = True

    # ---- binding --------------------------------------------------------------------------------

    def bind(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None = None, for_training: bool = True,
             inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Module | None = None,
             grad_req: Any = "write") -> None:
        """Make executors.

        Parameters
        ----------
        data_shapes, label_shapes : lists of DataDesc or (name, shape), as iterators provide them
        for_training : whether backward will be called
        inputs_need_grad : whether the data's gradients are wanted
        force_rebind : bind again when bound already
        shared_module : a module whose parameters (arrays) to share
        grad_req : `"write"`, `"add"` or `"null"`, for all parameters, or a list or dict
        """
        if force_rebind:
            self._reset_bind()
        if self.binded:
            self.logger.warning("Already bound, ignoring bind()")
            return
        if inputs_need_grad and not for_training:
            raise MXNetAssertionError("inputs_need_grad needs for_training")
        self.for_training, self.inputs_need_grad, self._grad_req = for_training, inputs_need_grad, grad_req
        self._data_shapes, self._label_shapes = _parse_data_desc(self._data_names, self._label_names, data_shapes,
                                                                 label_shapes)
        shared_group = None
        if shared_module is not None:
            if not (shared_module.binded and shared_module.params_initialized):
                raise ModuleStateError("bind: shared_module must be bound, with its parameters initialised")
            shared_group = shared_module._exec_group
        self._exec_group = DataParallelExecutorGroup(
            self._symbol, self._context, self._work_load_list, self._data_shapes, self._label_shapes,
            self._param_names, for_training, inputs_need_grad, shared_group, logger=self.logger,
            fixed_param_names=self._fixed_param_names, grad_req=grad_req, state_names=self._state_names,
            group2ctxs=self._group2ctxs)
        self.binded = True
        if shared_module is not None:
            self.params_initialized = True
            self._arg_params, self._aux_params = shared_module._arg_params, shared_module._aux_params
            if shared_module.optimizer_initialized:
                self.borrow_optimizer(shared_module)
        elif self.params_initialized:
            self._exec_group.set_params(self._arg_params, self._aux_params)
            self._ensure_params()

    def _reset_bind(self) -> None:
        self.binded, self._exec_group = False, None
        self._data_shapes = self._label_shapes = None

    def reshape(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None = None) -> None:
        """Bind to other input shapes, keeping parameters and optimizer."""
        self._require("reshape", params=False)
        self._data_shapes, self._label_shapes = _parse_data_desc(self._data_names, self._label_names, data_shapes,
                                                                 label_shapes)
        self._exec_group.reshape(self._data_shapes, self._label_shapes)

    # ---- optimizer ------------------------------------------------------------------------------

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd",
                       optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False) -> None:
        """Install an optimizer.

        Parameters
        ----------
        kvstore : a store, its name, or None
        optimizer : a name or an `mx.optimizer.Optimizer`
        optimizer_params : its parameters, as a dict or pairs. `rescale_grad` defaults to 1 / batch size
        force_init : install again when there is one already
        """
        self._require("init_optimizer")
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring...")
            return
        if self._params_dirty:
            self._sync_params_from_devices()
        store, on_store = _create_kvstore(kvstore, len(self._context), self._arg_params or {})
        batch_size = self._exec_group.batch_size or 1
        if store is not None and "dist" in store.type and "_sync" in store.type:
            batch_size *= store.num_workers
        rescale = 1.0 / batch_size
        idx2name = self._idx2name(on_store)
        if isinstance(optimizer, str):
            params = dict(optimizer_params)
            params.setdefault("rescale_grad", rescale)
            optimizer = opt.create(optimizer, sym=self._symbol, param_idx2name=idx2name, **params)
        else:
            if not isinstance(optimizer, opt.Optimizer):
                raise MXNetAssertionTypeError(f"optimizer is a name or an Optimizer, not {type(optimizer).__name__}")
            if optimizer.rescale_grad != rescale:
                warn_user("Optimizer created manually outside Module but rescale_grad is not normalized to "
                          f"1.0/batch_size/num_workers ({optimizer.rescale_grad} vs. {rescale}). Is this intended?")
            if not optimizer.idx2name:
                optimizer.idx2name = idx2name.copy()
        self._optimizer, self._kvstore, self._update_on_kvstore = optimizer, store, on_store
        self._updater = None
        if store is not None:
            if self._compression_params:
                store.set_gradient_compression(self._compression_params)
            if on_store:
                store.set_optimizer(self._optimizer)
            names = [name for name in self._exec_group.arg_names if name in set(self._param_names)]
            _initialize_kvstore(store, self._exec_group.param_arrays, self._arg_params or {}, names, on_store)
        if not on_store:
            self._updater = opt.get_updater(optimizer)
        self.optimizer_initialized = True
        if self._preload_opt_states is not None:
            self.load_optimizer_states(self._preload_opt_states)
            self._preload_opt_states = None

    def _idx2name(self, on_store: bool) -> dict[int, str]:
        names = self._exec_group.param_names
        if on_store:
            return dict(enumerate(names))
        count = len(self._context)
        return {index * count + device: name for device in range(count) for index, name in enumerate(names)}

    def borrow_optimizer(self, shared_module: Module) -> None:
        """Use another module's optimizer, store and states."""
        if not shared_module.optimizer_initialized:
            raise ModuleStateError("borrow_optimizer: the other module has no optimizer yet")
        self._optimizer, self._kvstore = shared_module._optimizer, shared_module._kvstore
        self._update_on_kvstore, self._updater = shared_module._update_on_kvstore, shared_module._updater
        self.optimizer_initialized = True

    def save_optimizer_states(self, fname: str) -> None:
        """Write the optimizer's states to a file, atomically."""
        self._require("save_optimizer_states", optimizer=True)
        if self._update_on_kvstore:
            self._kvstore.save_optimizer_states(fname)
            return
        with atomic_write(fname) as file:
            file.write(self._updater.get_states())

    def load_optimizer_states(self, fname: str) -> None:
        """Read the optimizer's states from a file."""
        self._require("load_optimizer_states", optimizer=True)
        if self._update_on_kvstore:
            self._kvstore.load_optimizer_states(fname)
            return
        with open(fname, "rb") as file:
            self._updater.set_states(file.read())

    def state_dict(self) -> dict[str, Any]:
        """Parameters, states, gradients that add up, and the optimizer with all that it keeps."""
        self._require("state_dict", optimizer=True)
        return {"arrays": training_state.group_state(self._exec_group), "update": training_state.update_state(self)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave. Raises MXNetError for another network or optimizer."""
        self._require("load_state_dict", optimizer=True)
        training_state.load_group_state(self._exec_group, state["arrays"])
        training_state.load_update_state(self, state["update"])
        self._params_dirty = True

    # ---- running --------------------------------------------------------------------------------

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run forward on a batch (or a list of batches, one for each context).

        A batch of another shape than bound makes the module bind to that shape.
        """
        self._require("forward")
        if isinstance(data_batch, list):
            data_batch = _joined(data_batch)
        self._fit_shapes(data_batch)
        self._exec_group.forward(data_batch, is_train)

    def _fit_shapes(self, batch: Any) -> None:
        now = [tuple(array.shape) for array in batch.data]
        if len(now) != len(self._data_shapes):                            # type: ignore[arg-type]
            raise MXNetValueError(f"a batch has {len(now)} data arrays, the module {len(self._data_shapes)} data "  # type: ignore
                                  f"inputs ({', '.join(self._data_names)})")
        if now == [tuple(desc.shape) for desc in self._data_shapes]:      # type: ignore[union-attr]
            return
        data = getattr(batch, "provide_data", None) or \
            [DataDesc(desc.name, shape, desc.dtype, desc.layout)
             for desc, shape in zip(self._data_shapes, now)]              # type: ignore[arg-type]
        labels, arrays = getattr(batch, "provide_label", None), getattr(batch, "label", None)
        if not labels and arrays and self._label_shapes:
            labels = [DataDesc(desc.name, array.shape, desc.dtype, desc.layout)
                      for desc, array in zip(self._label_shapes, arrays)]
        elif not labels and self._label_shapes:
            labels = [self._relabelled(desc, data[0]) for desc in self._label_shapes]
        self.reshape(data, labels or None)

    def _relabelled(self, desc: DataDesc, data: DataDesc) -> DataDesc:
        """A label's shape for another batch size, for a batch that comes without labels."""
        axis = max(DataDesc.get_batch_axis(desc.layout), 0)
        shape = list(desc.shape)
        shape[axis] = data.shape[max(DataDesc.get_batch_axis(data.layout), 0)]
        return DataDesc(desc.name, tuple(shape), desc.dtype, desc.layout)

    def backward(self, out_grads: Any = None) -> None:
        """Run backward; `out_grads` are head gradients for outputs that are no losses."""
        self._require("backward")
        if self._in_fit and self._kvstore is not None:
            with early_push(self._kvstore, self._exec_group):
                self._exec_group.backward(out_grads=out_grads)
            return
        self._exec_group.backward(out_grads=out_grads)

    def _fit_epoch(self, *args: Any, **kwargs: Any) -> EvalMetric:
        """An epoch of `fit`, which leaves gradients alone between backward and update."""
        self._in_fit = True
        try:
            return super()._fit_epoch(*args, **kwargs)
        finally:
            self._in_fit = False

    def update(self) -> None:
        """Update the parameters with the optimizer and the gradients of the last backward."""
        self._require("update", optimizer=True)
        self._params_dirty = True
        group = self._exec_group
        if self._kvstore is None and len(self._context) == 1:
            self._update_at_once(group)
        elif self._update_on_kvstore:
            _update_params_on_kvstore(group.param_arrays, group.grad_arrays, self._kvstore, group.param_names)
        else:
            _update_params(group.param_arrays, group.grad_arrays, updater=self._updater,
                           num_device=len(self._context), kvstore=self._kvstore, param_names=group.param_names)

    def _update_at_once(self, group: DataParallelExecutorGroup) -> None:
        """All weights of one context in one call; the lists for it are kept while the arrays stay."""
        if self._update_lists is None or self._update_lists[0] is not group.param_arrays:
            rows = [(index, grads[0], weights[0]) for index, (weights, grads)
                    in enumerate(zip(group.param_arrays, group.grad_arrays or [])) if grads[0] is not None]
            self._update_lists = (group.param_arrays, *(list(part) for part in zip(*rows))) if rows else \
                (group.param_arrays, [], [], [])
        _, indices, grads, weights = self._update_lists
        self._updater(indices, grads, weights)

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last forward, joined over contexts, or as lists."""
        self._require("get_outputs")
        return self._exec_group.get_outputs(merge_multi_context=merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data, when bound with `inputs_need_grad`."""
        self._require("get_input_grads")
        if not self.inputs_need_grad:
            raise ModuleStateError("get_input_grads: bind with inputs_need_grad=True first")
        return self._exec_group.get_input_grads(merge_multi_context=merge_multi_context)

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """State arrays of all contexts."""
        self._require("get_states")
        return self._exec_group.get_states(merge_multi_context=merge_multi_context)

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Set states from arrays, or to one value."""
        self._require("set_states")
        self._exec_group.set_states(states, value)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give labels and the last outputs to a metric."""
        self._exec_group.update_metric(eval_metric, labels, pre_sliced)

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor see all executors."""
        self._require("install_monitor", params=False)
        self._exec_group.install_monitor(mon)


def _joined(batches: Sequence[Any]) -> Any:
    """A list of batches, one for each context, as one batch of lists joined on the first axis."""
    from ..io import DataBatch
    from ..ndarray import concatenate
    data = [concatenate([b.data[i].as_in_context(cpu()) for b in batches]) for i in range(len(batches[0].data))]
    label = None
    if batches[0].label:
        label = [concatenate([b.label[i].as_in_context(cpu()) for b in batches])
                 for i in range(len(batches[0].label))]
    return DataBatch(data, label, pad=sum(b.pad or 0 for b in batches))


lend(__name__)
