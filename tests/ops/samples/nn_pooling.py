# SPDX-License-Identifier: Apache-2.0
"""Samples of Pooling and its ancestor Pooling_v1."""
from . import Bad, Sample, T, distinct, ints, values

CUDNN = "MXNet's CPU library refuses this padding, its own code (float64) takes it"

KINDS = [{"pool_type": "max"}, {"pool_type": "avg"}, {"pool_type": "sum"}, {"pool_type": "lp", "p_value": 2}]
WINDOWS = [
    {"kernel": (3, 3)},
    {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 1)},
    {"kernel": (3, 3), "stride": (2, 2), "pooling_convention": "full"},
    {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), "pooling_convention": "full"},
    {"kernel": (2, 2), "stride": (3, 3), "pad": (1, 1), "pooling_convention": "full"},
    {"kernel": (3, 3), "pad": (2, 2)},
    {"global_pool": True},
    {"global_pool": True, "kernel": (2, 2), "stride": (2, 2), "pad": (1, 1)},
]


def data(*shape, kind=None, **options):
    """Distinct numbers, so that no maximum is a tie and no norm is zero."""
    return distinct(*shape, step=0.03125, **options) if kind == "max" else T(*shape, low=0.25, high=2.0, **options)


SAMPLES = [
    *[Sample("Pooling", [data(2, 2, 7, 8, kind=kind["pool_type"])], {**window, **kind})
      for kind in KINDS for window in WINDOWS],
    *[Sample("Pooling", [data(2, 3, 8, kind=kind["pool_type"])], {**window, **kind}) for kind in KINDS
      for window in ({"kernel": (3,), "stride": (2,), "pad": (1,)}, {"global_pool": True})],
    *[Sample("Pooling", [data(1, 2, 4, 5, 3, kind=kind["pool_type"])], {**window, **kind}) for kind in KINDS
      for window in ({"kernel": (3, 2, 2), "pad": (1, 1, 1), "stride": (1, 2, 1)}, {"global_pool": True})],
    *[Sample("Pooling", [data(2, 2, 7, 7, kind="avg")], {"pool_type": "avg", "count_include_pad": count, **window})
      for count in (False, True) for window in WINDOWS[1:6]],
    *[Sample("Pooling", [T(2, 2, 5, 5)], {"kernel": (3, 3), "pool_type": "lp", "p_value": p}) for p in (1, 2, 3)],
    *[Sample("Pooling", [data(2, 5, 6, 3, kind=kind["pool_type"])],
             {"kernel": (2, 2), "stride": (2, 2), "layout": "NHWC", **kind}) for kind in KINDS],
    Sample("Pooling", [distinct(2, 5, 3)], {"kernel": (2,), "layout": "NWC"}),
    Sample("Pooling", [distinct(2, 5, 3)], {"global_pool": True, "layout": "NWC", "pool_type": "avg"}),
    Sample("Pooling", [T(1, 3, 4, 4, 2)], {"kernel": (2, 2, 2), "layout": "NDHWC", "pool_type": "sum"}),
    Sample("Pooling", [T(2, 3, 8)], {"kernel": (3,), "stride": (2,), "pad": (0, 0, 0), "pooling_convention": "same",
                                     "pool_type": "avg"}),
    Sample("Pooling", [distinct(2, 3, 8)], {"kernel": (2,), "stride": (3,), "pad": (0, 0, 0),
                                            "pooling_convention": "same"}),
    Sample("Pooling", [distinct(2, 2, 5, 5)], {"kernel": (3, 3), "pad": (3, 3)}, ours_ok=CUDNN),
    Sample("Pooling", [distinct(2, 2, 5, 5, dtype="float64")], {"kernel": (3, 3), "pad": (3, 3)}),
    Sample("Pooling", [distinct(2, 2, 5, 5, dtype="float64")], {"kernel": (3, 3), "pad": (3, 3), "pool_type": "avg"}),
    *[Sample("Pooling", [T(1, 2, 5, 4, 4, dtype="float16")], {"kernel": (2, 2, 2), "pool_type": kind, "pad": (1, 0, 1)},
             rtol=1e-2, atol=5e-3, reason="MXNet adds in float16, torch in float32")
      for kind in ("avg", "sum")],
    *[Sample("Pooling", [data(2, 2, 6, 6, kind=kind, dtype="float16")], {"kernel": (2, 2), "pool_type": kind})
      for kind in ("max", "avg")],
    Sample("Pooling", [T(1, 1, 1, 1)], {"kernel": (1, 1)}),
    Sample("Pooling", [values([[[[1, 1, 0], [1, 1, 2], [2, 2, 2]]]])], {"kernel": (2, 2)}),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (5, 5)}, match="kernel"),
    Bad("Pooling", [T(1, 1, 4, 4)], {}, match="kernel"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2,)}, match="dimensions"),
    Bad("Pooling", [T(4, 4)], {"global_pool": True}, match="data"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "stride": (0, 0)}, match="stride"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "pad": (1,)}, match="pad"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "pool_type": "lp"}, match="p_value"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "pool_type": "lp", "p_value": 4}, match="p_value"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "pool_type": "min"}, match="pool_type"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "layout": "NCW"}, match="layout"),
    Bad("Pooling", [T(1, 1, 4, 4)], {"kernel": (2, 2), "pooling_convention": "same"}, match="same"),
    Bad("Pooling", [ints(1, 1, 4, 4)], {"kernel": (2, 2)}, match="int32|Int"),
    *[Sample("Pooling_v1", [T(2, 2, 7, 8)], {**window, **kind}) for kind in KINDS[:3] for window in WINDOWS],
    Sample("Pooling_v1", [T(2, 2, 5, 5, dtype="float64")], {"kernel": (3, 3), "pad": (1, 1)}),
    Bad("Pooling_v1", [T(1, 4, 4)], {"kernel": (2,)}, match="kernel|dimensions"),
    Bad("Pooling_v1", [T(1, 1, 4, 4)], {"kernel": (5, 5)}, match="kernel"),
]
