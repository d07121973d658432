# SPDX-License-Identifier: Apache-2.0
"""Samples of ROIPooling and ROIAlign: regions within, across and outside of the map, of any size."""
from functools import partial

from . import Bad, T, distinct, ints, values
from . import Sample as AnySample

Sample = partial(AnySample, grad=(0,))
CELLS = {"pooled_size": (2, 3), "spatial_scale": 1.0}
SOME = values([[0, 0, 0, 4, 3], [1, 2.5, 1.5, 6.5, 5], [0, -3, -2, 2, 20], [1, 5, 5, 5, 5]])
LARGE = values([[0, 0, 0, 4, 3], [1, 2.5, 1.5, 6.5, 5], [0, -3, -2, 2, 20], [1, 5, 5, 5.25, 5.5]])
SOME64 = values([[0, 0, 0, 4, 3], [1, 2.5, 1.5, 6.5, 5]], "float64")
INSIDE_OUT = values([[0, 5, 4, 1, 1], [1, 2, 2, 1, 1]])
OUTSIDE = values([[0, 20, 20, 30, 30], [1, -30, -30, -20, -20]])
NO_IMAGE = values([[-1, 0, 0, 4, 3], [1, 0, 0, 4, 3]])

SAMPLES = [
    # ROIPooling
    Sample("ROIPooling", [distinct(2, 3, 6, 7), SOME], CELLS),
    Sample("ROIPooling", [distinct(2, 2, 6, 7), SOME], {"pooled_size": (7, 7), "spatial_scale": 0.5}),
    Sample("ROIPooling", [distinct(2, 1, 13, 17), values([[0, 0, 0, 16, 12], [1, 3, 2, 60, 44], [1, 1, 1, 2, 30]])],
           {"pooled_size": (3, 2), "spatial_scale": 0.25}),
    Sample("ROIPooling", [ints(2, 3, 6, 7, low=-1, high=2, dtype="float32"), SOME], CELLS),
    Sample("ROIPooling", [T(2, 3, 6, 7, low=0, high=0.0), SOME], CELLS),
    Sample("ROIPooling", [distinct(2, 3, 6, 7), INSIDE_OUT], CELLS),
    Sample("ROIPooling", [distinct(2, 3, 6, 7), OUTSIDE], CELLS),
    Sample("ROIPooling", [distinct(2, 3, 6, 7), NO_IMAGE], CELLS),
    Sample("ROIPooling", [T(1, 1, 1, 1), values([[0, 0, 0, 0, 0]])], {"pooled_size": (1, 1), "spatial_scale": 1.0}),
    Sample("ROIPooling", [distinct(2, 3, 6, 7, dtype="float64"), SOME64], CELLS),
    Sample("ROIPooling", [distinct(2, 3, 6, 7, dtype="float16"), values([[0, 0, 0, 4, 3]], "float16")], CELLS),
    Bad("ROIPooling", [T(2, 3, 6), SOME], CELLS, match=r"data is \(2, 3, 6\).*4 dimensions"),
    Bad("ROIPooling", [T(2, 3, 6, 7), T(3, 4)], CELLS, match=r"rois is \(3, 4\)"),
    Bad("ROIPooling", [T(2, 3, 6, 7), SOME], {"pooled_size": (2,), "spatial_scale": 1.0}, match="pooled_size"),
    Bad("ROIPooling", [T(2, 3, 6, 7), SOME], {"pooled_size": (2, 2), "spatial_scale": 2.0}, match="spatial_scale"),
    Bad("ROIPooling", [T(2, 3, 6, 7), SOME], {"pooled_size": (2, 2)}, match="spatial_scale.*required"),
    # ROIAlign
    Sample("_contrib_ROIAlign", [T(2, 3, 6, 7), SOME], CELLS),
    *[Sample("_contrib_ROIAlign", [T(2, 2, 6, 7), LARGE],
             {"pooled_size": (3, 2), "spatial_scale": 0.5, "sample_ratio": ratio, "aligned": aligned})
      for ratio in (0, 1, 2) for aligned in (False, True)],
    Sample("_contrib_ROIAlign", [T(2, 12, 6, 7), SOME], {**CELLS, "position_sensitive": True}),
    Sample("_contrib_ROIAlign", [T(2, 6, 6, 7), LARGE],
           {**CELLS, "position_sensitive": True, "aligned": True, "sample_ratio": 2}),
    Sample("_contrib_ROIAlign", [T(2, 3, 6, 7), INSIDE_OUT], {**CELLS, "sample_ratio": 2}),
    Sample("_contrib_ROIAlign", [T(2, 3, 6, 7), OUTSIDE], CELLS),
    Sample("_contrib_ROIAlign", [T(1, 1, 1, 1), values([[0, 0, 0, 0, 0]])],
           {"pooled_size": (1, 1), "spatial_scale": 1.0}),
    Sample("_contrib_ROIAlign", [T(2, 3, 6, 7, dtype="float64"), SOME64], {**CELLS, "spatial_scale": 0.5}),
    Bad("_contrib_ROIAlign", [T(2, 3, 6), SOME], CELLS, match=r"data is \(2, 3, 6\).*4 dimensions"),
    Bad("_contrib_ROIAlign", [T(2, 3, 6, 7), T(3, 4)], CELLS, match=r"rois is \(3, 4\)"),
    Bad("_contrib_ROIAlign", [T(2, 3, 6, 7), SOME], {**CELLS, "position_sensitive": True}, match="3 channels.*6"),
    Bad("_contrib_ROIAlign", [T(2, 3, 6, 7), SOME], {"spatial_scale": 1.0}, match="pooled_size.*required"),
]
