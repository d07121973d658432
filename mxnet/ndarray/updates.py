# SPDX-License-Identifier: Apache-2.0
"""`mx.nd.contrib`'s updates: those of AdamW take their scale as a number, too, those of several weights take lists.

They stand before the operators of the same purpose in `mx.nd._internal`, which say what is computed.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .creation import full
from .generate import FUNCTIONS
from .ndarray import NDArray

__all__ = ["adamw_update", "mp_adamw_update", "multi_adamw_update", "multi_lamb_update", "multi_mp_adamw_update",
           "multi_mp_lamb_update"]

Arrays = Sequence[NDArray]
_RUN = FUNCTIONS["_internal"]


def _scale(rescale_grad: Any, like: NDArray) -> NDArray:
    return rescale_grad if isinstance(rescale_grad, NDArray) else full((1,), rescale_grad, ctx=like.ctx)


def _in_turn(*lists: Arrays) -> list[NDArray]:
    """All arrays of the first weight, then of the next."""
    return [array for of_one in zip(*lists, strict=True) for array in of_one]


def adamw_update(weight: NDArray, grad: NDArray, mean: NDArray, var: NDArray, rescale_grad: Any, lr: float, eta: float,
                 beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0,
                 clip_gradient: float = -1, out: Any = None, name: str | None = None, **kwargs: Any) -> Any:
    """One step of AdamW, see `mx.nd._internal._adamw_update`; `rescale_grad` is a number or an array of one element.

    >>> import mxnet as mx
    >>> w = mx.nd.ones(1)
    >>> mx.nd.contrib.adamw_update(w, mx.nd.ones(1), mx.nd.zeros(1), mx.nd.zeros(1), 1.0, 0.5, 1, 0.5, 0.75, 0,
    ...                            out=w).asnumpy().tolist()
    [0.5]
    """
    return _RUN["_adamw_update"](weight, grad, mean, var, _scale(rescale_grad, mean), lr=lr, eta=eta, beta1=beta1,
                                 beta2=beta2, epsilon=epsilon, wd=wd, clip_gradient=clip_gradient, out=out, **kwargs)


def mp_adamw_update(weight: NDArray, grad: NDArray, mean: NDArray, var: NDArray, weight32: NDArray, rescale_grad: Any,
                    lr: float, eta: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
                    wd: float = 0, clip_gradient: float = -1, out: Any = None, name: str | None = None,
                    **kwargs: Any) -> Any:
    """`adamw_update` in mixed precision; `weight32` is the float32 copy of the weight."""
    return _RUN["_mp_adamw_update"](weight, grad, mean, var, weight32, _scale(rescale_grad, mean), lr=lr, eta=eta,
                                    beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd, clip_gradient=clip_gradient,
                                    out=out, **kwargs)


def multi_adamw_update(weights: Arrays, grads: Arrays, mean: Arrays, var: Arrays, rescale_grad: Any,
                       lrs: Sequence[float], wds: Sequence[float], etas: Sequence[float], out: Any = None,
                       name: str | None = None, size: int = 0, **kwargs: Any) -> Any:
    """`adamw_update` of several weights, with a learning rate, a decay and a factor `eta` for each."""
    arrays = _in_turn(weights, grads, mean, var)
    return _RUN["_multi_adamw_update"](*arrays, _scale(rescale_grad, mean[0]), lrs=lrs, wds=wds, etas=etas,
                                       num_weights=size or len(weights), out=out, **kwargs)


def multi_mp_adamw_update(weights: Arrays, grads: Arrays, mean: Arrays, var: Arrays, weights32: Arrays,
                          rescale_grad: Any, lrs: Sequence[float], wds: Sequence[float], etas: Sequence[float],
                          out: Any = None, name: str | None = None, size: int = 0, **kwargs: Any) -> Any:
    """`multi_adamw_update` in mixed precision; `weights32` are the float32 copies of the weights."""
    arrays = _in_turn(weights, grads, mean, var, weights32)
    return _RUN["_multi_mp_adamw_update"](*arrays, _scale(rescale_grad, mean[0]), lrs=lrs, wds=wds, etas=etas,
                                          num_weights=size or len(weights), out=out, **kwargs)


def multi_lamb_update(weights: Arrays, grads: Arrays, mean: Arrays, var: Arrays, step_count: Sequence[int],
                      lrs: Sequence[float], wds: Sequence[float], out: Any = None, num_tensors: int = 0,
                      **kwargs: Any) -> Any:
    """One step of LAMB for several weights, see `mx.nd._internal._multi_lamb_update`."""
    return _RUN["_multi_lamb_update"](*_in_turn(weights, grads, mean, var), learning_rates=lrs, wds=wds,
                                      step_count=step_count, num_tensors=num_tensors or len(weights), out=out,
                                      **kwargs)


def multi_mp_lamb_update(weights: Arrays, grads: Arrays, mean: Arrays, var: Arrays, weights32: Arrays,
                         step_count: Sequence[int], lrs: Sequence[float], wds: Sequence[float], out: Any = None,
                         num_tensors: int = 0, **kwargs: Any) -> Any:
    """`multi_lamb_update` in mixed precision; `weights32` are the float32 copies of the weights."""
    return _RUN["_multi_mp_lamb_update"](*_in_turn(weights, grads, mean, var, weights32), learning_rates=lrs, wds=wds,
                                         step_count=step_count, num_tensors=num_tensors or len(weights), out=out,
                                         **kwargs)
