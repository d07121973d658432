# SPDX-License-Identifier: Apache-2.0
"""The fuzzer draws the same samples again, for every operator, and writes them as they are."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest
import samples

import mxnet as mx

sys.path.insert(0, str(Path(__file__).parent))

import draw
import parts

assert mx.nd            # importing the frontends fills the registry


@pytest.mark.parametrize("name", sorted(draw.pools()))
def test_a_number_gives_one_sample(name: str) -> None:
    drawn = [draw.draw(name, number) for number in range(5)]
    assert [sample.digest() for sample in drawn] == [draw.draw(name, number).digest() for number in range(5)]
    assert len({sample.digest() for sample in drawn}) > 1
    for sample in drawn:
        again = eval(draw.source(sample), vars(samples))
        assert [spec.key() for spec in again.tensors()] == [spec.key() for spec in sample.tensors()]
        assert again.params == sample.params


def test_generators_are_those_of_operators() -> None:
    assert set(parts.GENERATORS) <= set(draw.pools())
