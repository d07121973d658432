# SPDX-License-Identifier: Apache-2.0
"""Random arrays from distributions whose parameters are numbers: of a given shape, or like another array.

The generator is that of the context, see `mx.random.seed`. The numbers are torch's, not those of MXNet's generators.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from ..context import Context
from . import distributions
from .distributions import Sampler
from .families import given_shape, same_shape_of_data, wanted_shape
from .params import Params
from .registry import Operator, OperatorError, op
from .rules import require_floating
from .schema import Device, Rng, Shape

DRAWN = (torch.float32, torch.float64, torch.float16)


def drawn_dtype(dtype: torch.dtype | None, known: Sequence[torch.dtype] = DRAWN) -> torch.dtype:
    """The dtype to draw: the first of the known ones when none is given. Raises OperatorError for others."""
    if dtype is None:
        return known[0]
    if dtype not in known:
        names = ", ".join(str(kind).removeprefix("torch.") for kind in known)
        raise OperatorError(f"dtype is {str(dtype).removeprefix('torch.')}, expected one of {names}")
    return dtype


def _check(fine: bool, what: str, value: Any) -> None:
    if not fine:
        raise OperatorError(f"{what}, not {value}")


def _check_uniform(low: float, high: float) -> None:
    if not low <= high:
        _check(False, "low is at most high", f"{low} and {high}")


def _check_normal(scale: float) -> None:
    _check(scale > 0, "scale is above 0", scale)


def _check_exponential(lam: float) -> None:
    _check(lam > 0, "lam is above 0", lam)


def _check_gamma(alpha: float, beta: float) -> None:
    _check(alpha > 0, "alpha is above 0", alpha)
    _check(beta > 0, "beta is above 0", beta)


def _check_poisson(lam: float) -> None:
    _check(lam >= 0, "lam is at least 0", lam)


def _check_negative_binomial(k: int, p: float) -> None:
    _check(k >= 0, "k is at least 0", k)
    _check(0 < p <= 1, "p is a probability above 0", p)


def _check_generalized(mu: float, alpha: float) -> None:
    _check(mu >= 0, "mu is at least 0", mu)
    _check(alpha >= 0, "alpha is at least 0", alpha)


def _draw(sampler: Sampler, shape: Sequence[int], dtype: torch.dtype, device: torch.device, rng: Generator | None,
          *numbers: float) -> Tensor:
    """Draw with number parameters, spread out to tensors; float16 comes from float32."""
    wide = torch.float64 if dtype is torch.float64 else torch.float32
    made = sampler(*[torch.full(tuple(shape), number, dtype=wide, device=device) for number in numbers], rng)
    return made.to(dtype)


def _created(operator: Operator) -> Operator:
    """Shape and dtype of an operator without inputs."""
    operator.shape(given_shape)
    operator.dtype(_own_dtype)
    return operator


def _own_dtype(params: Params) -> dict[str, torch.dtype]:
    return {"out": drawn_dtype(params.dtype)}


def _like(operator: Operator) -> Operator:
    operator.shape(same_shape_of_data)
    return operator


# ---- uniform, normal ------------------------------------------------------------------------------------------------

def _uniform(shape: Sequence[int], dtype: torch.dtype, device: torch.device, rng: Generator | None, low: float,
             high: float) -> Tensor:
    _check_uniform(low, high)
    return torch.empty(tuple(shape), dtype=dtype, device=device).uniform_(low, high, generator=rng)


def _normal(shape: Sequence[int], dtype: torch.dtype, device: torch.device, rng: Generator | None, loc: float,
            scale: float) -> Tensor:
    _check_normal(scale)
    return torch.empty(tuple(shape), dtype=dtype, device=device).normal_(loc, scale, generator=rng)


@_created
@op("_random_uniform", "uniform", "random_uniform")
def random_uniform(*, low: float = 0.0, high: float = 1.0, shape: Shape = (), ctx: Context | None = None,
                   dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Uniform random numbers in [low, high).

    `shape` is that of the result; `dtype` float16, float32 (default) or float64; `ctx` where it is made.

    >>> import mxnet as mx
    >>> mx.nd.random_uniform(low=2, high=3, shape=(2, 2)).shape
    (2, 2)
    """
    return _uniform(wanted_shape(shape), drawn_dtype(dtype), device, rng, low, high)


@_like
@op("_random_uniform_like")
def random_uniform_like(data: Tensor, *, low: float = 0.0, high: float = 1.0, rng: Rng) -> Tensor:
    """Uniform random numbers in [low, high), with shape, dtype (a floating point type) and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.uniform_like(mx.nd.zeros((2, 3)), low=1, high=2).shape
    (2, 3)
    """
    return _uniform(data.shape, require_floating(data.dtype), data.device, rng, low, high)


@_created
@op("_random_normal", "normal", "random_normal")
def random_normal(*, loc: float = 0.0, scale: float = 1.0, shape: Shape = (), ctx: Context | None = None,
                  dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Normal random numbers with mean `loc` and standard deviation `scale`; see `random_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.random_normal(loc=1, scale=2, shape=(2, 3)).shape
    (2, 3)
    """
    return _normal(wanted_shape(shape), drawn_dtype(dtype), device, rng, loc, scale)


@_like
@op("_random_normal_like")
def random_normal_like(data: Tensor, *, loc: float = 0.0, scale: float = 1.0, rng: Rng) -> Tensor:
    """Normal random numbers with shape, dtype (a floating point type) and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.normal_like(mx.nd.zeros((2, 3)), loc=1).shape
    (2, 3)
    """
    return _normal(data.shape, require_floating(data.dtype), data.device, rng, loc, scale)


# ---- the others -----------------------------------------------------------------------------------------------------

@_created
@op("_random_exponential", "random_exponential")
def random_exponential(*, lam: float = 1.0, shape: Shape = (), ctx: Context | None = None,
                       dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Exponential random numbers with rate `lam`, mean `1 / lam`; see `random_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.random_exponential(lam=4, shape=(2, 3)).shape
    (2, 3)
    """
    _check_exponential(lam)
    return _draw(distributions.exponential, wanted_shape(shape), drawn_dtype(dtype), device, rng, lam)


@_like
@op("_random_exponential_like")
def random_exponential_like(data: Tensor, *, lam: float = 1.0, rng: Rng) -> Tensor:
    """Exponential random numbers with rate `lam`, with shape, dtype and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.exponential_like(mx.nd.zeros((2, 3)), lam=4).shape
    (2, 3)
    """
    _check_exponential(lam)
    return _draw(distributions.exponential, data.shape, require_floating(data.dtype), data.device, rng, lam)


@_created
@op("_random_gamma", "random_gamma")
def random_gamma(*, alpha: float = 1.0, beta: float = 1.0, shape: Shape = (), ctx: Context | None = None,
                 dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Gamma random numbers with shape `alpha` and scale `beta`, mean `alpha * beta`; see `random_uniform`.

    >>> import mxnet as mx
    >>> mx.nd.random_gamma(alpha=2, beta=3, shape=(2, 3)).shape
    (2, 3)
    """
    _check_gamma(alpha, beta)
    return _draw(distributions.gamma, wanted_shape(shape), drawn_dtype(dtype), device, rng, alpha, beta)


@_like
@op("_random_gamma_like")
def random_gamma_like(data: Tensor, *, alpha: float = 1.0, beta: float = 1.0, rng: Rng) -> Tensor:
    """Gamma random numbers with mean `alpha * beta`, with shape, dtype and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.gamma_like(mx.nd.zeros((2, 3)), alpha=2).shape
    (2, 3)
    """
    _check_gamma(alpha, beta)
    return _draw(distributions.gamma, data.shape, require_floating(data.dtype), data.device, rng, alpha, beta)


@_created
@op("_random_poisson", "random_poisson")
def random_poisson(*, lam: float = 1.0, shape: Shape = (), ctx: Context | None = None,
                   dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Poisson random numbers with mean `lam`: whole numbers of a floating point dtype; see `random_uniform`.

    >>> import mxnet as mx
    >>> mx.nd.random_poisson(lam=4, shape=(2, 3)).shape
    (2, 3)
    """
    _check_poisson(lam)
    return _draw(distributions.poisson, wanted_shape(shape), drawn_dtype(dtype), device, rng, lam)


@_like
@op("_random_poisson_like")
def random_poisson_like(data: Tensor, *, lam: float = 1.0, rng: Rng) -> Tensor:
    """Poisson random numbers with mean `lam`, with shape, dtype and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.poisson_like(mx.nd.zeros((2, 3)), lam=4).shape
    (2, 3)
    """
    _check_poisson(lam)
    return _draw(distributions.poisson, data.shape, require_floating(data.dtype), data.device, rng, lam)


@_created
@op("_random_negative_binomial", "random_negative_binomial")
def random_negative_binomial(*, k: int = 1, p: float = 1.0, shape: Shape = (), ctx: Context | None = None,
                             dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Numbers of failures before the `k`-th success, with probability `p` of success; see `random_uniform`.

    The mean is `k * (1 - p) / p`. They are whole numbers of a floating point dtype.

    >>> import mxnet as mx
    >>> mx.nd.random_negative_binomial(k=3, p=0.5, shape=(2, 3)).shape
    (2, 3)
    """
    _check_negative_binomial(k, p)
    return _draw(distributions.negative_binomial, wanted_shape(shape), drawn_dtype(dtype), device, rng, k, p)


@_like
@op("_random_negative_binomial_like")
def random_negative_binomial_like(data: Tensor, *, k: int = 1, p: float = 1.0, rng: Rng) -> Tensor:
    """Numbers of failures before the `k`-th success, with shape, dtype and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.negative_binomial_like(mx.nd.zeros((2, 3)), k=3, p=0.5).shape
    (2, 3)
    """
    _check_negative_binomial(k, p)
    return _draw(distributions.negative_binomial, data.shape, require_floating(data.dtype), data.device, rng, k, p)


@_created
@op("_random_generalized_negative_binomial", "random_generalized_negative_binomial")
def random_generalized_negative_binomial(*, mu: float = 1.0, alpha: float = 1.0, shape: Shape = (),
                                         ctx: Context | None = None, dtype: torch.dtype | None = None, rng: Rng,
                                         device: Device) -> Tensor:
    """Negative binomial random numbers with mean `mu` and dispersion `alpha`; see `random_uniform` for the rest.

    The variance is `mu + alpha * mu**2`; `alpha=0` gives Poisson's distribution.

    >>> import mxnet as mx
    >>> mx.nd.random_generalized_negative_binomial(mu=2, alpha=0.3, shape=(2, 3)).shape
    (2, 3)
    """
    _check_generalized(mu, alpha)
    return _draw(distributions.generalized_negative_binomial, wanted_shape(shape), drawn_dtype(dtype), device, rng, mu,
                 alpha)


@_like
@op("_random_generalized_negative_binomial_like")
def random_generalized_negative_binomial_like(data: Tensor, *, mu: float = 1.0, alpha: float = 1.0,
                                              rng: Rng) -> Tensor:
    """Negative binomial random numbers with mean `mu`, with shape, dtype and context of `data`.

    >>> import mxnet as mx
    >>> mx.nd.random.generalized_negative_binomial_like(mx.nd.zeros((2, 3)), mu=2).shape
    (2, 3)
    """
    _check_generalized(mu, alpha)
    return _draw(distributions.generalized_negative_binomial, data.shape, require_floating(data.dtype), data.device,
                 rng, mu, alpha)


@op("_random_randint", "random_randint")
def random_randint(*, low: int, high: int, shape: Shape = (), ctx: Context | None = None,
                   dtype: torch.dtype | None = None, rng: Rng, device: Device) -> Tensor:
    """Whole random numbers in [low, high), all equally likely; `dtype` is int32 (default) or int64.

    >>> import mxnet as mx
    >>> mx.nd.random_randint(low=3, high=4, shape=2).asnumpy().tolist()
    [3, 3]
    """
    if not low < high:
        _check(False, "low is below high", f"{low} and {high}")
    kind = drawn_dtype(dtype, _WHOLE)
    return torch.randint(low, high, wanted_shape(shape), generator=rng, dtype=kind, device=device)


_WHOLE = (torch.int32, torch.int64)
random_randint.shape(given_shape)


@random_randint.dtype
def _(params):
    return {"out": drawn_dtype(params.dtype, _WHOLE)}
