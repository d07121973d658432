# SPDX-License-Identifier: Apache-2.0
"""Random generators: one for each context, seeded together or one by one."""
from __future__ import annotations

import operator
import threading
from typing import Any

import torch

from ._old_names import lend
from .base import MXNetValueError
from .context import Context, current_context

__all__ = ["seed"]

_generators: dict[Context, torch.Generator] = {}
_last: tuple[Context | None, torch.Generator | None] = (None, None)
_lock = threading.Lock()
_seed_for_all: int | None = None


def generator(ctx: Context) -> torch.Generator:
    """The generator that operators on this context draw from; made at its first use."""
    global _last
    known, made = _last
    if known is ctx:                             # the same object, as a rule: to compare contexts would take longer
        return made                              # type: ignore[return-value]
    try:
        made = _generators[ctx]
    except KeyError:
        with _lock:
            made = _generators.setdefault(ctx, _make(ctx))
    _last = ctx, made
    return made


def _make(ctx: Context) -> torch.Generator:
    made = torch.Generator(device=ctx.device)
    if _seed_for_all is None:
        made.seed()
    else:
        made.manual_seed(_mix(_seed_for_all, ctx))
    return made


def _mix(seed_state: int, ctx: Context) -> int:
    """Contexts seeded together draw different numbers: their number is mixed in."""
    return (seed_state + ctx.device_id * 0x9E3779B97F4A7C15) % (1 << 63)


def seed(seed_state: int, ctx: Any = "all") -> None:
    """Seed the random generators.

    Parameters
    ----------
    seed_state : any whole number
    ctx : `"all"` (default) or the one Context whose generator is meant. Seeded with `"all"`, each context draws a
        sequence of its own; seeded one by one with the same number, contexts draw the same sequence.

    >>> import mxnet as mx
    >>> mx.random.seed(7); a = mx.nd.random.uniform(shape=3)
    >>> mx.random.seed(7); (mx.nd.random.uniform(shape=3) == a).asnumpy().tolist()
    [1.0, 1.0, 1.0]
    """
    global _seed_for_all
    try:
        number = operator.index(seed_state) % (1 << 63)
    except TypeError:
        raise MXNetValueError(f"a seed is a whole number, not {seed_state!r}") from None
    if isinstance(ctx, str) and ctx == "all":
        with _lock:
            _seed_for_all = number
            for known, made in _generators.items():
                made.manual_seed(_mix(number, known))
        return
    generator(Context(ctx) if ctx is not None else current_context()).manual_seed(number)


def __getattr__(name: str) -> Any:
    """`mx.random.uniform` and the other distributions: those of `mx.nd.random`."""
    if name.startswith("_"):
        raise AttributeError(f"module 'mxnet.random' has no attribute {name!r}")
    from .ndarray import random as arrays
    try:
        return getattr(arrays, name)
    except AttributeError:
        raise AttributeError(f"module 'mxnet.random' has no attribute {name!r}") from None


lend(__name__)
