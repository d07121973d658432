# SPDX-License-Identifier: Apache-2.0
"""Callbacks and Monitor log what MXNet 1.9.1's log (scenarios/callback.py); the progress bar; loggers."""
from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from scenarios.callback import BatchEndParam
from scenarios.stage import replay, stage_of

import mxnet as mx
import mxnet.callback
import mxnet.metric
import mxnet.monitor
from mxnet import log
from mxnet.base import MXNetError
from mxnet.io import DataBatch

STAGE = stage_of("callback")


@pytest.mark.parametrize("name", STAGE.scenarios)
def test_as_mxnet(name: str) -> None:
    replay(STAGE, name)


def train(bar: Any, epoch: int, batches: int, metric: Any, scope: dict[str, Any] | None) -> None:
    for nbatch in range(batches):
        bar(BatchEndParam(epoch, nbatch, metric, scope))


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in re.split(r"[\r\n]+", capsys.readouterr().err) if line.strip()]


@pytest.fixture
def accuracy() -> Any:
    metric = mx.metric.create(["acc", "loss"])
    metric.update([mx.nd.array([0, 1])], [mx.nd.array([[1, 0], [1, 0]])])
    return metric


def test_progress_bar_for_each_epoch(capsys: pytest.CaptureFixture[str], accuracy: Any) -> None:
    bar = mx.callback.ProgressBar(5, length=100)
    scope = {"data_batch": DataBatch([mx.nd.zeros((8, 3))])}
    for epoch in (0, 1):
        train(bar, epoch, 5, accuracy, scope)
        assert bar._bar is None                     # closed with the last batch
        lines = lines_of(capsys)
        assert lines[0].startswith(f"Epoch {epoch}:   0%")
        assert re.search(rf"Epoch {epoch}: 100%.*5/5 .*samples/s=[\d.e+]+, accuracy=0.5, loss=0.5", lines[-1])
        assert all(len(line) <= 100 for line in lines)


def test_progress_bar_of_a_short_epoch(capsys: pytest.CaptureFixture[str], accuracy: Any) -> None:
    bar = mx.callback.ProgressBar(5)
    train(bar, 0, 3, accuracy, None)
    first = bar._bar
    train(bar, 1, 2, accuracy, None)
    assert first.disable and bar._bar is not first            # tqdm disables a bar that is closed
    bar.close()
    assert any(line.startswith("Epoch 1:") for line in lines_of(capsys))
    bar.close()


def test_progress_bar_of_repeated_scores(capsys: pytest.CaptureFixture[str]) -> None:
    bar = mx.callback.ProgressBar(3)
    train(bar, 0, 2, None, None)
    train(bar, 0, 3, None, {"eval_data": None})
    lines = lines_of(capsys)
    assert sum(" 0/3 " in line for line in lines) >= 2 and "3/3" in lines[-1] and "samples" not in lines[-1]


def test_progress_bar_of_a_longer_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    bar = mx.callback.ProgressBar(2)
    train(bar, 0, 4, None, None)
    bar.close()
    assert "2/2" in lines_of(capsys)[-1]


def test_progress_bar_counts_lists_of_batches() -> None:
    batch = DataBatch([mx.nd.zeros((8, 3))])
    assert mx.callback._batch_size({"data_batch": [batch, batch]}) == 16
    assert mx.callback._batch_size({"batch": batch}) == 8
    assert mx.callback._batch_size({"batch": 3}) == mx.callback._batch_size(None) == 0


def test_progress_bar_needs_batches() -> None:
    with pytest.raises(MXNetError, match="from 1, not 0"):
        mx.callback.ProgressBar(0)


def test_monitor_refuses_other_statistics() -> None:
    executor = (2 * mx.sym.Variable("x")).bind(mx.cpu(), {"x": mx.nd.ones((2,))})
    monitor = mx.monitor.Monitor(1, lambda array: 3)
    monitor.install(executor)
    monitor.tic()
    executor.forward()
    with pytest.raises(MXNetError, match="stat_func returns an NDArray or a list of them, not int"):
        monitor.toc()


def test_monitor_watches_several_executors() -> None:
    monitor = mx.monitor.Monitor(1, pattern="[xy]$")
    for name in "xy":
        monitor.install(mx.sym.relu(mx.sym.Variable(name)).bind(mx.cpu(), {name: mx.nd.ones((2,))}))
    monitor.tic()
    assert [name for _, name, _ in monitor.toc()] == ["x", "y"]


def test_logger_to_a_file(tmp_path: Any) -> None:
    path = tmp_path / "log.txt"
    logger = log.get_logger("tests.log", str(path), level=log.INFO)
    assert log.get_logger("tests.log") is logger and len(logger.handlers) == 1
    logger.propagate = False
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logger.log(level, "a %d", 1)
    logger.handlers.pop().close()
    lines = path.read_text().splitlines()
    assert [line[0] for line in lines] == ["I", "W", "E", "C"]
    assert all(re.fullmatch(r".\d{4} \d\d:\d\d:\d\d \d+ .*:test_logger_to_a_file:\d+\] a 1", line) for line in lines)


def test_logger_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    formatter = log._Formatter()
    record = logging.LogRecord("x", logging.INFO, "file.py", 3, "said %s", ("this",), None, "f")
    assert formatter.format(record).endswith("file.py:f:3]\x1b[0m said this")
    assert log.get_logger() is logging.getLogger()
    with pytest.warns(DeprecationWarning, match="use get_logger"):
        log.getLogger()
