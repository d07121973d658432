# SPDX-License-Identifier: Apache-2.0
"""Direct gradients (see `Operator.direct`) of layers, on the functions that torch's own autograd calls."""
from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from . import batch_norm, convolution, deconvolution, dropout, layer_norm, leaky_relu, softmax, sync_batch_norm
from ._window import to_channels_first, to_channels_last, window

Grads = dict[str, Tensor]
Into = dict[str, Tensor]
Needs = frozenset[str]

_ATEN = torch.ops.aten


def _picked(needs: Needs, names: tuple[str, ...], values: Any) -> Grads:
    return {name: value for name, value in zip(names, values) if name in needs}


# ---- convolutions ---------------------------------------------------------------------------------------------------

_OF_CONVOLUTION = ("data", "weight", "bias")


def _convolution(params: Any, data: Tensor, weight: Tensor, head: Tensor, needs: Needs, transposed: bool,
                 pad: tuple[int, ...], adj: tuple[int, ...]) -> Grads:
    moves = window(params.kernel, params.stride, params.dilate, params.pad, params.layout)
    if moves.channels_last:
        data, weight, head = map(to_channels_first, (data, weight, head))
    by_columns = "data" in needs and not transposed and _has_few_channels(data, params)
    native = needs - {"data"} if by_columns else needs
    grads = _picked(native, _OF_CONVOLUTION, _ATEN.convolution_backward(
        head, data, weight, [params.num_filter], moves.stride, pad, moves.dilate, transposed, adj, params.num_group,
        [name in native for name in _OF_CONVOLUTION])) if native else {}
    if by_columns:
        columns = torch.matmul(weight.reshape(len(weight), -1).t(), head.reshape(*head.shape[:2], -1))
        grads["data"] = F.fold(columns, data.shape[2:], params.kernel, moves.dilate, pad, moves.stride)
    if moves.channels_last:
        grads.update({name: to_channels_last(grads[name]) for name in ("data", "weight") if name in grads})
    return grads


def _has_few_channels(data: Tensor, params: Any) -> bool:
    """Whether the data's gradient is found faster by a product of matrices: the channels of an image are too few for
    oneDNN's kernels, which take twice the time."""
    return (data.dim() == 4 and data.shape[1] <= 4 and params.num_group == 1 and data.device.type == "cpu"
            and data.dtype in (torch.float32, torch.float64) and data.numel() > 0)


@convolution.convolution.direct
@convolution.convolution_v1.direct
def _(params, data, weight, head, needs):
    moves = window(params.kernel, params.stride, params.dilate, params.pad, params.layout)
    return _convolution(params, data, weight, head, needs, False, moves.pad, (0,) * len(params.kernel))


@deconvolution.deconvolution.direct
def _(params, data, weight, head, needs):
    moves = window(params.kernel, params.stride, params.dilate, params.pad, params.layout)
    sizes = data.shape[1:-1] if moves.channels_last else data.shape[2:]
    pad, adj = deconvolution.borders(sizes, params.kernel, moves, params.adj, params.target_shape)
    return _convolution(params, data, weight, head, needs, True, pad, adj)


# ---- normalizations -------------------------------------------------------------------------------------------------

for _made in (batch_norm.batch_norm, batch_norm.batch_norm_with_relu, batch_norm.batch_norm_v1,
              sync_batch_norm.sync_batch_norm):
    assert _made.grad_rule is not None
    _made.direct(_made.grad_rule)

_OF_NORM = ("data", "gamma", "beta")


@layer_norm.layer_norm.direct
def _(params, data, gamma, beta, head, kept, needs):
    head = head[0] if params.output_mean_var else head
    if head is None:
        return {}
    axis = params.axis % data.dim()
    last = axis == data.dim() - 1
    x, grad = (data, head) if last else (data.movedim(axis, -1), head.movedim(axis, -1))
    grads = _picked(needs, _OF_NORM, _ATEN.native_layer_norm_backward(
        grad.contiguous(), x.contiguous(), gamma.shape, *kept, gamma, beta, [name in needs for name in _OF_NORM]))
    if not last and "data" in needs:
        grads["data"] = grads["data"].movedim(-1, axis).contiguous()
    return grads


def _of_groups(data: Tensor, gamma: Tensor, groups: int, head: Tensor, kept: Any, needs: Needs) -> Grads:
    """`gamma` is repeated for the channels, and so are the gradients."""
    batch, channels = data.shape[:2]
    return _picked(needs, _OF_NORM, _ATEN.native_group_norm_backward(
        head.contiguous(), data.contiguous(), *kept, gamma.contiguous(), batch, channels, data[0, 0].numel(), groups,
        [name in needs for name in _OF_NORM]))


@layer_norm.group_norm.direct
def _(params, data, gamma, head, kept, needs):
    head = head[0] if params.output_mean_var else head
    if head is None or not data.numel():
        return {}
    groups = params.num_groups
    size = data.shape[1] // groups
    grads = _of_groups(data, gamma.repeat_interleave(size), groups, head, kept, needs)
    return {name: grad if name == "data" else grad.view(groups, size).sum(1) for name, grad in grads.items()}


@layer_norm.instance_norm.direct
def _(params, data, gamma, head, kept, needs):
    return _of_groups(data, gamma, data.shape[1], head, kept, needs) if data.numel() else {}


# ---- element by element ---------------------------------------------------------------------------------------------

_RECTIFIERS = {
    "leaky": lambda params, data, head, place: _ATEN.leaky_relu_backward.grad_input(
        head, data, params.slope, False, grad_input=place),
    "elu": lambda params, data, head, place: _ATEN.elu_backward.grad_input(
        head, params.slope, 1, 1, False, data, grad_input=place),
    "gelu": lambda params, data, head, place: _ATEN.gelu_backward.grad_input(head, data, grad_input=place),
}


@leaky_relu.leaky_relu.direct
def _(params, data, gamma, out, head, needs, into):
    kind = params.act_type
    if kind in _RECTIFIERS:
        place = into["data"] if "data" in into else torch.empty_like(data)
        return {"data": _RECTIFIERS[kind](params, data, head, place)}
    if kind == "selu":
        return {"data": leaky_relu.selu_gradient(out, head)}
    above = data > 0
    if kind == "rrelu":
        return {"data": torch.where(above, head[0], head[0] * out[1])} if head[0] is not None else {}
    slopes = gamma.view(leaky_relu.spread(gamma.shape, data.shape))
    grads = {"data": torch.where(above, head, head * slopes)}
    if "gamma" in needs:
        grads["gamma"] = (head * data).masked_fill_(above, 0.0).sum_to_size(slopes.shape).view(gamma.shape)
    return grads


leaky_relu.leaky_relu.unused = lambda params: \
    () if params.act_type == "rrelu" else ("data",) if params.act_type == "selu" else ("out",)


@dropout.dropout.direct
def _(hidden, head, into):
    return {"data": torch.mul(head[0], hidden[0], out=into.get("data"))} if head[0] is not None else {}


# ---- softmax --------------------------------------------------------------------------------------------------------

_OF_SOFTMAX = {softmax.softmax: (_ATEN._softmax_backward_data.out, "grad_input", 1.0),
               softmax.softmin: (_ATEN._softmax_backward_data.out, "grad_input", -1.0),
               softmax.log_softmax: (_ATEN._log_softmax_backward_data.out, "out", 1.0)}


def _softmax_rule(backward: Any, place: str, sign: float) -> Any:
    def rule(params: Any, data: Tensor, out: Tensor, head: Tensor, into: Into) -> Grads:
        scale = sign / (params.temperature or 1.0)
        wide = torch.promote_types(data.dtype, out.dtype)
        given = into["data"] if "data" in into and wide is data.dtype else torch.empty(
            data.shape, dtype=wide, device=data.device)
        grad = backward(head.to(wide), out.to(wide), params.axis, wide, **{place: given})
        return {"data": (grad if scale == 1.0 else grad.mul_(scale)).to(data.dtype)}
    return rule


for _made, _how in _OF_SOFTMAX.items():
    _made.direct(_softmax_rule(*_how))


@softmax.softmax_activation.direct
def _(params, out, head):
    axis = 1 if params.mode == "channel" else -1
    return {"data": _ATEN._softmax_backward_data(head, out, axis, out.dtype)}
