# SPDX-License-Identifier: Apache-2.0
"""`mx.test_utils`: what tests of operators and models use.

By subject: `compare` (tolerances and assertions), `arrays` (random data), `check` (graphs against values, finite
differences and each other), `statistics` (random generators), `system` (environment, devices), `data` (data sets).
"""
from .._old_names import lend
from ..context import current_context
from ..ndarray import array
from . import arrays, check, compare, data, statistics, system
from .arrays import (
    assign_each,
    assign_each2,
    collapse_sum_like,
    create_2d_tensor,
    create_sparse_array,
    create_sparse_array_zd,
    create_vector,
    default_context,
    default_dtype,
    get_identity_mat,
    get_identity_mat_batch,
    new_matrix_with_real_eigvals_2d,
    new_matrix_with_real_eigvals_nd,
    new_orthonormal_matrix_2d,
    new_sym_matrix_with_real_eigvals_2d,
    new_sym_matrix_with_real_eigvals_nd,
    np_reduce,
    rand_coord_2d,
    rand_ndarray,
    rand_shape_2d,
    rand_shape_3d,
    rand_shape_nd,
    rand_sparse_ndarray,
    random_arrays,
    random_sample,
    random_uniform_arrays,
    set_default_context,
    shuffle_csr_column_indices,
)
from .check import (
    check_consistency,
    check_gluon_hybridize_consistency,
    check_numeric_gradient,
    check_speed,
    check_symbolic_backward,
    check_symbolic_forward,
    compare_optimizer,
    numeric_grad,
    simple_forward,
)
from .compare import (
    almost_equal,
    assert_allclose,
    assert_almost_equal,
    assert_almost_equal_ignore_nan,
    assert_almost_equal_with_err,
    assert_exception,
    checkShapes,
    compare_ndarray_tuple,
    default_atols,
    default_numeric_eps,
    default_rtols,
    effective_dtype,
    get_atol,
    get_etol,
    get_rtol,
    get_tolerance,
    get_tols,
    locationError,
    same,
    same_array,
    same_symbol_structure,
)
from .data import (
    download,
    download_model,
    get_bz2_data,
    get_cifar10,
    get_im2rec_path,
    get_mnist,
    get_mnist_iterator,
    get_mnist_pkl,
    get_mnist_ubyte,
    get_zip_data,
)
from .statistics import (
    chi_square_check,
    gen_buckets_probs_with_ppf,
    mean_check,
    var_check,
    verify_generator,
)
from .system import (
    DummyIter,
    discard_stderr,
    environment,
    get_cuda_compute_capability,
    getenv,
    has_tvm_ops,
    is_aarch64_run,
    is_cd_run,
    is_op_runnable,
    list_gpus,
    retry,
    setenv,
    use_np,
)

__all__ = ["array", "current_context", *arrays.__all__, *check.__all__, *compare.__all__, *data.__all__,
           *statistics.__all__, *system.__all__]

# `from mxnet.test_utils import *` gives these to many a test; but scipy may not be there.
__all__ += [name for name in lend(__name__) if name != "ss" and not name.startswith("_")]
