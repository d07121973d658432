# SPDX-License-Identifier: Apache-2.0
"""Files of optimizer states, for every optimizer, as functions of the engine.

`python state_cases.py folder` with MXNet writes states.npz: for each run the bytes of `get_states()` and of
`get_states(dump_optimizer=True)` after three updates, and weights and states after a fourth.
"""
import os
import sys

import numpy as np

HALF = dict(multi_precision=True, dtype="float16")
RUNS = {"sgd": {}, "sgd momentum": dict(momentum=0.9), "sgd half": dict(momentum=0.9, **HALF), "sgd half plain": HALF,
        "nag": dict(momentum=0.9), "nag half": dict(momentum=0.9, **HALF), "signum": dict(momentum=0.9),
        "signum plain": dict(momentum=0.0), "dcasgd": {}, "rmsprop": {}, "rmsprop centered": dict(centered=True),
        "adam": {}, "adam half": HALF, "adam schedule": dict(schedule=True), "adagrad": {}, "adadelta": {},
        "adamax": {}, "nadam": {}, "ftrl": {}, "ftml": {}, "lbsgd": dict(momentum=0.9),
        "lbsgd lars": dict(momentum=0.9, warmup_strategy="lars", batch_scale=2), "lars": dict(momentum=0.9),
        "lars half": dict(momentum=0.9, **HALF), "lamb": {}, "lamb half": HALF, "test": {},
        "ccsgd": dict(momentum=0.1), "groupadagrad": {}}


def arrays(mx, seed, kind):
    rng = np.random.RandomState(seed)
    return [mx.nd.array(rng.rand(3, 2), dtype=kind) for _ in range(2)]


def updater(mx, run):
    """An updater and the dtype of the run's weights."""
    given = dict(RUNS[run])
    kind = given.pop("dtype", "float32")
    if given.pop("schedule", False):
        given["lr_scheduler"] = mx.lr_scheduler.FactorScheduler(2, 0.5, base_lr=0.1)
    names = {0: "a_weight", 1: "b_weight"}
    return mx.optimizer.get_updater(mx.optimizer.create(run.split()[0], param_idx2name=names, **given)), kind


def update(mx, made, weights, kind, step):
    for index, grad in enumerate(arrays(mx, 100 + step, kind)):
        made(index, grad, weights[index])


def begun(mx, run):
    """An updater after three steps, its weights, and their dtype."""
    made, kind = updater(mx, run)
    weights = arrays(mx, 1, kind)
    for step in range(3):
        update(mx, made, weights, kind, step)
    return made, weights, kind


def flat(value):
    """Numbers of weights or states, in order."""
    if value is None:
        return np.zeros(0)
    if isinstance(value, (list, tuple)):
        return np.concatenate([flat(item) for item in value])
    return value.asnumpy().astype(np.float64).ravel()


def after(mx, made, weights, kind):
    """Weights and states after the fourth step."""
    update(mx, made, weights, kind, 3)
    return np.concatenate([flat(weights), flat([made.states[index] for index in (0, 1)])])


def record(mx, folder):
    found = {}
    for run in RUNS:
        made, weights, kind = begun(mx, run)
        for name, dump in (("states", False), ("full", True)):
            found[f"{run}/{name}"] = np.frombuffer(made.get_states(dump_optimizer=dump), np.uint8)
        found[f"{run}/after"] = after(mx, made, weights, kind)
    np.savez_compressed(os.path.join(folder, "states.npz"), **found)


if __name__ == "__main__":
    import mxnet
    record(mxnet, sys.argv[1])
