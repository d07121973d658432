# SPDX-License-Identifier: Apache-2.0
"""`mx.misc` and `mx.error`, against what MXNet 1.9.1 gives."""
from __future__ import annotations

import pytest

import mxnet as mx


def test_factor_scheduler():
    schedule = mx.misc.FactorScheduler(3, 0.5)
    assert [schedule(i) for i in range(9)] == [0.01] * 3 + [0.005] * 3 + [0.0025] * 3
    schedule.base_lr = 1.0
    assert [schedule(i) for i in (0, 9, 2)] == [1.0, 0.125, 1.0]


def test_changes_are_logged(caplog):
    schedule = mx.misc.FactorScheduler(2, 0.1)
    with caplog.at_level("INFO"):
        for iteration in range(5):
            schedule(iteration)
    assert len(caplog.records) == 2


@pytest.mark.parametrize("step, factor", [(0, 0.1), (-1, 0.5), (3, 1.0), (3, 2.0)])
def test_senseless_schedules(step, factor):
    with pytest.raises(ValueError, match="step is|factor is"):
        mx.misc.FactorScheduler(step, factor)


def test_the_base_is_abstract():
    with pytest.raises(NotImplementedError, match="LearningRateScheduler does not define"):
        mx.misc.LearningRateScheduler()(3)


def test_errors_by_name():
    assert issubclass(mx.error.InternalError, mx.MXNetError)
    assert mx.base.error_types["InternalError"] is mx.error.InternalError
