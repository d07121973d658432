# SPDX-License-Identifier: Apache-2.0
"""Monitors of modules in training."""
import json
from pathlib import Path

import monitor_cases
import pytest

import mxnet as mx

RECORDED = json.loads((Path(__file__).parents[1] / "data/module/monitor.json").read_text())
# MXNet also shows gradients that nothing asked for, and what goes into the operators of the backward pass.
UNASKED = {"fc1_backward_output0", "softmax_backward_output1"}


def shown_by_both(report):
    return [tuple(row) for row in report if row[1] not in UNASKED and "_backward_input" not in row[1]]


@pytest.mark.parametrize("monitor_all", [False, True])
def test_reports_are_as_in_mxnet(monitor_all):
    ours = monitor_cases.reports(mx, monitor_all)
    assert [bool(report) for report in ours] == [True, False, True, False]
    for ours_now, theirs_now in zip(ours, RECORDED[monitor_all]):
        ours_now, theirs = shown_by_both(ours_now), shown_by_both(theirs_now)
        if monitor_all:                          # arguments that MXNet shows again as inputs of the backward pass
            assert {row[:2] for row in ours_now} == {row[:2] for row in theirs}
            expected = {(step, name): value for step, name, value in theirs}
            ours_now = list({row[:2]: row for row in ours_now}.values())
            theirs = [(*row[:2], expected[row[:2]]) for row in ours_now]
        assert [row[:2] for row in ours_now] == [row[:2] for row in theirs]
        for row, other in zip(ours_now, theirs):
            assert row[2] == pytest.approx(other[2], rel=1e-3, abs=1e-6), row
