# SPDX-License-Identifier: Apache-2.0
"""A process that runs records on MXNet 1.9.1 as they come, and the client that keeps such a process alive.

Requests and notes are framed pickles, a stage at a time, so that a call that crashes or hangs the process costs that
stage only. What a stage notes is the recorder's (`tests/golden/record.py`): run twice, unrepeatable arrays without
values.
"""
from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
PYTHON = ROOT / ".oracle/bin/python"
LIFE = 4000     # stages after which a process is replaced: MXNet keeps every symbol's memory

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
        note = recorder.run_stage(mx, record, stage)
        if "error" in note:
            note["message"] = recorder.message_of(mx, record, stage, False)
        frame = pickle.dumps(note)
        out.write(struct.pack("<Q", len(frame)) + frame)
        out.flush()


class Oracle:
    """MXNet 1.9.1 in a process of its own, started when needed and again after it dies."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.stages = 0

    def notes(self, record: Any) -> dict[str, Any]:
        """The notes of all stages of a record."""
        return {stage: self.ask(record, stage) for stage in observe.stages(record)}

    def ask(self, record: Any, stage: str) -> dict[str, Any]:
        if self.process is None or self.stages >= LIFE:
            self.restart()
        assert self.process is not None and self.process.stdin is not None
        self.stages += 1
        frame = pickle.dumps((record, stage))
        self.process.stdin.write(struct.pack("<Q", len(frame)) + frame)
        self.process.stdin.flush()
        note, how = recorder.read_note(self.process)
        if note is None:
            self.close()
            return {"error": how}
        return note

    def restart(self) -> None:
        self.close()
        environment = dict(os.environ, OMP_NUM_THREADS="1", MXNET_CPU_WORKER_NTHREADS="1", PYTHONPATH="",
                           MXNET_SUBGRAPH_BACKEND="NONE")
        self.process = subprocess.Popen([str(PYTHON), str(HERE / "oracle.py")], stdin=subprocess.PIPE, bufsize=0,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=HERE, env=environment)
        self.stages = 0

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


if __name__ == "__main__":
    serve()
