# SPDX-License-Identifier: Apache-2.0
"""Drawing from distributions whose parameters are tensors: what the operators of random.py and sample.py share.

Each function takes parameter tensors of one shape and dtype, and the generator, and gives one draw for each element.
Discrete distributions give whole numbers in the parameters' dtype. On values outside of a distribution's domain torch
raises, or NaN comes out.
"""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

Sampler = Callable[..., Tensor]


def uniform(low: Tensor, high: Tensor, rng: Generator | None) -> Tensor:
    """Uniform in [low, high)."""
    return torch.addcmul(low, torch.rand(low.shape, generator=rng, dtype=low.dtype, device=low.device), high - low)


def normal(loc: Tensor, scale: Tensor, rng: Generator | None) -> Tensor:
    """Normal with mean `loc` and standard deviation `scale`."""
    return torch.addcmul(loc, torch.randn(loc.shape, generator=rng, dtype=loc.dtype, device=loc.device), scale)


def exponential(lam: Tensor, rng: Generator | None) -> Tensor:
    """Exponential with rate `lam`, mean `1 / lam`."""
    return torch.empty_like(lam).exponential_(generator=rng).div_(lam)


def gamma(alpha: Tensor, beta: Tensor, rng: Generator | None) -> Tensor:
    """Gamma with shape `alpha` and scale `beta`, mean `alpha * beta`; NaN where `alpha` is negative."""
    drawn = torch._standard_gamma(alpha, generator=rng).mul_(beta)
    return drawn.masked_fill_(alpha < 0, float("nan"))


def poisson(lam: Tensor, rng: Generator | None) -> Tensor:
    """Poisson with mean `lam`."""
    return torch.poisson(lam, generator=rng)


def negative_binomial(k: Tensor, p: Tensor, rng: Generator | None) -> Tensor:
    """Failures before the `k`-th success, when `p` is the probability of success; mean `k * (1 - p) / p`."""
    return poisson(gamma(k, (1 - p) / p, rng), rng)


def generalized_negative_binomial(mu: Tensor, alpha: Tensor, rng: Generator | None) -> Tensor:
    """Negative binomial with mean `mu` and variance `mu + alpha * mu**2`; Poisson where `alpha` is 0."""
    spread = alpha > 0
    safe = torch.where(spread, alpha, torch.ones_like(alpha))
    return poisson(torch.where(spread, gamma(1 / safe, mu * safe, rng), mu), rng)
