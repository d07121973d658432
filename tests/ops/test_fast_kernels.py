# SPDX-License-Identifier: Apache-2.0
"""Kernels that take a way of their own for large arrays or for speed give what the plain way gives."""
from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.ops.nn._blocks import block_sums, repeated
from mxnet.ops.nn.dropout import keep_mask

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("p", [0.5, 0.25, 1 / 256, 0.1, 0.3, 0.999])
def test_dropout_masks_hold_their_share_of_zeros(p):
    rng = torch.Generator().manual_seed(5)
    mask = keep_mask(torch.empty(0), (1000, 999), p, rng)
    share = float((mask == 0).double().mean())
    assert abs(share - p) < 5 * (p * (1 - p) / mask.numel()) ** 0.5
    assert set(mask.unique().tolist()) == {0.0, float(np.float32(1 / (1 - p)))}
    again = keep_mask(torch.empty(0), (1000, 999), p, torch.Generator().manual_seed(5))
    assert torch.equal(mask, again)
    hits = (mask == 0).double()
    for lag in (1, 2, 8, 999):                   # neighbours do not know of each other
        flat = hits.flatten() - hits.mean()
        assert abs(float((flat[:-lag] * flat[lag:]).mean())) < 6 * p * (1 - p) / mask.numel() ** 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_choices_of_many_elements_let_nan_and_infinity_alone(dtype):
    rng = np.random.RandomState(0)
    x, y = (rng.normal(size=(70, 80)).astype(dtype) for _ in range(2))
    condition = rng.randint(-1, 2, (70, 80)).astype("float32")
    x[:5], y[5:10], condition[3] = NAN, INF, NAN
    for given in (condition, condition[:, 0]):
        made = mx.nd.where(*[mx.nd.array(a, dtype=a.dtype) for a in (given, x, y)]).asnumpy()
        np.testing.assert_array_equal(made, np.where(given.reshape(70, -1) != 0, x, y))
    lengths = rng.randint(0, 71, 80).astype("float32")
    masked = mx.nd.SequenceMask(mx.nd.array(x, dtype=dtype), mx.nd.array(lengths, dtype=dtype),
                                use_sequence_length=True).asnumpy()
    np.testing.assert_array_equal(masked, np.where(np.arange(70)[:, None] < lengths, x, 0))


def test_a_maximum_over_windows_does_not_see_nan():
    data = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    data[0, 0, 1, 1] = NAN
    for train in (False, True):
        exe = mx.sym.Pooling(mx.sym.Variable("a"), kernel=(2, 2), stride=(2, 2), pool_type="max").simple_bind(
            mx.cpu(), a=data.shape)
        exe.arg_dict["a"][:] = data
        assert exe.forward(is_train=train)[0].asnumpy().ravel().tolist() == [4, 7, 13, 15]


@pytest.mark.parametrize("height, width", [(1, 1), (2, 2), (3, 1), (1, 4), (2, 3)])
def test_blocks(height, width):
    x = torch.randn(2, 3, 4, 5)
    whole = x.repeat_interleave(height, 2).repeat_interleave(width, 3)
    assert torch.equal(repeated(x, height, width), whole)
    assert torch.allclose(repeated(x, height, width, torch.empty_like(whole), 0.5), whole / 2)
    assert torch.allclose(block_sums(whole, height, width), x * (height * width), rtol=1e-5)
    assert block_sums(whole, height, width).data_ptr() != whole.data_ptr()


@pytest.mark.parametrize("name, states, more", [
    ("sgd_update", 0, {}), ("sgd_mom_update", 1, {"momentum": 0.9}), ("sgd_mom_update", 1, {}), ("adam_update", 2, {})])
@pytest.mark.parametrize("common", [{}, {"wd": 0.1, "rescale_grad": 0.5}, {"wd": 0.1, "clip_gradient": 0.3}])
def test_updates_in_place_are_those_into_another_array(name, states, more, common):
    rng = np.random.RandomState(1)
    values = [np.abs(rng.normal(size=(7, 9))) for _ in range(2 + states)]
    update = getattr(mx.nd, name)
    apart, inside = ([mx.nd.array(value) for value in values] for _ in range(2))
    for _ in range(3):                                    # the first call and those that have a plan
        apart[0] = update(*apart, lr=0.1, **more, **common)
        assert update(*inside, lr=0.1, out=inside[0], **more, **common) is inside[0]
    for one, other in zip(apart, inside):
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=2e-5, atol=1e-6)


def test_repeated_calls_with_other_arguments():
    x, out = mx.nd.array([[-2, 0.5], [3, 1]]), mx.nd.zeros((2, 2))
    for _ in range(2):
        assert mx.nd.clip(x, 0, 1).asnumpy().tolist() == mx.nd.clip(x, a_min=0, a_max=1).asnumpy().tolist()
        assert mx.nd.clip(x, -1, 2, out=out) is out and out.asnumpy().tolist() == [[-1, 0.5], [2, 1]]
        assert mx.nd.sum(x, axis=0).asnumpy().tolist() == [1, 1.5] and mx.nd.sum(x).asnumpy().tolist() == [2.5]
        assert mx.nd.sum(x, 1, True).shape == (2, 1) and mx.nd.sum(x, axis=[0, 1]).asscalar() == 2.5
        with pytest.raises(mx.MXNetError, match="axis"):
            mx.nd.sum(x, axis=5)
        with pytest.raises(TypeError, match="takes an NDArray, not list"):
            mx.nd.exp([1.0])
        with pytest.raises(mx.MXNetError):
            mx.nd.exp(x, out=mx.nd.zeros((3,)))
    with mx.Context("cpu", 1):
        assert mx.nd.random.uniform(0, 1, shape=(2,)).context == mx.cpu(1)
    assert mx.nd.random.uniform(0, 1, shape=(2,)).context == mx.cpu(0)
