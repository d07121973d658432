# SPDX-License-Identifier: Apache-2.0
"""Samples of the densities of random numbers, with gradients."""
from . import Bad, Sample, T, ints, values

TOLERANCE = {"float32": (1e-5, 2e-6), "float64": (1e-6, 1e-7)}       # MXNet's parameters have 32 bits


def _positive(*shape, dtype="float32"):
    return T(*shape, dtype=dtype, low=0.3, high=2.5)


def _inputs(name, sample, parameters, dtype):
    """A sample and its parameters, in the domain of the distribution."""
    counts = name in ("poisson", "negative_binomial", "generalized_negative_binomial")
    first = ints(*sample, high=6, dtype=dtype) if counts else _positive(*sample, dtype=dtype)
    if name == "negative_binomial":
        return [first, ints(*parameters, low=1, high=5, dtype=dtype), T(*parameters, dtype=dtype, low=0.2, high=0.8)]
    if name in ("uniform", "normal", "gamma", "generalized_negative_binomial"):
        high = T(*parameters, dtype=dtype, low=3.0, high=4.0) if name == "uniform" else _positive(*parameters,
                                                                                                 dtype=dtype)
        return [first, _positive(*parameters, dtype=dtype), high]
    return [first, _positive(*parameters, dtype=dtype)]


def _density(name):
    op = f"_random_pdf_{name}"
    for is_log in (False, True):
        for sample, parameters in (((2, 3), (2, 3)), ((2, 5), (2,)), ((2, 3, 2, 2), (2, 3)), ((1,), (1,)),
                                   ((3, 1), (3,))):
            yield Sample(op, _inputs(name, sample, parameters, "float32"), {"is_log": is_log})
        yield Sample(op, _inputs(name, (2, 3), (2,), "float64"), {"is_log": is_log})
    yield Bad(op, _inputs(name, (2, 3), (3,), "float32"), match="begins")
    yield Bad(op, _inputs(name, (2,), (2, 3), "float32"), match="begins")


SAMPLES = [
    *[sample for name in ("uniform", "normal", "gamma", "exponential", "poisson", "negative_binomial",
                          "generalized_negative_binomial") for sample in _density(name)],
    *[Sample("_random_pdf_dirichlet", [_positive(*sample, dtype=d), _positive(*parameters, dtype=d)],
             {"is_log": is_log})
      for sample, parameters, d in (((2, 3), (2, 3), "float32"), ((2, 5, 3), (2, 3), "float32"),
                                    ((4,), (4,), "float32"), ((2, 2, 3, 4), (2, 4), "float64"))
      for is_log in (False, True)],
    Bad("_random_pdf_dirichlet", [T(2, 3), T(2, 4)], match="alpha"),
    Bad("_random_pdf_dirichlet", [T(2, 3), T(3, 3)], match="begins"),
    Sample("_random_pdf_normal", [values([0.5, 1.0]), values([0.0, 1.0]), values([-1.0, 1.0])]),
    Sample("_random_pdf_gamma", [values([0.0, 1.0]), values([3.0, 2.0]), values([1.0, 1.0])], grad=False),
    Sample("_random_pdf_exponential", [values([-1.0, 0.5]), values([1.0, 2.0])], {"is_log": True}),
    Sample("_random_pdf_poisson", [values([-1.0, 0.5]), values([1.0, 2.0])]),
]
