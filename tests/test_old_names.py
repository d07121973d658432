# SPDX-License-Identifier: Apache-2.0
"""Names that programs of MXNet's time use although they are not public."""
from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def test_default_context_of_the_class():
    before = mx.Context.default_ctx
    try:
        mx.Context.default_ctx = mx.cpu(2)
        assert mx.nd.ones((1,)).context == mx.Context.default_ctx == mx.cpu(2)
        with mx.cpu(1):
            assert mx.Context.default_ctx == mx.cpu(1)
    finally:
        mx.Context.default_ctx = before
    assert mx.current_context() == before


def test_init_data():
    pairs = mx.io._init_data({"b": np.zeros(2), "a": mx.nd.ones((1,))}, False, "data")
    assert [name for name, _ in pairs] == ["a", "b"]
    assert [name for name, _ in mx.io.io._init_data([np.zeros(2), np.zeros(1)], False, "x")] == ["_0_x", "_1_x"]
    assert mx.io.io._init_data(None, True, "x") == []


def test_interpolation_method():
    from mxnet.image.image import _get_interp_method
    assert [_get_interp_method(9, sizes) for sizes in ((1, 1, 2, 2), (2, 2, 1, 1), (1, 2, 2, 1), ())] == [2, 3, 1, 2]


def test_merging_outputs_of_contexts():
    from mxnet.module.executor_group import _merge_multi_context
    parts = [[mx.nd.ones((2, 3)), mx.nd.zeros((1, 3))], [mx.nd.ones((2, 1))] * 2]
    assert [array.shape for array in _merge_multi_context(parts, [0, 1])] == [(3, 3), (2, 2)]


def test_copying_from_numpy():
    x = mx.nd.zeros((2, 3))
    x._sync_copyfrom(np.arange(6).reshape(2, 3))
    assert x.writable and x.asnumpy().tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match=r"\(3,\), this one \(2, 3\)"):
        x._sync_copyfrom(np.ones(3))


def test_layout_of_record_headers():
    from mxnet.recordio import _IR_FORMAT, _IR_SIZE
    assert (_IR_FORMAT, _IR_SIZE) == ("IfQQ", 24)


def test_names_of_an_executor_group():
    module = mx.mod.Module(mx.sym.SoftmaxOutput(mx.sym.Variable("data"), name="softmax"))
    module.bind([("data", (2, 3))], [("softmax_label", (2,))])
    assert (module._exec_group.data_names, module._exec_group.label_names) == (["data"], ["softmax_label"])


def test_every_lent_name_is_there():
    import importlib

    from mxnet import _old_names
    for owner, names in _old_names._LENT.items():
        module = importlib.import_module(f"mxnet.{owner}")
        for name in names.split():
            name = name.partition("=")[0]
            if name not in ("ss", "cv2"):                   # packages that need not be there
                assert getattr(module, name) is not None, (owner, name)


def test_lent_names_are_the_same_things():
    import array
    import math

    assert mx.monitor.py_str is mx.base.py_str and mx.registry.string_types == (str,)
    assert mx.autograd.array is array.array and mx.io.io.array is mx.nd.array
    assert mx.initializer.random is mx.random and mx.rnn.random.__name__ == "random"
    assert mx.initializer.sqrt is math.sqrt and mx.optimizer.optimizer.sqrt is mx.nd.sqrt
    assert mx.model.FeedForward.__name__ == "FeedForward"         # what a module finds by itself it goes on to find
    with pytest.raises(AttributeError, match="no attribute 'sgd_update'"):
        _ = mx.recordio.sgd_update


def test_star_of_test_utils():
    space: dict = {}
    exec("from mxnet.test_utils import *", space)
    assert space["np"] is np and space["mx"] is mx and "assert_almost_equal" in space
