# SPDX-License-Identifier: Apache-2.0
"""Scenarios of mx.init: what names decide, and values that are not random."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from scenarios.stage import Stage, attempt

stage = Stage("initializer")
NAMES = ["fc_weight", "fc_bias", "bn_gamma", "bn_beta", "bn_moving_mean", "bn_running_mean", "bn_moving_var",
         "bn_running_var", "bn_moving_inv_var", "bn_moving_avg", "upsampling0", "upsampling0_weight",
         "stn_loc_weight", "stn_loc_bias", "x_min", "x_max", "fc_min", "fc_weight_min", "fc_quantize_max",
         "rnn_parameters", "foo", "weight", "bias", "gamma", "lstm_begin_state_0", "mean_x", "var",
         "fc_weight_quantized", "a_moving_avg", "parameters", "rnn_lin_weight"]


def filled(mx: Any, initializer: Any, desc: Any, shape: Any = (6,)) -> Any:
    array = mx.nd.full(shape, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return attempt(lambda: (initializer(desc, array), array)[1])


@stage
def names_with_description(mx: Any) -> Any:
    said = {}
    for title, one in {"constant": mx.init.Constant(3), "one": mx.init.One(), "zero": mx.init.Zero(),
                       "xavier": mx.init.Xavier(magnitude=0), "base": mx.init.Initializer()}.items():
        for name in (name for name in NAMES if "moving" not in name):
            said[f"{title} {name}"] = filled(mx, one, mx.init.InitDesc(name))
    return said


@stage
def names_as_text(mx: Any) -> Any:
    return {name: filled(mx, mx.init.Constant(3), name, (2, 3, 2, 2) if "upsampling" in name else (6,))
            for name in NAMES}


@stage
def plain_text_xavier(mx: Any) -> Any:
    return {name: filled(mx, mx.init.Uniform(0), name) for name in NAMES if "upsampling" not in name}


@stage
def own_attribute(mx: Any) -> Any:
    said = {}
    for name in ("foo", "fc_bias", "fc_weight"):
        for own in (mx.init.Constant(2).dumps(), mx.init.One().dumps(), "", '["zeros", {}]', "zeros", '["nothing", {}]',
                    mx.init.Constant(mx.nd.array([1, 2, 3, 4, 5, 6])).dumps()):
            said[f"{name} {own}"] = filled(mx, mx.init.Constant(3), mx.init.InitDesc(name, {"__init__": own}))
    said["global"] = filled(mx, mx.init.Constant(3), mx.init.InitDesc("fc_weight", None, mx.init.Constant(5)))
    return said


@stage
def descriptions(mx: Any) -> Any:
    desc = mx.init.InitDesc("fc_weight", {"a": "b"})
    bare = mx.init.InitDesc("fc_weight")
    return str(desc), desc.attrs, desc.global_init, bare.attrs, desc == "fc_weight", isinstance(desc, str), \
        attempt(lambda: filled(mx, mx.init.One(), 3))


@stage
def texts(mx: Any) -> Any:
    made = [mx.init.Zero(), mx.init.One(), mx.init.Constant(2.5), mx.init.Uniform(),
            mx.init.Uniform(0.5), mx.init.Normal(2), mx.init.Orthogonal(), mx.init.Orthogonal(2, "normal"),
            mx.init.Xavier(), mx.init.Xavier("gaussian", "in", 2), mx.init.MSRAPrelu(), mx.init.MSRAPrelu("out", 0.1),
            mx.init.Bilinear(), mx.init.LSTMBias(), mx.init.LSTMBias(0.5),
            mx.init.FusedRNN(None, 3, 2, "lstm"), mx.init.FusedRNN(mx.init.Zero(), 3, 2, "gru", True)]
    return [one.dumps() for one in made] + [mx.init.Constant(np.array([1.0, 2])).dumps()]


@stage
def equality(mx: Any) -> Any:
    i = mx.init
    return [i.Zero() == i.Zero(), i.Zero() == i.One(), i.Constant(2) == i.Constant(2), i.Constant(2) == i.Constant(3),
            i.Uniform(0.07) == i.Uniform(), i.Xavier() == i.MSRAPrelu(), i.Zero() == 3]


@stage
def created(mx: Any) -> Any:
    def made(*args: Any, **kwargs: Any) -> Any:
        return attempt(lambda: mx.init.create(*args, **kwargs).dumps())
    return {"zeros": made("zeros"), "Zero": made("Zero"), "ones": made("ones"), "xavier": made("xavier", magnitude=2),
            "constant": made("constant", 3), "constant value": made("constant", value=3), "nothing": made("nothing"),
            "json": made('["uniform", {"scale": 0.5}]'), "instance": made(mx.init.One()),
            "instance and more": made(mx.init.One(), 3), "number": made(3), "keyword": made(initializer="zeros"),
            "normal": made("normal", 0.5), "gaussian": made("gaussian"), "lstmbias": made("lstmbias"),
            "load": made("load"), "mixed": made("mixed"), "json dict": made('{"initializer": "zeros"}')}


@stage
def registered(mx: Any) -> Any:
    @mx.init.register
    class Special(mx.init.Initializer):
        def __init__(self, height: float = 1) -> None:
            super().__init__(height=height)
            self.height = height

        def _init_weight(self, _: Any, arr: Any) -> None:
            arr[:] = self.height
    made = mx.init.create("special", height=4)
    return made.dumps(), filled(mx, made, mx.init.InitDesc("fc_weight")), \
        filled(mx, made, mx.init.InitDesc("foo")), \
        filled(mx, mx.init.Zero(), mx.init.InitDesc("foo", {"__init__": made.dumps()}))


@stage
def constants(mx: Any) -> Any:
    weight = mx.init.InitDesc("w_weight")
    return [filled(mx, mx.init.Constant(value), weight, (2, 3)) for value in
            (2, 0.5, mx.nd.array([[1, 2, 3], [4, 5, 6]]), np.arange(6).reshape(2, 3), mx.nd.array([1, 2, 3]),
             mx.nd.array([1, 2]), [1, 2, 3])]


@stage
def bilinear(mx: Any) -> Any:
    weight = mx.init.InitDesc("w_weight")
    return [filled(mx, mx.init.Bilinear(), weight, shape) for shape in
            ((1, 1, 4, 4), (2, 3, 3, 3), (1, 2, 2, 5), (1, 1, 1, 1), (3, 4))]


@stage
def lstm_bias(mx: Any) -> Any:
    return filled(mx, mx.init.LSTMBias(0.7), mx.init.InitDesc("l_weight"), (12,)), \
        filled(mx, mx.init.LSTMBias(0.7), mx.init.InitDesc("l_i2h_bias"), (12,)), \
        filled(mx, mx.init.Zero(), mx.init.InitDesc("l_bias", {"__init__": mx.init.LSTMBias(2).dumps()}), (8,))


@stage
def spatial_transformer(mx: Any) -> Any:
    return [filled(mx, mx.init.One(), name, shape) for name in ("stn_loc_bias", "stn_loc_weight")
            for shape in ((6,), (4,), (6, 2))]


@stage
def refused(mx: Any) -> Any:
    weight = mx.init.InitDesc("w_weight")
    return {"xavier 1d": filled(mx, mx.init.Xavier(), weight, (3,)),
            "xavier factor": filled(mx, mx.init.Xavier(factor_type="x"), weight, (3, 2)),
            "xavier type": filled(mx, mx.init.Xavier(rnd_type="x"), weight, (3, 2)),
            "zero xavier": filled(mx, mx.init.Xavier(magnitude=0), weight, (3, 2, 2)),
            "msra 1d": filled(mx, mx.init.MSRAPrelu(), weight, (3,)),
            "lstm": filled(mx, mx.init.LSTMBias(), weight, (4, 2))}


@stage
def mixed(mx: Any) -> Any:
    one = mx.init.Mixed([".*bias", "fc.*", ".*weight"], [mx.init.Constant(1), mx.init.Constant(2), mx.init.Constant(3)])
    said = {name: filled(mx, one, mx.init.InitDesc(name), (2,)) for name in
            ("fc_bias", "fc_weight", "xfc_weight", "fc", "other", "bias_weight")}
    said["lengths"] = attempt(lambda: mx.init.Mixed(["a"], []))
    return said


@stage
def load(mx: Any) -> Any:
    params = {"arg:a": mx.nd.array([1, 2]), "aux:b": mx.nd.array([3, 4]), "c": mx.nd.array([5, 6])}
    bare, full = mx.init.Load(params), mx.init.Load(params, mx.init.Constant(9), verbose=True)
    said = {name: filled(mx, bare, name, (2,)) for name in ("a", "b", "c", "arg:a", "d_weight")}
    said["default"] = filled(mx, full, mx.init.InitDesc("d_weight"), (2,))
    said["shape"] = filled(mx, full, "a", (3,))
    said["keys"] = sorted(full.param)
    return said


@stage
def registry_names(mx: Any) -> Any:
    from mxnet.registry import get_registry
    return sorted((name, kind.__name__) for name, kind in get_registry(mx.init.Initializer).items()
                  if name != "special")


@stage
def registry_functions(mx: Any) -> Any:
    from mxnet import registry

    class Base:
        pass
    register, alias = registry.get_register_func(Base, "thing"), registry.get_alias_func(Base, "thing")
    create = registry.get_create_func(Base, "thing")

    @alias("one", "Uno")
    class One(Base):
        def __init__(self, a: int = 0) -> None:
            self.a = a
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        register(One)
        register(One, "three")

        @register
        class Two(Base):
            pass
        register(Two, "one")
    one = One(4)
    return {"names": sorted(registry.get_registry(Base)), "warned": len(seen),
            "register": [attempt(lambda: register(int)), attempt(lambda: register(3))],
            "create": [attempt(lambda: type(create(*args, **kwargs)).__name__) for args, kwargs in
                       ((("uno",), {}), (("three", 4), {}), (("ONE",), {}), (("four",), {}), ((), {"thing": "two"}),
                        ((), {}), ((one,), {}), ((one, 1), {}), (('["three", {"a": 2}]',), {}),
                        (({"thing": "three", "a": 3},), {}), (('{"thing": "three", "a": 3}',), {}), ((7,), {}),
                        (('["three", {"a": 2}]', 3), {}), (("three",), {"b": 1}))],
            "copy": registry.get_registry(Base) is not registry.get_registry(Base)}
