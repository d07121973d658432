# SPDX-License-Identifier: Apache-2.0
"""Samples of SoftmaxOutput: labels of every admissible shape, and its options in combination."""
from functools import partial

from . import Bad, T, ints, values
from . import Sample as AnySample

Sample = partial(AnySample, grad=(0,))      # MXNet leaves the gradient of a label unwritten
FLATTENS = {
    "nd": "MXNet's forward pass in prediction mode takes the last axis, in training mode all but the first"}
CRASHES = "MXNet ends the process (a division by zero in its C++ code) when the batch is empty"


def labels(*shape, low=0, high=4, dtype="float32"):
    return ints(*shape, low=low, high=high, dtype=dtype)


SAMPLES = [
    Sample("SoftmaxOutput", [T(5, 4), labels(5)]),
    Sample("Softmax", [T(5, 4), labels(5)], {"grad_scale": 0.5}),
    Sample("SoftmaxOutput", [T(1, 1), values([0])]),
    Sample("SoftmaxOutput", [T(5, 4), values([0, 3, -1, 4, 1.75])]),
    *[Sample("SoftmaxOutput", [T(5, 4, dtype=d), labels(5, dtype=d)]) for d in ("float16", "float64")],
    Sample("SoftmaxOutput", [T(3, 2, 3), labels(3, 2, high=6)]),
    Sample("SoftmaxOutput", [T(3, 2, 3), labels(3, 2, high=3)], {"preserve_shape": True}),
    Sample("SoftmaxOutput", [T(3, 2, 2, 2), labels(3, 2, 2, high=2)], {"normalization": "batch"}, skip=FLATTENS),
    Sample("SoftmaxOutput", [T(6), T(6, low=0, high=1)], skip=FLATTENS),
    Sample("SoftmaxOutput", [values([[1e4, -1e4, 0], [0, 0, 0]]), values([0, 2])]),
    Sample("SoftmaxOutput", [values([[float("-inf"), 1, 0], [3e38, -3e38, 0]]), values([0, 2])]),
    # probabilities as labels
    Sample("SoftmaxOutput", [T(5, 4), T(5, 4, low=0, high=1)], {"grad_scale": 2.0}),
    Sample("SoftmaxOutput", [T(2, 3, 4), T(2, 3, 4, low=0, high=1)],
           {"multi_output": True, "use_ignore": True, "normalization": "valid"}),
    # one label for each position
    Sample("SoftmaxOutput", [T(2, 4, 3), labels(2, 3)], {"multi_output": True}),
    Sample("SoftmaxOutput", [T(2, 4, 3, 2), labels(2, 6)], {"multi_output": True, "normalization": "batch"}),
    Sample("SoftmaxOutput", [T(2, 4, 3, 2), labels(2, 3, 2)], {"multi_output": True, "normalization": "valid"}),
    Sample("SoftmaxOutput", [T(2, 4, 3, 2), labels(2, 1, 3, 2)],
           {"multi_output": True, "normalization": "valid", "use_ignore": True, "ignore_label": 0.0}),
    Sample("SoftmaxOutput", [T(5, 4), labels(5, 1)], {"multi_output": True, "preserve_shape": True}),
    Sample("SoftmaxOutput", [T(2, 4, 3), labels(2, 3)], {"multi_output": True, "smooth_alpha": 0.25}),
    # ignored labels, normalization, smoothing
    *[Sample("SoftmaxOutput", [T(6, 4), values([0, 1, -1, 3, 1, 2])],
             {"use_ignore": ignore, "ignore_label": number, "normalization": norm, "grad_scale": 2.0})
      for ignore in (False, True) for number in (-1.0, 1.0) for norm in ("null", "batch", "valid")],
    Sample("SoftmaxOutput", [T(3, 4), values([1, 1, 1])],
           {"use_ignore": True, "ignore_label": 1.0, "normalization": "valid"}),
    Sample("SoftmaxOutput", [T(5, 4), labels(5)], {"smooth_alpha": 0.25}),
    Sample("SoftmaxOutput", [T(5, 4), labels(5)], {"smooth_alpha": 0.5, "use_ignore": True, "ignore_label": 2.0}),
    Sample("SoftmaxOutput", [T(5, 4), labels(5)], {"out_grad": True}),
    # no element
    Sample("SoftmaxOutput", [T(0, 4), labels(0)], ours_ok=CRASHES),
    # refused
    Bad("SoftmaxOutput", [T(5, 4), labels(4)], match=r"SoftmaxOutput.*label"),
    Bad("SoftmaxOutput", [T(5, 4, 3), labels(5, 2)], {"multi_output": True}, match=r"label is \(5, 2\).*\(5, 3\)"),
    Bad("SoftmaxOutput", [T(5), labels(5, 2)], {"multi_output": True}, match="axis 1"),
    Bad("SoftmaxOutput", [ints(5, 4), labels(5, dtype="int32")], match="floating"),
    Bad("SoftmaxOutput", [T(5, 4), labels(5, dtype="int32")], match="float32.*int32|int32.*float32"),
    Bad("SoftmaxOutput", [T(5, 4), labels(5)], {"normalization": "mean"}, match="normalization.*'valid'"),
    Bad("SoftmaxOutput", [T(5, 4), labels(5)], {"smooth_alpha": 2.0}, match="smooth_alpha"),
    Bad("SoftmaxOutput", [T(5, 4), labels(5)], {"grad_scal": 2.0}, match="grad_scale"),
]
