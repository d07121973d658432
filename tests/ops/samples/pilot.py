# SPDX-License-Identifier: Apache-2.0
"""One or two samples for each feature of the harness, over many kinds of operator: its own test."""
from . import Bad, Sample, T, distinct, ints, spd, special, values

SAMPLES = [
    # element-wise: dtypes, special values, one element, no element
    Sample("sin", [T(2, 3)]),
    Sample("sin", [T(2, 3, dtype="float16")], rtol=2e-3, reason="the harness' own check of a sample's tolerance"),
    Sample("sin", [T(1, dtype="float64")]),
    Sample("sin", [T(0, 3)]),
    Sample("sqrt", [special()]),
    Sample("abs", [special("int32")]),
    Sample("relu", [T(3, 4, dtype="bfloat16")]),
    # broadcasting, and shapes that do not fit
    Sample("broadcast_add", [T(2, 1, 3), T(1, 4, 1)]),
    Sample("broadcast_add", [T(2, 3), T(2, 3, dtype="float64")]),
    Sample("broadcast_equal", [ints(3, 1, high=3, dtype="float32"), ints(1, 4, high=3, dtype="float32")]),
    Bad("broadcast_add", [T(2, 3), T(2, 4)], match="broadcast_add"),
    # reduction: axes, large outputs (stored as a summary)
    Sample("sum", [T(2, 3, 4)], {"axis": (0, -1), "keepdims": True}),
    Sample("sum", [T(2, 3, 4)]),
    Sample("sum", [T(0, 3)], {"axis": 0}),
    Sample("exp", [T(40, 50)]),
    Bad("sum", [T(2, 3)], {"axis": 5}, match="axis"),
    # layers: shapes inferred from the first input and from the output
    Sample("FullyConnected", [T(4, 5), T(3, 5), T(3)], {"num_hidden": 3}),
    Sample("FullyConnected", [T(4, 2, 3), T(3, 6)], {"num_hidden": 3, "no_bias": True}),
    Bad("FullyConnected", [T(4, 5), T(3, 6), T(3)], {"num_hidden": 3}, match="FullyConnected.*weight"),
    Bad("FullyConnected", [T(4, 5), T(3, 5), T(3)], {"num_hiden": 3}, match="num_hidden"),
    # states: auxiliary ones of a layer, and those that an update operator writes
    Sample("BatchNorm", [T(4, 3, 2, 2), T(3, low=0.5, high=2), T(3), T(3), T(3, low=0.5, high=2)],
           {"fix_gamma": False, "momentum": 0.5}),
    Sample("BatchNorm", [T(4, 3), T(3), T(3), T(3), T(3, low=0.5, high=2)],
           {"output_mean_var": True, "fix_gamma": False}),
    Sample("sgd_mom_update", [T(3, 4), T(3, 4), T(3, 4)], {"lr": 0.1, "momentum": 0.9, "wd": 0.01}),
    Sample("multi_sgd_update", [T(3), T(3), T(2, 2), T(2, 2)],
           {"lrs": (0.1, 0.2), "wds": (0.0, 0.01), "num_weights": 2}, out=(0, 2)),
    # loss heads ignore the head gradient
    Sample("SoftmaxOutput", [T(4, 5), ints(4, high=5, dtype="float32")], {"grad_scale": 2.0}),
    # random: compared by shape and dtype, except where the result is not random
    Sample("Dropout", [T(8, 9)], {"p": 0.5}, random=True),
    Sample("_random_uniform", [], {"low": -1.0, "high": 1.0, "shape": (3, 4)}, random=True),
    # indices, several outputs, variadic inputs, scalars, no input
    Sample("take", [T(5, 3), values([[0, 4], [-1, 7]])], {"axis": 0, "mode": "clip"}),
    Sample("take", [T(5, 3), ints(2, high=5)], {"axis": 0}),
    Sample("topk", [distinct(3, 6)], {"k": 2, "ret_typ": "both"}),
    Sample("split", [T(2, 6)], {"num_outputs": 3, "axis": 1}),
    Sample("SliceChannel", [T(2, 3)], {"num_outputs": 3, "axis": 1, "squeeze_axis": True}),
    Sample("Concat", [T(2, 1), T(2, 2), T(2, 3)], {"dim": 1}),
    Sample("_plus_scalar", [T(2, 3)], {"scalar": 1.5}),
    Sample("_zeros", [], {"shape": (2, 3), "dtype": "int32"}),
    Sample("_arange", [], {"start": 1.0, "stop": 4.0, "step": 0.5}),
    # MXNet's process is lost on an index out of range, so there is nothing to compare with
    Sample("scatter_nd", [T(1), values([[2**30]], dtype="int32")], {"shape": (4,)}),
    # a part left out
    Sample("Concat", [T(1, 2), T(3, 2)], {"dim": 0}, skip={"json": "the harness' own check of a part left out"}),
    # inputs by name, where an optional one before is left out
    Sample("SequenceMask", {"data": T(4, 2, 3), "sequence_length": values([1, 3])}, {"use_sequence_length": True}),
    Sample("linalg_potrf", [spd(2, 3, 3)], rtol=1e-4, reason="the harness' own check of a sample's tolerance"),
]
