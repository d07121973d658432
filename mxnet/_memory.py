# SPDX-License-Identifier: Apache-2.0
"""Keep freed memory of large arrays for the next ones.

The C library of GNU/Linux gives blocks from 128 kB (later up to 32 MB) back to the system as soon as they are freed,
and the next array of that size pays for fresh pages, one fault for each 4 kB: an expression with a temporary array of
4 MB takes five times as long as its arithmetic. Here such blocks come from the heap, of which up to a limit stays
with the process. `MXNET_CPU_MEM_KEEP` sets that limit in MB; 0 leaves the C library as it is, and so does a setting
of the user's own (`MALLOC_TRIM_THRESHOLD_`, `MALLOC_MMAP_THRESHOLD_`, `GLIBC_TUNABLES`). Elsewhere than on GNU/Linux
nothing is done.
"""
from __future__ import annotations

import ctypes
import os
import sys

from .base import MXNetValueError

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_OWN_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
_LARGEST = 1 << 30                                  # the parameters are C ints


def keep_freed_memory() -> bool:
    """Apply the setting to this process; whether anything was set."""
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _OWN_SETTINGS):
        return False
    limit = _limit()
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if not limit or mallopt is None:
        return False
    return bool(mallopt(_M_TRIM_THRESHOLD, limit) and mallopt(_M_MMAP_THRESHOLD, limit))


def _limit() -> int:
    """Bytes to keep: what the environment says, else an eighth of the machine's memory."""
    wanted = os.environ.get("MXNET_CPU_MEM_KEEP")
    if wanted:
        if not wanted.isdigit():
            raise MXNetValueError(f"MXNET_CPU_MEM_KEEP is {wanted!r}, but must be a number of megabytes")
        return min(int(wanted) << 20, _LARGEST)
    return min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 8, _LARGEST)
