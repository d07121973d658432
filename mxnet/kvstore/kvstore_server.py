# SPDX-License-Identifier: Apache-2.0
"""The server and scheduler roles of old launch lines: `import mxnet` with DMLC_ROLE=server attends the job and ends.

`python -m mxnet.kvstore.kvstore_server` does the same on purpose.
"""
from __future__ import annotations

import os
import sys
from typing import Any

from ..base import MXNetError
from .job import Job, attend

__all__ = ["KVStoreServer"]


class KVStoreServer:
    """A server for a distributed store; with `dist_sync` updates are made by the workers, so it only attends."""

    def __init__(self, kvstore: Any) -> None:
        self.kvstore = kvstore

    def run(self) -> None:
        """Attend until the workers have ended. Raises MXNetError when one of them was killed, or in a worker."""
        job = Job.from_environment()
        if job.role == "worker":
            raise MXNetError("KVStoreServer.run is for the roles server and scheduler, DMLC_ROLE says worker")
        attend(job)


def _init_kvstore_server_module() -> None:
    """In a process that is no worker, do its part of the job and end the process."""
    if os.environ.get("DMLC_ROLE", "worker") == "worker":
        return
    try:
        KVStoreServer(None).run()
    except MXNetError as error:
        sys.exit(str(error))
    sys.exit(0)


if __name__ == "__main__":
    _init_kvstore_server_module()
    sys.exit("DMLC_ROLE is worker or not set: there is nothing to serve")
