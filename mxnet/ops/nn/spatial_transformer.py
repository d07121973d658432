# SPDX-License-Identifier: Apache-2.0
"""GridGenerator, BilinearSampler and SpatialTransformer: images seen through a grid of points.

Points are (x, y) in coordinates where -1 and 1 are the centers of the first and the last pixel.

Source: Jaderberg et al., "Spatial Transformer Networks", NeurIPS 2015.
"""
from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ..infer import show
from ..registry import OperatorError, op


def _image(name: str, shape: tuple[int | None, ...]) -> None:
    if len(shape) != 4:
        raise OperatorError(f"{name} is {show(shape)}, but expected is (batch, channels, height, width)")


def _affine(name: str, shape: tuple[int | None, ...], target_shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[1] not in (None, 6):
        raise OperatorError(f"{name} is {show(shape)}, but expected is (batch, 6)")
    if len(target_shape) != 2 or min(target_shape) < 1:
        raise OperatorError(f"target_shape is {target_shape}, but expected are height and width, from 1 on")


def _pixels(like: Tensor, height: int, width: int, dims: int) -> list[Tensor]:
    """The coordinates x and y of all pixels of an image, and ones: the first `dims` of these, each (height, width)."""
    y = torch.arange(height, dtype=like.dtype, device=like.device).view(-1, 1).expand(height, width)
    x = torch.arange(width, dtype=like.dtype, device=like.device).expand(height, width)
    return [x, y, torch.ones_like(x)][:dims]


def _affine_grid(theta: Tensor, height: int, width: int) -> Tensor:
    """(batch, 2, height, width) points: the 2 by 3 matrices `theta` applied to the points of a regular grid."""
    x, y, one = _pixels(theta, height, width, 3)
    # a single row or column has no distance between its points, which is NaN in MXNet, too
    step_x, step_y = torch.tensor([width - 1, height - 1], dtype=theta.dtype, device=theta.device).reciprocal() * 2
    points = torch.stack([x * step_x - 1, y * step_y - 1, one]).view(3, -1)
    return (theta.reshape(-1, 2, 3) @ points).view(-1, 2, height, width)


def _sample(data: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(data, grid.permute(0, 2, 3, 1), "bilinear", "zeros", True)


# ---- GridGenerator ----------------------------------------------------------------------------------


@op("GridGenerator")
def grid_generator(data: Tensor, *, transform_type: Literal["affine", "warp"],
                   target_shape: tuple[int, ...] = (0, 0)) -> Tensor:
    """Points for BilinearSampler: (batch, 2, height, width), x before y, where -1 and 1 are the borders of the image.

    - transform_type "affine": `data` is (batch, 6), the rows of 2 by 3 matrices that take the (x, y, 1) of a regular
      grid of size `target_shape` to the points
    - transform_type "warp": `data` is (batch, 2, height, width), a flow in pixels, x before y, that is added to each
      pixel's own place; `target_shape` is without effect

    >>> import mxnet as mx
    >>> mx.nd.GridGenerator(mx.nd.array([[1, 0, 0, 0, 1, 0]]), transform_type="affine", target_shape=(2, 2))[0, 0]
    <BLANKLINE>
    [[-1.  1.]
     [-1.  1.]]
    <NDArray 2x2 @cpu(0)>
    """
    _check_grid(tuple(data.shape), transform_type, target_shape)
    if transform_type == "affine":
        return _affine_grid(data, *target_shape)
    height, width = data.shape[2:]
    half = torch.tensor([width - 1, height - 1], dtype=data.dtype, device=data.device).div_(2).view(2, 1, 1)
    return (data + torch.stack(_pixels(data, height, width, 2))) / half - 1


def _check_grid(data: tuple[int | None, ...], transform_type: str, target_shape: tuple[int, ...]) -> None:
    if transform_type == "affine":
        _affine("data", data, target_shape)
        return
    _image("data", data)
    if data[1] not in (None, 2):
        raise OperatorError(f"data is {show(data)}, but a flow is (batch, 2, height, width)")


@grid_generator.shape
def _(params, data):
    _check_grid(data, params.transform_type, params.target_shape)
    return {"out": data if params.transform_type == "warp" else (data[0], 2, *params.target_shape)}


# ---- BilinearSampler --------------------------------------------------------------------------------


@op("BilinearSampler")
def bilinear_sampler(data: Tensor, grid: Tensor, *, cudnn_off: bool | None = None) -> Tensor:
    """The image at given points, by bilinear interpolation; outside of the image is 0.

    `data` is (batch, channels, height, width), `grid` (batch, 2, out_height, out_width) with x in `grid[:, 0]` and y
    in `grid[:, 1]`, where -1 and 1 are the first and the last pixel; the output is (batch, channels, out_height,
    out_width). `cudnn_off` is accepted and without effect.

    >>> import mxnet as mx
    >>> x = mx.nd.array([[[[0], [4]]]])
    >>> mx.nd.BilinearSampler(x, mx.nd.zeros((1, 2, 1, 1))).asnumpy().tolist()
    [[[[2.0]]]]
    """
    return _sample(data, grid)


@bilinear_sampler.shape
def _(params, data, grid):
    _image("data", data)
    _image("grid", grid)
    if grid[1] not in (None, 2) or (None not in (data[0], grid[0]) and data[0] != grid[0]):
        raise OperatorError(f"grid is {show(grid)}, but data {show(data)} needs ({show(data[:1])[1:-2]}, 2, ...)")
    return {"grid": (data[0], 2, *grid[2:]), "out": (*data[:2], *grid[2:])}


# ---- SpatialTransformer -----------------------------------------------------------------------------


@op("SpatialTransformer")
def spatial_transformer(data: Tensor, loc: Tensor, *, target_shape: tuple[int, ...] = (0, 0),
                        transform_type: Literal["affine"], sampler_type: Literal["bilinear"],
                        cudnn_off: bool | None = None) -> Tensor:
    """GridGenerator and BilinearSampler in one: the image under an affine map, by bilinear interpolation.

    `data` is (batch, channels, height, width), `loc` (batch, 6), the rows of 2 by 3 matrices that take the (x, y, 1)
    of a regular grid of size `target_shape` to points of the image; the output is (batch, channels, *target_shape).
    `cudnn_off` is accepted and without effect.

    >>> import mxnet as mx
    >>> x, same = mx.nd.ones((1, 1, 4, 4)), mx.nd.array([[1, 0, 0, 0, 1, 0]])
    >>> how = {"transform_type": "affine", "sampler_type": "bilinear"}
    >>> mx.nd.SpatialTransformer(x, same, target_shape=(2, 3), **how).shape
    (1, 1, 2, 3)
    """
    _affine("loc", tuple(loc.shape), target_shape)
    return _sample(data, _affine_grid(loc, *target_shape))


@spatial_transformer.shape
def _(params, data, loc=None):
    _image("data", data)
    _affine("loc", (None, 6) if loc is None else loc, params.target_shape)
    return {"loc": (data[0], 6), "out": (*data[:2], *params.target_shape)}
