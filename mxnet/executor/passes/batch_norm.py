# SPDX-License-Identifier: Apache-2.0
"""Inference: BatchNorm behind a convolution becomes part of its weights and bias.

The new weights are computed in each run from those that the arrays hold then, however these were changed. That costs
a pass over the weights and saves one or more over the result, so that it is done where the result is the larger.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx

from ...symbol.graph import Node
from .facts import is_item, node_of

_GAIN = 2                              # how many times as large as the weights the result must be


def fold_batch_norm(graph: fx.Graph) -> None:
    """Replace pairs of calls, where nothing else uses the convolution's result or BatchNorm's statistics."""
    for call in list(graph.nodes):
        found = _convolution_below(call)
        if found is None:
            continue
        node, below = node_of(call), node_of(found)
        assert node is not None and below is not None
        with graph.inserting_before(call):
            made = graph.call_function(_both(below, node, found, call), (*found.args, *call.args[1:]))
        made.meta.update(call.meta, node=below)
        for item in list(call.users):
            item.replace_all_uses_with(made)
            graph.erase_node(item)
        graph.erase_node(call)
        graph.erase_node(found)


def _convolution_below(call: fx.Node) -> fx.Node | None:
    """The convolution whose result a BatchNorm alone uses."""
    node = node_of(call)
    if node is None or node.op is None or node.op.name != "BatchNorm" or node.params.output_mean_var \
            or node.params.axis != 1 or not all(is_item(user) and user.args[1] == 0 for user in call.users):
        return None
    below = call.args[0]
    source = node_of(below)
    if not isinstance(below, fx.Node) or source is None or source.op is None or source.op.name != "Convolution" \
            or len(below.users) != 1 or below.meta.get("place") != call.meta.get("place") \
            or source.params.layout not in (None, "NCW", "NCHW", "NCDHW"):
        return None
    return below


def _both(convolution: Node, norm: Node, first: fx.Node, second: fx.Node) -> Callable[..., Tensor]:
    convolve: Any = first.target
    normalize: Any = second.target
    given, asks = dict(first.kwargs), dict(second.kwargs)
    params, eps = convolution.params, norm.params.eps
    step = math.prod(params.stride) if params.stride else 1
    biased = len(first.args) == 3

    def folded(data: Tensor, weight: Tensor, *rest: Tensor) -> Tensor:
        bias = rest[0] if biased else None
        gamma, beta, mean, var = rest[-4:]
        size = data.numel() // max(data.shape[1] * step, 1) * params.num_filter
        if size < _GAIN * weight.numel() or not (data.dtype is weight.dtype is var.dtype) or not data.dim() > 2:
            return normalize(convolve(data, weight, *rest[:-4], **given), *rest[-4:], **asks)[0]
        scale = (var + eps).rsqrt_()
        if not norm.params.fix_gamma:
            scale.mul_(gamma)
        shift = torch.addcmul(beta, mean if bias is None else mean - bias, scale, value=-1)
        return convolve(data, weight * scale.view(-1, *[1] * (weight.dim() - 1)), shift, **given)
    folded.__name__ = folded.__qualname__ = "convolution_with_batch_norm"
    folded.__module__ = "mxnet.ops"
    return folded
