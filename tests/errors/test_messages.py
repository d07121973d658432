# SPDX-License-Identifier: Apache-2.0
"""Wrong use is answered with what is wrong, where, and what was expected."""
from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import mxnet as mx

S = mx.sym


def test_shape_mismatch_names_node_operator_shapes_and_line():
    net = S.FullyConnected(S.Variable("data"), num_hidden=10, name="fc1")
    with pytest.raises(mx.MXNetError) as caught:
        net.infer_shape(data=(32, 12), fc1_weight=(10, 4))
    message = str(caught.value)
    for part in ("FullyConnected", "'fc1'", "(10, 4)", "(10, 12)", "(32, 12)", "test_messages.py:"):
        assert part in message


def test_shape_mismatch_when_running():
    with pytest.raises(mx.MXNetError, match=r"dot.*\(2, 3\).*\(4, 5\)"):
        mx.nd.dot(mx.nd.ones((2, 3)), mx.nd.ones((4, 5)))


def test_unknown_parameter_suggests_the_nearest():
    with pytest.raises(mx.MXNetError, match="num_hidde'.*Did you mean 'num_hidden'"):
        S.FullyConnected(S.Variable("data"), num_hidde=3, num_hidden=3)
    with pytest.raises(mx.MXNetError, match="num_hidde'.*Did you mean 'num_hidden'"):
        mx.nd.FullyConnected(mx.nd.ones((2, 2)), num_hidde=3)                # and not: num_hidden is required
    with pytest.raises(TypeError, match="Did you mean 'keepdims'"):
        mx.nd.sum(mx.nd.ones((2, 2)), keepdim=True)


def test_required_parameter():
    with pytest.raises(mx.MXNetError, match="FullyConnected: parameter 'num_hidden' .* is required"):
        S.FullyConnected(S.Variable("data"))


def test_parameter_of_wrong_kind():
    with pytest.raises(mx.MXNetError, match=r"num_hidden='x'.*int"):
        S.FullyConnected(S.Variable("data"), num_hidden="x")
    with pytest.raises(mx.MXNetError, match="act_type='rely'.*'relu'"):
        mx.nd.Activation(mx.nd.ones(3), act_type="rely")


def test_wrong_dtype():
    with pytest.raises(mx.MXNetError, match="int32.*float32|float32.*int32"):
        mx.nd.ones(3) + mx.nd.ones(3, dtype="int32")
    with pytest.raises(TypeError, match="'flaot32' is not an element type.*Did you mean 'float32'"):
        mx.nd.zeros(3, dtype="flaot32")


def test_missing_argument_at_bind():
    a, b = S.Variable("alpha"), S.Variable("beta")
    with pytest.raises(ValueError, match="key `beta` is missing in `args`"):
        (a + b).bind(mx.cpu(), {"alpha": mx.nd.ones(3)})


def test_undecidable_shapes_are_listed():
    net = S.FullyConnected(S.Variable("data"), num_hidden=10, name="fc")
    with pytest.raises(mx.MXNetError, match=r"data: unknown.*fc_weight"):
        net.simple_bind(mx.cpu())
    with pytest.warns(UserWarning, match="Cannot decide shape"):
        assert net.infer_shape() == (None, None, None)


def test_unknown_operators_in_json_are_listed_at_once():
    graph = json.loads(S.relu(S.FullyConnected(S.Variable("a"), num_hidden=2, name="fc"), name="act").tojson())
    for node in graph["nodes"]:
        if node["op"] != "null":
            node["op"] += "X"
    with pytest.raises(mx.MXNetError, match="FullyConnectedX.*'fc'.*Did you mean 'FullyConnected'.*reluX.*'act'"):
        mx.sym.load_json(json.dumps(graph))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"nodes": 3}', '{"nodes": [{}]}', '{"nodes": []}',
                                  '{"nodes": [{"op": "null", "name": "a"}], "heads": [[5, 0, 0]]}',
                                  '{"nodes": [{"op": "relu", "name": "a", "inputs": [[0, 0, 0]]}], "heads": [[0, 0]]}',
                                  '{"nodes": [{"op": "null", "name": "a"}], "heads": [["x", 0, 0]]}'])
def test_corrupt_symbol_file(tmp_path, text):
    path = tmp_path / "net-symbol.json"
    path.write_text(text)
    with pytest.raises(mx.MXNetError, match="net-symbol.json"):
        mx.sym.load(str(path))


def test_missing_symbol_file(tmp_path):
    with pytest.raises(mx.MXNetError, match="nothing-symbol.json: there is no such file"):
        mx.sym.load(str(tmp_path / "nothing-symbol.json"))


def test_corrupt_parameter_file(tmp_path):
    path = tmp_path / "net-0001.params"
    mx.nd.save(str(path), {"arg:w": mx.nd.ones((3, 4))})
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2])
    with pytest.raises(mx.MXNetError, match="net-0001.params"):
        mx.nd.load(str(path))


def test_label_missing_at_inference_is_no_error():
    net = S.SoftmaxOutput(S.FullyConnected(S.Variable("data"), num_hidden=3, name="fc"), name="softmax")
    mod = mx.mod.Module(net)
    with pytest.warns(UserWarning, match="label_names.*softmax_label"):
        mod.bind([("data", (4, 5))], for_training=False)
    mod.init_params()
    mod.forward(mx.io.DataBatch([mx.nd.ones((4, 5))]), is_train=False)
    np.testing.assert_allclose(mod.get_outputs()[0].asnumpy().sum(axis=1), 1, rtol=1e-5)


def test_nan_is_kept():
    x = mx.nd.array([1.0, float("nan"), -1.0])
    assert np.isnan(mx.nd.relu(x).asnumpy()[1])
    assert np.isnan(mx.nd.sum(x).asscalar())
    assert mx.nd.nansum(x).asscalar() == 0.0


def test_backward_needs_head_gradients():
    a = S.Variable("a")
    exe = (a * 2).simple_bind(mx.cpu(), a=(3,))
    exe.forward(is_train=True)
    with pytest.raises(mx.MXNetError, match="head gradient is required"):
        exe.backward()


def test_gpu_that_is_not_there():
    if mx.num_gpus():
        pytest.skip("there is an accelerator here")
    with pytest.raises(mx.MXNetError, match=r"gpu\(0\) does not exist: this machine has no accelerator"):
        mx.nd.zeros((2,), ctx=mx.gpu(0))


def test_runtime_failure_names_the_node():
    a, b = S.Variable("a"), S.Variable("b")
    exe = S.dot(a, b, name="product").bind(mx.cpu(), {"a": mx.nd.ones((2, 3)), "b": mx.nd.ones((3, 4))})
    exe.arg_dict["b"]._tensor = mx.nd.ones((7, 4))._tensor
    with pytest.raises(mx.MXNetError, match="dot 'product.*test_messages.py"):
        exe.forward()


def test_module_says_what_to_call_first():
    mod = mx.mod.Module(S.SoftmaxOutput(S.Variable("data"), name="softmax"))
    with pytest.raises(mx.MXNetError, match="call bind first"):
        mod.forward(None)
    mod.bind([("data", (4, 5))], [("softmax_label", (4,))])
    with pytest.raises(AssertionError, match="call init_params first"):
        mod.get_params()


def test_module_input_names():
    net = S.SoftmaxOutput(S.FullyConnected(S.Variable("dat"), num_hidden=3, name="fc"), name="softmax")
    with pytest.raises(ValueError, match="'data' is not found.*Did you mean 'dat'"):
        mx.mod.Module(net)


def test_no_warning_on_the_normal_way():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mod = mx.mod.Module(S.SoftmaxOutput(S.FullyConnected(S.Variable("data"), num_hidden=2), name="softmax"))
        x, y = np.zeros((8, 3), np.float32), np.zeros(8, np.float32)
        mod.fit(mx.io.NDArrayIter(x, y, batch_size=4), num_epoch=1)
