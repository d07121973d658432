# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for `make fuzz`: property tests (hypothesis) run with many more examples, new ones every time."""
from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("fuzz", max_examples=5000, deadline=None, derandomize=False,
                          suppress_health_check=[HealthCheck.too_slow], print_blob=True)
