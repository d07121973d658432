# SPDX-License-Identifier: Apache-2.0
"""Record what MXNet 1.9.1 pulls from its own stores: `dist_record.py [JOB ...]`, run with any Python.

Those named are recorded again, and those that are not there yet.
It starts scheduler, servers and workers of MXNet on loopback with the DMLC_* variables, as MXNet's own tracker does.
"""
import json
import os
import socket
import subprocess
import sys
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
    "local": ("values", "local", 3, 1, 0),
    "device": ("values", "device", 3, 1, 0),
    "compressed, local devices": ("compressed", "device", 3, 1, 0),
    "compressed, one local device": ("compressed", "local_allreduce_device", 1, 1, 0),
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
        roles = ["scheduler"] * ("dist" in kind) + ["server"] * servers + ["worker"] * workers
        started = [subprocess.Popen(command, env={**env, "DMLC_ROLE": role}) for role in roles]
        for process in started:
            process.wait(timeout=120)
        with open(path, encoding="utf-8") as file:
            return json.load(file)


if __name__ == "__main__":
    recorded = HERE / "recorded.json"
    known = json.loads(recorded.read_text(encoding="utf-8")) if recorded.exists() else {}
    found = {name: run(*job) if name in sys.argv[1:] or name not in known else known[name]
             for name, job in JOBS.items()}
    recorded.write_text(json.dumps(found) + "\n", encoding="utf-8")
