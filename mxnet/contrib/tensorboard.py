# SPDX-License-Identifier: Apache-2.0
"""Metrics as TensorBoard event files, through torch's writer (package `tensorboard`, extra `tensorboard`)."""
from __future__ import annotations

from typing import Any

from .._old_names import lend
from ..base import MXNetError

__all__ = ["LogMetricsCallback"]


class LogMetricsCallback:
    """A batch or epoch callback that writes every metric of a BatchEndParam as a scalar.

    Parameters
    ----------
    logging_dir : folder for the event files
    prefix : put before the metrics' names, as `prefix-name`

    Raises MXNetError when the package tensorboard is not installed.
    """

    def __init__(self, logging_dir: str, prefix: str | None = None) -> None:
        self.prefix, self.step = prefix, 0
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MXNetError("LogMetricsCallback needs the package tensorboard: pip install 'mxtorch[tensorboard]'"
                             ) from None
        self.summary_writer = SummaryWriter(logging_dir)

    def __call__(self, param: Any) -> None:
        """Write the metrics of `param`."""
        self.step += 1
        if param.eval_metric is None:
            return
        for name, value in param.eval_metric.get_name_value():
            self.summary_writer.add_scalar(name if self.prefix is None else f"{self.prefix}-{name}", value, self.step)
        self.summary_writer.flush()


lend(__name__)
