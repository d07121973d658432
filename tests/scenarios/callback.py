# SPDX-License-Identifier: Apache-2.0
"""Scenarios of mx.callback and mx.monitor: what they log, with times taken out."""
from __future__ import annotations

import logging
import os
import re
import tempfile
from collections import namedtuple
from typing import Any

import numpy as np

from scenarios.stage import Stage, attempt

stage = Stage("callback")
BatchEndParam = namedtuple("BatchEndParam", ["epoch", "nbatch", "eval_metric", "locals"])


class Lines(logging.Handler):
    """Collects what is logged while it is entered; speeds become `*`."""

    def __enter__(self) -> list[str]:
        self.lines: list[str] = []
        self.logger = logging.getLogger()
        self.before = self.logger.level
        self.logger.addHandler(self)
        self.logger.setLevel(logging.INFO)
        return self.lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(re.sub(r"Speed: \S+", "Speed: *", record.getMessage()))

    def __exit__(self, *_: Any) -> None:
        self.logger.removeHandler(self)
        self.logger.setLevel(self.before)


def epochs(mx: Any, callback: Any, metric: Any, count: int = 2, batches: int = 7) -> list[str]:
    with Lines() as lines:
        for epoch in range(count):
            if metric is not None:
                metric.reset()
            for nbatch in range(batches):
                if metric is not None:
                    metric.update([mx.nd.array([0, nbatch % 2])], [mx.nd.array([[1, 0], [1, 0]])])
                callback(BatchEndParam(epoch, nbatch, metric, {}))
    return lines + ([str(metric.get()), str(metric.get_global())] if metric is not None else [])


@stage
def speedometer(mx: Any) -> Any:
    return [epochs(mx, mx.callback.Speedometer(2, frequent), mx.metric.create(kind) if kind else None)
            for frequent in (1, 2, 3, 10) for kind in (None, "acc", ["acc", "ce"])]


@stage
def speedometer_keeps(mx: Any) -> Any:
    return epochs(mx, mx.callback.Speedometer(2, 3, auto_reset=False), mx.metric.create("acc"))


@stage
def train_metric(mx: Any) -> Any:
    return [epochs(mx, mx.callback.log_train_metric(period, reset), mx.metric.create("acc"))
            for period in (1, 3) for reset in (False, True)] + \
        [epochs(mx, mx.callback.log_train_metric(2), None)]


@stage
def validation(mx: Any) -> Any:
    call, metric = mx.callback.LogValidationMetricsCallback(), mx.metric.create(["acc", "ce"])
    metric.update([mx.nd.array([0, 1])], [mx.nd.array([[0.5, 0.5], [0.25, 0.75]])])
    with Lines() as lines:
        call(BatchEndParam(3, 5, metric, None))
        call(BatchEndParam(3, 5, None, None))
    return lines


@stage
def checkpoints(mx: Any) -> Any:
    class Recorder:
        calls: list[Any] = []

        def save_checkpoint(self, *args: Any) -> None:
            self.calls.append(args)
    said: list[Any] = []
    symbol = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2, name="fc")
    params = {"fc_weight": mx.nd.ones((2, 3)), "fc_bias": mx.nd.zeros((2,))}
    for period in (1, 2, 0, 2.5):
        with tempfile.TemporaryDirectory() as folder:
            call = mx.callback.do_checkpoint(os.path.join(folder, "m"), period)
            for epoch in range(5):
                call(epoch, symbol, params, {})
            said.append(sorted(os.listdir(folder)))
    recorder = Recorder()
    for period, states in ((1, False), (2, True)):
        call = mx.callback.module_checkpoint(recorder, "p", period, states)
        for epoch in range(3):
            call(epoch)
            call(epoch, symbol, params, {})
    return said, recorder.calls


def monitored(mx: Any, **kwargs: Any) -> Any:
    data = mx.sym.Variable("data")
    out = mx.sym.Activation(mx.sym.FullyConnected(data, num_hidden=2, name="fc"), act_type="relu", name="relu")
    executor = out.bind(mx.cpu(), {"data": mx.nd.array([[1, 2, 3]]), "fc_weight": mx.nd.array([[1, 0, 2], [0, 1, 0]]),
                                   "fc_bias": mx.nd.array([1, 2])})
    monitor = mx.monitor.Monitor(**kwargs)
    monitor.install(executor)
    said = []
    for _ in range(4):
        monitor.tic()
        executor.forward(is_train=True)
        said.append([[step, name, [float(x) for x in re.findall(r"[-\d.]+(?:e[-+]\d+)?", text)], text.count("\t")]
                     for step, name, text in monitor.toc()])
    monitor.tic()
    with Lines() as lines:
        executor.forward()
        monitor.toc_print()
    return said, [line.split()[:3] for line in lines]


@stage
def monitor(mx: Any) -> Any:
    return [attempt(lambda: monitored(mx, **kwargs)) for kwargs in
            ({"interval": 1}, {"interval": 2}, {"interval": 1, "pattern": ".*weight|relu"},
             {"interval": 3, "sort": True}, {"interval": 1, "monitor_all": True, "pattern": "(?!relu_)"},
             {"interval": 1, "stat_func": lambda x: [x.max(), x.min()]},
             {"interval": 1, "stat_func": lambda x: x}, {"interval": 1, "stat_func": lambda x: 3})]


@stage
def monitor_no_batch(mx: Any) -> Any:
    monitor = mx.monitor.Monitor(2)
    return monitor.toc(), monitor.step, monitor.activated, np.float32(0)
