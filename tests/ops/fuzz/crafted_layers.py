# SPDX-License-Identifier: Apache-2.0
"""Generators for the operators of networks: products, windows, norms, losses, recurrent layers, regions."""
from __future__ import annotations

from typing import Any

from parts import GENERATORS, Drawn, Rng, axis_of, dims, dyadic, floating, generates, maybe
from samples import T, Tensor, boxes, distinct, ints, values

# ---------------------------------------------------------------------------------------------- products

@generates("dot")
def _dot(rng: Rng) -> Drawn:
    inner, dtype = rng.randint(1, 5), rng.choice(("float32", "float32", "float64"))
    left, right = dims(rng, (0, 2)), dims(rng, (0, 2))
    lhs = (inner, *left) if (ta := bool(left) and rng.random() < 0.4) else (*left, inner)
    rhs = (*right, inner) if (tb := bool(right) and rng.random() < 0.4) else (inner, *right)
    return [T(*lhs, dtype=dtype), T(*rhs, dtype=dtype)], \
        {**({"transpose_a": True} if ta else {}), **({"transpose_b": True} if tb else {})}


@generates("batch_dot")
def _batch_dot(rng: Rng) -> Drawn:
    batch, m, k, n = dims(rng, 4)
    dtype, ta, tb = rng.choice(("float32", "float32", "float64")), rng.random() < 0.5, rng.random() < 0.5
    return [T(batch, *((k, m) if ta else (m, k)), dtype=dtype), T(batch, *((n, k) if tb else (k, n)), dtype=dtype)], \
        {"transpose_a": ta, "transpose_b": tb}


@generates("_linalg_gemm2")
def _gemm2(rng: Rng) -> Drawn:
    batch, (m, k, n) = dims(rng, (0, 2), high=3), dims(rng, 3)
    dtype, ta, tb = rng.choice(("float32", "float64")), rng.random() < 0.5, rng.random() < 0.5
    return [T(*batch, *((k, m) if ta else (m, k)), dtype=dtype),
            T(*batch, *((n, k) if tb else (k, n)), dtype=dtype)], \
        {"transpose_a": ta, "transpose_b": tb, **maybe(rng, {"alpha": dyadic(rng)})}


@generates("FullyConnected")
def _fully_connected(rng: Rng) -> Drawn:
    shape, hidden, flat, bare = dims(rng, (1, 4)), rng.randint(1, 6), rng.random() < 0.6, rng.random() < 0.3
    if len(shape) == 1:
        shape = (*shape, rng.randint(1, 4))
    width = shape[-1]
    if flat:
        width = 1
        for n in shape[1:]:
            width *= n
    dtype = rng.choice(("float32", "float32", "float64"))
    bias = [] if bare else [T(hidden, dtype=dtype)]
    return [T(*shape, dtype=dtype), T(hidden, width, dtype=dtype), *bias], \
        {"num_hidden": hidden, "no_bias": bare, "flatten": flat}


# ---------------------------------------------------------------------------------------------- windows

def _windows(rng: Rng, rank: int) -> dict[str, Any]:
    kernel = tuple(rng.randint(1, 3) for _ in range(rank))
    return {"kernel": kernel, **maybe(rng, {"stride": tuple(rng.randint(1, 3) for _ in range(rank)),
                                            "pad": tuple(rng.randint(0, k - 1) for k in kernel)})}


@generates("Convolution")
def _convolution(rng: Rng) -> Drawn:
    return convolution_of(rng, rng.choice((1, 2, 2, 2, 3)))


def convolution_of(rng: Rng, rank: int) -> Drawn:
    groups = rng.choice((1, 1, 2))
    channels, filters = groups * rng.randint(1, 2), groups * rng.randint(1, 2)
    params = _windows(rng, rank)
    if rng.random() < 0.3:
        params["dilate"] = tuple(rng.randint(1, 2) for _ in range(rank))
    dtype, bare = rng.choice(("float32", "float32", "float64")), rng.random() < 0.4
    bias = [] if bare else [T(filters, dtype=dtype)]
    return [T(rng.randint(1, 2), channels, *dims(rng, rank, 5, 7), dtype=dtype),
            T(filters, channels // groups, *params["kernel"], dtype=dtype), *bias], \
        {**params, "num_filter": filters, "no_bias": bare, **({"num_group": groups} if groups > 1 else {})}


@generates("Deconvolution")
def _deconvolution(rng: Rng) -> Drawn:
    rank, groups = rng.choice((1, 2, 2, 2)), rng.choice((1, 1, 2))
    channels, filters = groups * rng.randint(1, 2), groups * rng.randint(1, 2)
    params = _windows(rng, rank)
    if "stride" in params and rng.random() < 0.4:
        params["adj"] = tuple(rng.randint(0, s - 1) for s in params["stride"])
    elif rng.random() < 0.2:
        params["target_shape"] = dims(rng, rank, 7, 9)
    dtype, bare = rng.choice(("float32", "float32", "float64")), rng.random() < 0.5
    bias = [] if bare else [T(filters, dtype=dtype)]
    return [T(rng.randint(1, 2), channels, *dims(rng, rank, 3, 4), dtype=dtype),
            T(channels, filters // groups, *params["kernel"], dtype=dtype), *bias], \
        {**params, "num_filter": filters, "no_bias": bare, **({"num_group": groups} if groups > 1 else {})}


@generates("Pooling")
def _pooling(rng: Rng) -> Drawn:
    rank, kind = rng.choice((1, 2, 2, 2, 3)), rng.choice(("max", "avg", "sum", "lp"))
    params: dict[str, Any] = {"pool_type": kind, **_windows(rng, rank)}
    if rng.random() < 0.15:
        params["global_pool"] = True
    params |= maybe(rng, {"pooling_convention": rng.choice(("valid", "full"))}, 0.5)
    if kind == "lp":
        params["p_value"] = rng.choice((1, 2, 3))
    elif kind == "avg":
        params |= maybe(rng, {"count_include_pad": rng.random() < 0.5}, 0.5)
    shape = (rng.randint(1, 2), rng.randint(1, 2), *dims(rng, rank, 4, 7))
    dtype = rng.choice(("float32", "float32", "float64", "float16"))
    data = distinct(*shape, dtype=dtype) if kind == "max" else T(*shape, dtype=dtype, low=0.5, high=2.0) \
        if kind == "lp" else T(*shape, dtype=dtype)
    return [data], params


# ---------------------------------------------------------------------------------------------- norms, losses

@generates("BatchNorm")
def _batch_norm(rng: Rng) -> Drawn:
    shape = list(dims(rng, (2, 5), 2, 4))
    axis = rng.choice((1, 1, 1, -1, 0, len(shape) - 1))
    n, dtype = shape[axis], rng.choice(("float32", "float32", "float64"))
    return [T(*shape, dtype=dtype), T(n, dtype=dtype), T(n, dtype=dtype), T(n, dtype=dtype),
            T(n, low=0.5, high=2.0, dtype=dtype)], \
        {"axis": axis, "fix_gamma": False,
         **maybe(rng, {"eps": rng.choice((1e-3, 1e-5, 0.125)), "momentum": rng.choice((0.9, 0.5, 0.99)),
                       "use_global_stats": rng.random() < 0.4, "output_mean_var": rng.random() < 0.3})}


@generates("LayerNorm")
def _layer_norm(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (1, 4), 2), rng.choice(("float32", "float32", "float64"))
    axis = rng.choice((-1, -1, axis_of(rng, len(shape))))
    return [T(*shape, dtype=dtype), T(shape[axis], dtype=dtype), T(shape[axis], dtype=dtype)], \
        {"axis": axis, **maybe(rng, {"eps": rng.choice((1e-5, 0.125)), "output_mean_var": rng.random() < 0.4})}


@generates("InstanceNorm")
def _instance_norm(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (3, 5), 2, 4), "float32"
    return [T(*shape, dtype=dtype), T(shape[1], dtype=dtype), T(shape[1], dtype=dtype)], \
        maybe(rng, {"eps": rng.choice((1e-3, 0.125))})


@generates("L2Normalization")
def _l2(rng: Rng) -> Drawn:
    return [T(*dims(rng, (3, 4), 2), dtype=floating(rng))], \
        maybe(rng, {"mode": rng.choice(("instance", "channel", "spatial")), "eps": rng.choice((1e-10, 0.125))})


@generates("LRN")
def _lrn(rng: Rng) -> Drawn:
    return [T(*dims(rng, 4))], {"nsize": rng.choice((1, 3, 5)),
                                **maybe(rng, {"alpha": 0.125, "beta": 0.5, "knorm": 1.0})}


@generates("log_softmax", "softmin")
def _softmax(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    return [T(*shape, dtype=rng.choice(("float32", "float32", "float64")))], \
        maybe(rng, {"axis": axis_of(rng, len(shape)), "temperature": rng.choice((0.5, 2.0, 1.0))})


def _softmax_with_length(rng: Rng) -> Drawn:
    if rng.random() < 0.6:
        return _softmax(rng)
    shape = dims(rng, (2, 4))
    axis = rng.randrange(len(shape))
    rest = shape[:axis] + shape[axis + 1:]
    return [T(*shape), ints(*rest, low=1, high=shape[axis] + 1)], {"axis": axis, "use_length": True}


GENERATORS["softmax"] = _softmax_with_length


@generates("SoftmaxOutput")
def _softmax_output(rng: Rng) -> Drawn:
    shape = dims(rng, (2, 4), 2)
    params = maybe(rng, {"grad_scale": dyadic(rng, 0.5, 2), "normalization": rng.choice(("null", "batch", "valid")),
                         "smooth_alpha": rng.choice((0.0, 0.125)), "out_grad": True}, 0.4)
    if rng.random() < 0.4:
        params |= {"use_ignore": True, "ignore_label": float(rng.randint(-1, 1))}
    if len(shape) == 2:
        label, classes = shape[:1], shape[1]
        if rng.random() < 0.15:
            return [T(*shape), T(*shape, low=0.0, high=1.0)], params
    elif rng.random() < 0.6:
        params["multi_output"] = True
        label, classes = (shape[0], *shape[2:]), shape[1]
    else:
        params["preserve_shape"] = True
        label, classes = shape[:-1], shape[-1]
    return [T(*shape), ints(*label, low=0, high=classes, dtype="float32")], params


@generates("LinearRegressionOutput", "MAERegressionOutput", "LogisticRegressionOutput")
def _regression(rng: Rng) -> Drawn:
    shape, dtype = dims(rng), floating(rng)
    return [T(*shape, dtype=dtype), T(*shape, dtype=dtype)], maybe(rng, {"grad_scale": dyadic(rng, 0.5, 2)})


@generates("SVMOutput")
def _svm(rng: Rng) -> Drawn:
    shape = dims(rng, 2, 2)
    return [T(*shape), ints(shape[0], low=0, high=shape[1], dtype="float32")], \
        maybe(rng, {"margin": dyadic(rng, 0.5, 2), "regularization_coefficient": dyadic(rng, 0.5, 2),
                    "use_linear": rng.random() < 0.5})


@generates("UpSampling")
def _up_sampling(rng: Rng) -> Drawn:
    return [T(*dims(rng, 4))], {"scale": rng.randint(1, 3), "sample_type": "nearest"}


# ---------------------------------------------------------------------------------------------- recurrent, regions

@generates("RNN")
def _rnn(rng: Rng) -> Drawn:
    mode = rng.choice(("lstm", "lstm", "gru", "rnn_tanh", "rnn_relu"))
    layers, both = rng.randint(1, 3), rng.randint(0, 1)
    steps, batch, width, hidden = dims(rng, 4, high=4)
    gates, ways = {"lstm": 4, "gru": 3}.get(mode, 1), 1 + both
    size = sum(ways * gates * hidden * ((width if layer == 0 else ways * hidden) + hidden + 2)
               for layer in range(layers))
    state = T(layers * ways, batch, hidden)
    return [T(steps, batch, width), T(size, low=-0.5, high=0.5), *([state, state] if mode == "lstm" else [state])], \
        {"mode": mode, "num_layers": layers, "state_size": hidden, "bidirectional": bool(both),
         "state_outputs": rng.random() < 0.6}


@generates("_contrib_box_iou")
def _iou(rng: Rng) -> Drawn:
    return [boxes(*dims(rng, (1, 2)), 4), boxes(*dims(rng, (1, 2)), 4)], maybe(rng, {"format": "center"}, 0.3)


@generates("_contrib_box_nms")
def _nms(rng: Rng) -> Drawn:
    rows = []
    for _ in range(rng.randint(1, 8)):
        (x1, x2), (y1, y2) = sorted(rng.sample(range(9), 2)), sorted(rng.sample(range(9), 2))
        rows.append([rng.choice((0, 0, 1, 1, 0.75, 1.25)), rng.randint(-2, 16) / 16 + len(rows) / 256, x1 / 8, y1 / 8, x2 / 8, y2 / 8])
    return [values(rows if rng.random() < 0.5 else [rows])], \
        {"coord_start": 2, "score_index": 1,
         **maybe(rng, {"id_index": 0, "overlap_thresh": rng.choice((0.1, 0.5, 0.7)), "topk": rng.randint(1, 8),
                       "valid_thresh": rng.choice((0.0, -0.5)), "force_suppress": rng.random() < 0.5,
                       "in_format": rng.choice(("corner", "center")),
                       "out_format": rng.choice(("corner", "center"))}, 0.5)}


@generates("ROIPooling")
def _roi_pooling(rng: Rng) -> Drawn:
    n, c, count = dims(rng, 3, high=3)
    return [distinct(n, c, 6, 7), _regions(rng, n, count)], \
        {"pooled_size": dims(rng, 2, high=3), "spatial_scale": rng.choice((1.0, 0.5))}


def _regions(rng: Rng, images: int, count: int) -> Tensor:
    rows = []
    for _ in range(count):
        (x1, x2), (y1, y2) = sorted(rng.sample(range(13), 2)), sorted(rng.sample(range(12), 2))
        rows.append([rng.randrange(images), x1, y1, x2, y2])
    return values(rows)


@generates("_contrib_ROIAlign")
def _roi_align(rng: Rng) -> Drawn:
    n, c, count = dims(rng, 3, high=3)
    return [T(n, c, 6, 7), _regions(rng, n, count)], \
        {"pooled_size": dims(rng, 2, high=3), "spatial_scale": rng.choice((1.0, 0.5)),
         **maybe(rng, {"sample_ratio": rng.choice((-1, 1, 2)), "aligned": rng.random() < 0.5})}
