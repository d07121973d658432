# SPDX-License-Identifier: Apache-2.0
"""mx.test_utils; defaults and results are MXNet 1.9.1's."""
import gzip
import os
import struct

import numpy as np
import pytest

import mxnet as mx
from mxnet import test_utils as utils

A, B = mx.sym.Variable("a"), mx.sym.Variable("b")
ONE, TWO = np.ones(3, np.float32), np.full(3, 2, np.float32)


def test_tolerances():
    assert {kind.name: value for kind, value in utils.default_rtols().items()} == {
        "float16": 1e-2, "float32": 1e-4, "float64": 1e-5, "bool": 0, "int8": 0, "uint8": 0, "int32": 0, "uint32": 0,
        "int64": 0, "uint64": 0}
    assert utils.default_atols()[np.dtype("float32")] == 1e-3
    assert utils.default_numeric_eps()[np.dtype("float32")] == 2.0 ** -9
    assert (utils.get_rtol(), utils.get_atol(None, np.float16), utils.get_atol(3), utils.get_etol()) == (1e-5, .1, 3, 0)
    assert utils.get_tols(np.zeros(2, "f"), np.zeros(2, "float16"), None, None) == (1e-2, 1e-1)
    assert utils.get_tols(mx.nd.zeros(2), 2.0, None, .1) == (1e-4, .1)
    assert utils.get_tols(1, 2, None, None) == (0, 0)
    assert utils.get_tolerance(ONE, {np.dtype("float32"): .5}, utils.default_rtols()) == .5


@pytest.mark.parametrize("a, b, kwargs, fits", [
    (np.array([1, 2.]), np.array([1, 2.5]), {}, False),
    (mx.nd.array([1, 2.]), mx.nd.array([1, 2.00001]), {}, True),
    (np.array([1, np.nan]), np.array([1, np.nan]), {}, False),
    (np.array([1, np.nan]), np.array([1, np.nan]), dict(equal_nan=True), True),
    (np.array([np.inf, 1]), np.array([np.inf, 1]), {}, True),
    (np.array([np.inf, 1]), np.array([-np.inf, 1]), {}, False),
    (np.zeros((2, 3)), np.zeros(3), {}, True),
    (np.zeros((2, 3)), np.zeros(3), dict(use_broadcast=False), False),
    (np.array([True, False]), np.array([True, True]), {}, False),
    (np.zeros(0), np.zeros(0), {}, True),
    (np.array([1, 2], np.int64), np.array([1, 3], np.int64), {}, False)])
def test_assert_almost_equal(a, b, kwargs, fits):
    if fits:
        utils.assert_almost_equal(a, b, **kwargs)
    else:
        with pytest.raises(AssertionError, match="differ"):
            utils.assert_almost_equal(a, b, **kwargs)


def test_the_message_shows_where():
    with pytest.raises(AssertionError, match=r"x and y differ in 50.*20000 at \(1,\): x=2.0+, y=2.5"):
        try:
            utils.assert_almost_equal(np.array([1, 2.]), np.array([1, 2.5]), names=("x", "y"))
        except AssertionError as error:
            raise AssertionError(str(error).replace("\n", " ")) from error


def test_other_comparisons():
    assert not utils.almost_equal(np.array([1.]), np.array([1.0001]))
    assert utils.almost_equal(np.array([1.]), np.array([1.1]), rtol=.2)
    utils.assert_almost_equal_with_err(np.array([1, 2, 3.]), np.array([1, 2, 4.]), etol=.5)
    with pytest.raises(AssertionError, match=r"33\.3"):
        utils.assert_almost_equal_with_err(np.array([1, 2, 3.]), np.array([1, 2, 4.]), etol=.1)
    utils.assert_almost_equal_ignore_nan(np.array([1, np.nan]), np.array([1, 5]))
    array = mx.nd.ones((4,))
    assert utils.same_array(array, array[0:4]) and not utils.same_array(array, array.copy())
    assert array.asnumpy().tolist() == [1, 1, 1, 1]
    assert utils.same_symbol_structure(A + B, B + A) and not utils.same_symbol_structure(A + B, A * B)
    utils.assert_exception(lambda: [][2], IndexError)
    with pytest.raises(AssertionError, match="ValueError"):
        utils.assert_exception(lambda: 1, ValueError)
    utils.compare_ndarray_tuple((mx.nd.ones(2), None), (mx.nd.ones(2), None))
    with pytest.raises(AssertionError):
        utils.compare_ndarray_tuple((mx.nd.ones(2),), (mx.nd.zeros(2),))


def test_simple_forward():
    assert utils.simple_forward(A * B, a=ONE, b=TWO).tolist() == [2, 2, 2]
    assert [out.tolist() for out in utils.simple_forward(mx.sym.Group([A * B, A + B]), a=ONE, b=TWO)] == \
        [[2, 2, 2], [3, 3, 3]]


def test_check_symbolic_forward():
    assert utils.check_symbolic_forward(A * B, [ONE, TWO], [TWO])[0].asnumpy().tolist() == [2, 2, 2]
    name = (A * B).list_outputs()
    assert len(name) == 1
    with pytest.raises(AssertionError, match="EXPECTED_"):
        utils.check_symbolic_forward(A * B, {"a": ONE, "b": TWO}, [ONE * 3])
    with pytest.raises(ValueError, match=r"\['a', 'c'\]"):
        utils.check_symbolic_forward(A * B, {"a": ONE, "c": TWO}, [ONE])
    with pytest.raises(ValueError, match="1 arrays for 2"):
        utils.check_symbolic_forward(A * B, [ONE], [ONE])


def test_check_symbolic_backward():
    grads = utils.check_symbolic_backward(A * B, [ONE, TWO], [ONE], [TWO, ONE])
    assert {name: grad.asnumpy().tolist() for name, grad in grads.items()} == {"a": [2, 2, 2], "b": [1, 1, 1]}
    utils.check_symbolic_backward(A * B, [ONE, TWO], [ONE], {"a": TWO}, grad_req="add")
    utils.check_symbolic_backward(A * B, [ONE, TWO], [ONE], [TWO, ONE], grad_req={"a": "write", "b": "null"})
    with pytest.raises(AssertionError, match="BACKWARD_a"):
        utils.check_symbolic_backward(A * B, [ONE, TWO], [ONE], {"a": ONE})
    loss = mx.sym.MakeLoss(A * 2)
    utils.check_symbolic_backward(loss, [ONE], None, [TWO])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_check_numeric_gradient(dtype):
    np.random.seed(0)
    location = [np.random.rand(2, 3), np.random.rand(2, 3)]
    utils.check_numeric_gradient(mx.sym.tanh(A) * B, location, dtype=dtype)
    utils.check_numeric_gradient(mx.sym.tanh(A) * B, {"a": location[0], "b": location[1]}, grad_nodes=["a"],
                                 dtype=dtype)
    utils.check_numeric_gradient(A * B, location, grad_nodes={"a": "add", "b": "write"}, dtype=dtype)
    with pytest.raises(AssertionError, match="NUMERICAL_a"):
        utils.check_numeric_gradient(mx.sym.BlockGrad(A) * A, location[:1], dtype=dtype)
    with pytest.raises(TypeError, match="int32"):
        utils.check_numeric_gradient(A, location[:1], dtype=np.int32)


def test_check_numeric_gradient_with_states():
    np.random.seed(0)
    net = mx.sym.BatchNorm(A, name="bn", fix_gamma=False)
    utils.check_numeric_gradient(net, [np.random.rand(6, 2), np.ones(2), np.zeros(2)], [np.zeros(2), np.ones(2)],
                                 rtol=0.05, atol=1e-2)


def test_check_consistency():
    net = mx.sym.FullyConnected(A, num_hidden=3, name="fc")
    runs = [{"ctx": mx.cpu(), "a": (2, 4), "type_dict": {"a": kind}} for kind in (np.float32, np.float64)]
    truth = utils.check_consistency(net, runs)
    assert sorted(truth) == ["a", "fc_bias", "fc_output", "fc_weight"]
    assert truth["a"].dtype == np.float64
    assert list(utils.check_consistency(net, runs, grad_req="null")) == ["fc_output"]
    other = [net, mx.sym.FullyConnected(A * 1.1, num_hidden=3, name="fc")]
    with pytest.raises(AssertionError, match=r"\[0\]"):
        utils.check_consistency(other, runs)
    utils.check_consistency(other, runs, raise_on_err=False)
    with pytest.raises(ValueError, match="two runs"):
        utils.check_consistency(net, runs[:1])


def test_speed_and_optimizers():
    assert utils.check_speed(A * B, N=2, a=(3,), b=(3,)) > 0
    assert utils.check_speed(A * B, {"a": ONE, "b": ONE}, N=2, typ="forward") > 0
    with pytest.raises(ValueError, match="backward"):
        utils.check_speed(A * B, N=2, typ="backward", a=(3,), b=(3,))
    sgd = [mx.optimizer.SGD(learning_rate=rate, momentum=.9) for rate in (.1, .1, .2)]
    utils.compare_optimizer(sgd[0], sgd[1], (3, 4), "float32")
    with pytest.raises(AssertionError):
        utils.compare_optimizer(sgd[0], sgd[2], (3, 4), "float32")


def test_random_data_is_that_of_mxnet():
    np.random.seed(0)
    assert utils.random_arrays((2, 2)).ravel().tolist() == pytest.approx([1.7640524, 0.4001572, 0.978738, 2.2408931])
    scalar, vector = utils.random_arrays((), (2,))
    assert float(scalar) == pytest.approx(1.867558) and vector.dtype == np.float32
    np.random.seed(0)
    assert (utils.rand_shape_2d(), utils.rand_shape_3d(), utils.rand_shape_nd(4), utils.rand_shape_nd(4, 3, True),
            utils.rand_shape_2d(3, 3, True), utils.rand_coord_2d(0, 3, 0, 4)) == \
        ((6, 1), (4, 4, 8), (10, 4, 6, 3), (0, 3, 2, 0), (0, 0), (2, 1))
    np.random.seed(0)
    assert utils.random_sample(range(6), 3) == [5, 2, 1]
    assert utils.rand_ndarray((2, 2), dtype="float64").dtype == np.float64
    uniform = utils.random_uniform_arrays((50,), low=1, high=2)[0]
    assert uniform.min() >= 1 and uniform.max() < 2
    with pytest.raises(NotImplementedError, match="sparse"):
        utils.rand_ndarray((3, 3), "row_sparse")


def test_matrices_and_references():
    q = utils.new_orthonormal_matrix_2d(3)
    np.testing.assert_allclose(q @ q.T, np.identity(3), atol=1e-12)
    symmetric = utils.new_sym_matrix_with_real_eigvals_nd((2, 3, 3))
    np.testing.assert_array_equal(symmetric, symmetric.transpose(0, 2, 1))
    assert np.abs(np.linalg.eigvals(utils.new_matrix_with_real_eigvals_nd((2, 3, 3))).imag).max() < 1e-9
    with pytest.raises(ValueError, match="square"):
        utils.new_matrix_with_real_eigvals_nd((2, 3))
    assert utils.np_reduce(np.arange(6).reshape(2, 3), 1, True, np.sum).tolist() == [[3], [12]]
    assert utils.np_reduce(np.arange(6).reshape(2, 3), None, False, np.max) == 5
    assert utils.collapse_sum_like(np.ones((2, 3, 4)), (3, 1)).tolist() == [[8], [8], [8]]
    assert utils.create_2d_tensor(3, 2).asnumpy().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert utils.get_identity_mat_batch(2).shape == (2, 2, 2)
    assert utils.assign_each2(np.array([1, 2]), np.array([1, 2]), lambda x, y: x * y).tolist() == [1, 4]


def test_generators():
    np.random.seed(0)
    halves = [(0, .5), (.5, 1)]
    p, counts, expected = utils.chi_square_check(lambda n: np.random.rand(n), halves, [.5, .5], 1000)
    assert 0 < p <= 1 and counts.sum() == 1000 and expected.tolist() == [500, 500]
    assert len(utils.verify_generator(lambda n: np.random.rand(n), halves, [.5, .5], 1000)) == 5
    with pytest.raises(AssertionError, match="0 of 5"):
        utils.verify_generator(lambda n: np.random.rand(n) ** 2, halves, [.5, .5], 1000)
    assert utils.mean_check(lambda n: mx.nd.array(np.random.randn(n)), 0, 1, 1000)
    assert not utils.mean_check(lambda n: np.random.randn(n) + 1, 0, 1, 1000)
    assert utils.var_check(lambda n: np.random.randn(n), 1, 1000)


def test_environment(monkeypatch):
    monkeypatch.setenv("UTILS_A", "old")
    with utils.environment({"UTILS_A": None, "UTILS_B": 1}):
        assert (utils.getenv("UTILS_A"), os.environ["UTILS_B"]) == (None, "1")
    assert (os.environ["UTILS_A"], utils.getenv("UTILS_B")) == ("old", None)
    with pytest.raises(TypeError, match="environment"), utils.environment("UTILS_A"):
        pass


def test_discard_stderr(capfd):
    with utils.discard_stderr():
        os.write(2, b"hidden")
    os.write(2, b"shown")
    assert capfd.readouterr().err == "shown"


def test_retry():
    tries = []

    @utils.retry(3)
    def sometimes():
        tries.append(1)
        assert len(tries) == 3
    sometimes()
    assert len(tries) == 3
    with pytest.raises(ValueError, match="1"):
        utils.retry(0)


def test_default_context():
    before = utils.default_context()
    try:
        utils.set_default_context(mx.cpu(1))
        assert utils.default_context() == mx.cpu(1) == mx.nd.ones(1).context
    finally:
        utils.set_default_context(before)
    assert utils.default_dtype() is np.float32 and list(utils.list_gpus()) == list(range(mx.context.num_gpus()))


def test_dummy_iterator():
    batches = utils.DummyIter(mx.io.NDArrayIter(np.arange(8).reshape(4, 2), batch_size=2))
    first, second = next(batches), next(batches)
    assert first is second and batches.batch_size == 2


def test_download(tmp_path):
    with pytest.raises(mx.MXNetError, match=r"cannot download.*put the file"):
        utils.download("http://127.0.0.1:9/x.bin", dirname=str(tmp_path), retries=0)
    with pytest.raises(ValueError, match="ftp"):
        utils.download("ftp://x/y.bin", dirname=str(tmp_path))
    (tmp_path / "x.bin").write_bytes(b"here")
    assert utils.download("http://127.0.0.1:9/x.bin", dirname=str(tmp_path)) == str(tmp_path / "x.bin")


def idx(*shape):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + \
        (np.arange(np.prod(shape)) % 256).astype(np.uint8).tobytes()


def test_get_mnist(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mx.MXNetError, match=r"train-images.*MXNET_HOME"):
        utils.get_mnist()
    folder = tmp_path / "datasets" / "mnist"
    folder.mkdir(parents=True)
    for name, count in (("train", 6), ("t10k", 4)):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(idx(count, 28, 28))
        with gzip.open(folder / f"{name}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(idx(count))
    data = utils.get_mnist()
    assert data["train_data"].shape == (6, 1, 28, 28) and data["train_data"].dtype == np.float32
    assert data["train_data"].max() == 1 and data["test_label"].tolist() == [0, 1, 2, 3]
    train, test = utils.get_mnist_iterator(2, (784,), num_parts=2)
    assert len(list(train)) == 2 and train.provide_data[0].shape == (2, 784) and len(list(test)) == 2
    (folder / "train-images-idx3-ubyte").write_bytes(idx(6, 28, 28)[:-1])
    with pytest.raises(mx.MXNetError, match=r"train-images-idx3-ubyte: 4703 bytes"):
        utils.get_mnist()
