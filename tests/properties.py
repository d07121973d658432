# SPDX-License-Identifier: Apache-2.0
"""Settings of property tests: the same few examples each time in `make test`, many fresh ones in `make fuzz`."""
from __future__ import annotations

from hypothesis import HealthCheck, settings

FUZZING = settings.default.max_examples > 100            # the profile of tools/fuzz_profile.py


def examples(few: int, many: int = 5000) -> settings:
    """Settings with `few` examples, or `many` when fuzzing."""
    chosen = {"max_examples": many} if FUZZING else {"max_examples": few, "derandomize": True, "database": None}
    return settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], **chosen)
