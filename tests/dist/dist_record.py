# SPDX-License-Identifier: Apache-2.0
"""Record what MXNet 1.9.1 pulls from its own distributed stores: `dist_record.py`, run with any Python.

It starts scheduler, servers and workers of MXNet on loopback with the DMLC_* variables, as MXNet's own tracker does.
"""
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ORACLE = HERE.parents[1] / ".oracle/bin/python"
JOBS = {                                       # task, kind, devices, workers, servers
    "sync": ("values", "dist_sync", 2, 2, 1),
    "sync, two servers": ("values", "dist_device_sync", 2, 3, 2),
    "async, one worker": ("values", "dist_async", 1, 1, 1),
    "compressed": ("compressed", "dist_sync", 1, 2, 1),
    "compressed, two devices": ("compressed", "dist_sync", 2, 2, 1),
    "compressed, on devices": ("compressed", "dist_device_sync", 2, 2, 1),
}


def run(task, kind, devices, workers, servers):
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        path = os.path.join(folder, "found.json")
        env = {**os.environ, "DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(port), "OMP_NUM_THREADS": "1",
               "DMLC_NUM_WORKER": str(workers), "DMLC_NUM_SERVER": str(servers), "DMLC_NODE_HOST": "127.0.0.1"}
        command = [str(ORACLE), "-W", "ignore", str(HERE / "agreement.py"), task, kind, str(devices), path]
        started = [subprocess.Popen(command, env={**env, "DMLC_ROLE": role})
                   for role in ["scheduler"] + ["server"] * servers + ["worker"] * workers]
        for process in started:
            process.wait(timeout=120)
        with open(path, encoding="utf-8") as file:
            return json.load(file)


if __name__ == "__main__":
    found = {name: run(*job) for name, job in JOBS.items()}
    (HERE / "recorded.json").write_text(json.dumps(found) + "\n", encoding="utf-8")
