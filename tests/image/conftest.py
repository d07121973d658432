# SPDX-License-Identifier: Apache-2.0
"""Makes `cases` importable, which MXNet's own Python runs as a script, too."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
