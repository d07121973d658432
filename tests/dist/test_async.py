# SPDX-License-Identifier: Apache-2.0
"""`dist_async`: what servers do with values, optimizers, states, commands, and workers that are lost."""
from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from dist_processes import WORKER, free_port, launch, run


@pytest.mark.parametrize("workers", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_served_by_rank_0(workers, tmp_path):
    codes, outputs = run("asynchronous", tmp_path, workers)
    assert codes == [0] * workers, outputs


@pytest.mark.slow
def test_served_by_servers(tmp_path):
    code, output = launch("-n", 2, "-s", 2, sys.executable, WORKER, "asynchronous", tmp_path)
    assert code == 0, output


@pytest.mark.slow
def test_bounded_staleness(tmp_path):
    codes, outputs = run("stale", tmp_path, 2, MXNET_KVSTORE_STALENESS="2")
    assert codes == [0, 0], outputs


@pytest.mark.slow
def test_a_killed_worker_is_named(tmp_path):
    code, output = launch("-n", 3, "-s", 1, "--timeout", 30, sys.executable, WORKER, "lost", tmp_path)
    assert code != 0
    assert output.count("rank 1 does not answer: it was killed or its machine is gone") >= 2, output


def kill_server_of(port, deadline=120):
    """Kill the server process of the job at a port, once it trains."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        time.sleep(.2)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if {b"DMLC_ROLE=server", b"DMLC_PS_ROOT_PORT=%d" % port, b"MXNET_KVSTORE_SERVES=1"} <= set(variables):
                os.kill(int(process.name), signal.SIGKILL)
                return


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the server's process in /proc")
def test_a_killed_server_is_named(tmp_path):
    port = free_port()
    killer = threading.Thread(target=lambda: (wait_for(tmp_path / "training"), kill_server_of(port)))
    killer.start()
    code, output = launch("-n", 2, "-s", 1, "--timeout", 30, "--port", port, sys.executable, WORKER, "orphaned",
                          tmp_path)
    killer.join()
    assert code != 0 and output.count("server 0 does not answer: it was killed") >= 2, output


def wait_for(path, deadline=120):
    end = time.monotonic() + deadline
    while not path.exists() and time.monotonic() < end:
        time.sleep(.1)


@pytest.mark.slow
def test_lenet_converges(tmp_path):
    codes, outputs = run("lenet", tmp_path, 2)
    assert codes == [0, 0], outputs
