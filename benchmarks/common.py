# SPDX-License-Identifier: Apache-2.0
"""Side-by-side timing of this package, MXNet 1.9.1 and plain PyTorch.

A benchmark is a dict of cases by name; each case gives code for each side. The sides run in processes of their own,
in turn, round after round, so that what else the machine does falls on all of them; the best of the rounds counts.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = {"ours": ROOT / ".venv/bin/python", "torch": ROOT / ".venv/bin/python", "mxnet": ROOT / ".oracle/bin/python"}
ROUNDS = 5

RUNNER = """
import json, sys, time
case = json.loads(sys.stdin.readline())
space = {}
exec(case["setup"], space)
run, done = space["run"], space.get("done", lambda: None)
run(); done()
start = time.perf_counter(); run(); done(); once = time.perf_counter() - start
number = max(1, int(0.2 / max(once, 1e-7)))
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(number):
        run()
    done()
    print((time.perf_counter() - start) / number, flush=True)
"""


def measure(sides: dict[str, str]) -> dict[str, float]:
    """Seconds for one `run()` of each side; a side is code that defines `run` (and `done`, which waits)."""
    processes = {}
    for side, setup in sides.items():
        if not PYTHON[side].exists():
            continue
        process = subprocess.Popen([str(PYTHON[side]), "-W", "ignore", "-c", RUNNER], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   cwd=ROOT / "benchmarks")
        process.stdin.write(json.dumps({"setup": setup}) + "\n")
        process.stdin.flush()
        while (line := process.stdout.readline()) not in ("ready\n", ""):
            continue
        if line:
            processes[side] = process
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for side, process in processes.items():
            process.stdin.write("go\n")
            process.stdin.flush()
            seconds = float(process.stdout.readline())
            best[side] = min(best.get(side, seconds), seconds)
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return best


def table(cases: dict[str, dict[str, str]]) -> None:
    """Run all cases (or those named on the command line) and print times and ratios."""
    wanted = sys.argv[1:]
    print(f"{'case':34} {'ours':>11} {'MXNet':>11} {'torch':>11} {'MXNet/ours':>11} {'ours/torch':>11}")
    for name, sides in cases.items():
        if wanted and not any(word in name for word in wanted):
            continue
        times = measure(sides)
        ours, mxnet, torch = (times.get(side) for side in ("ours", "mxnet", "torch"))
        ratio = f"{mxnet / ours:10.2f}x" if ours and mxnet else f"{'-':>11}"
        above = f"{ours / torch:10.2f}x" if ours and torch else f"{'-':>11}"
        print(f"{name:34} {text(ours)} {text(mxnet)} {text(torch)} {ratio} {above}", flush=True)


def text(seconds: float | None) -> str:
    """A time in a fitting unit."""
    if seconds is None:
        return f"{'-':>11}"
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1 or unit == "us":
            return f"{seconds * scale:8.2f} {unit:2}"
    return ""
