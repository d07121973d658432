# SPDX-License-Identifier: Apache-2.0
"""Inference of shapes and dtypes for one node, in both directions and from partial knowledge.

A partial shape is a tuple with None for each unknown size, or None when even the rank is unknown. A rule makes claims;
`step_shapes` and `step_dtypes` unify the claims with what is known. The graph engine (symbol/infer.py) repeats the
steps until nothing changes.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from ..base import MXNetError
from ..dtype import NAME
from .params import Params
from .registry import Operator, OperatorError

PartialShape = tuple["int | None", ...]
MaybeShape = "PartialShape | None"


class Conflict(OperatorError):
    """Two sources claim different shapes or dtypes for one array: `where` says which of the node's arrays."""

    def __init__(self, where: str, known: Any, claimed: Any) -> None:
        super().__init__(f"{where} is {known} as given, but the other inputs need {claimed}")
        self.where, self.known, self.claimed = where, known, claimed


def complete(shape: Any) -> bool:
    """Whether rank and all sizes are known."""
    return shape is not None and None not in shape


def unify(where: str, known: Any, claimed: Any) -> Any:
    """Merge two partial shapes; Conflict when they cannot be the same."""
    if known is None or claimed is None or known == claimed:
        return claimed if known is None else known
    if len(known) != len(claimed) or any(a != b for a, b in zip(known, claimed) if None not in (a, b)):
        raise Conflict(where, show(known), show(claimed))
    return tuple([b if a is None else a for a, b in zip(known, claimed)])


def show(shape: Any) -> str:
    """A partial shape as text, with ? for what is unknown."""
    if shape is None:
        return "unknown"
    inner = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def prod(sizes: Iterable[int | None]) -> int | None:
    """The product of sizes, None when one of them is unknown."""
    total = 1
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total


def _facts(op: Operator, kind: str, params: Params, names: Sequence[str], ins: Sequence[Any],
           outs: Sequence[Any]) -> dict[str, Any] | None:
    """The arguments for a rule, or None while one that it cannot do without is unknown."""
    facts: dict[str, Any] = {"params": params, "out": outs[0] if len(outs) == 1 else list(outs)}
    if op.schema.variadic:
        fixed = len(op.schema.inputs) - 1
        facts.update(zip(names[:fixed], ins))
        facts[op.schema.inputs[-1].name] = list(ins[fixed:])
    else:
        facts.update(zip(names, ins))
    if any(facts.get(name) is None for name in op.awaited[kind]):
        return None
    return {name: facts.get(name) for name in op.wanted[kind]}


def _claims(op: Operator, claims: Any, names: Sequence[str], n_in: int, n_out: int) -> tuple[list[Any], list[Any]]:
    """Claims by name, laid out as lists along the node's inputs and outputs."""
    out = claims.get("out")
    outs = [out] if n_out == 1 else list(out) if out is not None else [None] * n_out
    if op.schema.variadic:
        fixed = [claims.get(item.name) for item in op.schema.inputs[:-1]]
        rest = claims.get(op.schema.inputs[-1].name)
        return fixed + (list(rest) if rest is not None else [None] * (n_in - len(fixed))), outs
    return [claims.get(name) for name in names], outs


def sized(op: Operator, params: Params, shape: tuple[int, ...]) -> Params | None:
    """The parameters with which an operator without inputs makes an array of this shape; None if it does already."""
    if op.sized is not None:
        changes = op.sized(params, shape)
    elif "shape" in op.params and params.shape is not None and tuple(params.shape) != shape:
        changes = {"shape": shape}
    else:
        return None
    return op.parse({**params, **changes}) if changes else None


def step_shapes(op: Operator, params: Params, names: Sequence[str], ins: Sequence[Any],
                outs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """One step of shape inference for one node. Raises Conflict, or OperatorError for what the rule refuses."""
    if op.shape_rule is None:
        if not all(map(complete, ins)):
            return list(ins), list(outs)
        claimed_in, claimed_out = list(ins), meta_shapes(op, params, ins)
    else:
        facts = _facts(op, "shape", params, names, ins, outs)
        if facts is None:
            return list(ins), list(outs)
        claimed_in, claimed_out = _claims(op, op.shape_rule(**facts), names, len(ins), len(outs))
    merged_in = [unify(name, a, b) for name, a, b in zip(names, ins, claimed_in)]
    labels = op.output_names(params)
    return merged_in, [unify(label, a, b) for label, a, b in zip(labels, outs, claimed_out)]


def meta_shapes(op: Operator, params: Params, ins: Sequence[Any], dtype: torch.dtype = torch.float32) -> list[Any]:
    """The output shapes, found by running the kernel on tensors without data."""
    device = torch.device("meta")
    tensors = [torch.empty(shape, dtype=dtype, device=device) for shape in ins]
    given = {"is_train": False, "rng": None, "device": device}
    try:
        result = op.prepare(params, len(tensors))(*tensors, **{name: given[what] for name, what in op.asks.items()})
    except MXNetError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise OperatorError(str(error).strip().split("\n")[0]) from error
    return [tuple(t.shape) for t in (result if isinstance(result, tuple) else (result,))]


def step_dtypes(op: Operator, params: Params, names: Sequence[str], ins: Sequence[torch.dtype | None],
                outs: Sequence[torch.dtype | None]) -> tuple[list[Any], list[Any]]:
    """One step of dtype inference for one node. Without a rule all inputs and outputs have one dtype."""
    if op.dtype_rule is None:
        common = next((kind for kind in (*ins, *outs) if kind is not None), None)
        claimed_in, claimed_out = [common] * len(ins), [common] * len(outs)
    else:
        facts = _facts(op, "dtype", params, names, ins, outs)
        if facts is None:
            return list(ins), list(outs)
        claimed_in, claimed_out = _claims(op, op.dtype_rule(**facts), names, len(ins), len(outs))
    merged_in = [_unify_dtype(name, a, b) for name, a, b in zip(names, ins, claimed_in)]
    labels = op.output_names(params)
    return merged_in, [_unify_dtype(label, a, b) for label, a, b in zip(labels, outs, claimed_out)]


def _unify_dtype(where: str, known: torch.dtype | None, claimed: torch.dtype | None) -> torch.dtype | None:
    if known is None or claimed is None or known is claimed:
        return claimed if known is None else known
    raise Conflict(where, NAME[known], NAME[claimed])


def check_eager_dtypes(op: Operator, params: Params, tensors: Sequence[torch.Tensor]) -> None:
    """Refuse inputs of different dtypes where the operator's rule wants one. Raises Conflict (via OperatorError)."""
    names = [item.name for item in op.inputs(params, len(tensors))]
    outs: list[torch.dtype | None] = [None] * len(op.output_names(params))
    step_dtypes(op, params, names, [t.dtype for t in tensors], outs)
