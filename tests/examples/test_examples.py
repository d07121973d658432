# SPDX-License-Identifier: Apache-2.0
"""Every program in examples/ runs as a user would run it and reaches the result that it asks of itself."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
SECONDS = 120           # only stops a program that hangs


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_example_reaches_its_result(program: Path, tmp_path: Path) -> None:
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    settings = {**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-W", "error", str(program)], cwd=tmp_path, timeout=SECONDS,
                          capture_output=True, text=True, env=settings)
    assert done.returncode == 0, f"{program.name} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"


def test_readme_lists_every_example() -> None:
    text = (ROOT / "examples" / "README.md").read_text()
    assert [path.name for path in PROGRAMS if f"[{path.name}]({path.name})" not in text] == []
