# SPDX-License-Identifier: Apache-2.0
"""Generators for the operators on arrays: elementwise, reductions, shapes, indices, order."""
from __future__ import annotations

from typing import Any

from parts import GENERATORS, Drawn, Rng, any_type, axis_of, dims, dyadic, floating, full, generates, index_type, maybe
from samples import T, distinct, ints

# ---------------------------------------------------------------------------------------------- elementwise

def _pair(rng: Rng, broadcast: bool, positive: bool) -> Drawn:
    shape, dtype = dims(rng, (1, 5)), any_type(rng)
    thin = [tuple(1 if broadcast and rng.random() < 0.3 else n for n in shape) for _ in range(2)]
    return [full(rng, thin[0], dtype, positive and rng.random() < 0.5), full(rng, thin[1], dtype, positive)], {}


for _name in ("add sub mul maximum minimum hypot equal not_equal greater greater_equal lesser lesser_equal logical_and "
              "logical_or logical_xor").split():
    GENERATORS[f"broadcast_{_name}"] = lambda rng: _pair(rng, True, False)
for _name in "div mod".split():
    GENERATORS[f"broadcast_{_name}"] = lambda rng: _pair(rng, True, True)
for _name in ("elemwise_add elemwise_sub elemwise_mul _maximum _minimum _hypot _equal _not_equal _greater "
              "_greater_equal _lesser _lesser_equal _logical_and _logical_or _logical_xor").split():
    GENERATORS[_name] = lambda rng: _pair(rng, False, False)
for _name in "elemwise_div _mod".split():
    GENERATORS[_name] = lambda rng: _pair(rng, False, True)


def _powers(rng: Rng, broadcast: bool) -> Drawn:
    (lhs, rhs), _ = _pair(rng, broadcast, True)
    positive = lhs.fill == "normal"
    return [T(*lhs.shape, dtype=lhs.dtype, low=0.5, high=3.0) if positive else lhs, rhs], {}


GENERATORS["broadcast_power"] = lambda rng: _powers(rng, True)
GENERATORS["_power"] = lambda rng: _powers(rng, False)


def _scalar(rng: Rng, name: str) -> Drawn:
    positive = any(word in name for word in ("mod", "div", "power"))
    dtype = any_type(rng)
    value: Any = dyadic(rng, 0.5, 4) if positive else dyadic(rng)
    if rng.random() < 0.4 or "power" in name or not dtype.startswith("float"):
        value = float(rng.randint(1, 4) if positive else rng.randint(-3, 4))
    return [full(rng, dims(rng), dtype, positive)], {"scalar": value}


for _name in ("plus minus rminus mul div rdiv mod rmod power rpower maximum minimum hypot equal not_equal greater "
              "greater_equal lesser lesser_equal logical_and logical_or logical_xor").split():
    GENERATORS[f"_{_name}_scalar"] = lambda rng, name=_name: _scalar(rng, name)


@generates("clip")
def _clip(rng: Rng) -> Drawn:
    low = dyadic(rng, -2, 1)
    return [full(rng, dims(rng), any_type(rng))], {"a_min": low, "a_max": low + rng.randint(0, 3)}


@generates("where")
def _where(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (1, 4)), any_type(rng)
    condition = shape if rng.random() < 0.7 else shape[:1]
    return [ints(*condition, low=-1, high=2, dtype=any_type(rng).replace("uint8", "int32")), full(rng, shape, dtype),
            full(rng, shape, dtype)], {}


@generates("add_n")
def _add_n(rng: Rng) -> Drawn:
    shape, dtype = dims(rng), any_type(rng)
    return [full(rng, shape, dtype) for _ in range(rng.randint(1, 5))], {}


@generates("Cast")
def _cast(rng: Rng) -> Drawn:
    source, target = any_type(rng), any_type(rng)
    if target == "uint8" and source != "uint8":
        return [ints(*dims(rng), low=0, high=200, dtype="int32" if source == "int8" else source)], {"dtype": target}
    return [full(rng, dims(rng), source)], {"dtype": target}


@generates("Activation")
def _activation(rng: Rng) -> Drawn:
    return [T(*dims(rng), dtype=floating(rng))], \
        {"act_type": rng.choice(("relu", "sigmoid", "log_sigmoid", "mish", "softrelu", "softsign", "tanh"))}


@generates("LeakyReLU")
def _leaky(rng: Rng) -> Drawn:
    shape, dtype, kind = dims(rng, (2, 4)), floating(rng), rng.choice(("leaky", "prelu", "elu", "selu", "gelu"))
    gamma = [T(rng.choice((shape[1], shape[1], 1)), dtype=dtype)] if kind == "prelu" else []
    return [T(*shape, dtype=dtype), *gamma], {"act_type": kind, **maybe(rng, {"slope": rng.randint(0, 8) / 8})}


# ---------------------------------------------------------------------------------------------- reductions

def _axes(rng: Rng, rank: int) -> Any:
    count = rng.randint(1, rank)
    axes = [axis if rng.random() < 0.5 else axis - rank for axis in rng.sample(range(rank), count)]
    return rng.choice((axes[0], tuple(axes), tuple(axes), None, ()))


def _reduce(rng: Rng, dtype: str, exclude: bool = True) -> Drawn:
    shape = dims(rng, (1, 5))
    params = maybe(rng, {"axis": _axes(rng, len(shape)), "keepdims": rng.random() < 0.5}, 0.8)
    if exclude and rng.random() < 0.3:
        params["exclude"] = True
    return [full(rng, shape, dtype)], params


for _name in "sum mean nansum".split():
    GENERATORS[_name] = lambda rng: _reduce(rng, any_type(rng))
for _name in "prod nanprod".split():
    GENERATORS[_name] = lambda rng: _reduce(rng, floating(rng))


@generates("max", "min")
def _extremes(rng: Rng) -> Drawn:
    (spec,), params = _reduce(rng, floating(rng))
    return [distinct(*spec.shape, dtype=spec.dtype)], params


@generates("norm")
def _norm(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    axis: Any = axis_of(rng, len(shape))
    if len(shape) > 1 and rng.random() < 0.4:
        axis = tuple(rng.sample(range(len(shape)), 2))
    return [T(*shape, dtype=floating(rng))], maybe(rng, {"ord": rng.choice((1, 2)), "axis": axis, "keepdims": True})


@generates("argmax", "argmin")
def _arg(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    return [distinct(*shape, dtype=floating(rng))], maybe(rng, {"axis": axis_of(rng, len(shape)), "keepdims": True})


@generates("moments")
def _moments(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    axes = tuple(rng.sample(range(len(shape)), rng.randint(1, len(shape))))
    return [T(*shape, dtype=floating(rng))], maybe(rng, {"axes": axes, "keepdims": True}, 0.8)


# ---------------------------------------------------------------------------------------------- shapes

@generates("Reshape")
def _reshape(rng: Rng) -> Drawn:
    """A walk over the axes, with a code for one or two of them at each step."""
    shape = tuple(rng.choice((1, 2, 3, 4, 6)) for _ in range(rng.randint(1, 5)))
    codes: list[int] = []
    at, unknown = 0, False
    while at < len(shape):
        step, size = rng.random(), shape[at]
        if step < 0.12 and not any(code in (-1, -2) for code in codes):
            codes.append(-2)
            at = len(shape)
        elif step < 0.3 and at + 1 < len(shape):
            codes.append(-3)
            at += 2
        elif step < 0.45:
            part = rng.choice([n for n in range(1, size + 1) if size % n == 0])
            whole = [-4, part, size // part]
            codes += whole if unknown else rng.choice((whole, [-4, part, -1], [-4, -1, size // part]))
            at += 1
        else:
            if step < 0.6 and not unknown and -2 not in codes and -4 not in codes:
                codes.append(-1)
                unknown = True
            else:
                codes.append(rng.choice((0, size)))
            at += 1
    if rng.random() < 0.2:
        codes.append(1)
    return [full(rng, shape, any_type(rng))], {"shape": tuple(codes), **maybe(rng, {"reverse": True}, 0.1)}


@generates("transpose")
def _transpose(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 6), high=4)
    return [full(rng, shape, any_type(rng))], maybe(rng, {"axes": tuple(rng.sample(range(len(shape)), len(shape)))}, .8)


@generates("expand_dims")
def _expand(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    return [full(rng, shape, any_type(rng))], {"axis": axis_of(rng, len(shape) + 1)}


@generates("squeeze")
def _squeeze(rng: Rng) -> Drawn:
    shape = tuple(rng.choice((1, 1, 2, 3)) for _ in range(rng.randint(2, 5)))
    ones = [i if rng.random() < 0.5 else i - len(shape) for i, n in enumerate(shape) if n == 1]
    axis = tuple(rng.sample(ones, rng.randint(1, len(ones)))) if ones and len(ones) < len(shape) else None
    return [full(rng, shape, any_type(rng))], {} if axis is None or rng.random() < 0.3 else \
        {"axis": axis[0] if rng.random() < 0.3 else axis}


@generates("SwapAxis")
def _swap(rng: Rng) -> Drawn:
    shape = dims(rng, (2, 5))
    first, second = rng.sample(range(len(shape)), 2)
    return [full(rng, shape, any_type(rng))], {"dim1": first, "dim2": second - len(shape) * (rng.random() < 0.3)}


@generates("reverse")
def _reverse(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    return [full(rng, shape, any_type(rng))], \
        {"axis": tuple(sorted(rng.sample(range(len(shape)), rng.randint(1, len(shape)))))}


@generates("tile")
def _tile(rng: Rng) -> Drawn:
    return [full(rng, dims(rng, (1, 4), high=3), any_type(rng))], {"reps": dims(rng, (1, 4), high=3)}


@generates("repeat")
def _repeat(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    return [full(rng, shape, any_type(rng))], \
        {"repeats": rng.randint(1, 3), **maybe(rng, {"axis": axis_of(rng, len(shape))})}


@generates("Pad")
def _pad(rng: Rng) -> Drawn:
    rank = rng.choice((4, 5))
    widths = [0, 0, 0, 0] + [rng.randint(0, 2) for _ in range(2 * (rank - 2))]
    return [T(*dims(rng, rank, 3), dtype=floating(rng))], \
        {"mode": rng.choice(("constant", "edge", "reflect")), "pad_width": tuple(widths),
         **maybe(rng, {"constant_value": dyadic(rng)})}


def _broadcast_to(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 5))
    thin = tuple(1 if rng.random() < 0.5 else n for n in shape)
    return [full(rng, thin, any_type(rng))], \
        {"shape": tuple(0 if m == n and rng.random() < 0.4 else n for m, n in zip(thin, shape))}


def _broadcast_axis(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 5))
    axes = sorted(rng.sample(range(len(shape)), rng.randint(1, len(shape))))
    thin = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return [full(rng, thin, any_type(rng))], {"axis": tuple(axes), "size": tuple(shape[i] for i in axes)}


def _broadcast_like(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (1, 5)), any_type(rng)
    return [full(rng, tuple(1 if rng.random() < 0.5 else n for n in shape), dtype), full(rng, shape, dtype)], {}


GENERATORS.update(broadcast_to=_broadcast_to, broadcast_axis=_broadcast_axis, broadcast_like=_broadcast_like)


@generates("slice")
def _slice(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4), high=6)
    begin, end, step = [], [], []
    for size in shape[:rng.randint(1, len(shape))]:
        start, stop = sorted(rng.sample(range(size + 1), 2))
        stride = rng.choice((None, 1, 1, 2, 3, -1, -2))
        if stride is not None and stride < 0:
            begin.append(rng.choice((None, stop - 1, stop - 1 - size)))
            end.append(None if start == 0 else start - 1)
        else:
            begin.append(rng.choice((start, start - size, None if start == 0 else start)))
            end.append(rng.choice((stop, None, stop + 3, stop if stop == size else stop - size)))
        step.append(stride)
    return [full(rng, shape, any_type(rng))], \
        {"begin": tuple(begin), "end": tuple(end), **({"step": tuple(step)} if any(step) else {})}


@generates("slice_axis")
def _slice_axis(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4), 2, 6)
    axis = axis_of(rng, len(shape))
    size = shape[axis]
    start, stop = sorted(rng.sample(range(size + 1), 2))
    return [full(rng, shape, any_type(rng))], \
        {"axis": axis, "begin": rng.choice((start, start - size)),
         "end": rng.choice((stop, None, stop if stop == size else stop - size))}


@generates("slice_like")
def _slice_like(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (1, 4)), any_type(rng)
    axes = sorted(rng.sample(range(len(shape)), rng.randint(1, len(shape))))
    chosen = rng.random() < 0.6
    like = tuple(rng.randint(1, n) if i in axes or not chosen else n + rng.randint(0, 2) for i, n in enumerate(shape))
    return [full(rng, shape, dtype), full(rng, like, dtype)], \
        {"axes": tuple(axis - len(shape) * (rng.random() < 0.3) for axis in axes)} if chosen else {}


def _concat(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (1, 4)), any_type(rng)
    axis = axis_of(rng, len(shape))
    parts = []
    for _ in range(rng.randint(1, 4)):
        part = list(shape)
        part[axis] = rng.randint(1, 4)
        parts.append(full(rng, tuple(part), dtype))
    return parts, {"dim": axis}


def _stack(rng: Rng) -> Drawn:
    shape, dtype = dims(rng, (1, 3)), any_type(rng)
    return [full(rng, shape, dtype) for _ in range(rng.randint(1, 4))], \
        maybe(rng, {"axis": axis_of(rng, len(shape) + 1)})


GENERATORS.update(Concat=_concat, stack=_stack)


@generates("SliceChannel")
def _split(rng: Rng) -> Drawn:
    shape = list(dims(rng, (1, 4)))
    axis, parts = axis_of(rng, len(shape)), rng.randint(1, 4)
    shape[axis] = parts * rng.randint(1, 3)
    squeeze = shape[axis] == parts and len(shape) > 1 and rng.random() < 0.6
    return [full(rng, tuple(shape), any_type(rng))], \
        {"num_outputs": parts, "axis": axis, **({"squeeze_axis": True} if squeeze else {})}


@generates("_split_v2")
def _split_anywhere(rng: Rng) -> Drawn:
    shape = list(dims(rng, (1, 4), 2, 5))
    axis = axis_of(rng, len(shape))
    if rng.random() < 0.5:
        parts = rng.randint(1, 3)
        shape[axis] = parts * rng.randint(1, 3)
        squeeze = shape[axis] == parts and len(shape) > 1 and rng.random() < 0.6
        return [full(rng, tuple(shape), any_type(rng))], \
            {"indices": (), "sections": parts, "axis": axis, **({"squeeze_axis": True} if squeeze else {})}
    shape[axis] = rng.randint(2, 7)
    cuts = sorted(rng.sample(range(1, shape[axis]), rng.randint(1, shape[axis] - 1)))
    return [full(rng, tuple(shape), any_type(rng))], {"indices": (0, *cuts), "axis": axis}


@generates("amp_multicast")
def _multicast(rng: Rng) -> Drawn:
    inputs = [T(*dims(rng, (1, 4), 2)) for _ in range(rng.randint(1, 4))]
    return inputs, {"num_outputs": len(inputs), **maybe(rng, {"cast_narrow": True})}


@generates("depth_to_space", "space_to_depth")
def _blocks(rng: Rng) -> Drawn:
    block = rng.choice((1, 2, 3))
    n, c, h, w = dims(rng, 4, high=2)
    return [full(rng, (n, c * block * block, h * block, w * block), any_type(rng))], {"block_size": block}


# ---------------------------------------------------------------------------------------------- indices, order

@generates("take")
def _take(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    axis, mode = axis_of(rng, len(shape)), rng.choice(("clip", "wrap"))
    kind = index_type(rng)
    indices = ints(*dims(rng, (1, 3), high=4), low=0 if kind == "uint8" else -shape[axis] - 2, high=shape[axis] + 3,
                   dtype=kind)
    return [full(rng, shape, any_type(rng)), indices], {"axis": axis, "mode": mode}


@generates("batch_take")
def _batch_take(rng: Rng) -> Drawn:
    shape = dims(rng, 2)
    return [T(*shape, dtype=floating(rng)), ints(shape[0], low=0, high=shape[1])], {}


@generates("pick")
def _pick(rng: Rng) -> Drawn:
    shape = dims(rng, (2, 4))
    axis, keep = axis_of(rng, len(shape)), rng.random() < 0.4
    place = list(shape)
    place[axis] = 1
    if not keep or rng.random() < 0.5:
        del place[axis]
    kind = index_type(rng)
    indices = ints(*place, low=0 if kind == "uint8" else -shape[axis] - 2, high=shape[axis] + 3, dtype=kind)
    return [full(rng, shape, any_type(rng)), indices], \
        {"axis": axis, "keepdims": keep, **maybe(rng, {"mode": rng.choice(("clip", "wrap"))})}


@generates("one_hot")
def _one_hot(rng: Rng) -> Drawn:
    depth, kind = rng.randint(1, 6), index_type(rng)
    return [ints(*dims(rng, (1, 3)), low=0 if kind == "uint8" else -2, high=depth + 2, dtype=kind)], \
        {"depth": depth, **maybe(rng, {"on_value": dyadic(rng), "off_value": dyadic(rng), "dtype": any_type(rng)}, 0.3)}


@generates("gather_nd")
def _gather(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    count = rng.randint(1, len(shape))
    kind = rng.choice(("int32", "int64", "float32"))
    return [full(rng, shape, any_type(rng)),
            ints(count, *dims(rng, (1, 2)), low=0, high=min(shape[:count]), dtype=kind)], {}


@generates("Embedding")
def _embedding(rng: Rng) -> Drawn:
    rows, width, kind = rng.randint(1, 8), rng.randint(1, 6), index_type(rng)
    return [ints(*dims(rng, (1, 3)), low=0 if kind == "uint8" else -1, high=rows + 1, dtype=kind),
            T(rows, width, dtype=floating(rng))], {"input_dim": rows, "output_dim": width}


@generates("topk")
def _topk(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    axis: Any = axis_of(rng, len(shape))
    size = shape[axis]
    if rng.random() < 0.15:
        axis, size = None, 1
    return [distinct(*shape, dtype=rng.choice(("float32", "float64", "int32")), step=1)], \
        {"axis": axis, "k": rng.randint(1, size), "ret_typ": rng.choice(("indices", "value", "both", "mask")),
         **maybe(rng, {"is_ascend": rng.random() < 0.5, "dtype": rng.choice(("float32", "int32", "int64", "float64"))})}


@generates("sort", "argsort")
def _sort(rng: Rng) -> Drawn:
    shape = dims(rng, (1, 4))
    return [distinct(*shape, dtype=rng.choice(("float32", "float64", "int32")), step=1)], \
        maybe(rng, {"axis": rng.choice((axis_of(rng, len(shape)), None)), "is_ascend": rng.random() < 0.5})


@generates("SequenceReverse")
def _sequence(rng: Rng) -> Drawn:
    shape = dims(rng, (2, 4))
    given = rng.random() < 0.8
    lengths = [ints(shape[1], low=1, high=shape[0] + 1, dtype=rng.choice(("float32", "int32", "int64")))]
    return [T(*shape, dtype=floating(rng)), *(lengths if given else [])], {"use_sequence_length": given}


def _sequence_any_axis(rng: Rng, masks: bool) -> Drawn:
    shape, axis = dims(rng, (2, 4)), rng.choice((0, 1))
    given = rng.random() < 0.8
    lengths = [ints(shape[1 - axis], low=1, high=shape[axis] + 1, dtype=rng.choice(("float32", "int32", "int64")))]
    more = maybe(rng, {"value": dyadic(rng)}) if masks else {}
    return [T(*shape, dtype=floating(rng)), *(lengths if given else [])], \
        {"use_sequence_length": given, "axis": axis, **more}


GENERATORS["SequenceMask"] = lambda rng: _sequence_any_axis(rng, True)
GENERATORS["SequenceLast"] = lambda rng: _sequence_any_axis(rng, False)
