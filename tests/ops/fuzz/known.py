# SPDX-License-Identifier: Apache-2.0
"""Differences that are meant (docs/differences.md), so that the fuzzer reports the others only."""
from __future__ import annotations

import re
from typing import Any, NamedTuple


class Known(NamedTuple):
    """Patterns of the operator's name, of the difference, and of MXNet's own error message; and the reason."""

    op: str
    line: str
    message: str
    reason: str


KNOWN = [
    Known(r".*", r"nothing is raised", r"not supported|not impl|too many reduction axes|only support|unsupported|unknown type|"
          r"data ?type|dtype|FCompute|type_flag_|does not support|currently|cudnn|GPU|CUDA|inference only|Lapack",
          "more is allowed: the engine can do it"),
    Known(r"CTCLoss", r"label holds|lengths? (hold|is)", r"", "indices out of range read stray memory in MXNet"),
    Known(r"Sequence(Last|Mask|Reverse)", r"out of bounds|sequence_length", r"", "lengths beyond the axis, likewise"),
    Known(r"Correlation|Convolution_v1", r"outside of \[0, inf\]|needs \d numbers|InferenceError", r"",
          "senseless parameters are refused, of which MXNet ignores a part"),
    Known(r"Reshape", r"do not divide|cannot become|is invalid for|InferenceError|shape_back", r"",
          "another number of elements is refused"),
    Known(r"Cast", r"gradient", r"", "a cast from float to integer has gradient 0"),
    Known(r"Pooling_v1", r"gradient", r"", "with ties, the first gets the gradient"),
    Known(r"_contrib_(MultiBox|Multi|)(Prior|Proposal)", r"above 0|InferenceError|shape_back|MXNet gives nan", r"",
          "boxes without a size are refused"),
    Known(r"_contrib_SparseEmbedding", r"nothing is raised", r"sparse_grad", "as Embedding has it"),
    Known(r"_contrib_SyncBatchNorm", r"not built|changed value", r"", "one device; fix_gamma leaves gamma alone"),
    Known(r"_contrib_(arange_like|index_array|index_copy|interleaved_.*)|_arange",
          r"outside of \[|out of range|out of bounds|does not divide|as given, but|InferenceError|"
          r"shape_back", r"",
          "senseless parameters are refused"),
    Known(r"_contrib_index_copy", r"nothing is raised", r"", "more copies than rows: the last one stays"),
    Known(r"_contrib_arange_like|_arange", r"float16", r"", "MXNet truncates a fractional step"),
    Known(r".*_scalar", r"nothing is raised", r"True|False", "True and False are numbers in Python"),
    Known(r"ftrl_update", r"lambda must be", r"", "a penalty below 0 is senseless"),
    Known(r"(log_)?soft(max|min)", r"gradient of input 0", r"",
          "with dtype=: MXNet's gradient is that of the rounded output"),
    Known(r"topk|sort|argsort|argmax|argmin", r"values differ", r"", "ties have no order"),
    Known(r"_cv.*|_image_.*", r"OpenCV takes", r"", "pixels of other types are refused, of which MXNet makes nonsense"),
    Known(r"_eye|_full|_ones|_zeros.*|_linspace", r"outside of \[", r"", "negative sizes are refused"),
    Known(r"_image_.*", r"leave the image|InferenceError|shape_back", r"", "regions outside of the image are refused"),
    Known(r"_image_.*", r"nothing is raised", r"channel", "images of any number of channels"),
    Known(r"_ones|_zeros|_random_.*|_sample_.*", r"nothing is raised", r"inferring shapes failed|must be non-zero",
          "arrays without elements are made in every mode"),
    Known(r"_random_(?!pdf).*|_sample_.*",
          r"probability|out of bounds|cannot be drawn|sum of probabilities|values differ", r"",
          "parameters without a distribution; other random numbers"),
    Known(r"_random_pdf_.*", r"gradient.*(nan|inf)", r"", "gradients at poles are torch's"),
    Known(r"cast_storage|(multi_)?all_finite", r"MXNetNotImplementedError", r"", "said to be not built"),
    Known(r".*adamw_update", r"one element|the last input is|InferenceError|changed value", r"",
          "a scale of several numbers is refused; a moment times 1 may change its last bit"),
    Known(r"amp_cast", r"", r"", "to float types only, in MXNet"),
    Known(r"im2col|col2im", r"not below 0|InferenceError", r"", "negative widths of the padding are refused"),
    Known(r"mp_lamb_update_phase1", r"nothing is raised", r"inconsistent", "weights of any float type"),
    Known(r"softmax_cross_entropy", r"out of bounds", r"", "labels beyond the classes read stray memory in MXNet"),
    Known(r".*", r"KeyError: 'outputs'", r"", "MXNet refuses only at some of its runs"),
    Known(r"SoftmaxActivation", r"gradient", r"",
          "MXNet's gradient of mode='instance' sums over axis 1, where its softmax is over the last one"),
    Known(r"_contrib_(Deformable|Modulated|BilinearResize2D|PSROI|RROI|ROI).*|ROIPooling",
          r"outside of \[|as given, but|InferenceError|not in the valid|need|would be|shape_back", r"",
          "images, parts and sizes that are not there are refused"),
    Known(r"BatchNorm|_contrib_BatchNormWithReLU", r"changed value: of the inputs \[\], in MXNet of \['1'\]", r"",
          "fix_gamma leaves gamma alone"),
    Known(r"scatter_nd|gather_nd", r"out of bounds", r"", "indices out of range write stray memory in MXNet"),
    Known(r".*", r"UserWarning is raised|KeyError: 'shape_back'", r"", "a symbol has no arrays without elements"),
    Known(r"BatchNorm.*", r"gamma is .* but the other inputs need|InferenceError|shape_back", r"",
          "statistics of another length than the axis read stray memory in MXNet"),
]


def reason(op: str, line: str, notes: dict[str, Any]) -> str | None:
    """Why a difference is meant, or None."""
    message = " ".join(note.get("message", "") for note in notes.values())
    for known in KNOWN:
        if re.fullmatch(known.op, op) and re.search(known.line, line) and re.search(known.message, message, re.I):
            return known.reason
    return None
