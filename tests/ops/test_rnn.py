# SPDX-License-Identifier: Apache-2.0
"""RNN: what the CPU code of MXNet has not, or does not repeat (lengths, limits, dropout, trained projections)."""
from __future__ import annotations

import math

import pytest
import torch

from mxnet.ops.nn.rnn import packed_shapes, rnn
from mxnet.ops.registry import OperatorError

STEPS, BATCH, INPUTS, HIDDEN, LAYERS = 6, 4, 5, 3, 2
KINDS = [("rnn_tanh", None), ("rnn_relu", None), ("gru", None), ("lstm", None), ("lstm", 2)]
CLIP = {"lstm_state_clip_min": -0.2, "lstm_state_clip_max": 0.3}


def call(mode, projection, directions):
    """Random inputs, and the parameters that go with them."""
    torch.manual_seed(5)
    count = sum(map(math.prod, packed_shapes(mode, INPUTS, HIDDEN, LAYERS, directions, projection)))
    cells = LAYERS * directions
    shapes = [(STEPS, BATCH, INPUTS), (count,), (cells, BATCH, projection or HIDDEN)]
    shapes += [(cells, BATCH, HIDDEN)] * (mode == "lstm")
    tensors = [torch.randn(shape, dtype=torch.float64) / 2 for shape in shapes]
    return tensors, dict(mode=mode, state_size=HIDDEN, num_layers=LAYERS, bidirectional=directions == 2,
                         projection_size=projection, state_outputs=True)


def alike(got, want):
    assert len(got) == len(want)
    for a, b in zip(got, want):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("clip", [{}, CLIP, {"lstm_state_clip_max": 0.1}], ids=["free", "clipped", "upper"])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("mode", "projection"), KINDS)
def test_each_sequence_ends_at_its_length(mode, projection, directions, clip):
    tensors, params = call(mode, projection, directions)
    lengths = torch.tensor([3, 6, 1, 5])
    got = rnn(*tensors, lengths, use_sequence_length=True, **params, **clip)
    for i, length in enumerate(lengths.tolist()):
        one = [tensors[0][:length, i:i + 1], tensors[1], *[state[:, i:i + 1] for state in tensors[2:]]]
        alike([got[0][:length, i:i + 1], *[end[:, i:i + 1] for end in got[1:]]], rnn(*one, **params, **clip))
        assert not got[0][length:, i].any()


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("projection", [None, 2])
def test_cells_stay_within_limits(projection, directions):
    tensors, params = call("lstm", projection, directions)
    alike(rnn(*tensors, lstm_state_clip_min=-99.0, lstm_state_clip_max=99.0, **params), rnn(*tensors, **params))
    cells = rnn(*tensors, **params, **CLIP)[2]
    assert cells.min() >= -0.2 and cells.max() <= 0.3 and (cells == 0.3).any()


@pytest.mark.parametrize(("mode", "projection"), KINDS)
def test_dropout_lies_between_layers_and_in_training_only(mode, projection):
    tensors, params = call(mode, projection, 2)

    def run(p, **more):
        return rnn(*tensors, p=p, rng=torch.Generator().manual_seed(3), **params, **more)
    plain = rnn(*tensors, **params)
    alike(run(0.5), plain)
    alike(run(1e-12, is_train=True), plain)
    dropped = run(0.5, is_train=True)
    alike(run(0.5, is_train=True), dropped)
    assert not torch.allclose(dropped[0], plain[0])
    alike([end[:2] for end in dropped[1:]], [end[:2] for end in plain[1:]])         # the first layer sees all of data
    zero = [torch.zeros_like(tensors[0]), *tensors[1:]]
    first_dropped = run(1.0, is_train=True)
    alike([end[2:] for end in first_dropped[1:]], [end[2:] for end in rnn(*zero, p=1.0, is_train=True, **params)[1:]])


@pytest.mark.parametrize("clip", [{}, {"lstm_state_clip_min": -9.0, "lstm_state_clip_max": 9.0}])
@pytest.mark.parametrize(("mode", "projection"), [("rnn_tanh", None), ("lstm", 2)])
def test_gradients_are_those_of_differences(mode, projection, clip):
    tensors, params = call(mode, projection, 2)
    lengths = torch.tensor([3, 6, 1, 5])
    leaves = [tensor.requires_grad_() for tensor in tensors]
    assert torch.autograd.gradcheck(lambda *x: rnn(*x, lengths, use_sequence_length=True, **params, **clip), leaves,
                                    fast_mode=True)


def test_packed_shapes_are_mxnets_order():
    assert packed_shapes("lstm", 5, 2, 2, 1) == ((8, 5), (8, 2), (8, 2), (8, 2), (8,), (8,), (8,), (8,))
    assert packed_shapes("gru", 5, 2, 1, 2) == ((6, 5), (6, 2), (6, 5), (6, 2), (6,), (6,), (6,), (6,))
    assert packed_shapes("lstm", 5, 2, 1, 1, 3) == ((8, 5), (8, 3), (3, 2), (8,), (8,))


def test_bad_lengths_and_projections_are_refused():
    tensors, params = call("lstm", None, 1)
    for clip in ({}, CLIP):
        with pytest.raises(OperatorError, match="steps 1 to 6"):
            rnn(*tensors, torch.tensor([0, 6, 1, 5]), use_sequence_length=True, **params, **clip)
    with pytest.raises(OperatorError, match="projection_size=2: only mode='lstm'"):
        rnn(*tensors[:3], **{**params, "mode": "gru", "projection_size": 2})
