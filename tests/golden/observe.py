# SPDX-License-Identifier: Apache-2.0
"""Runs one record on an implementation of MXNet and notes all that it does.

The implementation is an argument (`mx`), and only its public API is used: the recorder passes the real MXNet, the
tests pass this package, and the two notes are compared. A record is run in stages, each on its own, so that one that
crashes the process costs no other. A stage gives a dict of plain values and arrays, or `{"error": <class name>}`.

- nd: the imperative call, in prediction mode: outputs, and each input that it has changed.
- symbol: names, and shapes and types inferred from all inputs, from the first one, and from the outputs.
- train: forward of a bound symbol in training mode: outputs and auxiliary states.
- grad: forward and backward: gradients of the inputs, and auxiliary states afterwards.
"""
from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
from samples import FLOATS, Record, round_bfloat16

NODE = "node"
FILL = 3.0      # what gradient arrays hold before backward
_BFLOAT16 = np.dtype([("bfloat16", np.uint16)])      # what MXNet 1.9.1 gives NumPy for it
_PREFIXES = ("contrib", "linalg", "image", "random", "sparse")
Note = dict[str, Any]


class Array:
    """An element type by MXNet's name, and the values (those of bfloat16 as float32)."""

    def __init__(self, dtype: str, values: np.ndarray) -> None:
        self.dtype = dtype
        self.values = values

    def same(self, other: Array) -> bool:
        """Bit for bit, so that NaN equals NaN and 0 differs from -0."""
        return (self.dtype == other.dtype and self.values.shape == other.values.shape
                and self.values.tobytes() == other.values.tobytes())


# ---------------------------------------------------------------------------------------------- small adapters

def is_ours(mx: Any) -> bool:
    """Whether this is our package, which has arrays without elements in every mode."""
    return hasattr(mx, "ops")


def function(front: Any, op: str) -> Callable[..., Any]:
    """The function for an operator's registered name or alias in `mx.nd` or `mx.sym`."""
    places = [("_internal" if op.startswith("_") else "op", op)]
    places += [(prefix, op[len(prefix) + 2:]) for prefix in _PREFIXES if op.startswith(f"_{prefix}_")]
    for place, name in places:
        found = getattr(getattr(front, place, None), name, None)
        if found is not None:
            return found
    raise LookupError(f"no operator {op!r} in {front.__name__}: tried {', '.join('.'.join(p) for p in places)}")


def dtype_name(dtype: Any) -> str:
    """MXNet's name of a dtype as either implementation spells it."""
    if "bfloat16" in str(dtype):
        return "bfloat16"
    return "unknown" if dtype is None else np.dtype(dtype).name


def to_mx(mx: Any, values: np.ndarray, dtype: str) -> Any:
    """An NDArray of these values."""
    if dtype != "bfloat16":
        return mx.nd.array(values, dtype=dtype)
    array = mx.nd.array(values, dtype="float32")
    try:
        return array.astype("bfloat16")
    except TypeError:
        return array.astype(_BFLOAT16)


def from_mx(array: Any) -> Array:
    """The values of an NDArray."""
    dtype = dtype_name(array.dtype)
    return Array(dtype, (array.astype("float32") if dtype == "bfloat16" else array).asnumpy())


def head_gradient(record: Record, index: int, output: Array) -> np.ndarray:
    """The gradient that arrives at an output: nearly normal numbers, whole ones for whole types."""
    rng = np.random.RandomState(record.seed("head", index))
    raw = sum(rng.random_sample(output.values.shape) for _ in range(12)) - 6.0
    if output.dtype == "bfloat16":
        return round_bfloat16(np.asarray(raw, "float32"))
    return raw.astype(output.dtype) if output.dtype in FLOATS else np.floor(np.abs(raw)).astype(output.dtype)


def input_arrays(mx: Any, record: Record) -> list[Any]:
    made = [to_mx(mx, values, spec.dtype) for values, spec in zip(record.arrays(), record.tensors())]
    return [x.tostype("row_sparse") if i in record.rows and not is_ours(mx) else x for i, x in enumerate(made)]


def call(fn: Callable[..., Any], record: Record, inputs: list[Any], **more: Any) -> Any:
    """`fn` on inputs, which are positional or named as in the record, and the record's parameters."""
    if isinstance(record.inputs, dict):
        return fn(**dict(zip(record.inputs, inputs)), **record.params, **more)
    return fn(*inputs, **record.params, **more)


def as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


# ---------------------------------------------------------------------------------------------- imperative

def observe_nd(mx: Any, record: Record) -> Note:
    with mx.util.np_shape(True) if record.zero_size and not is_ours(mx) else contextlib.nullcontext():
        inputs = input_arrays(mx, record)
        before = [from_mx(x) for x in inputs]
        targets = {"out": [inputs[i] for i in record.out]} if record.out else {}
        outputs = [from_mx(y) for y in as_list(call(function(mx.nd, record.op), record, inputs, **targets))]
        return {"outputs": outputs, "changed": changed(before, inputs)}


def changed(before: list[Array], inputs: list[Any]) -> dict[str, Array]:
    """The inputs that are no longer what they were."""
    after = [from_mx(x) for x in inputs]
    return {str(i): new for i, (old, new) in enumerate(zip(before, after)) if not new.same(old)}


# ---------------------------------------------------------------------------------------------- symbolic

def named(record: Record) -> dict[str, Any]:
    """The variables that a symbol is made of, in0, in1, ..., and their tensors: all but states that it makes itself."""
    return {f"in{i}": spec for i, spec in enumerate(record.tensors()[:len(record.tensors()) - record.states])}


def input_names(record: Record, symbol: Any) -> list[str]:
    """The names that a symbol's arguments and states have, in the order of the record's inputs."""
    given = list(named(record))
    return given + [name for name in symbol.list_auxiliary_states() if name not in given][:record.states]


def make_symbol(mx: Any, record: Record, count: int | None = None) -> Any:
    """The operator as one node over variables in0, in1, ... (the first `count` of them)."""
    inputs = [mx.sym.var(name) for name in named(record)]
    return call(function(mx.sym, record.op), record, inputs[:count], name=NODE)


def observe_symbol(mx: Any, record: Record) -> Note:
    symbol = make_symbol(mx, record)
    shapes = {name: spec.shape for name, spec in named(record).items()}
    types = {name: spec.dtype for name, spec in named(record).items()}
    note: Note = {
        "names": attempt(lambda: names_of(symbol)),
        "auto": attempt(lambda: names_of(make_symbol(mx, record, 1))),
        "shape": attempt(lambda: shapes_of(symbol.infer_shape(**shapes))),
        "type": attempt(lambda: types_of(symbol.infer_type(**types))),
    }
    if len(shapes) > 1:
        note["shape_first"] = attempt(lambda: shapes_of(symbol.infer_shape_partial(in0=shapes["in0"])))
        note["type_first"] = attempt(lambda: types_of(symbol.infer_type(in0=types["in0"])))
    if shapes and "error" not in note["shape"]:
        note["shape_back"] = attempt(lambda: shapes_of(from_outputs(mx, symbol, note["shape"]["outputs"])))
    return note


def attempt(run: Callable[[], Note]) -> Note:
    try:
        return run()
    except Exception as error:
        return failure(error)


def failure(error: BaseException) -> Note:
    return {"error": type(error).__name__}


def names_of(symbol: Any) -> Note:
    return {"arguments": symbol.list_arguments(), "outputs": symbol.list_outputs(),
            "aux": symbol.list_auxiliary_states()}


def shapes_of(inferred: Any) -> Note:
    """Shapes as lists; None where nothing could be inferred at all."""
    return {part: None if known is None else [list(shape) for shape in known]
            for part, known in zip(("arguments", "outputs", "aux"), inferred)}


def types_of(inferred: Any) -> Note:
    return {part: None if known is None else [dtype_name(kind) for kind in known]
            for part, known in zip(("arguments", "outputs", "aux"), inferred)}


def from_outputs(mx: Any, symbol: Any, shapes: list[list[int]]) -> Any:
    """Shapes inferred from the outputs alone: each is added to a variable whose shape is known."""
    probes = [mx.sym.var(f"probe{i}", shape=tuple(shape)) for i, shape in enumerate(shapes)]
    sums = [mx.sym.elemwise_add(symbol[i], probe) for i, probe in enumerate(probes)]
    arguments, _, aux = mx.sym.Group(sums).infer_shape_partial()
    names = mx.sym.Group(sums).list_arguments()
    own = [shape for name, shape in zip(names, arguments) if not name.startswith("probe")]
    return own, shapes, aux


def bind(mx: Any, record: Record, symbol: Any, grad_req: str,
         fill: float = FILL) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """An executor over the record's inputs, with the gradients asked for and the auxiliary states by name."""
    every = dict(zip(input_names(record, symbol), input_arrays(mx, record)))
    states = set(symbol.list_auxiliary_states())
    args = {name: x for name, x in every.items() if name not in states}
    wanted = {name for i, name in enumerate(every) if grad_req != "null" and name in args and record.wants_gradient(i)}
    grads = {name: to_mx(mx, np.full(args[name].shape, fill), dtype_name(args[name].dtype)) for name in wanted}
    aux = {name: x for name, x in every.items() if name in states}
    executor = symbol.bind(mx.cpu(), args, args_grad=grads, aux_states=aux,
                           grad_req={name: grad_req if name in wanted else "null" for name in args})
    return executor, grads, aux


def observe_train(mx: Any, record: Record) -> Note:
    symbol = make_symbol(mx, record)
    executor, _, aux = bind(mx, record, symbol, "null")
    executor.forward(is_train=True)
    return {"outputs": [from_mx(y) for y in executor.outputs], "aux": by_index(record, symbol, aux)}


def observe_grad(mx: Any, record: Record, grad_req: str = "write", fill: float = FILL) -> Note:
    symbol = make_symbol(mx, record)
    executor, grads, aux = bind(mx, record, symbol, grad_req, fill)
    executor.forward(is_train=True)
    outputs = [from_mx(y) for y in executor.outputs]
    executor.backward([to_mx(mx, head_gradient(record, i, y), y.dtype) for i, y in enumerate(outputs)])
    return {"grads": by_index(record, symbol, grads), "aux": by_index(record, symbol, aux)}


def by_index(record: Record, symbol: Any, arrays: dict[str, Any]) -> dict[str, Array]:
    """Keyed by the place of the input in the record."""
    return {str(i): from_mx(arrays[name]) for i, name in enumerate(input_names(record, symbol))
            if name in arrays}


STAGES: dict[str, Callable[..., Note]] = {
    "nd": observe_nd, "symbol": observe_symbol, "train": observe_train, "grad": observe_grad,
}


def stages(record: Record) -> list[str]:
    """The stages that apply. Without elements there is only the call: in a symbol's shapes, 0 means unknown."""
    if record.zero_size:
        return ["nd"]
    names = ["nd", "symbol"]
    if record.train:
        names.append("train")
        if any(record.wants_gradient(i) for i in range(len(record.tensors()))):
            names.append("grad")
    return names


def observe(mx: Any, record: Record, stage: str, **options: Any) -> Note:
    """One stage, with whatever it raises noted as its result."""
    return attempt(lambda: STAGES[stage](mx, record, **options))
