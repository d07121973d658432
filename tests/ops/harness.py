# SPDX-License-Identifier: Apache-2.0
"""Replays the recordings of MXNet 1.9.1: one record is run on an implementation, in parts, and compared.

`check(mx, case, notes)` gives the differences as sentences. Each part is a generator of such sentences in `CHECKS`;
a part raises what the implementation raises, and `check` turns that into a sentence too. Nothing here knows of torch,
and only the part "layout" of this package's arrays. Run as a script with the oracle's Python
(`harness.py [family ...]`) it holds MXNet against its own recordings, which proves the harness.
"""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "golden")]

import comparison  # noqa: E402
import observe  # noqa: E402
from samples import FLOATS, Bad, Case, Record, cases, families, tolerances  # noqa: E402

Note = dict[str, Any]
PROCESS_LOST = ("crash", "hang")
OURS_ONLY = {"layout": "only this package can make such arrays", "add": "some of MXNet's layers overwrite all the same"}


class Replay:
    """One case with its recording, the implementation, and what the parts share."""

    def __init__(self, mx: Any, case: Case, notes: Note) -> None:
        self.mx = mx
        self.record: Record = case.record
        self.notes = notes
        self.tolerances = comparison.tolerances_of(case.record, tolerances(case.family))
        self.ours = observe.is_ours(mx)

    def has(self, stage: str) -> bool:
        """Whether there is a result of MXNet to compare with."""
        return "error" not in self.notes.get(stage, {"error": "not run"})

    def same_outputs(self, what: str, got: list[observe.Array], stage: str) -> list[str]:
        return comparison.many(what, got, self.notes[stage]["outputs"], self.tolerances,
                               shapeless=self.record.zero_size)


# ---------------------------------------------------------------------------------------------- the parts

def check_nd(run: Replay) -> Iterator[str]:
    """The outputs of the call."""
    yield from run.same_outputs("output", observe.observe_nd(run.mx, run.record)["outputs"], "nd")


def check_changed(run: Replay) -> Iterator[str]:
    """The call changes those inputs that MXNet changes, in the same way, and no other."""
    note = observe.observe_nd(run.mx, run.record)
    yield from comparison.keyed("changed value", note["changed"], run.notes["nd"]["changed"], run.tolerances)


def check_out(run: Replay) -> Iterator[str]:
    """`out=` writes into given arrays and returns them; also when the output goes into the first input."""
    if run.record.zero_size or run.record.out:
        return
    fn = observe.function(run.mx.nd, run.record.op)
    wants = run.notes["nd"]["outputs"]
    given = [observe.to_mx(run.mx, np.full(want.shape, 7), want.dtype) for want in wants]
    returned = observe.as_list(observe.call(fn, run.record, observe.input_arrays(run.mx, run.record),
                                            out=given if len(given) > 1 else given[0]))
    if len(returned) != len(given) or any(a is not b for a, b in zip(returned, given)):
        yield "out=: what is returned is not what was given"
    yield from run.same_outputs("out=", [observe.from_mx(x) for x in given], "nd")
    if run.ours and len(wants) == 1 and run.record.tensors():
        first = run.record.tensors()[0]
        if (first.shape, first.dtype) == (wants[0].shape, wants[0].dtype):
            inputs = observe.input_arrays(run.mx, run.record)
            observe.call(fn, run.record, inputs, out=inputs[0])
            yield from run.same_outputs("out=first input", [observe.from_mx(inputs[0])], "nd")


def check_layout(run: Replay) -> Iterator[str]:
    """Inputs whose elements do not lie one after another give the same result."""
    if run.record.out or not any(len(spec.shape) > 1 for spec in run.record.tensors()):
        return
    inputs = [strided(run.mx, x) for x in observe.input_arrays(run.mx, run.record)]
    outputs = observe.as_list(observe.call(observe.function(run.mx.nd, run.record.op), run.record, inputs))
    yield from run.same_outputs("non-contiguous inputs: output", [observe.from_mx(y) for y in outputs], "nd")


def strided(mx: Any, array: Any) -> Any:
    """The same array on storage that is transposed and has gaps."""
    tensor = array._tensor
    wide = tensor.new_empty((*reversed(tensor.shape), 2))
    view = wide[..., 1].permute(*reversed(range(tensor.dim())))
    view.copy_(tensor)
    return mx.ndarray.handle.wrap(view, array.context)


def check_symbol(run: Replay) -> Iterator[str]:
    """Forward of the bound symbol in prediction mode gives what the call gives."""
    executor, _, _ = observe.bind(run.mx, run.record, observe.make_symbol(run.mx, run.record), "null")
    executor.forward(is_train=False)
    yield from run.same_outputs("symbol: output", [observe.from_mx(y) for y in executor.outputs], "nd")


def check_names(run: Replay) -> Iterator[str]:
    """Names of arguments, outputs and states, given and made by itself."""
    for key, count in (("names", None), ("auto", 1)):
        want = run.notes["symbol"][key]
        if "error" in want:
            continue
        got = observe.names_of(observe.make_symbol(run.mx, run.record, count))
        for part in want:
            if got[part] != want[part]:
                yield f"symbol of {'all inputs' if count is None else 'one input'}: {part} are {got[part]}, " \
                      f"in MXNet {want[part]}"


def check_shape(run: Replay) -> Iterator[str]:
    yield from check_inference(run, "shape")


def check_type(run: Replay) -> Iterator[str]:
    yield from check_inference(run, "type")


def check_inference(run: Replay, kind: str) -> Iterator[str]:
    """Inference from all inputs, from the first, and (shapes) from the outputs."""
    wanted = run.notes["symbol"]
    got = observe.observe_symbol(run.mx, run.record)
    truth = wanted[kind] if run.ours and "error" not in wanted[kind] else None      # MXNet does guess wrong
    for key, what in ((kind, "all inputs"), (f"{kind}_first", "the first input"), (f"{kind}_back", "the outputs")):
        want = wanted.get(key, {"error": "not run"})
        if "error" in want:
            continue
        if key not in got:
            continue        # nothing came of `kind`, which is told above
        if "error" in got[key]:
            yield f"{kind} from {what}: {got[key]['error']} is raised, MXNet infers {want}"
        else:
            yield from comparison.inferred(f"{kind} from {what}", got[key], want, truth)


def check_json(run: Replay) -> Iterator[str]:
    """A symbol that went through JSON is the same symbol."""
    symbol = observe.make_symbol(run.mx, run.record)
    text = symbol.tojson()
    loaded = run.mx.sym.load_json(text)
    if loaded.tojson() != text:
        yield "JSON: saving what was loaded gives another text"
    if observe.names_of(loaded) != observe.names_of(symbol):
        yield f"JSON: names are {observe.names_of(loaded)}, and were {observe.names_of(symbol)}"
    shapes = {name: spec.shape for name, spec in observe.named(run.record).items()}
    before, after = (observe.attempt(lambda s=s: observe.shapes_of(s.infer_shape(**shapes))) for s in (symbol, loaded))
    if before != after:
        yield f"JSON: shapes are {after}, and were {before}"


def check_train(run: Replay) -> Iterator[str]:
    note = observe.observe_train(run.mx, run.record)
    yield from run.same_outputs("training: output", note["outputs"], "train")
    yield from comparison.keyed("state after forward", note["aux"], run.notes["train"]["aux"], run.tolerances)


def check_grad(run: Replay) -> Iterator[str]:
    note = observe.observe_grad(run.mx, run.record)
    yield from comparison.keyed("gradient", note["grads"], run.notes["grad"]["grads"], run.tolerances)
    yield from comparison.keyed("state after backward", note["aux"], run.notes["grad"]["aux"], run.tolerances)


def check_add(run: Replay) -> Iterator[str]:
    """`grad_req="add"` adds the gradient to what the array holds."""
    if run.record.random:
        return
    added = observe.observe_grad(run.mx, run.record, "add")["grads"]
    for key, want in run.notes["grad"]["grads"].items():
        if want.values is None:
            continue
        rtol, atol = run.tolerances[want.dtype]
        got = comparison.sample_of(added[key].values).astype("float64")
        with np.errstate(over="ignore"):        # the sum has to fit the element type
            total = (want.values.astype("float64") + observe.FILL).astype(got_type(want.dtype)).astype("float64")
        difference = comparison.values(got, total, rtol, atol + rtol * observe.FILL)
        if difference:
            yield f"gradient added to {observe.FILL} for input {key}: {difference}"


def got_type(dtype: str) -> str:
    return "float32" if dtype == "bfloat16" else dtype


def check_record(run: Replay) -> Iterator[str]:
    """The same gradients come through `autograd.record()`."""
    autograd = getattr(run.mx, "autograd", None)
    wanted = [i for i in range(len(run.record.tensors())) if run.record.wants_gradient(i)
              and str(i) in run.notes["grad"]["grads"]]
    if autograd is None:
        return
    inputs = observe.input_arrays(run.mx, run.record)
    for i in wanted:
        inputs[i].attach_grad()
    with autograd.record():
        outputs = observe.as_list(observe.call(observe.function(run.mx.nd, run.record.op), run.record, inputs))
    results = [observe.from_mx(y) for y in outputs]
    yield from run.same_outputs("recorded: output", results, "train")
    floating = [i for i, y in enumerate(results) if y.dtype in FLOATS]
    if not floating:
        return      # the tape holds nothing for whole numbers
    heads = [observe.to_mx(run.mx, observe.head_gradient(run.record, i, results[i]), results[i].dtype)
             for i in floating]
    autograd.backward([outputs[i] for i in floating], heads)
    got = {str(i): observe.from_mx(inputs[i].grad) for i in wanted}
    want = {str(i): run.notes["grad"]["grads"][str(i)] for i in wanted}
    yield from comparison.keyed("recorded gradient", got, want, run.tolerances)


# part: (stages of MXNet that it needs, check)
CHECKS: dict[str, Any] = {
    "nd": (("nd",), check_nd), "changed": (("nd",), check_changed), "out": (("nd",), check_out),
    "layout": (("nd",), check_layout), "symbol": (("nd", "train"), check_symbol), "names": (("symbol",), check_names),
    "shape": (("symbol",), check_shape), "type": (("symbol",), check_type), "json": (("symbol",), check_json),
    "train": (("train",), check_train), "grad": (("grad",), check_grad), "add": (("grad",), check_add),
    "record": (("nd", "train", "grad"), check_record),
}
# part: the part whose numbers it compares once more; it is left out with that part, or when that part differs
REPEATS = {"changed": "nd", "out": "nd", "layout": "nd", "symbol": "nd", "add": "grad", "record": "grad"}


# ---------------------------------------------------------------------------------------------- the verdict

def check(mx: Any, case: Case, notes: Note) -> list[str]:
    """All differences between the implementation and the recording."""
    run = Replay(mx, case, notes)
    if isinstance(case.record, Bad):
        return refusals(run)
    found = {"call": [] if run.has("nd") else failed_in_mxnet(run)}
    if run.has("nd") or run.has("train"):       # of what fails both ways, the symbol's names and shapes are no promise
        for part, (needed, part_check) in CHECKS.items():
            base = REPEATS.get(part, part)
            left_out = {part, base} & case.record.skip.keys() or (part in OURS_ONLY and not run.ours)
            if not left_out and not found.get(base) and all(map(run.has, needed)):
                found[part] = guarded(part, lambda part_check=part_check: part_check(run))
    return [line for lines in found.values() for line in lines]


def guarded(part: str, differences: Callable[[], Iterator[str]]) -> list[str]:
    found: list[str] = []
    try:
        for line in differences():
            found.append(line)
    except Exception as error:
        found.append(f"{part}: raises {type(error).__name__}: {str(error).strip()[:600]}")
    return found


def raised(mx: Any, run: Callable[[], Any]) -> Any:
    """The MXNetError that comes, None when nothing does, or a sentence about an error of another class."""
    try:
        run()
    except mx.base.MXNetError as error:
        return error
    except Exception as error:
        return f"{type(error).__name__} is raised, and is no MXNetError: {error}"
    return None


def refusals(run: Replay) -> list[str]:
    """A bad call is refused in words that match, and its symbol is refused when built, inferred, bound or run."""
    record = run.record
    wrong: list[str] = []
    if "nd" not in record.skip:
        error = raised(run.mx, lambda: observe.observe_nd(run.mx, record))
        if error is None:
            wrong.append("nothing is raised")
        elif isinstance(error, str):
            wrong.append(error)
        elif run.ours and not re.search(record.match, str(error)):
            wrong.append(f"the message does not match {record.match!r}: {error}")
    if "symbol" not in record.skip and not any(0 in spec.shape for spec in record.tensors()):
        error = raised(run.mx, lambda: observe.observe_train(run.mx, record))
        if error is None or isinstance(error, str):
            wrong.append(f"symbol: {error or 'nothing is raised'}")
    return wrong


def failed_in_mxnet(run: Replay) -> list[str]:
    """Where MXNet refuses, we refuse with an MXNetError. Where its symbol works, where it crashes, or for a reason
    given, we may work."""
    error = raised(run.mx, lambda: observe.observe_nd(run.mx, run.record))
    may_work = run.record.ours_ok or run.notes["nd"]["error"] in PROCESS_LOST or run.has("train")
    if isinstance(error, str):
        return [error]
    return [] if error is not None or may_work else ["nothing is raised, and MXNet refuses (ours_ok='why' allows it)"]


def main() -> None:
    """Hold the oracle against its own recordings."""
    root = Path(__file__).resolve().parent.parent.parent
    sys.path[:] = [p for p in sys.path if p and Path(p).resolve() != root]
    import store

    import mxnet as mx
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)        # MXNet logs every bind
    for family in sys.argv[1:] or families():
        notes = store.load(family)
        for case in cases(family):
            if any(note.get("error") in PROCESS_LOST for note in notes[case.record.digest()].values()):
                continue
            for line in check(mx, case, notes[case.record.digest()]):
                print(f"{case.id}: {line}")


if __name__ == "__main__":
    main()
