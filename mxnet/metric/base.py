# SPDX-License-Identifier: Apache-2.0
"""What all metrics share: two running averages, names, and making metrics by name.

A metric adds tensors that hold one number (`_add`) and never waits for them: they stay where they were computed until
somebody reads `sum_metric`, `num_inst` or their global twins. Only then are they fetched, many at a time, and summed
in double precision. The plain attributes of MXNet's metrics are properties here, so that subclasses written for MXNet
(`self.sum_metric += value`) work as they are.
"""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy
import torch
from torch import Tensor

from .._statefile import plain_state, restore_plain_state
from ..base import MXNetAssertionError, MXNetKeyError, MXNetTypeError, MXNetValueError, nearest, numeric_types
from ..ndarray import NDArray
from ..ndarray.handle import tensor_on
from ..registry import get_alias_func, get_create_func, get_register_func

__all__ = ["CompositeEvalMetric", "EvalMetric", "alias", "check_label_shapes", "create", "register"]

_MOST_PENDING = 512          # tensors that wait to be summed, before they are fetched without being asked for


def check_label_shapes(labels: Any, preds: Any, wrap: bool = False, shape: bool = False) -> tuple[Any, Any]:
    """Check that labels and predictions belong together, and return both.

    Parameters
    ----------
    labels, preds : arrays, or lists of arrays
    wrap : put a single array into a list
    shape : compare shapes; otherwise lengths are compared

    Raises ValueError when they differ.

    >>> check_label_shapes([1, 2], [3, 4])
    ([1, 2], [3, 4])
    """
    found = (labels.shape, preds.shape) if shape else (len(labels), len(preds))
    if found[0] != found[1]:
        raise MXNetAssertionError(f"labels and predictions differ in {'shape' if shape else 'number'}: "
                                  f"{found[0]} labels, {found[1]} predictions")
    if wrap:
        labels = [labels] if isinstance(labels, (NDArray, Tensor, numpy.ndarray)) else labels
        preds = [preds] if isinstance(preds, (NDArray, Tensor, numpy.ndarray)) else preds
    return labels, preds


def tensor_of(value: Any) -> Tensor:
    """The tensor inside of an array; NumPy arrays and tensors are taken, too."""
    if isinstance(value, NDArray):
        return value._tensor
    return value.detach() if isinstance(value, Tensor) else tensor_on(numpy.asarray(value))


def paired(labels: Any, preds: Any) -> list[tuple[Tensor, Tensor]]:
    """(label, prediction) tensors, the label where the prediction is."""
    labels, preds = check_label_shapes(labels, preds, wrap=True)
    if len(labels) != len(preds):                # one of them was a single array, and its length that of an axis
        raise MXNetValueError(f"{len(labels)} labels do not belong to {len(preds)} predictions")
    pairs = []
    for label, pred in zip(labels, preds):
        there, here = tensor_of(label), tensor_of(pred)
        pairs.append((there if there.device == here.device else there.to(here.device), here))
    return pairs


def wide(values: Tensor) -> Tensor:
    """Half precision as float32, in which sums are made; other dtypes as they are."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def _plain(value: Any) -> Any:
    """NumPy's scalars as Python's: NumPy 2 would add to a float32 in float32, where MXNet's metrics sum in double."""
    return value.item() if isinstance(value, numpy.generic) else value


def _sum_of(numbers: Iterable[Any]) -> Any:
    """The sum of numbers and one-number tensors; tensors of one kind are fetched together."""
    plain: list[Any] = []
    kinds: dict[tuple[torch.device, torch.dtype], list[Tensor]] = {}
    for number in numbers:
        if isinstance(number, Tensor):
            kinds.setdefault((number.device, number.dtype), []).append(number)
        else:
            plain.append(_plain(number))
    for group in kinds.values():
        plain += torch.stack(group).tolist()
    return sum(plain)


class EvalMetric:
    """Base of metrics: the average of what `update` adds, since `reset` (global) and since `reset_local` (local).

    Parameters
    ----------
    name : shown in logs
    output_names, label_names : which outputs and labels `update_dict` gives to `update`, default all
    kwargs : kept for `get_config`; `has_global_stats=True` says that a subclass keeps the global average, too

    A subclass defines `update(labels, preds)`. It either changes `sum_metric` and `num_inst`, or calls
    `_add(tensor, count)`.
    """

    _pending: list[tuple[Any, Any]] = []         # class-wide and never appended to: each instance makes its own

    _sum: Any
    _num: Any
    _global_sum: Any
    _global_num: Any
    _local: Any
    _global: Any

    def __init__(self, name: str, output_names: Sequence[str] | None = None,
                 label_names: Sequence[str] | None = None, **kwargs: Any) -> None:
        self.name = str(name)
        self.output_names, self.label_names = output_names, label_names
        self._has_global_stats = kwargs.pop("has_global_stats", False)
        self._kwargs = kwargs
        self.reset()

    # ---- the sums --------------------------------------------------------------------------------

    def _add(self, total: Any, count: Any) -> None:
        """Add to both averages: a number or a tensor of no axes, and how many instances it is the sum of."""
        self._pending.append((total, count))
        if len(self._pending) >= _MOST_PENDING:
            self._fold()

    def _fold(self) -> None:
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        total, count = _sum_of(pair[0] for pair in pending), _sum_of(pair[1] for pair in pending)
        self._sum += total
        self._global_sum += total
        self._num += count
        self._global_num += count

    @property
    def sum_metric(self) -> Any:
        """Sum since `reset_local`."""
        self._fold()
        return self._sum

    @sum_metric.setter
    def sum_metric(self, value: Any) -> None:
        self._fold()
        self._sum = _plain(value)

    @property
    def num_inst(self) -> Any:
        """Number of instances since `reset_local`."""
        self._fold()
        return self._num

    @num_inst.setter
    def num_inst(self, value: Any) -> None:
        self._fold()
        self._num = _plain(value)

    @property
    def global_sum_metric(self) -> Any:
        """Sum since `reset`."""
        self._fold()
        return self._global_sum

    @global_sum_metric.setter
    def global_sum_metric(self, value: Any) -> None:
        self._fold()
        self._global_sum = _plain(value)

    @property
    def global_num_inst(self) -> Any:
        """Number of instances since `reset`."""
        self._fold()
        return self._global_num

    @global_num_inst.setter
    def global_num_inst(self, value: Any) -> None:
        self._fold()
        self._global_num = _plain(value)

    def reset(self) -> None:
        """Forget everything."""
        self._pending = []
        self._sum = 0.0
        self._num = 0
        self._global_sum = 0.0
        self._global_num = 0

    def reset_local(self) -> None:
        """Begin the local average again; the global one goes on."""
        self._fold()
        self._sum, self._num = 0.0, 0

    # ---- what is seen ----------------------------------------------------------------------------

    def update(self, labels: Any, preds: Any) -> None:
        """Take a batch: lists of label and prediction arrays."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def update_dict(self, label: Mapping[str, Any], pred: Mapping[str, Any]) -> None:
        """Take a batch given by name: `update` gets those of `label_names` and `output_names`. Raises KeyError."""
        self.update(_named("label", label, self.label_names), _named("output", pred, self.output_names))

    def _mean(self, total: Any, count: Any) -> Any:
        """The value from a sum and a number of instances."""
        return total / count

    def get(self) -> tuple[Any, Any]:
        """(name, value) of the local average; NaN when there is nothing yet."""
        count = self.num_inst
        return self.name, float("nan") if count == 0 else self._mean(self.sum_metric, count)

    def get_global(self) -> tuple[Any, Any]:
        """(name, value) of the global average; the local one if this metric keeps no global one."""
        if not self._has_global_stats:
            return self.get()
        count = self.global_num_inst
        return self.name, float("nan") if count == 0 else self._mean(self.global_sum_metric, count)

    def get_name_value(self) -> list[tuple[str, Any]]:
        """The local average as a list of (name, value)."""
        return _name_values(self.get())

    def get_global_name_value(self) -> list[tuple[str, Any]]:
        """The global average as a list of (name, value)."""
        return _name_values(self.get_global()) if self._has_global_stats else self.get_name_value()

    def state_dict(self) -> dict[str, Any]:
        """What was seen so far, for checkpoints."""
        self._fold()
        return plain_state(self, ("metrics", "_kwargs", "name", "output_names", "label_names"))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        restore_plain_state(self, state)

    def get_config(self) -> dict[str, Any]:
        """The arguments that `create` makes an equal metric from."""
        return {**self._kwargs, "metric": type(self).__name__, "name": self.name, "output_names": self.output_names,
                "label_names": self.label_names}

    def __str__(self) -> str:
        return f"EvalMetric: {dict(self.get_name_value())}"


def _named(what: str, given: Mapping[str, Any], names: Sequence[str] | None) -> list[Any]:
    """The arrays of those names, or all."""
    try:
        return list(given.values()) if names is None else [given[name] for name in names]
    except KeyError as error:
        name = error.args[0]
        raise MXNetKeyError(f"there is no {what} {name!r} but {', '.join(map(repr, given))}."
                            f"{nearest(name, given)}") from None


def _name_values(found: tuple[Any, Any]) -> list[tuple[str, Any]]:
    names, values = (item if isinstance(item, list) else [item] for item in found)
    return list(zip(names, values))


register = get_register_func(EvalMetric, "metric")
alias = get_alias_func(EvalMetric, "metric")
_create = get_create_func(EvalMetric, "metric")


def create(metric: Any, *args: Any, **kwargs: Any) -> EvalMetric:
    """Make a metric.

    `metric` is a metric (returned as it is), a name, a configuration (dict or JSON text), a function
    `feval(label, pred)` for a CustomMetric, or a list of those for a CompositeEvalMetric. Further arguments go to the
    class. Raises ValueError for names that are not known.

    >>> create("acc").name, create(["mse", "mae"]).get()[0]
    ('accuracy', ['mse', 'mae'])
    """
    if callable(metric) and not isinstance(metric, EvalMetric):
        from .custom import CustomMetric
        return CustomMetric(metric, *args, **kwargs)
    if isinstance(metric, list):
        composite = CompositeEvalMetric()
        for child in metric:
            composite.add(create(child, *args, **kwargs))
        return composite
    return _create(metric, *args, **kwargs)


@register
@alias("composite")
class CompositeEvalMetric(EvalMetric):
    """Several metrics as one: `get` returns lists of names and of values.

    Parameters
    ----------
    metrics : metrics, or what `create` makes them from

    >>> CompositeEvalMetric(["acc", "mse"]).get()
    (['accuracy', 'mse'], [nan, nan])
    """

    def __init__(self, metrics: Sequence[Any] | None = None, name: str = "composite",
                 output_names: Sequence[str] | None = None, label_names: Sequence[str] | None = None) -> None:
        self.metrics: list[EvalMetric] = []
        super().__init__(name, output_names, label_names, has_global_stats=True)
        self.metrics = [create(item) for item in metrics or []]

    def add(self, metric: Any) -> None:
        """Append a metric, or what `create` makes one from."""
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> EvalMetric:
        """The metric of that number. Raises ValueError when there are not so many."""
        try:
            return self.metrics[index]
        except IndexError:
            raise MXNetValueError(f"there are {len(self.metrics)} metrics, none has the number {index}") from None

    def update_dict(self, labels: Mapping[str, Any], preds: Mapping[str, Any]) -> None:
        """Give every metric a batch by name; names that are not there are left out."""
        if self.label_names is not None:
            labels = OrderedDict((name, value) for name, value in labels.items() if name in self.label_names)
        if self.output_names is not None:
            preds = OrderedDict((name, value) for name, value in preds.items() if name in self.output_names)
        for metric in self.metrics:
            metric.update_dict(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        for metric in self.metrics:
            metric.update(labels, preds)

    def reset(self) -> None:
        super().reset()
        for metric in self.metrics:
            metric.reset()

    def reset_local(self) -> None:
        for metric in self.metrics:
            metric.reset_local()

    def get(self) -> tuple[list[str], list[Any]]:
        return _joined(metric.get() for metric in self.metrics)

    def get_global(self) -> tuple[list[str], list[Any]]:
        return _joined(metric.get_global() for metric in self.metrics)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "metrics": [metric.state_dict() for metric in self.metrics]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict({name: value for name, value in state.items() if name != "metrics"})
        for metric, part in zip(self.metrics, state["metrics"]):
            metric.load_state_dict(part)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "metrics": [metric.get_config() for metric in self.metrics]}


def _joined(found: Iterable[tuple[Any, Any]]) -> tuple[list[str], list[Any]]:
    names: list[str] = []
    values: list[Any] = []
    for name, value in found:
        names.extend([name] if isinstance(name, str) else name)
        # not `+=`: for an array, which is what some metrics of users give, it would add its numbers to the list's
        values.extend([value] if isinstance(value, numeric_types) else value)
    return names, values


def choice(name: str, value: Any, allowed: Sequence[str]) -> Any:
    """`value`, if it is one of those allowed."""
    if value not in allowed:
        raise (MXNetValueError if isinstance(value, str) else MXNetTypeError)(
            f"{name} is one of {', '.join(allowed)}, not {value!r}")
    return value
