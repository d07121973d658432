# SPDX-License-Identifier: Apache-2.0
"""Generators for the operators of detection, recognition and attention: boxes, regions, samplers, heads, old layers."""
from __future__ import annotations

from typing import Any

from crafted_layers import convolution_of
from parts import GENERATORS, Drawn, Rng, any_type, dims, dyadic, floating, full, generates, maybe
from samples import Sample, T, Tensor, boxes, distinct, ints, values

# ---------------------------------------------------------------------------------------------- boxes

VARIANCES = ((0.1, 0.1, 0.2, 0.2), (0.5, 0.25, 1.0, 0.125), (1.0, 1.0, 1.0, 1.0))


@generates("_contrib_MultiBoxPrior")
def _prior(rng: Rng) -> Drawn:
    def positive() -> tuple[float, ...]:
        return tuple(rng.randint(1, 16) / 8 for _ in range(rng.randint(1, 3)))
    return [T(*dims(rng, 4))], maybe(rng, {"sizes": positive(), "ratios": positive(), "clip": True,
                                           "steps": (rng.randint(1, 8) / 8, rng.randint(1, 8) / 8),
                                           "offsets": (rng.randint(0, 8) / 8, rng.randint(0, 8) / 8)}, 0.5)


@generates("_contrib_MultiBoxTarget")
def _target(rng: Rng) -> Drawn:
    batch, count, classes = rng.randint(1, 3), rng.randint(1, 12), rng.randint(2, 5)
    labels = []
    for _ in range(batch):
        found = [[float(rng.randrange(classes - 1)), *_box(rng)] for _ in range(rng.randint(0, 3))]
        labels.append(found + [[-1.0] * 5] * (3 - len(found)))
    params = maybe(rng, {"overlap_threshold": rng.choice((0.25, 0.5, 0.75)), "ignore_label": -7.0,
                         "variances": rng.choice(VARIANCES)}, 0.5)
    return [boxes(1, count, 4), values(labels), T(batch, classes, count)], params


def _box(rng: Rng) -> list[float]:
    (left, right), (top, bottom) = (sorted(rng.sample(range(17), 2)) for _ in range(2))
    return [left / 16, top / 16, right / 16, bottom / 16]


@generates("_contrib_MultiBoxDetection")
def _detection(rng: Rng) -> Drawn:
    batch, count, classes = rng.randint(1, 3), rng.randint(1, 12), rng.randint(2, 5)
    return [T(batch, classes, count, low=0.0, high=1.0), T(batch, 4 * count), boxes(1, count, 4)], \
        maybe(rng, {"threshold": rng.choice((0.01, 0.25, 0.5)), "clip": rng.random() < 0.5,
                    "nms_threshold": rng.choice((0.1, 0.5, 0.75)), "force_suppress": rng.random() < 0.5,
                    "nms_topk": rng.choice((-1, 2, 5)), "background_id": rng.randrange(classes),
                    "variances": rng.choice(VARIANCES)}, 0.4)


def _proposal(rng: Rng, batch: int) -> Drawn:
    scales = tuple(rng.sample((1.0, 2.0, 4.0), rng.randint(1, 2)))
    ratios = tuple(rng.sample((0.5, 1.0, 2.0), rng.randint(1, 3)))
    anchors, (height, width) = len(scales) * len(ratios), dims(rng, 2, 2, 6)
    spread = rng.choice((0.25, 0.5))
    sizes = [[16.0 * height, 16.0 * width, rng.choice((1.0, 1.5))] for _ in range(batch)]
    return [T(batch, 2 * anchors, height, width, low=0.0, high=1.0),
            T(batch, 4 * anchors, height, width, low=-spread, high=spread), values(sizes)], \
        {"scales": scales, "ratios": ratios, "rpn_post_nms_top_n": rng.randint(3, 20),
         **maybe(rng, {"rpn_pre_nms_top_n": rng.randint(20, 40), "threshold": rng.choice((0.3, 0.5, 0.7)),
                       "rpn_min_size": rng.choice((2, 4, 16)), "output_score": True})}


GENERATORS["_contrib_Proposal"] = lambda rng: _proposal(rng, 1)
GENERATORS["_contrib_MultiProposal"] = lambda rng: _proposal(rng, rng.randint(1, 3))


# ---------------------------------------------------------------------------------------------- regions

def _rois(rng: Rng, images: int, count: int, dtype: str = "float32") -> Tensor:
    rows = []
    for _ in range(count):
        (x1, x2), (y1, y2) = sorted(rng.sample(range(18), 2)), sorted(rng.sample(range(14), 2))
        rows.append([rng.randrange(images), x1 / 2, y1 / 2, x2 / 2 + 1, y2 / 2 + 1])
    return values(rows, dtype)


@generates("_contrib_PSROIPooling")
def _ps(rng: Rng) -> Drawn:
    size, dim, images, dtype = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2), "float32"
    group = rng.choice((0, size, rng.randint(1, 3)))
    channels = dim * (group or size) ** 2
    return [T(images, channels, 7, 9, dtype=dtype), _rois(rng, images, rng.randint(1, 4), dtype)], \
        {"spatial_scale": rng.choice((1.0, 0.5)), "output_dim": dim, "pooled_size": size, "group_size": group}


@generates("_contrib_DeformablePSROIPooling")
def _deformable_ps(rng: Rng) -> Drawn:
    size, classes, images, count = rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 2), rng.randint(1, 4)
    dim, group, part, plain = classes * rng.randint(1, 2), rng.randint(1, 2), rng.randint(1, 3), rng.random() < 0.3
    params: dict[str, Any] = {"spatial_scale": rng.choice((1.0, 0.5)), "output_dim": dim, "group_size": group,
                              "pooled_size": size, **maybe(rng, {"sample_per_part": rng.randint(1, 4)})}
    inputs = [T(images, dim * group * group, 7, 9), _rois(rng, images, count)]
    if plain:
        return inputs, {**params, "no_trans": True}
    return [*inputs, T(count, 2 * classes, part, part)], {**params, "part_size": part,
                                                          "trans_std": rng.choice((0.0, 0.1, 0.5))}


@generates("_contrib_RROIAlign")
def _rotated(rng: Rng) -> Drawn:
    images = rng.randint(1, 2)
    rows = [[rng.randrange(images), rng.randint(2, 12) / 2, rng.randint(2, 10) / 2, rng.randint(1, 10) / 2,
             rng.randint(1, 8) / 2, rng.choice((0, 30, -75, 45, 10))] for _ in range(rng.randint(1, 4))]
    return [T(images, rng.randint(1, 3), 7, 9), values(rows)], \
        {"pooled_size": dims(rng, 2, high=3), "spatial_scale": rng.choice((1.0, 0.5)),
         **maybe(rng, {"sampling_ratio": rng.randint(1, 3)})}


def _deformable(rng: Rng, masked: bool) -> Drawn:
    kernel, groups, parts = dims(rng, 2, 1, 3), rng.choice((1, 1, 2)), rng.choice((1, 1, 2))
    channels, filters = 2 * rng.randint(1, 2), groups * parts * rng.randint(1, 2)
    params: dict[str, Any] = {"kernel": kernel, "num_filter": filters, "num_group": groups,
                              "num_deformable_group": parts,
                              **maybe(rng, {"stride": dims(rng, 2, 1, 2), "pad": dims(rng, 2, 0, 1),
                                            "dilate": dims(rng, 2, 1, 2)}, 0.5)}
    size, batch, bare = dims(rng, 2, 5, 7), rng.randint(1, 2), rng.random() < 0.5
    out = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(
        size, kernel, params.get("stride", (1, 1)), params.get("pad", (0, 0)), params.get("dilate", (1, 1))))
    taps, dtype = parts * kernel[0] * kernel[1], rng.choice(("float32", "float32", "float64"))
    mask = [T(batch, taps, *out, dtype=dtype)] if masked else []
    bias = [] if bare else [T(filters, dtype=dtype)]
    return [T(batch, channels, *size, dtype=dtype), T(batch, 2 * taps, *out, dtype=dtype), *mask,
            T(filters, channels // groups, *kernel, dtype=dtype), *bias], {**params, "no_bias": bare}


GENERATORS["_contrib_DeformableConvolution"] = lambda rng: _deformable(rng, False)
GENERATORS["Convolution_v1"] = lambda rng: convolution_of(rng, rank=2)


@generates("_contrib_ModulatedDeformableConvolution")
def _modulated(rng: Rng) -> Sample:
    inputs, params = _deformable(rng, True)
    return Sample("_contrib_ModulatedDeformableConvolution", inputs, params,
                  skip=dict.fromkeys(("train", "grad", "add", "record"), "MXNet has this gradient on GPUs only"))


# ---------------------------------------------------------------------------------------------- samplers, images

@generates("GridGenerator")
def _grid(rng: Rng) -> Drawn:
    if rng.random() < 0.5:
        return [T(rng.randint(1, 3), 6)], {"transform_type": "affine", "target_shape": dims(rng, 2)}
    return [T(rng.randint(1, 3), 2, *dims(rng, 2, 1))], {"transform_type": "warp"}


@generates("BilinearSampler")
def _sampler(rng: Rng) -> Drawn:
    batch, dtype = rng.randint(1, 3), rng.choice(("float32", "float32", "float64"))
    reach = rng.choice((1, 2))
    return [T(batch, rng.randint(1, 3), *dims(rng, 2), dtype=dtype),
            T(batch, 2, *dims(rng, 2), dtype=dtype, low=-reach, high=reach)], maybe(rng, {"cudnn_off": True}, 0.2)


@generates("SpatialTransformer")
def _transformer(rng: Rng) -> Drawn:
    batch, dtype = rng.randint(1, 3), rng.choice(("float32", "float32", "float64"))
    return [T(batch, rng.randint(1, 3), *dims(rng, 2, 2), dtype=dtype), T(batch, 6, dtype=dtype)], \
        {"transform_type": "affine", "sampler_type": "bilinear", "target_shape": dims(rng, 2)}


@generates("Crop")
def _crop(rng: Rng) -> Drawn:
    shape = dims(rng, 4, 2, 6)
    size = tuple(rng.randint(1, n) for n in shape[2:])
    like = [T(rng.randint(1, 2), rng.randint(1, 4), *size)] if rng.random() < 0.5 else []
    params: dict[str, Any] = {} if like else {"h_w": size}
    if rng.random() < 0.4:
        params["center_crop"] = True
    else:
        params |= maybe(rng, {"offset": tuple(rng.randint(0, n - m) for n, m in zip(shape[2:], size))})
    return [T(*shape), *like], params


@generates("Correlation")
def _correlation(rng: Rng) -> Drawn:
    kernel, reach = rng.choice((1, 3)), rng.randint(0, 2)
    pad = reach + kernel // 2 if rng.random() < 0.7 else reach
    shape, dtype = (*dims(rng, 2, high=3), *dims(rng, 2, 6, 7)), rng.choice(("float32", "float32", "float64"))
    return [T(*shape, dtype=dtype), T(*shape, dtype=dtype)], \
        {"kernel_size": kernel, "max_displacement": reach, "pad_size": pad, "is_multiply": rng.random() < 0.6,
         **maybe(rng, {"stride1": rng.randint(1, 2), "stride2": rng.randint(1, 2)})}


@generates("_contrib_BilinearResize2D")
def _resize(rng: Rng) -> Drawn:
    size = dims(rng, 2, 1, 7)
    mode = rng.choice(("size", "scale", "odd_scale", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"))
    params: dict[str, Any] = {"height": size[0], "width": size[1]} if mode == "size" else \
        {"mode": mode, "scale_height": rng.randint(4, 16) / 8, "scale_width": rng.randint(4, 16) / 8} \
        if "scale" in mode else {"mode": mode}
    if mode == "scale":
        params.pop("mode")
    return [T(*dims(rng, 2, high=3), *dims(rng, 2, 2, 6), dtype=rng.choice(("float32", "float32", "float64")))], \
        {**params, **maybe(rng, {"align_corners": rng.random() < 0.5}, 0.3)}


# ---------------------------------------------------------------------------------------------- attention, heads

def _attention(rng: Rng, parts: int, pair: bool, values_too: bool) -> Drawn:
    heads, width, queries, keys, batch = (rng.randint(1, n) for n in (4, 4, 5, 5, 3))
    keys = keys if pair else queries
    weights = [T(batch * heads, queries, keys)] if values_too else []
    whole = [T(keys, batch, parts * heads * width)]
    return ([T(queries, batch, heads * width), *whole] if pair and not values_too else [*whole, *weights]), \
        {"heads": heads}


for _name, _parts, _pair, _values in (("selfatt_qk", 3, False, False), ("selfatt_valatt", 3, False, True),
                                      ("encdec_qk", 2, True, False), ("encdec_valatt", 2, True, True)):
    GENERATORS[f"_contrib_interleaved_matmul_{_name}"] = \
        lambda rng, parts=_parts, pair=_pair, too=_values: _attention(rng, parts, pair, too)


@generates("GroupNorm")
def _group_norm(rng: Rng) -> Drawn:
    groups, dtype = rng.randint(1, 4), rng.choice(("float32", "float32", "float64"))
    return [T(rng.randint(1, 3), groups * rng.randint(1, 3), *dims(rng, (1, 3), 2, 4), dtype=dtype),
            T(groups, dtype=dtype), T(groups, dtype=dtype)], \
        {"num_groups": groups, **maybe(rng, {"eps": rng.choice((1e-5, 0.125)), "output_mean_var": True}, 0.4)}


@generates("SoftmaxActivation")
def _softmax_activation(rng: Rng) -> Drawn:
    if rng.random() < 0.5:
        return [T(*dims(rng, (3, 4), 2))], {"mode": "channel"}
    return [T(*dims(rng, 2))], maybe(rng, {"mode": "instance"})


@generates("CTCLoss")
def _ctc(rng: Rng) -> Sample:
    steps, batch, classes, longest = rng.randint(5, 9), rng.randint(1, 3), rng.randint(3, 6), rng.randint(1, 3)
    last = rng.random() < 0.4
    rows, counts = [], []
    for _ in range(batch):
        low, high = (0, classes - 2) if last else (1, classes - 1)
        counts.append(rng.randint(1, longest))
        row = [float(rng.randint(low, high)) for _ in range(counts[-1])]
        rows.append(row + [-1.0 if last else 0.0] * (longest - counts[-1]))
    inputs: dict[str, Tensor] = {"data": T(steps, batch, classes), "label": values(rows)}
    params: dict[str, Any] = {"blank_label": "last"} if last else {}
    if rng.random() < 0.4:
        inputs["data_lengths"] = values([float(rng.randint(2 * longest, steps + 0) if 2 * longest < steps else steps)
                                         for _ in range(batch)])
        params["use_data_lengths"] = True
    if rng.random() < 0.4:
        inputs["label_lengths"] = values([float(n) for n in counts])
        params["use_label_lengths"] = True
    return Sample("CTCLoss", inputs, params, grad=(0,))


# ---------------------------------------------------------------------------------------------- others

@generates("_contrib_SparseEmbedding")
def _sparse_embedding(rng: Rng) -> Sample:
    rows, width = rng.randint(1, 8), rng.randint(1, 6)
    skip = dict.fromkeys(("train", "grad", "add", "record"), "MXNet's gradient is row-sparse")
    return Sample("_contrib_SparseEmbedding",
                  [ints(*dims(rng, (1, 3)), low=0, high=rows, dtype=rng.choice(("float32", "int32", "int64"))),
                   T(rows, width, dtype=floating(rng))], {"input_dim": rows, "output_dim": width}, grad=(1,), skip=skip)


@generates("_contrib_boolean_mask")
def _mask(rng: Rng) -> Sample:
    shape = dims(rng, (1, 3))
    chosen = [float(rng.random() < 0.6) for _ in range(shape[0])]
    chosen[rng.randrange(shape[0])] = 1.0
    return Sample("_contrib_boolean_mask", [full(rng, shape, any_type(rng)),
                                            values(chosen, rng.choice(("float32", "int32")))],
                  skip={"shape": "the size depends on values"})


@generates("_contrib_index_copy")
def _index_copy(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 3), 2)
    count, dtype = rng.randint(1, shape[0]), floating(rng)
    return [T(*shape, dtype=dtype), values([float(n) for n in rng.sample(range(shape[0]), count)],
                                           rng.choice(("float32", "int32", "int64"))),
            T(count, *shape[1:], dtype=dtype)], {}


@generates("_scatter_set_nd")
def _set_nd(rng: Rng) -> Sample:
    shape, dtype = dims(rng, (1, 3)), any_type(rng)
    axes = rng.randint(1, len(shape))
    places = [[float(rng.randrange(n)) for n in shape[:axes]] for _ in range(rng.randint(1, 3))]
    chosen = [list(place) for place in dict.fromkeys(map(tuple, places))]          # twice the same has no order
    return Sample("_scatter_set_nd", [full(rng, shape, dtype), full(rng, (len(chosen), *shape[axes:]), dtype),
                                      values([list(column) for column in zip(*chosen)], rng.choice(("float32", "int32")))],
                  {"shape": shape}, train=False, out=(0,))


@generates("_contrib_BatchNormWithReLU")
def _norm_relu(rng: Rng) -> Drawn:
    shape = dims(rng, 4, 2, 4)
    n = shape[1]
    return [T(*shape), T(n), T(n), T(n), T(n, low=0.5, high=2.0)], \
        {"fix_gamma": False, **maybe(rng, {"eps": rng.choice((1e-3, 0.125)), "momentum": rng.choice((0.9, 0.5)),
                                           "use_global_stats": rng.random() < 0.4}, 0.5)}


def old_batch_norm(rng: Rng) -> Sample:
    shape, dtype = dims(rng, (2, 4), 2, 4), rng.choice(("float32", "float32", "float64"))
    n = shape[1]
    return Sample("BatchNorm_v1", [T(*shape, dtype=dtype), T(n, dtype=dtype), T(n, dtype=dtype), T(n, dtype=dtype),
                                   T(n, low=0.5, high=2.0, dtype=dtype)],
                  {"fix_gamma": False, **maybe(rng, {"eps": rng.choice((0.0078125, 0.125)), "output_mean_var": True,
                                                     "momentum": rng.choice((0.75, 0.5)),
                                                     "use_global_stats": rng.random() < 0.4}, 0.5)},
                  states=2, ours_ok="MXNet has it in symbols only")


GENERATORS["BatchNorm_v1"] = old_batch_norm


@generates("IdentityAttachKLSparseReg")
def _kl_sparse(rng: Rng) -> Sample:
    shape, dtype = dims(rng, 2), "float32"
    return Sample("IdentityAttachKLSparseReg", [T(*shape, dtype=dtype, low=0.1, high=0.9),
                                                T(shape[1], dtype=dtype, low=0.1, high=0.9)],
                  maybe(rng, {"sparseness_target": rng.choice((0.125, 0.25)), "penalty": dyadic(rng, 0, 1),
                              "momentum": rng.choice((0.0, 0.5, 0.75))}),
                  states=1, ours_ok="MXNet has it in symbols only")


@generates("Pooling_v1")
def _old_pooling(rng: Rng) -> Drawn:
    kernel, kind = dims(rng, 2, 1, 3), rng.choice(("max", "avg", "sum"))
    shape, dtype = (*dims(rng, 2, high=2), *dims(rng, 2, 4, 7)), rng.choice(("float32", "float64"))
    params: dict[str, Any] = {"kernel": kernel, "pool_type": kind,
                              **maybe(rng, {"stride": dims(rng, 2, 1, 2), "pooling_convention": rng.choice(
                                  ("valid", "full")), "pad": tuple(rng.randint(0, k - 1) for k in kernel)}, 0.5)}
    return [distinct(*shape, dtype=dtype) if kind == "max" else T(*shape, dtype=dtype)], params
