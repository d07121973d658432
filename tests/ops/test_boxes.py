# SPDX-License-Identifier: Apache-2.0
"""Suppression and matching of many boxes, held against the plain loops that define them."""
from __future__ import annotations

import pytest
import torch

from mxnet.ops.vision import _boxes
from mxnet.ops.vision._boxes import front, overlaps, suppress
from mxnet.ops.vision._matching import greedy_pairs


def random_boxes(*shape, size=0.2):
    low = torch.rand(*shape, 2)
    return torch.cat([low, low + torch.rand(*shape, 2) * size], -1)


def one_by_one(boxes, alive, limit, classes, inclusive):
    shares, kept = overlaps(boxes, boxes), alive.clone()
    for image in range(len(boxes)):
        for j in range(boxes.shape[1]):
            rivals = kept[image, :j].clone()
            if classes is not None:
                rivals &= classes[image, :j] == classes[image, j]
            share = shares[image, :j, j][rivals]
            kept[image, j] &= not (share >= limit if inclusive else share > limit).any()
    return kept


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("block", [1, 7, 64, 256])
def test_blocks_suppress_as_one_by_one_does(monkeypatch, block, by_class, inclusive):
    monkeypatch.setattr(_boxes, "_BLOCK", block)
    torch.manual_seed(block)
    boxes, alive = random_boxes(3, 120, size=0.5), torch.rand(3, 120) < 0.8
    alive[1] = False
    boxes[:, 50:60] = boxes[:, 10:20]       # overlap 1, which decides between the two kinds of limit
    classes = torch.randint(0, 3, (3, 120)).float() if by_class else None
    for limit in (0.1, 0.5, 1.0):
        got = suppress(boxes, alive, limit, classes, inclusive)
        assert torch.equal(got, one_by_one(boxes, alive, limit, classes, inclusive))


def test_chains_are_settled_in_order():
    """Each box overlaps with the next only: every second one stays."""
    start = torch.arange(600).float()
    boxes = torch.stack([start, torch.zeros(600), start + 1.5, torch.ones(600)], -1).unsqueeze(0)
    stays = suppress(boxes, torch.ones(1, 600, dtype=torch.bool), 0.1)
    assert stays[0].tolist() == [i % 2 == 0 for i in range(600)]


def test_overlaps_of_boxes_without_area_are_zero():
    flat = torch.tensor([[0.0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]])
    assert overlaps(flat, flat).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_front_keeps_the_order():
    mask = torch.tensor([[0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]]).bool()
    assert front(mask).tolist() == [[1, 3, 0, 2], [0, 1, 2, 3], [0, 1, 2, 3]]


def test_pairs_are_those_of_the_greedy_loop():
    torch.manual_seed(0)
    scores = torch.randint(0, 9, (5, 12, 8)).float()
    usable = torch.rand(scores.shape) < 0.7
    got = greedy_pairs(scores, usable)
    for image in range(len(scores)):
        left, want = scores[image].masked_fill(~usable[image], -1), torch.zeros(12, 8, dtype=torch.bool)
        while left.max() >= 0:
            row, column = divmod(int(left.argmax()), 8)
            want[row, column] = True
            left[row], left[:, column] = -1, -1
        assert torch.equal(got[image], want)
