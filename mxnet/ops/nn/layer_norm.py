# SPDX-License-Identifier: Apache-2.0
"""LayerNorm, GroupNorm and InstanceNorm: normalization within each example, by torch's fused kernels."""
from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from ..infer import show
from ..params import Range
from ..registry import OperatorError, op

_OUTPUTS = ("output", "mean", "std")


def _outputs(params: Any) -> tuple[str, ...]:
    return _OUTPUTS if params.output_mean_var else _OUTPUTS[:1]


# ---- LayerNorm ------------------------------------------------------------------------------------


@op("LayerNorm", "_npx_layer_norm", outputs=_outputs)
def layer_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, axis: int = -1, eps: float = 1e-5,
               output_mean_var: bool = False) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    """`(x - mean) / sqrt(var + eps) * gamma + beta`, with mean and population variance along one axis.

    `data` and output have one shape, `gamma` and `beta` are (size of the axis,); all have one floating dtype.

    Parameters
    ----------
    axis : the axis, counted from the end when negative
    eps : added to the variance
    output_mean_var : give two more outputs, of the shape of `data` with 1 along the axis: the mean, and the standard
        deviation sqrt(var + eps). Gradients that arrive there are ignored.

    Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.

    >>> import mxnet as mx
    >>> x = mx.nd.array([[1, 3], [0, 8]])
    >>> mx.nd.LayerNorm(x, mx.nd.ones(2), mx.nd.zeros(2), eps=0).asnumpy().tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    return _layer_norm_keeping(data, gamma, beta, axis=axis, eps=eps, output_mean_var=output_mean_var)[0]


@layer_norm.keeping
def _layer_norm_keeping(data: Tensor, gamma: Tensor, beta: Tensor, *, axis: int, eps: float,
                        output_mean_var: bool) -> tuple[Any, tuple[Tensor, Tensor]]:
    """The result, and mean and reciprocal deviation."""
    axis = _axis(axis, data.dim())
    last = axis == data.dim() - 1
    x = data if last else data.movedim(axis, -1)
    out, mean, scale = torch.native_layer_norm(x, gamma.shape, gamma, beta, eps)
    if not last:
        out = out.movedim(-1, axis).contiguous()
    if not output_mean_var:
        return out, (mean, scale)
    kept = (*data.shape[:axis], 1, *data.shape[axis + 1:])
    return (out, mean.detach().reshape(kept), scale.detach().reciprocal().reshape(kept)), (mean, scale)


def _axis(axis: int, dims: int) -> int:
    if not -dims <= axis < dims:
        raise OperatorError(f"axis is {axis}, but data has {dims} dimensions")
    return axis % dims


@layer_norm.shape
def _(params, data, out=None):
    axis = _axis(params.axis, len(data))
    claims = {"gamma": (data[axis],), "beta": (data[axis],), "out": data}
    if params.output_mean_var:
        kept = (*data[:axis], 1, *data[axis + 1:])
        claims["out"] = (data, kept, kept)
    return claims


# ---- GroupNorm ------------------------------------------------------------------------------------


@op("GroupNorm", outputs=_outputs)
def group_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, num_groups: Annotated[int, Range(1)] = 1,
               eps: float = 1e-5, output_mean_var: bool = False) -> Tensor | tuple[Tensor, Tensor, Tensor]:
    """`(x - mean) / sqrt(var + eps) * gamma + beta`, with mean and population variance over groups of channels.

    `data` is (batch, channels, ...) with three dimensions at least; each example's channels are split into
    `num_groups` equal groups. `gamma` and `beta` are (num_groups,): one number for a group, not for a channel. The
    output has the shape of `data`; all have one floating dtype.

    Parameters
    ----------
    num_groups : number of groups; it divides the channels
    eps : added to the variance
    output_mean_var : give two more outputs, (batch, num_groups): the mean, and the standard deviation
        sqrt(var + eps). Gradients that arrive there are ignored.

    Source: Wu and He, "Group Normalization", ECCV 2018.

    >>> import mxnet as mx
    >>> x = mx.nd.array([[[1, 3], [0, 8]]])
    >>> mx.nd.GroupNorm(x, mx.nd.ones(2), mx.nd.zeros(2), num_groups=2, eps=0).asnumpy().tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """
    return _group_norm_keeping(data, gamma, beta, num_groups=num_groups, eps=eps, output_mean_var=output_mean_var)[0]


@group_norm.keeping
def _group_norm_keeping(data: Tensor, gamma: Tensor, beta: Tensor, *, num_groups: int, eps: float,
                        output_mean_var: bool) -> tuple[Any, tuple[Tensor, Tensor]]:
    """The result, and mean and reciprocal deviation."""
    _check_groups(tuple(data.shape), num_groups)
    batch, channels = data.shape[:2]
    size = channels // num_groups
    out, mean, scale = torch.native_group_norm(
        data.contiguous(), gamma.repeat_interleave(size), beta.repeat_interleave(size), batch, channels,
        data[0, 0].numel() if batch and channels else 0, num_groups, eps)
    shown = (out, mean.detach(), scale.detach().reciprocal()) if output_mean_var else out
    return shown, (mean, scale)


def _check_groups(data: tuple[int | None, ...], groups: int) -> None:
    if len(data) < 3:
        raise OperatorError(f"data is {show(data)}, but expected are batch, channels and one more dimension at least")
    if data[1] is not None and data[1] % groups:
        raise OperatorError(f"num_groups is {groups}, which does not divide the {data[1]} channels of data")


@group_norm.shape
def _(params, data, out=None):
    _check_groups(data, params.num_groups)
    groups, claims = (params.num_groups,), {"out": data}
    if params.output_mean_var:
        claims["out"] = (data, (data[0], *groups), (data[0], *groups))
    return {"gamma": groups, "beta": groups, **claims}


# ---- InstanceNorm ---------------------------------------------------------------------------------


@op("InstanceNorm")
def instance_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, eps: float = 1e-3) -> Tensor:
    """`(x - mean) / sqrt(var + eps) * gamma + beta`, with mean and population variance of each channel of an example.

    `data` is (batch, channels, ...) with three dimensions at least, `gamma` and `beta` are (channels,); the output
    has the shape of `data`, and all have one floating dtype. `eps` is added to the variance.

    Source: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.

    >>> import mxnet as mx
    >>> x = mx.nd.array([[[1, 3], [0, 8]]])
    >>> mx.nd.InstanceNorm(x, mx.nd.ones(2), mx.nd.zeros(2), eps=0).asnumpy().tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """
    return _instance_norm_keeping(data, gamma, beta, eps=eps)[0]


@instance_norm.keeping
def _instance_norm_keeping(data: Tensor, gamma: Tensor, beta: Tensor, *,
                           eps: float) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The result, and mean and reciprocal deviation."""
    _check_groups(tuple(data.shape), 1)
    batch, channels = data.shape[:2]
    size = data[0, 0].numel() if batch and channels else 0
    out, mean, scale = torch.native_group_norm(data.contiguous(), gamma.contiguous(), beta.contiguous(), batch,
                                               channels, size, channels, eps)
    return out, (mean, scale)


@instance_norm.shape
def _(params, data, out=None):
    _check_groups(data, 1)
    return {"gamma": (data[1],), "beta": (data[1],), "out": data}
