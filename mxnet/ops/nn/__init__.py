# SPDX-License-Identifier: Apache-2.0
"""Neural network layers: one file for each."""
