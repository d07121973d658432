# SPDX-License-Identifier: Apache-2.0
"""UpSampling: images larger by a whole factor, by repetition or by a learned (bilinear) deconvolution."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..params import Range
from ..registry import OperatorError, op
from ..schema import Input
from ._blocks import are_small, block_sums, repeated

_INIT = '["bilinear", {}]'


def _inputs(params: Any, count: int) -> list[Input]:
    """MXNet gives the second array the bilinear initializer whatever it is."""
    names = ["data", "weight"] if params.sample_type == "bilinear" else [f"arg{i}" for i in range(params.num_args)]
    return [Input(name, init=_INIT if i == 1 else None) for i, name in enumerate(names)]


@op("UpSampling", count="num_args", input_names=_inputs)
def up_sampling(*data: Tensor, scale: Annotated[int, Range(1)], num_filter: int = 0,
                sample_type: Literal["bilinear", "nearest"], multi_input_mode: Literal["concat", "sum"] = "concat",
                num_args: Annotated[int, Range(1)], workspace: int = 512) -> Tensor:
    """Makes (batch, channels, height, width) larger, by `scale` along height and width.

    With sample_type "nearest" each pixel is repeated. Several arrays may be given: all become as large as the first
    one times `scale` (which their sizes must divide), and are joined along the channels or added.

    With sample_type "bilinear" the inputs are `data` and `weight`, (channels, 1, k, k) with k = 2 * scale - scale % 2,
    for a deconvolution of each channel by itself; it interpolates when `weight` is initialized by `mx.init.Bilinear`.

    Parameters
    ----------
    scale : the factor
    sample_type : "nearest" or "bilinear"
    multi_input_mode : "concat" or "sum", for several arrays
    num_args : number of arrays, filled in from the call
    num_filter, workspace : accepted and without effect

    >>> import mxnet as mx
    >>> mx.nd.UpSampling(mx.nd.array([[[[1, 2]]]]), scale=2, sample_type="nearest").asnumpy().tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """
    if not data[0].is_floating_point():
        raise OperatorError(f"data is {str(data[0].dtype).removeprefix('torch.')}, but expected is a floating dtype")
    if sample_type == "bilinear":
        image, weight = data
        return F.conv_transpose2d(image, weight, None, scale, _bilinear_window(scale)[1], 0, len(weight))
    _out_shape([tuple(image.shape) for image in data], scale, multi_input_mode)
    grown = [_nearest(image, *times) for image, times in zip(data, _factors([image.shape for image in data], scale))]
    if len(grown) == 1:
        return grown[0]
    if multi_input_mode == "concat":
        return torch.cat(grown, 1)
    total = grown[0] + grown[1]
    for image in grown[2:]:
        total = total + image
    return total


def _factors(shapes: Sequence[tuple[int, ...]], scale: int) -> list[tuple[int, int]]:
    """How many times each array is repeated along height and width, to the size of the first one times `scale`."""
    height, width = (size * scale for size in shapes[0][2:])
    return [(height // h, width // w) if h and w else (scale, scale) for _, _, h, w in shapes]


def _nearest(image: Tensor, height: int, width: int) -> Tensor:
    if image.requires_grad or image.is_meta or not are_small(height, width):
        sizes = (image.shape[2] * height, image.shape[3] * width)
        return F.interpolate(image, sizes, mode="nearest")
    return repeated(image, height, width)


def _nearest_gradient(image: Tensor, head: Tensor, height: int, width: int) -> Tensor:
    if are_small(height, width):
        return block_sums(head, height, width)
    return torch.ops.aten.upsample_nearest2d_backward(head.contiguous(), head.shape[2:], image.shape)


@up_sampling.direct
def _(params, data, head):
    if params.sample_type == "bilinear":
        image, weight = data
        grads = torch.ops.aten.convolution_backward(
            head, image, weight, None, [params.scale] * 2, [_bilinear_window(params.scale)[1]] * 2, [1, 1], True,
            [0, 0], len(weight), [True, True, False])
        return {"data": grads[:2]}
    concat = len(data) > 1 and params.multi_input_mode == "concat"
    heads = head.split([image.shape[1] for image in data], 1) if concat else [head] * len(data)
    factors = _factors([image.shape for image in data], params.scale)
    return {"data": [_nearest_gradient(image, grad, *times) for image, grad, times in zip(data, heads, factors)]}


def _bilinear_window(scale: int) -> tuple[int, int]:
    """Kernel size and padding of the deconvolution."""
    return 2 * scale - scale % 2, scale // 2


def _out_shape(shapes: Sequence[tuple[int | None, ...]], scale: int, mode: str) -> tuple[int | None, ...]:
    for shape in shapes:
        if len(shape) != 4:
            raise OperatorError(f"data is {show(shape)}, but expected is (batch, channels, height, width)")
    batch, channels, *sizes = shapes[0]
    wanted = [None if size is None else size * scale for size in sizes]
    for shape in shapes[1:]:
        if any(big is not None and small is not None and (small == 0 or big % small)
               for big, small in zip(wanted, shape[2:])):
            raise OperatorError(f"an array is {show(shape)}, whose size does not divide {show(tuple(wanted))}, that of "
                                "the output")
        if mode == "sum" and None not in (channels, shape[1]) and shape[1] != channels:
            raise OperatorError(f"multi_input_mode 'sum' needs arrays of one number of channels, not {channels} and "
                                f"{shape[1]}")
    if mode == "concat":
        channels = _sum([shape[1] for shape in shapes])
    return (batch, channels, *wanted)


def _sum(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


@up_sampling.shape
def _(params, data):
    if data[0] is None:
        return {}
    if params.sample_type == "bilinear":
        out = _out_shape(data[:1], params.scale, "sum")
        size, _ = _bilinear_window(params.scale)
        return {"data": [None, (data[0][1], 1, size, size)], "out": out}
    if not all(shape is not None for shape in data):
        return {}
    return {"out": _out_shape(data, params.scale, params.multi_input_mode)}
