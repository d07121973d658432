# SPDX-License-Identifier: Apache-2.0
"""Learning rate schedules give what MXNet 1.9.1's give (scenarios/lr_scheduler.py)."""
from __future__ import annotations

from typing import Any

import pytest
from scenarios.stage import replay, stage_of

import mxnet as mx
import mxnet.lr_scheduler
from mxnet.base import MXNetError

STAGE = stage_of("lr_scheduler")


@pytest.mark.parametrize("name", STAGE.scenarios)
def test_as_mxnet(name: str) -> None:
    replay(STAGE, name)


@pytest.mark.parametrize(("call", "match"), [
    (lambda s: s.FactorScheduler(0), "step must be"),
    (lambda s: s.FactorScheduler(1, 2), "Factor must be"),
    (lambda s: s.FactorScheduler(1, base_lr=0.1, warmup_begin_lr=0.2), "Base lr"),
    (lambda s: s.FactorScheduler(1, warmup_mode="cosine"), "linear and constant"),
    (lambda s: s.FactorScheduler(1, warmup_steps=2.5), "warmup_steps is a whole number from 0, not 2.5"),
    (lambda s: s.MultiFactorScheduler([5, 3]), "increasing"),
    (lambda s: s.MultiFactorScheduler((3, 5)), r"list .* not \(3, 5\)"),
    (lambda s: s.CosineScheduler(0), "strictly positive"),
])
def test_errors(call: Any, match: str) -> None:
    with pytest.raises(MXNetError, match=match):
        call(mx.lr_scheduler)
