# SPDX-License-Identifier: Apache-2.0
"""Gradient compression with error feedback: what quantisation drops is kept and added to the next gradient.

`2bit` sends one of -threshold, 0, threshold for each element. Within one process nothing is packed: the values are
those that the receiver would unpack. Source: the operator set of MXNet's `2bit` compression, which goes back to
Strom, "Scalable distributed DNN training using commodity GPU cloud computing" (2015).
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from ..base import MXNetTypeError, MXNetValueError, nearest

KINDS = ("2bit",)


class Compression:
    """Quantises tensors, and remembers for each (key, slot) what was lost.

    >>> import torch
    >>> compress = Compression({"type": "2bit", "threshold": 0.5})
    >>> compress("w", 0, torch.tensor([0.3, -0.7])).tolist(), compress("w", 0, torch.tensor([0.3, 0.0])).tolist()
    ([0.0, -0.5], [0.5, 0.0])
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        if not isinstance(params, Mapping):
            raise MXNetTypeError(f"gradient compression: unexpected type {type(params)}, expected a dict of parameters")
        if "type" not in params:
            raise MXNetValueError(f"gradient compression: the parameter 'type' is required, got {dict(params)}")
        self.kind, self.threshold = str(params["type"]), float(params.get("threshold", 0.5))
        if not self.threshold > 0:
            raise MXNetValueError(f"gradient compression: threshold must be greater than 0, not {self.threshold}")
        if self.kind not in KINDS:
            raise MXNetValueError(f"Unknown type for gradient compression {self.kind!r}.{nearest(self.kind, KINDS)} "
                                  f"There is {', '.join(KINDS)}")
        self._lost: dict[tuple[Any, Any], torch.Tensor] = {}

    def __call__(self, key: Any, slot: Any, gradient: torch.Tensor) -> torch.Tensor:
        """The quantised gradient, of the same shape and dtype (floating); the given tensor is not changed."""
        if not gradient.is_floating_point():
            raise MXNetTypeError(f"gradient compression: key {key!r} has dtype {gradient.dtype}, expected a float type")
        lost = self._lost.get((key, slot))
        if lost is None or lost.shape != gradient.shape:
            lost = self._lost[key, slot] = torch.zeros_like(gradient)
        lost += gradient
        high, low = lost >= self.threshold, lost <= -self.threshold
        sent = (high.to(lost.dtype) - low.to(lost.dtype)).mul_(self.threshold)
        lost -= sent
        return sent


_PLACES = torch.tensor([0, 2, 4, 6], dtype=torch.uint8)


def pack(sent: torch.Tensor) -> torch.Tensor:
    """Quantised values (their signs count) as bytes of four elements each, two bits an element.

    >>> import torch
    >>> unpack(pack(torch.tensor([0.5, 0.0, -0.5])), (3,), 0.5).tolist()
    [0.5, 0.0, -0.5]
    """
    flat = sent.reshape(-1)
    codes = torch.zeros(-(-flat.numel() // 4) * 4, dtype=torch.uint8, device=flat.device)
    codes[:flat.numel()] = (flat > 0).to(torch.uint8) + 2 * (flat < 0).to(torch.uint8)
    return (codes.view(-1, 4) << _PLACES.to(codes.device)).sum(1, dtype=torch.uint8)


def unpack(packed: torch.Tensor, shape: Any, threshold: float, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The values that `pack` packed, times the threshold."""
    codes = ((packed.view(-1, 1) >> _PLACES.to(packed.device)) & 3).view(-1)[:math.prod(shape)]
    return ((codes == 1).to(dtype) - (codes == 2).to(dtype)).mul_(threshold).view(list(shape))
