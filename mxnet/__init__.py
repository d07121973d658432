# SPDX-License-Identifier: Apache-2.0
"""mxtorch: MXNet's Python API, with PyTorch as its engine."""
