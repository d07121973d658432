# SPDX-License-Identifier: Apache-2.0
"""Shape and dtype rules that serve operators with different names of inputs, and the check for floating point types.

The engine reads from a rule's signature what it wants; a rule made by a function takes keywords, and is given here
the signature that spells them out.
"""
from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

import torch

from .infer import unify
from .registry import OperatorError, Rule


def with_inputs(rule: Rule, names: Sequence[str]) -> Rule:
    """`rule(params, out=None, **inputs)` with the inputs and `out` spelled out in its signature, all optional."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    wanted = [inspect.Parameter("params", keyword)]
    wanted += [inspect.Parameter(name, keyword, default=None) for name in (*names, "out")]
    rule.__signature__ = inspect.Signature(wanted)      # type: ignore[attr-defined]
    return rule


def common_shape(names: Sequence[str], inputs: dict[str, Any], start: Any = None) -> Any:
    """What is known of the one shape that these inputs share. Raises Conflict."""
    return functools.reduce(lambda shape, name: unify(name, shape, inputs[name]), names, start)


def common_dtype(*kinds: torch.dtype | None) -> torch.dtype | None:
    """The first dtype that is known."""
    return next((kind for kind in kinds if kind is not None), None)


def require_floating(dtype: torch.dtype, what: str = "data") -> torch.dtype:
    """The dtype, if it is a floating point type. Raises OperatorError."""
    if not dtype.is_floating_point:
        raise OperatorError(f"{what} is of a floating point type, not {str(dtype).removeprefix('torch.')}")
    return dtype
