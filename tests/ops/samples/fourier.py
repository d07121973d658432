# SPDX-License-Identifier: Apache-2.0
"""Samples of the Fourier transforms, which MXNet has on GPUs only: shapes are recorded, values are tested in
tests/ops/test_matrix.py.
"""
from . import Bad, Sample, T

GPU = "MXNet computes Fourier transforms on GPUs only"

SAMPLES = [
    *[Sample("_contrib_fft", [T(*shape)], ours_ok=GPU) for shape in [(2, 4), (1, 1), (3, 5), (2, 3, 2, 4), (1, 8)]],
    Sample("_contrib_fft", [T(2, 4)], {"compute_size": 1}, ours_ok=GPU),
    Bad("_contrib_fft", [T(2, 3, 4)], match="2 or 4 axes"),
    Bad("_contrib_fft", [T(4)], match="2 or 4 axes"),
    *[Sample("_contrib_ifft", [T(*shape)], ours_ok=GPU) for shape in [(2, 4), (1, 2), (3, 10), (2, 3, 2, 4), (1, 8)]],
    Sample("_contrib_ifft", [T(2, 4)], {"compute_size": 1}, ours_ok=GPU),
    Bad("_contrib_ifft", [T(2, 7)], match="even"),
    Bad("_contrib_ifft", [T(2, 3, 4)], match="2 or 4 axes"),
]
