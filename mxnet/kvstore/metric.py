# SPDX-License-Identifier: Apache-2.0
"""A metric over the examples of all workers, for log lines and decisions that are to be the same everywhere."""
from __future__ import annotations

from typing import Any

from .. import metric

__all__ = ["AcrossWorkers"]


class AcrossWorkers(metric.EvalMetric):
    """Wraps a metric; `get` and what stands on it sum over all workers, which have to ask at the same places.

    Parameters
    ----------
    inner : a metric, its name, or a list; each adds up `sum_metric` over `num_inst`
    store : a distributed store; with any other, nothing is summed

    `Module.fit` asks at the end of an epoch, and so do callbacks such as `Speedometer`, after the same batches
    everywhere as long as all workers have as many.

    >>> import mxnet as mx
    >>> accuracy = AcrossWorkers("acc", mx.kv.create("local"))
    >>> accuracy.update([mx.nd.array([1, 0])], [mx.nd.array([[0.2, 0.8], [0.3, 0.7]])])
    >>> accuracy.get()
    ('accuracy', 0.5)
    """

    def __init__(self, inner: Any, store: Any) -> None:
        self._inner = inner if isinstance(inner, metric.EvalMetric) else metric.create(inner)
        self._store = store
        super().__init__(self._inner.name)

    @property
    def _parts(self) -> list[Any]:
        return list(getattr(self._inner, "metrics", [self._inner]))

    def update(self, labels: Any, preds: Any) -> None:
        """Update this worker's part."""
        self._inner.update(labels, preds)

    def update_dict(self, label: Any, pred: Any) -> None:
        """Update this worker's part."""
        self._inner.update_dict(label, pred)

    def reset(self) -> None:
        """Begin again."""
        if hasattr(self, "_inner"):
            self._inner.reset()

    def reset_local(self) -> None:
        """Begin the local part again."""
        self._inner.reset_local()

    def get(self) -> tuple[Any, Any]:
        """(name, value), or two lists, over all workers since the last local reset."""
        return self._summed("sum_metric", "num_inst", self._inner.get)

    def get_global(self) -> tuple[Any, Any]:
        """(name, value), or two lists, over all workers since the last reset."""
        return self._summed("global_sum_metric", "global_num_inst", self._inner.get_global)

    def _summed(self, total: str, count: str, ask: Any) -> tuple[Any, Any]:
        """Ask the inner metric with the sums of all workers in place of its own."""
        if not hasattr(self._store, "sum_over_workers"):
            return ask()
        parts = self._parts
        own = [(getattr(part, total), getattr(part, count)) for part in parts]
        sums = self._store.sum_over_workers([value for pair in own for value in pair])
        try:
            for part, value, number in zip(parts, sums[::2], sums[1::2]):
                setattr(part, total, value)
                setattr(part, count, number)
            return ask()
        finally:
            for part, (value, number) in zip(parts, own):
                setattr(part, total, value)
                setattr(part, count, number)
