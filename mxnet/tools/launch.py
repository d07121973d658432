# SPDX-License-Identifier: Apache-2.0
"""`mxtorch launch -n 4 python train.py ...`: start the workers, servers and scheduler of a distributed job.

Every process gets the DMLC_* environment and the same command, on this machine or over ssh. The launcher waits for the
workers; when one fails the others get some seconds to say why, and are then ended.

Servers are for `dist_async`, which without them is served by rank 0; with `dist_sync` they only attend. MXNet's
launcher starts as many servers as workers unless told otherwise, this one none.
"""
from __future__ import annotations

import argparse
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from ..kvstore.job import TIMEOUT
from ..kvstore.kvstore_server import COMMAND as SCHEDULER

_ELSEWHERE = ("mpi", "sge", "yarn")          # launchers of MXNet that clusters no longer need: they start torchrun


def parser() -> argparse.ArgumentParser:
    """The flags of MXNet's tools/launch.py that have a meaning here."""
    made = argparse.ArgumentParser(prog="mxtorch launch", description="Start a distributed job.")
    made.add_argument("-n", "--num-workers", type=int, required=True, help="number of worker processes")
    made.add_argument("-s", "--num-servers", type=int, default=0,
                      help="number of server processes, for dist_async; default: none")
    made.add_argument("-H", "--hostfile", help="file of hosts, one a line (host or host:ssh-port)")
    made.add_argument("--launcher", choices=("local", "ssh", *_ELSEWHERE),
                      help="default: ssh with a host file, else local; for the others use your cluster's way to start "
                           "torchrun")
    made.add_argument("--sync-dst-dir", metavar="FOLDER",
                      help="copy the current folder there on all hosts, with rsync, and run in it; for ssh")
    made.add_argument("--p3", action="store_true",
                      help="accepted: parameters of the last layers always travel first, in slices of buckets")
    made.add_argument("--host", help="address of this machine for the others; default: found")
    made.add_argument("--port", type=int, default=0, help="port of the scheduler; default: a free one")
    made.add_argument("--env", action="append", default=[], metavar="NAME[=VALUE]", help="variable for all processes")
    for role in ("worker", "server"):
        made.add_argument(f"--env-{role}", action="append", default=[], metavar="NAME=VALUE",
                          help=f"variable for {role}s only")
    made.add_argument("--timeout", type=float, default=float(os.environ.get("MXNET_KVSTORE_TIMEOUT", TIMEOUT)),
                      help="seconds that workers wait for each other")
    made.add_argument("command", nargs=argparse.REMAINDER, help="what each process runs")
    return made


def read_hosts(path: str) -> list[tuple[str, str]]:
    """(host, ssh port) of each line; `slots=n` and comments (#) are passed over."""
    with open(path, encoding="utf-8") as file:
        lines = [line.partition("#")[0].split() for line in file]
    hosts = [line[0].partition(":") for line in lines if line]
    return [(host, port or "22") for host, _, port in hosts]


def ssh_command(host: tuple[str, str], env: dict[str, str], command: Sequence[str], folder: str) -> list[str]:
    """The ssh line that runs a command in a folder of another machine with an environment."""
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in sorted(env.items()))
    remote = f"cd {shlex.quote(folder)} && exec env {exports} {shlex.join(command)}"
    return ["ssh", "-o", "BatchMode=yes", "-p", host[1], host[0], remote]


def synchronise(options: argparse.Namespace) -> None:
    """Copy the current folder to all hosts. Raises SystemExit naming the host where that fails."""
    for host, port in sorted(set(read_hosts(options.hostfile))) if options.hostfile else ():
        done = subprocess.run(["rsync", "-az", "--rsh", f"ssh -o BatchMode=yes -p {port}", f"{os.getcwd()}/",
                               f"{host}:{options.sync_dst_dir}"], check=False)
        if done.returncode:
            raise SystemExit(f"mxtorch launch: rsync to {host} failed with code {done.returncode}")


def _variables(given: Sequence[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    return {name: value if sign else os.environ.get(name, "") for name, sign, value in pairs}


def _own_address(hosts: Sequence[tuple[str, str]]) -> str:
    """The address of this machine on the way to the first host (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((hosts[0][0], 9))
        return probe.getsockname()[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def _threads(workers: int) -> dict[str, str]:
    """The variable that divides this machine's cores among its workers, unless it is set."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {} if "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": str(max(1, cores // workers))}


def plan(options: argparse.Namespace) -> list[tuple[str, list[str], dict[str, str]]]:
    """(role, command, variables) of every process of the job, the scheduler first."""
    if options.launcher in _ELSEWHERE:
        raise SystemExit(f"mxtorch launch: --launcher {options.launcher} is not built: let the cluster start "
                         f"`torchrun ... {shlex.join(options.command)}` on each machine")
    hosts = read_hosts(options.hostfile) if options.hostfile else []
    remote = (options.launcher or ("ssh" if hosts else "local")) == "ssh"
    if remote and not hosts:
        raise SystemExit("mxtorch launch: --launcher ssh needs -H, a file of hosts")
    address = options.host or (_own_address(hosts) if remote else "127.0.0.1")
    base = {"DMLC_PS_ROOT_URI": address, "DMLC_PS_ROOT_PORT": str(options.port or _free_port()),
            "DMLC_NUM_WORKER": str(options.num_workers), "DMLC_NUM_SERVER": str(options.num_servers),
            "MXNET_KVSTORE_TIMEOUT": f"{options.timeout:g}",
            **({} if remote else _threads(options.num_workers)), **_variables(options.env)}
    made = [("scheduler", list(SCHEDULER), {**base, "DMLC_ROLE": "scheduler", "MXNET_KVSTORE_SERVES": "1"})]
    for role, count in (("server", options.num_servers), ("worker", options.num_workers)):
        own = _variables(getattr(options, f"env_{role}"))
        for index in range(count):
            env = {**base, **own, "DMLC_ROLE": role, f"DMLC_{role.upper()}_ID": str(index)}
            command = list(options.command)
            if remote:
                folder = options.sync_dst_dir or os.getcwd()
                command, env = ssh_command(hosts[index % len(hosts)], env, command, folder), {}
            made.append((role, command, env))
    return made


def _wait(workers: Sequence[subprocess.Popen], others: Sequence[subprocess.Popen], grace: float) -> int:
    """The exit code of the job when its workers have ended: 0, or that of the first process that failed."""
    code, deadline = 0, float("inf")
    while any(worker.poll() is None for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
        failed = [worker.returncode for worker in (*workers, *others) if worker.poll() not in (None, 0)]
        if failed and not code:
            code, deadline = failed[0], time.monotonic() + grace
    return code or next((worker.returncode for worker in workers if worker.returncode), 0)


def _end(processes: Sequence[subprocess.Popen], patience: float) -> None:
    """Let processes end by themselves, then ask them to, then make them."""
    for ask in (lambda process: None, subprocess.Popen.terminate, subprocess.Popen.kill):
        for process in processes:
            if process.poll() is None:
                ask(process)
        deadline = time.monotonic() + patience
        while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
            time.sleep(0.05)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job; returns the exit code of the first worker that failed, or 0."""
    options = parser().parse_args(arguments)
    if options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        parser().error("give the command to run, such as `python train.py`")
    if options.num_workers < 1 or options.num_servers < 0:
        parser().error("the number of workers is at least 1, that of servers at least 0")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))       # and so end what was started
    if options.sync_dst_dir:
        synchronise(options)
    started: list[tuple[str, subprocess.Popen]] = []
    try:
        for role, command, env in plan(options):
            started.append((role, subprocess.Popen(command, env={**os.environ, **env})))
        workers = [process for role, process in started if role == "worker"]
        others = [process for role, process in started if role != "worker"]
        code = _wait(workers, others, options.timeout + 10)
        _end([process for _, process in started], 10 if code == 0 else 1)
    finally:
        _end([process for _, process in started], 0.1)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
