# SPDX-License-Identifier: Apache-2.0
"""Exceptions of the fuzzer hide what they are about, and nothing beside it."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest
from samples import Sample, T, distinct, ints, values

sys.path.insert(0, str(Path(__file__).parent))

import known

from mxnet.ops.registry import REGISTRY

DIFFER = "output 0 float32[2]: 1 of 2 values differ, most at flat position 0: 1.0, MXNet gives 2.0 (rtol 0, atol 0)"
GRADIENT = DIFFER.replace("output 0", "gradient of input 0")
TAKEN = "nothing is raised, and MXNet refuses (ours_ok='why' allows it)"


def why(sample: Sample, *lines: str, message: str = "") -> list[str | None]:
    return list(known.reasons(sample.op, lines, {"nd": {"error": "MXNetError", "message": message}}, sample).values())


@pytest.mark.parametrize("sample, line, message", [
    (Sample("FullyConnected", [T(2, 3, dtype="float16"), T(4, 3, dtype="float16")]), TAKEN,
     "float16 fully connected layer is currentlyonly supported by CuDNN"),
    (Sample("Cast", [T(3)], {"dtype": "int32"}), GRADIENT, ""),
    (Sample("Pooling_v1", [ints(1, 1, 4, 4, high=3, dtype="float32")], {"kernel": (2, 2)}), GRADIENT, ""),
    (Sample("topk", [ints(9, high=3)]), DIFFER, ""),
    (Sample("CTCLoss", [T(5, 1, 4), values([[1, 3]])], {"blank_label": "last"}), DIFFER, ""),
    (Sample("Convolution_v1", [T(1, 1, 7, 7)], {"stride": (2, 2), "dilate": (2, 2)}), GRADIENT, ""),
])
def test_meant(sample: Sample, line: str, message: str) -> None:
    assert why(sample, line, message=message) != [None]


@pytest.mark.parametrize("sample, line, message", [
    (Sample("FullyConnected", [T(2, 3), T(4, 3, dtype="float16")]), TAKEN,
     "float16 fully connected layer is currentlyonly supported by CuDNN"),
    (Sample("Convolution", [T(1, 1, 4, 4)]), TAKEN, "Check failed: shapes differ"),
    (Sample("Cast", [T(3)], {"dtype": "float16"}), GRADIENT, ""),
    (Sample("Cast", [T(3)], {"dtype": "int32"}), DIFFER, ""),
    (Sample("Pooling_v1", [distinct(1, 1, 4, 4)], {"kernel": (2, 2)}), GRADIENT, ""),
    (Sample("topk", [distinct(9)]), DIFFER, ""),
    (Sample("CTCLoss", [T(5, 1, 4), values([[1, 2]])], {"blank_label": "last"}), DIFFER, ""),
    (Sample("Convolution_v1", [T(1, 1, 7, 7)], {"stride": (2, 2)}), GRADIENT, ""),
    (Sample("sin", [T(3)]), DIFFER, ""),
])
def test_not_meant(sample: Sample, line: str, message: str) -> None:
    assert why(sample, line, message=message) == [None]


def test_a_refusal_covers_errors_and_no_values() -> None:
    sample = Sample("CTCLoss", [T(5, 1, 4), values([[1, 2]])])
    lines = ("nd: raises OperatorError: CTCLoss: label holds 0 to 9, but data has classes 0 to 3",
             "shape from all inputs: InferenceError is raised, MXNet infers {'outputs': [[1]]}", DIFFER)
    first, second, third = why(sample, *lines)
    assert first == second and first is not None and third is None


@pytest.mark.parametrize("entry", known.KNOWN, ids=lambda entry: f"{entry.op}-{entry.reason}")
def test_names_operators_that_exist(entry: known.Known) -> None:
    assert any(known.re.fullmatch(entry.op, name) for name in REGISTRY)
