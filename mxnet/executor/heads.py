# SPDX-License-Identifier: Apache-2.0
"""Head gradients: from what `Executor.backward` is given to one tensor for each output, or none."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..base import MXNetError, MXNetTypeError, MXNetValueError, nearest
from ..ndarray.ndarray import NDArray


def head_gradients(roots: Sequence[Tensor], out_grads: Any, names: Sequence[str], headless: Sequence[bool],
                   losses: Sequence[bool], taped: bool) -> list[Tensor | None]:
    """Head gradients for all outputs; None where there is none, which a loss needs only on the tape.

    `roots` are the outputs, `names` theirs; `headless` says which lead to a gradient through losses only, `losses`
    which are losses. Raises MXNetError when one is missing, or has another shape than its output.
    """
    given = _by_output(out_grads, names)
    heads: list[Tensor | None] = []
    for position, (root, name) in enumerate(zip(roots, names)):
        head = given[position] if position < len(given) else None
        if head is not None and not isinstance(head, NDArray):
            raise MXNetTypeError(f"backward: out_grads are NDArrays, not {type(head).__name__}")
        unused = headless[position] or not root.is_floating_point() or (taped and not root.requires_grad)
        if head is not None and not ((unused or losses[position]) and head._tensor.shape != root.shape):
            heads.append(_fitted(head, root, name))         # one of another shape that nothing reads is passed over
        elif unused:
            heads.append(torch.ones((), dtype=root.dtype, device=root.device).expand(root.shape)
                         if taped and root.is_floating_point() else None)
        elif out_grads is None:
            raise MXNetError(f"backward: output {name!r} is not a loss, so its head gradient is required: pass "
                             "out_grads, or wrap the output in MakeLoss")
        else:
            heads.append(None)
    return heads


def _by_output(out_grads: Any, names: Sequence[str]) -> list[Any]:
    """What is given, in the order of outputs: one array, a list, or a dict."""
    if isinstance(out_grads, NDArray):
        return [out_grads]
    if isinstance(out_grads, dict):
        for name in out_grads:
            if name not in names:
                raise MXNetValueError(f"backward: out_grads has {name!r}, which is no output.{nearest(name, names)}")
        return [out_grads.get(name) for name in names]
    return list(out_grads) if out_grads is not None else []


def _fitted(head: NDArray, root: Tensor, name: str) -> Tensor:
    given = head._tensor
    if given.shape != root.shape:
        raise MXNetValueError(f"backward: the gradient of {name} is {head.shape}, the output {tuple(root.shape)}")
    if given.dtype is not root.dtype or given.device != root.device:
        given = given.to(device=root.device, dtype=root.dtype)
    return given
