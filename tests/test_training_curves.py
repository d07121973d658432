# SPDX-License-Identifier: Apache-2.0
"""mx.viz.plot_training: which points come from logs and records, and what is refused."""
import logging
import sys

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError, MXNetTypeError, MXNetValueError
from mxnet.training_curves import read_log

LOG = """2020-01-01 00:00:00,000 INFO Epoch[0] Batch [0-20]\tSpeed: 512.30 samples/sec\taccuracy=0.250000\tce=1.5e-01
noise
[host1] Epoch[0] Batch [40]\tSpeed: inf samples/sec\taccuracy=0.500000\tce=nan
INFO:root:Epoch[0] Train-accuracy=0.400000
INFO:root:Epoch[0] Train-cross-entropy=1.250000
INFO:root:Epoch[0] Time cost=3.210
INFO:root:Epoch[0] Validation-accuracy=0.600000
Iter[1] Batch[7] Train-top_k_accuracy_5=0.900000
Epoch[1] Train-accuracy=0.700000
"""


def test_a_log_is_read():
    found = read_log(LOG.splitlines())
    assert found.batches[0] == (0, 20, {"accuracy": 0.25, "ce": 0.15})
    assert found.batches[1][:2] == (0, 40) and np.isnan(found.batches[1][2]["ce"])
    assert found.batches[2] == (1, 7, {"top_k_accuracy_5": 0.9})
    assert found.epochs == {0: {"accuracy": 0.4, "cross-entropy": 1.25}, 1: {"accuracy": 0.7}}
    assert found.validations == {0: {"accuracy": 0.6}}


def lines_of(axes):
    return {line.get_label(): [tuple(map(float, point)) for point in line.get_xydata()] for line in axes.get_lines()}


def test_curves_are_drawn(tmp_path):
    path = tmp_path / "run.log"
    path.write_text(LOG)
    figure = mx.viz.plot_training(path, tmp_path / "run.png", title="a run")
    assert [axes.get_ylabel() for axes in figure.axes] == ["accuracy", "ce", "top_k_accuracy_5", "cross-entropy"]
    drawn = lines_of(figure.axes[0])
    assert drawn["training"] == [(1.0, 0.4), (2.0, 0.7)] and drawn["validation"] == [(1.0, 0.6)]
    assert drawn["training, batches"] == [(21 / 41, 0.25), (1.0, 0.5)]
    assert (tmp_path / "run.png").read_bytes()[:4] == b"\x89PNG"
    mx.viz.plot_training(str(path), tmp_path / "run.svg", metrics=["accuracy"])
    assert b"<svg" in (tmp_path / "run.svg").read_bytes()


def test_what_fit_logs_and_what_callbacks_record_is_the_same(tmp_path, caplog):
    net = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=2), name="softmax")
    rng = np.random.RandomState(0)
    data = mx.io.NDArrayIter(rng.normal(size=(40, 3)), rng.randint(0, 2, 40), batch_size=4)
    history = mx.callback.History()
    with caplog.at_level(logging.INFO):
        mx.mod.Module(net).fit(data, data, eval_metric=["acc", "ce"], num_epoch=3,
                               batch_end_callback=[history, mx.callback.Speedometer(4, 3)],
                               eval_end_callback=history.validation)
    logged = read_log(caplog.messages)
    assert len(history.batches) == 30 and len(logged.batches) == 9
    for epoch in range(3):
        for mine, theirs in ((logged.epochs, history.epochs), (logged.validations, history.validations)):
            assert mine[epoch] == pytest.approx(theirs[epoch], abs=1e-6)
    figure = mx.viz.plot_training(history)
    assert len(lines_of(figure.axes[0])["training, batches"][0]) == 2
    assert mx.viz.plot_training(caplog.messages).axes[1].get_ylabel() == "cross-entropy"


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(MXNetError, match="nothing.log: the log cannot be read: No such file"):
        mx.viz.plot_training(tmp_path / "nothing.log")
    (tmp_path / "other.log").write_text("hello\n")
    with pytest.raises(MXNetError, match="other.log: there is no line that training logs"):
        mx.viz.plot_training(tmp_path / "other.log")
    with pytest.raises(MXNetValueError, match="there is nothing to draw"):
        mx.viz.plot_training([])
    with pytest.raises(MXNetTypeError, match="not a int"):
        mx.viz.plot_training(3)
    with pytest.raises(MXNetValueError, match="no metric 'acuracy', but accuracy.*Did you mean"):
        mx.viz.plot_training(["Epoch[0] Train-accuracy=0.5"], metrics=["acuracy"])
    with pytest.raises(MXNetValueError, match=r"run.tiffany: Format 'tiffany' is not supported"):
        mx.viz.plot_training(["Epoch[0] Train-accuracy=0.5"], tmp_path / "run.tiffany")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MXNetError, match="pip install matplotlib"):
        mx.viz.plot_training(["Epoch[0] Train-accuracy=0.5"])
