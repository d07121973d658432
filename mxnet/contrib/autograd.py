# SPDX-License-Identifier: Apache-2.0
"""The first form of `mx.autograd`, for programs written before 1.0."""
from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from .. import _mode
from .. import autograd as _autograd
from .._old_names import lend
from ..base import MXNetAssertionTypeError
from ..ndarray import NDArray
from ..ndarray.handle import wrap

__all__ = ["TrainingStateScope", "backward", "compute_gradient", "grad", "grad_and_loss", "mark_variables",
           "set_is_training", "test_section", "train_section"]


def set_is_training(is_train: bool) -> bool:
    """Record, as in training, or stop doing so; returns what it was."""
    before = _mode.set_recording(is_train)
    _mode.set_training(is_train)
    return before


class TrainingStateScope:
    """Recording and training, or neither, inside a `with` statement."""

    def __init__(self, enter_state: bool) -> None:
        self._scope = _autograd.record() if enter_state else _autograd.pause()

    def __enter__(self) -> TrainingStateScope:
        self._scope.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._scope.__exit__(*exc_info)


def train_section() -> TrainingStateScope:
    """Record inside the `with` statement, as in training."""
    return TrainingStateScope(True)


def test_section() -> TrainingStateScope:
    """Do not record inside the `with` statement."""
    return TrainingStateScope(False)


test_section.__test__ = False                            # type: ignore[attr-defined]


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """As `mx.autograd.mark_variables`."""
    _autograd.mark_variables(variables, gradients, grad_reqs)


def backward(outputs: Sequence[NDArray], out_grads: Any = None, retain_graph: bool = False) -> None:
    """As `mx.autograd.backward`; a missing head gradient is ones."""
    if not isinstance(outputs, (list, tuple)):
        raise MXNetAssertionTypeError("outputs must be a list or tuple of NDArrays")
    _autograd.backward(list(outputs), out_grads, retain_graph)


def compute_gradient(outputs: Sequence[NDArray]) -> None:
    """`backward` without head gradients."""
    backward(outputs)


def grad_and_loss(func: Callable[..., Any], argnum: Any = None) -> Callable[..., tuple[list[NDArray], Any]]:
    """A function that gives the gradients of `func` with respect to its arguments (or `argnum`), and its value."""
    @functools.wraps(func)
    def wrapped(*args: NDArray) -> tuple[list[NDArray], Any]:
        chosen = args if argnum is None else \
            [args[i] for i in (argnum if isinstance(argnum, (list, tuple)) else [argnum])]
        for item in chosen:
            if not isinstance(item, NDArray):
                raise MXNetAssertionTypeError(f"gradients are with respect to NDArrays, not {type(item).__name__}")
        grads = [wrap(torch.zeros_like(item._tensor), item._ctx) for item in chosen]
        mark_variables(list(chosen), grads)
        with train_section():
            outputs = func(*args)
        compute_gradient([outputs] if isinstance(outputs, NDArray) else outputs)
        return grads, outputs
    return wrapped


def grad(func: Callable[..., Any], argnum: Any = None) -> Callable[..., list[NDArray]]:
    """A function that gives the gradients of `func` only; see `grad_and_loss`."""
    both = grad_and_loss(func, argnum)

    @functools.wraps(both)
    def wrapped(*args: NDArray) -> list[NDArray]:
        return both(*args)[0]
    return wrapped


lend(__name__)
