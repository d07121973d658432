# SPDX-License-Identifier: Apache-2.0
"""Updates of several weights in one call, as functions of the engine.

`python whole_cases.py file.npz` with MXNet writes what the tests compare with.
"""
import sys
import warnings

import numpy as np
import training_cases as cases

SHAPES = {"a_weight": (4, 3), "a_bias": (4,), "b_weight": (2, 4, 1, 3), "b_gamma": (2,), "c_weight": (1,),
          "d_weight": (3, 2), "d_bias": (3,)}
COUNT = len(SHAPES)
DTYPES = {"float32": ["float32"] * COUNT, "counts": ["float32"] * COUNT, "half": ["float16"] * COUNT,
          "mixed": (["float16", "float32"] * COUNT)[:COUNT]}
STEPS = 6


def optimizer(mx, run, mode="float32", scheduled=False, **more):
    """One of the optimizers, with multipliers of rates and decays; float16 weights have float32 copies."""
    name, given = cases.OPTIMIZERS[run]
    given = cases.optimizer_params(mx, given)
    if scheduled:
        given["lr_scheduler"] = mx.lr_scheduler.FactorScheduler(2, 0.7)
    made = mx.optimizer.create(name, param_idx2name=dict(enumerate(SHAPES)),
                               **{"rescale_grad": 0.25, "multi_precision": mode in ("half", "mixed"), **given, **more})
    made.set_lr_mult({"b_weight": 0.5})
    made.set_wd_mult({"d_weight": 2.0})
    return made


def arrays(mx, rng, mode):
    """Random arrays of the weights' shapes."""
    return [mx.nd.array(rng.uniform(-1, 1, shape), dtype=dtype) for shape, dtype in zip(SHAPES.values(), DTYPES[mode])]


def train(mx, made, mode, call):
    """Six steps: the weights, one behind the other, and the updater. `call(updater, indices, grads, weights)` does one.

    In the mode "counts" some weights join in later.
    """
    rng = np.random.RandomState(0)
    weights, updater = arrays(mx, rng, mode), mx.optimizer.get_updater(made)
    for step in range(STEPS):
        grads = arrays(mx, rng, mode)
        some = range(3 if mode == "counts" and step < 2 else 0, COUNT)
        call(updater, list(some), [grads[i] for i in some], [weights[i] for i in some])
    return np.concatenate([weight.asnumpy().astype(np.float32).ravel() for weight in weights]), updater


def at_once(updater, indices, grads, weights):
    updater(indices, grads, weights)


def record(mx, path):
    found = {}
    for run in cases.OPTIMIZERS:
        for mode in DTYPES:
            for scheduled in ([False] if "schedule" in run else [False, True]):
                made = optimizer(mx, run, mode, scheduled)
                found[f"{run}/{mode}/{int(scheduled)}"] = train(mx, made, mode, at_once)[0]
    np.savez_compressed(path, **found)


if __name__ == "__main__":
    import mxnet
    warnings.simplefilter("ignore")
    record(mxnet, sys.argv[1])
