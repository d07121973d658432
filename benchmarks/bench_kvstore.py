# SPDX-License-Identifier: Apache-2.0
"""push + pull of ResNet-50's parameters: local stores against MXNet's, `dist_sync` against MXNet's and bare gloo.

161 arrays, 25.6 million floats. All sides of a case are alive at once and take turns, round after round; the best of
the rounds counts, and for several processes the slowest of them in each round. MXNet's distributed store runs with its
own scheduler and as many servers as workers, which is its tracker's default.

    python benchmarks/bench_kvstore.py [WORD OF A CASE ...] [--json FILE]
"""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field

from common import PYTHON, ROOT, text

ROUNDS = 30

SHAPES = '''
def resnet50():
    shapes = [(64, 3, 7, 7), (64,), (64,)]
    before = 64
    for width, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for unit in range(count):
            for shape in ((width, before, 1, 1), (width, width, 3, 3), (width * 4, width, 1, 1)):
                shapes += [shape, shape[:1], shape[:1]]
            if unit == 0:
                shapes += [(width * 4, before, 1, 1), (width * 4,), (width * 4,)]
            before = width * 4
    return shapes + [(1000, 2048), (1000,)]
SHAPES = resnet50()
KEYS = list(range(len(SHAPES)))
'''
STORE = SHAPES + '''
import mxnet as mx
kv = mx.kv.create(KIND)
kv.init(KEYS, [mx.nd.zeros(shape) for shape in SHAPES])
def arrays():
    return [[mx.nd.ones(shape, ctx=mx.cpu(i)) for i in range(CONTEXTS)] for shape in SHAPES]
grads, outs = arrays(), arrays()
def run():
    kv.push(KEYS, grads)
    kv.pull(KEYS, out=outs)
    mx.nd.waitall()
'''
BARE = SHAPES + '''
import math, os, torch, torch.distributed as dist
os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
dist.init_process_group("gloo")
flat = torch.ones(sum(math.prod(shape) for shape in SHAPES))
def run():
    dist.all_reduce(flat)
'''
RUNNER = '''
import json, sys, time
case = json.loads(sys.stdin.readline())
space = dict(case["names"])
exec(case["code"], space)
for _ in range(2):
    space["run"]()
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    space["run"]()
    print(time.perf_counter() - start, flush=True)
'''


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Side:
    """The processes of one side of a case; `workers` are told when to run."""

    python: str
    code: str
    names: dict[str, object]
    workers: list[dict[str, str]] = field(default_factory=lambda: [{}])
    others: list[dict[str, str]] = field(default_factory=list)
    best: float = float("inf")

    def start(self) -> None:
        command = [str(PYTHON[self.python]), "-W", "ignore", "-c", RUNNER]
        case = json.dumps({"code": self.code, "names": self.names}) + "\n"
        inherited = {name: value for name, value in os.environ.items()     # a PYTHONPATH is for this package
                     if name != "PYTHONPATH" or self.python != "mxnet"}
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True, cwd=ROOT / "benchmarks", env={**inherited, **env})
            for env in self.workers + self.others]
        for process in self.processes:
            process.stdin.write(case)
            process.stdin.flush()
        for process in self.processes[:len(self.workers)]:
            while (line := process.stdout.readline()) != "ready\n":
                if not line:
                    raise SystemExit(f"a process of {self.names} has ended early")

    def round(self) -> None:
        told = self.processes[:len(self.workers)]
        for process in told:
            process.stdin.write("go\n")
            process.stdin.flush()
        self.best = min(self.best, max(float(process.stdout.readline()) for process in told))

    def end(self) -> None:
        for process in self.processes:
            process.stdin.close()
        for process in self.processes[:len(self.workers)]:
            process.wait(timeout=60)
        for process in self.processes[len(self.workers):]:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()


def local(kind: str, contexts: int) -> dict[str, Side]:
    names = {"KIND": kind, "CONTEXTS": contexts}
    return {side: Side(side, STORE, names) for side in ("ours", "mxnet")}


def distributed(workers: int) -> dict[str, Side]:
    def ranks(**more: str) -> list[dict[str, str]]:
        port = str(free_port())
        return [{"RANK": str(rank), "WORLD_SIZE": str(workers), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
                 "OMP_NUM_THREADS": "1", **more} for rank in range(workers)]
    names = {"KIND": "dist_sync", "CONTEXTS": 1}
    roles = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(free_port()), "DMLC_NUM_WORKER": str(workers),
             "DMLC_NUM_SERVER": str(workers), "DMLC_NODE_HOST": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    return {"ours": Side("ours", STORE, names, ranks()), "torch": Side("torch", BARE, names, ranks()),
            "mxnet": Side("mxnet", STORE, names, [{**roles, "DMLC_ROLE": "worker"}] * workers,
                          [{**roles, "DMLC_ROLE": role} for role in ["scheduler"] + ["server"] * workers])}


CASES = {f"{kind}, {contexts} context{'s' * (contexts > 1)}": lambda kind=kind, contexts=contexts: local(kind, contexts)
         for kind in ("local", "device") for contexts in (1, 2, 3, 4)}
CASES.update({f"dist_sync, {workers} processes": lambda workers=workers: distributed(workers) for workers in (2, 4)})


def measure(sides: dict[str, Side]) -> dict[str, float]:
    """Seconds of each side."""
    there = {name: side for name, side in sides.items() if PYTHON[side.python].exists()}
    for side in there.values():
        side.start()
    for _ in range(ROUNDS):
        for side in there.values():
            side.round()
    for side in there.values():
        side.end()
    return {name: side.best for name, side in there.items()}


def main() -> None:
    wanted, path = sys.argv[1:], None
    if "--json" in wanted:
        position = wanted.index("--json")
        path = wanted[position + 1]
        del wanted[position:position + 2]
    found = {}
    print(f"{'push + pull of ResNet-50':34} {'ours':>11} {'MXNet':>11} {'bare gloo':>11} {'MXNet/ours':>11} "
          f"{'ours/bare':>11}")
    for name, make in CASES.items():
        if wanted and not any(word in name for word in wanted):
            continue
        times = found[name] = measure(make())
        ours, mxnet, bare = (times.get(side) for side in ("ours", "mxnet", "torch"))
        ratio = f"{mxnet / ours:10.2f}x" if ours and mxnet else f"{'-':>11}"
        above = f"{ours / bare:10.2f}x" if ours and bare else f"{'-':>11}"
        print(f"{name:34} {text(ours)} {text(mxnet)} {text(bare)} {ratio} {above}", flush=True)
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
