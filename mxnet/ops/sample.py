# SPDX-License-Identifier: Apache-2.0
"""Random draws that depend on arrays: one distribution for each element of the parameters, categories, shuffling.

For parameters of shape `s` and a parameter `shape` of the operator, the result has shape `s + shape`: `shape` draws
from each distribution.
"""
from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from . import distributions
from .distributions import Sampler
from .families import same_shape_of_data
from .params import Params
from .random import drawn_dtype
from .registry import Operator, OperatorError, op
from .rules import common_dtype, common_shape, require_floating, with_inputs
from .schema import Device, Rng, Shape


def _draw(sampler: Sampler, shape: Shape, dtype: torch.dtype | None, rng: Generator | None,
          *parameters: Tensor) -> Tensor:
    """`shape` draws for each element of the parameters; float16 comes from float32."""
    _check_sizes(shape)
    kind = drawn_dtype(dtype)
    wide = torch.float64 if kind is torch.float64 else torch.float32
    ones = (1,) * len(shape)
    spread = [p.to(wide).reshape(*p.shape, *ones).expand(*p.shape, *shape) for p in parameters]
    return sampler(*spread, rng).to(kind)


def _check_sizes(shape: Shape) -> None:
    if any(size < 0 for size in shape):
        raise OperatorError(f"shape={shape}: sizes are not below 0")


def _sampling(operator: Operator) -> Operator:
    """Attach the shape and dtype rules: parameters alike, and the result has their shape followed by `shape`."""
    names = [item.name for item in operator.schema.inputs]

    def shapes(params: Params, out: Any = None, **known: Any) -> dict[str, Any]:
        _check_sizes(params.shape)
        start = None if out is None else out[:max(0, len(out) - len(params.shape))]
        common = common_shape(names, known, start)
        return {**dict.fromkeys(names, common), "out": None if common is None else (*common, *params.shape)}

    def dtypes(params: Params, out: Any = None, **known: Any) -> dict[str, Any]:
        return {**dict.fromkeys(names, common_dtype(*known.values())), "out": drawn_dtype(params.dtype)}
    operator.shape(with_inputs(shapes, names))
    operator.dtype(with_inputs(dtypes, names))
    return operator


@_sampling
@op("_sample_uniform", "sample_uniform")
def sample_uniform(low: Tensor, high: Tensor, *, shape: Shape = (), dtype: torch.dtype | None = None,
                   rng: Rng) -> Tensor:
    """Uniform draws in [low, high) for each element of `low` and `high`, which have one shape.

    The result has their shape, followed by `shape`, and `dtype`: float16, float32 (default) or float64.

    >>> import mxnet as mx
    >>> mx.nd.sample_uniform(mx.nd.array([0, 10]), mx.nd.array([1, 20]), shape=(3,)).shape
    (2, 3)
    """
    return _draw(distributions.uniform, shape, dtype, rng, low, high)


@_sampling
@op("_sample_normal", "sample_normal")
def sample_normal(mu: Tensor, sigma: Tensor, *, shape: Shape = (), dtype: torch.dtype | None = None,
                  rng: Rng) -> Tensor:
    """Normal draws with means `mu` and standard deviations `sigma`; see `sample_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.sample_normal(mx.nd.array([0, 10]), mx.nd.array([1, 2]), shape=(3,)).shape
    (2, 3)
    """
    return _draw(distributions.normal, shape, dtype, rng, mu, sigma)


@_sampling
@op("_sample_gamma", "sample_gamma")
def sample_gamma(alpha: Tensor, beta: Tensor, *, shape: Shape = (), dtype: torch.dtype | None = None,
                 rng: Rng) -> Tensor:
    """Gamma draws with shapes `alpha` and scales `beta`, means `alpha * beta`; see `sample_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.sample_gamma(mx.nd.array([1, 10]), mx.nd.array([1, 2]), shape=(3,)).shape
    (2, 3)
    """
    return _draw(distributions.gamma, shape, dtype, rng, alpha, beta)


@_sampling
@op("_sample_exponential", "sample_exponential")
def sample_exponential(lam: Tensor, *, shape: Shape = (), dtype: torch.dtype | None = None, rng: Rng) -> Tensor:
    """Exponential draws with rates `lam`, means `1 / lam`; see `sample_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.sample_exponential(mx.nd.array([1, 10]), shape=(3,)).shape
    (2, 3)
    """
    return _draw(distributions.exponential, shape, dtype, rng, lam)


@_sampling
@op("_sample_poisson", "sample_poisson")
def sample_poisson(lam: Tensor, *, shape: Shape = (), dtype: torch.dtype | None = None, rng: Rng) -> Tensor:
    """Poisson draws with means `lam`: whole numbers of a floating point dtype; see `sample_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.sample_poisson(mx.nd.array([1, 10]), shape=(3,)).shape
    (2, 3)
    """
    return _draw(distributions.poisson, shape, dtype, rng, lam)


@_sampling
@op("_sample_negative_binomial", "sample_negative_binomial")
def sample_negative_binomial(k: Tensor, p: Tensor, *, shape: Shape = (), dtype: torch.dtype | None = None,
                             rng: Rng) -> Tensor:
    """Numbers of failures before the `k`-th success with probability `p`, mean `k * (1 - p) / p`.

    They are whole numbers of a floating point dtype; see `sample_uniform` for the rest.

    >>> import mxnet as mx
    >>> mx.nd.sample_negative_binomial(mx.nd.array([1, 10]), mx.nd.array([0.5, 0.2]), shape=(3,)).shape
    (2, 3)
    """
    return _draw(distributions.negative_binomial, shape, dtype, rng, k, p)


@_sampling
@op("_sample_generalized_negative_binomial", "sample_generalized_negative_binomial")
def sample_generalized_negative_binomial(mu: Tensor, alpha: Tensor, *, shape: Shape = (),
                                         dtype: torch.dtype | None = None, rng: Rng) -> Tensor:
    """Negative binomial draws with means `mu` and variances `mu + alpha * mu**2`; see `sample_uniform`.

    >>> import mxnet as mx
    >>> mx.nd.sample_generalized_negative_binomial(mx.nd.array([1, 10]), mx.nd.array([1, 2])).shape
    (2,)
    """
    return _draw(distributions.generalized_negative_binomial, shape, dtype, rng, mu, alpha)


# ---- categories -----------------------------------------------------------------------------------------------------

_COUNTED = (torch.int32, torch.float32, torch.float64, torch.float16, torch.uint8)


@op("_sample_multinomial", "sample_multinomial",
    outputs=lambda params: ("output0", "output1") if params.get_prob else ("output",))
def sample_multinomial(data: Tensor, *, shape: Shape = (), get_prob: bool = False,
                       dtype: torch.dtype = torch.int32, rng: Rng) -> Any:
    """Draws of categories: each row of `data`, its last axis, holds the probabilities of as many categories.

    For `data` of shape (..., k) the result has shape (...) + `shape`, at least (1,), and holds numbers below k, of
    `dtype` float16, float32, float64, int32 (default) or uint8. Rows need not sum to 1. With `get_prob` a second
    output holds the logarithms of the drawn entries of `data`; its gradient with respect to `data` is what policy
    gradients need.

    >>> import mxnet as mx
    >>> mx.nd.sample_multinomial(mx.nd.array([[0, 1], [1, 0]]), shape=2).asnumpy().tolist()
    [[1, 1], [0, 0]]
    """
    require_floating(data.dtype)
    rows = data.detach().reshape(-1, data.shape[-1])
    count = math.prod(shape)
    if data.device.type == "meta":
        drawn = torch.empty(len(rows), count, dtype=torch.int64, device="meta")
    else:
        drawn = torch.multinomial(rows.float() if rows.dtype is torch.float16 else rows, count, replacement=True,
                                  generator=rng)
    wanted = _drawn_shape(tuple(data.shape), shape)
    kind = drawn_dtype(dtype, _COUNTED)
    if not get_prob:
        return drawn.reshape(wanted).to(kind)
    picked = data.reshape(-1, data.shape[-1]).gather(1, drawn)
    return drawn.reshape(wanted).to(kind), picked.log().reshape(wanted)


def _drawn_shape(data: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    return (*data[:-1], *shape) or (1,)


@sample_multinomial.shape
def _(params, data):
    drawn = _drawn_shape(data, params.shape)
    return {"out": [drawn, drawn] if params.get_prob else drawn}


@sample_multinomial.dtype
def _(params, data=None):
    kind = drawn_dtype(params.dtype, _COUNTED)
    return {"data": data, "out": [kind, data] if params.get_prob else kind}


@op("_shuffle", "shuffle")
def shuffle(data: Tensor, *, rng: Rng) -> Tensor:
    """The rows of `data` (its elements along the first axis) in random order, all orders equally likely.

    >>> import mxnet as mx
    >>> sorted(mx.nd.shuffle(mx.nd.arange(4)).asnumpy().tolist())
    [0.0, 1.0, 2.0, 3.0]
    """
    return data[torch.randperm(data.shape[0], generator=rng, device=data.device)]


shuffle.shape(same_shape_of_data)


# ---- candidates -----------------------------------------------------------------------------------------------------

_MOST_TRIES = 1 << 24


@op("_sample_unique_zipfian", outputs=("output0", "output1"))
def sample_unique_zipfian(*, range_max: int, shape: Shape | None = None, rng: Rng,
                          device: Device) -> tuple[Tensor, Tensor]:
    """Different classes below `range_max` for each row, nearly Zipf distributed: class k with weight 1 / (k + 1).

    `shape` is (rows, n). The first output, int64 of that shape, holds n different classes a row, in the order in
    which they were drawn; the second, int64 of shape (rows,), how many draws it took to find n different ones.
    Candidates for sampled softmax, Jean et al., 2014.

    >>> import mxnet as mx
    >>> drawn, tries = mx.nd._internal._sample_unique_zipfian(range_max=3, shape=(1, 3))
    >>> sorted(drawn.asnumpy()[0].tolist())
    [0, 1, 2]
    """
    if shape is None or len(shape) != 2:
        raise OperatorError(f"shape is {shape}, expected two sizes as in (rows, n)")
    rows, count = shape
    if not 0 < count <= range_max:
        raise OperatorError(f"{count} different classes cannot be drawn from {range_max}")
    if device.type == "meta":
        return torch.empty(shape, dtype=torch.int64, device=device), torch.empty(rows, dtype=torch.int64, device=device)
    drawn = _log_uniform(rows, 2 * count + 16, range_max, rng, device)
    while True:
        found = _first_seen(drawn).cumsum(1)
        if bool((found[:, -1] >= count).all()):
            break
        if drawn.shape[1] > _MOST_TRIES:
            raise OperatorError(f"{count} different classes out of {range_max} take more than {_MOST_TRIES} draws")
        drawn = torch.cat([drawn, _log_uniform(rows, drawn.shape[1], range_max, rng, device)], 1)
    first = _first_seen(drawn) & (found <= count)
    return drawn[first].reshape(rows, count), (found < count).sum(1) + 1


def _log_uniform(rows: int, count: int, limit: int, rng: Generator | None, device: torch.device) -> Tensor:
    """Whole numbers in [0, limit) whose logarithms are uniform."""
    raw = torch.rand(rows, count, generator=rng, dtype=torch.float64, device=device)
    return (raw * math.log(limit)).exp_().round_().long().sub_(1).remainder_(limit)


def _first_seen(drawn: Tensor) -> Tensor:
    """Whether a number occurs in its row for the first time."""
    ordered, places = drawn.sort(dim=1, stable=True)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return torch.empty_like(new).scatter_(1, places, new)


@sample_unique_zipfian.shape
def _(params):
    known = params.shape if params.shape is not None and len(params.shape) == 2 else None
    return {"out": [known, known and known[:1]]}


@sample_unique_zipfian.dtype
def _(params):
    return {"out": [torch.int64, torch.int64]}
