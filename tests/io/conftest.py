# SPDX-License-Identifier: Apache-2.0
"""Makes the scenarios importable for the tests of data iterators."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
