# SPDX-License-Identifier: Apache-2.0
"""What the update operators on many weights share: their interleaved inputs, and arithmetic on lists of tensors.

MXNet passes `weight_0, grad_0, mom_0, weight_1, grad_1, ...`; `split` sorts them by role. All arithmetic goes through
torch's `_foreach` functions: one call for all weights, and on an accelerator a few kernels for all of them.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .infer import unify
from .optimizer_common import complement, constant
from .params import Params
from .registry import Operator, OperatorError
from .rules import common_dtype

Tensors = Sequence[Tensor]


def split(data: Tensors, roles: int, *per_weight: Sequence[float]) -> list[list[Tensor]]:
    """The inputs by role: `[weights, grads, ...]`. `per_weight` are parameters with one number for each weight."""
    for numbers in per_weight:
        if len(numbers) * roles != len(data):
            raise OperatorError(f"{len(data) // roles} weights need as many learning rates, decays and so on, "
                                f"and here are {len(numbers)}")
    return [list(data[role::roles]) for role in range(roles)]


def prepared_list(weights: list[Tensor], grads: list[Tensor], wds: Sequence[Any], rescale_grad: float,
                  clip_gradient: float) -> list[Tensor]:
    """`clip(rescale_grad * grad) + wd * weight` for each weight; `wds` holds numbers or 0-dim tensors, or nothing.

    The results may be the gradients themselves, which are not to be changed in place.
    """
    kind = weights[0].dtype
    if rescale_grad != 1.0:
        grads = _list(torch._foreach_mul(grads, constant(rescale_grad, kind)))
    if clip_gradient >= 0.0:
        bound = constant(clip_gradient, kind)
        grads = _list(torch._foreach_clamp_min(grads, -bound))
        torch._foreach_clamp_max_(grads, bound)
    return _list(torch._foreach_add(grads, torch._foreach_mul(weights, wds))) if len(wds) else grads


def constants(values: Sequence[float], kind: torch.dtype) -> list[float]:
    """`constant` of each."""
    return [constant(value, kind) for value in values]


def update_all_moments(grads: list[Tensor], means: list[Tensor], variances: list[Tensor], beta1: float,
                       beta2: float) -> None:
    """Adam's running averages of gradients and squared gradients, in place."""
    kind = means[0].dtype
    torch._foreach_mul_(means, constant(beta1, kind))
    torch._foreach_add_(means, grads, alpha=complement(beta1, kind))
    torch._foreach_mul_(variances, constant(beta2, kind))
    torch._foreach_addcmul_(variances, grads, grads, complement(beta2, kind))


def moment_ratios(means: list[Tensor], variances: list[Tensor], epsilon: float) -> list[Tensor]:
    """`mean / (sqrt(var) + epsilon)` for each weight, in new tensors."""
    roots = torch._foreach_sqrt(variances)
    torch._foreach_add_(roots, constant(epsilon, means[0].dtype))
    return _list(torch._foreach_div(means, roots))


def sums_of_squares(tensors: Tensors) -> Tensor:
    """A float32 vector with the sum of squares of each; squares are rounded to the tensors' dtype, as in MXNet."""
    given = list(tensors)
    if given[0].dtype in (torch.float32, torch.float64):
        return torch.stack(torch._foreach_norm(given, 2)).square_().float()
    return torch.stack(torch._foreach_norm(_list(torch._foreach_mul(given, given)), 1, torch.float32))


def cast_list(tensors: Tensors, dtype: torch.dtype) -> list[Tensor]:
    """New tensors of that dtype."""
    made = [torch.empty_like(tensor, dtype=dtype) for tensor in tensors]
    torch._foreach_copy_(made, list(tensors))
    return made


def masters_of(weights: Tensors, masters: Tensors) -> list[Tensor]:
    """What a step in mixed precision works on, in place: the float32 masters, or copies of weights that are float32
    themselves, whose masters MXNet neither reads nor writes."""
    return cast_list(weights, torch.float32) if weights[0].dtype == torch.float32 else list(masters)


def one_or_all(outputs: Sequence[Tensor]) -> Any:
    """What a kernel returns: the only output itself, else a tuple."""
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _list(tensors: Any) -> list[Tensor]:
    return tensors if isinstance(tensors, list) else list(tensors)


# ---- declarations -----------------------------------------------------------------------------------------------

class _Numbered(frozenset[str]):
    """Names of states, matched with their number: `mom_3` is in `_Numbered(["mom"])`."""

    def __contains__(self, name: object) -> bool:
        return frozenset.__contains__(self, str(name).rpartition("_")[0])


def numbered_outputs(count: str) -> Any:
    """The output names of an operator with as many outputs as its parameter `count` says."""
    def names(params: Params) -> tuple[str, ...]:
        total = getattr(params, count)
        return ("output",) if total == 1 else tuple([f"output{i}" for i in range(total)])
    return names


def numbered_inputs(roles: Sequence[str], count: str, *last: str) -> Any:
    """The input names: each role for each weight in turn, then `last`."""
    def names(params: Params, given: int) -> list[str]:
        return [f"{role}_{i}" for i in range(getattr(params, count)) for role in roles] + list(last)
    return names


def on_lists(operator: Operator, roles: Sequence[str], states: Sequence[str] = (), last: Sequence[Any] = (),
             single: Sequence[str] = (), last_single: bool = True) -> None:
    """Attach states, shapes and dtypes to an operator on `roles` of many weights.

    All roles of a weight have its shape. `last` are the shapes of further inputs (a function of the parameters for
    each). Roles named by `single`, and the further inputs with `last_single`, are float32 whatever the weights are.
    """
    operator.aux_names = _Numbered(states)
    width = len(roles)

    def shapes(params: Any, data: Any, out: Any = None) -> dict[str, Any]:
        body, tail = data[:len(data) - len(last)], data[len(data) - len(last):]
        outs = list(out) if isinstance(out, list) else [out]
        for i, _ in enumerate(outs):
            for shape in body[i * width:(i + 1) * width]:
                outs[i] = unify(f"input of weight {i}", outs[i], shape)
        claims = [shape for shape in outs for _ in range(width)]
        claims += [unify("the last input", shape, rule(params)) for shape, rule in zip(tail, last)]
        return {"data": claims, "out": outs if len(outs) > 1 else outs[0]}
    operator.shape(shapes)

    def dtypes(params: Any, data: Any, out: Any = None) -> dict[str, Any]:
        outs = list(out) if isinstance(out, list) else [out]
        body = len(data) - len(last) * last_single
        own = [i for i in range(body) if roles[i % width] not in single]
        common = common_dtype(*[data[i] for i in own], *outs)
        claims = [common if i in own else torch.float32 for i in range(len(data))]
        return {"data": claims, "out": [common] * len(outs) if len(outs) > 1 else common}
    operator.dtype(dtypes)
