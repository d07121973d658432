# SPDX-License-Identifier: Apache-2.0
"""IdentityAttachKLSparseReg, which MXNet has for symbols only: numbers of MXNet 1.9.1, from a bound symbol."""
from __future__ import annotations

import pytest
import torch

from mxnet.ops.nn.kl_sparse_reg import identity_attach_kl_sparse_reg as attach

DATA = torch.tensor([[0.25, 0.5, 0.875], [0.75, 0.125, 0.625]])
HEAD = torch.tensor([[1.0, -1.0, 0.0], [0.5, 0.25, 2.0]])
MOVED = {"average": [0.5, 0.28125, 0.75],
         "grad": [[1.5, -0.9227053, 1.3333334], [1.0, 0.3272947, 3.3333335]]}


def run(data, average, head, **params):
    data = data.clone().requires_grad_()
    out = attach(data, average, **params)
    out.backward(head)
    return out.detach(), data.grad


def test_gradient_and_running_mean_are_mxnets():
    average = torch.tensor([0.5, 0.25, 0.75])
    out, grad = run(DATA, average, HEAD, sparseness_target=0.25, penalty=0.5, momentum=0.5)
    torch.testing.assert_close(out, DATA)
    torch.testing.assert_close(average, torch.tensor(MOVED["average"]))
    torch.testing.assert_close(grad, torch.tensor(MOVED["grad"]))


def test_forward_leaves_the_running_mean_alone():
    average = torch.tensor([0.5, 0.25, 0.75])
    attach(DATA, average)
    assert average.tolist() == [0.5, 0.25, 0.75]


@pytest.mark.parametrize("momentum", [0.0, 0.25])
def test_more_axes_count_as_more_examples(momentum):
    wide, average, moved = DATA.view(2, 3, 1).expand(2, 3, 2), torch.full((3,), 0.5), torch.full((3,), 0.5)
    _, grad = run(wide, average, HEAD.view(2, 3, 1).expand(2, 3, 2), momentum=momentum)
    _, want = run(DATA, moved, HEAD, momentum=momentum)
    torch.testing.assert_close(average, moved)
    torch.testing.assert_close(grad, want.view(2, 3, 1).expand(2, 3, 2))
