# SPDX-License-Identifier: Apache-2.0
"""Scenarios of mx.lr_scheduler."""
from __future__ import annotations

from typing import Any

from scenarios.stage import Stage, attempt

stage = Stage("lr_scheduler")
UPDATES = [*range(0, 26), 30, 49, 50, 51, 99, 100, 101, 150, 10, 200]

CASES: dict[str, Any] = {
    "factor": lambda s: s.FactorScheduler(step=7, factor=0.5, base_lr=1.0),
    "factor_stop": lambda s: s.FactorScheduler(step=3, factor=0.1, stop_factor_lr=1e-3, base_lr=0.5),
    "factor_one": lambda s: s.FactorScheduler(5),
    "factor_warm": lambda s: s.FactorScheduler(step=7, factor=0.5, base_lr=1.0, warmup_steps=10, warmup_begin_lr=0.1),
    "factor_constant_warm": lambda s: s.FactorScheduler(7, 0.5, base_lr=1.0, warmup_steps=10, warmup_begin_lr=0.1,
                                                        warmup_mode="constant"),
    "multi": lambda s: s.MultiFactorScheduler(step=[3, 10, 50], factor=0.1, base_lr=1.0),
    "multi_warm": lambda s: s.MultiFactorScheduler([3, 10, 50], 0.1, 0.3, 6, 0.01),
    "poly": lambda s: s.PolyScheduler(max_update=100, base_lr=0.5, pwr=2),
    "poly_all": lambda s: s.PolyScheduler(100, 0.5, 3, 0.1, 10, 0.05, "linear"),
    "poly_constant": lambda s: s.PolyScheduler(50, 0.5, 1, 0.1, 10, 0.05, "constant"),
    "cosine": lambda s: s.CosineScheduler(max_update=100, base_lr=0.5),
    "cosine_all": lambda s: s.CosineScheduler(50, 0.5, 0.1, 10, 0.05, "linear"),
    "cosine_constant": lambda s: s.CosineScheduler(50, 0.5, 0.1, 10, 0.05, "constant"),
}
for title, make in CASES.items():
    stage.add(title, lambda mx, make=make: [[schedule(update), schedule.base_lr] for schedule in [make(mx.lr_scheduler)]
                                            for update in UPDATES])

BAD: dict[str, Any] = {
    "step": lambda s: s.FactorScheduler(0), "factor": lambda s: s.FactorScheduler(1, 1.5),
    "warm": lambda s: s.FactorScheduler(1, base_lr=0.1, warmup_begin_lr=0.2),
    "warm steps": lambda s: s.FactorScheduler(1, warmup_steps=-1),
    "mode": lambda s: s.FactorScheduler(1, warmup_mode="x"),
    "warm type": lambda s: s.PolyScheduler(10, warmup_steps=1.5),
    "multi order": lambda s: s.MultiFactorScheduler([3, 3]), "multi 0": lambda s: s.MultiFactorScheduler([0, 3]),
    "multi empty": lambda s: s.MultiFactorScheduler([]), "multi tuple": lambda s: s.MultiFactorScheduler((1, 2)),
    "multi factor": lambda s: s.MultiFactorScheduler([1], 2), "poly": lambda s: s.PolyScheduler(0),
    "poly type": lambda s: s.PolyScheduler(10.0), "cosine": lambda s: s.CosineScheduler(0),
    "base": lambda s: s.LRScheduler()(3),
}


@stage
def refused(mx: Any) -> Any:
    return {name: attempt(lambda: (make(mx.lr_scheduler), "accepted")[1]) for name, make in BAD.items()}


@stage
def attributes(mx: Any) -> Any:
    said = {}
    for name, make in CASES.items():
        schedule = make(mx.lr_scheduler)
        schedule(20)
        said[name] = {key: vars(schedule)[key] for key in sorted(vars(schedule))}
    return said


@stage
def base_lr_set_later(mx: Any) -> Any:
    said = []
    for make in CASES.values():
        schedule = make(mx.lr_scheduler)
        schedule.base_lr = 0.2              # as an optimizer does with its learning_rate
        said.append([schedule(update) for update in (1, 5, 20, 60)])
    return said
