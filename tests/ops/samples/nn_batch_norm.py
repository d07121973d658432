# SPDX-License-Identifier: Apache-2.0
"""Samples of the batch normalizations.

Momentum and eps are binary fractions where the dtype is float64: MXNet keeps its parameters as 32-bit numbers.
"""
from . import Bad, Sample, T, values

STATES = "MXNet's imperative function of this name has no arguments for the two states"
MKLDNN = "MXNet has this in its CPU library only, for four dimensions and channels second"
FIXED = "with fix_gamma MXNet writes ones into the array gamma; here no argument changes"
TOLERANCE = {"float32": (1e-5, 2e-6)}
BINARY = {"momentum": 0.75, "eps": 0.001953125}


def layer(shape, channels, dtype="float32", op="BatchNorm", params_dtype=None, **params):
    """A sample of `op` on data of that shape."""
    kind = params_dtype or dtype
    gamma = values([1.0] * channels, dtype=kind) if params.get("fix_gamma", True) else T(channels, dtype=kind)
    inputs = [T(*shape, dtype=dtype), gamma, T(channels, dtype=kind),
              T(channels, dtype=kind), T(channels, low=0.5, high=2.0, dtype=kind)]
    if op == "BatchNorm_v1":
        params |= {"ours_ok": STATES, "states": 2}
    extra = {name: params.pop(name) for name in ("ours_ok", "states", "skip", "rtol", "atol", "reason")
             if name in params}
    return Sample(op, inputs, params, **extra)


def wrong(channels, op="BatchNorm", match="", shape=(4, 3, 2, 2), **params):
    return Bad(op, [T(*shape), *[T(channels, low=0.5, high=2.0)] * 4], params, match=match)


SAMPLES = [
    layer((4, 3, 2, 2), 3),
    Sample("BatchNorm", [T(4, 3, 2, 2), T(3), T(3), T(3), T(3, low=0.5, high=2.0)], {"output_mean_var": True},
           skip={"changed": FIXED}),
    layer((4, 3, 2, 2), 3, fix_gamma=False),
    layer((4, 3, 2, 2), 3, fix_gamma=False, output_mean_var=True, eps=1e-5, momentum=0.5),
    layer((4, 3, 2, 2), 3, fix_gamma=False, use_global_stats=True, output_mean_var=True),
    layer((4, 3), 3, fix_gamma=False, cudnn_off=True),
    layer((2, 3, 5), 3, output_mean_var=True),
    layer((2, 3, 2, 3, 2), 3, fix_gamma=False),
    layer((4, 2, 2, 3), 3, fix_gamma=False, axis=-1),
    layer((4, 2, 3, 2), 3, fix_gamma=False, axis=2, output_mean_var=True),
    layer((4, 3, 2), 4, fix_gamma=False, axis=0),
    layer((3,), 3, axis=0, momentum=0.0),
    layer((4, 3, 2, 2), 3, fix_gamma=False, momentum=1.0),
    layer((4, 3, 2, 2), 3, dtype="float64", fix_gamma=False, output_mean_var=True, **BINARY),
    layer((4, 3), 3, dtype="float64", **BINARY),
    layer((4, 3, 2, 2), 3, dtype="float16", params_dtype="float32", fix_gamma=False, rtol=2e-2, atol=2e-3,
          reason="MXNet sums in float16"),
    wrong(4, match="gamma|weight", fix_gamma=False),
    wrong(3, match="axis", axis=4),
    wrong(3, match="axis", axis=-5),
    wrong(3, match="momentum", momentum="much"),
    wrong(3, match="epsilon", epsilon=1e-3),
    Bad("BatchNorm", [T(4, 3, dtype="float16"), *[T(3, low=0.5, high=2.0, dtype="float16")] * 4], match="gamma"),
    *[layer((4, 3, 2, 2), 3, op=op, **params) for op, more in (
        ("BatchNorm_v1", {}), ("_contrib_SyncBatchNorm", {"key": "bn"}), ("_contrib_BatchNormWithReLU", {}))
      for params in (
          {**more},
          {**more, "fix_gamma": False},
          {**more, "fix_gamma": False, "momentum": 0.5, "eps": 1e-5},
          {**more, "fix_gamma": False, "use_global_stats": True})],
    layer((4, 3, 2, 2), 3, op="BatchNorm_v1", fix_gamma=False, output_mean_var=True),
    layer((4, 3), 3, op="BatchNorm_v1", fix_gamma=False, output_mean_var=True, use_global_stats=True),
    layer((2, 3, 2, 2), 3, op="BatchNorm_v1", dtype="float64", **BINARY),
    layer((2, 3, 5), 3, op="BatchNorm_v1"),
    wrong(4, op="BatchNorm_v1", match="gamma|weight", fix_gamma=False),
    layer((4, 3), 3, op="_contrib_SyncBatchNorm", fix_gamma=False, key="bn", ndev=1),
    layer((2, 3, 2, 2, 2), 3, op="_contrib_SyncBatchNorm", fix_gamma=False, key="bn", momentum=0.25),
    layer((1, 1, 3, 3), 1, op="_contrib_SyncBatchNorm", key="one"),
    wrong(3, op="_contrib_SyncBatchNorm", match="key"),
    wrong(4, op="_contrib_SyncBatchNorm", match="gamma|weight", fix_gamma=False, key="bn"),
    layer((1, 1, 3, 3), 1, op="_contrib_BatchNormWithReLU", output_mean_var=True),
    layer((2, 8, 3, 3), 8, op="_contrib_BatchNormWithReLU", fix_gamma=False, momentum=0.0, cudnn_off=True),
    layer((4, 2, 2, 3), 3, op="_contrib_BatchNormWithReLU", fix_gamma=False, axis=3, output_mean_var=True,
          ours_ok=MKLDNN),
    layer((4, 3), 3, op="_contrib_BatchNormWithReLU", fix_gamma=False, output_mean_var=True, ours_ok=MKLDNN),
    wrong(3, op="_contrib_BatchNormWithReLU", match="axis", axis=4),
]
