# SPDX-License-Identifier: Apache-2.0
"""NDArray: attributes, views and copies, indexing, arithmetic, conversion. The facts are MXNet 1.9.1's answers."""
from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import mxnet as mx


def cube():
    return mx.nd.array(np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize("key, shape", [
    (0, (3, 4)), ((0, 1, 2), (1,)), ((slice(None), 1), (2, 4)), (-1, (3, 4)), (slice(None, None, -1), (2, 3, 4)),
    (None, (1, 2, 3, 4)), ((Ellipsis, 1), (2, 3)), ((0, None, 1), (1, 4)), ((), (2, 3, 4)), (slice(1, 1), (0, 3, 4)),
    (slice(0, 5), (2, 3, 4)), (slice(-5, None), (2, 3, 4)), ([1, 0], (2, 3, 4)), (np.array([1, 0, 1]), (3, 3, 4)),
    ((slice(None), [0, 2]), (2, 2, 4)), (([0, 1], [1, 2]), (2, 4)), ((0, [1, 2], slice(1, 3)), (2, 2))])
def test_reading_parts(key, shape):
    x = cube()
    part = x[key]
    assert part.shape == shape
    expected = x.asnumpy()[key]
    np.testing.assert_array_equal(part.asnumpy().reshape(-1), np.asarray(expected).reshape(-1))


def test_indexing_with_arrays():
    x = cube()
    np.testing.assert_array_equal(x[mx.nd.array([1, 0])].asnumpy(), x.asnumpy()[[1, 0]])
    np.testing.assert_array_equal(x[mx.nd.array([1.0]), mx.nd.array([2], dtype="int32")].asnumpy(),
                                  x.asnumpy()[[1], [2]])


@pytest.mark.parametrize("key, error", [(5, IndexError), ((0, 3), IndexError), ((0, 0, 0, 0), IndexError),
                                        ("a", ValueError), (1.5, ValueError), ([5], IndexError)])
def test_bad_indices(key, error):
    with pytest.raises(error) as caught:
        cube()[key]
    assert isinstance(caught.value, mx.MXNetError)


def test_contiguous_parts_are_views_and_others_copies():
    y = mx.nd.zeros((2, 3))
    row = y[1]
    row[:] = 5
    assert y.asnumpy().tolist() == [[0, 0, 0], [5, 5, 5]]
    column = y[:, 1]
    column[:] = 7
    assert y.asnumpy().tolist() == [[0, 0, 0], [5, 5, 5]]
    flat = y.reshape((3, 2))
    flat[0] = 100
    assert y.asnumpy().tolist() == [[100, 100, 0], [5, 5, 5]]


def test_writing_parts():
    y = mx.nd.zeros((2, 3))
    y[0, 1:3] = [8, 9]
    y[mx.nd.array([0, 1]), mx.nd.array([0, 0])] = mx.nd.array([3, 4])
    assert y.asnumpy().tolist() == [[3, 8, 9], [4, 0, 0]]
    y[:, ::-1] = mx.nd.array([[1, 2, 3], [4, 5, 6]])
    assert y.asnumpy().tolist() == [[3, 2, 1], [6, 5, 4]]
    y[1] = np.array([1, 2, 3])
    y[:] = y * 2
    assert y.asnumpy().tolist() == [[6, 4, 2], [2, 4, 6]]
    with pytest.raises(ValueError, match=r"\(4,\) do not fit.*\(3,\)"):
        y[0] = [1, 2, 3, 4]


@pytest.mark.parametrize("operation, expected", [
    (lambda i: i + 1.5, [2, 3, 4]), (lambda i: i * 2.7, [2, 4, 6]), (lambda i: i / 2, [0, 1, 1]),
    (lambda i: i / i, [1, 1, 1]), (lambda i: i % 2, [1, 0, 1]), (lambda i: 2 ** i, [2, 4, 8]),
    (lambda i: i ** 0.5, [1, 1, 1]), (lambda i: -i, [-1, -2, -3]), (lambda i: i > 1, [0, 1, 1]),
    (lambda i: 10 - i, [9, 8, 7]), (lambda i: 10 / i, [10, 5, 3]), (lambda i: abs(-i), [1, 2, 3]),
    (lambda i: i // 2, [0, 1, 1]), (lambda i: 7 // i, [7, 3, 2])])
def test_integer_arithmetic(operation, expected):
    result = operation(mx.nd.array([1, 2, 3], dtype="int32"))
    assert result.dtype is np.int32
    assert result.asnumpy().tolist() == expected


def test_arithmetic_both_ways_and_in_place():
    x = mx.nd.array([1.0, 2.0, 4.0])
    same = x
    x += 1
    x *= mx.nd.array([2.0, 2.0, 2.0])
    x -= 1
    x /= 2
    assert same is x
    np.testing.assert_allclose(x.asnumpy(), [1.5, 2.5, 4.5])
    np.testing.assert_allclose((10 - x).asnumpy(), [8.5, 7.5, 5.5])
    np.testing.assert_allclose((x // 2).asnumpy(), [0, 1, 2])
    np.testing.assert_allclose((-7.5 // x).asnumpy(), np.floor(-7.5 / np.array([1.5, 2.5, 4.5])))


@pytest.mark.parametrize("other", ["a", None, np.ones(3), [1, 2, 3]])
def test_arithmetic_with_other_types(other):
    with pytest.raises(TypeError):
        mx.nd.ones(3) + other


def test_matrix_product_operator():
    a, b = mx.nd.array([[1, 2], [3, 4]]), mx.nd.ones((2, 2))
    assert (a @ b).asnumpy().tolist() == [[3, 3], [7, 7]]


@pytest.mark.parametrize("codes, shape", [((-1,), (24,)), ((0, -1), (2, 12)), ((-2,), (2, 3, 4)), ((-3, 4), (6, 4)),
                                          ((-4, 1, 2, -2), (1, 2, 3, 4)), ((6, 4), (6, 4))])
def test_reshape(codes, shape):
    assert cube().reshape(codes).shape == shape
    assert cube().reshape(*codes).shape == shape
    assert cube().reshape(shape=codes).shape == shape


def test_reshape_errors():
    assert cube().reshape((-1, 0), reverse=True).shape == (6, 4)
    for shape in [(5, 5), (2, 2), (-1, 5)]:
        with pytest.raises(mx.MXNetError, match="24"):
            cube().reshape(shape)
    with pytest.raises(mx.MXNetError):
        cube().reshape()


def test_default_dtypes():
    assert mx.nd.array([1, 2]).dtype is np.float32
    assert mx.nd.array(np.array([1, 2], dtype="int32")).dtype is np.float32
    assert mx.nd.array(mx.nd.ones(2, dtype="int32")).dtype is np.int32
    assert mx.nd.array([1], dtype="float16").dtype is np.float16
    assert mx.nd.arange(5).dtype is np.float32
    assert mx.nd.array(5).shape == ()
    assert mx.nd.array([]).shape == (0,)
    with pytest.raises(TypeError, match="array like"):
        mx.nd.array(["a"])
    with pytest.raises(TypeError, match="array like"):
        mx.nd.array([[1, 2], [3]])


def test_truth_length_and_numbers():
    with pytest.raises(ValueError, match="ambiguous"):
        bool(cube())
    assert not mx.nd.array([0])
    assert len(cube()) == 2
    assert [row.shape for row in cube()] == [(3, 4), (3, 4)]
    assert mx.nd.array([3]).asscalar() == 3.0
    assert float(mx.nd.array([2.5])) == 2.5 and int(mx.nd.array([2.5])) == 2
    with pytest.raises(ValueError, match="not a scalar"):
        cube().asscalar()
    assert [10, 20, 30][mx.nd.array([1], dtype="int32")] == 20
    with pytest.raises(TypeError):
        [10][mx.nd.array([0.0])]


def test_repr_is_mxnets():
    assert repr(mx.nd.ones((2,))) == "\n[1. 1.]\n<NDArray 2 @cpu(0)>"
    assert repr(mx.nd.zeros((1, 2), ctx=mx.cpu(3))) == "\n[[0. 0.]]\n<NDArray 1x2 @cpu(3)>"
    assert repr(mx.nd.array(5)) == "\n5.0\n<NDArray  @cpu(0)>"


def test_contexts():
    one, zero = mx.nd.ones((2,), mx.cpu(1)), mx.nd.ones((2,))
    assert (one + zero).context == mx.cpu(1) and mx.cpu(1) != mx.cpu(0)
    assert zero.as_in_context(mx.cpu(0)) is zero
    with mx.Context("cpu", 2):
        assert mx.nd.ones(1).ctx == mx.cpu(2)
        assert mx.current_context() == mx.cpu(2)
    assert mx.current_context() == mx.cpu(0)
    assert mx.nd.zeros((2,), ctx="cpu(1)").ctx == mx.cpu(1)
    with pytest.raises(ValueError, match="not a device type.*Did you mean 'cpu'"):
        mx.Context("cpuu")


def test_copying():
    x = cube()
    y = x.copy()
    y[:] = 0
    assert x.asnumpy().sum() == 276
    target = mx.nd.zeros((2, 3, 4), dtype="int32")
    assert x.copyto(target) is target and target.asnumpy()[1, 2, 3] == 23
    with pytest.warns(RuntimeWarning, match="itself"):
        assert x.copyto(x) is False
    with pytest.raises(mx.MXNetError, match=r"\(2, 3\).*\(2, 3, 4\)"):
        x.copyto(mx.nd.zeros((2, 3)))
    with pytest.raises(TypeError, match="does not support"):
        x.copyto(5)
    values = x.asnumpy()
    values[:] = 0
    assert x.asnumpy().sum() == 276


def test_operators_give_memory_of_their_own():
    x = mx.nd.ones((2, 3))
    for made in (x.T, mx.nd.reshape(x, shape=(3, 2)), mx.nd.transpose(x), mx.nd.flatten(x), mx.nd.identity(x),
                 mx.nd.slice_axis(x, axis=0, begin=0, end=1), mx.nd.expand_dims(x, axis=0), x.astype("float32"),
                 mx.nd.squeeze(x), mx.nd.stop_gradient(x)):
        made[:] = 7
    assert x.asnumpy().tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8", "int8", "bool"])
def test_pickle_and_deepcopy(dtype):
    x = mx.nd.array([[1, 0], [3, 4]], dtype=dtype)
    for made in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x), copy.copy(x)):
        assert made.dtype is x.dtype
        np.testing.assert_array_equal(made.asnumpy(), x.asnumpy())
        made[:] = 0
    assert x.asnumpy()[0, 0] == 1


def test_interchange():
    x = mx.nd.array([1, 2, 3])
    assert np.asarray(x).tolist() == [1, 2, 3]
    np.asarray(x)[0] = 9
    assert x.asnumpy()[0] == 9
    shared = torch.from_dlpack(x)
    shared[1] = 8
    assert x.asnumpy().tolist() == [9, 8, 3]
    assert mx.nd.from_dlpack(x.to_dlpack_for_write()).asnumpy().tolist() == [9, 8, 3]
    source = np.array([1.0, 2.0], np.float32)
    y = mx.nd.from_numpy(source)
    assert not source.flags.writeable
    y[:] = 5
    assert source.tolist() == [5, 5]
    mx.nd.from_numpy(source)[0] = 7                       # read-only by now, but on the same memory
    assert source.tolist() == [7, 5] and not source.flags.writeable
    frozen = np.frombuffer(b"abcd", np.uint8)
    mx.nd.from_numpy(frozen)[0] = 7
    assert frozen[0] == ord("a")


@pytest.mark.parametrize("source, destination", [(3, 0), (-4, 0), (0, 5), ([0, 0], [0, 1]), ([0, 1], [1, -2]),
                                                 (0, [0, 1])])
def test_axes_that_cannot_be_moved(source, destination):
    with pytest.raises(ValueError, match="moveaxis"):
        mx.nd.moveaxis(cube(), source, destination)


def test_out_argument():
    x, out = mx.nd.array([1.0, 4.0]), mx.nd.zeros(2)
    assert mx.nd.sqrt(x, out=out) is out
    assert out.asnumpy().tolist() == [1, 2]
    with pytest.raises(mx.MXNetError, match=r"out= is \(3,\)"):
        mx.nd.sqrt(x, out=mx.nd.zeros(3))


def test_numbers_and_arrays_mix_in_functions():
    x = mx.nd.array([1.0, 5.0])
    assert mx.nd.maximum(x, 3).asnumpy().tolist() == [3, 5]
    assert mx.nd.maximum(3, x).asnumpy().tolist() == [3, 5]
    assert mx.nd.power(2, x).asnumpy().tolist() == [2, 32]
    assert mx.nd.subtract(1, x).asnumpy().tolist() == [0, -4]
    assert mx.nd.lesser(2, x).asnumpy().tolist() == [0, 1]
    assert mx.nd.add(1, 2) == 3


def test_help_and_signatures():
    import inspect
    assert "num_hidden" in inspect.signature(mx.nd.FullyConnected).parameters
    assert "act_type" in inspect.signature(mx.sym.Activation).parameters
    for namespace in (mx.nd, mx.sym):
        for name in mx.nd.op.__all__:
            assert getattr(namespace, name).__doc__, name
