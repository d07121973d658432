# SPDX-License-Identifier: Apache-2.0
"""The one place where operators are declared. Importing it fills `registry.REGISTRY`."""
