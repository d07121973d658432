# SPDX-License-Identifier: Apache-2.0
"""Records what MXNet 1.9.1 does for the samples of `tests/ops/samples`: `record.py [--all] [family ...]`.

Run by the oracle's Python (`make golden`). Without names every family is looked at. Records that are new or have
changed are run, those that are gone are dropped, the rest stays as it is; `--all` runs everything again.
`--show ID` prints one record's run, with MXNet's own error messages (which are not stored), and writes nothing.

MXNet runs in a worker process, since some calls crash or hang it: the stage in question is noted as "crash" or "hang",
and a new worker goes on with the next. Every stage runs twice, on memory with other contents and other random numbers:
what differs is not MXNet's answer, and is stored without values.
"""
from __future__ import annotations

import argparse
import ctypes
import json
import os
import pickle
import select
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# the package in this checkout must not stand in for the oracle
sys.path[:] = [str(HERE), str(HERE.parent / "ops")] + [p for p in sys.path if p and Path(p).resolve() != ROOT]

import observe  # noqa: E402
import samples  # noqa: E402
import store  # noqa: E402

TIMEOUT = 60.0
MALLOC_FILL = -6        # glibc's M_PERTURB: fresh and freed memory is filled with a byte
Job = tuple[int, str]


# ---------------------------------------------------------------------------------------------- in the worker

def import_oracle() -> Any:
    import mxnet as mx
    if mx.__version__ != "1.9.1" or ROOT / "mxnet" in Path(mx.__file__).resolve().parents:
        raise SystemExit(f"MXNet 1.9.1 is needed, and {mx.__file__} is {mx.__version__}: run make oracle")
    return mx


def run_stage(mx: Any, record: Any, stage: str) -> dict[str, Any]:
    """The note of a stage, storable; `unstable` says that runs differ in a record that is not marked as random."""
    notes = []
    for turn in range(6 if record.random else 2):
        disturb(turn)
        if record.random:       # for who marks nothing the generators go on by themselves; seeding them is slow
            mx.random.seed(turn + 1)
        options = {"fill": observe.FILL + turn} if stage == "grad" else {}
        notes.append(observe.observe(mx, record, stage, **options))
        if "error" in notes[-1]:        # it may refuse at some of the runs only
            return notes[-1]
    merged, stable = merge(notes)
    if not stable and not record.random:
        merged["unstable"] = True
    return merged


def disturb(turn: int) -> None:
    """Other contents in fresh memory."""
    ctypes.CDLL(None).mallopt(MALLOC_FILL, 0x55 + 0x21 * turn)


def merge(notes: list[Any]) -> tuple[Any, bool]:
    """Several runs as one: arrays that are not alike in all of them lose their values."""
    first = notes[0]
    if isinstance(first, observe.Array):
        stable = all(isinstance(other, observe.Array) and first.same(other) for other in notes)
        return store.Recorded.of(first.dtype, first.values, stable), stable
    if isinstance(first, dict):
        keys = [key for key in first if all(isinstance(other, dict) and key in other for other in notes)]
        parts = {key: merge([other[key] for other in notes]) for key in keys}
        alike = len({frozenset(other) if isinstance(other, dict) else None for other in notes}) == 1
        return {key: part for key, (part, _) in parts.items()}, alike and all(ok for _, ok in parts.values())
    if isinstance(first, list) and all(isinstance(other, list) and len(other) == len(first) for other in notes):
        items = [merge(list(group)) for group in zip(*notes)]
        return [item for item, _ in items], all(ok for _, ok in items)
    return first, all(other == first for other in notes)


def work(family: str) -> None:
    """Read jobs from standard input, write one framed pickle for each to what was standard output."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)       # MXNet prints
    cases = samples.cases(family)
    mx = import_oracle()
    explain = sys.argv[-1] == "--explain"
    for index, stage in json.load(sys.stdin):
        note = run_stage(mx, cases[index].record, stage)
        if "error" in note:
            note["message"] = message_of(mx, cases[index].record, stage, explain)
        frame = pickle.dumps(note)
        out.write(struct.pack("<Q", len(frame)) + frame)
        out.flush()


def message_of(mx: Any, record: Any, stage: str, explain: bool) -> str:
    """What MXNet says: for the eyes of who writes samples."""
    try:
        observe.STAGES[stage](mx, record)
    except Exception as error:
        return traceback.format_exc() if explain else brief(str(error))
    return ""


def brief(message: str) -> str:
    """The line of MXNet's message that says something."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "Check failed" in line or ("Error" in line and "Traceback" not in line)]
    return (telling or lines or [""])[-1][:160]


# ---------------------------------------------------------------------------------------------- in the parent

def run_jobs(family: str, jobs: list[Job], explain: bool = False) -> Iterator[tuple[Job, dict[str, Any]]]:
    """The notes of all jobs in turn, over as many workers as it takes."""
    command = [sys.executable, str(HERE / "record.py"), "--worker", family] + ["--explain"] * explain
    environment = dict(os.environ, OMP_NUM_THREADS="1", MXNET_CPU_WORKER_NTHREADS="1", PYTHONPATH="",
                       MXNET_SUBGRAPH_BACKEND="NONE")
    while jobs:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=str(HERE), env=environment,
                              stderr=None if explain else subprocess.DEVNULL) as worker:
            worker.stdin.write(json.dumps(jobs).encode())
            worker.stdin.close()
            started = False
            while jobs:
                note, how = read_note(worker)
                if note is None and not started and how == "crash" and not can_import():
                    raise SystemExit("the oracle does not start: see the message above, and make oracle")
                started = True
                yield jobs.pop(0), {"error": how} if note is None else note
                if note is None:
                    worker.kill()
                    break


def can_import() -> bool:
    """Whether a worker that died at once died of its first job, and not before."""
    return subprocess.run([sys.executable, "-c", "import mxnet"], cwd=str(HERE)).returncode == 0


def read_note(worker: subprocess.Popen) -> tuple[Any, str]:
    """The next note, or None and what happened instead."""
    header, how = read_exactly(worker, 8)
    if len(header) < 8:
        return None, how
    body, how = read_exactly(worker, struct.unpack("<Q", header)[0])
    return pickle.loads(body), ""       # written by our own worker


def read_exactly(worker: subprocess.Popen, size: int) -> tuple[bytes, str]:
    data = b""
    deadline = time.monotonic() + TIMEOUT
    while len(data) < size:
        ready, _, _ = select.select([worker.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return b"", "hang"
        chunk = os.read(worker.stdout.fileno(), size - len(data))
        if not chunk:
            return b"", "crash"
        data += chunk
    return data, ""


def record_family(family: str, everything: bool) -> bool:
    """Bring the recordings of one family up to date, and report what the author of its samples should look at."""
    cases = samples.cases(family)
    known = {} if everything else store.load(family)
    notes: dict[str, Any] = {}
    jobs: list[Job] = []
    for index, case in enumerate(cases):
        digest = case.record.digest()
        if digest in known:
            notes[digest] = known[digest]
        elif digest not in notes:       # a Bad and a Sample of one call share their recording
            notes[digest] = {}
            jobs += [(index, stage) for stage in observe.stages(case.record)]
    count = len(jobs)
    run_again = {index for index, _ in jobs}
    for done, ((index, stage), note) in enumerate(run_jobs(family, jobs)):
        notes[cases[index].record.digest()][stage] = note
        if done % 200 == 199:
            print(f"{family}: {done + 1} of {count} stages", file=sys.stderr)
    for index in sorted(run_again):
        if isinstance(cases[index].record, samples.Sample):
            settle(family, index, notes[cases[index].record.digest()])
        report(cases[index], notes[cases[index].record.digest()])
    warn_of_accepted(cases, notes)
    written = store.save(family, notes)
    size = f"{store.path_of(family).stat().st_size / 1024:.0f} KiB"
    print(f"{family}: {len(cases)} records, {count} stages run, {size}{'' if written else ', unchanged'}")
    return written


def settle(family: str, index: int, note: dict[str, Any]) -> None:
    """Run a stage that failed where its siblings do not once more, alone: what came before in the same process can
    leave MXNet in a state in which it refuses a call that it takes."""
    for stage in doubtful(note):
        (_, again), = run_jobs(family, [(index, stage)])
        if "error" not in again:
            note[stage] = again


def doubtful(note: dict[str, Any]) -> list[str]:
    """Stages whose failure does not agree with the others."""
    failed = {stage for stage, result in note.items() if "error" in result}
    if set(note) == {"nd"}:
        return sorted(failed)
    if "nd" in failed:
        return [] if "train" in failed else ["nd"]
    if "train" in failed:
        return [] if "symbol" in failed else ["train"]
    known = not_differentiable(note.get("grad", {}))
    return ["grad"] if "grad" in failed and not known else []


def not_differentiable(result: dict[str, Any]) -> bool:
    """MXNet names what an operator without a gradient lacks."""
    return "FGradient" in result.get("message", "")


def report(case: Any, note: dict[str, Any]) -> None:
    """Print what the author should know of, and drop the messages, which are not stored."""
    told = isinstance(case.record, samples.Bad)
    for stage, result in note.items():
        if result.get("error") == "LookupError":
            raise SystemExit(f"{case.id}: {result['message']}")
        if "error" in result and not told and not not_differentiable(result):
            print(f"  {case.id}: {stage} fails in MXNet: {result['error']} {result.get('message', '')}")
            told = True         # of several failing stages the first is enough
        if result.get("unstable"):
            print(f"  {case.id}: {stage}: MXNet does not repeat an array (random, or left unwritten): no values stored")
        result.pop("message", None)


def warn_of_accepted(cases: list[Any], notes: dict[str, Any]) -> None:
    for case in cases:
        if isinstance(case.record, samples.Bad) and "error" not in notes[case.record.digest()].get("nd", {}):
            print(f"  {case.id}: warning: MXNet accepts this, and we are to refuse it")


def show(wanted: str) -> None:
    """Run one record and print everything."""
    for family in samples.families():
        if not wanted.startswith(family + "-"):
            continue
        for index, case in enumerate(samples.cases(family)):
            if case.id == wanted:
                print(case.record)
                for x in case.record.arrays():
                    print("input", x.dtype, x.shape, x, sep="\n")
                for (_, stage), note in run_jobs(family, [(index, s) for s in observe.stages(case.record)], True):
                    print(f"--- {stage}", *(f"{k}: {v}" for k, v in note.items()), sep="\n")
                return
    raise SystemExit(f"no record {wanted!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what MXNet 1.9.1 does for the samples.")
    parser.add_argument("families", nargs="*", help="sample files, without .py (default: all)")
    parser.add_argument("--all", action="store_true", help="run everything again, not only what is new or changed")
    parser.add_argument("--show", metavar="ID", help="print the run of one record, for example pilot-sin-00")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--explain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker)
    if options.show:
        return show(options.show)
    unknown = set(options.families) - set(samples.families())
    if unknown:
        raise SystemExit(f"no samples {', '.join(sorted(unknown))}; there are {', '.join(samples.families())}")
    for family in options.families or samples.families():
        record_family(family, options.all)
    if not options.families:
        for path in sorted(HERE.glob("*.zip")):
            if path.stem not in samples.families():
                print(f"{path.stem}: dropped, it has no samples any more")
                path.unlink()
    total = sum(path.stat().st_size for path in HERE.glob("*.zip"))
    print(f"all recordings: {total / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
