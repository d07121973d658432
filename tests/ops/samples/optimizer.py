# SPDX-License-Identifier: Apache-2.0
"""Samples of the update operators of the optimizers, one weight at a time."""
from . import Bad, Sample, T, values

FLOATS = ("float32", "float64", "float16")

# operator: how many states come after weight and gradient, and its own parameters
OPERATORS = {
    "sgd_update": (0, {}),
    "sgd_mom_update": (1, {"momentum": 0.9}),
    "nag_mom_update": (1, {"momentum": 0.9}),
    "signsgd_update": (0, {}),
    "signum_update": (1, {"momentum": 0.9, "wd_lh": 0.02}),
    "adam_update": (2, {"beta1": 0.8, "beta2": 0.99, "epsilon": 0.01}),
    "ftrl_update": (2, {"lamda1": 0.2, "beta": 0.5}),
    "rmsprop_update": (1, {"gamma1": 0.8, "epsilon": 0.01, "clip_weights": 0.7}),
    "rmspropalex_update": (3, {"gamma1": 0.8, "gamma2": 0.7, "epsilon": 0.01, "clip_weights": 0.7}),
    "ftml_update": (3, {"t": 3, "beta1": 0.7, "epsilon": 0.01}),
    "lamb_update_phase1": (2, {"t": 5, "beta1": 0.8, "epsilon": 0.01, "bias_correction": False}),
}
REQUIRED = {"ftml_update": {"t": 1}, "lamb_update_phase1": {"t": 1, "wd": 0.01}}


def _inputs(op, states, *shape, dtype="float32"):
    """Weight, gradient, and states that keep the roots real: second moments positive, first ones small."""
    made = [T(*shape, dtype=dtype), T(*shape, dtype=dtype)]
    for place in range(states):
        if op == "rmspropalex_update":
            made.append(T(*shape, dtype=dtype, low=1.0, high=2.0) if place == 0 else
                        T(*shape, dtype=dtype, low=-0.2, high=0.2))
        elif place == states - 1 or op == "ftml_update":
            made.append(T(*shape, dtype=dtype, low=0.1, high=2.0))
        else:
            made.append(T(*shape, dtype=dtype))
    return made


def _common(op, **params):
    """The parameters with the names that this operator has for them."""
    if op == "ftml_update" and "clip_gradient" in params:
        params["clip_grad"] = params.pop("clip_gradient")
    if op == "lamb_update_phase1":
        params.pop("lr", None)
    return {**REQUIRED.get(op, {}), **params}


def _plain(op, states, own):
    def sample(shape, params, dtype="float32", **more):
        return Sample(op, _inputs(op, states, *shape, dtype=dtype), _common(op, **params), **more)
    yield sample((3, 5), {"lr": 0.1})
    yield sample((3, 5), {"lr": 0.1, "wd": 0.05, "rescale_grad": 0.3, **own})
    yield sample((3, 5), {"lr": 0.1, "wd": 0.05, "rescale_grad": 0.3, "clip_gradient": 0.2})
    yield sample((2, 1, 4), {"lr": 0.02, "wd": 0.5, "clip_gradient": 0.5, **own})
    yield sample((4,), {"lr": 0.1, "clip_gradient": 0.0})
    yield sample((1,), {"lr": 0.0, "wd": 0.1})
    yield sample((3, 5), {"lr": 0.1, "wd": 0.05, "rescale_grad": 0.3, "clip_gradient": 0.2, **own}, "float64")
    yield sample((3, 5), {"lr": 0.1, "wd": 0.05, "rescale_grad": 0.5, **own}, "float16")
    yield Bad(op, _inputs(op, states, 3, 5, dtype="int32"), _common(op, lr=0.1), match="floating point")
    wrong = _inputs(op, states, 3, 5)
    yield Bad(op, [wrong[0], T(3, 4), *wrong[2:]], _common(op, lr=0.1), match=op)
    yield Bad(op, wrong, _common(op, lr=0.1, weight_decay=1), match="weight_decay")


def _mixed(op, states, own):
    """Mixed precision: a float16 weight and gradient, float32 states, and a float32 master copy."""
    def inputs(*shape):
        return [*_inputs(op, 0, *shape, dtype="float16"), *_inputs(op, states, *shape)[2:], T(*shape)]

    def sample(shape, params):
        return Sample(f"mp_{op}", inputs(*shape), _common(op, **params))
    yield sample((3, 5), {"lr": 0.1})
    yield sample((3, 5), {"lr": 0.1, "wd": 0.05, "rescale_grad": 0.3, **own})
    yield sample((2, 1, 4), {"lr": 0.1, "wd": 0.05, "rescale_grad": 0.3, "clip_gradient": 0.2, **own})
    yield sample((4,), {"lr": 0.02, "wd": 0.5, "clip_gradient": 0.1})
    yield sample((1,), {"lr": 0.0, "wd": 0.1})
    yield Sample(f"mp_{op}", _inputs(op, states + 1, 3, 2), _common(op, lr=0.1, wd=0.1),
                 ours_ok="MXNet takes float16 only in LAMB's first phase" if op == "lamb_update_phase1" else "")
    yield Bad(f"mp_{op}", [*inputs(3, 5)[:-1], T(3, 5, dtype="float16")], _common(op, lr=0.1), match="float",
              skip={"symbol": "states are taken with the dtype that they have"})
    yield Bad(f"mp_{op}", [*inputs(3, 5)[:-1], T(3, 4)], _common(op, lr=0.1), match="weight32")


ONE = values([2.0])
LAMB2 = ({"lr": 0.1}, {"lr": 0.1, "lower_bound": 5.0}, {"lr": 0.1, "upper_bound": 0.5},
         {"lr": 0.1, "lower_bound": 0.5, "upper_bound": 1.5})
FORGETS = {"changed": "MXNet does not update weight32, so that training makes no progress"}
SCALES = {"changed": "MXNet leaves the scaled gradient in grad"}
ADAMW = ({"lr": 0.1, "eta": 0.7}, {"lr": 0.1, "eta": 0.7, "wd": 0.05, "clip_gradient": 0.2, "beta1": 0.8},
         {"lr": 0.1, "eta": 1.0, "epsilon": 0.1, "beta2": 0.9}, {"lr": 0.0, "eta": 1.0, "wd": 0.5})


def _adamw(op, states, dtypes, **more):
    for shape, dtype in (((3, 5), dtypes[0]), ((1,), dtypes[-1])):
        moments = "float32" if op.startswith("_mp") else dtype
        for params in ADAMW:
            inputs = [T(*shape, dtype=dtype), T(*shape, dtype=dtype), T(*shape, dtype=moments),
                      T(*shape, dtype=moments, low=0.1, high=2.0)]
            if op.startswith("_mp"):
                inputs.append(T(*shape))
            yield Sample(op, [*inputs, values([0.5])], params, **more)


SAMPLES = [
    *[sample for op, (states, own) in OPERATORS.items() for sample in _plain(op, states, own)],
    *[sample for op in ("sgd_update", "sgd_mom_update", "nag_mom_update", "lamb_update_phase1")
      for sample in _mixed(op, *OPERATORS[op])],

    *[Sample("lamb_update_phase2", [T(3, 5), T(3, 5), r1, r2], params)
      for params in LAMB2 for r1, r2 in ((values([2.0]), values([3.0])), (values([0.0]), values([3.0])),
                                         (values([2.0]), values([0.0])))],
    Sample("lamb_update_phase2", [T(4, dtype="float64"), T(4, dtype="float64"), values([0.3], "float64"),
                                  values([0.7], "float64")], {"lr": 0.1, "upper_bound": 0.1}),
    *[Sample("lamb_update_phase2", [T(3, 5), T(3, 5), values([2.0]), values([0.5])],
             {"lr": 0.1, "lower_bound": low, "upper_bound": high})
      for low, high in ((-1.0, 0.0), (0.0, -1.0), (0.0, 0.0))],
    Bad("lamb_update_phase2", [T(3, 5), T(3, 4), ONE, ONE], {"lr": 0.1}, match="lamb_update_phase2"),
    Bad("lamb_update_phase2", [T(3, 5), T(3, 5), ONE, ONE], {}, match="lr"),
    Bad("lamb_update_phase2", [T(3, 5), T(3, 5), T(5), ONE], {"lr": 0.1}, match=r"r1 is \(5,\)"),
    *[Sample("mp_lamb_update_phase2", [T(3, 5, dtype="float16"), T(3, 5), values([r1]), values([0.8]), T(3, 5)],
             params, skip=FORGETS) for params in LAMB2 for r1 in (0.0, 2.0)],
    Bad("mp_lamb_update_phase2", [T(3, dtype="float16"), T(3), ONE, ONE, T(4)], {"lr": 0.1}, match="weight32"),

    *_adamw("_adamw_update", 2, ("float32", "float64"), skip=SCALES, ours_ok="rescale_grad may be float32 always"),
    *_adamw("_mp_adamw_update", 2, ("float16", "float32")),
    Bad("_adamw_update", [T(3), T(3), T(3), T(3), T(2)], {"lr": 0.1, "eta": 1.0}, match="rescale_grad"),
    Bad("_adamw_update", [T(3), T(3), T(3), T(3), ONE], {"lr": 0.1}, match="eta"),
    *[Bad("ftml_update", [T(3)] * 5, {"lr": 0.1, "t": 1, name: 1.5}, match=f"{name}=1.5")
      for name in ("beta1", "beta2")],

    *[Sample("_sparse_adagrad_update", [T(*shape, dtype=d), T(*shape, dtype=d), T(*shape, dtype=d, low=0.1, high=1)],
             params, train=False, rows=(1,), out=(0,))
      for shape, d, params in (
          ((3, 5), "float32", {"lr": 0.1}), ((4, 1), "float32", {"lr": 0.1, "epsilon": 0.1, "rescale_grad": 0.5}),
          ((1, 1), "float32", {"lr": 0.1, "clip_gradient": 0.2}), ((3, 5), "float16", {"lr": 0.1}),
          ((3, 2, 4), "float32", {"lr": 0.5, "epsilon": 0.01}), ((3, 5), "float64", {"lr": 0.125, "epsilon": 0.5}),
          ((2, 6), "float32", {"lr": 0.1, "rescale_grad": 3.0, "clip_gradient": 1.0}))],
    Bad("_sparse_adagrad_update", [T(3), T(3), T(3)], {"lr": 0.1, "wd": 0.1}, match="decay"),
    *[Sample("_contrib_group_adagrad_update",
             [T(*shape, dtype=d), T(*shape, dtype=d), T(shape[0], *[1] * (len(shape) - 1), low=0.1, high=1, dtype=d)],
             params, train=False, rows=(1,), out=(0,))
      for shape, d, params in (
          ((3, 5), "float32", {"lr": 0.1}), ((4, 2), "float32", {"lr": 0.1, "epsilon": 0.1, "rescale_grad": 0.5}),
          ((1, 1), "float32", {"lr": 0.1, "clip_gradient": 0.2}), ((3, 5), "float16", {"lr": 0.1}),
          ((3, 7), "float32", {"lr": 0.5, "epsilon": 0.01}), ((3, 5), "float64", {"lr": 0.125, "epsilon": 0.5}),
          ((2, 6), "float32", {"lr": 0.1, "rescale_grad": 3.0, "clip_gradient": 1.0}))],
    Bad("_contrib_group_adagrad_update", [T(3, 5), T(3, 5), T(3, 5)], {"lr": 0.1}, match="history"),
]
