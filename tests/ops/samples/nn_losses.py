# SPDX-License-Identifier: Apache-2.0
"""Samples of the loss heads other than SoftmaxOutput. Scales are exact in float32, in which MXNet keeps parameters."""
from functools import partial

from . import Bad, T, ints, special, values
from . import Sample as AnySample

Sample = partial(AnySample, grad=(0,))      # MXNet leaves the gradient of a label unwritten, or refuses to have one
SYMBOL_ONLY = "MXNet's function cannot take the moving average, which only symbols have (see test_kl_sparse_reg.py)"

SAMPLES = [
    *[record for name in ("LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput") for record in (
        Sample(name, [T(4, 5), T(4, 5)]),
        Sample(name, [T(4), T(4)], {"grad_scale": 0.5}),
        Sample(name, [T(4, 1), T(4)]),
        Sample(name, [T(4, 1), T(4, 1)]),
        Sample(name, [T(4), T(4, 1)]),
        Sample(name, [T(2, 1, 4), T(2, 4)]),
        Sample(name, [T(2, 3, 4, 2), T(2, 3, 4, 2)], {"grad_scale": 2.0}),
        Sample(name, [values([[0, 1], [2, -3]]), values([[0, 1], [1, -3]])]),
        Sample(name, [special(), T(20)]),
        Sample(name, [T(1), T(1)]),
        Sample(name, [T(4, 4, dtype="float64"), T(4, 4, dtype="float64")]),
        Sample(name, [T(4, 5, dtype="float16"), T(4, 5, dtype="float16")]),
        Bad(name, [T(4, 5), T(4)], match=rf"{name}.*label"),
        Bad(name, [T(4, 5), T(5, 4)], match=rf"{name}.*label"),
        Bad(name, [T(4, 5), T(4, 5, dtype="float64")], match="float64"),
    )],
    Sample("_sparse_LinearRegressionOutput", [T(4, 5), T(4, 5)]),
    # MakeLoss
    *[Sample("MakeLoss", [T(*shape)], {"normalization": norm, "grad_scale": 0.5, "valid_thresh": 0.25})
      for norm in ("null", "batch", "valid") for shape in ((6,), (4, 2), (2, 2, 3))],
    Sample("MakeLoss", [T(1)]),
    Sample("MakeLoss", [T(4, 2)], {"normalization": "valid", "valid_thresh": 99.0}),
    Sample("MakeLoss", [T(4, 2, dtype="float64")], {"normalization": "batch"}),
    Sample("MakeLoss", [T(4, 2, dtype="float16")], {"normalization": "valid"}),
    Bad("MakeLoss", [T(4, 2)], {"normalization": "mean"}, match="normalization"),
    Bad("MakeLoss", [T(4, 2)], {"scale": 2.0}, match="grad_scale"),
    # SVMOutput
    *[Sample("SVMOutput", [T(6, 4), ints(6, high=4, dtype="float32")],
             {"margin": margin, "regularization_coefficient": factor, "use_linear": linear})
      for linear in (False, True) for margin, factor in ((1.0, 1.0), (0.25, 0.5))],
    Sample("SVMOutput", [T(3, 2, 4), ints(3, 2, high=4, dtype="float32")]),
    Sample("SVMOutput", [values([[1, -1, 0], [2, 0.5, -3]]), values([0, -1])]),
    Sample("SVMOutput", [values([[1, -1, 0], [2, 0.5, -3]]), values([0, 5])], {"use_linear": True}),
    Sample("SVMOutput", [T(1, 1), values([0])]),
    Sample("SVMOutput", [T(6, 4, dtype="float64"), ints(6, high=4, dtype="float64")]),
    Sample("SVMOutput", [T(6, 4, dtype="float16"), ints(6, high=4, dtype="float16")]),
    Bad("SVMOutput", [T(6, 4), T(5)], match="SVMOutput.*label"),
    Bad("SVMOutput", [T(6, 4), ints(6)], match="int32"),
    Bad("SVMOutput", [T(6, 4), T(6)], {"use_linear": "maybe"}, match="use_linear"),
    # softmax_cross_entropy
    Sample("softmax_cross_entropy", [T(5, 4), ints(5, high=4, dtype="float32")]),
    *[Sample("softmax_cross_entropy", [T(5, 4, dtype=d), ints(5, high=4, dtype=d)])
      for d in ("float16", "float64")],
    Sample("softmax_cross_entropy", [values([[0, 100], [100, 0], [3, 3]]), values([0, 0, 1])]),
    Sample("softmax_cross_entropy", [T(1, 1), values([0])]),
    Sample("softmax_cross_entropy", [T(7, 1), ints(7, high=1, dtype="float32")]),
    Bad("softmax_cross_entropy", [T(5, 4), T(4)], match="label"),
    Bad("softmax_cross_entropy", [T(5), T(5)], match="2 dimensions"),
    Bad("softmax_cross_entropy", [T(5, 4), T(5, 4)], match="label"),
    Bad("softmax_cross_entropy", [T(5, 4), ints(5, high=4)], match="int32"),
    # IdentityAttachKLSparseReg
    Sample("IdentityAttachKLSparseReg", [T(6, 4, low=0.1, high=0.9), T(4, low=0.1, high=0.9)], states=1,
           ours_ok=SYMBOL_ONLY),
    Sample("IdentityAttachKLSparseReg", [T(6, 4, low=0.1, high=0.9), T(4, low=0.1, high=0.9)],
           {"sparseness_target": 0.25, "penalty": 0.5, "momentum": 0.5}, states=1, ours_ok=SYMBOL_ONLY),
    Sample("IdentityAttachKLSparseReg", [T(1, 1, low=0.1, high=0.9), T(1, low=0.1, high=0.9)], {"momentum": 0.0},
           states=1, ours_ok=SYMBOL_ONLY),
    Sample("IdentityAttachKLSparseReg", [T(3, 2, low=0.1, high=0.9), values([0, 0])], {"momentum": 0.25},
           states=1, ours_ok=SYMBOL_ONLY),
    *[Sample("IdentityAttachKLSparseReg", [T(6, 4, low=0.1, high=0.9, dtype=d), T(4, low=0.1, high=0.9, dtype=d)],
             states=1, ours_ok=SYMBOL_ONLY) for d in ("float16", "float64")],
    Bad("IdentityAttachKLSparseReg", [T(6, 4), T(3)], match="moving_avg"),
    Bad("IdentityAttachKLSparseReg", [T(6, 4), T(4)], {"sparseness_target": 2.0}, match="sparseness_target"),
    Bad("IdentityAttachKLSparseReg", [T(6, 4), T(4)], {"momentum": -1.0}, match="momentum"),
]
