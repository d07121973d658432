# SPDX-License-Identifier: Apache-2.0
"""How much memory the results within a graph take, by their shapes: the last line of `Executor.debug_str`.

Without gradients, a result is counted from the node that makes it to the last one that reads it. With gradients, all
results on the way to a variable that wants one are counted until the end, since backward may read them. Programs such
as MXNet's example `memcost` read the line to compare networks.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from ..ops.families import no_gradient
from ..symbol.graph import Entry, Node, topological
from ..symbol.infer import infer_dtypes, infer_shapes


def peak_bytes(outputs: list[Entry], arrays: Mapping[str, Any], kept: set[int]) -> int:
    """The most bytes that results need at one time.

    Parameters
    ----------
    outputs : of the graph
    arrays : NDArrays of its variables by name
    kept : ids of nodes whose results stay until the end, those of the outputs aside
    """
    order = topological(outputs)
    shapes = infer_shapes(order, {name: array.shape for name, array in arrays.items()})
    dtypes = infer_dtypes(order, {name: array._tensor.dtype for name, array in arrays.items()})
    last_use = {id(source): at for at, node in enumerate(order) for source, _ in node.inputs}
    stay = kept | {id(node) for node, _ in outputs}
    ends: dict[int, list[int]] = {}
    now = most = 0
    for at, node in enumerate(order):
        size = 0 if node.op is None else _bytes(node, shapes, dtypes)
        now += size
        most = max(most, now)
        if id(node) not in stay:
            ends.setdefault(last_use[id(node)], []).append(size)
        now -= sum(ends.pop(at, ()))
    return most


def kept_results(outputs: list[Entry], reached: set[int]) -> set[int]:
    """Ids of the nodes that gradients come by on their way from the outputs to the nodes `reached`."""
    kept: set[int] = set()
    stack = [node for node, _ in outputs]
    while stack:
        node = stack.pop()
        if id(node) in kept or node.op is None or node.op.grad_rule is no_gradient:
            continue
        if any(id(source) in reached for source, _ in node.inputs):
            kept.add(id(node))
            stack.extend(source for source, _ in node.inputs)
    return kept


def _bytes(node: Node, shapes: Mapping[int, list[Any]], dtypes: Mapping[int, list[Any]]) -> int:
    return sum(math.prod(size or 0 for size in shape) * (kind or torch.float32).itemsize
               for shape, kind in zip(shapes[id(node)], dtypes[id(node)]) if shape is not None)
