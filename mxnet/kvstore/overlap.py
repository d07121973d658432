# SPDX-License-Identifier: Apache-2.0
"""Gradients sent while backward goes on, for modules whose training loop is known to leave them alone until `update`.

`Module.fit` runs backward and update without anything in between, so that a distributed store may take each gradient
as soon as it is there. Own training loops may change gradients first; for them nothing is sent before `update`.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def early_push(store: Any, group: Any) -> Iterator[None]:
    """Within the context, gradients that the group's last executor computes go to the store when they are there.

    `store` is any store, `group` a bound executor group; nothing happens unless the store can `begin_push` and
    gradients are written (not added up), by one executor after the other.
    """
    names, grads = pushed(group.param_names, group.grad_arrays or [])
    if not hasattr(store, "begin_push") or not names or "add" in group.grad_req.values() or group.meets:
        yield
        return
    ready, last = store.begin_push(names, grads), group.execs[-1]
    keys = {id(arrays[-1]): name for name, arrays in zip(names, grads)}

    def tell(number: int, value: torch.Tensor) -> None:
        key = keys.get(id(last._grad_of_wanted[number]))
        if key is not None:
            ready(key, value)
    last._on_gradient = tell
    try:
        yield
    finally:
        last._on_gradient = None


def pushed(names: Any, grads: Any) -> tuple[list[str], list[Any]]:
    """The parameters that have gradients: their names, and the gradients on all devices."""
    pairs = [(name, arrays) for name, arrays in zip(names, grads) if arrays[0] is not None]
    return [name for name, _ in pairs], [arrays for _, arrays in pairs]
