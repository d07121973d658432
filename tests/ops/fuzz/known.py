# SPDX-License-Identifier: Apache-2.0
"""Differences that are meant (docs/differences.md), so that the fuzzer reports the others only.

An entry names operators, a part of the difference as the harness words it, a part of MXNet's own message where it
refuses, and where it can what the sample must be like. What we refuse and MXNet takes is refused in every part of the
comparison: an entry with `refusal` names our own message, and covers all parts of an example that fail by an error.
"""
from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from samples import FLOATS, Sample

REFUSED = r"raises \w*Error:|(?:Error|Warning) is raised, MXNet infers"
TAKEN = r"^nothing is raised, and MXNet refuses"
VALUES = r"values differ|sum and sum of magnitudes|values are finite"


class Known(NamedTuple):
    """Patterns of the operator's name (all of it), of the difference and of MXNet's message; the reason."""

    op: str
    line: str
    reason: str
    message: str = ""
    when: Callable[[Sample], bool] | None = None
    refusal: bool = False

    def fits(self, op: str, line: str, message: str, sample: Sample) -> bool:
        return bool(re.fullmatch(self.op, op) and re.search(self.line, line) and re.search(self.message, message)
                    and (self.when is None or self.when(sample)))


def refuses(op: str, ours: str, reason: str, when: Callable[[Sample], bool] | None = None) -> Known:
    """We refuse, with this message, what MXNet takes."""
    return Known(op, rf"raises \w*Error:.*(?:{ours})|(?:{ours}) is raised", reason, when=when, refusal=True)


def takes(op: str, message: str, reason: str, when: Callable[[Sample], bool] | None = None) -> Known:
    """MXNet refuses, with this message, what we take."""
    return Known(op, TAKEN, reason, message, when)


# ---------------------------------------------------------------------------------------------- what a sample is like

def param(sample: Sample, name: str, default: Any = None) -> Any:
    return sample.params.get(name, default)


def one_float_type(sample: Sample) -> bool:
    return len({spec.dtype for spec in sample.tensors() if spec.floating}) <= 1


def has_type(*dtypes: str) -> Callable[[Sample], bool]:
    return lambda sample: any(spec.dtype in dtypes for spec in sample.tensors())


def with_ties(sample: Sample) -> bool:
    """Whether the first input may hold equal numbers."""
    spec = sample.tensors()[0]
    return spec.fill != "distinct" or (not spec.floating and spec.args[0] < 1)


def max_with_ties(sample: Sample) -> bool:
    return param(sample, "pool_type", "max") == "max" and with_ties(sample)


def fractional_step(sample: Sample) -> bool:
    return float(param(sample, "step", 1.0)) % 1 != 0 or float(param(sample, "start", 0.0)) % 1 != 0


def empty(sample: Sample) -> bool:
    shape = param(sample, "shape", ())
    return 0 in (shape if isinstance(shape, tuple) else (shape,))


def no_probabilities(sample: Sample) -> bool:
    return bool((abs(sample.arrays()[0].astype("float64").sum(-1) - 1) > 1e-3).any())


def nearly_singular(sample: Sample) -> bool:
    """Whether rounding is multiplied by 100 and more in solving with one of the matrices, or with its triangle."""
    for x in sample.arrays():
        if x.ndim > 1 and x.shape[-1] == x.shape[-2] and np.isfinite(x).all():
            wide = x.astype("float64")
            if not max(np.linalg.cond(wide).max(), np.linalg.cond(np.tril(wide)).max()) < 100:
                return True
    return False


def many_steps(sample: Sample) -> bool:
    return sample.tensors()[0].shape[0] > 50


def wide(sample: Sample) -> bool:
    return max(sample.tensors()[0].shape[2:]) > 50


def falling(sample: Sample) -> bool:
    return param(sample, "slope", 0.25) < 0 and sample.tensors()[0].dtype != "float32"


def cubic(sample: Sample) -> bool:
    return param(sample, "interp") == 2


def reads_its_output(sample: Sample) -> bool:
    return bool(sample.out) and bool(param(sample, "init_output", True))


def infinite(sample: Sample) -> bool:
    x = sample.arrays()[0]
    return not np.isfinite(x).all() or float(np.abs(x).max()) > 1e30


def many_axes(sample: Sample) -> bool:
    return len(sample.tensors()[0].shape) > 2


def strided_and_dilated(sample: Sample) -> bool:
    return max(param(sample, "stride", (1,))) > 1 and max(param(sample, "dilate", (1,))) > 1


def blank_in_labels(sample: Sample) -> bool:
    """Whether a label of CTCLoss is the blank, in the part of the row that counts."""
    inputs = dict(zip(("data", "label"), sample.tensors())) if not isinstance(sample.inputs, dict) else sample.inputs
    labels = sample.arrays()[list(inputs).index("label")]
    last = param(sample, "blank_label", "first") == "last"
    if last:
        return bool((labels == inputs["data"].shape[-1] - 1).any())
    return bool(param(sample, "use_label_lengths") in (True, "True", 1) and (labels == 0).any())


def narrow_rows(sample: Sample) -> bool:
    """Whether a norm is over one or two elements, whose deviations cancel."""
    shape = sample.tensors()[0].shape
    if sample.op == "LayerNorm":
        return shape[param(sample, "axis", -1)] <= 2
    inner = math.prod(shape[2:])
    return (inner * shape[1] // param(sample, "num_groups", 1) if sample.op == "GroupNorm" else inner) <= 2


def instance_of_many_axes(sample: Sample) -> bool:
    return param(sample, "mode", "instance") == "instance" and len(sample.tensors()[0].shape) > 2


def to_whole(sample: Sample) -> bool:
    return sample.tensors()[0].floating and param(sample, "dtype", "float32") not in FLOATS


# ---------------------------------------------------------------------------------------------- the table

ONE_TYPE = (r"FP16 gemm on cpu|float16 fully connected layer is currently|Unknown type enum|type_flag_|"
            r"only supports? (?:32-bit and 64-bit )?floating point|Other DTypes are not supported|Unsupported data type")

KNOWN = [
    takes(r".*", ONE_TYPE, "more element types", one_float_type),
    takes(r"Pooling", r"pad_\w\[\d\] < kernel\[\d\]|Unsupported layout", "padding as wide as the kernel; any layout"),
    takes(r"_contrib_BatchNormWithReLU", r"only supports MKL-DNN", "any number of axes and type"),
    Known(r"Convolution_v1", r"gradient.*values differ", "MXNet's is not that of its Convolution",
          when=strided_and_dilated),
    Known(r"Cast|_np_cumsum", r"gradient.*MXNet gives", "a cast to whole numbers has gradient 0", when=to_whole),
    Known(r"LeakyReLU", r"gradient.*values differ", "MXNet takes the sign of the output", when=falling),
    Known(r"CTCLoss", VALUES, "the blank among the labels", when=blank_in_labels),
    Known(r"Dropout", VALUES, "few random numbers may be alike in MXNet's runs",
          when=lambda sample: bool(param(sample, "axes")) or math.prod(sample.tensors()[0].shape) < 8),
    Known(r"LayerNorm|GroupNorm|InstanceNorm", r"gradient.*values differ", "rounding", when=narrow_rows),
    refuses(r"Deconvolution", r"leaves an output of size|give at most", "senseless sizes"),
    takes(r"Deconvolution", r"could not create a descriptor", "oneDNN is not needed"),
    Known(r"SoftmaxActivation", r"gradient.*values differ", "a mistake in MXNet", when=instance_of_many_axes),
    Known(r"BatchNorm|_contrib_(?:BatchNormWithReLU|SyncBatchNorm)", r"changed value: of the inputs \[\], in MXNet of",
          "fix_gamma leaves gamma alone"),
    refuses(r"(?:_contrib_)?(?:Sync)?BatchNorm.*", r"gamma.*is .* need", "statistics of another length"),
    refuses(r"CTCLoss", r"label holds|lengths (?:hold|is)", "classes and lengths out of range"),
    refuses(r"Sequence(?:Last|Mask|Reverse)", r"out of bounds|sequence_length", "lengths beyond the axis"),
    refuses(r"Correlation", r"outside of \[[01], inf\]", "senseless sizes"),
    refuses(r"Convolution_v1", r"needs \d numbers", "senseless sizes"),
    refuses(r"Reshape", r"do not divide|cannot become|is invalid for", "another number of elements"),
    refuses(r"_contrib_BilinearResize2D", r"the output would be|needs both", "senseless sizes"),
    refuses(r"_contrib_(?:Modulated)?DeformableConvolution", r"(?:offset|mask).*is .* needs?", "offsets of another size"),
    refuses(r"_contrib_(?:Deformable)?PSROIPooling",
            r"trans.*is .* needs?|channels, but output_dim|outside of \[[01], inf\]|classes|not in the valid range|"
            r"embedding_bag: Expected idx|inf\] is|divide",
            "maps, parts and images that are not there"),
    refuses(r"_contrib_MultiBoxPrior", r"at least one number, and all above 0", "boxes without a size"),
    refuses(r"_contrib_(?:Multi)?Proposal", r"to be numbers above 0", "boxes without a size"),
    refuses(r"_contrib_interleaved_matmul_.*", r"attention is .* need", "heads of uneven size"),
    refuses(r"_cv.*|_image_.*", r"OpenCV takes images of", "pixels of types of which OpenCV makes nonsense"),
    refuses(r"_image_crop", r"leave the image|outside of \[", "regions outside of the image"),
    refuses(r"_eye|_full|_ones|_zeros.*|_linspace", r"outside of \[", "negative sizes"),
    refuses(r"_histogram", r"must be positive, and range", "no bins"),
    refuses(r"_(?:mp|multi|multi_mp)?_?adamw_update", r"has one element|the last input is", "one scale, not several"),
    refuses(r"_random_.*|_sample_.*", r"is a probability above 0|sum of probabilities|invalid multinomial",
            "parameters without a distribution"),
    takes(r"_image_.*", r"Expect channel of the input image is 1 or 3|must be the channel dimension with either 1 or 3",
          "any number of channels"),
    takes(r"_onehot_encode", r"only support float32", "more element types"),
    takes(r"_ones|_zeros.*|_full|_random_.*|_sample_.*", r"inferring shapes failed|must be non-zero",
          "arrays without elements in every mode", empty),
    refuses(r"_random_randint", r"is out of bounds for", "limits that the type does not have"),
    refuses(r"_sample_multinomial", r"cannot sample n_sample <= 0", "no samples"),
    Known(r"_sample_multinomial", VALUES, "rows that are no probabilities", when=no_probabilities),
    Known(r"_sample_negative_binomial", VALUES, "a probability of 0", when=has_type("int32", "int64", "int8", "uint8")),
    refuses(r"(?:multi_)?all_finite", r"give out=|out= is", "init_output=False says what out= keeps"),
    takes(r"amp_cast|amp_multicast", r"unknown type for MKLDNN", "more element types"),
    Known(r"amp_cast", VALUES, "to float types only, in MXNet", when=to_whole),
    refuses(r"cast_storage", r"operators on sparse storage are not implemented", "sparse arrays are not built"),
    Known(r".*", r"UserWarning is raised, MXNet infers .*'outputs': \[[^a-z]*\b0\b",
          "a symbol has no arrays without elements", refusal=True),
    refuses(r"im2col|col2im", r"two numbers, not below 0", "negative padding"),
    takes(r"argsort|sort|topk", r"does not support float16", "more element types"),
    takes(r"khatri_rao", r"Not implmented", "more element types"),
    Known(r"(?:log_)?softm(?:ax|in)", r"gradient of input 0.*values differ", "MXNet's is of the rounded output",
          when=lambda sample: param(sample, "dtype") is not None),
    refuses(r"scatter_nd|(?:_backward_)?gather_nd|_scatter_set_nd|_slice_assign.*", r"out of bounds", "indices out of range"),
    refuses(r"softmax_cross_entropy", r"out of bounds", "labels beyond the classes"),
    takes(r"tile|broadcast_.*|repeat", r"Too many reduction axes", "any number of axes"),
    Known(r"topk|sort|argsort|argmax|argmin", VALUES, "ties have no order", when=with_ties),
    takes(r"RNN", r"should be 0 <= dropout < 1", "all may be dropped"),
    takes(r"Reshape", r"MKLDNN doesn't support \d+ dimensions", "any number of axes"),
    takes(r"LRN", r"LRN only supports odd values", "an even window is one channel narrower, as for float32"),
    takes(r"RNN", r"state clipping is only supported for GPU|only supported for GPU", "works on the processor"),
    refuses(r"_contrib_R?ROIAlign|ROIPooling", r"not in the valid range|Expected idx|index out of range in self",
            "images that are not there"),
    refuses(r"_contrib_AdaptiveAvgPooling2D", r"one or two numbers from 1 on", "senseless sizes"),
    refuses(r"_contrib_group_adagrad_update", r"history is .* need", "a history of another size"),
    takes(r"UpSampling", r"new and old shape do not match", "num_filter says nothing"),
    takes(r"_backward_gather_nd", r"does not support int8|Unknown type enum 12", "more element types"),
    takes(r"_np_cumsum", r"must be in range", "an axis counted from the end"),
    takes(r"_(?:multi_)?mp_(?:adamw|lamb)_update", r"Unknown type enum 12", "more element types"),
    Known(r"_contrib_DeformableConvolution", r"gradient of input 1.*values differ", "places in float32", when=wide),
    refuses(r"_contrib_MultiBoxTarget", r"but needed are", "predictions of another size"),
    Known(r"_linalg_.*", r"gradient.*MXNet gives nan", "0 times infinity", when=lambda sample: param(sample, "alpha") == 0),
    takes(r"_np_cumsum", r"Invalid Input: 'uint8'", "more element types"),
    Known(r"_np_cumsum", r"gradient.*values differ", "rounding in sums, where they are many or narrow",
          when=lambda sample: param(sample, "dtype") is not None or max(sample.tensors()[0].shape) > 50),
    Known(r"_image_resize|_cvimresize", r"uint8.*values differ", "cubic tables of another OpenCV", when=cubic),
    Known(r"_image_resize|_cvimresize", r"float64.*values differ", "OpenCV's weights have 32 bits"),
    Known(r"_.*adamw_update", r"changed value: of the inputs", "a moment times 1 may change its last bit",
          when=lambda sample: 1.0 in (param(sample, "beta1"), param(sample, "beta2"))),
    takes(r"_square_sum", r"only supports axis=0 or 1|Operator not implemented", "any axes"),
    Known(r"_sample_unique_zipfian", VALUES, "other random numbers"),
    refuses(r"_scatter_set_nd", r"must be the sizes of the result", "sizes that are none"),
    Known(r"(?:multi_)?all_finite", VALUES, "MXNet writes over the array it reads", when=reads_its_output),
    refuses(r"ftrl_update", r"lambda must be in range", "a penalty below 0"),
    takes(r"mp_lamb_update_phase1", r"Type inconsistent", "weights of any floating type"),
    Known(r"_rpower_scalar|_power.*|broadcast_power", r"gradient.*MXNet gives (?:nan|inf|-inf)", "the limit at base 0"),
    Known(r"_square_sum", VALUES, "MXNet takes exclude=True for False", when=lambda sample: bool(param(sample, "exclude"))),
    takes(r"(?:multi_)?all_finite", r"type_flag_", "several element types"),
    takes(r"dot", r"dns.shape_.ndim\(\) == 2", "forward_stype says nothing"),
    takes(r"multi_mp_.*|preloaded_multi_mp_.*|mp_.*", r"Unknown type enum 12", "more element types"),
    Known(r"(?:log_)?softm(?:ax|in)", VALUES, "infinite differences", when=infinite),
    Known(r"norm", r"output.* u?int\d+\[.*values differ", "a mistake in MXNet", when=has_type("int32", "int64", "int8", "uint8")),
    Known(r"norm", r"gradient.*MXNet gives nan", "a subgradient at 0"),
    Known(r"(?:nan)?prod", r"gradient.*MXNet gives -?(?:nan|inf)", "the limit at zeros and infinities"),
    takes(r"reverse", r"index = -\d+ must be in range", "axes counted from the end"),
    Known(r"(?:log_)?softm(?:ax|in)", VALUES, "computed in the wider type",
          when=lambda sample: param(sample, "dtype") not in (None, sample.tensors()[0].dtype)),
    Known(r"smooth_l1", VALUES, "0 times infinity", when=lambda sample: param(sample, "scalar") == 0),
    Known(r"repeat", r"shape is .*MXNet gives \(0,\)", "the other axes stay", when=lambda sample: param(sample, "repeats") == 0),
    takes(r"tile", r"inferring shapes failed", "arrays without elements in every mode"),
    takes(r"(?:preloaded_)?multi_.*", r"Unknown type enum 12", "more element types"),
    refuses(r"transpose", r"duplicate dims|names an axis twice", "an axis twice"),
    Known(r"_image_random_.*", VALUES, "other random numbers",
          when=lambda sample: param(sample, "min_factor") != param(sample, "max_factor")),
    Known(r"_contrib_BilinearResize2D", r"float64.*values differ", "weights of 32 bits"),
    takes(r".*_scalar", r"but value='(?:True|False)'", "True is a number in Python"),
    Known(r"_image_random_hue", r"u?int\d+\[.*values differ", "a last bit is cut to another whole number"),
    Known(r"_image_(?:to_tensor|resize|flip|random|adjust_lighting).*", r"gradient.*values differ",
          "MXNet hands on the gradient as it is, if shapes allow"),
    Known(r"_linalg_.*", VALUES, "rounding in nearly singular matrices", when=nearly_singular),
    Known(r"CTCLoss", r"gradient.*values differ", "rounding over many steps", when=many_steps),
    refuses(r"_cvimdecode|_cvimread", r"outside of \[0, 1\]", "color or gray"),
    refuses(r"_contrib_box_encode", r"out of bounds", "boxes that are not there"),
    Known(r"_random_pdf_.*", r"gradient.*(?:nan|inf)", "gradients at poles"),
    refuses(r"_contrib_interleaved_matmul_.*", r"does not divide into heads", "heads of uneven size"),
    refuses(r"_contrib_SyncBatchNorm", r"devices are to exchange values", "one device"),
    refuses(r"_contrib_arange_like|_arange", r"repeat=.* outside of \[1, inf\]", "senseless parameters"),
    refuses(r"_contrib_index_array", r"is out of range for an array", "axes that are not there"),
    refuses(r"_contrib_index_copy", r"out of bounds", "indices out of range"),
    takes(r"_contrib_index_copy", r"in_attrs->at\(0\)\[i\] >= in_attrs->at\(2\)", "more copies than rows: the last stays"),
    takes(r"_contrib_ModulatedDeformableConvolution", r"num_filter must divide deformable group", "filters as one likes"),
    takes(r"_contrib_SparseEmbedding", r"Cannot find argument 'sparse_grad'", "as Embedding has it"),
    takes(r"_contrib_SyncBatchNorm", r"requires uniform type", "more element types"),
    takes(r"_contrib_boolean_mask", r"Shape is unknown", "arrays without elements in every mode"),
    takes(r"CTCLoss", r"type_flag_", "more element types"),
    Known(r"Pooling_v1", r"gradient.*values differ", "with ties, the first gets it", when=max_with_ties),
    Known(r"_contrib_arange_like|_arange", r"float16.*values differ", "MXNet cuts a fractional step", when=fractional_step),
    Known(r"IdentityAttachKLSparseReg", r"values differ", "units are axis 1, not the last one", when=many_axes),
]


def reasons(op: str, lines: Sequence[str], notes: dict[str, Any], sample: Sample) -> dict[str, str | None]:
    """Why each of an example's differences is meant, or None."""
    message = " ".join(note.get("message", "") for note in notes.values())
    found: dict[str, str | None] = {}
    refusal = None
    for line in lines:
        entry = next((known for known in KNOWN if known.fits(op, line, message, sample)), None)
        found[line] = entry and entry.reason
        refusal = entry.reason if entry and entry.refusal else refusal
    if refusal:
        found = {line: why or (refusal if re.search(REFUSED, line) else None) for line, why in found.items()}
    return found
