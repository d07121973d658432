# SPDX-License-Identifier: Apache-2.0
"""Starting the processes of a job, for the tests of distributed stores."""
from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = str(HERE.parents[1])
WORKER = HERE / "worker.py"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("DMLC_")}
    return {**env, "PYTHONPATH": ROOT, "OMP_NUM_THREADS": "1", "MXNET_KVSTORE_TIMEOUT": "60", **more}


def run(task, folder, workers, **more):
    """Exit codes and outputs of workers started with torchrun's variables."""
    port = str(free_port())
    started = [subprocess.Popen([sys.executable, str(WORKER), task, str(folder)], text=True, stderr=subprocess.STDOUT,
                                stdout=subprocess.PIPE, env=environment(
                                    RANK=str(rank), WORLD_SIZE=str(workers), MASTER_ADDR="127.0.0.1",
                                    MASTER_PORT=port, **more)) for rank in range(workers)]
    outputs = [process.communicate(timeout=240)[0] for process in started]
    return [process.returncode for process in started], outputs


def launch(*arguments, **more):
    """The exit code and output of `mxtorch launch`."""
    done = subprocess.run([sys.executable, "-m", "mxnet.tools", "launch", *map(str, arguments)], text=True,
                          env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)
    return done.returncode, done.stdout


def worker_module():
    spec = importlib.util.spec_from_file_location("dist_worker", WORKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_sync(folder, workers):
    module = worker_module()
    x, y = module.data(workers)
    single = module.fit(x, y, module.BATCH * workers, None)
    for rank in range(workers):
        with np.load(folder / f"rank{rank}.npz") as result:
            for name, value in single.items():
                np.testing.assert_allclose(result[name], value, rtol=1e-6, atol=1e-6)
