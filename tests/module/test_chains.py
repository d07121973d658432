# SPDX-License-Identifier: Apache-2.0
"""SequentialModule and modules in Python; expected numbers are MXNet 1.9.1's."""
import numpy as np
import pytest

import mxnet as mx

DATA = mx.nd.arange(32).reshape((4, 8)) / 32
LABEL = mx.nd.array([0, 1, 2, 0])


def layer(name, size, loss=False):
    net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=size, name=name)
    return mx.mod.Module(mx.sym.SoftmaxOutput(net, name="softmax")) if loss else mx.mod.Module(net, label_names=None)


def chain():
    return mx.mod.SequentialModule().add(layer("fc1", 4)).add(layer("fc2", 3, True), take_labels=True,
                                                               auto_wiring=True)


def test_a_chain_trains():
    chained = chain()
    assert (chained.data_names, chained.output_names) == (["data"], ["softmax_output"])
    chained.bind([("data", (4, 8))], [("softmax_label", (4,))])
    assert chained.data_shapes[0].shape == (4, 8)
    assert chained.output_shapes == [("softmax_output", (4, 3))]
    chained.init_params(mx.init.One())
    chained.init_optimizer(optimizer_params={"learning_rate": 0.5})
    outputs, batch = [], mx.io.DataBatch([DATA], [LABEL])
    for _ in range(3):
        chained.forward_backward(batch)
        chained.update()
        outputs.append(chained.get_outputs()[0].asnumpy()[0])
    np.testing.assert_allclose(outputs[1], [0.73776186, 0.0771544, 0.18508378], rtol=1e-5)
    np.testing.assert_allclose(outputs[2], [0.02310949, 0.19760896, 0.77928156], rtol=1e-5)
    params = chained.get_params()[0]
    np.testing.assert_allclose(params["fc1_weight"].asnumpy().sum(), 25.181269, rtol=1e-6)
    np.testing.assert_allclose(params["fc1_bias"].asnumpy().sum(), -1.761935, rtol=1e-5)
    metric = mx.metric.create("acc")
    chained.update_metric(metric, batch.label)
    assert 0 <= metric.get()[1] <= 1
    assert batch.data[0] is DATA


def test_a_chain_fits_and_predicts():
    rng = np.random.RandomState(0)
    x = rng.normal(size=(64, 8)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    chained = chain()
    chained.fit(mx.io.NDArrayIter(x, y, 8), num_epoch=6, optimizer_params={"learning_rate": 0.5},
                initializer=mx.init.Xavier())
    assert chained.score(mx.io.NDArrayIter(x, y, 8), "acc")[0][1] > 0.9
    assert chained.predict(mx.io.NDArrayIter(x, y, 8)).shape == (64, 3)


def test_gradients_of_the_first_inputs():
    chained = chain()
    chained.bind([("data", (4, 8))], [("softmax_label", (4,))], inputs_need_grad=True)
    chained.init_params(mx.init.Xavier())
    chained.forward_backward(mx.io.DataBatch([DATA], [LABEL]))
    assert chained.get_input_grads()[0].shape == (4, 8)
    assert np.abs(chained.get_input_grads()[0].asnumpy()).sum() > 0


def test_errors_of_chains():
    with pytest.raises(AssertionError, match="'take_label' is no meta. Did you mean 'take_labels'"):
        mx.mod.SequentialModule().add(layer("fc1", 4), take_label=True)
    with pytest.raises(AssertionError, match="add modules"):
        mx.mod.SequentialModule().bind([("data", (4, 8))])
    with pytest.raises(AssertionError, match="bind first"):
        chain().data_shapes                                               # noqa: B018
    twice = mx.mod.SequentialModule().add(layer("fc1", 4)).add(layer("fc1", 3, True), take_labels=True,
                                                                auto_wiring=True)
    twice.bind([("data", (4, 8))], [("softmax_label", (4,))])
    with pytest.raises(AssertionError, match="fc1_bias|fc1_weight"):
        twice.init_params()
    chained = chain()
    chained.bind([("data", (4, 8))], [("softmax_label", (4,))])
    chained.init_params(arg_params={"fc3_weight": mx.nd.ones(1)}, allow_missing=True)      # passed over, as in MXNet
    assert "fc3_weight" not in chained.get_params()[0]


def test_a_loss_in_python_ends_a_chain():
    def grad(scores, labels):
        return mx.nd.softmax(scores) - mx.nd.one_hot(labels, 3)
    ends = []
    for last in (mx.mod.PythonLossModule(grad_func=grad), None):
        first = layer("fc1", 3) if last else layer("fc1", 3, True)
        chained = mx.mod.SequentialModule().add(first, **({} if last else {"take_labels": True}))
        if last:
            chained.add(last, take_labels=True, auto_wiring=True)
        chained.bind([("data", (4, 8))], [("softmax_label", (4,))])
        chained.init_params(mx.init.One())
        chained.init_optimizer(optimizer_params={"learning_rate": 0.5})
        for _ in range(3):
            chained.forward_backward(mx.io.DataBatch([DATA], [LABEL]))
            chained.update()
        ends.append(chained.get_params()[0]["fc1_weight"].asnumpy())
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-5)


def test_python_loss_alone():
    loss = mx.mod.PythonLossModule(grad_func=lambda scores, labels: np.ones((4, 3)))
    loss.bind([("data", (4, 3))], [("softmax_label", (4,))])
    assert loss.output_shapes == [("pyloss_output", (4, 3))]
    assert loss.get_params() == ({}, {})
    scores = mx.nd.arange(12).reshape((4, 3))
    loss.forward(mx.io.DataBatch([scores], [LABEL]), is_train=True)
    loss.backward()
    assert loss.get_input_grads()[0].asnumpy().sum() == 12
    assert loss.get_outputs()[0] is scores
    with pytest.raises(AssertionError, match="out_grads"):
        loss.backward(scores)
    with pytest.raises(AssertionError, match="merge_multi_context"):
        loss.get_outputs(merge_multi_context=False)
    with pytest.raises(NotImplementedError, match="monitor"):
        loss.install_monitor(None)
    with pytest.raises(TypeError, match="grad_func"):
        mx.mod.PythonLossModule(grad_func=3)
    bare = mx.mod.PythonLossModule()
    bare.bind([("data", (4, 3))], [("softmax_label", (4,))])
    with pytest.raises(NotImplementedError, match="grad_func"):
        bare.backward()


def test_errors_of_python_modules():
    module = mx.mod.PythonModule(["data"], ["label"], ["out"])
    with pytest.raises(NotImplementedError, match="_compute_output_shapes"):
        module.bind([("data", (4, 3))], [("label", (4,))])
    with pytest.raises(AssertionError, match="other"):
        module.bind([("other", (4, 3))], [("label", (4,))])
    with pytest.raises(AssertionError, match="grad_req"):
        module.bind([("data", (4, 3))], [("label", (4,))], grad_req="add")
    with pytest.raises(NotImplementedError, match="forward"):
        module.forward(None)
