# SPDX-License-Identifier: Apache-2.0
"""Samples of position-sensitive, deformable and rotated pooling of regions."""
from . import Bad, Sample, T, values

TOLERANCE = {"float32": (1e-5, 2e-6)}
ROIS = values([[0, 1, 0.6, 5.2, 4], [1, 3, 2, 12, 9], [0, 2.5, 3, 2.5, 3], [1, -4, -3, 3, 2], [0, 0, 0, 8, 6],
               [1, 5, 5, 2, 1]])
LARGE = values([[0, 16, 10, 80, 60], [1, 40, 32, 120, 100], [1, 0, 0, 20, 100]])
TURNED = values([[0, 3, 3, 4, 2, 0], [0, 3, 3, 4, 2, 30], [1, 4.5, 2, 6, 3, -75], [1, 0, 0, 5, 5, 45],
                 [0, 2.2, 3.1, 0.3, 0.2, 180], [1, 8, 6, 3, 3, 90]])


def _maps(channels, dtype="float32"):
    return T(2, channels, 7, 9, dtype=dtype)


def _offsets(rois, classes, part):
    return T(rois.shape[0], 2 * classes, part, part)


DEFORMED = {"spatial_scale": 1.0, "output_dim": 4, "group_size": 2, "pooled_size": 2}

SAMPLES = [
    *[Sample("_contrib_PSROIPooling", [_maps(channels), rois], {"spatial_scale": scale, "output_dim": dim,
                                                              "pooled_size": size, **more})
      for channels, rois, scale, dim, size, more in (
          (8, ROIS, 1.0, 2, 2, {}), (27, ROIS, 0.5, 3, 3, {}), (8, ROIS, 1.0, 2, 3, {"group_size": 2}),
          (3, ROIS, 1.0, 3, 2, {"group_size": 1}), (18, LARGE, 0.0625, 2, 3, {"group_size": 3}),
          (1, ROIS, 1.0, 1, 1, {}), (11, ROIS, 1.0, 2, 2, {}), (8, ROIS, 0.25, 2, 1, {"group_size": 2}))],
    Sample("_contrib_PSROIPooling", [_maps(8, "float64"), values([[0, 1, 1, 5, 4]], "float64")],
           {"spatial_scale": 1.0, "output_dim": 2, "pooled_size": 2}),
    Bad("_contrib_PSROIPooling", [_maps(8), ROIS], {"spatial_scale": 1.0, "output_dim": 3, "pooled_size": 2},
        match="need 12"),
    Bad("_contrib_PSROIPooling", [_maps(8), T(3, 4)], {"spatial_scale": 1.0, "output_dim": 2, "pooled_size": 2},
        match="rois"),
    Bad("_contrib_PSROIPooling", [T(8, 7, 9), ROIS], {"spatial_scale": 1.0, "output_dim": 2, "pooled_size": 2},
        match="data"),
    Bad("_contrib_PSROIPooling", [_maps(8), ROIS], {"spatial_scale": 2.0, "output_dim": 2, "pooled_size": 2},
        match="spatial_scale"),

    *[Sample("_contrib_DeformablePSROIPooling", [_maps(16), rois, _offsets(rois, classes, part)],
             {**DEFORMED, "trans_std": 0.1, **more})
      for rois, classes, part, more in (
          (ROIS, 1, 2, {}), (ROIS, 2, 2, {"sample_per_part": 2}), (ROIS, 4, 3, {"part_size": 3, "sample_per_part": 4}),
          (LARGE, 2, 1, {"part_size": 1, "spatial_scale": 0.0625, "sample_per_part": 3}),
          (ROIS, 1, 3, {"pooled_size": 3}), (ROIS, 1, 2, {"trans_std": 0.0}),
          (ROIS, 1, 2, {"trans_std": 1.0, "sample_per_part": 2}))],
    *[Sample("_contrib_DeformablePSROIPooling", [_maps(16), rois], {**DEFORMED, "no_trans": True, **more})
      for rois, more in ((ROIS, {}), (ROIS, {"sample_per_part": 2}), (ROIS, {"pooled_size": 3, "sample_per_part": 4}),
                         (LARGE, {"spatial_scale": 0.0625}), (ROIS, {"output_dim": 16, "group_size": 1}))],
    Bad("_contrib_DeformablePSROIPooling", [_maps(15), ROIS], {**DEFORMED, "no_trans": True}, match="need 16"),
    Bad("_contrib_DeformablePSROIPooling", [_maps(16), ROIS, _offsets(ROIS, 1, 3)], DEFORMED, match="trans"),
    Bad("_contrib_DeformablePSROIPooling", [_maps(16), ROIS, _offsets(ROIS, 3, 2)], DEFORMED, match="classes"),

    *[Sample("_contrib_RROIAlign", [_maps(3), TURNED], {"spatial_scale": scale, "pooled_size": size, **more})
      for scale, size, more in ((1.0, (2, 2), {}), (0.5, (3, 1), {"sampling_ratio": 2}),
                                (1.0, (1, 4), {"sampling_ratio": 0}), (1.0, (1, 1), {"sampling_ratio": 3}),
                                (0.25, (2, 3), {}), (1.0, (7, 7), {"sampling_ratio": 1}))],
    Bad("_contrib_RROIAlign", [_maps(3), ROIS], {"spatial_scale": 1.0, "pooled_size": (2, 2)}, match="rois"),
    Bad("_contrib_RROIAlign", [_maps(3), TURNED], {"spatial_scale": 1.0, "pooled_size": (2,)}, match="pooled_size"),
    Bad("_contrib_RROIAlign", [T(3, 7, 9), TURNED], {"spatial_scale": 1.0, "pooled_size": (2, 2)}, match="data"),
]
