# SPDX-License-Identifier: Apache-2.0
"""Samples of the region proposals. Decoding takes exp, so that the last bits of coordinates differ."""
from . import Bad, Sample, T, values

TOLERANCE = {"float32": (1e-5, 1e-5)}
SIZES = {1: values([[64, 90, 1.0]]), 2: values([[64, 90, 1.0], [50, 96, 1.5]])}


def _inputs(batch, anchors, height=4, width=6, spread=0.6):
    return [T(batch, 2 * anchors, height, width, low=0.0, high=1.0),
            T(batch, 4 * anchors, height, width, low=-spread, high=spread), SIZES[batch]]


def _proposals(op, batch):
    def sample(params, anchors=3, **more):
        return Sample(op, _inputs(batch, anchors, **more), {"scales": (2.0,), "rpn_min_size": 4, **params})
    few = {"rpn_pre_nms_top_n": 12, "rpn_post_nms_top_n": 8}
    yield sample(few)
    yield sample({**few, "output_score": True})
    yield sample({"rpn_post_nms_top_n": 30, "threshold": 0.3, "output_score": True})
    yield sample({"rpn_pre_nms_top_n": -1, "rpn_post_nms_top_n": 20, "rpn_min_size": 40, "output_score": True})
    yield sample({**few, "scales": (1.0, 2.0), "ratios": (0.5, 1.5), "output_score": True}, anchors=4)
    yield sample({**few, "iou_loss": True, "output_score": True}, spread=12.0)
    yield sample({"rpn_pre_nms_top_n": 5, "rpn_post_nms_top_n": 10, "ratios": (1.0,), "threshold": 0.0},
                 anchors=1)
    yield sample({"feature_stride": 8, "rpn_post_nms_top_n": 6, "output_score": True}, height=8, width=12)
    yield sample({"threshold": 1.0, "rpn_post_nms_top_n": 100, "output_score": True})
    for name in ("scales", "ratios"):
        yield Bad(op, _inputs(batch, 3 if name == "scales" else 1), {"scales": (2.0,), name: (0.0,)},
                  match=f"{name}=.*above 0", skip={"symbol": "MXNet divides by it"})
    yield Bad(op, _inputs(batch, 4), {"scales": (2.0,)}, match="channels")
    yield Bad(op, [T(2, 3), T(2, 3), SIZES[batch]], {"scales": (2.0,)}, match="cls_prob")
    yield Bad(op, [*_inputs(batch, 3)[:2], T(batch, 4)], {"scales": (2.0,)}, match="im_info")
    yield Bad(op, [*_inputs(batch, 3)[:1], T(batch, 6, 4, 6), SIZES[batch]], {"scales": (2.0,)}, match="bbox_pred")


SAMPLES = [
    *_proposals("_contrib_Proposal", 1),
    *_proposals("_contrib_MultiProposal", 2),
    Bad("_contrib_Proposal", _inputs(2, 3), {"scales": (2.0,)}, match="one image"),
]
