# SPDX-License-Identifier: Apache-2.0
"""Telling where a NaN or an infinity comes from: the test, and the message. `mx.engine.nan_check` switches it on."""
from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from .base import MXNetError
from .ops.registry import Operator

Named = Sequence[tuple[str, Any]]


class NonFiniteError(MXNetError):
    """An operator produced a NaN or an infinity while this was checked."""

    explained = True                          # reaches the user as it is


def is_bad(value: Any) -> bool:
    """Whether a tensor holds a NaN or an infinity."""
    if not isinstance(value, Tensor) or not (value.is_floating_point() or value.is_complex()):
        return False
    return not torch.isfinite(value).all().item()


def summary(value: Any) -> str:
    """`(32, 10) float32: 3 NaN, 1 infinite, the rest from -1.5 to 2`."""
    if not isinstance(value, Tensor):
        return "none"
    head = f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    if not value.numel():
        return f"{head}: empty"
    value = value.detach()
    if value.is_complex():
        value = torch.view_as_real(value)
    numbers = value.double() if value.is_floating_point() else value
    finite = torch.isfinite(numbers)
    counts = [f"{int(found)} {word}" for found, word in ((numbers.isnan().sum(), "NaN"),
                                                         (numbers.isinf().sum(), "infinite")) if found]
    if finite.any():
        rest = numbers[finite]
        counts.append(f"{'the rest ' if counts else ''}from {rest.min().item():.6g} to {rest.max().item():.6g}")
    return f"{head}: {', '.join(counts)}"


def error(where: str, place: str, results: Named, given: Iterable[tuple[str, Named]]) -> NonFiniteError:
    """The message: `where` is operator, name and line; `place` "forward" or "backward"; then all values in question."""
    bad = [name for name, value in results if is_bad(value)]
    lines = [f"NaN check: {where} produces a NaN or an infinity in {place}: {', '.join(bad)}"]
    old: list[str] = []
    for title, values in (("results", results), *given):
        if values:
            lines.append(f"  {title}:")
            lines += [f"    {name}: {summary(value)}" for name, value in values]
        if values is not results:
            old += [name for name, value in values if is_bad(value)]
    if old:
        lines.append(f"  what it was given held such values already: {', '.join(old)}")
    return NonFiniteError("\n".join(lines))


class Call:
    """One run of an operator that is checked, in forward and, by hooks on the tape, in backward.

    The operator is to run on `tensors`: aliases of its inputs, so that what it contributes to their gradients can be
    told from what others do. `inputs` are the inputs by name.
    """

    def __init__(self, where: str, inputs: Named) -> None:
        self.where = where
        self.tensors = [x.view_as(x) if isinstance(x, Tensor) and x.requires_grad else x for _, x in inputs]
        self.inputs = [(name, x.detach() if isinstance(x, Tensor) else x) for name, x in inputs]

    def check(self, outputs: Named) -> None:
        """Check the outputs, and gradients as soon as they come. Raises NonFiniteError."""
        if any(is_bad(value) for _, value in outputs):
            raise error(self.where, "forward", outputs, [("inputs", self.inputs)])
        arrived: dict[str, Tensor] = {}
        for name, output in outputs:
            if isinstance(output, Tensor) and output.requires_grad:
                output.register_hook(functools.partial(arrived.__setitem__, name))
        for (name, _), tensor in zip(self.inputs, self.tensors):
            if isinstance(tensor, Tensor) and tensor.requires_grad:
                tensor.register_hook(functools.partial(self._look, name, arrived))

    def _look(self, name: str, arrived: dict[str, Tensor], grad: Tensor) -> None:
        if is_bad(grad):
            raise error(self.where, "backward", [(f"gradient of {name}", grad)],
                        [("gradients that arrive", list(arrived.items())), ("inputs", self.inputs)])


def imperative_call(op: Operator, params: Any, tensors: Sequence[Any]) -> Call:
    """A Call of an array operator; it names the user's line."""
    from ._user_line import user_line
    line = user_line()
    names = [item.name for item in op.inputs(params, len(tensors))]
    return Call(f"{op.name} ({line[0]}:{line[1]})" if line else op.name, list(zip(names, tensors)))


def labelled(op: Operator, params: Any, result: Any) -> Named:
    """The outputs that the user sees, by name."""
    results = result if isinstance(result, (tuple, list)) else [result]
    return list(zip(op.output_names(params), results[:op.visible(params)]))
