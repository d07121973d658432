# SPDX-License-Identifier: Apache-2.0
"""The setting of the C library's allocator: MXNET_CPU_MEM_KEEP and whose settings win."""
from __future__ import annotations

import sys

import pytest

from mxnet import _memory
from mxnet.base import MXNetError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the setting is GNU/Linux's")
NAMES = ("MXNET_CPU_MEM_KEEP", *_memory._OWN_SETTINGS)


@pytest.fixture
def calls(monkeypatch):
    """The (parameter, value) pairs that the C library is given, without giving them."""
    made = []

    class Library:
        @staticmethod
        def mallopt(parameter, value):
            made.append((parameter, value))
            return 1

    monkeypatch.setattr(_memory.ctypes, "CDLL", lambda name: Library)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return made


def test_both_thresholds_are_raised_to_the_limit(calls, monkeypatch):
    monkeypatch.setenv("MXNET_CPU_MEM_KEEP", "64")
    assert _memory.keep_freed_memory()
    assert calls == [(-1, 64 << 20), (-3, 64 << 20)]


def test_the_default_is_a_part_of_the_memory(calls):
    assert _memory.keep_freed_memory()
    assert 0 < calls[0][1] <= 1 << 30


@pytest.mark.parametrize("name, value", [("MXNET_CPU_MEM_KEEP", "0"), ("MALLOC_TRIM_THRESHOLD_", "131072"),
                                         ("MALLOC_MMAP_THRESHOLD_", "131072"), ("GLIBC_TUNABLES", "x=1")])
def test_the_users_own_setting_wins(calls, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert not _memory.keep_freed_memory()
    assert calls == []


def test_a_setting_that_is_no_number_is_refused(calls, monkeypatch):
    monkeypatch.setenv("MXNET_CPU_MEM_KEEP", "1GB")
    with pytest.raises(MXNetError, match="MXNET_CPU_MEM_KEEP is '1GB', but must be a number of megabytes"):
        _memory.keep_freed_memory()
