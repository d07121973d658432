# SPDX-License-Identifier: Apache-2.0
"""Passes over a lowered program: each takes the fx graph, changes it in place, and leaves its results as they were.

Lowering marks each call with the symbol's node (`meta["node"]`) and the device (`meta["place"]`). Monitors, the NaN
check and the search for an operator that failed run the program as it is without passes, so that they see every node.
"""
from __future__ import annotations

from torch import fx

from .batch_norm import fold_batch_norm
from .constants import fold_constants
from .in_place import reuse_memory
from .merge import merge_equal


def improve(graph: fx.Graph, root: dict[str, object], train: bool) -> None:
    """Run all passes; values that the code is to find under names come into `root`."""
    merge_equal(graph)
    fold_constants(graph, root)
    if not train:
        fold_batch_norm(graph)
        reuse_memory(graph)


__all__ = ["fold_batch_norm", "fold_constants", "improve", "merge_equal", "reuse_memory"]
