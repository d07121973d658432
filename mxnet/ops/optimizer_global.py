# SPDX-License-Identifier: Apache-2.0
"""Operators around an update that look at many arrays: norms, LARS' learning rates, overflow checks, resets."""
from __future__ import annotations

import torch
from torch import Tensor

from .infer import unify
from .optimizer_common import constant
from .optimizer_lists import numbered_inputs, sums_of_squares
from .registry import OperatorError, op
from .rules import common_dtype

_ARRAYS = numbered_inputs(("array",), "num_arrays")


@op("multi_sum_sq", input_names=_ARRAYS)
def multi_sum_sq(*data: Tensor, num_arrays: int) -> Tensor:
    """The sum of squares of each array: a float32 vector of shape (num_arrays,).

    >>> import mxnet as mx
    >>> mx.nd.multi_sum_sq(mx.nd.ones(3), mx.nd.ones((2, 2)), num_arrays=2).asnumpy().tolist()
    [3.0, 4.0]
    """
    return sums_of_squares(data)


@multi_sum_sq.shape
def _(params, data, out=None):
    return {"out": (params.num_arrays,)}


@multi_sum_sq.dtype
def _(params, data, out=None):
    return {"data": [common_dtype(*data)] * len(data), "out": torch.float32}


@op("multi_lars")
def multi_lars(lrs: Tensor, weights_sum_sq: Tensor, grads_sum_sq: Tensor, wds: Tensor, *, eta: float, eps: float,
               rescale_grad: float = 1.0) -> Tensor:
    """Learning rates of LARS for many weights at once; all arrays are float32 vectors of one shape.

    `lrs * eta * w / (rescale_grad * g + wds * w + eps)`, with w and g the roots of the sums of squares; where one of
    them is 0, the learning rate as it is. You et al., Large Batch Training of Convolutional Networks, 2017.

    >>> import mxnet as mx
    >>> made = mx.nd.multi_lars(mx.nd.ones(1), mx.nd.array([4]), mx.nd.array([16]), mx.nd.array([0]), eta=0.5, eps=0)
    >>> made.asnumpy().tolist()
    [0.25]
    """
    kind = lrs.dtype
    if kind is not torch.float32:
        raise OperatorError(f"learning rates are float32, not {str(kind).removeprefix('torch.')}")
    return lars_rates(lrs, wds, weights_sum_sq, grads_sum_sq, eta, eps, rescale_grad)


def lars_rates(lrs: Tensor, wds: Tensor, weights_sum_sq: Tensor, grads_sum_sq: Tensor, eta: float, eps: float,
               rescale_grad: float) -> Tensor:
    """See `multi_lars`."""
    kind = lrs.dtype
    norms, grad_norms = weights_sum_sq.sqrt(), grads_sum_sq.sqrt()
    below = (grad_norms * constant(rescale_grad, kind)).add_(wds * norms).add_(constant(eps, kind))
    scaled = (lrs * constant(eta, kind)).mul_(norms).div_(below)
    return torch.where((norms > 0) & (grad_norms > 0), scaled, lrs)


@multi_lars.shape
def _(params, lrs=None, weights_sum_sq=None, grads_sum_sq=None, wds=None, out=None):
    common = lrs
    for shape in (weights_sum_sq, grads_sum_sq, wds, out):
        common = unify("an input", common, shape)
    return dict.fromkeys(("lrs", "weights_sum_sq", "grads_sum_sq", "wds", "out"), common)


def _finite(data: tuple[Tensor, ...]) -> Tensor:
    # a norm is finite exactly if all elements are; the maximum norm cannot overflow
    norms = torch.stack(torch._foreach_norm([x.flatten() for x in data if x.numel()], float("inf"))) \
        if any(x.numel() for x in data) else data[0].new_zeros(1)
    return norms.isfinite().all().to(torch.float32).reshape(1)


def _verdict(data: tuple[Tensor, ...], init_output: bool) -> Tensor:
    if not init_output:
        raise OperatorError("init_output=False keeps what the array out= holds when all is finite: give out=")
    return _finite(data)


def _kept_verdict(out: Tensor, *data: Tensor, init_output: bool = True, num_arrays: int = 1) -> Tensor:
    """With `init_output=False` an array that is not finite writes 0 over what is there, and no other writes."""
    if out.shape != (1,) or out.dtype is not torch.float32:
        raise OperatorError(f"out= is {tuple(out.shape)} {str(out.dtype)[6:]}, the result (1,) float32")
    verdict = _finite(data)
    return verdict if init_output else torch.where(verdict > 0, out, verdict)


@op("all_finite")
def all_finite(data: Tensor, *, init_output: bool = True) -> Tensor:
    """1 when no element is NaN or infinite, else 0; float32, shape (1,).

    With `init_output=False`, `out=` keeps its value when no element is, else it becomes 0: so one array gathers the
    verdict on many. Without `out=` that raises OperatorError.

    >>> import mxnet as mx
    >>> mx.nd.all_finite(mx.nd.array([1, float("inf")])).asnumpy().tolist()
    [0.0]
    """
    return _verdict((data,), init_output)


@all_finite.shape
def _(params, data=None, out=None):
    return {"out": (1,)}


@all_finite.dtype
def _(params, data=None, out=None):
    return {"out": torch.float32}


@op("multi_all_finite", input_names=_ARRAYS)
def multi_all_finite(*data: Tensor, num_arrays: int = 1, init_output: bool = True) -> Tensor:
    """1 when no element of any array is NaN or infinite, else 0; float32, shape (1,). `init_output`: see `all_finite`.

    >>> import mxnet as mx
    >>> mx.nd.multi_all_finite(mx.nd.ones(2), mx.nd.array([float("nan")]), num_arrays=2).asnumpy().tolist()
    [0.0]
    """
    return _verdict(data, init_output)


@multi_all_finite.shape
def _(params, data=None, out=None):
    return {"out": (1,)}


@multi_all_finite.dtype
def _(params, data=None, out=None):
    return {"out": torch.float32}


all_finite.into(_kept_verdict)
multi_all_finite.into(_kept_verdict)


@op("reset_arrays", outputs=(), input_names=_ARRAYS)
def reset_arrays(*data: Tensor, num_arrays: int) -> tuple[()]:
    """Fill all arrays with zeros, in place; there is no output.

    >>> import mxnet as mx
    >>> x = mx.nd.ones(2)
    >>> mx.nd.reset_arrays(x, num_arrays=1)
    []
    >>> x.asnumpy().tolist()
    [0.0, 0.0]
    """
    torch._foreach_zero_(data)
    return ()


class _Every(frozenset[str]):
    """All inputs are written."""

    def __contains__(self, name: object) -> bool:
        return True


reset_arrays.aux_names = _Every(("array",))
reset_arrays.shape(lambda params, data=None: {})
reset_arrays.dtype(lambda params, data=None: {})
