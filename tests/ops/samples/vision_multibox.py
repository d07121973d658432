# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators of a single-shot detector: MultiBoxPrior, MultiBoxTarget, MultiBoxDetection."""
from functools import partial

from . import Bad, T, boxes, values
from . import Sample as AnySample

Sample = partial(AnySample, grad=False)
FLOAT32 = "MXNet has it for float32 only"
ANCHORS = values([[[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1], [0.25, 0.25, 0.75, 0.75],
                   [0, 0, 1, 1], [0.1, 0.1, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9]]])
LABELS = values([[[1, 0.1, 0.1, 0.5, 0.5], [0, 0.5, 0.5, 1, 1]], [[2, 0, 0, 1, 0.9], [-1, -1, -1, -1, -1]],
                 [[-1, -1, -1, -1, -1], [-1, -1, -1, -1, -1]]])
WIDE = values([[[1, 0.1, 0.1, 0.5, 0.5, 7], [0, 0.1, 0.2, 0.5, 0.5, 8], [0, 0, 0, 0.01, 0.01, 9]]])
PROBS = T(3, 4, 8, low=0, high=1)
FOUND = [PROBS, T(3, 32), ANCHORS]
HALF = {"overlap_threshold": 0.25}

SAMPLES = [
    # MultiBoxPrior
    Sample("_contrib_MultiBoxPrior", [T(2, 3, 3, 4)]),
    Sample("_contrib_MultiBoxPrior", [T(1, 1, 3, 4)], {"sizes": (0.5, 0.25), "ratios": (1.0, 2.0, 0.5)}),
    Sample("_contrib_MultiBoxPrior", [T(1, 1, 4, 3)], {"sizes": (0.75,), "ratios": (4.0, 0.25), "clip": True}),
    Sample("_contrib_MultiBoxPrior", [T(1, 1, 2, 3)], {"steps": (0.25, 0.5), "offsets": (0.0, 0.25)}),
    Sample("_contrib_MultiBoxPrior", [T(1, 1, 1, 1)], {"sizes": (2.0,), "clip": True}),
    Sample("_contrib_MultiBoxPrior", [T(1, 2, 10, 10)], {"sizes": (0.2, 0.272), "ratios": (1.0, 2.0, 0.5)}),
    *[Sample("_contrib_MultiBoxPrior", [T(1, 1, 2, 3, dtype=d)], ours_ok=FLOAT32) for d in ("float16", "float64")],
    *[Sample("_contrib_MultiBoxPrior", [T(1, 1, 2, 3)], {"steps": steps}) for steps in ((0.0, 0.5), (0.5, 0.0))],
    Bad("_contrib_MultiBoxPrior", [T(1, 1, 2, 2)], {"steps": (-1.0, 0.5)}, match=r"steps=\(-1.0, 0.5\)"),
    Bad("_contrib_MultiBoxPrior", [T(2, 3, 4)], match="4 dimensions"),
    Bad("_contrib_MultiBoxPrior", [T(1, 1, 2, 2)], {"steps": (0.5,)}, match=r"steps=\(0.5,\).*two numbers"),
    Bad("_contrib_MultiBoxPrior", [T(1, 1, 2, 2)], {"size": (0.5,)}, match="sizes"),
    # MultiBoxTarget
    Sample("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 8)]),
    Sample("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 8)], HALF),
    Sample("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 8)], {"overlap_threshold": 0.0, "ignore_label": -7.0}),
    *[Sample("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 8)], {**HALF, "negative_mining_ratio": ratio, **more})
      for ratio, more in ((1.0, {}), (0.5, {"minimum_negative_samples": 3}), (1.0, {"negative_mining_thresh": 0.75}))],
    Sample("_contrib_MultiBoxTarget", [ANCHORS, WIDE, T(1, 2, 8)], {"variances": (0.5, 0.25, 1.0, 2.0)}),
    Sample("_contrib_MultiBoxTarget", [boxes(1, 30, 4), values([[[0, 0.2, 0.3, 0.6, 0.7], [1, 0.4, 0.4, 0.9, 0.8]]]),
                                       T(1, 3, 30)], HALF),
    Sample("_contrib_MultiBoxTarget", [values([[[0, 0, 1, 1]]]), values([[[0, 0, 0, 1, 1]]]), T(1, 2, 1)]),
    Bad("_contrib_MultiBoxTarget", [T(2, 8, 4), LABELS, T(3, 4, 8)], match=r"anchor is \(2, 8, 4\)"),
    Bad("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 8)],
        {"negative_mining_ratio": 3.0, "negative_mining_thresh": 0.0}, match="negative_mining_thresh=0.0"),
    Bad("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 7)], match=r"cls_pred \(3, 4, 7\)"),
    Bad("_contrib_MultiBoxTarget", [ANCHORS, T(3, 2, 4), T(3, 4, 8)], match=r"label is \(3, 2, 4\)"),
    Bad("_contrib_MultiBoxTarget", [ANCHORS, LABELS, T(3, 4, 8)], {"variances": (0.1, 0.1)}, match="variances.*four"),
    # MultiBoxDetection
    *[Sample("_contrib_MultiBoxDetection", FOUND, params) for params in (
        {}, {"threshold": 0.5}, {"clip": False, "nms_threshold": 0.25}, {"force_suppress": True, "nms_threshold": 0.1},
        {"nms_topk": 3}, {"nms_topk": 100, "background_id": 1}, {"nms_threshold": 0.0}, {"nms_threshold": 2.0},
        {"variances": (0.5, 0.25, 1.0, 0.125), "threshold": 0.75}, {"threshold": 2.0})],
    Sample("_contrib_MultiBoxDetection", [values([[[0.25, 0.5], [0.75, 0.5]]]), values([[0, 0, 0, 0, 0, 0, 0, 0]]),
                                       values([[[0, 0, 0.5, 0.5], [0, 0, 0.5, 1]]])], {"nms_threshold": 0.5}),
    Sample("_contrib_MultiBoxDetection", [T(1, 2, 40, low=0, high=1), T(1, 160), boxes(1, 40, 4)],
           {"nms_threshold": 0.25}),
    Sample("_contrib_MultiBoxDetection", [T(1, 2, 1, low=0, high=1), T(1, 4), boxes(1, 1, 4)]),
    Bad("_contrib_MultiBoxDetection", [PROBS, T(3, 31), ANCHORS], match=r"loc_pred is \(3, 31\).*\(3, 32\)"),
    Bad("_contrib_MultiBoxDetection", [PROBS, T(3, 32), T(2, 8, 4)], match=r"anchor is \(2, 8, 4\).*\(1, 8, 4\)"),
    Bad("_contrib_MultiBoxDetection", FOUND, {"variances": (0.1,)}, match="variances.*four"),
]
