# SPDX-License-Identifier: Apache-2.0
"""Three hosts (network namespaces on a bridge), a torchrun that begins again, stores by other names."""
from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from dist_processes import HERE, WORKER, check_sync, environment, free_port, launch, run


def namespaces_are_allowed():
    try:
        return subprocess.run(["unshare", "-rnm", "sh", "-c", "mount -t tmpfs tmpfs /run && mkdir -p /run/netns && "
                               "ip netns add probe && ip netns exec probe ip link set lo up"],
                              capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.mark.slow
@pytest.mark.parametrize("task, kills", [("sync", False), ("unplugged", True)])
def test_three_hosts(task, kills, tmp_path):
    if not namespaces_are_allowed():
        pytest.skip("network namespaces are not allowed here (unshare -rnm, ip netns)")
    done = subprocess.run(["unshare", "-rnm", "sh", str(HERE / "three_hosts.sh"), sys.executable, str(WORKER), task,
                           str(tmp_path)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240,
                          env=environment(MXNET_KVSTORE_TIMEOUT="15" if kills else "60"))
    if not kills:
        assert done.returncode == 0, done.stdout
        check_sync(tmp_path, 3)
        return
    logs = [(tmp_path / f"log{rank}").read_text(encoding="utf-8") for rank in range(3)]
    assert done.returncode != 0
    for rank in (0, 1):
        assert "rank 2 does not answer: it was killed or its machine is gone" in logs[rank], logs


@pytest.mark.slow
def test_launch_over_ssh(tmp_path):
    """An `ssh` that stays on this machine: what the launcher sends it is a command that a shell can run."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text('#!/bin/sh\nfor last; do :; done\nexec env -i PATH="$PATH" sh -c "$last"\n', encoding="utf-8")
    ssh.chmod(0o755)
    hosts = tmp_path / "hosts"
    hosts.write_text("one\ntwo:2222\n", encoding="utf-8")
    variables = [f"--env={name}={value}" for name, value in environment().items()
                 if name in ("PYTHONPATH", "OMP_NUM_THREADS")]
    code, output = launch("-n", 2, "-H", hosts, "--host", "127.0.0.1", *variables, sys.executable, WORKER, "sync",
                          tmp_path, PATH=f"{ssh.parent}:{os.environ['PATH']}")
    assert code == 0, output
    check_sync(tmp_path, 2)


@pytest.mark.slow
def test_torchrun_resumes_from_the_last_checkpoint(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--max-restarts", "1",
               "--master-port", str(free_port()), str(WORKER), "resume", str(tmp_path)]
    done = subprocess.run(command, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=240)
    assert done.returncode == 0, done.stdout
    other = tmp_path / "whole"
    other.mkdir()
    codes, outputs = run("resume", other, 2, TORCHELASTIC_RESTART_COUNT="1")        # an attempt that nothing disturbs
    assert codes == [0, 0], outputs
    with np.load(tmp_path / "after2.npz") as resumed, np.load(other / "after0.npz") as whole:
        for name in whole.files:
            np.testing.assert_allclose(resumed[name], whole[name], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_horovod_facade_and_metrics_over_workers(tmp_path):
    codes, outputs = run("horovod", tmp_path, 2)
    assert codes == [0, 0], outputs
