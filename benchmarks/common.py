# SPDX-License-Identifier: Apache-2.0
"""Side-by-side timing of this package, MXNet 1.9.1 and plain PyTorch.

A benchmark is a dict of cases by name; each case gives code for each side. The sides run in processes of their own,
in turn, round after round, so that what else the machine does falls on all of them; the best of the rounds counts. A
side's process runs one case after the other.

On a machine that is busy with other things, `--cpu` compares the processor time of one thread instead: several threads
of one program then wait for each other most of the time.
"""
from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = {"ours": ROOT / ".venv/bin/python", "torch": ROOT / ".venv/bin/python", "mxnet": ROOT / ".oracle/bin/python"}
ROUNDS = 5

RUNNER = """
import json, sys, time
for line in sys.stdin:
    if line.startswith("{"):
        case, space = json.loads(line), {}
        clock = time.process_time if case["cpu"] else time.perf_counter
        try:
            exec(case["setup"], space)
            run, done = space["run"], space.get("done", lambda: None)
            run(); done()
            start = clock(); run(); done(); once = clock() - start
            number = max(1, int(case["seconds"] / max(once, 1e-7)))
            print("ready", flush=True)
        except Exception as error:
            print("failed", repr(error)[:300].replace("\\n", " "), flush=True)
        continue
    start = clock()
    for _ in range(number):
        run()
    done()
    print((clock() - start) / number, flush=True)
"""
_processes: dict[tuple[str, bool], subprocess.Popen[str]] = {}


def process(side: str, cpu: bool) -> subprocess.Popen[str]:
    """The process of a side, which runs one case after the other."""
    if (side, cpu) not in _processes:
        one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"} if cpu else {}
        _processes[side, cpu] = subprocess.Popen(
            [str(PYTHON[side]), "-W", "ignore", "-c", RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=ROOT / "benchmarks", env={**os.environ, **one})
    return _processes[side, cpu]


def ask(side: str, cpu: bool, line: str) -> str:
    """Send a line, a case or "go", to a side's process; its answer is "ready", or the seconds."""
    running = process(side, cpu)
    assert running.stdin is not None and running.stdout is not None
    running.stdin.write(line + "\n")
    running.stdin.flush()
    answer = running.stdout.readline()
    while line != "go" and answer and not answer.startswith(("ready", "failed")):      # MXNet says things of its own
        answer = running.stdout.readline()
    if not answer or answer.startswith("failed"):
        print(f"{side}: {answer.strip() or 'its process has ended'}", file=sys.stderr)
    return answer.strip()


def measure(sides: dict[str, str], cpu: bool = False) -> dict[str, float]:
    """Seconds for one `run()` of each side; a side is code that defines `run` (and `done`, which waits).

    With `cpu`, seconds of processor time, with one thread.
    """
    seconds = 0.05 if cpu else 0.2
    present = [side for side, setup in sides.items() if PYTHON[side].exists() and ask(
        side, cpu, json.dumps({"setup": setup, "cpu": cpu, "seconds": seconds})) == "ready"]
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for side in present:
            found = float(ask(side, cpu, "go"))
            best[side] = min(best.get(side, found), found)
    return best


def table(cases: dict[str, dict[str, str]]) -> None:
    """Run all cases (or those named on the command line) and print times and ratios, and a summary.

    `--cpu` measures processor time, see above.
    """
    wanted = [word for word in sys.argv[1:] if word != "--cpu"]
    ratios: dict[str, list[float]] = {"MXNet/ours": [], "ours/torch": []}
    print(f"{'case':34} {'ours':>11} {'MXNet':>11} {'torch':>11} {'MXNet/ours':>11} {'ours/torch':>11}")
    for name, sides in cases.items():
        if wanted and not any(word in name for word in wanted):
            continue
        times = measure(sides, "--cpu" in sys.argv)
        ours, mxnet, torch = (times.get(side) for side in ("ours", "mxnet", "torch"))
        ratio = f"{mxnet / ours:10.2f}x" if ours and mxnet else f"{'-':>11}"
        above = f"{ours / torch:10.2f}x" if ours and torch else f"{'-':>11}"
        print(f"{name:34} {text(ours)} {text(mxnet)} {text(torch)} {ratio} {above}", flush=True)
        ratios["MXNet/ours"] += [mxnet / ours] if ours and mxnet else []
        ratios["ours/torch"] += [ours / torch] if ours and torch else []
    for what, found in ratios.items():
        if len(found) > 1:
            print(f"{what}: median {statistics.median(found):.2f}, from {min(found):.2f} to {max(found):.2f}")


def text(seconds: float | None) -> str:
    """A time in a fitting unit."""
    if seconds is None:
        return f"{'-':>11}"
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1 or unit == "us":
            return f"{seconds * scale:8.2f} {unit:2}"
    return ""
