# SPDX-License-Identifier: Apache-2.0
"""Samples of the affine layer."""
from . import Bad, Sample, T, ints, special

HALF = "MXNet has no float16 matrix product on the CPU; on GPUs it has, and here it works everywhere"

SAMPLES = [
    Sample("FullyConnected", [T(4, 5), T(3, 5), T(3)], {"num_hidden": 3}),
    Sample("FullyConnected", [T(4, 2, 3), T(5, 6), T(5)], {"num_hidden": 5}),
    Sample("FullyConnected", [T(4, 2, 3), T(5, 3), T(5)], {"num_hidden": 5, "flatten": False}),
    Sample("FullyConnected", [T(2, 2, 2, 3), T(5, 3)], {"num_hidden": 5, "flatten": False, "no_bias": True}),
    Sample("FullyConnected", [T(4, 2, 3), T(3, 6)], {"num_hidden": 3, "no_bias": True}),
    Sample("FullyConnected", [T(1, 1), T(1, 1), T(1)], {"num_hidden": 1}),
    Sample("FullyConnected", [T(4), T(5, 1), T(5)], {"num_hidden": 5}),
    Sample("FullyConnected", [T(4), T(5, 4), T(5)], {"num_hidden": 5, "flatten": False}),
    Sample("FullyConnected", [T(4, 5, dtype="float64"), T(3, 5, dtype="float64"), T(3, dtype="float64")],
           {"num_hidden": 3}),
    Sample("FullyConnected", [T(4, 5, dtype="float16"), T(3, 5, dtype="float16"), T(3, dtype="float16")],
           {"num_hidden": 3}, ours_ok=HALF),
    Sample("FullyConnected", [T(64, 40), T(30, 40), T(30)], {"num_hidden": 30}),
    Sample("FullyConnected", [special(), T(3, 1), T(3)], {"num_hidden": 3}, grad=False),
    Bad("FullyConnected", [T(4, 5), T(3, 6), T(3)], {"num_hidden": 3}, match="weight.*\\(3, 6\\)"),
    Bad("FullyConnected", [T(4, 5), T(4, 5), T(3)], {"num_hidden": 3}, match="weight|num_hidden"),
    Bad("FullyConnected", [T(4, 5), T(3, 5), T(1)], {"num_hidden": 3}, match="bias"),
    Bad("FullyConnected", [T(4, 5), T(3, 5), T(3)], {"num_hidden": 0}, match="num_hidden"),
    Bad("FullyConnected", [T(4, 5), T(3, 5), T(3)], {"num_hiden": 3}, match="num_hidden"),
    Bad("FullyConnected", [T(4, 5), T(3, 5, dtype="float64"), T(3)], {"num_hidden": 3}, match="weight"),
    Bad("FullyConnected", [ints(4, 5), T(3, 5), T(3)], {"num_hidden": 3}, match="data"),
]
