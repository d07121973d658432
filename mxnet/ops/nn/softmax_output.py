# SPDX-License-Identifier: Apache-2.0
"""SoftmaxOutput: the softmax whose gradient is that of the cross entropy with its labels.

The gradient never comes from a chain rule through the softmax: it is `out - target`, scaled. Data of any layout is
brought to one view (groups, classes, positions) first, where each position of each group is one distribution:
(batch, rest, 1) by default, (rows, last, 1) with `preserve_shape`, (batch, channels, rest) with `multi_output`.
"""
from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from ..infer import prod, show
from ..params import Params, Range
from ..registry import OperatorError, op
from .loss_heads import dtype_from_data, refuse_integers


@op("SoftmaxOutput", "Softmax")
def softmax_output(data: Tensor, label: Tensor, *, grad_scale: float = 1.0, ignore_label: float = -1.0,
                   multi_output: bool = False, use_ignore: bool = False, preserve_shape: bool = False,
                   normalization: Literal["null", "batch", "valid"] = "null", out_grad: bool = False,
                   smooth_alpha: Annotated[float, Range(0, 1)] = 0.0) -> Tensor:
    """Softmax as the head of a classifier: its gradient is that of the cross entropy, and ignores head gradients.

    Parameters
    ----------
    data : scores, floating. The softmax runs over all axes but the first; with `multi_output` over axis 1, with
        `preserve_shape` over the last axis. The output has data's shape and dtype.
    label : class numbers in data's dtype, of shape `data.shape[:-1]` (when data is taken as (batch, rest), the first
        numbers of it count); with `multi_output` one for each position, as (batch, positions), (batch, *positions) or
        (batch, 1, *positions). A number that is no class matches none. Or, in data's shape, the probabilities to
        reach: then only `grad_scale` and `out_grad` of the options below apply.
    grad_scale : factor of the gradient
    use_ignore, ignore_label : whether positions with that label have gradient zero
    normalization : what the gradient is divided by: nothing (`"null"`; with `multi_output` the number of positions),
        the number of labels (`"batch"`), or the number of labels other than `ignore_label` (`"valid"`)
    out_grad : multiply the gradient with the output, element by element: MXNet 1.9.1 does so, against its manual
    smooth_alpha : the probability that label smoothing moves from the true class to the others, without `multi_output`

    Gradient: (out - one_hot(label)) * grad_scale / normalization for `data`, zero for `label`.
    Source: MXNet operator `SoftmaxOutput`.

    >>> import mxnet as mx
    >>> mx.nd.SoftmaxOutput(mx.nd.zeros((1, 2)), mx.nd.array([0])).asnumpy().tolist()
    [[0.5, 0.5]]
    """
    refuse_integers(data)
    if multi_output:
        return data.softmax(1)
    if preserve_shape or data.ndim == 2:
        return data.softmax(-1)
    return data.flatten(1).softmax(1).view(data.shape) if data.ndim > 1 else data.new_ones(data.shape)


@softmax_output.shape
def _(params: Params, data, label=None, out=None):
    data = out if data is None else data
    if label is not None and len(label) == len(data) and all(a in (b, None) for a, b in zip(label, data)):
        return dict(data=out, label=data, out=data)         # the label holds probabilities
    if not params.multi_output:
        return dict(data=out, label=data[:-1], out=data)
    if len(data) < 2:
        raise OperatorError(f"multi_output needs data with an axis 1, but data is {show(data)}")
    flat = (data[0], prod(data[2:]))
    forms = (flat, (data[0], *data[2:]), (data[0], 1, *data[2:]))
    fit = next((form for form in forms if label is None or _fits(label, form)), None)
    if fit is None:
        raise OperatorError(f"label is {show(label)}, but data {show(data)} needs {' or '.join(map(show, forms))}")
    return dict(data=out, label=fit, out=data)


def _fits(known: Any, form: Any) -> bool:
    return len(known) == len(form) and all(a == b or None in (a, b) for a, b in zip(known, form))


softmax_output.dtype(dtype_from_data)


@softmax_output.gradient
def _(params: Params, label: Tensor, out: Tensor):
    if not out.numel():
        return dict(data=out)
    if label.shape == out.shape:
        grad = (out - label).mul_(params.grad_scale)
    else:
        grad = _from_classes(params, label, out.reshape(_view(params, out))).view(out.shape)
    return dict(data=grad.mul_(out) if params.out_grad else grad)


def _view(params: Params, out: Tensor) -> tuple[int, int, int]:
    """The sizes (groups, classes, positions) that the output is seen in."""
    if params.multi_output:
        return out.shape[0], out.shape[1], out.shape[2:].numel()
    if params.preserve_shape:
        return out.shape[:-1].numel(), out.shape[-1], 1
    return out.shape[0], out.shape[1:].numel(), 1


def _from_classes(params: Params, label: Tensor, out: Tensor) -> Tensor:
    """The gradient from class numbers, in the common view."""
    if _is_plain(params, label, out):
        return _plain_from_classes(params, label, out)
    groups, classes, positions = out.shape
    codes = label.flatten().long()
    number = codes[:groups * positions].view(groups, 1, positions)      # MXNet reads the first ones of a longer label
    smooth = 0.0 if params.multi_output else params.smooth_alpha
    spread = smooth / max(classes - 1, 1)
    place = number.clamp(0, classes - 1)
    hits = (place == number).to(out.dtype).mul_(smooth + spread - 1)
    grad = (out - spread if spread else out.clone()).scatter_add_(1, place, hits)
    ignored = int(params.ignore_label)
    if params.use_ignore:
        grad.mul_(number != ignored)
    if params.normalization == "valid":
        return grad.mul_(params.grad_scale / (codes != ignored).sum().clamp(min=1))
    share = codes.numel() if params.normalization == "batch" else positions
    return grad if share == params.grad_scale else grad.mul_(params.grad_scale / share)


_SMALL = 1 << 14                     # elements up to which a comparison with all classes is the quickest way


def _is_plain(params: Params, label: Tensor, out: Tensor) -> bool:
    return (out.shape[2] == 1 and out.numel() <= _SMALL and label.numel() == out.shape[0] and not params.use_ignore
            and not params.smooth_alpha and params.normalization != "valid")


def _plain_from_classes(params: Params, label: Tensor, out: Tensor) -> Tensor:
    """The common case in few calls: one label an example, nothing ignored or smoothed."""
    number = label.reshape(-1, 1, 1).trunc()
    grad = out - (number == _classes(out.shape[1], out.device)).to(out.dtype)
    share = out.shape[0] if params.normalization == "batch" else 1
    return grad if share == params.grad_scale else grad.mul_(params.grad_scale / share)


@functools.lru_cache(maxsize=64)
def _classes(count: int, device: torch.device) -> Tensor:
    return torch.arange(count, dtype=torch.float32, device=device).view(1, count, 1)
