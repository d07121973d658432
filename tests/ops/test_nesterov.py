# SPDX-License-Identifier: Apache-2.0
"""Nesterov's step over three steps, by where its result goes: numbers are MXNet's."""
import numpy as np
import pytest

import mxnet as mx

SETTINGS = {"decay": dict(wd=0.5), "all": dict(wd=0.5, clip_gradient=0.3, rescale_grad=0.7), "plain": {}}
GRADIENTS = ([1.0, -0.5], [0.25, 2.0], [-0.75, 0.125])
# weight and momentum after each step
RECORDED = {
    "decay-weight": [[0.465, -0.70875, 0.10175, 0.197937], [0.455742, -0.861089, 0.043788, 0.021198],
                     [0.590415, -0.785865, 0.084888, 0.045872]],
    "decay-other": [[0.465, -0.70875, 0.1, 0.2125], [0.454325, -0.849294, 0.04175, 0.026687],
                    [0.587482, -0.770744, 0.089859, 0.053983]],
    "all-weight": [[0.598, -0.74675, 0.1651, 0.179837], [0.641671, -0.58714, 0.099006, 0.161211],
                   [0.717907, -0.417406, 0.08321, 0.15721]],
    "all-other": [[0.598, -0.74675, 0.17, 0.1925], [0.64564, -0.576884, 0.1056, 0.180587],
                  [0.72684, -0.392429, 0.092758, 0.182623]],
    "plain-weight": [[0.5125, -0.80375, 0.125, 0.1625], [0.56625, -1.052125, 0.0875, -0.05375],
                     [0.779625, -1.119412, 0.15375, -0.060875]],
}
RECORDED["plain-other"] = RECORDED["plain-weight"]
for _name in SETTINGS:
    RECORDED[f"{_name}-mixed"] = RECORDED[f"{_name}-weight"]


@pytest.mark.parametrize("case", RECORDED)
def test_nesterov(case):
    settings, how = case.split("-")
    given = dict(lr=0.1, momentum=0.9, **SETTINGS[settings])
    weight, mom, master = mx.nd.array([0.5, -1.0]), mx.nd.array([0.25, 0.125]), mx.nd.array([0.5, -1.0])
    half = weight.astype("float16")
    for gradient, expected in zip(GRADIENTS, RECORDED[case]):
        grad = mx.nd.array(gradient)
        if how == "mixed":
            mx.nd.mp_nag_mom_update(half, grad.astype("float16"), mom, master, out=half, **given)
            weight = master
            assert np.array_equal(half.asnumpy(), master.asnumpy().astype("float16"))
        elif how == "weight":
            mx.nd.nag_mom_update(weight, grad, mom, out=weight, **given)
        else:
            weight = mx.nd.nag_mom_update(weight, grad, mom, **given)
        np.testing.assert_allclose([*weight.asnumpy(), *mom.asnumpy()], expected, atol=2e-6)
