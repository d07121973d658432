# SPDX-License-Identifier: Apache-2.0
"""A perceptron trained by several processes, each with its part of the digits, in the style of old launch scripts.

    mxtorch launch -n 2 python examples/train_distributed.py --kv-store dist_sync
    torchrun --nproc-per-node 2 examples/train_distributed.py --kv-store dist_sync

Without a launcher it launches itself, two workers. With `--checkpoints PREFIX` each batch of an interrupted run counts:
the same line goes on from the last checkpoint that all workers have.
"""
from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
from pathlib import Path

import mxnet as mx

DATA = Path(__file__).resolve().parent / "data" / "mnist10k"
BATCH, CLASSES, REQUIRED = 50, 10, 0.92         # digits of a worker's batch; test accuracy


def digits(folder: Path, part: str, **options) -> mx.io.DataIter:
    """Images (scaled to 0..1, flat) and labels of one part of MNIST: `train` or `t10k`."""
    images, labels = (str(next(folder.glob(f"{part}-{what}-*"))) for what in ("images", "labels"))
    return mx.io.MNISTIter(image=images, label=labels, batch_size=BATCH, flat=True, silent=True, seed=42, **options)


def network() -> mx.sym.Symbol:
    net = mx.sym.Activation(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=128, name="fc1"), act_type="relu")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(net, num_hidden=CLASSES, name="fc2"), name="softmax")


def train(options: argparse.Namespace) -> float:
    """Train as one of the job's workers, and return the accuracy on all test digits, each worker having seen a part."""
    kv = mx.kv.create(options.kv_store)
    part = {"num_parts": kv.num_workers, "part_index": kv.rank}
    callbacks = [mx.callback.Speedometer(BATCH, 20)]
    if options.checkpoints:
        callbacks.append(mx.callback.full_checkpoint(options.checkpoints, period=10))
    module = mx.mod.Module(network())
    module.fit(digits(options.data, "train", shuffle=True, **part), kvstore=kv, num_epoch=options.num_epochs,
               optimizer="sgd", optimizer_params={"learning_rate": options.lr, "momentum": 0.9},
               initializer=mx.init.Xavier(), batch_end_callback=callbacks, resume=options.checkpoints)
    metric = mx.kvstore.metric.AcrossWorkers("acc", kv)
    accuracy = dict(module.score(digits(options.data, "t10k", shuffle=False, **part), metric))["accuracy"]
    if kv.rank == 0:
        print(f"{kv.num_workers} workers, test accuracy: {accuracy:.4f}")
    return accuracy


def main() -> int:
    known = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known.add_argument("data", nargs="?", type=Path, default=DATA, help="folder of the MNIST files")
    known.add_argument("--kv-store", default="dist_sync")
    known.add_argument("--num-epochs", type=int, default=5)
    known.add_argument("--lr", type=float, default=0.1)
    known.add_argument("--checkpoints", metavar="PREFIX", help="where to keep full checkpoints, and to go on from")
    options = known.parse_args()
    if "dist" in options.kv_store and not {"RANK", "DMLC_ROLE"} & set(os.environ):
        command = [sys.executable, "-m", "mxnet.tools", "launch", "-n", "2", sys.executable, *sys.argv]
        return subprocess.run(command, check=False).returncode
    logging.basicConfig(level=logging.INFO)
    return int(train(options) < REQUIRED)


if __name__ == "__main__":
    sys.exit(main())
