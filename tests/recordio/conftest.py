# SPDX-License-Identifier: Apache-2.0
"""Files that the tests of RecordIO read."""
from __future__ import annotations

import pytest
from recordfiles import many_payloads, record_of

from mxnet.recordio import MXIndexedRecordIO


@pytest.fixture(scope="session")
def payloads():
    return many_payloads()


@pytest.fixture
def indexed(tmp_path):
    """Paths of an index and a file with the records 0..99 under the keys 0, 2, 4, ..."""
    paths = tmp_path / "a.idx", tmp_path / "a.rec"
    with MXIndexedRecordIO(*paths, "w") as file:
        for number in range(100):
            file.write_idx(2 * number, record_of(number))
    return paths
