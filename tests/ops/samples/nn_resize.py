# SPDX-License-Identifier: Apache-2.0
"""Samples of UpSampling, BilinearResize2D and AdaptiveAvgPooling2D."""
from . import Bad, Sample, T, ints

HALF = "MXNet has no float16 convolution on the CPU; on GPUs it has, and here it works everywhere"
TOLERANCE = {"float32": (1e-5, 2e-6), "float64": (1e-6, 1e-7)}        # MXNet's interpolation weights have 32 bits
STEPS = ("to_even_down", "to_even_up", "to_odd_down", "to_odd_up")


def learned(scale, dtype="float32", **extra):
    size = 2 * scale - scale % 2
    return Sample("UpSampling", [T(2, 3, 3, 4, dtype=dtype), T(3, 1, size, size, dtype=dtype)],
                  {"scale": scale, "sample_type": "bilinear", "num_filter": 3}, **extra)


def nearest(*shapes, dtype="float32", **params):
    return Sample("UpSampling", [T(*shape, dtype=dtype) for shape in shapes],
                  {"scale": 2, "sample_type": "nearest", **params})


def resized(*shape, dtype="float32", **params):
    return Sample("_contrib_BilinearResize2D", [T(*shape, dtype=dtype)], params)


def pooled(output_size, shape=(2, 3, 5, 6), dtype="float32"):
    return Sample("_contrib_AdaptiveAvgPooling2D", [T(*shape, dtype=dtype)], {"output_size": output_size})


SAMPLES = [
    nearest((1, 2, 3, 4)),
    nearest((1, 2, 3, 4), scale=3),
    nearest((1, 1, 1, 1), scale=1),
    nearest((2, 3, 4, 4), dtype="float64"),
    nearest((2, 3, 4, 4), dtype="float16"),
    nearest((1, 2, 3, 4), (1, 1, 3, 4)),
    nearest((1, 2, 3, 3), (1, 1, 6, 6), (1, 3, 1, 1)),
    nearest((1, 2, 3, 4), (1, 2, 6, 8), multi_input_mode="sum"),
    nearest((1, 2, 3, 3), (1, 2, 1, 1), (1, 2, 2, 2), multi_input_mode="sum"),
    learned(1), learned(2), learned(3), learned(4),
    learned(2, dtype="float64"),
    learned(2, dtype="float16", ours_ok=HALF),
    Bad("UpSampling", [T(1, 2, 3)], {"scale": 2, "sample_type": "nearest"}, match="data"),
    Bad("UpSampling", [T(1, 2, 3, 3)], {"scale": 0, "sample_type": "nearest"}, match="scale"),
    Bad("UpSampling", [T(1, 2, 3, 3)], {"scale": 2, "sample_type": "cubic"}, match="sample_type"),
    Bad("UpSampling", [T(1, 2, 3, 3), T(1, 1, 3, 3)], {"scale": 2, "sample_type": "nearest",
                                                      "multi_input_mode": "sum"}, match="channels"),
    Bad("UpSampling", [T(1, 2, 2, 2), T(1, 2, 3, 3)], {"scale": 2, "sample_type": "nearest"}, match="divide"),
    Bad("UpSampling", [T(1, 2, 2, 2), T(2, 1, 3, 3)], {"scale": 2, "sample_type": "bilinear", "num_filter": 2},
        match="weight|data|arg"),
    Bad("UpSampling", [ints(1, 2, 2, 2)], {"scale": 2, "sample_type": "nearest"}, match="int32"),
    *[resized(1, 2, 3, 4, align_corners=align, **params) for align in (True, False) for params in (
        {"height": 5, "width": 6}, {"height": 3, "width": 4}, {"height": 2, "width": 9}, {"height": 1, "width": 1},
        {"height": 1, "width": 7}, {"scale_height": 2.0, "scale_width": 1.5}, {"scale_height": 0.7, "scale_width": 0.6},
        {"mode": "odd_scale", "scale_height": 1.9, "scale_width": 2.6})],
    *[resized(1, 1, *size, mode=mode) for mode in STEPS for size in ((3, 4), (6, 5))],
    resized(1, 2, 3, 4),
    resized(1, 1, 5, 6, mode="odd_scale", scale_height=0.5, scale_width=3.0),
    Sample("_contrib_BilinearResize2D", [T(1, 2, 3, 4), T(2, 1, 7, 8)], {"mode": "like"}),
    Sample("_contrib_BilinearResize2D", [T(1, 2, 3, 4), T(1, 1, 2, 2)], {"mode": "like", "align_corners": False}),
    resized(1, 2, 3, 4, dtype="float64", height=5, width=6),
    resized(1, 2, 3, 4, dtype="float16", height=5, width=6),
    Bad("_contrib_BilinearResize2D", [T(2, 3, 4)], {"height": 2, "width": 2}, match="data"),
    Bad("_contrib_BilinearResize2D", [T(1, 2, 3, 4)], {"height": 0, "width": 2}, match="height"),
    Bad("_contrib_BilinearResize2D", [T(1, 2, 3, 4)], {"mode": "odd_scale"}, match="scale_height"),
    Bad("_contrib_BilinearResize2D", [T(1, 2, 3, 4)], {"scale_height": 2.0}, match="scale_width"),
    Bad("_contrib_BilinearResize2D", [T(1, 2, 3, 4)], {"mode": "up"}, match="mode"),
    Bad("_contrib_BilinearResize2D", [ints(1, 2, 3, 4)], {"height": 2, "width": 2}, match="int32|Int"),
    pooled(()), pooled(2), pooled((3,)), pooled((2, 3)), pooled((1, 4)), pooled((5, 6)), pooled((7, 9)),
    pooled(2, (1, 1, 1, 1)),
    pooled((2, 3), dtype="float64"),
    pooled((2, 3), dtype="float16"),
    Bad("_contrib_AdaptiveAvgPooling2D", [T(2, 3, 4)], {"output_size": 2}, match="data"),
    Bad("_contrib_AdaptiveAvgPooling2D", [ints(1, 2, 3, 4)], {"output_size": 2}, match="int32|Int"),
]
