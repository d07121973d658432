# SPDX-License-Identifier: Apache-2.0
"""A Module that trains by stochastic variance reduced gradients (Johnson and Zhang, 2013).

Every `update_freq` epochs a second module takes over the weights, and the mean of its gradients over all batches is
kept. Each batch's gradient is then corrected by how the second module's gradient for that batch is off that mean:
`g(w) - g(kept w) + mean`.
"""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch

from ...base import MXNetTypeError, MXNetValueError
from ...context import cpu
from ...metric import EvalMetric
from ...model import _create_kvstore
from ...module import Module
from ...module.training_state import group_state, load_group_state
from ...ndarray import NDArray
from ...ndarray.handle import wrap
from ...optimizer import create
from .svrg_optimizer import _SVRGOptimizer

__all__ = ["SVRGModule"]


class SVRGModule(Module):
    """Module, with gradients of reduced variance.

    Parameters
    ----------
    update_freq : a positive whole number: how many epochs to go with one mean of gradients
    symbol, data_names, and so on : those of `Module`

    Raises ValueError for an `update_freq` below 1, TypeError for what is no whole number. As in MXNet, a mean counts
    the one before it as another sum over the data: from the second time on it is off by that, over the batches' number.

    >>> import mxnet as mx
    >>> from mxnet.contrib.svrg_optimization.svrg_module import SVRGModule
    >>> x, label = mx.sym.Variable("data"), mx.sym.Variable("lin_reg_label")
    >>> net = mx.sym.LinearRegressionOutput(mx.sym.FullyConnected(x, num_hidden=1), label)
    >>> module = SVRGModule(net, label_names=["lin_reg_label"], update_freq=2)
    >>> data = mx.io.NDArrayIter(mx.nd.ones((8, 2)), mx.nd.ones(8), batch_size=4, label_name="lin_reg_label")
    >>> module.fit(data, eval_metric="mse", optimizer_params=(("learning_rate", 0.1),), num_epoch=4)
    """

    def __init__(self, symbol: Any, data_names: Sequence[str] | None = ("data",),
                 label_names: Sequence[str] | None = ("softmax_label",), logger: Any = logging, context: Any = None,
                 work_load_list: Any = None, fixed_param_names: Any = None, state_names: Any = None,
                 group2ctxs: Any = None, compression_params: Any = None, update_freq: int | None = None) -> None:
        given = (symbol, data_names, label_names, logger, context, work_load_list, fixed_param_names, state_names,
                 group2ctxs, compression_params)
        super().__init__(*given)
        if not isinstance(update_freq, int):
            raise MXNetTypeError(f"update_freq is a whole number of epochs, not {update_freq!r}")
        if update_freq <= 0:
            raise MXNetValueError(f"update_freq is at least 1, not {update_freq}")
        self.update_freq = update_freq
        self._mod_aux = Module(*given)
        self._ctx_len = len(self._context)
        self._param_dict: list[dict[str, NDArray]] = []       # for each device, mean gradients by name

    # ---- both modules ---------------------------------------------------------------------------

    def _reset_bind(self) -> None:
        super()._reset_bind()
        self._mod_aux._reset_bind()

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True,
             inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
             grad_req: Any = "write") -> None:
        """Bind, and for training the second module too."""
        given = (data_shapes, label_shapes, for_training, inputs_need_grad, force_rebind, shared_module, grad_req)
        super().bind(*given)
        if for_training:
            self._mod_aux.bind(*given)

    def reshape(self, data_shapes: Any, label_shapes: Any = None) -> None:
        """Bind both to other shapes, with the same parameters."""
        super().reshape(data_shapes, label_shapes=label_shapes)
        if self._mod_aux.binded:
            self._mod_aux.reshape(data_shapes, label_shapes=label_shapes)

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run forward; with `is_train` of the second module too."""
        super().forward(data_batch, is_train)
        if is_train:
            self._mod_aux.forward(data_batch, is_train)

    def backward(self, out_grads: Any = None) -> None:
        """Run backward of both."""
        super().backward(out_grads)
        if self._mod_aux.binded:
            self._mod_aux.backward(out_grads)

    def prepare(self, data_batch: Any, sparse_row_id_fn: Any = None) -> None:
        """Get ready for a batch."""
        super().prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)
        self._mod_aux.prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)

    def state_dict(self) -> dict[str, Any]:
        """As of a Module, with the weights that were taken over and the mean gradients at them."""
        return {**super().state_dict(), "kept": group_state(self._mod_aux._exec_group), "means": self._param_dict}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave. Raises MXNetError for another network or optimizer."""
        super().load_state_dict(state)
        self._mod_aux.params_initialized = True
        load_group_state(self._mod_aux._exec_group, state["kept"])
        for sums, saved in zip(self._param_dict, state["means"]):
            for name, value in saved.items():
                sums[name]._tensor.copy_(value._tensor)

    # ---- training -------------------------------------------------------------------------------

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd",
                       optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False) -> None:
        """Install an optimizer; see `Module.init_optimizer`. Mean gradients begin at 0."""
        arg_params = self.get_params()[0]
        self._param_dict = [{name: wrap(torch.zeros_like(value._tensor, device=context.device), context)
                             for name, value in arg_params.items()} for context in self._context]
        made = self._create_optimizer(_SVRGOptimizer.__name__, optimizer, kvstore, optimizer_params)
        super().init_optimizer(kvstore=kvstore, optimizer=made, optimizer_params=optimizer_params,
                               force_init=force_init)
        if self._kvstore is not None:
            for name in self._exec_group.param_names:
                self._kvstore.init(f"{name}_full", wrap(torch.zeros_like(arg_params[name]._tensor), cpu()))

    def _create_optimizer(self, optimizer: str, default_opt: Any, kvstore: Any, optimizer_params: Any) -> Any:
        """The optimizer for weights and, under their names with `_full`, for sums of gradients."""
        store, on_store = _create_kvstore(kvstore, self._ctx_len, self._arg_params or {})
        batch_size = self._exec_group.batch_size or 1
        if store is not None and "dist" in store.type and "_sync" in store.type:
            batch_size *= store.num_workers
        names = self._idx2name(on_store)
        begin = max(names, default=-1) + 1
        names.update(enumerate((f"{name}_full" for name in self._param_dict[0]), begin))
        return create(optimizer, **{"rescale_grad": 1.0 / batch_size, **dict(optimizer_params),
                                    "default_optimizer": default_opt, "param_idx2name": names})

    def _fit_epoch(self, *args: Any, **kwargs: Any) -> EvalMetric:
        train_data, _, epoch = args
        if epoch % self.update_freq == 0 and not kwargs.get("done"):
            self.update_full_grads(train_data)
            train_data.reset()
        return super()._fit_epoch(*args, **kwargs)

    def update_full_grads(self, train_data: Any) -> None:
        """Let the second module take over the weights, and compute the mean of its gradients over all batches."""
        self._mod_aux.set_params(*self.get_params())
        train_data.reset()
        names, group = self._exec_group.param_names, self._mod_aux._exec_group
        batches, padding = 0, 0
        for batch in train_data:
            self._mod_aux.forward(batch, is_train=True)
            self._mod_aux.backward()
            batches += 1
            padding = batch.pad or 0
            for index, name in enumerate(names):
                for sums, grad in zip(self._param_dict, group.grad_arrays[index]):
                    if grad is not None:
                        sums[name]._tensor.add_(grad._tensor)
        whole = batches - padding / train_data.batch_size
        for name in names:
            means = [sums[name] for sums in self._param_dict]
            for mean in means:
                mean._tensor.div_(whole)
            if self._kvstore is not None:
                self._accumulate_kvstore(name, means)

    def _accumulate_kvstore(self, key: str, value: list[NDArray]) -> None:
        """The mean over devices and workers in place of each device's."""
        self._kvstore.push(f"{key}_full", value)
        self._kvstore._barrier()
        self._kvstore.pull(f"{key}_full", value)
        self._allocate_gradients(key, value)

    def _allocate_gradients(self, key: str, value: list[NDArray]) -> None:
        for sums, total in zip(self._param_dict, value):
            sums[key] = wrap(total._tensor / self._ctx_len, total._ctx)

    def update(self) -> None:
        """Correct the gradients of the last backward, and update the parameters with them."""
        self._update_svrg_gradients()
        super().update()

    def _update_svrg_gradients(self) -> None:
        group, aux = self._exec_group, self._mod_aux._exec_group
        for index, name in enumerate(group.param_names):
            for grad, kept, means in zip(group.grad_arrays[index], aux.grad_arrays[index], self._param_dict):
                if grad is not None:
                    self._svrg_grads_update_rule([grad], [kept], [means[name]])

    def _svrg_grads_update_rule(self, g_curr_batch_curr_weight: Sequence[NDArray],
                                g_curr_batch_special_weight: Sequence[NDArray],
                                g_special_weight_all_batch: Sequence[NDArray]) -> Sequence[NDArray]:
        """`g(w) - g(kept w) + mean` in place of the first."""
        for grad, kept, mean in zip(g_curr_batch_curr_weight, g_curr_batch_special_weight,
                                    g_special_weight_all_batch):
            grad._tensor.sub_(kept._tensor).add_(mean._tensor)
        return g_curr_batch_curr_weight
