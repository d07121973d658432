# SPDX-License-Identifier: Apache-2.0
"""What all modules have in common: training, scoring and predicting in terms of bind, forward, backward and update."""
from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import metric, ndarray
from .._user_line import warn_user
from ..base import MXNetAssertionError, MXNetError, MXNetNotImplementedError, MXNetValueError, nearest
from ..context import cpu
from ..initializer import Uniform
from ..io import DataBatch, DataDesc, DataIter
from ..model import BatchEndParam
from ..ndarray import NDArray
from ..symbol import Symbol

__all__ = ["BaseModule"]


def _as_list(obj: Any) -> list[Any]:
    """A list of it, unless it is one."""
    return list(obj) if isinstance(obj, (list, tuple)) else [obj]


def _as_it_stands(measure: metric.EvalMetric) -> metric.EvalMetric:
    """The metric and those it holds, where no later reset reaches them."""
    taken = copy.copy(measure)
    for name, value in vars(measure).items():
        if isinstance(value, metric.EvalMetric):
            vars(taken)[name] = _as_it_stands(value)
        elif isinstance(value, list) and value and all(isinstance(item, metric.EvalMetric) for item in value):
            vars(taken)[name] = [_as_it_stands(item) for item in value]
    return taken


def _check_input_names(symbol: Symbol, names: Sequence[str], typename: str, throw: bool) -> None:
    """Names that are no arguments of the symbol: ValueError if `throw`, else a warning in the log."""
    args = symbol.list_arguments()
    for name in names:
        if name in args:
            continue
        candidates = [arg for arg in args if not arg.endswith(("_weight", "_bias", "_gamma", "_beta"))]
        message = (f"You created Module with Module(..., {typename}={list(names)}) but input with name '{name}' is not "
                   f"found in symbol.list_arguments().{nearest(name, args)} Its inputs: {', '.join(candidates)}")
        if throw:
            raise MXNetValueError(message)
        warn_user(message)


def _check_names_match(data_names: Sequence[str], data_shapes: Sequence[DataDesc], name: str, throw: bool) -> None:
    actual = [desc.name for desc in data_shapes]
    if sorted(data_names) != sorted(actual):
        message = f"Data provided by {name}_shapes don't match names specified by {name}_names ({data_shapes} vs. " \
                  f"{list(data_names)})"
        if throw:
            raise MXNetValueError(message)
        warn_user(message)


def _parse_data_desc(data_names: Sequence[str], label_names: Sequence[str], data_shapes: Sequence[Any],
                     label_shapes: Sequence[Any] | None) -> tuple[list[DataDesc], list[DataDesc] | None]:
    """Data and label shapes as DataDesc, checked against the names."""
    data = [DataDesc.of(item) for item in data_shapes]
    _check_names_match(data_names, data, "data", True)
    if label_shapes is None:
        _check_names_match(label_names, [], "label", False) if label_names else None
        return data, None
    labels = [DataDesc.of(item) for item in label_shapes]
    _check_names_match(label_names, labels, "label", False)
    return data, labels


class BaseModule:
    """A machine that trains and predicts: subclasses define how it is bound, run and updated."""

    def __init__(self, logger: Any = logging) -> None:
        self.logger = logger
        self.binded = False
        self.for_training = False
        self.inputs_need_grad = False
        self.params_initialized = False
        self.optimizer_initialized = False
        self._symbol: Symbol | None = None
        self._total_exec_bytes = 0

    def _require(self, what: str, *, params: bool = True, optimizer: bool = False) -> None:
        """Raise MXNetError that says which preparing call is missing."""
        missing = "bind" if not self.binded else "init_params" if params and not self.params_initialized else \
            "init_optimizer" if optimizer and not self.optimizer_initialized else None
        if missing is not None:
            raise ModuleStateError(f"{type(self).__name__}.{what}: call {missing} first")

    # ---- high level -----------------------------------------------------------------------------

    def forward_backward(self, data_batch: Any) -> None:
        """`forward(is_train=True)`, then `backward()`."""
        self.forward(data_batch, is_train=True)
        self.backward()

    def score(self, eval_data: Any, eval_metric: Any, num_batch: int | None = None, batch_end_callback: Any = None,
              score_end_callback: Any = None, reset: bool = True, epoch: int = 0,
              sparse_row_id_fn: Any = None) -> list[tuple[str, float]]:
        """Evaluate on an iterator.

        Parameters
        ----------
        eval_data : DataIter
        eval_metric : a metric, its name, or a list
        num_batch : stop after so many batches
        batch_end_callback, score_end_callback : called with a BatchEndParam
        reset : reset the iterator first
        epoch : passed on to the callbacks

        Returns a list of (metric name, value).
        """
        self._require("score")
        if reset:
            eval_data.reset()
        if not isinstance(eval_metric, metric.EvalMetric):
            eval_metric = metric.create(eval_metric)
        eval_metric.reset()
        seen = 0
        for nbatch, batch in enumerate(eval_data):
            if num_batch is not None and nbatch == num_batch:
                break
            self.prepare(batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward(batch, is_train=False)
            self._update_metric_of(eval_metric, batch)
            _call(batch_end_callback, BatchEndParam(epoch=epoch, nbatch=nbatch, eval_metric=eval_metric,
                                                    locals=locals()))
            seen += 1
        _call(score_end_callback, BatchEndParam(epoch=epoch, nbatch=seen, eval_metric=eval_metric, locals=locals()))
        return eval_metric.get_name_value()

    def _update_metric_of(self, eval_metric: Any, batch: Any) -> None:
        if isinstance(batch, list):
            self.update_metric(eval_metric, [item.label for item in batch], pre_sliced=True)
        else:
            self.update_metric(eval_metric, batch.label)

    def iter_predict(self, eval_data: Any, num_batch: int | None = None, reset: bool = True,
                     sparse_row_id_fn: Any = None) -> Iterator[tuple[list[NDArray], int, Any]]:
        """Predict batch by batch: yields (outputs without padding, batch number, batch)."""
        self._require("iter_predict")
        if reset:
            eval_data.reset()
        for nbatch, batch in enumerate(eval_data):
            if num_batch is not None and nbatch == num_batch:
                break
            self.prepare(batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward(batch, is_train=False)
            yield self._unpadded(batch, copy=False), nbatch, batch

    def _unpadded(self, batch: Any, copy: bool) -> list[NDArray]:
        pad = batch.pad or 0
        outputs = [out[0:out.shape[0] - pad] if pad else out for out in self.get_outputs()]
        return [out.copy() for out in outputs] if copy else outputs

    def predict(self, eval_data: Any, num_batch: int | None = None, merge_batches: bool = True, reset: bool = True,
                always_output_list: bool = False, sparse_row_id_fn: Any = None) -> Any:
        """Predict all of an iterator (or of one array).

        Returns the outputs joined over batches: an array when there is one output (and not `always_output_list`),
        else a list; a list of lists for each batch when `merge_batches` is False.
        """
        self._require("predict")
        if isinstance(eval_data, (NDArray, np.ndarray)):
            data = ndarray.array(eval_data) if isinstance(eval_data, np.ndarray) else eval_data
            self.forward(DataBatch([data]))
            return self.get_outputs()[0].copy()
        if not isinstance(eval_data, DataIter) and not hasattr(eval_data, "reset"):
            raise MXNetValueError(f"eval_data must be of type NDArray or DataIter, not {type(eval_data).__name__}")
        if reset:
            eval_data.reset()
        results = []
        for nbatch, batch in enumerate(eval_data):
            if num_batch is not None and nbatch == num_batch:
                break
            self.prepare(batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward(batch, is_train=False)
            results.append(self._unpadded(batch, copy=True))
        if not results or not merge_batches:
            return results
        counts = {len(outputs) for outputs in results}
        if len(counts) != 1:
            raise MXNetAssertionError("Cannot merge batches, as num of outputs is not the same in mini-batches. Maybe "
                                      "bucketing is used?")
        merged = [ndarray.concatenate([outputs[i] for outputs in results]) for i in range(counts.pop())]
        return merged[0] if len(merged) == 1 and not always_output_list else merged

    def fit(self, train_data: Any, eval_data: Any = None, eval_metric: Any = "acc", epoch_end_callback: Any = None,
            batch_end_callback: Any = None, kvstore: Any = "local", optimizer: Any = "sgd",
            optimizer_params: Any = (("learning_rate", 0.01),), eval_end_callback: Any = None,
            eval_batch_end_callback: Any = None, initializer: Any = Uniform(0.01), arg_params: Any = None,
            aux_params: Any = None, allow_missing: bool = False, force_rebind: bool = False, force_init: bool = False,
            begin_epoch: int = 0, num_epoch: int | None = None, validation_metric: Any = None, monitor: Any = None,
            sparse_row_id_fn: Any = None, resume: Any = None) -> None:
        """Train.

        Binds, initialises parameters and optimizer (unless done), and for each epoch runs all batches of
        `train_data`, then scores `eval_data`.

        Parameters
        ----------
        train_data, eval_data : DataIter
        eval_metric, validation_metric : a metric, its name, or a list; the second defaults to the first
        epoch_end_callback : called with (epoch, symbol, arg_params, aux_params)
        batch_end_callback, eval_batch_end_callback, eval_end_callback : called with a BatchEndParam
        kvstore, optimizer, optimizer_params : see `init_optimizer`
        initializer, arg_params, aux_params, allow_missing, force_init : see `init_params`
        begin_epoch, num_epoch : the first epoch's number, and the number after the last; `num_epoch` is required
        monitor : an `mx.mon.Monitor`
        resume : a file by `mx.callback.full_checkpoint`, or the prefix given there: go on, bit for bit, from the newest
            checkpoint if there is one (`begin_epoch` and initial parameters do not matter then), else begin
        """
        given = dict(locals())                      # callbacks find the arguments among the local variables
        if num_epoch is None:
            raise MXNetAssertionError("please specify number of epochs: fit(..., num_epoch=...)")
        self.bind(data_shapes=train_data.provide_data, label_shapes=train_data.provide_label, for_training=True,
                  force_rebind=force_rebind)
        if monitor is not None:
            self.install_monitor(monitor)
        if force_init or not self.params_initialized:
            self.init_params(initializer=initializer, arg_params=arg_params, aux_params=aux_params,
                             allow_missing=allow_missing, force_init=force_init)
        self.init_optimizer(kvstore=kvstore, optimizer=optimizer, optimizer_params=optimizer_params)
        validation_metric = eval_metric if validation_metric is None else validation_metric
        if not isinstance(eval_metric, metric.EvalMetric):
            eval_metric = metric.create(eval_metric)
        done = 0
        if resume is not None:
            from ..resume import resume as go_on
            position = go_on(self, resume, train_data, eval_metric)
            if position is not None:
                begin_epoch, done = position
                self.logger.info("Epoch[%d] Resumed after batch %d", begin_epoch, done)
        from .._progress import fit_progress
        with fit_progress(num_epoch, batch_end_callback, self.logger) as progress:
            self._fit_epochs(range(begin_epoch, num_epoch), done, train_data, eval_data, eval_metric,
                             validation_metric, dict(batch_end_callback=batch_end_callback, monitor=monitor,
                                                     sparse_row_id_fn=sparse_row_id_fn, progress=progress,
                                                     given=given),
                             epoch_end_callback, eval_end_callback, eval_batch_end_callback)

    def _fit_epochs(self, epochs: range, done: int, train_data: Any, eval_data: Any, eval_metric: Any,
                    validation_metric: Any, inner: dict[str, Any], epoch_end_callback: Any, eval_end_callback: Any,
                    eval_batch_end_callback: Any) -> None:
        """Train for some epochs, the first of which has `done` batches behind it."""
        for epoch in epochs:
            start = time.time()
            reached = self._fit_epoch(train_data, eval_metric, epoch, done=done, **inner)
            done = 0
            for name, value in reached.get_global_name_value():
                self.logger.info("Epoch[%d] Train-%s=%f", epoch, name, value)
            self.logger.info("Epoch[%d] Time cost=%.3f", epoch, time.time() - start)
            arg_now, aux_now = self.get_params()
            self.set_params(arg_now, aux_now)
            for callback in _as_list(epoch_end_callback) if epoch_end_callback is not None else []:
                callback(epoch, self.symbol, arg_now, aux_now)
            if eval_data is not None:
                result = self.score(eval_data, validation_metric, score_end_callback=eval_end_callback,
                                    batch_end_callback=eval_batch_end_callback, epoch=epoch)
                for name, value in result:
                    self.logger.info("Epoch[%d] Validation-%s=%f", epoch, name, value)
            train_data.reset()

    def _fit_epoch(self, train_data: Any, eval_metric: Any, epoch: int, batch_end_callback: Any, monitor: Any,
                   sparse_row_id_fn: Any, progress: Any = None, given: Mapping[str, Any] | None = None,
                   done: int = 0) -> metric.EvalMetric:
        """Train for an epoch; the metric as it stood before the last batch's callbacks, which may have reset it."""
        if not done:
            eval_metric.reset()
        reached = eval_metric
        if progress is not None:
            progress.begin(epoch, done)
        for nbatch, data_batch in enumerate(train_data, done):
            if monitor is not None:
                monitor.tic()
            self.prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)
            self.forward_backward(data_batch)
            self.update()
            self._update_metric_of(eval_metric, data_batch)
            if monitor is not None:
                monitor.toc_print()
            if batch_end_callback is not None:
                reached = _as_it_stands(eval_metric)
                _call(batch_end_callback, BatchEndParam(epoch=epoch, nbatch=nbatch, eval_metric=eval_metric,
                                                        locals={**(given or {}), **locals()}))
            if progress is not None:
                progress.batch(data_batch, eval_metric)
        if progress is not None:
            progress.end()
        return reached

    # ---- symbol and parameters ------------------------------------------------------------------

    @property
    def symbol(self) -> Symbol | None:
        """The symbol of this module."""
        return self._symbol

    def set_params(self, arg_params: Any, aux_params: Any, allow_missing: bool = False, force_init: bool = True,
                   allow_extra: bool = False) -> None:
        """Assign parameters and auxiliary states. Raises for missing or extra names unless allowed."""
        self.init_params(initializer=None, arg_params=arg_params, aux_params=aux_params, allow_missing=allow_missing,
                         force_init=force_init, allow_extra=allow_extra)

    def save_params(self, fname: str) -> None:
        """Write all parameters to a file in the checkpoint's form."""
        arg_params, aux_params = self.get_params()
        values = {f"arg:{name}": value.as_in_context(cpu()) for name, value in arg_params.items()}
        values.update({f"aux:{name}": value.as_in_context(cpu()) for name, value in aux_params.items()})
        ndarray.save(fname, values)

    def load_params(self, fname: str) -> None:
        """Read all parameters from a file in the checkpoint's form. Raises ValueError for other content."""
        arg_params, aux_params = {}, {}
        loaded = ndarray.load(fname)
        if not isinstance(loaded, dict):
            raise MXNetValueError(f"Invalid param file {fname}: its arrays have no names")
        for key, value in loaded.items():
            kind, _, name = key.partition(":")
            if kind == "arg":
                arg_params[name] = value
            elif kind == "aux":
                aux_params[name] = value
            else:
                raise MXNetValueError(f"Invalid param file {fname}: {key!r} begins with neither arg: nor aux:")
        self.set_params(arg_params, aux_params)

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """State arrays; none here."""
        self._require("get_states")
        return []

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Set state arrays; this module has none."""
        self._require("set_states")
        if states or value:
            raise MXNetValueError(f"{type(self).__name__} has no states to set")

    def state_dict(self) -> dict[str, Any]:
        """All that decides how training goes on, for `mx.callback.full_checkpoint`."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not define state_dict and load_state_dict, which a "
                                       "full checkpoint needs")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave; bound, with parameters and optimizer."""
        raise MXNetNotImplementedError(f"{type(self).__name__} does not define load_state_dict")

    def prepare(self, data_batch: Any, sparse_row_id_fn: Callable[..., Any] | None = None) -> None:
        """Get ready for a batch; for sparse parameters, which are not supported yet."""
        if sparse_row_id_fn is not None:
            raise MXNetError("sparse_row_id_fn is for row_sparse parameters, which are not supported yet")

    # ---- what a subclass defines ------------------------------------------------------------------

    def _undefined(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not define {name}")

    def bind(self, data_shapes: Sequence[Any], label_shapes: Sequence[Any] | None = None, for_training: bool = True,
             inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
             grad_req: Any = "write") -> None:
        """Make executors for input shapes."""
        raise self._undefined("bind")

    def init_params(self, initializer: Any = None, arg_params: Any = None, aux_params: Any = None,
                    allow_missing: bool = False, force_init: bool = False, allow_extra: bool = False) -> None:
        """Initialise parameters and auxiliary states."""
        raise self._undefined("init_params")

    def get_params(self) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
        """Copies of the parameters and auxiliary states."""
        raise self._undefined("get_params")

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd",
                       optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False) -> None:
        """Install an optimizer."""
        raise self._undefined("init_optimizer")

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run forward on a batch."""
        raise self._undefined("forward")

    def backward(self, out_grads: Any = None) -> None:
        """Run backward."""
        raise self._undefined("backward")

    def update(self) -> None:
        """Update parameters with the gradients of the last batch."""
        raise self._undefined("update")

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last forward."""
        raise self._undefined("get_outputs")

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the inputs."""
        raise self._undefined("get_input_grads")

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Give the last outputs to a metric."""
        raise self._undefined("update_metric")

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor see all executors."""
        raise self._undefined("install_monitor")

    @property
    def data_names(self) -> list[str]:
        """Names of the data inputs."""
        raise self._undefined("data_names")

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        raise self._undefined("output_names")

    @property
    def data_shapes(self) -> list[DataDesc]:
        """Descriptions of the data inputs."""
        raise self._undefined("data_shapes")

    @property
    def label_shapes(self) -> list[DataDesc] | None:
        """Descriptions of the labels."""
        raise self._undefined("label_shapes")

    @property
    def output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """(name, shape) of the outputs."""
        raise self._undefined("output_shapes")


class ModuleStateError(MXNetError, AssertionError):
    """A method is called before what it needs (MXNet asserts, so this is an AssertionError too)."""


def _call(callbacks: Any, param: Any) -> None:
    if callbacks is not None:
        for callback in _as_list(callbacks):
            callback(param)


