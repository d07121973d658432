# SPDX-License-Identifier: Apache-2.0
"""Samples of the optimizers' operators on many arrays (the updates need out=, see tests/ops/test_multi_updates.py)."""
from . import Bad, Sample, T, special, values

NO_GRADIENT = {"grad": "MXNet has no gradient for it"}

SAMPLES = [
    *[Sample("multi_sum_sq", [T(3, 5, dtype=d), T(4, dtype=d)], {"num_arrays": 2}, skip=NO_GRADIENT)
      for d in ("float32", "float64", "float16")],
    Sample("multi_sum_sq", [T(1)], {"num_arrays": 1}, skip=NO_GRADIENT),
    Sample("multi_sum_sq", [T(2, 3, 4), T(7), T(1, 1)], {"num_arrays": 3}, skip=NO_GRADIENT),
    Sample("multi_sum_sq", [values([3.0, 4.0]), values([[0.0]])], {"num_arrays": 2}, skip=NO_GRADIENT),
    Bad("multi_sum_sq", [T(3)], {}, match="num_arrays"),
    Bad("multi_sum_sq", [T(3), T(3)], {"num_arrays": 3}, match="multi_sum_sq"),

    Sample("multi_lars", [T(4), T(4, low=0.1, high=3), T(4, low=0.1, high=3), T(4, low=0, high=0.1)],
           {"eta": 0.1, "eps": 0.01, "rescale_grad": 0.3}, skip=NO_GRADIENT),
    Sample("multi_lars", [T(4), values([0.0, 1.0, 0.0, 2.0]), values([0.0, 0.0, 1.0, 2.0]), T(4)],
           {"eta": 0.1, "eps": 0.01}, skip=NO_GRADIENT),
    Sample("multi_lars", [T(1), T(1, low=1, high=2), T(1, low=1, high=2), T(1, low=0, high=1)],
           {"eta": 1.0, "eps": 0.0}, skip=NO_GRADIENT),
    Sample("multi_lars", [T(2), T(2, low=1, high=2), T(2, low=1, high=2), T(2, low=0, high=1)],
           {"eta": 1e-3, "eps": 1e-9, "rescale_grad": 4.0}, skip=NO_GRADIENT),
    Bad("multi_lars", [T(4), T(4), T(4), T(3)], {"eta": 0.1, "eps": 0.1}, match="multi_lars"),
    Bad("multi_lars", [T(4, dtype="float64")] * 4, {"eta": 0.1, "eps": 0.1}, match="float32"),
    Bad("multi_lars", [T(4), T(4), T(4), T(4)], {"eta": 0.1}, match="eps"),

    *[Sample("all_finite", [x], skip=NO_GRADIENT)
      for x in (T(3, 5), T(1, dtype="float64"), T(4, dtype="float16"), special(), values([1.0, float("inf")]),
                values([[float("nan")]]), values([3e38, -3e38]), values([65504.0, 6e4], "float16"))],
    *[Sample("multi_all_finite", xs, {"num_arrays": len(xs)}, skip=NO_GRADIENT)
      for xs in ([T(3, 5)], [T(3), T(2, 2)], [T(3), values([float("nan")])], [values([float("-inf"), 1.0]), T(2)],
                 [T(3, dtype="float16"), T(2, dtype="float16")], [T(3, dtype="float64"), T(1, dtype="float64")])],
    Bad("multi_all_finite", [T(3), T(2)], {"num_arrays": 3}, match="multi_all_finite"),

    *[Sample("reset_arrays", xs, {"num_arrays": len(xs)}, train=False,
             skip={"symbol": "MXNet cannot make a symbol without outputs", "out": "there is no output"})
      for xs in ([T(3, 5)], [T(3), T(2, 2)], [special(), T(1)], [T(3, dtype="float64")], [T(3, dtype="float16")],
                 [T(1), T(2), T(3), T(4)])],
]
