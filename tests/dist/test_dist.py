# SPDX-License-Identifier: Apache-2.0
"""Distributed stores: processes on loopback against one process on the concatenated batch."""
from __future__ import annotations

import os
import sys

import pytest
from dist_processes import WORKER, check_sync, free_port, launch, run

from mxnet.base import MXNetError
from mxnet.kvstore.job import Job, Members, connect
from mxnet.tools import launch as launcher


@pytest.mark.parametrize("workers", [1, 2, pytest.param(4, marks=pytest.mark.slow)])
def test_workers_are_one_process_with_the_whole_batch(workers, tmp_path):
    codes, outputs = run("sync", tmp_path, workers)
    assert codes == [0] * workers, outputs
    check_sync(tmp_path, workers)


@pytest.mark.slow
def test_launch_with_servers_and_scheduler(tmp_path):
    code, output = launch("-n", 2, "-s", 1, sys.executable, WORKER, "sync", tmp_path)
    assert code == 0, output
    check_sync(tmp_path, 2)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs memory files of Linux")
@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_sums_in_shared_memory(workers, tmp_path):
    codes, outputs = run("sharing", tmp_path, workers)
    assert codes == [0] * workers, outputs


@pytest.mark.slow
def test_the_same_sums_travel(tmp_path):
    codes, outputs = run("sharing", tmp_path, 2, MXNET_KVSTORE_SHARED_MEMORY="0", EXPECT_SHARED="0")
    assert codes == [0, 0], outputs


@pytest.mark.slow
def test_a_worker_killed_before_a_sum_in_shared_memory_is_named(tmp_path):
    codes, outputs = run("killed_sharing", tmp_path, 3, MXNET_KVSTORE_TIMEOUT="30")
    assert codes == [1, -9, 1], outputs
    for rank in (0, 2):
        assert "push: rank 1 does not answer: it was killed" in outputs[rank], outputs[rank]


def test_workers_that_differ_are_refused(tmp_path):
    codes, outputs = run("differ", tmp_path, 2)
    assert codes == [0, 0], outputs


@pytest.mark.slow
def test_a_killed_worker_is_named(tmp_path):
    codes, outputs = run("killed", tmp_path, 4, MXNET_KVSTORE_TIMEOUT="30")
    assert codes == [1, -9, 1, 1], outputs
    for rank in (0, 2, 3):
        assert "rank 1 does not answer: it was killed" in outputs[rank], outputs[rank]


def job(rank, world, port, keeps=False, timeout=0.3):
    return Job("worker", rank, world, "127.0.0.1", port, keeps, timeout)


def test_rendezvous_errors():
    port = free_port()
    mine = job(0, 2, port, keeps=True)
    table = connect(mine)
    with pytest.raises(MXNetError, match=r"rank 1 of 2 did not come within 0.3 s"):
        Members(mine, table).join()
    with pytest.raises(MXNetError, match="rank 0 is taken twice"):
        Members(mine, table).join()
    with pytest.raises(MXNetError, match=r"cannot open 127.0.0.1:\d+ .*in use"):
        connect(mine)
    table.set("world/1", "3")
    with pytest.raises(MXNetError, match="rank 1 belongs to a job of 3 workers, rank 2 to 3|rank 0 belongs"):
        Members(job(2, 3, port), table).join()
    with pytest.raises(MXNetError, match=r"cannot reach rank 0 at 127.0.0.1:\d+ within 0.3 s"):
        connect(job(1, 2, free_port()))


DMLC = {"DMLC_ROLE": "worker", "DMLC_PS_ROOT_URI": "10.0.0.1", "DMLC_PS_ROOT_PORT": "9091", "DMLC_NUM_WORKER": "3"}
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "h", "MASTER_PORT": "1234"}


def test_environment():
    assert Job.from_environment(DMLC) == Job("worker", None, 3, "10.0.0.1", 9091, False, 60.0)
    assert Job.from_environment({**DMLC, "DMLC_WORKER_ID": "2", "DMLC_NUM_SERVER": "1"}).rank == 2
    assert Job.from_environment({**DMLC, "DMLC_ROLE": "scheduler"}).keeps_table
    assert Job.from_environment(TORCHRUN) == Job("worker", 1, 2, "h", 1234, False, 60.0)
    first = {**TORCHRUN, "RANK": "0", "MXNET_KVSTORE_TIMEOUT": "5"}
    assert Job.from_environment(first).keeps_table and Job.from_environment(first).timeout == 5
    assert not Job.from_environment({**first, "TORCHELASTIC_USE_AGENT_STORE": "True"}).keeps_table


@pytest.mark.parametrize("env, match", [
    ({}, "RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT not set.*mxtorch launch"),
    ({"DMLC_ROLE": "worker"}, "DMLC_NUM_WORKER, DMLC_PS_ROOT_URI, DMLC_PS_ROOT_PORT not set"),
    ({**DMLC, "DMLC_ROLE": "boss"}, "none of worker, server, scheduler"),
    ({**DMLC, "DMLC_WORKER_ID": "3"}, "DMLC_WORKER_ID=3 is not in a job"),
    ({**TORCHRUN, "RANK": "2"}, "RANK=2 is not in a job of WORLD_SIZE=2"),
    ({**TORCHRUN, "MASTER_PORT": "x"}, "MASTER_PORT='x' is not a number"),
])
def test_environment_errors(env, match):
    with pytest.raises(MXNetError, match=match):
        Job.from_environment(env)


def test_local_workers_share_the_cores(monkeypatch):
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    options = launcher.parser().parse_args(["-n", "2", "true"])
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "OMP_NUM_THREADS" not in launcher.plan(options)[1][2]
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert launcher.plan(options)[1][2]["OMP_NUM_THREADS"] == str(max(1, cores // 2))


def test_ssh_plan(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("node1 slots=2\n# none\nnode2:2222\n")
    options = launcher.parser().parse_args(["-n", "3", "-s", "1", "-H", str(hosts), "--host", "10.0.0.9", "--port", "7",
                                            "--p3", "--sync-dst-dir", "/job", "--env", "A=b c",
                                            "python", "train.py", "--kv-store", "dist_sync"])
    made = launcher.plan(options)
    assert [role for role, _, _ in made] == ["scheduler", "server", "worker", "worker", "worker"]
    command = made[3][1]
    assert command[:6] == ["ssh", "-o", "BatchMode=yes", "-p", "2222", "node2"]
    assert "A='b c'" in command[6] and "DMLC_PS_ROOT_URI=10.0.0.9" in command[6] and "DMLC_WORKER_ID=1" in command[6]
    assert command[6].startswith("cd /job && ")
    assert command[6].endswith("python train.py --kv-store dist_sync")
    with pytest.raises(SystemExit, match="mpi is not built"):
        launcher.plan(launcher.parser().parse_args(["-n", "1", "--launcher", "mpi", "true"]))
    with pytest.raises(SystemExit, match="-H"):
        launcher.plan(launcher.parser().parse_args(["-n", "1", "--launcher", "ssh", "true"]))
