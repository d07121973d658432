# SPDX-License-Identifier: Apache-2.0
"""Functions of one array, element by element: the mathematical ones, one row each."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .families import no_gradient, unary
from .numbers import real, whole_or

# ---- powers, roots, exponentials and logarithms ---------------------------------------------------------------------

unary("square", torch.square, "The square `x * x`.", sparse=True, example=("mx.nd.array([2, -3])", "[4. 9.]"))
unary("sqrt", real(torch.sqrt), "The square root; NaN for negative numbers.", sparse=True,
      example=("mx.nd.array([4, 2])", "[2.     1.4142]"))
unary("rsqrt", real(torch.rsqrt), "The reciprocal of the square root.", sparse=True,
      example=("mx.nd.array([4, 2])", "[0.5    0.7071]"))
unary("reciprocal", real(torch.reciprocal), "The reciprocal `1 / x`.",
      example=("mx.nd.array([4, -0.5])", "[ 0.25 -2.  ]"))
unary("exp", real(torch.exp), "The exponential function.", sparse=True,
      example=("mx.nd.array([0, 1])", "[1.     2.7183]"))
unary("expm1", real(torch.expm1), "`exp(x) - 1`, precise for small x.", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     1.7183]"))
unary("log", real(torch.log), "The natural logarithm; NaN for negative numbers.", sparse=True,
      example=("mx.nd.array([1, 2])", "[0.     0.6931]"))
unary("log2", real(torch.log2), "The logarithm to base 2.", sparse=True, example=("mx.nd.array([1, 8])", "[0. 3.]"))
unary("log10", real(torch.log10), "The logarithm to base 10.", sparse=True,
      example=("mx.nd.array([1, 100])", "[0. 2.]"))
unary("log1p", real(torch.log1p), "`log(1 + x)`, precise for small x.", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     0.6931]"))


def _cbrt(data: Tensor) -> Tensor:
    return data.abs().pow_(1 / 3).copysign_(data)


def _rcbrt(data: Tensor) -> Tensor:
    return data.abs().pow_(-1 / 3).copysign_(data)


unary("cbrt", real(_cbrt), "The cube root, of negative numbers as well.", sparse=True,
      gradient=lambda out, head: {"data": head / (3 * out * out)},
      example=("mx.nd.array([8, -27])", "[ 2. -3.]"))
unary("rcbrt", real(_rcbrt), "The reciprocal of the cube root.",
      gradient=lambda data, out, head: {"data": head * out / (-3 * data)},
      example=("mx.nd.array([8, -1])", "[ 0.5 -1. ]"))

# ---- trigonometric and hyperbolic functions -------------------------------------------------------------------------

unary("sin", real(torch.sin), "The sine of an angle in radians.", sparse=True,
      example=("mx.nd.array([0, 0.5])", "[0.     0.4794]"))
unary("cos", real(torch.cos), "The cosine of an angle in radians.", sparse=True,
      example=("mx.nd.array([0, 0.5])", "[1.     0.8776]"))
unary("tan", real(torch.tan), "The tangent of an angle in radians.", sparse=True,
      example=("mx.nd.array([0, 0.5])", "[0.     0.5463]"))
unary("arcsin", real(torch.asin), "The inverse sine, in [-pi/2, pi/2]; NaN outside of [-1, 1].", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     1.5708]"))
unary("arccos", real(torch.acos), "The inverse cosine, in [0, pi]; NaN outside of [-1, 1].", sparse=True,
      example=("mx.nd.array([0, 1])", "[1.5708 0.    ]"))
unary("arctan", real(torch.atan), "The inverse tangent, in [-pi/2, pi/2].", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     0.7854]"))
unary("sinh", real(torch.sinh), "The hyperbolic sine.", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     1.1752]"))
unary("cosh", real(torch.cosh), "The hyperbolic cosine.", sparse=True,
      example=("mx.nd.array([0, 1])", "[1.     1.5431]"))
unary("tanh", real(torch.tanh), "The hyperbolic tangent.", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     0.7616]"))
unary("arcsinh", real(torch.asinh), "The inverse hyperbolic sine.", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.     0.8814]"))
unary("arccosh", real(torch.acosh), "The inverse hyperbolic cosine; NaN below 1.", sparse=True,
      example=("mx.nd.array([1, 2])", "[0.    1.317]"))
unary("arctanh", real(torch.atanh), "The inverse hyperbolic tangent; NaN outside of [-1, 1].", sparse=True,
      example=("mx.nd.array([0, 0.5])", "[0.     0.5493]"))
unary("degrees", real(torch.rad2deg), "Angles in radians, converted to degrees.", sparse=True,
      example=("mx.nd.array([0, 1])", "[ 0.     57.2958]"))
unary("radians", real(torch.deg2rad), "Angles in degrees, converted to radians.", sparse=True,
      example=("mx.nd.array([0, 180])", "[0.     3.1416]"))

# ---- special functions ----------------------------------------------------------------------------------------------


def _gamma(data: Tensor) -> Tensor:
    wide = data.to(torch.float64)                       # exp() multiplies the error of its argument
    size = torch.lgamma(wide).exp()
    whole = torch.floor(wide)
    negative = (wide < 0) & (whole.remainder(2) == 1) | (wide == 0) & torch.signbit(wide)
    pole = (wide < 0) & (whole == wide)                 # minus infinity is one of them
    size = torch.where(whole == wide, size.round(), size)       # a factorial
    return torch.where(negative, -size, size).masked_fill(pole, float("nan")).to(data.dtype)


unary("gamma", real(_gamma), "The gamma function, which is (n - 1)! for a whole number n.", "_npx_gamma", sparse=True,
      gradient=lambda data, out, head: {"data": head * out * torch.digamma(data)},
      example=("mx.nd.array([4, 0.5])", "[6.     1.7725]"))
unary("gammaln", real(torch.lgamma), "The logarithm of the gamma function's absolute value.", "_npx_gammaln",
      sparse=True, example=("mx.nd.array([4, 0.5])", "[1.7918 0.5724]"))
unary("erf", real(torch.erf), "The error function.", "_npx_erf", example=("mx.nd.array([0, 1])", "[0.     0.8427]"))
unary("erfinv", real(torch.erfinv), "The inverse of the error function; NaN outside of [-1, 1].", "_npx_erfinv",
      example=("mx.nd.array([0, 0.5])", "[0.     0.4769]"))

# ---- sign and rounding: their gradients are zero, but for abs and negative ------------------------------------------

unary("abs", torch.abs, "The absolute value. Its gradient at 0 is 0.", sparse=True,
      example=("mx.nd.array([2, -3])", "[2. 3.]"))
unary("negative", torch.neg, "The number with the other sign.", sparse=True,
      example=("mx.nd.array([2, -3])", "[-2.  3.]"))
unary("sign", torch.sign, "-1, 0 or 1 for negative numbers, zero (and NaN) and positive ones. The gradient is 0.",
      sparse=True, example=("mx.nd.array([2, 0, -3])", "[ 1.  0. -1.]"))
unary("ceil", torch.ceil, "The next whole number that is not smaller. The gradient is 0.", sparse=True,
      example=("mx.nd.array([1.5, -1.5])", "[ 2. -1.]"))
unary("floor", torch.floor, "The next whole number that is not greater. The gradient is 0.", sparse=True,
      example=("mx.nd.array([1.5, -1.5])", "[ 1. -2.]"))
unary("trunc", torch.trunc, "The whole part: what is behind the point is dropped. The gradient is 0.", sparse=True,
      example=("mx.nd.array([1.5, -1.5])", "[ 1. -1.]"))
unary("fix", torch.trunc, "The nearest whole number towards zero. The gradient is 0.", sparse=True,
      example=("mx.nd.array([1.5, -1.5])", "[ 1. -1.]"))


def _rint(data: Tensor) -> Tensor:
    below = torch.floor(data)
    return below.add_((data - below).gt_(0.5))


def _round(data: Tensor) -> Tensor:
    towards_zero = torch.trunc(data)
    rest = data - towards_zero                          # exact; NaN for infinities, which stay as they are
    return towards_zero.add_(rest.mul_(2).trunc_().nan_to_num_(0.0))


unary("rint", whole_or(torch.clone, _rint), "The nearest whole number, halves going down. The gradient is 0.",
      sparse=True, gradient=no_gradient, example=("mx.nd.array([1.5, -1.5, 0.7])", "[ 1. -2.  1.]"))
nearest_away = whole_or(torch.clone, _round)
unary("round", nearest_away, "The nearest whole number, halves going away from zero. The gradient "
      "is 0.", sparse=True, gradient=no_gradient, example=("mx.nd.array([1.5, -1.5, 0.4])", "[ 2. -2.  0.]"))

# ---- activations and logic ------------------------------------------------------------------------------------------

unary("relu", torch.relu, "`max(x, 0)`. The gradient at 0 is 0.", sparse=True,
      example=("mx.nd.array([2, -3])", "[2. 0.]"))
unary("sigmoid", real(torch.sigmoid), "The logistic function `1 / (1 + exp(-x))`.", sparse=True,
      example=("mx.nd.array([0, 1])", "[0.5    0.7311]"))
unary("softsign", real(F.softsign), "`x / (1 + |x|)`.", example=("mx.nd.array([1, -3])", "[ 0.5  -0.75]"))


def _logical_not(data: Tensor) -> Tensor:
    return torch.logical_not(data, out=torch.empty(0, dtype=data.dtype, device=data.device))


unary("logical_not", _logical_not, "1 where the number is 0, and 0 elsewhere. The gradient is 0.",
      gradient=no_gradient, example=("mx.nd.array([2, 0])", "[0. 1.]"))
