# SPDX-License-Identifier: Apache-2.0
"""Densities (or probabilities) of samples under distributions whose parameters are arrays, with their gradients.

For parameters of shape `s`, samples have shape `s`, or `s` followed by further axes that hold many samples of each
distribution. Values outside of a distribution's support get what the formula gives. Gradients flow to the parameters,
and to the samples of continuous distributions.
"""
from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .infer import unify
from .registry import Operator, OperatorError, op
from .rules import with_inputs


def _beside(sample: Tensor, *parameters: Tensor) -> list[Tensor]:
    """The parameters with further axes of size 1, so that they broadcast against their samples."""
    return [p.reshape(*p.shape, *(1,) * (sample.dim() - p.dim())) for p in parameters]


def _density(logarithm: Tensor, is_log: bool) -> Tensor:
    return logarithm if is_log else logarithm.exp()


def _density_of(operator: Operator) -> Operator:
    """Attach the shape rule: the parameters' shape begins that of the samples, which is that of the result."""
    names = [item.name for item in operator.schema.inputs]
    parameters = names[1:]

    def rule(params: Any, sample: Any = None, out: Any = None, **known: Any) -> dict[str, Any]:
        sample = unify("sample", sample, out)
        common = None
        for name in parameters:
            common = unify(name, common, known[name])
            if sample is not None and known[name] is not None:
                _check_prefix(name, known[name], sample)
        return {"sample": sample, "out": sample, **dict.fromkeys(parameters, common)}
    operator.shape(with_inputs(rule, names))
    return operator


def _check_prefix(name: str, shape: Any, sample: Any) -> None:
    if len(shape) > len(sample) or any(a != b for a, b in zip(shape, sample) if None not in (a, b)):
        raise OperatorError(f"{name} is {shape}, which is not how the sample's shape {sample} begins")


@_density_of
@op("_random_pdf_uniform", "random_pdf_uniform")
def pdf_uniform(sample: Tensor, low: Tensor, high: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the uniform distribution, `1 / (high - low)`, or its logarithm with `is_log`.

    `sample` has the shape of `low` and `high`, and perhaps further axes after it.

    >>> import mxnet as mx
    >>> mx.nd.random_pdf_uniform(mx.nd.array([[1, 2, 3]]), mx.nd.array([0]), mx.nd.array([4])).asnumpy().tolist()
    [[0.25, 0.25, 0.25]]
    """
    low, high = _beside(sample, low, high)
    width = (high - low).expand_as(sample)
    return -width.log() if is_log else 1 / width


@_density_of
@op("_random_pdf_normal", "random_pdf_normal")
def pdf_normal(sample: Tensor, mu: Tensor, sigma: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the normal distribution with means `mu` and standard deviations `sigma`; see `random_pdf_uniform`.

    >>> import mxnet as mx
    >>> mx.nd.random_pdf_normal(mx.nd.array([[1, 2]]), mx.nd.array([1]), mx.nd.array([1]), is_log=True).shape
    (1, 2)
    """
    mu, sigma = _beside(sample, mu, sigma)
    power = -0.5 * ((sample - mu) / sigma).square()
    root = math.sqrt(2 * math.pi)
    return power - (root * sigma).log() if is_log else power.exp() / (root * sigma)


@_density_of
@op("_random_pdf_gamma", "random_pdf_gamma")
def pdf_gamma(sample: Tensor, alpha: Tensor, beta: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the gamma distribution with shapes `alpha` and **rates** `beta`; see `random_pdf_uniform`.

    The operators that draw take scales, the inverse of rates.

    >>> import mxnet as mx
    >>> made = mx.nd.random_pdf_gamma(mx.nd.array([[0.5]]), mx.nd.array([1]), mx.nd.array([2]), is_log=True).round()
    >>> made.asnumpy().tolist()
    [[-0.0]]
    """
    alpha, beta = _beside(sample, alpha, beta)
    return _density(alpha * beta.log() + (alpha - 1) * sample.log() - beta * sample - torch.lgamma(alpha), is_log)


@_density_of
@op("_random_pdf_exponential", "random_pdf_exponential")
def pdf_exponential(sample: Tensor, lam: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the exponential distribution with rates `lam`; see `random_pdf_uniform`.

    >>> import mxnet as mx
    >>> mx.nd.random_pdf_exponential(mx.nd.array([[0, 1]]), mx.nd.array([1]), is_log=True).asnumpy().tolist()
    [[0.0, -1.0]]
    """
    (lam,) = _beside(sample, lam)
    return lam.log() - lam * sample if is_log else lam * (-lam * sample).exp()


@_density_of
@op("_random_pdf_poisson", "random_pdf_poisson")
def pdf_poisson(sample: Tensor, lam: Tensor, *, is_log: bool = False) -> Tensor:
    """Probability under Poisson's distribution with means `lam`; see `random_pdf_uniform`. No gradient for samples.

    >>> import mxnet as mx
    >>> mx.nd.random_pdf_poisson(mx.nd.array([[0, 1]]), mx.nd.array([1]), is_log=True).asnumpy().tolist()
    [[-1.0, -1.0]]
    """
    (lam,), sample = _beside(sample, lam), sample.detach()
    return _density(sample * lam.log() - torch.lgamma(sample + 1) - lam, is_log)


def _negative_binomial(sample: Tensor, k: Tensor, p: Tensor) -> Tensor:
    """Logarithm of the probability of `sample` failures before the `k`-th success; k may be fractional."""
    ways = torch.lgamma(sample + k) - torch.lgamma(sample + 1) - torch.lgamma(k)
    return ways + k * p.log() + sample * (1 - p).log()


@_density_of
@op("_random_pdf_negative_binomial", "random_pdf_negative_binomial")
def pdf_negative_binomial(sample: Tensor, k: Tensor, p: Tensor, *, is_log: bool = False) -> Tensor:
    """Probability of `sample` failures before the `k`-th success, which has probability `p`; see `random_pdf_uniform`.

    No gradient for samples.

    >>> import mxnet as mx
    >>> made = mx.nd.random_pdf_negative_binomial(mx.nd.array([[0, 1]]), mx.nd.array([1]), mx.nd.array([0.5]))
    >>> made.asnumpy().tolist()
    [[0.5, 0.25]]
    """
    k, p = _beside(sample, k, p)
    return _density(_negative_binomial(sample.detach(), k, p), is_log)


@_density_of
@op("_random_pdf_generalized_negative_binomial", "random_pdf_generalized_negative_binomial")
def pdf_generalized_negative_binomial(sample: Tensor, mu: Tensor, alpha: Tensor, *, is_log: bool = False) -> Tensor:
    """Probability under the negative binomial distribution with means `mu` and dispersions `alpha`.

    That is the distribution with `k = 1 / alpha` and `p = 1 / (1 + mu * alpha)`; see `random_pdf_uniform` for shapes.
    No gradient for samples.

    >>> import mxnet as mx
    >>> made = mx.nd.random_pdf_generalized_negative_binomial(mx.nd.array([0]), mx.nd.array([1]), mx.nd.array([1]))
    >>> made.asnumpy().tolist()
    [0.5]
    """
    mu, alpha = _beside(sample, mu, alpha)
    return _density(_negative_binomial(sample.detach(), 1 / alpha, 1 / (1 + mu * alpha)), is_log)


@op("_random_pdf_dirichlet", "random_pdf_dirichlet")
def pdf_dirichlet(sample: Tensor, alpha: Tensor, *, is_log: bool = False) -> Tensor:
    """Density of the Dirichlet distribution: the last axes of `sample` and of `alpha` hold one point each.

    With `alpha` of shape s + (k,), `sample` has shape s + (..., k), and the result s + (...), at least (1,).

    >>> import mxnet as mx
    >>> mx.nd.random_pdf_dirichlet(mx.nd.array([[0.5, 0.5]]), mx.nd.array([[2, 1]])).shape
    (1,)
    """
    lead, size = alpha.shape[:-1], alpha.shape[-1]
    alpha = alpha.reshape(*lead, *(1,) * (sample.dim() - alpha.dim()), size)
    norm = torch.lgamma(alpha.sum(-1)) - torch.lgamma(alpha).sum(-1)
    logarithm = ((alpha - 1) * sample.log()).sum(-1) + norm
    return _density(logarithm.reshape(1) if sample.dim() == 1 else logarithm, is_log)


@pdf_dirichlet.shape
def _(params, sample, alpha=None):
    if alpha is not None:
        _check_prefix("alpha without its last size", alpha[:-1], sample[:-1])
        unify("the last size of alpha", alpha[-1:], sample[-1:])
    return {"out": sample[:-1] or (1,)}
