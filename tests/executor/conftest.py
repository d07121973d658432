# SPDX-License-Identifier: Apache-2.0
"""What several of these tests use."""
from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "bench_memory.py"


@pytest.fixture(scope="session")
def memory():
    """The benchmark of memory, which counts bytes that do not change from run to run."""
    spec = importlib.util.spec_from_file_location("bench_memory", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
