# SPDX-License-Identifier: Apache-2.0
"""Operators of computer vision: regions, boxes, and what detectors are made of."""
