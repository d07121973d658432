# SPDX-License-Identifier: Apache-2.0
"""`mx.misc`: the schedules of MXNet's first versions, which count from 0 and look at nothing but the iteration.

Later programs use `mx.lr_scheduler`.
"""
from __future__ import annotations

import logging

from .base import MXNetValueError

__all__ = ["FactorScheduler", "LearningRateScheduler"]


class LearningRateScheduler:
    """A function of the iteration that gives a learning rate, beginning at `base_lr`, 0.01."""

    def __init__(self) -> None:
        self.base_lr = 0.01

    def __call__(self, iteration: int) -> float:
        """The rate of an iteration."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")


class FactorScheduler(LearningRateScheduler):
    """`base_lr * factor ** (iteration // step)`. Raises ValueError for a `step` below 1 and a `factor` from 1 on.

    >>> import mxnet as mx
    >>> schedule = mx.misc.FactorScheduler(step=3, factor=0.5)
    >>> schedule(2), schedule(3)
    (0.01, 0.005)
    """

    def __init__(self, step: int, factor: float = 0.1) -> None:
        super().__init__()
        if step < 1:
            raise MXNetValueError(f"step is at least 1 iteration, not {step}")
        if factor >= 1.0:
            raise MXNetValueError(f"factor is below 1, so that rates fall, not {factor}")
        self.step, self.factor = step, factor
        self.old_lr, self.init = self.base_lr, False

    def __call__(self, iteration: int) -> float:
        if not self.init:
            self.init, self.old_lr = True, self.base_lr
        rate = self.base_lr * self.factor ** (iteration // self.step)
        if rate != self.old_lr:
            self.old_lr = rate
            logging.info("Iteration[%d]: learning rate is now %.5f", iteration, rate)
        return rate
