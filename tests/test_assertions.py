# SPDX-License-Identifier: Apache-2.0
"""Where MXNet's Python asserts, the error is an AssertionError too, beside what it says by its class here.

Each call was made with MXNet 1.9.1: all of them raise AssertionError there.
"""
from __future__ import annotations

import warnings

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError

S, X = mx.sym.var("s"), mx.nd.ones((2, 3))


class Double(mx.autograd.Function):
    def forward(self, x):
        return x * 2

    def backward(self, head):
        return head * 2


def called_twice():
    double = Double()
    double(X)
    double(X)


def two_gradients_for_one_head():
    x = mx.nd.ones((2,))
    x.attach_grad()
    with mx.autograd.record():
        y = x * 2
    mx.autograd.backward([y], [x, x])


def no_variables():
    x = mx.nd.ones((2,))
    x.attach_grad()
    with mx.autograd.record():
        y = x * 2
    mx.autograd.grad([y], [])


def written_while_reading(tmp_path):
    path = str(tmp_path / "a.rec")
    mx.recordio.MXRecordIO(path, "w").close()
    mx.recordio.MXRecordIO(path, "r").write(b"x")


def feed_forward(symbol):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mx.model.FeedForward(symbol)


CASES = {
    "heads": (two_gradients_for_one_head, "same length"),
    "no variables": (no_variables, "no variables"),
    "get_symbol": (lambda: mx.autograd.get_symbol(3), "a recorded NDArray, not int"),
    "function twice": (called_twice, "make one for each call"),
    "stn_loc": (lambda: mx.init.Xavier()("stn_loc_bias", mx.nd.zeros((5,))), "6 values"),
    "Load": (lambda: mx.init.Load([1]), "a dict of arrays"),
    "Load shape": (lambda: mx.init.Load({"w": X})("w", mx.nd.zeros((3,))), "Shape mismatch"),
    "Load missing": (lambda: mx.init.Load({"w": X})("v", mx.nd.zeros((3,))), "Not found in loaded param"),
    "Mixed": (lambda: mx.init.Mixed([".*"], []), "1 patterns need as many"),
    "warmup": (lambda: mx.lr_scheduler.FactorScheduler(10, warmup_steps=1.5), "whole number"),
    "warmup over": (lambda: mx.lr_scheduler.FactorScheduler(10, warmup_steps=2).get_warmup_lr(5), "update 2, 5 is not"),
    "steps": (lambda: mx.lr_scheduler.MultiFactorScheduler((1, 2)), "step is a list"),
    "poly": (lambda: mx.lr_scheduler.PolyScheduler(1.5), "strictly positive"),
    "top_k": (lambda: mx.metric.TopKAccuracy(1), "at least 2"),
    "perplexity": (lambda: mx.metric.Perplexity(None).update([X[:, 0].tile((3,))], [X]), "do not fit"),
    "cross entropy": (lambda: mx.metric.CrossEntropy().update([mx.nd.ones((5,))], [X]), "as many labels"),
    "metric name": (lambda: mx.metric.create("nope"), "not a valid metric"),
    "metric type": (lambda: mx.metric.create(3), "string type, not int"),
    "metric twice": (lambda: mx.metric.create(mx.metric.Accuracy(), 1), "instance already"),
    "dumps": (lambda: mx.profiler.dumps(format="x"), "'table' or 'json'"),
    "dumps reset": (lambda: mx.profiler.dumps(reset="x"), "reset is True or False"),
    "reshape": (lambda: X.reshape(), "must be given"),
    "expand_dims": (lambda: X.expand_dims(5, inplace=True), "axis=5"),
    "squeeze": (lambda: X.squeeze(0, inplace=True), "only size 1"),
    "concatenate": (lambda: mx.nd.concatenate([]), "at least one"),
    "concatenate types": (lambda: mx.nd.concatenate([1]), "not of int"),
    "concatenate shapes": (lambda: mx.nd.concatenate([X, mx.nd.ones((2, 4))]), "does not fit"),
    "concatenate dtypes": (lambda: mx.nd.concatenate([X, X.astype("int32")]), "int32 .* does not fit"),
    "dlpack": (lambda: mx.nd.from_dlpack(3), "no capsule"),
    "random mixed": (lambda: mx.nd.random.uniform(X, 1), "not some of each"),
    "random number": (lambda: mx.nd.random.randn(2, loc="x"), "loc is a number"),
    "foreach": (lambda: mx.nd.contrib.foreach(lambda d, s: (d, s), 3, [X]), "is needed, not 3"),
    "foreach states": (lambda: mx.sym.contrib.foreach(lambda d, s: (d, [s, s]), S, mx.sym.var("t")), "2 states"),
    "zipfian": (lambda: mx.sym.contrib.rand_zipfian(3, 1, 5), "a Symbol, not int"),
    "optimize_for": (lambda: S.optimize_for("x", args=[1]), "args cannot be of the type list"),
    "feed forward": (lambda: feed_forward("x"), "a Symbol or a function"),
    "feed forward save": (lambda: feed_forward(S).save("x"), "neither epoch"),
    "cells": (lambda: mx.rnn.LSTMCell(4).unroll(3, None), "not None"),
    "dropout": (lambda: mx.rnn.DropoutCell("x"), "the rate is a number"),
    "array operator": (lambda: mx.nd.FullyConnected(3, X, X, num_hidden=2), "data takes an NDArray, not int"),
    "array operators": (lambda: mx.nd.concat(X, S), "takes an NDArray, not Symbol"),
    "symbol operator": (lambda: mx.sym.FullyConnected(data=X, num_hidden=2), "data must be a Symbol"),
    "symbol operators": (lambda: mx.sym.concat(S, None), "must be a Symbol, not None"),
    "store pull": (lambda: mx.kv.create("local").pull("a"), "needs out="),
    "store keys": (lambda: mx.kv.create("local").init(["a", "b"], [X]), "2 keys"),
    "image mean": (lambda: mx.image.CreateAugmenter((3, 4, 4), mean=np.ones(2)), "one or three values"),
    "image crop": (lambda: mx.image.CreateAugmenter((3, 4, 4), rand_resize=True), "needs rand_crop"),
    "image keyword": (lambda: mx.image.RandomSizedCropAug((4, 4), 0.5, (1, 1), zz=1), "no parameter zz"),
    "image source": (lambda: mx.image.ImageIter(2, (3, 4, 4)), "needs path_imgrec"),
    "retry": (lambda: mx.test_utils.retry(0), "at least 1 time"),
    "consistency": (lambda: mx.test_utils.check_consistency(S, [{"ctx": mx.cpu()}]), "two runs at least"),
    "scope": (lambda: mx.AttrScope(a="3").__exit__(None, None, None), "not entered"),
    "names": (lambda: mx.name.NameManager().__exit__(None, None, None), "not entered"),
    "record": (written_while_reading, "not for writing"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_arguments_that_mxnet_asserts(name, tmp_path):
    call, message = CASES[name]
    with pytest.raises(AssertionError, match=message) as caught:
        call(*[tmp_path] if call is written_while_reading else [])
    assert isinstance(caught.value, MXNetError) and isinstance(caught.value, (ValueError, TypeError))


@pytest.mark.parametrize("axis, shapes", [(0, [(2, 3), (4, 3)]), (1, [(2, 3), (2, 1)]), (-1, [(2, 1, 3), (2, 1, 5)])])
def test_concatenate_takes_sizes_that_differ_along_its_axis(axis, shapes):
    parts = [np.random.rand(*shape).astype("float32") for shape in shapes]
    joined = mx.nd.concatenate([mx.nd.array(part) for part in parts], axis=axis)
    np.testing.assert_array_equal(joined.asnumpy(), np.concatenate(parts, axis))
