# SPDX-License-Identifier: Apache-2.0
"""Programs to run with `python -m mxnet.tools.NAME`."""
