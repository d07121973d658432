# SPDX-License-Identifier: Apache-2.0
"""What MXNet's operators have and those of this package do not need, but others get to see.

- Hidden outputs, which serve MXNet's gradients: symbol files count them.
- Inputs without a name: monitors call those `input0`, `input1`, ...
- Names of gradients.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Node

# How many outputs, hidden ones included, an operator has in MXNet, where it has more than here.
_OUTPUTS = {
    "BilinearSampler": 2, "CTCLoss": 2, "Correlation": 3, "GridGenerator": 2, "GroupNorm": 3, "InstanceNorm": 3,
    "L2Normalization": 2, "LRN": 2, "LayerNorm": 3, "Pooling": 2, "ROIPooling": 2, "SpatialTransformer": 3,
    "_contrib_BatchNormWithReLU": 4, "_contrib_DeformablePSROIPooling": 2, "_contrib_MultiProposal": 2,
    "_contrib_Proposal": 2, "_contrib_box_nms": 2, "_linalg_det": 3, "_linalg_slogdet": 4, "sort": 2,
    "topk": 2,
}
# For some only with these parameters.
_WHEN: dict[str, Callable[[Any], bool]] = {
    "Pooling": lambda p: p.pool_type == "max" and bool(p.kernel) and p.layout in (None, "NCW", "NCHW", "NCDHW"),
    "topk": lambda p: p.ret_typ == "value",
}

# Operators that do not name their only input.
_UNNAMED = frozenset("""
    Activation BlockGrad Cast Flatten Reshape SoftmaxActivation _contrib_AdaptiveAvgPooling2D _contrib_arange_like
    _contrib_bipartite_matching _contrib_box_nms _contrib_div_sqrt_dim _contrib_gradientmultiplier _contrib_round_ste
    _contrib_sign_ste _copy _div_scalar _equal_scalar _greater_equal_scalar _greater_scalar _hypot_scalar
    _image_adjust_lighting _image_crop _image_flip_left_right _image_flip_top_bottom _image_random_brightness
    _image_random_color_jitter _image_random_contrast _image_random_flip_left_right _image_random_flip_top_bottom
    _image_random_hue _image_random_lighting _image_random_saturation _image_resize _lesser_equal_scalar
    _lesser_scalar _logical_and_scalar _logical_or_scalar _logical_xor_scalar _maximum_scalar _minimum_scalar
    _minus_scalar _mod_scalar _mul_scalar _not_equal_scalar _plus_scalar _power_scalar _random_exponential_like
    _random_gamma_like _random_generalized_negative_binomial_like _random_negative_binomial_like _random_normal_like
    _random_poisson_like _random_uniform_like _rdiv_scalar _rminus_scalar _rmod_scalar _rpower_scalar
    _sample_multinomial _scatter_minus_scalar _scatter_plus_scalar _shuffle _slice_assign_scalar abs amp_cast arccos
    arccosh arcsin arcsinh arctan arctanh argmax argmax_channel argmin argsort broadcast_axis broadcast_to
    cast_storage cbrt ceil clip cos cosh degrees erf erfinv exp expand_dims expm1 fix floor gamma gammaln
    hard_sigmoid log log10 log1p log2 logical_not make_loss max mean min nanprod nansum negative norm ones_like prod
    radians rcbrt reciprocal relu rint round rsqrt shape_array sigmoid sign sin sinh size_array slice slice_axis
    smooth_l1 softmin softsign sort sqrt square sum tan tanh topk transpose trunc zeros_like""".split())

# Operators that name the gradients of their inputs after these; the others number them.
_GRADIENTS_BY_NAME = frozenset("""
    BatchNorm_v1 BilinearSampler Convolution_v1 Correlation Crop GridGenerator IdentityAttachKLSparseReg InstanceNorm
    L2Normalization MakeLoss Pad Pooling_v1 ROIPooling SVMOutput SequenceLast SequenceMask SequenceReverse SliceChannel
    SpatialTransformer SwapAxis _contrib_DeformableConvolution _contrib_PSROIPooling _contrib_count_sketch
    _contrib_fft _contrib_ifft""".split())
# What follows the node's name for those that go by neither rule; elemwise_add passes its gradient on as it is.
_GRADIENTS = {
    "batch_dot": ("backward_lhs_output", "backward_rhs_output"), "elemwise_add": (),
    "gather_nd": ("backward_output", "backward_indices_output"), "pick": ("backward_output", "index_backward_output"),
    "reshape_like": ("backward_output", "rhs_backward_output"),
    "where": ("cond_backward_output", "backward_output0", "backward_output1"),
}


def outputs_in_files(node: Node) -> int:
    """How many outputs a symbol file says that a node has."""
    name = node.op.name if node.op is not None else ""
    if name not in _OUTPUTS or (name in _WHEN and not _WHEN[name](node.params)):
        return node.output_count()
    return max(node.output_count(), _OUTPUTS[name])


def needs_other_devices(node: Node) -> bool:
    """Whether a node, in training, waits for what other devices compute at the same time."""
    return node.op is not None and node.op.name == "_contrib_SyncBatchNorm" and node.params.ndev > 1


def monitored_inputs(node: Node) -> list[str]:
    """What a monitor calls the inputs of a node, behind the node's name."""
    names = node.input_names()
    assert node.op is not None
    return [f"input{i}" for i in range(len(names))] if node.op.name in _UNNAMED else names


def gradient_names(node: Node) -> list[str]:
    """What a monitor calls the gradients with respect to the inputs of a node, for those that have one."""
    assert node.op is not None
    name, count = node.op.name, len(node.inputs) - sum(node.aux_flags())
    if name == "add_n":
        return ["output"] * count
    if name in _GRADIENTS:
        endings: Sequence[str] = _GRADIENTS[name]
    elif name in _GRADIENTS_BY_NAME:
        endings = [f"backward_{given}" for given in node.input_names()[:count]]
    else:
        what = "output" if name == "Custom" else "backward_output"
        endings = [what] if count == 1 else [f"{what}{i}" for i in range(count)]
    return [f"{node.name}_{ending}" for ending in endings]
