# SPDX-License-Identifier: Apache-2.0
"""What the recordings of layers cannot hold: what MXNet has on GPUs only, what is random, and true derivatives."""
from __future__ import annotations

import pytest
import torch

from mxnet.ops import catalog
from mxnet.ops.registry import REGISTRY

catalog.load()


def make(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def check_gradients(op: str, *tensors: torch.Tensor, **params) -> None:
    """Hold the operator's gradient against differences; with weak points away from kinks, both must agree."""
    assert torch.autograd.gradcheck(lambda *given: REGISTRY[op](*given, **params),
                                    [tensor.requires_grad_() for tensor in tensors], check_undefined_grad=False)


@pytest.mark.parametrize("op", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize(("axes", "last"), [(2, "NHWC"), (3, "NDHWC")])
def test_channels_last_is_channels_first_moved(op: str, axes: int, last: str) -> None:
    data, weight = make(2, 4, *[5] * axes), make(4, 2, *[3] * axes)
    params = {"kernel": (3,) * axes, "num_group": 2, "stride": (2,) * axes, "pad": (1,) * axes, "no_bias": True,
              "num_filter": 4}
    expected = REGISTRY[op](data, weight, **params).movedim(1, -1)
    result = REGISTRY[op](data.movedim(1, -1).contiguous(), weight.movedim(1, -1).contiguous(), layout=last, **params)
    assert result.is_contiguous()
    torch.testing.assert_close(result, expected)


@pytest.mark.parametrize(("op", "shapes", "params"), [
    ("FullyConnected", [(4, 6), (3, 6), (3,)], {"num_hidden": 3}),
    ("Convolution", [(2, 4, 7, 6), (5, 4, 3, 3), (5,)], {"kernel": (3, 3), "num_filter": 5}),
    ("Deconvolution", [(2, 4, 5, 6), (4, 3, 3, 3)], {"kernel": (3, 3), "num_filter": 3}),
])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_dtypes_stay_near_float64(op: str, shapes: list, params: dict, dtype: torch.dtype) -> None:
    tensors = [make(*shape, seed=i) for i, shape in enumerate(shapes)]
    narrow = REGISTRY[op](*[tensor.to(dtype) for tensor in tensors], **params)
    assert narrow.dtype is dtype
    torch.testing.assert_close(narrow.double(), REGISTRY[op](*tensors, **params), rtol=0.05, atol=0.2)


def test_dropout_keeps_the_mean_and_follows_the_generator() -> None:
    data = torch.ones(200, 300)

    def run(seed: int, **params):
        return REGISTRY["Dropout"](data, is_train=True, rng=torch.Generator().manual_seed(seed), **params)[0]

    out = run(7, p=0.25)
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert abs(out.mean().item() - 1) < 0.02
    assert torch.equal(out, run(7, p=0.25))
    assert not torch.equal(out, run(8, p=0.25))
    rows = run(7, p=0.5, axes=(1,))
    assert torch.equal(rows, rows[:, :1].expand_as(rows))


def test_rrelu_draws_its_slopes_in_training_and_takes_their_middle_in_prediction() -> None:
    data = -torch.ones(100, 100)
    params = {"act_type": "rrelu", "lower_bound": 0.25, "upper_bound": 0.75}
    out, slopes = REGISTRY["LeakyReLU"](data, is_train=True, rng=torch.Generator().manual_seed(0), **params)
    assert torch.equal(out, -slopes)
    assert 0.25 <= slopes.min() < 0.27 and 0.73 < slopes.max() <= 0.75
    assert torch.equal(REGISTRY["LeakyReLU"](data, **params)[0], data / 2)


def test_moving_statistics_change_in_the_backward_pass_once() -> None:
    data = make(8, 3, 2)
    states = [torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64),
              torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)]
    out = REGISTRY["BatchNorm"](data.requires_grad_(), *states, is_train=True, momentum=0.5, eps=1e-3)[0]
    assert states[2].eq(0).all() and states[3].eq(1).all()
    out.backward(torch.ones_like(out))
    torch.testing.assert_close(states[2], data.mean((0, 2)).detach() / 2)
    torch.testing.assert_close(states[3], (data.var((0, 2), correction=0).detach() + 1) / 2)


def test_gradients_that_mxnet_has_on_gpus_only() -> None:
    offset = 0.3 * make(1, 16, 2, 3, seed=1)
    check_gradients("_contrib_ModulatedDeformableConvolution", make(1, 4, 3, 4), offset, make(1, 8, 2, 3, seed=2),
                    make(2, 2, 2, 2, seed=3), make(2, seed=4), kernel=(2, 2), num_filter=2, num_group=2,
                    num_deformable_group=2)


def test_declared_gradients_are_derivatives() -> None:
    check_gradients("LRN", make(2, 5, 2, 2), nsize=3, alpha=0.5)
    check_gradients("LRN", make(2, 5, 2, 2), nsize=5, alpha=0.5, beta=0.5, knorm=1.0)
    check_gradients("Correlation", make(1, 2, 4, 5), make(1, 2, 4, 5, seed=1), max_displacement=2, stride2=2,
                    pad_size=2, stride1=2)
