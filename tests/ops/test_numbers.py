# SPDX-License-Identifier: Apache-2.0
"""Scalars as MXNet's kernels see them, and what the families of operators do with them."""
from __future__ import annotations

import math

import pytest
import torch

import mxnet as mx
from mxnet.ops.families import reduced_axes, reduced_shape
from mxnet.ops.numbers import constant, number, real
from mxnet.ops.registry import REGISTRY, OperatorError


@pytest.mark.parametrize(("scalar", "dtype", "expected"), [
    (1.75, torch.float32, 1.75), (0.1, torch.float16, 0.0999755859375), (1.75, torch.int32, 1),
    (-1.75, torch.int32, -1), (300.0, torch.uint8, 44), (-1.0, torch.uint8, 255), (200.0, torch.int8, -56),
    (2.0, torch.bool, True), (2.0 ** 40, torch.int64, 2 ** 40),
])
def test_a_scalar_is_cast_as_cpp_casts_it(scalar: float, dtype: torch.dtype, expected: float) -> None:
    made = constant(scalar, dtype)
    assert made.dtype is dtype and made.shape == ()
    assert made.item() == expected
    if not dtype.is_floating_point:
        assert number(scalar, dtype) == expected


def test_constants_are_kept_and_signs_of_zero_are_told_apart() -> None:
    assert constant(2.5, torch.float32) is constant(2.5, torch.float32)
    constant(0.0, torch.float32)
    assert math.copysign(1, constant(-0.0, torch.float32).item()) == -1
    assert math.copysign(1, constant(0.0, torch.float32).item()) == 1
    assert (mx.nd.ones((1,)) / -0.0).asnumpy()[0] == -math.inf


def test_no_operator_writes_to_a_constant() -> None:
    data = torch.tensor([1.5, -2.0, 3.0])
    before = {kind: constant(1.5, kind).item() for kind in (torch.float32, torch.int32)}
    for name, op in REGISTRY.items():
        if name.endswith("_scalar") and set(op.params) == {"scalar", "is_int"}:
            op(data, scalar=1.5)
            op(data.to(torch.int32), scalar=1.5)
    assert before == {kind: constant(1.5, kind).item() for kind in before}


def test_real_functions_of_whole_numbers_are_cut_and_bool_is_refused() -> None:
    root = real(torch.sqrt)
    assert root(torch.tensor([8, 9], dtype=torch.uint8)).tolist() == [2, 3]
    assert root(torch.tensor([8, 9], dtype=torch.uint8)).dtype is torch.uint8
    with pytest.raises(OperatorError, match="bool"):
        root(torch.tensor([True]))


def test_axes_of_a_reduction() -> None:
    assert reduced_axes(None, 3) is None and reduced_axes((), 3, True) is None
    assert reduced_axes((0, 1, 2), 3) is None
    assert reduced_axes((-1, 0), 3) == (0, 2)
    assert reduced_axes(1, 3, True) == (0, 2)
    assert reduced_axes((0, 1, 2), 3, True) == ()
    assert reduced_shape((2, None, 4), (1,), False) == (2, 4)
    assert reduced_shape((2, None, 4), (0,), False) == (None, 4)
    assert reduced_shape((2, 3), None, False) == (1,) and reduced_shape((2, 3), None, True) == (1, 1)


def test_the_result_of_a_reduction_over_everything_has_one_axis() -> None:
    for name in ("sum", "mean", "prod", "max", "min", "norm", "argmax"):
        assert REGISTRY[name](torch.ones(2, 3)).shape == (1,)


def test_rows_know_which_operators_are_missing_a_gradient() -> None:
    """What torch cannot differentiate, or differentiates otherwise than MXNet, has a rule of its own."""
    for name in ("broadcast_equal", "_lesser_scalar", "rint", "argmax", "broadcast_maximum", "_minimum_scalar", "max"):
        assert REGISTRY[name].grad_rule is not None
    for name in ("broadcast_add", "_mul_scalar", "sin", "sum", "mean", "norm"):       # autograd is faster than a rule
        assert REGISTRY[name].grad_rule is None
