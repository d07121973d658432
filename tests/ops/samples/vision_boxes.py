# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators on boxes: overlap, suppression, matching, encoding and decoding."""
from functools import partial

from . import Bad, T, boxes, ints, values
from . import Sample as AnySample

Sample = partial(AnySample, grad=False)
SIX = [[0, 0.5, 0.1, 0.1, 0.2, 0.2], [1, 0.375, 0.1, 0.1, 0.2, 0.2], [0, 0.25, 0.1, 0.1, 0.19, 0.19],
       [2, 0.625, 0.5, 0.5, 0.7, 0.8], [0, 0.125, 0.5, 0.5, 0.7, 0.75], [1, 0.5, 0.0, 0.0, 0.15, 0.15]]
ROWS, CLASSES = values(SIX), {"id_index": 0}
TIES = values([[0, 0.5, 0, 0, 2, 2], [0, 0.5, 0, 0, 2, 1.75], [1, 0.5, 0, 0, 2, 1.5], [0, 0.5, 3, 3, 4, 4]])
SCORES = values([[0.5, 0.6, 0.25], [0.1, 0.2, 0.3], [0.3, 0.4, 0.7], [0.7, 0.1, 0.2]])
ENCODE = [values([[1, 0, 1], [1, 1, 0.5]]), values([[0, 1, 1], [2, 0, 1]]),
          values([[[0, 0, 1, 1], [0.5, 0, 1, 2], [0, 0.25, 0.5, 1]], [[1, 1, 2, 2], [0, 0, 2, 3], [0, 0, 1, 1]]]),
          values([[[0, 0, 2, 2], [0.25, 0.5, 1, 2], [1, 1, 2, 3]], [[0, 0, 1, 1], [0, 1, 2, 2], [1, 0, 4, 4]]]),
          values([0, 0.5, 0, 0.25]), values([0.5, 0.25, 1, 2])]


def encode(place, tensor):
    return [*ENCODE[:place], tensor, *ENCODE[place + 1:]]


SAMPLES = [
    # box_iou
    Sample("_contrib_box_iou", [boxes(3, 4), boxes(5, 4)]),
    Sample("_contrib_box_iou", [boxes(2, 3, 4), boxes(2, 2, 4)]),
    Sample("_contrib_box_iou", [T(3, 4, low=0, high=1), T(5, 4, low=0, high=1)], {"format": "center"}),
    Sample("_contrib_box_iou", [values([[0, 0, 2, 2], [2, 2, 0, 0], [1, 1, 1, 1], [0, 0, 2, 1]]),
                                values([[0, 0, 2, 2], [1, 1, 1, 1], [1, 0, 3, 2]])]),
    Sample("_contrib_box_iou", [boxes(1, 4), boxes(1, 4)]),
    Sample("_contrib_box_iou", [boxes(3, 4, dtype="float64"), boxes(5, 4, dtype="float64")]),
    Sample("_contrib_box_iou", [boxes(3, 4, dtype="float16"), boxes(5, 4, dtype="float16")]),
    Bad("_contrib_box_iou", [T(3, 5), T(2, 5)], match=r"lhs is \(3, 5\)"),
    Bad("_contrib_box_iou", [T(4), T(2, 4)], match=r"lhs is \(4,\)"),
    Bad("_contrib_box_iou", [ints(3, 4), ints(2, 4)], match="floating"),
    Bad("_contrib_box_iou", [boxes(3, 4), boxes(5, 4)], {"format": "corners"}, match="format.*'corner'"),
    # box_nms
    *[AnySample("_contrib_box_nms", [ROWS], {"overlap_thresh": 0.25, **more}) for more in (
        {}, CLASSES, {**CLASSES, "force_suppress": True}, {"topk": 2}, {**CLASSES, "topk": 0}, {"topk": 100},
        {"valid_thresh": 0.25}, {**CLASSES, "background_id": 0}, {"background_id": 0}, {"valid_thresh": 2.0},
        {**CLASSES, "out_format": "center"}, {**CLASSES, "in_format": "center"},
        {"in_format": "center", "out_format": "center", "valid_thresh": 0.2, "topk": 4})],
    AnySample("_contrib_box_non_maximum_suppression", [TIES], CLASSES),
    AnySample("_contrib_box_nms", [T(2, 3, 8, 6, low=0, high=1)], {"overlap_thresh": 0.1}),
    AnySample("_contrib_box_nms", [T(2, 30, 7, low=0, high=1)],
              {"coord_start": 0, "score_index": 5, "in_format": "center", "overlap_thresh": 0.2}),
    AnySample("_contrib_box_nms", [T(1, 6, low=0, high=1)]),
    *[AnySample("_contrib_box_nms", [T(1, 60, 6, low=-2, high=3)], {**CLASSES, "overlap_thresh": 0.1, **more})
      for more in ({}, {"background_id": 1})],
    AnySample("_contrib_box_nms", [T(12, 6, low=0, high=1, dtype="float64")], {"in_format": "center"}),
    AnySample("_contrib_box_nms", [values(SIX, "float16")]),
    Bad("_contrib_box_nms", [ROWS], {"coord_start": 3}, match="coord_start=3.*do not reach"),
    Bad("_contrib_box_nms", [ROWS], {"score_index": 3}, match="score_index=3 is among the coordinates"),
    Bad("_contrib_box_nms", [ROWS], {"id_index": 6}, match="id_index=6"),
    Bad("_contrib_box_nms", [T(6)], match="2 dimensions"),
    Bad("_contrib_box_nms", [ints(3, 6)], match="floating"),
    # bipartite_matching
    *[Sample("_contrib_bipartite_matching", [SCORES], {"threshold": threshold, **more})
      for threshold, more in ((1e-12, {}), (0.25, {}), (0.5, {"is_ascend": True}), (0.25, {"is_ascend": True}),
                              (0.0, {"topk": 1}), (0.0, {"topk": 2}), (0.0, {"topk": 0}), (9.0, {}))],
    Sample("_contrib_bipartite_matching", [ints(4, 6, high=3, dtype="float32")], {"threshold": 0.5}),
    Sample("_contrib_bipartite_matching", [ints(3, 6, 4, high=3, dtype="float32")],
           {"threshold": 1.5, "is_ascend": True, "topk": 2}),
    Sample("_contrib_bipartite_matching", [T(2, 2, 5, 3)], {"threshold": -0.5}),
    Sample("_contrib_bipartite_matching", [T(1, 1)], {"threshold": -9.0}),
    *[Sample("_contrib_bipartite_matching", [T(5, 7, dtype=d)], {"threshold": 0.25}) for d in ("float16", "float64")],
    Bad("_contrib_bipartite_matching", [T(4)], {"threshold": 0.0}, match=r"data is \(4,\)"),
    Bad("_contrib_bipartite_matching", [T(4, 3)], match="threshold.*required"),
    Bad("_contrib_bipartite_matching", [ints(4, 3)], {"threshold": 0.0}, match="floating"),
    # box_encode
    Sample("_contrib_box_encode", ENCODE),
    Sample("_contrib_box_encode", encode(0, values([[0, 0, 0], [0, 0.25, 0.5]]))),
    Sample("_contrib_box_encode", encode(4, values([1, 2, 3, 4]))),
    Sample("_contrib_box_encode", encode(0, values([[-1, 1, -1], [1, -1, 1]]))),
    Sample("_contrib_box_encode", [x for x in (
        values([[1]]), values([[0]]), values([[[0, 0, 1, 1]]]), values([[[0, 0, 2, 1]]]), values([0, 0, 0, 0]),
        values([1, 1, 1, 1]))]),
    Sample("_contrib_box_encode", [
        values([[1, 0]], "float64"), values([[1, 0]], "float64"), values([[[0, 0, 1, 1], [0, 0, 2, 1]]], "float64"),
        values([[[0, 0, 2, 1], [0.5, 0, 2, 1]]], "float64"), values([0, 0, 0, 0], "float64"),
        values([0.5, 0.5, 0.25, 0.25], "float64")]),
    Bad("_contrib_box_encode", encode(1, T(2, 4)), match=r"matches is \(2, 4\).*\(2, 3\)"),
    Bad("_contrib_box_encode", encode(3, T(1, 3, 4)), match=r"refs is \(1, 3, 4\)"),
    Bad("_contrib_box_encode", encode(4, T(3)), match=r"means is \(3,\)"),
    # box_decode
    Sample("_contrib_box_decode", [T(2, 5, 4), boxes(1, 5, 4)]),
    Sample("_contrib_box_decode", [T(2, 5, 4), boxes(1, 5, 4)], {"format": "corner"}),
    Sample("_contrib_box_decode", [T(2, 5, 4), boxes(1, 5, 4)],
           {"std0": 0.125, "std1": 0.25, "std2": 0.5, "std3": 2.0, "format": "corner"}),
    Sample("_contrib_box_decode", [T(2, 5, 4), boxes(1, 5, 4)], {"clip": 0.5}),
    Sample("_contrib_box_decode", [T(1, 1, 4), boxes(1, 1, 4)], {"clip": 0.0}),
    *[Sample("_contrib_box_decode", [T(2, 5, 4, dtype=d), boxes(1, 5, 4, dtype=d)]) for d in ("float16", "float64")],
    Bad("_contrib_box_decode", [T(2, 5, 4), T(2, 5, 4)], match=r"anchors is \(2, 5, 4\).*\(1, 5, 4\)"),
    Bad("_contrib_box_decode", [T(2, 5, 4), T(1, 4, 4)], match=r"anchors is \(1, 4, 4\)"),
    Bad("_contrib_box_decode", [T(5, 4), T(1, 5, 4)], match="needed are"),
    Bad("_contrib_box_decode", [ints(2, 5, 4), ints(1, 5, 4)], match="floating"),
]
