# SPDX-License-Identifier: Apache-2.0
"""Imports run downward only: base and context, operators, arrays, symbols, executors, modules."""
from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "mxnet"
LAYERS = {"base": 0, "dtype": 0, "_files": 0, "_together": 0, "_memory": 0, "_unbuilt": 0, "_mode": 0, "_scoped": 0,
          "_watching": 0,
          "context": 0, "random": 1, "ops": 2, "ndarray": 3, "_nan_check": 3, "_statefile": 3,
          "autograd": 4, "registry": 3, "name": 3, "attribute": 3, "symbol": 5, "executor": 6, "initializer": 6,
          "io": 6, "lr_scheduler": 3, "metric": 6, "optimizer": 6, "kvstore": 7, "model": 8, "module": 9}


def top_level_imports(path: Path) -> set[str]:
    """First parts of the package's own modules that a file imports when it is imported."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found.update([node.module.split(".")[0]] if node.module else [alias.name for alias in node.names])
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own not in LAYERS:
        return
    for other in top_level_imports(path):
        if other in LAYERS and other != own:
            assert LAYERS[other] <= LAYERS[own], f"{path.name} of {own} imports {other}, which is above it"
