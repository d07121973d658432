# SPDX-License-Identifier: Apache-2.0
"""A process that runs records on MXNet 1.9.1 as they come, and the client that keeps such a process alive.

Requests and notes are framed pickles, a stage at a time, so that a call that crashes or hangs the process costs that
stage only. What a stage notes is the recorder's (`tests/golden/record.py`): run twice, unrepeatable arrays without
values. The recorder's last two stages are one here (`both`), which binds a symbol half as often.
"""
from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
PYTHON = ROOT / ".oracle/bin/python"
LIFE = 4000     # stages after which a process is replaced: MXNet keeps every symbol's memory
PIPE = 60_000   # bytes under way at most; a pipe of Linux holds 65,536

WITHOUT_SYMBOL = {"reset_arrays"}       # making a symbol without outputs ends the process
STAGES_OF = {"both": ("train", "grad")}

sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "golden")]

import observe  # noqa: E402
import record as recorder  # noqa: E402

recorder.TIMEOUT = 20.0


def serve() -> None:
    """Answer requests from standard input until it is closed."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)       # MXNet prints
    mx = recorder.import_oracle()
    while len(header := sys.stdin.buffer.read(8)) == 8:
        record, stage = pickle.loads(sys.stdin.buffer.read(struct.unpack("<Q", header)[0]))     # our own parent's
        frame = pickle.dumps(answer(mx, record, stage))
        out.write(struct.pack("<Q", len(frame)) + frame)
        out.flush()


def answer(mx: Any, record: Any, stage: str) -> dict[str, Any]:
    """The notes of a stage by name; both of the stages that a bound symbol has for "both"."""
    if stage == "both":
        with contextlib.suppress(Exception):
            return run_both(mx, record)
    notes = {name: recorder.run_stage(mx, record, name) for name in STAGES_OF.get(stage, (stage,))}
    for name, note in notes.items():
        if "error" in note:
            note["message"] = recorder.message_of(mx, record, name, False)
    return notes


def run_both(mx: Any, record: Any) -> dict[str, Any]:
    """Forward in training mode and backward, each time in one go."""
    notes = []
    for turn in range(2):
        recorder.disturb(turn)
        symbol = observe.make_symbol(mx, record)
        executor, grads, aux = observe.bind(mx, record, symbol, "write", observe.FILL + turn)
        executor.forward(is_train=True)
        outputs = [observe.from_mx(y) for y in executor.outputs]
        train = {"outputs": outputs, "aux": observe.by_index(record, symbol, aux)}
        executor.backward([observe.to_mx(mx, observe.head_gradient(record, i, y), y.dtype)
                           for i, y in enumerate(outputs)])
        notes.append({"train": train, "grad": {"grads": observe.by_index(record, symbol, grads),
                                               "aux": observe.by_index(record, symbol, aux)}})
    return recorder.merge(notes)[0]


def asked(record: Any) -> list[str]:
    """The stages to ask for."""
    stages = ["nd"] if record.op in WITHOUT_SYMBOL else observe.stages(record)
    return ["nd", "symbol", "both"] if "grad" in stages and not record.random else stages


class Job(NamedTuple):
    """A stage that was asked for: of the record with this number, and what is written to the process."""

    number: int
    stage: str
    frame: bytes


class Oracle:
    """MXNet 1.9.1 in a process of its own, started when needed and again after it dies.

    Records are submitted ahead of the time at which their notes are collected, so that MXNet runs the next ones
    while this process compares. What lies in the pipe unread is kept below its capacity: writing never waits for a
    process that itself waits for its answers to be read.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.jobs: deque[Job] = deque()     # in order; the first `sent` of them have been written
        self.sent = self.stages = self.submitted = 0

    def notes(self, record: Any) -> dict[str, Any]:
        """The notes of all stages of a record; nothing else may be under way."""
        assert not self.jobs
        self.submit(record)
        return self.collect()

    def submit(self, record: Any) -> None:
        """Ask for a record, whose notes `collect` gives in turn."""
        self.submitted += 1
        for stage in asked(record):
            body = pickle.dumps((record, stage))
            self.jobs.append(Job(self.submitted, stage, struct.pack("<Q", len(body)) + body))
        self._send()

    def collect(self) -> dict[str, Any]:
        """The notes of all stages of the oldest record that was submitted."""
        number = self.jobs[0].number
        found: dict[str, Any] = {}
        while self.jobs and self.jobs[0].number == number:
            self._send()
            note, how = recorder.read_note(self.process)
            stage = self.jobs.popleft().stage
            found |= {name: {"error": how} for name in STAGES_OF.get(stage, (stage,))} if note is None else note
            self.sent -= 1
            if note is None:
                self.close()
        return found

    def _send(self) -> None:
        """Write the jobs that fit into the pipe."""
        waiting = sum(len(job.frame) for job in itertools.islice(self.jobs, self.sent))
        while self.sent < len(self.jobs):
            frame = self.jobs[self.sent].frame
            if self.sent and (waiting + len(frame) > PIPE or self.stages >= LIFE):
                return
            if self.process is None or self.stages >= LIFE:
                self.restart()
            assert self.process is not None and self.process.stdin is not None
            try:
                self.process.stdin.write(frame)
            except BrokenPipeError:     # it died; whoever reads finds that out
                if not self.sent:
                    self.close()
                    continue
                return
            waiting += len(frame)
            self.sent += 1
            self.stages += 1

    def restart(self) -> None:
        self.close()
        environment = dict(os.environ, OMP_NUM_THREADS="1", MXNET_CPU_WORKER_NTHREADS="1", PYTHONPATH="",
                           MXNET_SUBGRAPH_BACKEND="NONE")
        self.process = subprocess.Popen([str(PYTHON), str(HERE / "oracle.py")], stdin=subprocess.PIPE, bufsize=0,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=HERE, env=environment)

    def close(self) -> None:
        """End the process. What it was sent and has not answered will be sent to the next one."""
        self.sent = self.stages = 0
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


if __name__ == "__main__":
    serve()
