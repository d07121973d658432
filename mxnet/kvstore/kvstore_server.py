# SPDX-License-Identifier: Apache-2.0
"""The server and scheduler roles of old launch lines: `import mxnet` with DMLC_ROLE=server attends the job and ends.

The process is replaced by one that serves, since a thread that serves cannot run while `mxnet` is being imported.
`python -m mxnet.kvstore.kvstore_server` serves on purpose.
"""
from __future__ import annotations

import os
import sys
from typing import Any

from ..base import MXNetError
from .job import Job, choose_interface, connect
from .server import attend

__all__ = ["KVStoreServer"]

_SERVES = "MXNET_KVSTORE_SERVES"         # set in the process that has been started to serve
COMMAND = [sys.executable, "-c", "import mxnet.kvstore.kvstore_server as server; server.main()"]


class KVStoreServer:
    """A server for distributed stores: it serves `dist_async`; with `dist_sync`, the workers' own work, it attends."""

    def __init__(self, kvstore: Any) -> None:
        self.kvstore = kvstore

    def run(self) -> None:
        """Attend until the workers have ended. Raises MXNetError when one of them was killed, or in a worker."""
        job = Job.from_environment()
        if job.role == "worker":
            raise MXNetError("KVStoreServer.run is for the roles server and scheduler, DMLC_ROLE says worker")
        choose_interface(job)
        attend(job, connect(job))


def _init_kvstore_server_module() -> None:
    """In a process that is no worker, become one that does its part of the job and ends."""
    if os.environ.get("DMLC_ROLE", "worker") == "worker" or os.environ.get(_SERVES):
        return
    os.environ[_SERVES] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, COMMAND)


def main() -> None:
    """Do this process's part of the job, as its role says, and end the process."""
    os.environ[_SERVES] = "1"
    try:
        KVStoreServer(None).run()
    except MXNetError as error:
        sys.exit(str(error))
    sys.exit(0)


if __name__ == "__main__":
    sys.exit("DMLC_ROLE is worker or not set: there is nothing to serve")      # others do not come so far
