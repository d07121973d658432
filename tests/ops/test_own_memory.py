# SPDX-License-Identifier: Apache-2.0
"""Outputs of operators that do not declare `alias` have memory of their own: programs overwrite and hand over values
on the strength of that."""
from __future__ import annotations

import pytest
import torch
from test_conformance import CASES, Case, node_of

from mxnet.base import MXNetError


@pytest.mark.parametrize("is_train", [False, True], ids=["prediction", "training"])
@pytest.mark.parametrize("name", sorted({case.record.op for case in CASES}))
def test_outputs_share_no_memory(name: str, is_train: bool) -> None:
    for case in CASES:
        if case.record.op == name:
            check(case, is_train)


def check(case: Case, is_train: bool) -> None:
    try:
        node = node_of(case)
        if node.op.alias:
            return
        inputs = node.meta_inputs()
        outputs = node.on_meta(is_train, inputs)
    except (MXNetError, RuntimeError, pytest.skip.Exception):
        return                                  # refused, or cannot run without values
    for number, output in enumerate(outputs):
        if output.numel():
            others = outputs[:number] + [tensor for place, tensor in enumerate(inputs) if not node.is_aux(place)]
            assert not any(torch._C._is_alias_of(output, other) for other in others), (case.id, number)
