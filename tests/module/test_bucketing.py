# SPDX-License-Identifier: Apache-2.0
"""BucketingModule; expected numbers are MXNet 1.9.1's."""
import logging

import numpy as np
import pytest

import mxnet as mx

LABELS = [("softmax_label", (4,))]


def sym_gen(length):
    """The mean of embeddings, classified: any length, the same parameters."""
    words = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=10, output_dim=4, name="emb")
    net = mx.sym.FullyConnected(mx.sym.mean(words, axis=1), num_hidden=3, name="fc")
    return mx.sym.SoftmaxOutput(net, name="softmax"), ("data",), ("softmax_label",)


def batch(length):
    return mx.io.DataBatch([mx.nd.ones((4, length))], [mx.nd.zeros((4,))], bucket_key=length,
                           provide_data=[("data", (4, length))], provide_label=LABELS)


def made(**kwargs):
    module = mx.mod.BucketingModule(sym_gen, default_bucket_key=8, **kwargs)
    module.bind([("data", (4, 8))], LABELS)
    module.init_params(mx.init.One())
    module.init_optimizer(optimizer_params={"learning_rate": 0.1})
    return module


def trained(**kwargs):
    module = made(**kwargs)
    outputs = []
    for length in (8, 5, 3, 8):
        module.forward_backward(batch(length))
        module.update()
        outputs.append(module.get_outputs()[0].asnumpy()[0])
    return module, np.array(outputs)


def test_all_buckets_train_the_same_parameters():
    module, outputs = trained()
    np.testing.assert_allclose(outputs[:, 0], [0.33333334, 0.45186272, 0.55526114, 0.63795966], rtol=1e-6)
    np.testing.assert_allclose(outputs[:, 1], [0.33333334, 0.27406865, 0.22236943, 0.1810202], rtol=1e-6)
    params = module.get_params()[0]
    np.testing.assert_allclose(params["emb_weight"].asnumpy().sum(), 40.090446, rtol=1e-6)
    np.testing.assert_allclose(params["fc_weight"].asnumpy().sum(), 12, rtol=1e-6)
    assert list(module._buckets) == [8, 5, 3]


def test_buckets_share_memory_of_parameters_and_gradients():
    module, _ = trained()
    first, second = (module._buckets[key]._exec_group.execs[0] for key in (8, 3))
    for name in ("emb_weight", "fc_weight", "fc_bias"):
        assert first.arg_dict[name] is second.arg_dict[name]
        assert first.grad_dict[name] is second.grad_dict[name]
    assert module._buckets[8]._updater is module._buckets[3]._updater


def test_two_contexts():
    _, one = trained()
    _, two = trained(context=[mx.cpu(0), mx.cpu(1)])
    np.testing.assert_allclose(one, two, rtol=1e-5)


def test_prepare_binds_a_bucket_and_stays():
    module = made()
    module.prepare(batch(6))
    assert 6 in module._buckets
    assert module.data_shapes[0].shape == (4, 8)
    module.switch_bucket(6, [("data", (4, 6))], LABELS)
    assert module.data_shapes[0].shape == (4, 6)
    assert module.label_shapes[0].shape == (4,)
    assert module.output_shapes == [("softmax_output", (4, 3))]
    assert module.symbol is module._buckets[6].symbol


def test_fit_and_score(caplog):
    rng = np.random.RandomState(0)
    sentences = [[int(word)] * int(length) for word, length in zip(rng.randint(1, 4, 60), rng.randint(2, 8, 60))]

    def next_word(length):
        words = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=5, output_dim=8, name="emb")
        net = mx.sym.FullyConnected(mx.sym.reshape(words, shape=(-1, 8)), num_hidden=5, name="fc")
        label = mx.sym.reshape(mx.sym.Variable("softmax_label"), shape=(-1,))
        return mx.sym.SoftmaxOutput(net, label, use_ignore=True, ignore_label=0, name="softmax"), \
            ("data",), ("softmax_label",)
    mx.random.seed(1)
    np.random.seed(1)
    batches = mx.rnn.BucketSentenceIter(sentences, 4, buckets=[4, 8], invalid_label=0)
    module = mx.mod.BucketingModule(next_word, default_bucket_key=batches.default_bucket_key)
    with caplog.at_level(logging.INFO):
        module.fit(batches, eval_data=batches, eval_metric=mx.metric.Perplexity(0), num_epoch=8,
                   optimizer_params={"learning_rate": 1.0}, initializer=mx.init.Xavier())
    assert sorted(module._buckets) == [4, 8]
    assert module.score(batches, mx.metric.Perplexity(0))[0][1] < 1.2
    assert "Validation-perplexity" in caplog.text


def test_monitor_sees_buckets_to_come():
    module, seen = made(), []
    module.install_monitor(mx.mon.Monitor(1, lambda x: seen.append(x.shape) or x.sum(), pattern="emb_output"))
    monitor = module._monitor
    for length in (8, 5):
        monitor.tic()
        module.forward(batch(length), is_train=True)
        monitor.toc()
    assert (4, 8, 4) in seen
    assert (4, 5, 4) in seen


def test_checkpoint(tmp_path):
    module, _ = trained()
    prefix = str(tmp_path / "net")
    module.save_checkpoint(prefix, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "net-0003.params", "net-3-symbol.json", "net-5-symbol.json", "net-8-symbol.json", "net.buckets"]
    keys = mx.nd.load(f"{prefix}.buckets")[0]
    assert keys.dtype == np.int32 and keys.asnumpy().tolist() == [8, 5, 3]
    again = mx.mod.BucketingModule.load(prefix, 3, sym_gen=sym_gen, default_bucket_key=8)
    assert again.params_initialized and not again.binded
    again.bind([("data", (4, 8))], LABELS, for_training=False)
    for length in (3, 8, 6):
        module.forward(batch(length), is_train=False)
        again.forward(batch(length), is_train=False)
        np.testing.assert_array_equal(module.get_outputs()[0].asnumpy(), again.get_outputs()[0].asnumpy())


def test_rebinding_keeps_parameters():
    module, _ = trained()
    before = {name: value.asnumpy().copy() for name, value in module.get_params()[0].items()}
    module.bind([("data", (2, 8))], [("softmax_label", (2,))], force_rebind=True)
    for name, value in module.get_params()[0].items():
        np.testing.assert_array_equal(value.asnumpy(), before[name])


def test_set_params_reaches_all_buckets():
    module, _ = trained()
    _, auxs = module.get_params()
    module.set_params({"fc_bias": mx.nd.array([1., 2, 3])}, auxs, allow_missing=True)
    module.forward(batch(3), is_train=False)
    assert module._buckets[3]._exec_group.execs[0].arg_dict["fc_bias"].asnumpy().tolist() == [1, 2, 3]
    assert module.get_params()[0]["fc_bias"].asnumpy().tolist() == [1, 2, 3]


def test_errors():
    with pytest.raises(AssertionError, match="default_bucket_key"):
        mx.mod.BucketingModule(sym_gen)
    module = mx.mod.BucketingModule(sym_gen, 8)
    assert (list(module.data_names), module.output_names) == (["data"], ["softmax_output"])
    for call in (lambda: module.data_shapes, lambda: module.switch_bucket(3, []), module.get_params,
                 lambda: module.save_checkpoint("x", 1)):
        with pytest.raises(AssertionError, match="bind"):
            call()
    with pytest.raises(AssertionError, match="shared_module"):
        module.bind([("data", (4, 8))], LABELS, shared_module=module)
    with pytest.raises(AssertionError, match="sym_gen is required"):
        mx.mod.BucketingModule.load("x", 1)
    words = mx.mod.BucketingModule(lambda key: sym_gen(len(key)), "abc")
    words.bind([("data", (4, 3))], LABELS)
    words.init_params()
    with pytest.raises(TypeError, match="integers"):
        words.save_checkpoint("x", 1)
