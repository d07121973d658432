# SPDX-License-Identifier: Apache-2.0
"""Draws random samples of an operator: `draw(name, number)` gives the same sample everywhere and at any time.

Two sources. The files `crafted_*.py` have generators for the operators whose inputs have to fit one another. All others, and a part of these, are mutations of the operator's written samples: parameters exchanged
between samples, drawn anew from their kinds, or dropped; sizes, element types and fills of the inputs changed, alike
in all inputs.
"""
from __future__ import annotations

import dataclasses
import functools
import random
import re
import types
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import crafted_arrays
import crafted_detection
import crafted_layers
import torch
from parts import GENERATORS
from samples import FLOATS, Sample, Tensor, cases, distinct, families, ints

from mxnet.ops.registry import REGISTRY, Operator

assert crafted_arrays and crafted_detection and crafted_layers     # importing them fills the table

# parameters that say what is already known, or where and not what
FIXED = {"ctx", "num_args", "num_weights", "num_tensors", "num_arrays", "num_outputs", "workspace", "name"}
# parameters below 0 of which MXNet makes whatever comes
POSITIVE = {"eps", "epsilon"}
# limits of sizes that a mutation may reach, and those of the few samples that are made large: kernels take other ways
LARGEST, HUGE = 4096, 60_000
LARGE_SHARE = 0.06


class Pool:
    """The written samples of one operator, under all its names."""

    def __init__(self, op: Operator) -> None:
        self.op = op
        self.samples: list[Sample] = []
        self.family = ""

    def add(self, family: str, sample: Sample) -> None:
        if not self.family or self.family == "pilot":
            self.family = family
        self.samples.append(sample)


@functools.cache
def pools() -> dict[str, Pool]:
    """Canonical name -> pool, for every operator that has samples."""
    found: dict[str, Pool] = {}
    for family in families():
        for case in cases(family):
            op = REGISTRY.get(case.record.op)
            if op is not None and isinstance(case.record, Sample) and not case.record.zero_size:
                found.setdefault(op.name, Pool(op)).add(family, case.record)
    return found


def draw(name: str, number: int | str) -> Sample:
    """Sample `number` of an operator."""
    rng = random.Random(f"{name}/{number}")
    make = GENERATORS.get(name)
    if make is not None and rng.random() < 0.7:
        made = make(rng)
        sample = made if isinstance(made, Sample) else Sample(name, *made)
    else:
        sample = mutate(rng, pools()[name])
    return enlarged(rng, sample) if rng.random() < LARGE_SHARE else sample


# ---------------------------------------------------------------------------------------------- mutation

def mutate(rng: random.Random, pool: Pool) -> Sample:
    """A written sample with one to four changes."""
    sample = rng.choice(pool.samples)
    inputs, params = sample.tensors(), dict(sample.params)
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        move = rng.random()
        if move < 0.25 and inputs:
            inputs = resized(rng, inputs)
        elif move < 0.4 and inputs:
            inputs = retyped(rng, inputs)
        elif move < 0.5 and inputs:
            inputs = refilled(rng, inputs)
        elif move < 0.75:
            exchange(rng, params, rng.choice(pool.samples).params)
        else:
            redraw(rng, params, pool.op)
    if [spec.dtype for spec in inputs] != [spec.dtype for spec in sample.tensors()]:
        sample = dataclasses.replace(sample, rtol=None, atol=None, reason="")      # these are of the written types
    return dataclasses.replace(sample, inputs=as_given(sample, inputs), params=params)


def as_given(sample: Sample, inputs: list[Tensor]) -> Any:
    """Other inputs for a sample, named where it names its own."""
    return dict(zip(sample.inputs, inputs)) if isinstance(sample.inputs, dict) else inputs


def resized(rng: random.Random, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Every size that occurs may become another one, the same in all inputs."""
    sizes = sorted({n for spec in inputs for n in spec.shape})
    return with_sizes(inputs, {n: n if rng.random() < (0.85 if n == 1 else 0.5) else
                               rng.randint(1, 7) if n < 12 else max(1, n + rng.randint(-6, 6)) for n in sizes}, LARGEST)


def enlarged(rng: random.Random, sample: Sample) -> Sample:
    """One or two of the sizes become many times larger, the same in all inputs."""
    sizes = sorted({n for spec in sample.tensors() for n in spec.shape if n > 1})
    chosen = rng.sample(sizes, min(len(sizes), rng.randint(1, 2)))
    new = {n: n * rng.randint(6, 40) for n in chosen}
    inputs = with_sizes(sample.tensors(), {n: new.get(n, n) for n in [1, *sizes]}, HUGE)
    return dataclasses.replace(sample, inputs=as_given(sample, inputs))


def with_sizes(inputs: Sequence[Tensor], new: dict[int, int], most: int) -> list[Tensor]:
    """The inputs with each size replaced, where that makes no more than so many elements."""
    result = []
    for spec in inputs:
        shape = tuple(new[n] for n in spec.shape)
        total = 1
        for n in shape:
            total *= n
        fixed = spec.fill == "special" or (spec.fill == "boxes" and shape[-1] != 4) or \
            (spec.fill == "spd" and shape[-1] != shape[-2])
        if shape == spec.shape or total > most or fixed:
            result.append(spec)
        elif spec.fill == "values":
            result.append(like_values(spec, shape))
        else:
            result.append(dataclasses.replace(spec, shape=shape))
    return result


def like_values(spec: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Other numbers in the place of literal ones, in their range."""
    written = spec.make(0).astype("float64")
    low, high = float(written.min()), float(written.max())
    whole = not spec.floating or bool((written == written.round()).all())
    if not (abs(low) < 1e6 and abs(high) < 1e6) or spec.dtype == "bool":
        return spec
    if whole:
        return Tensor(shape, spec.dtype, "ints", (int(low), int(high) + 1))
    return Tensor(shape, spec.dtype, "uniform", (low, high))


def retyped(rng: random.Random, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Another element type for all inputs that share the type of one."""
    old = rng.choice(inputs).dtype
    if old in FLOATS:
        new = rng.choices(("float32", "float64", "float16", "bfloat16", "int32"), (8, 6, 4, 1, 1))[0]
    else:
        new = rng.choice(("int32", "int64", "uint8", "int8", "float32", "float64"))
    return [dataclasses.replace(spec, dtype=new)
            if spec.dtype == old and spec.fill not in ("values", "special") else spec for spec in inputs]


def refilled(rng: random.Random, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Other numbers of the same kind in one input."""
    at = rng.randrange(len(inputs))
    spec = inputs[at]
    if spec.fill == "normal":
        low = rng.randint(-3, 2)
        spec = rng.choice((distinct(*spec.shape, dtype=spec.dtype),
                           ints(*spec.shape, low=low, high=low + rng.randint(1, 4), dtype=spec.dtype),
                           Tensor(spec.shape, spec.dtype, "uniform", (low, low + 2.0))))
    return [*inputs[:at], spec, *inputs[at + 1:]]


def exchange(rng: random.Random, params: dict[str, Any], other: dict[str, Any]) -> None:
    """Take one parameter as another sample has it."""
    names = sorted((set(params) | set(other)) - FIXED)
    if names:
        name = rng.choice(names)
        if name in other:
            params[name] = other[name]
        else:
            params.pop(name)


def redraw(rng: random.Random, params: dict[str, Any], op: Operator) -> None:
    """One parameter anew, from what its kind allows."""
    known = [param for param in op.schema.params if param.name not in FIXED]
    if not known:
        return
    param = rng.choice(known)
    present = params.get(param.name, None if param.required else param.default)
    value = of_kind(rng, param.kind, present)
    if value is not None:
        params[param.name] = abs(value) if param.name in POSITIVE else value
    elif not param.required:
        params.pop(param.name, None)


def of_kind(rng: random.Random, kind: Any, present: Any) -> Any:
    """A value of a parameter's kind near the present one, or None for 'leave it out'."""
    origin, options = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return of_kind(rng, options[0], present)
    if origin is Literal:
        return rng.choice(options)
    if origin in (Union, types.UnionType):
        inner, = (option for option in options if option is not type(None))
        return None if rng.random() < 0.3 else of_kind(rng, inner, present)
    if origin is tuple:
        if not isinstance(present, (tuple, list)) or not present:
            return None
        changed = list(present)
        at = rng.randrange(len(changed))
        changed[at] = of_kind(rng, options[0], changed[at])
        return tuple(changed)
    if kind is bool:
        return present not in (True, "True", 1)
    if kind is int:
        return present + rng.choice((-2, -1, 1, 2)) if isinstance(present, int) else rng.randint(-2, 3)
    if kind is float:       # whole multiples of a power of two: float32 has them too
        return rng.choice((0.0, 0.5, 1.0, -1.0, 2.0, rng.randint(-128, 128) / 32, rng.randint(0, 32) / 32))
    if kind is torch.dtype:
        return rng.choice(("float32", "float64", "float16", "int32", "int64", "uint8"))
    return None


# ---------------------------------------------------------------------------------------------- as source

def source(sample: Sample) -> str:
    """The sample as one writes it in a file of samples."""
    inputs = [f"{name!r}: {tensor_source(spec)}" for name, spec in sample.inputs.items()] \
        if isinstance(sample.inputs, dict) else [tensor_source(spec) for spec in sample.inputs]
    brackets = "{}" if isinstance(sample.inputs, dict) else "[]"
    more = [f"{item.name}={getattr(sample, item.name)!r}" for item in dataclasses.fields(sample)
            if item.name not in ("op", "inputs", "params")
            and getattr(sample, item.name) != (item.default if item.default is not dataclasses.MISSING else {})]
    params = [repr(sample.params)] if sample.params else []
    body = ", ".join([repr(sample.op), brackets[0] + ", ".join(inputs) + brackets[1], *params, *more])
    return f"Sample({body})"


def tensor_source(spec: Tensor) -> str:
    kind = "" if spec.dtype == "float32" else f", dtype={spec.dtype!r}"
    shape = ", ".join(map(str, spec.shape))
    if spec.fill == "values":
        numbers = re.sub(r"inf|nan", r"float('\g<0>')", repr(spec.make(0).tolist()))
        return f"values({numbers}, {spec.dtype!r})"
    if spec.fill == "special":
        return f"special({spec.dtype!r})"
    if spec.fill == "ints":
        return f"ints({shape}, low={spec.args[0]}, high={spec.args[1]}, dtype={spec.dtype!r})"
    if spec.fill == "uniform":
        return f"T({shape}, low={spec.args[0]}, high={spec.args[1]}{kind})"
    if spec.fill == "distinct":
        return f"distinct({shape}, step={spec.args[0]}{kind})"
    if spec.fill == "boxes":
        return f"boxes({shape}, low={spec.args[0]}, high={spec.args[1]}{kind})"
    return f"{'T' if spec.fill == 'normal' else spec.fill}({shape}{kind})"
