# SPDX-License-Identifier: Apache-2.0
"""Holds what operators declare against what their kernels do, and the registry against the samples.

A shape rule and a dtype rule, given all inputs, must say exactly what the kernel gives on `meta` tensors.
"""
from __future__ import annotations

from typing import Any

import pytest
import torch
from samples import Case, Sample, cases, families

import mxnet as mx
from mxnet.base import MXNetError
from mxnet.dtype import TORCH
from mxnet.ops import infer
from mxnet.ops.registry import REGISTRY, Operator

STRICT = True          # whether an operator without samples fails the test, or is only reported
LEAST = 6               # samples of an operator, on average

# operators that need no samples: why
NO_SAMPLES: dict[str, str] = {
    "Custom": "runs a user's class, which a recording cannot hold; has a test file of its own",
    "_foreach": "takes a subgraph; has a test file of its own",
    "_while_loop": "takes a subgraph; has a test file of its own",
    "_cond": "takes a subgraph; has a test file of its own",
    "_NoGradient": "a mark in graphs of gradients, which has no value",
    "_set_value": "writes into an array and gives none; test_multi_updates.py calls it",
    "_cvimread": "reads a file, which a recording does not have; test_image_operators.py makes one",
}
# operators whose kernel cannot run without values: why
NO_META: dict[str, str] = {
    "Custom": "runs a user's class on arrays",
    "_cvimdecode": "the image's size is in the bytes",
    "_contrib_boolean_mask": "the output's size is the number of true values",
    "_adamw_update": "the value of rescale_grad decides whether there is a step",
    "_mp_adamw_update": "the value of rescale_grad decides whether there is a step",
}

assert mx.nd            # importing the frontends fills the registry
CASES = [case for family in families() for case in cases(family)
         if isinstance(case.record, Sample) and case.record.op in REGISTRY]


class Node:
    """A sample's operator, parameters and inputs, laid out as the inference engine has them."""

    def __init__(self, sample: Sample) -> None:
        self.op: Operator = REGISTRY[sample.op]
        specs = sample.tensors()
        given = dict(sample.params)
        if self.op.count is not None:
            given.setdefault(self.op.count, len(specs))
        self.params = self.op.parse(given)
        self.names = [item.name for item in self.op.inputs(self.params, len(specs))]
        if isinstance(sample.inputs, dict):
            specs = [sample.inputs[name] for name in self.names]
        self.shapes = [spec.shape for spec in specs]
        self.dtypes = [TORCH[spec.dtype] for spec in specs]
        self.unknown: list[Any] = [None] * len(self.op.output_names(self.params))

    def is_aux(self, place: int) -> bool:
        """Whether an input is one that the kernel changes."""
        return self.op.inputs(self.params, len(self.names))[place].aux

    def meta_inputs(self) -> list[torch.Tensor]:
        """Inputs without values."""
        return [torch.empty(shape, dtype=kind, device="meta") for shape, kind in zip(self.shapes, self.dtypes)]

    def on_meta(self, is_train: bool, tensors: list[torch.Tensor] | None = None) -> list[torch.Tensor]:
        """The outputs that the user sees, without values."""
        device = torch.device("meta")
        tensors = self.meta_inputs() if tensors is None else tensors
        given = {"is_train": is_train, "rng": None, "device": device}
        asks = {name: given[what] for name, what in self.op.asks.items()}
        result = self.op.prepare(self.params, len(tensors))(*tensors, **asks)
        return list(result)[:self.op.visible(self.params)] if isinstance(result, tuple) else [result]


def node_of(case: Case) -> Node:
    """The node, and a skip where there is nothing to compare."""
    try:
        node = Node(case.record)
        if len(node.names) != len(node.shapes):
            raise MXNetError("another number of inputs")
    except MXNetError:
        pytest.skip("the sample is one that the operator refuses")
    if node.op.name in NO_META:
        pytest.skip(NO_META[node.op.name])
    if not getattr(node.params, "init_output", True):
        pytest.skip("the answer is what the array out= holds")
    return node


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_rules_say_what_the_kernel_does(case: Case) -> None:
    node = node_of(case)
    try:
        shapes = infer.step_shapes(node.op, node.params, node.names, node.shapes, node.unknown)[1]
        dtypes = infer.step_dtypes(node.op, node.params, node.names, node.dtypes, node.unknown)[1]
    except MXNetError:
        return      # the rule refuses the inputs: whether rightly, the golden test says
    for is_train in (False, True):
        outputs = node.on_meta(is_train)
        assert [tuple(shape) for shape in shapes[:len(outputs)]] == [tuple(y.shape) for y in outputs]
        # what a rule leaves to the uses of a value is float32 where these say nothing
        assert [kind or torch.float32 for kind in dtypes[:len(outputs)]] == [y.dtype for y in outputs]


def test_every_operator_has_samples() -> None:
    sampled: dict[str, int] = {}
    for case in CASES:
        name = REGISTRY[case.record.op].name
        sampled[name] = sampled.get(name, 0) + 1
    operators = {operator.name for operator in REGISTRY.values()}
    stale = NO_SAMPLES.keys() & sampled.keys()
    assert not stale, f"exempted, and there are samples: {', '.join(sorted(stale))}"
    missing = sorted(operators - sampled.keys() - NO_SAMPLES.keys())
    report = f"{len(missing)} of {len(operators)} operators have no samples: {', '.join(missing)}"
    if missing and not STRICT:
        pytest.skip(report)
    assert not missing, report
    assert sum(sampled.values()) >= LEAST * len(sampled)
