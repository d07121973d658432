# SPDX-License-Identifier: Apache-2.0
"""Steps for all parameters at once, in a few calls of torch's list functions.

The arithmetic is that of MXNet's operators `sgd_update`, `sgd_mom_update` and `adam_update`.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

Tensors = list[Tensor]


def groups(rates: Sequence[Any], *lists: Sequence[Any]) -> Iterator[tuple[Any, list[list[Any]]]]:
    """Sort parallel lists by equal rates: yields each rate with its parts of the lists."""
    if all(rate == rates[0] for rate in rates):
        yield rates[0], [list(items) for items in lists]
        return
    places: dict[Any, list[int]] = {}
    for position, rate in enumerate(rates):
        places.setdefault(rate, []).append(position)
    for rate, positions in places.items():
        yield rate, [[items[p] for p in positions] for items in lists]


def prepared(grads: Tensors, rescale: float, clip: float | None) -> Tensors:
    """Rescaled and clipped gradients; the given ones are not changed, but may be returned."""
    if rescale != 1.0:
        grads = list(torch._foreach_mul(grads, rescale))
    if clip is not None and clip >= 0:
        grads = list(torch._foreach_clamp_max(grads, clip))
        torch._foreach_clamp_min_(grads, -clip)
    return grads


def sgd(weights: Tensors, grads: Tensors, moms: Tensors | None, rates: Sequence[tuple[float, float]], momentum: float,
        rescale: float, clip: float | None) -> None:
    """SGD, with momentum when there are `moms`; `rates` holds (learning rate, decay) for each weight."""
    for (lr, wd), (w, g, *m) in groups(rates, weights, grads, *([moms] if moms else [])):
        plain = clip is None or clip < 0
        if not m and plain:
            # w - lr * (rescale * g + wd * w)
            if wd != 0.0:
                torch._foreach_mul_(w, 1.0 - lr * wd)
            torch._foreach_add_(w, g, alpha=-lr * rescale)
        elif plain:
            torch._foreach_mul_(m[0], momentum)
            torch._foreach_add_(m[0], g, alpha=-lr * rescale)
            if wd != 0.0:
                torch._foreach_add_(m[0], w, alpha=-lr * wd)
            torch._foreach_add_(w, m[0])
        else:
            g = prepared(g, rescale, clip)
            if wd != 0.0:
                g = list(torch._foreach_add(g, w, alpha=wd))
            if m:
                torch._foreach_mul_(m[0], momentum)
                torch._foreach_add_(m[0], g, alpha=-lr)
                torch._foreach_add_(w, m[0])
            else:
                torch._foreach_add_(w, g, alpha=-lr)


def adam(weights: Tensors, grads: Tensors, means: Tensors, variances: Tensors, rates: Sequence[tuple[float, float]],
         beta1: float, beta2: float, epsilon: float, rescale: float, clip: float | None) -> None:
    """Adam (Kingma and Ba, 2015) with bias correction in the rate, and decay added to the gradient before clipping."""
    for (lr, wd), (w, g, mean, var) in groups(rates, weights, grads, means, variances):
        if wd != 0.0:
            g = prepared(g, rescale, None)
            g = prepared(list(torch._foreach_add(g, w, alpha=wd)), 1.0, clip)
        else:
            g = prepared(g, rescale, clip)
        torch._foreach_mul_(mean, beta1)
        torch._foreach_add_(mean, g, alpha=1.0 - beta1)
        torch._foreach_mul_(var, beta2)
        torch._foreach_addcmul_(var, g, g, 1.0 - beta2)
        denominator = torch._foreach_sqrt(var)
        torch._foreach_add_(denominator, epsilon)
        torch._foreach_addcdiv_(w, mean, denominator, -lr)
