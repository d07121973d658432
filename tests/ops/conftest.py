# SPDX-License-Identifier: Apache-2.0
"""Makes the samples and the golden recordings importable for the tests of operators."""
from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "golden")]

torch.set_num_threads(1)        # samples are tiny: waking other threads takes longer than the work
