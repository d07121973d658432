# SPDX-License-Identifier: Apache-2.0
"""Tests of random generators: chi-square, mean and variance. They need SciPy."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base import MXNetAssertionError, MXNetError, MXNetValueError
from ..ndarray import NDArray
from .compare import DifferenceError

__all__ = ["chi_square_check", "gen_buckets_probs_with_ppf", "mean_check", "var_check", "verify_generator"]

Generator = Callable[[int], Any]


def _stats() -> Any:
    try:
        from scipy import stats
    except ImportError as error:
        raise MXNetError("tests of random generators need scipy: pip install scipy") from error
    return stats


def _draw(generator: Generator, count: int) -> np.ndarray:
    drawn = generator(count)
    return (drawn.asnumpy() if isinstance(drawn, NDArray) else np.asarray(drawn)).reshape(-1)


def gen_buckets_probs_with_ppf(ppf: Callable[[float], float],
                               nbuckets: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Buckets (low, high) of equal probability, from the inverse of the cumulative distribution; and probabilities.

    >>> import mxnet as mx
    >>> mx.test_utils.gen_buckets_probs_with_ppf(lambda p: 2 * p, 2)
    ([(0.0, 1.0), (1.0, 2.0)], [0.5, 0.5])
    """
    if nbuckets < 1:
        raise MXNetAssertionError(f"nbuckets is 1 at least, not {nbuckets}")
    edges = [ppf(i / nbuckets) for i in range(nbuckets + 1)]
    return list(zip(edges[:-1], edges[1:])), [1.0 / nbuckets] * nbuckets


def chi_square_check(generator: Generator, buckets: Sequence[Any], probs: Sequence[float],
                     nsamples: int = 1000000) -> tuple[float, np.ndarray, np.ndarray]:
    """Pearson's chi-square test of a generator.

    Parameters
    ----------
    generator : function of a count that returns that many numbers
    buckets : (low, high) pairs for continuous numbers, values for discrete ones
    probs : the buckets' probabilities
    nsamples : numbers to draw

    Returns (p-value, counts, expected counts).
    """
    if len(buckets) != len(probs) or not len(buckets):
        raise MXNetValueError(f"{len(buckets)} buckets need as many probabilities, not {len(probs)}")
    samples = _draw(generator, nsamples)
    expected = np.asarray(probs, np.float64) * nsamples
    if isinstance(buckets[0], (list, tuple)):
        counts = np.array([np.count_nonzero((samples >= low) & (samples < high)) for low, high in buckets])
    else:
        counts = np.array([np.count_nonzero(samples == value) for value in buckets])
    # counts outside of all buckets make the sums differ, which scipy refuses: compare shares then
    scaled = expected * (counts.sum() / expected.sum()) if counts.sum() else expected
    return float(_stats().chisquare(counts, scaled).pvalue), counts, expected


def verify_generator(generator: Generator, buckets: Sequence[Any], probs: Sequence[float], nsamples: int = 1000000,
                     nrepeat: int = 5, success_rate: float = 0.2, alpha: float = 0.05) -> list[float]:
    """Assert that a share `success_rate` of `nrepeat` chi-square tests passes at level `alpha`. Returns p-values."""
    results = [chi_square_check(generator, buckets, probs, nsamples) for _ in range(nrepeat)]
    values = [result[0] for result in results]
    passed = sum(value > alpha for value in values)
    if passed < nrepeat * success_rate:
        raise DifferenceError(f"generator: {passed} of {nrepeat} chi-square tests pass at level {alpha:g}, p-values "
                              f"{values}; last counts {results[-1][1]}, expected {results[-1][2]}")
    return values


def mean_check(generator: Generator, mu: float, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the mean of the samples is within three standard errors of `mu`."""
    mean = _draw(generator, nsamples).astype(np.float64).mean()
    return bool(abs(mean - mu) < 3 * sigma / np.sqrt(nsamples))


def var_check(generator: Generator, sigma: float, nsamples: int = 1000000) -> bool:
    """Whether the variance of the samples is within three standard errors of `sigma ** 2` (for a normal one)."""
    variance = _draw(generator, nsamples).astype(np.float64).var(ddof=1)
    return bool(abs(variance - sigma ** 2) < 3 * np.sqrt(2 * sigma ** 4 / (nsamples - 1)))
