# SPDX-License-Identifier: Apache-2.0
"""How `dist_sync` would scale to machines that are not here: a calculation, from what is measured here and link speeds.

Measured, on this machine, for ResNet-50: the bytes that each bucket of gradients holds, and when in the backward pass
it can be sent (as a fraction of the pass). Assumed, as given in ASSUMED and GPUS: speeds and delays of links, and how
many images one GPU trains in a second without communication. Calculated: buckets queue for the link in the order in
which they become ready; what is not through when backward ends is waited for.

    python benchmarks/scaling_plan.py            prints the tables of docs/scaling.md
"""
from __future__ import annotations

import time
from dataclasses import dataclass

from bench_core import RESNET

BATCH_HERE = 8                 # for the measurement
BATCH = 64                     # images of a GPU in a step, for the calculation
FORWARD = 1 / 3                # share of a step that is forward; backward takes twice as long

ASSUMED = {                    # bytes a second one way, seconds for a message: nominal figures less ten percent
    "NVLink (300 GB/s)": (270e9, 5e-6),
    "PCIe 3.0 x16 (16 GB/s)": (14e9, 10e-6),
    "100 Gb/s Ethernet": (11.2e9, 15e-6),
    "25 Gb/s Ethernet": (2.8e9, 20e-6),
    "10 Gb/s Ethernet": (1.12e9, 30e-6),
}
GPUS = {"400 images/s (a GPU of 2018, float32)": 400, "2,500 images/s (a GPU of 2022, mixed precision)": 2500}


@dataclass(frozen=True)
class Bucket:
    """`ready` is when it can be sent, as a fraction of the backward pass."""

    size: int
    ready: float


def measured() -> list[Bucket]:
    """The buckets of ResNet-50, from the middle one of some backward passes on this machine."""
    import mxnet as mx
    from mxnet.kvstore.buckets import divide

    space: dict = {}
    exec(RESNET, space)
    module = mx.mod.Module(space["net"])
    module.bind([("data", (BATCH_HERE, 3, 224, 224))], [("softmax_label", (BATCH_HERE,))])
    module.init_params(mx.init.Xavier())
    batch = mx.io.DataBatch([mx.nd.ones((BATCH_HERE, 3, 224, 224))], [mx.nd.zeros((BATCH_HERE,))])
    group, executor = module._exec_group, module._exec_group.execs[0]
    position = {id(arrays[0]): number for number, arrays in enumerate(group.grad_arrays)}
    runs = []
    for _ in range(3):
        times: dict[int, float] = {}
        module.forward(batch, is_train=True)
        executor._on_gradient = lambda number, value, times=times: times.update(
            {position[id(executor._grad_of_wanted[number])]: time.perf_counter()})
        start = time.perf_counter()
        module.backward()
        length = time.perf_counter() - start
        groups = [(number, [arrays[0]._tensor]) for number, arrays in enumerate(group.grad_arrays)]
        made, latest = [], 0.0
        for part in divide(groups[::-1]):
            # a parameter without a gradient (a fixed gamma) keeps nothing waiting
            latest = max([latest, *((times.get(number, start) - start) / length for number, _ in part)])
            made.append(Bucket(sum(tensors[0].nbytes for _, tensors in part), latest))
        runs.append((length, made))
    return sorted(runs, key=lambda run: run[0])[1][1]


def reduction(size: float, ranks: int, link: tuple[float, float]) -> float:
    """Seconds for an all-reduce in a ring: each link carries 2 (n - 1) / n of the bytes in 2 (n - 1) messages."""
    return 2 * (ranks - 1) / ranks * size / link[0] + 2 * (ranks - 1) * link[1]


def step(buckets: list[Bucket], images: float, machines: int, gpus: int, inside: tuple[float, float],
         between: tuple[float, float], overlap: bool = True) -> float:
    """Efficiency: images a second and GPU, with communication, over those without.

    Within a machine gradients are summed first, and spread again at last; between machines a ring carries the sums.
    """
    compute = BATCH / images
    forward, backward = FORWARD * compute, (1 - FORWARD) * compute
    free = 0.0                                 # when the link is free again, from the start of backward
    for bucket in buckets:
        ready = backward * (bucket.ready if overlap else 1.0)
        free = max(free, ready) + reduction(bucket.size, gpus, inside) + reduction(bucket.size, machines, between)
    return compute / (forward + max(backward, free))


def main() -> None:
    buckets = measured()
    total = sum(bucket.size for bucket in buckets)
    print(f"Measured: {total / 1e6:.1f} MB of gradients in {len(buckets)} buckets, ready at")
    print(", ".join(f"{bucket.ready:.0%} ({bucket.size / 1e6:.1f} MB)" for bucket in buckets),
          "of the backward pass.\n")
    for name, images in GPUS.items():
        print(f"One GPU trains {name}, batches of {BATCH}; efficiency with (without) overlap:\n")
        print("| machines x GPUs | inside | " + " | ".join(name for name in ASSUMED if "Ethernet" in name) + " |")
        print("|---|---|" + "---|" * sum("Ethernet" in name for name in ASSUMED))
        for machines, gpus in ((1, 8), (2, 8), (8, 8), (32, 8)):
            for inside in ("NVLink (300 GB/s)", "PCIe 3.0 x16 (16 GB/s)"):
                cells = []
                for between in (speed for link, speed in ASSUMED.items() if "Ethernet" in link):
                    pair = [step(buckets, images, machines, gpus, ASSUMED[inside], between, overlap)
                            for overlap in (True, False)]
                    cells.append(f"{pair[0]:.0%} ({pair[1]:.0%})")
                print(f"| {machines} x {gpus} | {inside} | " + " | ".join(cells) + " |")
        print()


if __name__ == "__main__":
    main()
