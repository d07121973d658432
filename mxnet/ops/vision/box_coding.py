# SPDX-License-Identifier: Apache-2.0
"""_contrib_box_encode and _contrib_box_decode: boxes as offsets from anchors, and back."""
from __future__ import annotations

from torch import Tensor

from ..infer import show
from ..nn.loss_heads import refuse_integers
from ..params import Params
from ..registry import OperatorError, op
from ._boxes import Format, converted


@op("_contrib_box_encode", outputs=("output0", "output1"))
def box_encode(samples: Tensor, matches: Tensor, anchors: Tensor, refs: Tensor, means: Tensor,
               stds: Tensor) -> tuple[Tensor, Tensor]:
    """Offsets of matched boxes from their anchors, for training a detector.

    Parameters
    ----------
    samples : (batch, anchors): an anchor with a number above 0.5 is used; the others get zeros
    matches : (batch, anchors): the number of the reference box that each anchor matches
    anchors : (batch, anchors, 4), corner boxes
    refs : (batch, boxes, 4), corner boxes
    means, stds : (4,): the offsets become (offset - mean) / std

    The outputs are the offsets, (batch, anchors, 4): centre x and y relative to the anchor's size, and the logarithms
    of the relative width and height; and a mask of the same shape. All arrays are of one floating dtype. No gradient.
    Source: MXNet operator `_contrib_box_encode`.

    >>> import mxnet as mx
    >>> box, zero, one = mx.nd.array([[[0, 0, 2, 2]]]), mx.nd.zeros(4), mx.nd.ones(4)
    >>> offsets, mask = mx.nd.contrib.box_encode(mx.nd.ones((1, 1)), mx.nd.zeros((1, 1)), box, box + 1, zero, one)
    >>> offsets.asnumpy().tolist()
    [[[0.5, 0.5, 0.0, 0.0]]]
    """
    refuse_integers(anchors)
    _encode_shapes(*(tuple(x.shape) for x in (samples, matches, anchors, refs, means, stds)))
    samples, matches, anchors, refs, means, stds = (x.detach() for x in (samples, matches, anchors, refs, means, stds))
    anchor = converted(anchors, "corner", "center")
    mask = (samples > 0.5).unsqueeze(-1).expand(anchors.shape)
    place = matches.long().masked_fill(samples <= 0.5, 0).unsqueeze(-1).expand(-1, -1, 4)
    ref = converted(refs, "corner", "center").gather(1, place)
    offsets = ref.clone()
    offsets[..., :2] = (ref[..., :2] - anchor[..., :2]) / anchor[..., 2:]
    offsets[..., 2:] = (ref[..., 2:] / anchor[..., 2:]).log()
    offsets = (offsets - means) / stds
    return offsets.masked_fill(~mask, 0.0), mask.to(anchors.dtype)


def _encode_shapes(samples, matches, anchors, refs, means, stds):
    """All shapes, filled in; OperatorError when they do not fit."""
    if len(samples) != 2 or len(anchors) != 3 or len(refs) != 3:
        raise OperatorError(f"samples is {show(samples)}, anchors {show(anchors)} and refs {show(refs)}, but needed "
                            "are (batch, anchors), (batch, anchors, 4) and (batch, boxes, 4)")
    batch, count = samples
    want = {"samples": samples, "matches": (batch, count), "anchors": (batch, count, 4), "refs": (batch, refs[1], 4),
            "means": (4,), "stds": (4,)}
    for (name, needed), given in zip(want.items(), (samples, matches, anchors, refs, means, stds)):
        if given is not None and (len(given) != len(needed)
                                  or any(a != b for a, b in zip(given, needed) if None not in (a, b))):
            raise OperatorError(f"{name} is {show(given)}, but needs to be {show(needed)}")
    return want


@box_encode.shape
def _(params: Params, samples, anchors, refs, matches=None, means=None, stds=None):
    want = _encode_shapes(samples, matches, anchors, refs, means, stds)
    return want | {"out": [want["anchors"], want["anchors"]]}


@op("_contrib_box_decode")
def box_decode(data: Tensor, anchors: Tensor, *, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0,
               std3: float = 1.0, clip: float = -1.0, format: Format = "center") -> Tensor:
    """Boxes from their offsets to anchors.

    Parameters
    ----------
    data : offsets as `box_encode` gives them, (batch, anchors, 4), floating
    anchors : (1, anchors, 4)
    std0, std1, std2, std3 : factors of the four offsets
    clip : positive: the largest logarithm of the relative width and height; else no limit
    format : format of the anchors, `"center"` or `"corner"`

    The output holds corner boxes, in data's shape. No gradient. Source: MXNet operator `_contrib_box_decode`.

    >>> import mxnet as mx
    >>> x, anchor = mx.nd.array([[[0.5, 0.5, 0, 0]]]), mx.nd.array([[[1, 1, 2, 2]]])
    >>> mx.nd.contrib.box_decode(x, anchor).asnumpy().tolist()
    [[[1.0, 1.0, 3.0, 3.0]]]
    """
    refuse_integers(data)
    _decode_shapes(tuple(data.shape), tuple(anchors.shape))
    anchor = converted(anchors.detach(), format, "center")
    scaled = data.detach() * data.new_tensor([std0, std1, std2, std3])
    size = scaled[..., 2:]
    size = (size.clamp(max=clip) if clip > 0 else size).exp() * anchor[..., 2:]
    centre = scaled[..., :2] * anchor[..., 2:] + anchor[..., :2]
    return converted(_joined(centre, size), "center", "corner")


def _joined(centre: Tensor, size: Tensor) -> Tensor:
    joined = centre.new_empty((*centre.shape[:-1], 4))
    joined[..., :2], joined[..., 2:] = centre, size
    return joined


def _decode_shapes(data, anchors):
    if len(data) != 3 or len(anchors) != 3:
        raise OperatorError(f"data is {show(data)} and anchors {show(anchors)}, but needed are (batch, anchors, 4) and "
                            "(1, anchors, 4)")
    if any(a != b for a, b in zip((*data[1:], *anchors), (anchors[1], 4, 1, data[1], 4)) if None not in (a, b)):
        raise OperatorError(f"anchors is {show(anchors)}, but data {show(data)} needs (1, {data[1]}, 4)")


@box_decode.shape
def _(params: Params, data, anchors):
    _decode_shapes(data, anchors)
    data = (data[0], anchors[1] if data[1] is None else data[1], 4)
    return {"data": data, "anchors": (1, data[1], 4), "out": data}
