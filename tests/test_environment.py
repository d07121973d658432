# SPDX-License-Identifier: Apache-2.0
"""Every environment variable that the package reads stands in docs/environment.md."""
from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTERNAL = {"MXNET_KVSTORE_SERVES"}           # from one process of the package to another
VARIABLE = re.compile(r"[\"']((?:MXNET|DMLC)_[A-Z_]+)[\"']")


def test_all_variables_are_documented():
    read = {name for path in (ROOT / "mxnet").rglob("*.py") for name in VARIABLE.findall(path.read_text())}
    documented = set(re.findall(r"`((?:MXNET|DMLC)_[A-Z_]+)`", (ROOT / "docs" / "environment.md").read_text()))
    assert read - INTERNAL == documented
