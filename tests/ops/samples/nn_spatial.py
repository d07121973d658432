# SPDX-License-Identifier: Apache-2.0
"""Samples of GridGenerator, BilinearSampler and SpatialTransformer."""
from . import Bad, Sample, T, values

FLOAT32 = "MXNet generates grids in float32 only"
TOLERANCE = {"float32": (1e-5, 3e-6), "float16": (2e-2, 5e-3)}
SAME = [[1, 0, 0, 0, 1, 0]] * 2
AFFINE = {"transform_type": "affine"}
TRANSFORM = {"transform_type": "affine", "sampler_type": "bilinear"}

SAMPLES = [
    Sample("GridGenerator", [T(2, 6)], {**AFFINE, "target_shape": (3, 4)}),
    Sample("GridGenerator", [values(SAME)], {**AFFINE, "target_shape": (4, 3)}),
    Sample("GridGenerator", [T(2, 6)], {**AFFINE, "target_shape": (1, 4)}),
    Sample("GridGenerator", [T(1, 6, dtype="float64")], {**AFFINE, "target_shape": (2, 2)}, ours_ok=FLOAT32),
    Sample("GridGenerator", [T(1, 6, dtype="float16")], {**AFFINE, "target_shape": (2, 2)}, ours_ok=FLOAT32),
    Sample("GridGenerator", [T(2, 2, 3, 4)], {"transform_type": "warp"}),
    Sample("GridGenerator", [T(2, 2, 3, 4, dtype="float64")], {"transform_type": "warp", "target_shape": (9, 9)},
           ours_ok=FLOAT32),
    Sample("GridGenerator", [T(1, 2, 2, 2)], {"transform_type": "warp", "target_shape": (9, 9)}),
    Sample("GridGenerator", [T(1, 2, 1, 4)], {"transform_type": "warp"}),
    Bad("GridGenerator", [T(2, 5)], {**AFFINE, "target_shape": (3, 4)}, match="data"),
    Bad("GridGenerator", [T(2, 2, 3)], {**AFFINE, "target_shape": (3, 4)}, match="data"),
    Bad("GridGenerator", [T(2, 6)], AFFINE, match="target_shape"),
    Bad("GridGenerator", [T(2, 6)], {**AFFINE, "target_shape": (3,)}, match="target_shape"),
    Bad("GridGenerator", [T(2, 3, 3, 4)], {"transform_type": "warp"}, match="data"),
    Bad("GridGenerator", [T(2, 6)], {"transform_type": "rotate", "target_shape": (3, 4)}, match="transform_type"),
    Sample("BilinearSampler", [T(2, 3, 5, 6), T(2, 2, 4, 3, low=-1, high=1)]),
    Sample("BilinearSampler", [T(2, 3, 5, 6), T(2, 2, 4, 3, low=-2, high=2)]),
    Sample("BilinearSampler", [T(1, 2, 5, 5), values([[[[-1, 1, 0, 0.5]], [[-1, 1, 0, -0.5]]]])]),
    Sample("BilinearSampler", [T(1, 2, 5, 5), values([[[[3, -3, 1.25, 0]], [[0, 0, 0, -1.5]]]])], {"cudnn_off": True}),
    Sample("BilinearSampler", [T(1, 1, 1, 1), T(1, 2, 2, 2, low=-1, high=1)]),
    Sample("BilinearSampler", [T(2, 3, 5, 6, dtype="float64"), T(2, 2, 4, 3, low=-1, high=1, dtype="float64")]),
    Sample("BilinearSampler", [T(2, 3, 5, 6, dtype="float16"), T(2, 2, 4, 3, low=-1, high=1, dtype="float16")]),
    Bad("BilinearSampler", [T(2, 3, 5, 6), T(3, 2, 4, 3)], match="grid"),
    Bad("BilinearSampler", [T(2, 3, 5, 6), T(2, 3, 4, 3)], match="grid"),
    Bad("BilinearSampler", [T(3, 5, 6), T(3, 2, 4, 3)], match="data"),
    Sample("SpatialTransformer", [T(2, 3, 5, 6), T(2, 6, low=-1, high=1)], {**TRANSFORM, "target_shape": (4, 5)}),
    Sample("SpatialTransformer", [T(2, 3, 5, 6), T(2, 6)], {**TRANSFORM, "target_shape": (7, 3), "cudnn_off": False}),
    Sample("SpatialTransformer", [T(2, 3, 5, 5), values(SAME)], {**TRANSFORM, "target_shape": (5, 5)}),
    Sample("SpatialTransformer", [T(2, 3, 5, 5), values(SAME)], {**TRANSFORM, "target_shape": (3, 3)}),
    Sample("SpatialTransformer", [T(1, 1, 2, 2), T(1, 6)], {**TRANSFORM, "target_shape": (2, 2)}),
    Sample("SpatialTransformer", [T(2, 3, 5, 6, dtype="float64"), T(2, 6, dtype="float64")],
           {**TRANSFORM, "target_shape": (4, 5)}),
    Bad("SpatialTransformer", [T(2, 3, 5, 6), T(2, 6)], TRANSFORM, match="target_shape"),
    Bad("SpatialTransformer", [T(2, 3, 5, 6), T(2, 5)], {**TRANSFORM, "target_shape": (4, 5)}, match="loc"),
    Bad("SpatialTransformer", [T(3, 5, 6), T(3, 6)], {**TRANSFORM, "target_shape": (4, 5)}, match="data"),
    Bad("SpatialTransformer", [T(2, 3, 5, 6), T(2, 6)], {"transform_type": "affine", "target_shape": (4, 5)},
        match="sampler_type"),
]
