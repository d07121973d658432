# SPDX-License-Identifier: Apache-2.0
"""BucketingModule: one Module for each bucket (say, sequence length), all on the same parameter arrays.

The default bucket is bound first and owns the arrays; every other bucket is bound when its first batch arrives, with
`shared_module` the default one, so a parameter (its gradient, its optimizer state) exists once however many buckets
there are. Parameters are copied from the devices once, too: all modules hold the same dict of them.
"""
from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ndarray
from .._old_names import lend
from .._user_line import warn_user
from ..base import MXNetError, MXNetTypeError
from ..context import cpu
from ..initializer import Uniform
from ..io import DataDesc
from ..model import load_params as _load_params
from ..name import NameManager
from ..ndarray import NDArray
from ..symbol import Symbol
from ..symbol import load as _load_symbol
from .base_module import BaseModule, ModuleStateError, _check_input_names
from .module import Module

__all__ = ["BucketingModule"]

SymGen = Callable[[Any], tuple[Symbol, Sequence[str], Sequence[str]]]


def _generated(sym_gen: Callable[[Any], Any], key: Hashable) -> tuple[Symbol, Any, Any]:
    """What `sym_gen` makes for a bucket: its symbol, data names and label names.

    Names that it leaves open are counted from 0 for each bucket, so that layers without names share parameters, too.
    """
    with NameManager():
        made = sym_gen(key)
    if not (isinstance(made, (list, tuple)) and len(made) == 3):
        raise MXNetTypeError(f"sym_gen returns (symbol, data_names, label_names), for bucket {key!r} it gave {made!r}")
    return made[0], made[1], made[2]


class BucketingModule(BaseModule):
    """Trains networks that differ from batch to batch, and share parameters.

    Parameters
    ----------
    sym_gen : function of a bucket's key that returns (symbol, data names, label names)
    default_bucket_key : the bucket whose symbol has all parameters, bound by `bind`; for sequences, the longest
    logger, context, work_load_list, fixed_param_names, state_names, group2ctxs, compression_params : as for Module

    A batch says its bucket by `bucket_key`, its shapes by `provide_data` and `provide_label`.

    >>> import mxnet as mx
    >>> def sym_gen(length):
    ...     x = mx.sym.mean(mx.sym.Embedding(mx.sym.Variable("data"), input_dim=9, output_dim=4, name="emb"), axis=1)
    ...     return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=3, name="fc"), name="softmax"), \\
    ...         ("data",), ("softmax_label",)
    >>> mod = mx.mod.BucketingModule(sym_gen, default_bucket_key=10)
    >>> mod.bind([("data", (2, 10))], [("softmax_label", (2,))])
    >>> mod.init_params()
    >>> mod.switch_bucket(5, [("data", (2, 5))], [("softmax_label", (2,))])
    >>> mod.data_shapes[0].shape
    (2, 5)
    """

    def __init__(self, sym_gen: SymGen, default_bucket_key: Hashable | None = None, logger: Any = logging,
                 context: Any = None, work_load_list: Sequence[float] | None = None,
                 fixed_param_names: Sequence[str] | None = None, state_names: Sequence[str] | None = None,
                 group2ctxs: Any = None, compression_params: dict[str, Any] | None = None) -> None:
        super().__init__(logger=logger)
        if default_bucket_key is None:
            raise ModuleStateError("BucketingModule: default_bucket_key is required")
        self._default_bucket_key, self._sym_gen = default_bucket_key, sym_gen
        self._fixed_param_names, self._state_names = list(fixed_param_names or []), list(state_names or [])
        self._module_args = dict(logger=logger, context=context, work_load_list=work_load_list,
                                 fixed_param_names=self._fixed_param_names, state_names=self._state_names,
                                 group2ctxs=group2ctxs, compression_params=compression_params)
        symbol, data_names, label_names = _generated(sym_gen, default_bucket_key)
        for names, kind, throw in ((data_names, "data_names", True), (label_names, "label_names", False),
                                   (self._state_names, "state_names", True),
                                   (self._fixed_param_names, "fixed_param_names", True)):
            _check_input_names(symbol, list(names or []), kind, throw)
        self._default_names = (list(data_names or []), symbol.list_outputs())
        self._buckets: dict[Hashable, Module] = {}
        self._curr_module: Module | None = None
        self._curr_bucket_key: Hashable | None = None
        self._params_dirty = False
        self._monitor: Any = None
        self._grad_req: Any = None

    @property
    def _module(self) -> Module:
        """The current bucket's module."""
        if self._curr_module is None:
            raise ModuleStateError("BucketingModule: call bind first")
        return self._curr_module

    # ---- names and shapes -----------------------------------------------------------------------

    @property
    def default_bucket_key(self) -> Hashable:
        """Key of the bucket that owns the parameters."""
        return self._default_bucket_key

    @property
    def data_names(self) -> list[str]:
        return self._curr_module.data_names if self._curr_module is not None else self._default_names[0]

    @property
    def output_names(self) -> list[str]:
        return self._curr_module.output_names if self._curr_module is not None else self._default_names[1]

    @property
    def data_shapes(self) -> list[DataDesc]:
        return self._module.data_shapes

    @property
    def label_shapes(self) -> list[DataDesc] | None:
        return self._module.label_shapes

    @property
    def output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        return self._module.output_shapes

    @property
    def symbol(self) -> Symbol:
        """The current bucket's symbol."""
        return self._module._symbol

    # ---- parameters -----------------------------------------------------------------------------

    def get_params(self) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
        """Parameters and auxiliary states by name, as they are on the devices now, on the CPU."""
        self._require("get_params")
        self._module._params_dirty = self._params_dirty
        params = self._module.get_params()
        self._params_dirty = False
        return params

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict[str, NDArray] | None = None,
                    aux_params: dict[str, NDArray] | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:
        """Set parameters and auxiliary states from the given ones, else by the initializer; see `Module`."""
        if self.params_initialized and not force_init:
            return
        self._require("init_params", params=False)
        self._module.init_params(initializer=initializer, arg_params=arg_params, aux_params=aux_params,
                                 allow_missing=allow_missing, force_init=force_init, allow_extra=allow_extra)
        self._params_dirty, self.params_initialized = False, True

    def set_params(self, arg_params: Any, aux_params: Any, allow_missing: bool = False, force_init: bool = True,
                   allow_extra: bool = False) -> None:
        """Assign parameters and auxiliary states; see `init_params`."""
        if not allow_missing:
            self.init_params(initializer=None, arg_params=arg_params, aux_params=aux_params,
                             allow_missing=allow_missing, force_init=force_init, allow_extra=allow_extra)
            return
        if self.params_initialized and not force_init:
            warn_user("Parameters already initialized and force_init=False. set_params call ignored.")
            return
        self._module.set_params(arg_params, aux_params, allow_missing=allow_missing, force_init=force_init,
                                allow_extra=allow_extra)
        # The devices are ahead of the copies on the CPU now.
        self._params_dirty = self.params_initialized = True

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """State arrays of the current bucket."""
        self._require("get_states")
        return self._module.get_states(merge_multi_context=merge_multi_context)

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Set the current bucket's states from arrays, or to one value."""
        self._require("set_states")
        self._module.set_states(states, value)

    # ---- binding --------------------------------------------------------------------------------

    def bind(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None = None, for_training: bool = True,
             inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
             grad_req: Any = "write") -> None:
        """Make the default bucket's executors; arguments as for `Module.bind`, without `shared_module`."""
        if shared_module is not None:
            raise ModuleStateError("BucketingModule.bind: shared_module is not supported")
        if force_rebind:
            self._reset_bind()
        if self.binded:
            self.logger.warning("Already bound, ignoring bind()")
            return
        self.for_training, self.inputs_need_grad, self._grad_req = for_training, inputs_need_grad, grad_req
        module = self._bucket(self._default_bucket_key)
        module.bind(data_shapes, label_shapes, for_training, inputs_need_grad, force_rebind=False, grad_req=grad_req)
        self._curr_module, self._curr_bucket_key = module, self._default_bucket_key
        self.binded = True
        if self._monitor is not None:
            module.install_monitor(self._monitor)

    def _bucket(self, key: Hashable) -> Module:
        """The module of a bucket, made if there is none; bound or not."""
        if key not in self._buckets:
            symbol, data_names, label_names = _generated(self._sym_gen, key)
            self._buckets[key] = Module(symbol, data_names, label_names, **self._module_args)
        return self._buckets[key]

    def _reset_bind(self) -> None:
        """Forget all executors; parameters stay with a new default module."""
        if self.binded and self.params_initialized:
            arg_params, aux_params = self.get_params()
            self._buckets = {}
            self._take(self._bucket(self._default_bucket_key), arg_params, aux_params)
        else:
            self._buckets = {key: module for key, module in self._buckets.items() if not module.binded}
        self.binded, self._curr_module, self._curr_bucket_key = False, None, None

    @staticmethod
    def _take(module: Module, arg_params: Any, aux_params: Any) -> None:
        """Let a module that is not bound yet have these parameters when it is."""
        module._arg_params, module._aux_params, module.params_initialized = arg_params, aux_params, True

    def switch_bucket(self, bucket_key: Hashable, data_shapes: Sequence[Any],
                      label_shapes: Sequence[Any] | None = None) -> None:
        """Make a bucket the current one, binding it to these shapes when it is new."""
        if not self.binded:
            raise ModuleStateError("BucketingModule.switch_bucket: call bind first")
        module = self._bucket(bucket_key)
        if not module.binded:
            module.bind(data_shapes, label_shapes, self.for_training, self.inputs_need_grad, force_rebind=False,
                        shared_module=self._buckets[self._default_bucket_key], grad_req=self._grad_req)
            if self._monitor is not None:
                module.install_monitor(self._monitor)
        if self.optimizer_initialized and not module.optimizer_initialized:
            module.borrow_optimizer(self._module)
        self._curr_module, self._curr_bucket_key = module, bucket_key

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd",
                       optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False) -> None:
        """Install an optimizer, shared by all buckets; arguments as for `Module.init_optimizer`."""
        self._require("init_optimizer")
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring.")
            return
        current = self._module
        current._params_dirty = self._params_dirty
        current.init_optimizer(kvstore, optimizer, optimizer_params, force_init=force_init)
        for module in self._buckets.values():
            if module is not current and module.binded:
                module.borrow_optimizer(current)
        self.optimizer_initialized = True

    def prepare(self, data_batch: Any, sparse_row_id_fn: Any = None) -> None:
        """Bind the bucket of a coming batch, if it is new; the current bucket stays."""
        self._require("prepare")
        module, key = self._curr_module, self._curr_bucket_key
        self._switch_to(data_batch)
        self._module.prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)
        self._curr_module, self._curr_bucket_key = module, key

    def _switch_to(self, batch: Any) -> None:
        self.switch_bucket(batch.bucket_key, batch.provide_data, batch.provide_label)

    # ---- running --------------------------------------------------------------------------------

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Switch to the batch's bucket, and run forward on it."""
        self._require("forward")
        self._switch_to(data_batch)
        self._module.forward(data_batch, is_train=is_train)

    def backward(self, out_grads: Any = None) -> None:
        """Run backward in the current bucket."""
        self._require("backward")
        self._module.backward(out_grads=out_grads)

    def update(self) -> None:
        """Update the parameters of all buckets with the gradients of the current one."""
        self._require("update", optimizer=True)
        self._params_dirty = True
        self._module.update()

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the current bucket's last forward."""
        self._require("get_outputs")
        return self._module.get_outputs(merge_multi_context=merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the current bucket's data, when bound with `inputs_need_grad`."""
        self._require("get_input_grads")
        return self._module.get_input_grads(merge_multi_context=merge_multi_context)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give labels and the current bucket's outputs to a metric."""
        self._require("update_metric")
        self._module.update_metric(eval_metric, labels, pre_sliced)

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor see the executors of all buckets, those still to come included."""
        self._require("install_monitor", params=False)
        self._monitor = mon
        for module in self._buckets.values():
            if module.binded:
                module.install_monitor(mon)

    # ---- checkpoints ----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """That of the default bucket's module, whose parameters and optimizer all buckets share."""
        self._require("state_dict", optimizer=True)
        return self._buckets[self._default_bucket_key].state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self._require("load_state_dict", optimizer=True)
        self._buckets[self._default_bucket_key].load_state_dict(state)
        self._params_dirty = True

    def save_checkpoint(self, prefix: str, epoch: int, remove_amp_cast: bool = False) -> None:
        """Write `{prefix}-{epoch:04d}.params`, `{prefix}-{key}-symbol.json` for each bucket, and `{prefix}.buckets`.

        Keys of buckets must be integers, since the last file holds them in an int32 array; TypeError otherwise.
        """
        if not self._buckets:
            raise ModuleStateError("BucketingModule.save_checkpoint: there is no bucket yet; call bind first")
        keys = list(self._buckets)
        if not all(isinstance(key, (int, np.integer)) for key in keys):
            raise MXNetTypeError(f"save_checkpoint: bucket keys must be integers to be saved, not {keys}")
        self.save_params(f"{prefix}-{epoch:04d}.params")
        for key, module in self._buckets.items():
            module._symbol.save(f"{prefix}-{key}-symbol.json", remove_amp_cast=remove_amp_cast)
        ndarray.save(f"{prefix}.buckets", ndarray.array(keys, ctx=cpu(), dtype="int32"))

    @staticmethod
    def load(prefix: str, epoch: int, sym_gen: SymGen | None = None, default_bucket_key: Hashable | None = None,
             **kwargs: Any) -> BucketingModule:
        """A module from what `save_checkpoint` wrote; further arguments as for the class.

        Buckets that were saved use their saved symbols, others `sym_gen`. Parameters are set when it is bound.
        """
        if sym_gen is None or default_bucket_key is None:
            missing = "sym_gen" if sym_gen is None else "default_bucket_key"
            raise ModuleStateError(f"BucketingModule.load: {missing} is required")
        saved = ndarray.load(f"{prefix}.buckets")
        if not isinstance(saved, list) or len(saved) != 1:
            raise MXNetError(f"{prefix}.buckets: holds no array of bucket keys")
        symbols = {int(key): _load_symbol(f"{prefix}-{int(key)}-symbol.json") for key in saved[0].asnumpy().ravel()}
        return BucketingModule.load_dict(symbols, sym_gen, default_bucket_key, *_load_params(prefix, epoch), **kwargs)

    @staticmethod
    def load_dict(sym_dict: Mapping[Any, Symbol] | None = None, sym_gen: SymGen | None = None,
                  default_bucket_key: Hashable | None = None, arg_params: dict[str, NDArray] | None = None,
                  aux_params: dict[str, NDArray] | None = None, **kwargs: Any) -> BucketingModule:
        """As `load`, from symbols by bucket key and parameters by name."""
        for name, value in (("sym_dict", sym_dict), ("sym_gen", sym_gen), ("default_bucket_key", default_bucket_key),
                            ("arg_params", arg_params), ("aux_params", aux_params)):
            if value is None:
                raise ModuleStateError(f"BucketingModule.load_dict: {name} is required")
        made = BucketingModule(sym_gen, default_bucket_key, **kwargs)     # type: ignore[arg-type]
        for key, symbol in sym_dict.items():                              # type: ignore[union-attr]
            _, data_names, label_names = _generated(made._sym_gen, key)
            made._buckets[key] = Module(symbol, data_names, label_names, **made._module_args)
        made._take(made._bucket(default_bucket_key), arg_params, aux_params)
        made.params_initialized = True
        return made


lend(__name__)
