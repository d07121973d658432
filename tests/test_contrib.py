# SPDX-License-Identifier: Apache-2.0
"""`mx.contrib`: the old paths."""
from __future__ import annotations

import importlib

import numpy as np
import pytest

import mxnet as mx


def test_operators_under_their_old_paths():
    assert mx.contrib.sym.MultiBoxPrior is mx.sym.contrib.MultiBoxPrior
    assert mx.contrib.nd.box_iou is mx.nd.contrib.box_iou
    for path in ("mxnet.contrib.symbol", "mxnet.contrib.ndarray", "mxnet.io.io", "mxnet.ndarray.ndarray",
                 "mxnet.symbol.symbol", "mxnet.module.module", "mxnet.optimizer.optimizer", "mxnet.symbol.contrib"):
        importlib.import_module(path)
    from mxnet.io.io import DataBatch
    assert DataBatch is mx.io.DataBatch


def test_old_autograd():
    x = mx.nd.array([1.0, 2.0, 3.0])
    grads, value = mx.contrib.autograd.grad_and_loss(lambda a: a * a + 1)(x)
    assert grads[0].asnumpy().tolist() == [2, 4, 6] and value.asnumpy().tolist() == [2, 5, 10]
    with mx.contrib.autograd.train_section():
        assert mx.autograd.is_training() and mx.autograd.is_recording()
    assert not mx.autograd.is_recording()


def test_loader_iterator_pads_the_last_batch():
    loader = [(np.ones((4, 2)), np.arange(4)), (np.ones((3, 2)), np.arange(3))]
    it = mx.contrib.io.DataLoaderIter(loader)
    batches = list(it)
    assert [b.pad for b in batches] == [0, 1]
    assert batches[1].data[0].asnumpy().tolist() == [[1, 1]] * 3 + [[0, 0]]
    it.reset()
    assert len(list(it)) == 2


def test_tensorboard_says_what_is_missing(tmp_path):
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        with pytest.raises(mx.MXNetError, match="needs the package tensorboard"):
            mx.contrib.tensorboard.LogMetricsCallback(str(tmp_path))
