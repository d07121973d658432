# SPDX-License-Identifier: Apache-2.0
"""Samples of softmax, log_softmax, softmin and SoftmaxActivation."""
from . import Bad, Sample, T, ints, special, values

TOLERANCE = {"float32": (1e-5, 3e-6)}       # MXNet's oneDNN kernel is off by up to 2e-6 near logarithms of one
NARROW = "MXNet computes in data's dtype, and then widens"
HALF = "MXNet sums halves in halves, even where the result has a wider type"
LENGTHS = "MXNet's backward pass looks for the axis in the shape of the lengths"

SAMPLES = [
    *[record for name in ("softmax", "log_softmax", "softmin") for record in (
        Sample(name, [T(3, 4)]),
        Sample(name, [T(3, 4)], {"axis": 0}),
        Sample(name, [T(2, 3, 4)], {"axis": -2}),
        Sample(name, [T(2, 3, 4, 2, 2)], {"axis": 2, "temperature": 2.0}),
        Sample(name, [T(5)], {"temperature": 0.5}),
        Sample(name, [T(1)]),
        Sample(name, [T(3, 1)]),
        Sample(name, [T(0, 3)]),
        Sample(name, [values([[float("-inf"), 0, 1], [3e38, -3e38, 0]])]),
        Sample(name, [values([[1e4, -1e4, 0], [88, 89, 90]])]),
        Sample(name, [T(3, 20, dtype="float64")], {"temperature": 4.0}),
        Sample(name, [T(3, 4, dtype="float16")]),
        Sample(name, [T(3, 4, dtype="float64")], {"dtype": "float32"}, rtol=1e-5, atol=1e-6,
               reason="the head gradient is float32"),
        Sample(name, [T(3, 4)], {"dtype": "float64"}, rtol=1e-6, atol=5e-7, reason=NARROW),
        Sample(name, [T(3, 4, dtype="float16")], {"dtype": "float32"}, rtol=1e-2, atol=2e-3, reason=HALF),
        Sample(name, [T(3, 4)], {"dtype": "float16"}, rtol=1e-2, atol=1e-3, reason="the output is rounded to halves"),
        Bad(name, [T(3, 4)], {"axis": 2}, match="axis=2"),
        Bad(name, [T(3, 4)], {"axis": -3}, match="axis=-3"),
        Bad(name, [T(3, 4)], {"dtype": "int32"}, match="dtype.*'float32'"),
        Bad(name, [ints(3, 4)], match="floating"),
    )],
    Sample("softmin", [special()], grad=False),
    Sample("softmax", [T(3, 4), values([1, 4, 2], "int32")], {"use_length": True}),
    Sample("softmax", [T(3, 4), values([0, 4, 0], "int64")], {"use_length": True, "temperature": 2.0}),
    Sample("softmax", [T(2, 3, 4), ints(2, 3, low=0, high=5)], {"use_length": True}),
    Sample("softmax", [T(2, 3, 4), ints(2, 4, low=0, high=4)], {"use_length": True, "axis": 1}, grad=False),
    Sample("softmax", [T(2, 3), ints(3, low=0, high=3)], {"use_length": True, "axis": 0}, grad=False),
    Bad("softmax", [T(3, 4), values([1, 4, 2])], {"use_length": True}, match="length is float32"),
    Bad("softmax", [T(3, 4), values([1, 4], "int32")], {"use_length": True}, match="length"),
    Bad("log_softmax", [T(3, 4)], {"use_length": True}, match="use_length"),
    Bad("softmin", [T(3, 4)], {"use_length": True}, match="use_length"),
    # SoftmaxActivation
    Sample("SoftmaxActivation", [T(3, 4)]),
    Sample("SoftmaxActivation", [T(4)]),
    Sample("SoftmaxActivation", [T(1, 1)], {"mode": "instance"}),
    Sample("SoftmaxActivation", [T(2, 3, 4)], skip={
        "grad": "MXNet's forward pass takes the last axis, its backward pass all axes but the first"}),
    Sample("SoftmaxActivation", [T(2, 3, 4)], {"mode": "channel"}),
    Sample("SoftmaxActivation", [T(2, 3, 2, 2)], {"mode": "channel"}),
    Sample("SoftmaxActivation", [T(2, 3, 2, 2, 2)], {"mode": "channel"}),
    *[Sample("SoftmaxActivation", [T(3, 4, dtype=d)], ours_ok="MXNet has it for float32 only")
      for d in ("float16", "float64")],
    Bad("SoftmaxActivation", [T(3, 4)], {"mode": "channel"}, match="3 dimensions"),
    Bad("SoftmaxActivation", [T(3, 4)], {"mode": "batch"}, match="mode.*'channel'"),
    Bad("SoftmaxActivation", [ints(3, 4)], match="floating"),
]
