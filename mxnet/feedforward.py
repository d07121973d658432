# SPDX-License-Identifier: Apache-2.0
"""FeedForward: the training class from before Module, kept for programs that use it; it runs on Module.

`mxnet.model` shows it, as MXNet does. Each `fit` makes a Module of the data's names and shapes; parameters live in
`arg_params` and `aux_params` between calls.
"""
from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import io, metric
from ._user_line import warn_user
from .base import MXNetAssertionError, MXNetAssertionTypeError, MXNetTypeError, MXNetValueError
from .callback import LogValidationMetricsCallback
from .context import Context, cpu
from .initializer import Uniform
from .model import load_checkpoint, save_checkpoint
from .module import BucketingModule, Module
from .module.base_module import _as_list
from .ndarray import NDArray
from .optimizer import Optimizer
from .symbol import Symbol

__all__ = ["FeedForward"]

_INITIALIZER, _LOG_VALIDATION = Uniform(0.01), LogValidationMetricsCallback()


class FeedForward:
    """A network with its parameters, trained by `fit` on NumPy arrays or iterators. Deprecated: use `mx.mod.Module`.

    Parameters
    ----------
    symbol : the network, or a function of a bucket's key that returns it
    ctx : a context or a list of them; default `mx.cpu()`
    num_epoch : the number after the last epoch
    epoch_size : batches in an epoch; default all of the data
    optimizer : a name or an Optimizer; further arguments `kwargs` are the optimizer's
    initializer : for parameters that are not given
    numpy_batch_size : batch size for NumPy inputs
    arg_params, aux_params : parameters to begin with
    allow_extra_params : whether they may hold names that the network does not have
    begin_epoch : number of the first epoch

    >>> import warnings, numpy as np, mxnet as mx
    >>> net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2), name="softmax")
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     model = mx.model.FeedForward(net, num_epoch=2, numpy_batch_size=4, learning_rate=0.1)
    >>> x = np.array([[0.0, 1], [1, 0], [0, 2], [2, 0]], np.float32)
    >>> model.fit(x, np.array([0, 1, 0, 1]))
    >>> model.predict(x).shape
    (4, 2)
    """

    def __init__(self, symbol: Symbol | Callable[[Any], Symbol], ctx: Any = None, num_epoch: int | None = None,
                 epoch_size: int | None = None, optimizer: Any = "sgd", initializer: Any = _INITIALIZER,
                 numpy_batch_size: int = 128, arg_params: dict[str, NDArray] | None = None,
                 aux_params: dict[str, NDArray] | None = None, allow_extra_params: bool = False, begin_epoch: int = 0,
                 **kwargs: Any) -> None:
        warn_user("mxnet.model.FeedForward is deprecated: use mxnet.mod.Module", DeprecationWarning)
        if not (isinstance(symbol, Symbol) or callable(symbol)):
            raise MXNetAssertionTypeError(f"symbol is a Symbol or a function that makes one, not "
                                          f"{type(symbol).__name__}")
        self.sym_gen = None if isinstance(symbol, Symbol) else symbol
        self.symbol: Any = symbol if self.sym_gen is None else None
        self.ctx: list[Context] = [cpu()] if ctx is None else [ctx] if isinstance(ctx, Context) else list(ctx)
        self.num_epoch, self.epoch_size, self.begin_epoch = num_epoch, epoch_size, begin_epoch
        self.optimizer, self.initializer, self.kwargs = optimizer, initializer, kwargs
        self.numpy_batch_size, self.allow_extra_params = numpy_batch_size, allow_extra_params
        self.arg_params, self.aux_params = arg_params, aux_params
        if self.symbol is not None and allow_extra_params:
            self._drop_extra()

    def _drop_extra(self) -> None:
        args, auxs = set(self.symbol.list_arguments()), set(self.symbol.list_auxiliary_states())
        if self.arg_params:
            self.arg_params = {name: value for name, value in self.arg_params.items() if name in args}
        if self.aux_params:
            self.aux_params = {name: value for name, value in self.aux_params.items() if name in auxs}

    # ---- data -----------------------------------------------------------------------------------

    def _init_iter(self, X: Any, y: Any, is_train: bool) -> Any:
        """An iterator of the data: itself, or over NumPy arrays in batches of `numpy_batch_size`."""
        if isinstance(X, (np.ndarray, NDArray)):
            if y is None:
                if is_train:
                    raise MXNetValueError("fit: X is an array, so y (its labels) is needed, too")
                y = np.zeros(X.shape[0])
            if not isinstance(y, (np.ndarray, NDArray)):
                raise MXNetTypeError(f"y must be an array as X is, not {type(y).__name__}")
            if X.shape[0] != y.shape[0]:
                raise MXNetValueError(f"{X.shape[0]} samples, but {y.shape[0]} labels")
            if y.ndim == 2 and y.shape[1] == 1:
                y = y.reshape((-1,))
            if y.ndim != 1:
                raise MXNetValueError(f"labels have shape (samples,) or (samples, 1), not {y.shape}")
            size = min(X.shape[0], self.numpy_batch_size)
            return io.NDArrayIter(X, y, size, shuffle=is_train, last_batch_handle="roll_over" if is_train else "pad")
        if not isinstance(X, io.DataIter):
            raise MXNetTypeError(f"X must be an NDArray, a NumPy array or a DataIter, not {type(X).__name__}")
        return X

    def _init_eval_iter(self, eval_data: Any) -> Any:
        if eval_data is None or isinstance(eval_data, io.DataIter):
            return eval_data
        if not isinstance(eval_data, (tuple, list)) or len(eval_data) != 2:
            raise MXNetTypeError(f"eval_data is a DataIter or a pair (data, labels), not {type(eval_data).__name__}")
        data, label = eval_data
        if data is None:
            raise MXNetValueError("eval_data: the data of the pair is None")
        if label is None and isinstance(data, io.DataIter):
            return data
        data, label = (np.array(one) if isinstance(one, list) else one for one in (data, label))
        return self._init_iter(data, label, is_train=True)

    # ---- training -------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, eval_data: Any = None, eval_metric: Any = "acc",
            epoch_end_callback: Any = None, batch_end_callback: Any = None, kvstore: Any = "local", logger: Any = None,
            work_load_list: Sequence[float] | None = None, monitor: Any = None,
            eval_end_callback: Any = _LOG_VALIDATION, eval_batch_end_callback: Any = None) -> None:
        """Train.

        Parameters
        ----------
        X, y : NumPy data (samples first) and labels (1-d), or an iterator of both
        eval_data : an iterator or a pair of arrays, to score after every epoch
        eval_metric : a metric, its name, or a function
        epoch_end_callback, batch_end_callback, eval_end_callback, eval_batch_end_callback : as for `Module.fit`
        kvstore, work_load_list, monitor : as for Module
        """
        logger = logger or logging
        if self.num_epoch is None:
            raise MXNetValueError("fit: the number of epochs is not known; make FeedForward(..., num_epoch=...)")
        data, eval_data = self._init_iter(X, y, is_train=True), self._init_eval_iter(eval_data)
        data.reset()
        module = self._module(data, work_load_list, logger)
        module.bind(data.provide_data, data.provide_label)
        if monitor is not None:
            module.install_monitor(monitor)
        module.init_params(self.initializer, self.arg_params, self.aux_params, allow_missing=True,
                           allow_extra=self.allow_extra_params)
        module.init_optimizer(kvstore, self.optimizer,
                              () if isinstance(self.optimizer, Optimizer) else tuple(self.kwargs.items()))
        if not isinstance(eval_metric, metric.EvalMetric):
            eval_metric = metric.create(eval_metric)
        if self.epoch_size is not None:
            # the next epoch goes on where this one ended
            data = io.ResizeIter(data, self.epoch_size, reset_internal=False)
        logger.info("Start training with %s", str(module._context))
        for epoch in range(self.begin_epoch, self.num_epoch):
            start = time.time()
            module._fit_epoch(data, eval_metric, epoch, _counting_from_one(batch_end_callback), monitor, None)
            logger.info("Epoch[%d] Resetting Data Iterator", epoch)
            data.reset()
            logger.info("Epoch[%d] Time cost=%.3f", epoch, time.time() - start)
            self.arg_params, self.aux_params = module.get_params()
            for callback in _as_list(epoch_end_callback) if epoch_end_callback is not None else []:
                callback(epoch, self.symbol, self.arg_params, self.aux_params)
            if eval_data is not None:
                module.score(eval_data, eval_metric, batch_end_callback=eval_batch_end_callback,
                             score_end_callback=eval_end_callback, epoch=epoch)

    def _module(self, data: Any, work_load_list: Sequence[float] | None, logger: Any) -> Any:
        """The module that trains on this data."""
        names = [io.DataDesc.of(desc).name for desc in data.provide_data]
        labels = [io.DataDesc.of(desc).name for desc in data.provide_label or []]
        given = dict(context=self.ctx, work_load_list=work_load_list, logger=logger)
        if self.sym_gen is None:
            return Module(self.symbol, names, labels, **given)
        make, key = self.sym_gen, data.default_bucket_key
        self.symbol = make(key)
        return BucketingModule(lambda bucket: (make(bucket), names, labels), key, **given)

    # ---- prediction -----------------------------------------------------------------------------

    def _predictor(self, data: Any, needs_labels: bool) -> Module:
        """A module bound for inference, with the parameters; labels that do not arrive are zeros."""
        if self.arg_params is None:
            raise MXNetValueError("FeedForward has no parameters yet: call fit, or load a model")
        names = [io.DataDesc.of(desc).name for desc in data.provide_data]
        known = {desc.name: tuple(desc.shape) for desc in map(io.DataDesc.of, data.provide_data)}
        args = self.symbol.list_arguments()
        shapes = dict(zip(args, self.symbol.infer_shape(**known)[0]))
        labels = [name for name in args if name not in known and name not in self.arg_params]
        module = Module(self.symbol, names, labels, context=self.ctx)
        provided = data.provide_label if needs_labels and data.provide_label else None
        module.bind(data.provide_data, provided or [(name, shapes[name]) for name in labels] or None,
                    for_training=False)
        module.init_params(None, self.arg_params, self.aux_params or {}, allow_extra=True)
        return module

    def predict(self, X: Any, num_batch: int | None = None, return_data: bool = False, reset: bool = True) -> Any:
        """Outputs for all samples, as a NumPy array (a list of them for several outputs).

        With `return_data` the data and labels that went in, too: (outputs, data, labels). `num_batch` stops early.
        """
        data = self._init_iter(X, None, is_train=False)
        if reset:
            data.reset()
        module = self._predictor(data, needs_labels=False)
        rows: list[list[list[np.ndarray]]] = [[], [], []]
        for number, batch in enumerate(data):
            if number == num_batch:
                break
            module.forward(batch, is_train=False)
            size = batch.data[0].shape[0] - (batch.pad or 0)
            for kept, arrays in zip(rows, (module.get_outputs(), batch.data, batch.label or [])):
                kept.append([array[0:size].asnumpy() for array in arrays])
        joined = [[np.concatenate(parts) for parts in zip(*kept)] for kept in rows]
        single = [values[0] if len(values) == 1 else values for values in joined]
        return tuple(single) if return_data else single[0]

    def score(self, X: Any, eval_metric: Any = "acc", num_batch: int | None = None, batch_end_callback: Any = None,
              reset: bool = True) -> float:
        """The metric's value on an iterator (with labels)."""
        data = self._init_iter(X, None, is_train=False)
        if not isinstance(eval_metric, metric.EvalMetric):
            eval_metric = metric.create(eval_metric)
        self._predictor(data, needs_labels=True).score(data, eval_metric, num_batch, batch_end_callback, reset=reset)
        return eval_metric.get()[1]

    # ---- files ----------------------------------------------------------------------------------

    def save(self, prefix: str, epoch: int | None = None, remove_amp_cast: bool = True) -> None:
        """Write a checkpoint, `{prefix}-symbol.json` and `{prefix}-{epoch:04d}.params`; default epoch `num_epoch`."""
        epoch = self.num_epoch if epoch is None else epoch
        if epoch is None:
            raise MXNetAssertionError("save: neither epoch is given, nor num_epoch set")
        save_checkpoint(prefix, epoch, self.symbol, self.arg_params or {}, self.aux_params or {},
                        remove_amp_cast=remove_amp_cast)

    @staticmethod
    def load(prefix: str, epoch: int, ctx: Any = None, **kwargs: Any) -> FeedForward:
        """A model from a checkpoint; training goes on from its epoch."""
        symbol, arg_params, aux_params = load_checkpoint(prefix, epoch)
        return FeedForward(symbol, ctx=ctx, arg_params=arg_params, aux_params=aux_params, begin_epoch=epoch, **kwargs)

    @staticmethod
    def create(symbol: Symbol | Callable[[Any], Symbol], X: Any, y: Any = None, ctx: Any = None,
               num_epoch: int | None = None, epoch_size: int | None = None, optimizer: Any = "sgd",
               initializer: Any = _INITIALIZER, eval_data: Any = None, eval_metric: Any = "acc",
               epoch_end_callback: Any = None, batch_end_callback: Any = None, kvstore: Any = "local",
               logger: Any = None, work_load_list: Sequence[float] | None = None,
               eval_end_callback: Any = _LOG_VALIDATION, eval_batch_end_callback: Any = None,
               **kwargs: Any) -> FeedForward:
        """A model, made and trained in one call; arguments as for the class and `fit`."""
        model = FeedForward(symbol, ctx=ctx, num_epoch=num_epoch, epoch_size=epoch_size, optimizer=optimizer,
                            initializer=initializer, **kwargs)
        model.fit(X, y, eval_data=eval_data, eval_metric=eval_metric, epoch_end_callback=epoch_end_callback,
                  batch_end_callback=batch_end_callback, kvstore=kvstore, logger=logger,
                  work_load_list=work_load_list, eval_end_callback=eval_end_callback,
                  eval_batch_end_callback=eval_batch_end_callback)
        return model


def _counting_from_one(callbacks: Any) -> Callable[[Any], None] | None:
    """The callbacks, given batch numbers from 1 as `FeedForward.fit` of MXNet does (Module's begin at 0)."""
    if callbacks is None:
        return None

    def _call(param: Any) -> None:
        for callback in _as_list(callbacks):
            callback(param._replace(nbatch=param.nbatch + 1))
    return _call
