# SPDX-License-Identifier: Apache-2.0
"""What samples of shape and index operators cannot hold: partial shapes, MXNet calls that write into an input, Fourier
transforms (which MXNet has on GPUs only), and promises of our own.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.ops.infer import step_shapes
from mxnet.ops.registry import REGISTRY, OperatorError

assert mx.nd            # importing the front end fills the registry


def infer(name: str, ins: list[Any], outs: list[Any] | None = None, **params: Any) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs after inference to a fixpoint; 0 stands for an unknown size, as in MXNet's shapes."""
    operator = REGISTRY[name]
    if operator.count is not None:
        params.setdefault(operator.count, len(ins))
    parsed = operator.parse(params)
    names = [item.name for item in operator.inputs(parsed, len(ins))]
    known = [[shape and tuple(n or None for n in shape) for shape in group]
             for group in (ins, outs or [None] * len(operator.output_names(parsed)))]
    for _ in range(3):
        known = list(step_shapes(operator, parsed, names, *known))
    found = [[shape and tuple(n or 0 for n in shape) for shape in group] for group in known]
    return found[0], found[1]


# operator, inputs, outputs, parameters, inputs inferred, outputs inferred: all as MXNet 1.9.1 infers them
PARTIAL: list[tuple[str, list[Any], list[Any] | None, dict[str, Any], list[Any], list[Any]]] = [
    ("Reshape", [(0, 3, 4)], None, {"shape": (-1, 0, 0)}, [(0, 3, 4)], [(0, 3, 4)]),
    ("Reshape", [(0, 3, 4)], None, {"shape": (0, -1)}, [(0, 3, 4)], [(0, 0)]),
    ("Reshape", [(0, 3, 4)], [(2, 0)], {"shape": (-1, 12)}, [(2, 3, 4)], [(2, 12)]),
    ("Reshape", [(0, 3, 4)], [(2, 0)], {"shape": (0, -1)}, [(0, 3, 4)], [(2, 0)]),
    ("Reshape", [(0, 3, 4)], [(2, 12)], {"shape": (0, -1)}, [(2, 3, 4)], [(2, 12)]),
    ("Reshape", [(0, 3, 4)], None, {"shape": (2, 12)}, [(2, 3, 4)], [(2, 12)]),
    ("Reshape", [(0, 0, 4)], None, {"shape": (-3, 4)}, [(0, 0, 4)], [(0, 4)]),
    ("Reshape", [(2, 0, 4)], [(6, 4)], {"shape": (-3, 4)}, [(2, 3, 4)], [(6, 4)]),
    ("Reshape", [(0, 4)], None, {"shape": (-4, 2, -1, 4)}, [(0, 4)], [(2, 0, 4)]),
    ("Reshape", [(0, 4)], [(2, 3, 4)], {"shape": (-4, 2, -1, 4)}, [(6, 4)], [(2, 3, 4)]),
    ("Reshape", [(0, 4)], None, {"shape": (-4, 3, 2, 4)}, [(6, 4)], [(3, 2, 4)]),
    ("Reshape", [(0, 3, 4)], [(5, 3, 2, 2)], {"shape": (0, 0, 2, 2)}, [(5, 3, 4)], [(5, 3, 2, 2)]),
    ("Reshape", [(0, 3, 4)], None, {"target_shape": (0, 0), "keep_highest": True}, [(0, 3, 4)], [(0, 0)]),
    ("expand_dims", [(0, 3)], [(2, 1, 3)], {"axis": 1}, [(2, 3)], [(2, 1, 3)]),
    ("expand_dims", [None], [(2, 1, 3)], {"axis": 1}, [(2, 3)], [(2, 1, 3)]),
    ("expand_dims", [(0, 3)], [(2, 0, 0)], {"axis": 1}, [(2, 3)], [(2, 1, 3)]),
    ("transpose", [(0, 3, 4)], None, {"axes": (1, 0, 2)}, [(0, 3, 4)], [(3, 0, 4)]),
    ("transpose", [(0, 3, 4)], [(3, 2, 4)], {"axes": (1, 0, 2)}, [(2, 3, 4)], [(3, 2, 4)]),
    ("transpose", [None], [(3, 2, 4)], {"axes": (1, 0, 2)}, [(2, 3, 4)], [(3, 2, 4)]),
    ("SwapAxis", [(0, 3, 4)], None, {"dim1": 0, "dim2": 1}, [(0, 3, 4)], [(3, 0, 4)]),
    ("reverse", [(0, 3, 4)], [(2, 3, 4)], {"axis": 1}, [(2, 3, 4)], [(2, 3, 4)]),
    ("repeat", [(0, 3)], None, {"repeats": 2, "axis": 1}, [(0, 3)], [(0, 6)]),
    ("Pad", [(0, 2, 3, 4)], None, {"mode": "constant", "pad_width": (0, 0, 0, 0, 1, 2, 3, 4)}, [(0, 2, 3, 4)],
     [(0, 2, 6, 11)]),
    ("Concat", [(2, 3), (0, 4)], None, {}, [(2, 3), (2, 4)], [(2, 7)]),
    ("Concat", [(0, 3), (0, 3)], [(4, 0)], {}, [(4, 3), (4, 3)], [(4, 6)]),
    ("_rnn_param_concat", [(3,), (0,)], [(5,)], {"dim": 0}, [(3,), (2,)], [(5,)]),
    ("_rnn_param_concat", [(3,), (0,), (0,)], [(15,)], {"dim": 0}, [(3,), (6,), (6,)], [(15,)]),
    ("SliceChannel", [(0, 6)], None, {"num_outputs": 3}, [(0, 6)], [(0, 2)] * 3),
    ("SliceChannel", [(0, 6)], [(2, 2), None, None], {"num_outputs": 3}, [(2, 6)], [(2, 2)] * 3),
    ("SliceChannel", [(0, 3)], [(2,), None, None], {"num_outputs": 3, "squeeze_axis": True}, [(2, 3)], [(2,)] * 3),
    ("_split_v2", [(0, 6)], [(2, 2), None, None], {"indices": (0, 2, 4)}, [(2, 6)], [(2, 2)] * 3),
    ("slice", [(0, 3, 4)], None, {"begin": (None, 1), "end": (None, None)}, [(0, 3, 4)], [(0, 2, 4)]),
    ("slice_axis", [(0, 3)], None, {"axis": 1, "begin": 1, "end": None}, [(0, 3)], [(0, 2)]),
    ("slice_like", [(4, 5), (0, 3)], None, {"axes": (0, 1)}, [(4, 5), (0, 3)], [(0, 3)]),
    ("_slice_assign", [(6,), None], None, {"begin": (1,), "end": (3,)}, [(6,), (2,)], [(6,)]),
    ("Crop", [(0, 2, 5, 6), (3, 4, 2, 2)], None, {}, [(0, 2, 5, 6), (3, 4, 2, 2)], [(0, 2, 2, 2)]),
    ("take", [(4, 0), (2, 2)], None, {}, [(4, 0), (2, 2)], [(2, 2, 0)]),
    ("take", [(0, 3), (2, 2)], None, {}, [(0, 3), (2, 2)], [(2, 2, 3)]),
    ("pick", [(4, 3), None], None, {}, [(4, 3), (4,)], [(4,)]),
    ("pick", [(4, 3), None], None, {"keepdims": True}, [(4, 3), (4,)], [(4, 1)]),
    ("scatter_nd", [None, (2, 3)], None, {"shape": (2, 2)}, [None, (2, 3)], [(2, 2)]),
    ("_scatter_set_nd", [None, (3,), (2, 3)], None, {"shape": (2, 2)}, [(2, 2), (3,), (2, 3)], [(2, 2)]),
    ("_ravel_multi_index", [None], [(4,)], {"shape": (7, 6)}, [(2, 4)], [(4,)]),
    ("_unravel_index", [(0, 3)], None, {"shape": (7, 6)}, [(0, 3)], [(2, 0, 3)]),
    ("dot", [(0, 4), (4, 5)], None, {}, [(0, 4), (4, 5)], [(0, 5)]),
    ("batch_dot", [(0, 3, 4), (0, 4, 5)], None, {}, [(0, 3, 4), (0, 4, 5)], [(0, 3, 5)]),
    ("SequenceLast", [(0, 2, 3)], None, {}, [(0, 2, 3)], [(2, 3)]),
    ("SequenceMask", [(5, 2, 3), None], None, {"use_sequence_length": True, "axis": 1}, [(5, 2, 3), (5,)],
     [(5, 2, 3)]),
    ("_linalg_gemm", [(2, 3, 4), (2, 4, 5), None], None, {}, [(2, 3, 4), (2, 4, 5), (2, 3, 5)], [(2, 3, 5)]),
    ("_linalg_potrf", [(2, 0, 4)], None, {}, [(2, 4, 4)], [(2, 4, 4)]),
    ("_linalg_syrk", [(0, 3, 4)], None, {}, [(0, 3, 4)], [(0, 3, 3)]),
    ("_linalg_gelqf", [None], [(3, 4), (3, 3)], {}, [(3, 4)], [(3, 4), (3, 3)]),
    ("_linalg_extracttrian", [(0, 3, 3)], None, {}, [(0, 3, 3)], [(0, 6)]),
]

# more than MXNet infers, which gives up, guesses wrong or fails here
MORE: list[tuple[str, list[Any], list[Any] | None, dict[str, Any], list[Any], list[Any]]] = [
    ("Flatten", [(0, 3, 4)], [(2, 0)], {}, [(2, 3, 4)], [(2, 12)]),
    ("Flatten", [(2, 3, 0)], [(0, 12)], {}, [(2, 3, 4)], [(2, 12)]),
    ("squeeze", [(0, 1, 3)], [(2, 3)], {"axis": 1}, [(2, 1, 3)], [(2, 3)]),
    ("SwapAxis", [None], [(3, 2, 4)], {"dim1": 0, "dim2": 1}, [(2, 3, 4)], [(3, 2, 4)]),
    ("space_to_depth", [(0, 2, 4, 6)], [(3, 8, 2, 3)], {"block_size": 2}, [(3, 2, 4, 6)], [(3, 8, 2, 3)]),
    ("repeat", [(0, 3)], [(4, 3)], {"repeats": 2, "axis": 0}, [(2, 3)], [(4, 3)]),
    ("stack", [(2, 0), None], [(2, 2, 3)], {"axis": 1}, [(2, 3), (2, 3)], [(2, 2, 3)]),
    ("Concat", [(2, 3), None], [(2, 5)], {}, [(2, 3), (2, 2)], [(2, 5)]),
    ("slice_axis", [(0, 3)], [(5, 2)], {"axis": 1, "begin": 1, "end": None}, [(5, 3)], [(5, 2)]),
    ("one_hot", [None], [(4, 3)], {"depth": 3}, [(4,)], [(4, 3)]),
    ("batch_dot", [(2, 0, 4), (2, 4, 5)], [(2, 3, 5)], {}, [(2, 3, 4), (2, 4, 5)], [(2, 3, 5)]),
    ("dot", [(3, 0), (4, 5)], None, {}, [(3, 4), (4, 5)], [(3, 5)]),
    ("khatri_rao", [(3, 4), (2, 0)], None, {}, [(3, 4), (2, 4)], [(6, 4)]),
    ("sort", [(0, 3)], [(2, 3)], {}, [(2, 3)], [(2, 3)]),
]


@pytest.mark.parametrize("case", PARTIAL + MORE, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}".replace(" ", ""))
def test_partial_shapes(case: Any) -> None:
    name, ins, outs, params, wanted_in, wanted_out = case
    assert infer(name, ins, outs, **params) == (wanted_in, wanted_out)


def test_scatter_set_nd_as_mxnet_is_called() -> None:
    x = mx.nd.array([[1, 2], [3, 4]])
    mx.nd._internal._scatter_set_nd(x, mx.nd.array([20, 30, 50]), mx.nd.array([[1, 0, 0], [0, 1, 0]]), shape=(2, 2),
                                    out=x)
    assert x.asnumpy().tolist() == [[50, 30], [20, 4]]
    mx.nd._internal._scatter_set_nd(x, mx.nd.array([[7, 8]]), mx.nd.array([[1]]), shape=(2, 2), out=x)
    assert x.asnumpy().tolist() == [[50, 30], [7, 8]]


@pytest.mark.parametrize("shape", [(2, 4), (1, 1), (3, 5), (2, 3, 2, 4)])
def test_fourier(shape: tuple[int, ...]) -> None:
    x = np.random.RandomState(0).standard_normal(shape)
    data = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    pairs = REGISTRY["_contrib_fft"](data)
    wanted = np.fft.fft(x)
    np.testing.assert_allclose(pairs.detach()[..., ::2], wanted.real, atol=1e-12)
    np.testing.assert_allclose(pairs.detach()[..., 1::2], wanted.imag, atol=1e-12)
    back = REGISTRY["_contrib_ifft"](pairs)
    np.testing.assert_allclose(back.detach(), x * shape[-1], atol=1e-12)
    back.sum().backward()
    np.testing.assert_allclose(data.grad, shape[-1], atol=1e-12)


def test_fourier_gradients_are_the_adjoint_transforms() -> None:
    rng = np.random.RandomState(1)
    data = torch.tensor(rng.standard_normal((2, 4)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: REGISTRY["_contrib_fft"](x), data)
    pairs = torch.tensor(rng.standard_normal((2, 8)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: REGISTRY["_contrib_ifft"](x), pairs)


def test_equal_values_keep_their_order() -> None:
    x = torch.tensor([1.0, 0.0] * 30)
    ones, zeros = list(range(0, 60, 2)), list(range(1, 60, 2))
    assert REGISTRY["argsort"](x).tolist() == zeros + ones
    assert REGISTRY["argsort"](x, is_ascend=False).tolist() == ones + zeros


def test_topk_of_a_long_row() -> None:
    x = torch.randperm(1280, generator=torch.Generator().manual_seed(0)).float()
    for k in (1, 19, 20, 21):
        values, indices = REGISTRY["topk"](x, k=k, ret_typ="both", dtype="int64")
        assert values.tolist() == list(range(1279, 1279 - k, -1))
        assert x[indices].tolist() == values.tolist()


def test_nan_sorts_last() -> None:
    x = torch.tensor([float("nan"), 1.0, float("inf"), 0.0])
    assert REGISTRY["argsort"](x).tolist() == [3, 1, 2, 0]
    assert REGISTRY["topk"](x, k=2).tolist() == [0, 2]


def test_gather_nd_adds_up_gradients_of_negative_indices() -> None:
    x = torch.zeros(4, 3, requires_grad=True)
    y = REGISTRY["gather_nd"](x, torch.tensor([[0.0, 0, 3, -1], [1, 1, 2, 2]]))
    y.backward(torch.tensor([1.0, 2, 3, 4]))
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 3, 0], [0, 0, 0], [0, 0, 0], [0, 0, 7]]


def test_unravel_index_keeps_all_axes_of_its_input() -> None:
    found = REGISTRY["_unravel_index"](torch.tensor([[22, 41], [0, 37]]), shape=(7, 6))
    assert found.tolist() == [[[3, 6], [0, 6]], [[4, 5], [0, 1]]]


def test_reshape_refuses_to_lose_or_invent_elements() -> None:
    x = torch.zeros(2, 3, 4)
    for shape in [(7,), (48, -1), (5, -1)]:
        with pytest.raises((OperatorError, RuntimeError)):
            REGISTRY["Reshape"](x, shape=shape)


def test_views_share_memory_with_their_input() -> None:
    """Inside executors these cost nothing; `mx.nd` copies."""
    x = torch.zeros(2, 3, 4)
    calls: dict[str, dict[str, Any]] = {
        "Reshape": {"shape": (6, 4)}, "transpose": {}, "slice_axis": {"axis": 1, "begin": 1, "end": 3}, "Flatten": {},
        "expand_dims": {"axis": 0}, "SwapAxis": {"dim1": 0, "dim2": 2}}
    for name, params in calls.items():
        assert REGISTRY[name](x, **params).untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    array = mx.nd.zeros((2, 3))
    array.reshape((6,))[:] = 1
    copy = mx.nd.reshape(array, shape=(6,))
    copy[:] = 5
    assert array.asnumpy().tolist() == [[1, 1, 1], [1, 1, 1]]
