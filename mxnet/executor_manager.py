# SPDX-License-Identifier: Apache-2.0
"""Executors on several devices for hand-written training loops, on the group that Module uses."""
from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

from ._old_names import lend
from .base import MXNetAssertionError, MXNetValueError
from .context import Context, cpu
from .module import executor_group as _groups
from .module.executor_group import _split_input_slice
from .ndarray import NDArray
from .symbol import Symbol

__all__ = ["DataParallelExecutorGroup", "DataParallelExecutorManager", "cpu"]


def _check_arguments(symbol: Symbol) -> None:
    """Raise ValueError when two arguments, or two auxiliary states, have one name."""
    for kind, names in (("argument", symbol.list_arguments()),
                        ("auxiliary", symbol.list_auxiliary_states())):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise MXNetValueError(f"{kind} {twice[0]!r} is there twice: give weights and states names that differ. "
                                  f"The {kind} names are {names}")


def _load_general(data: Sequence[Any], targets: Sequence[Any]) -> None:
    """Copy each array into its target: an array, or (slice of the first axis, array) for each device."""
    _groups._load_general(data, targets, [0] * len(targets))


def _load_data(batch: Any, targets: Sequence[Any]) -> None:
    """Copy a batch's data into the bound arrays."""
    _load_general(batch.data, targets)


def _load_label(batch: Any, targets: Sequence[Any]) -> None:
    """Copy a batch's labels into the bound arrays."""
    _load_general(batch.label, targets)


class DataParallelExecutorGroup:
    """One executor for each device, each with its slice of the batch.

    Parameters
    ----------
    sym : the network
    arg_names : its arguments
    param_names : those to train
    ctx : the devices
    slices : for each device, its part of the batch
    train_data : gives `provide_data` and `provide_label`
    shared_group : a group whose parameter arrays to share
    """

    def __init__(self, sym: Symbol, arg_names: Sequence[str], param_names: Sequence[str], ctx: Sequence[Context],
                 slices: Sequence[slice], train_data: Any,
                 shared_group: DataParallelExecutorGroup | None = None) -> None:
        _check_arguments(sym)
        loads = [part.stop - part.start for part in slices]
        self._group: _groups.DataParallelExecutorGroup = _groups.DataParallelExecutorGroup(
            sym, ctx, loads, train_data.provide_data, train_data.provide_label, param_names, for_training=True,
            inputs_need_grad=False, shared_group=shared_group._group if shared_group is not None else None)
        group = self._group
        self.slices, self.train_execs = list(slices), group.execs
        self.data_names = [desc.name for desc in group.data_shapes]
        self.label_names = [desc.name for desc in group.label_shapes or []]
        self.aux_names = group.aux_names
        self.param_idx = [index for index, name in enumerate(arg_names) if name in set(param_names)]
        self.param_names = [arg_names[index] for index in self.param_idx]
        self.data_arrays, self.label_arrays = group.data_arrays, group.label_arrays
        self.param_arrays, self.grad_arrays, self.aux_arrays = group.param_arrays, group.grad_arrays, group.aux_arrays

    def load_data_batch(self, data_batch: Any) -> None:
        """Copy data and labels into the executors."""
        _load_data(data_batch, self.data_arrays)
        _load_label(data_batch, self.label_arrays)

    def forward(self, is_train: bool = False) -> None:
        """Run all executors on what is loaded."""
        self._group._run([functools.partial(executor.forward, is_train=is_train) for executor in self.train_execs])

    def backward(self) -> None:
        """Run all executors backward."""
        self._group.backward()

    def update_metric(self, metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give labels and outputs of each executor to a metric."""
        self._group.update_metric(metric, labels, pre_sliced)


class DataParallelExecutorManager:
    """A group of executors for each bucket (one, without `sym_gen`), on shared parameters.

    Parameters
    ----------
    symbol : the network
    ctx : the devices
    train_data : an iterator: `batch_size`, `provide_data`, `provide_label` (and `default_bucket_key`)
    arg_names, param_names, aux_names : all arguments, those to train, auxiliary states
    work_load_list : relative loads of the devices; default equal
    logger : where to log
    sym_gen : function of a bucket's key that returns its network
    """

    def __init__(self, symbol: Symbol, ctx: Sequence[Context], train_data: Any, arg_names: Sequence[str],
                 param_names: Sequence[str], aux_names: Sequence[str], work_load_list: Sequence[float] | None = None,
                 logger: Any = None, sym_gen: Callable[[Any], Symbol] | None = None) -> None:
        (logger or logging).info("Start training with %s", str(ctx))
        loads = [1] * len(ctx) if work_load_list is None else list(work_load_list)
        if len(loads) != len(ctx):
            raise MXNetAssertionError(f"work_load_list has {len(loads)} entries for {len(ctx)} devices")
        self.slices = _split_input_slice(train_data.batch_size, loads)
        self.arg_names, self.param_names, self.aux_names = list(arg_names), list(param_names), list(aux_names)
        self.ctx, self.symbol, self.sym_gen = list(ctx), symbol, sym_gen
        self.execgrp = DataParallelExecutorGroup(symbol, self.arg_names, self.param_names, self.ctx, self.slices,
                                                 train_data)
        self.curr_execgrp = self.execgrp
        self.execgrp_bucket = {train_data.default_bucket_key: self.execgrp} if sym_gen is not None else {}

    @property
    def param_arrays(self) -> list[list[NDArray]]:
        """For each parameter its arrays on all devices."""
        return self.execgrp.param_arrays

    @property
    def grad_arrays(self) -> list[list[Any]]:
        """For each parameter its gradients on all devices."""
        return self.execgrp.grad_arrays                                   # type: ignore[return-value]

    @property
    def aux_arrays(self) -> list[list[NDArray]]:
        """For each auxiliary state its arrays on all devices."""
        return self.execgrp.aux_arrays

    def install_monitor(self, monitor: Any) -> None:
        """Let a monitor see the executors; not with buckets."""
        if self.sym_gen is not None:
            raise NotImplementedError("install_monitor: not with buckets")
        self.execgrp._group.install_monitor(monitor)

    def set_params(self, arg_params: dict[str, NDArray], aux_params: dict[str, NDArray]) -> None:
        """Copy values into all executors."""
        self.execgrp._group.set_params(arg_params, aux_params)

    def copy_to(self, arg_params: dict[str, NDArray], aux_params: dict[str, NDArray]) -> None:
        """Copy the values, averaged over devices, into the given arrays."""
        self.execgrp._group.get_params(arg_params, aux_params)

    def load_data_batch(self, data_batch: Any) -> None:
        """Copy a batch into its bucket's executors."""
        if self.sym_gen is not None:
            key = data_batch.bucket_key
            if key not in self.execgrp_bucket:
                self.execgrp_bucket[key] = DataParallelExecutorGroup(
                    self.sym_gen(key), self.sym_gen(key).list_arguments(), self.param_names, self.ctx, self.slices,
                    data_batch, shared_group=self.execgrp)
            self.curr_execgrp = self.execgrp_bucket[key]
        self.curr_execgrp.load_data_batch(data_batch)

    def forward(self, is_train: bool = False) -> None:
        """Run the current bucket's executors."""
        self.curr_execgrp.forward(is_train=is_train)

    def backward(self) -> None:
        """Run the current bucket's executors backward."""
        self.curr_execgrp.backward()

    def update_metric(self, metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give labels and the current bucket's outputs to a metric."""
        self.curr_execgrp.update_metric(metric, labels, pre_sliced)


lend(__name__)
