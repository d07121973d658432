# SPDX-License-Identifier: Apache-2.0
"""Samples of the optimizers' operators on many arrays. MXNet's updates need out=."""
from . import Bad, Sample, T, special, values

NAMES = {"names": "MXNet gives several inputs one name"}
SHAPES = ((3, 5), (4,), (2, 1, 3))

# operator: its states, whether weights have float32 masters, and its own parameters
DESCENTS = {
    "multi_sgd_update": (0, False, {}), "multi_sgd_mom_update": (1, False, {"momentum": 0.9}),
    "multi_mp_sgd_update": (0, True, {}), "multi_mp_sgd_mom_update": (1, True, {"momentum": 0.9}),
}
ADAPTIVE = {
    "_multi_adamw_update": (2, False, {"beta1": 0.8, "epsilon": 0.01}),
    "_multi_mp_adamw_update": (2, True, {"beta1": 0.8, "epsilon": 0.01}),
    "_multi_lamb_update": (2, False, {"beta1": 0.8, "epsilon": 0.01}),
    "_multi_mp_lamb_update": (2, True, {"beta1": 0.8, "epsilon": 0.01}),
}


def _weights(count, states, masters, dtype):
    """Weight, gradient, states and master of so many weights; second moments positive."""
    made = []
    for shape in SHAPES[:count]:
        kind = "float32" if masters else dtype
        made += [T(*shape, dtype=dtype), T(*shape, dtype=dtype)]
        made += [T(*shape, dtype=kind)] * min(states, 1) + [T(*shape, dtype=kind, low=0.1, high=2.0)] * (states == 2)
        made += [T(*shape)] * masters
    return made


def _places(count, states, masters):
    """Where the weights are among the inputs: they are the outputs as well."""
    return tuple(range(0, count * (2 + states + masters), 2 + states + masters))


def _descents():
    for op, (states, masters, own) in DESCENTS.items():
        for count, settings in ((3, {}), (2, {"rescale_grad": 0.3}), (2, {"clip_gradient": 0.2}), (1, {}),
                                (2, {"rescale_grad": 0.3, "clip_gradient": 0.2}), (3, {"rescale_grad": 2.0}),
                                (1, {"rescale_grad": 2.0, "clip_gradient": 0.5})):
            whole = count == 3 and not settings
            for dtype in (("float16", "float32") if whole else ("float16",)) if masters else \
                    ("float32", "float16", "float64") if whole else ("float32",):
                params = {**own, **settings, "num_weights": count}
                rates = {"lrs": (0.1, 0.02, 0.3)[:count], "wds": (0.05, 0.0, 0.01)[:count]}
                inputs, places = _weights(count, states, masters, dtype), _places(count, states, masters)
                yield Sample(op, inputs, {**params, **rates}, out=places)
                if dtype != "float64":
                    yield Sample(f"preloaded_{op}", [*inputs, values(rates["lrs"]), values(rates["wds"])], params,
                                 out=places)
        yield Bad(op, _weights(2, states, masters, "float16"), {"lrs": (0.1,), "wds": (0.1,), "num_weights": 2},
                  match="2 weights")


def _adaptive():
    for op, (states, masters, own) in ADAPTIVE.items():
        lamb = "lamb" in op
        extra = ({"bias_correction": False}, {"lower_bound": 0.5, "upper_bound": 1.5}) if lamb else ({}, {})
        for count, settings in ((3, {}), (2, {"clip_gradient": 0.2}), (1, {}), (2, extra[0]), (3, extra[1]),
                                (2, {"rescale_grad": 0.3, "clip_gradient": 0.1} if lamb else {"beta2": 0.9}),
                                (1, {"beta2": 0.5, "clip_gradient": 0.1}), (2, {"beta1": 0.25}),
                                (3, {"beta1": 0.5, "beta2": 0.75})):
            # MXNet's _multi_adamw_update takes its rates for another type where weights are not float32
            for dtype in ("float16", "float32")[:1 + (count == 3)] if masters else \
                    ("float32", "float16") if count == 3 and lamb else ("float32",):
                rates = ("learning_rates", "num_tensors") if lamb else ("lrs", "num_weights")
                params = {**own, **settings, rates[0]: (0.1, 0.02, 0.3)[:count], "wds": (0.05, 0.0, 0.01)[:count],
                          rates[1]: count}
                params["step_count" if lamb else "etas"] = (1, 3, 2)[:count] if lamb else (1.0, 0.7, 0.5)[:count]
                inputs = _weights(count, states, masters, dtype)
                if not lamb:
                    inputs.append(values([0.5], "float32" if masters else dtype))
                yield Sample(op, inputs, params, out=_places(count, states, masters), train=False, skip=NAMES)


SAMPLES = [
    *{sample.digest(): sample for sample in (*_descents(), *_adaptive())}.values(),

    *[Sample("multi_sum_sq", [T(3, 5, dtype=d), T(4, dtype=d)], {"num_arrays": 2})
      for d in ("float32", "float64", "float16")],
    Sample("multi_sum_sq", [T(1)], {"num_arrays": 1}),
    Sample("multi_sum_sq", [T(2, 3, 4), T(7), T(1, 1)], {"num_arrays": 3}),
    Sample("multi_sum_sq", [values([3.0, 4.0]), values([[0.0]])], {"num_arrays": 2}),
    Bad("multi_sum_sq", [T(3)], {}, match="num_arrays"),
    Bad("multi_sum_sq", [T(3), T(3)], {"num_arrays": 3}, match="multi_sum_sq"),

    Sample("multi_lars", [T(4), T(4, low=0.1, high=3), T(4, low=0.1, high=3), T(4, low=0, high=0.1)],
           {"eta": 0.1, "eps": 0.01, "rescale_grad": 0.3}),
    Sample("multi_lars", [T(4), values([0.0, 1.0, 0.0, 2.0]), values([0.0, 0.0, 1.0, 2.0]), T(4)],
           {"eta": 0.1, "eps": 0.01}),
    Sample("multi_lars", [T(1), T(1, low=1, high=2), T(1, low=1, high=2), T(1, low=0, high=1)],
           {"eta": 1.0, "eps": 0.0}),
    Sample("multi_lars", [T(2), T(2, low=1, high=2), T(2, low=1, high=2), T(2, low=0, high=1)],
           {"eta": 1e-3, "eps": 1e-9, "rescale_grad": 4.0}),
    *[Sample("multi_lars", [T(n), T(n, low=0, high=2), T(n, low=0, high=2), T(n, low=0, high=1)], params)
      for n, params in ((7, {"eta": 0.01, "eps": 0.0}), (3, {"eta": 2.0, "eps": 1.0, "rescale_grad": 0.125}))],
    Bad("multi_lars", [T(4), T(4), T(4), T(3)], {"eta": 0.1, "eps": 0.1}, match="multi_lars"),
    Bad("multi_lars", [T(4, dtype="float64")] * 4, {"eta": 0.1, "eps": 0.1}, match="float32"),
    Bad("multi_lars", [T(4), T(4), T(4), T(4)], {"eta": 0.1}, match="eps"),

    *[Sample("all_finite", [x])
      for x in (T(3, 5), T(1, dtype="float64"), T(4, dtype="float16"), special(), values([1.0, float("inf")]),
                values([[float("nan")]]), values([3e38, -3e38]), values([65504.0, 6e4], "float16"))],
    *[Sample("multi_all_finite", xs, {"num_arrays": len(xs)})
      for xs in ([T(3, 5)], [T(3), T(2, 2)], [T(3), values([float("nan")])], [values([float("-inf"), 1.0]), T(2)],
                 [T(3, dtype="float16"), T(2, dtype="float16")], [T(3, dtype="float64"), T(1, dtype="float64")])],
    *[Sample("all_finite", [values([x])], {"init_output": False}, out=(0,), train=False)
      for x in (5.0, 0.0, float("nan"), float("inf"))],
    *[Sample("multi_all_finite", [values([x]), other], {"num_arrays": 2, "init_output": False}, out=(0,), train=False)
      for x in (0.5, float("inf")) for other in (T(2, 3), special())],
    Bad("all_finite", [T(3)], {"init_output": False}, match="give out="),
    Bad("multi_all_finite", [T(3), T(2)], {"num_arrays": 3}, match="multi_all_finite"),

    *[Sample("reset_arrays", xs, {"num_arrays": len(xs)}, train=False,
             skip={"out": "there is no output"})
      for xs in ([T(3, 5)], [T(3), T(2, 2)], [special(), T(1)], [T(3, dtype="float64")], [T(3, dtype="float16")],
                 [T(1), T(2), T(3), T(4)], [T(2, 1, 3)], [T(7, dtype="float64"), T(1, 1, dtype="float64")])],
]
