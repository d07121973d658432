# SPDX-License-Identifier: Apache-2.0
"""CTCLoss where MXNet leaves its results unwritten, or reads beyond its arrays."""
from __future__ import annotations

import pytest
import torch

from mxnet.ops.nn.ctc_loss import ctc_loss
from mxnet.ops.registry import OperatorError

LABEL = torch.tensor([[1, 1], [3, 0]])


def scores(steps=4):
    torch.manual_seed(1)
    return torch.randn(steps, 2, 4, requires_grad=True)


def test_labels_that_hold_nothing_are_all_blanks():
    data = scores()
    loss = ctc_loss(data, torch.zeros(2, 3))
    torch.testing.assert_close(loss, -data.log_softmax(2)[..., 0].sum(0))


def test_without_an_alignment_loss_and_gradient_are_zero():
    data = scores(2)
    loss = ctc_loss(data, LABEL)           # 1, 1 needs a blank between, so three steps
    loss.sum().backward()
    assert loss[0] == 0 < loss[1]
    assert not data.grad[:, 0].any() and data.grad[:, 1].any()


def test_no_steps_at_all():
    data = scores()
    loss = ctc_loss(data, LABEL, torch.tensor([0, 4]), use_data_lengths=True)
    loss.sum().backward()
    assert loss[0] == 0 and not data.grad[:, 0].any()


@pytest.mark.parametrize(("lengths", "params", "words"), [
    ([5, 4], {"use_data_lengths": True}, r"data_lengths is \[5, 4\].*0 to 4"),
    ([-1, 4], {"use_data_lengths": True}, "data_lengths is"),
])
def test_lengths_beyond_the_arrays_are_refused(lengths, params, words):
    with pytest.raises(OperatorError, match=words):
        ctc_loss(scores(), LABEL, torch.tensor(lengths), **params)


def test_halves_are_computed_wide():
    data = scores().detach()
    torch.testing.assert_close(ctc_loss(data.half(), LABEL).float(), ctc_loss(data, LABEL), rtol=2e-3, atol=2e-3)
