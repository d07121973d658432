# SPDX-License-Identifier: Apache-2.0
"""The training loop below MXNet's FeedForward, on executors of several devices; old programs import it from `mx.model`.

FeedForward itself stands on Module here.
"""
from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from .executor_manager import DataParallelExecutorManager
from .model import BatchEndParam, _initialize_kvstore, _update_params, _update_params_on_kvstore
from .optimizer import get_updater

__all__ = ["multiple_callbacks", "train_multi_device"]


def multiple_callbacks(callbacks: Any, *args: Any, **kwargs: Any) -> None:
    """Call a function, or each of a list of them; None is no function."""
    for callback in callbacks if isinstance(callbacks, list) else [callbacks] if callbacks else []:
        callback(*args, **kwargs)


def train_multi_device(symbol: Any, ctx: Any, arg_names: Any, param_names: Any, aux_names: Any, arg_params: Any,
                       aux_params: Any, begin_epoch: int, end_epoch: int, epoch_size: int | None, optimizer: Any,
                       kvstore: Any, update_on_kvstore: bool, train_data: Any, eval_data: Any = None,
                       eval_metric: Any = None, epoch_end_callback: Any = None, batch_end_callback: Any = None,
                       logger: Any = None, work_load_list: Any = None, monitor: Any = None,
                       eval_end_callback: Any = None, eval_batch_end_callback: Any = None, sym_gen: Any = None) -> None:
    """Train for the epochs from `begin_epoch` to before `end_epoch`.

    Parameters
    ----------
    symbol, ctx, arg_names, param_names, aux_names, work_load_list, logger, sym_gen : see DataParallelExecutorManager
    arg_params, aux_params : the parameters to begin with; they hold the trained ones at the end of each epoch that has
        a callback, and of the last one
    epoch_size : batches in an epoch, which may go over the data more or less than once; None for once
    optimizer : an Optimizer
    kvstore, update_on_kvstore : what `_create_kvstore` gives
    train_data, eval_data : DataIter
    eval_metric : an EvalMetric
    epoch_end_callback, batch_end_callback, eval_end_callback, eval_batch_end_callback : a function or a list of them,
        as in `Module.fit`; batches are counted from 1
    monitor : an `mx.mon.Monitor`
    """
    logger = logging if logger is None else logger
    manager = DataParallelExecutorManager(symbol=symbol, sym_gen=sym_gen, ctx=ctx, train_data=train_data,
                                          param_names=param_names, arg_names=arg_names, aux_names=aux_names,
                                          work_load_list=work_load_list, logger=logger)
    if monitor:
        manager.install_monitor(monitor)
    manager.set_params(arg_params, aux_params)
    update = _updates(manager, len(ctx), optimizer, kvstore, update_on_kvstore, arg_params)
    train_data.reset()
    for epoch in range(begin_epoch, end_epoch):
        started = time.time()
        eval_metric.reset()
        _train_epoch(manager, epoch, epoch_size, train_data, update, eval_metric, batch_end_callback, monitor, logger)
        logger.info("Epoch[%d] Time cost=%.3f", epoch, time.time() - started)
        if epoch_end_callback or epoch + 1 == end_epoch:
            manager.copy_to(arg_params, aux_params)
        multiple_callbacks(epoch_end_callback, epoch, symbol, arg_params, aux_params)
        if eval_data:
            _score(manager, epoch, eval_data, eval_metric, eval_batch_end_callback, eval_end_callback)


def _updates(manager: DataParallelExecutorManager, devices: int, optimizer: Any, kvstore: Any, on_store: bool,
             arg_params: Any) -> Callable[[], None]:
    """A function that updates all parameters by their gradients."""
    updater = None if on_store else get_updater(optimizer)
    if on_store:
        kvstore.set_optimizer(optimizer)
    names = manager.param_names
    if kvstore:
        _initialize_kvstore(kvstore, manager.param_arrays, arg_params, names, on_store)

    def update() -> None:
        if on_store:
            _update_params_on_kvstore(manager.param_arrays, manager.grad_arrays, kvstore, names)
        else:
            _update_params(manager.param_arrays, manager.grad_arrays, updater, devices, kvstore, names)
    return update


def _train_epoch(manager: DataParallelExecutorManager, epoch: int, epoch_size: int | None, train_data: Any,
                 update: Callable[[], None], eval_metric: Any, batch_end_callback: Any, monitor: Any,
                 logger: Any) -> None:
    nbatch = 0
    while True:
        for data_batch in train_data:
            manager.load_data_batch(data_batch)
            if monitor is not None:
                monitor.tic()
            manager.forward(is_train=True)
            manager.backward()
            update()
            if monitor is not None:
                monitor.toc_print()
            manager.update_metric(eval_metric, data_batch.label)
            nbatch += 1
            multiple_callbacks(batch_end_callback, BatchEndParam(epoch, nbatch, eval_metric, locals()))
            if epoch_size is not None and nbatch >= epoch_size:
                return
        logger.info("Epoch[%d] Resetting Data Iterator", epoch)
        train_data.reset()
        if epoch_size is None:
            return


def _score(manager: DataParallelExecutorManager, epoch: int, eval_data: Any, eval_metric: Any,
           eval_batch_end_callback: Any, eval_end_callback: Any) -> None:
    eval_metric.reset()
    eval_data.reset()
    count = 0
    for count, eval_batch in enumerate(eval_data, 1):
        manager.load_data_batch(eval_batch)
        manager.forward(is_train=False)
        manager.update_metric(eval_metric, eval_batch.label)
        multiple_callbacks(eval_batch_end_callback, BatchEndParam(epoch, count - 1, eval_metric, locals()))
    multiple_callbacks(eval_end_callback, BatchEndParam(epoch, count, eval_metric, locals()))
    eval_data.reset()
