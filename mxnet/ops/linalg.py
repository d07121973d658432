# SPDX-License-Identifier: Apache-2.0
"""Linear algebra on the matrices in the last two axes; the axes before these are a batch.

The names are LAPACK's. Leading axes of several inputs are alike: nothing is broadcast. MXNet computes these operators
in float32 and float64 only; here they take what torch takes.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor

from .axes import axis_index
from .infer import show, unify
from .registry import OperatorError, op

# ---------------------------------------------------------------------------------------------- shapes

def _require_square(shape):
    """The batch axes and the size of square matrices."""
    if len(shape) < 2 or (None not in shape[-2:] and shape[-1] != shape[-2]):
        raise OperatorError(f"A {show(shape)} must hold square matrices in its last two axes")
    return shape[:-2], shape[-1] if shape[-2] is None else shape[-2]


def _square(params, A=None, out=None):
    """Shape rule: square matrices to square matrices."""
    whole = unify("output", out, A)
    if whole is None:
        return {}
    batch, size = _require_square(whole)
    return {"A": (*batch, size, size), "out": (*batch, size, size)}


def _multiplied(a, b, transpose_a, transpose_b, axis=-2):
    """The shape of the product of matrices whose rows run along `axis` and whose columns along the last one."""
    if len(a) != len(b) or len(a) < 2:
        raise OperatorError(f"A {show(a)} and B {show(b)} must have the same number of axes, at least 2")
    row = axis_index(axis, len(a) - 1 if axis >= 0 else len(a))
    if row == len(a) - 1:
        raise OperatorError(f"axis={axis} must not be the last axis")
    rest = unify("B", (*a[:row], None, *a[row + 1:-1]), (*b[:row], None, *b[row + 1:-1]))
    (m, k), (k2, n) = _oriented(a[row], a[-1], transpose_a), _oriented(b[row], b[-1], transpose_b)
    if None not in (k, k2) and k != k2:
        raise OperatorError(f"A {show(a)} and B {show(b)} do not fit: {k} and {k2} are to be summed over")
    return (*rest[:row], m, *rest[row + 1:], n)


def _oriented(rows, columns, transposed):
    return (columns, rows) if transposed else (rows, columns)


# ---------------------------------------------------------------------------------------------- products

def _product(a, b, transpose_a, transpose_b, alpha, axis):
    """alpha * op(a) @ op(b), with the rows along the last axis but one."""
    if axis != -2:
        a, b = a.movedim(axis, -2), b.movedim(axis, -2)
    result = torch.matmul(a.mT if transpose_a else a, b.mT if transpose_b else b)
    return result if alpha == 1 else result * alpha


@op("_linalg_gemm", "linalg_gemm")
def gemm(A: Tensor, B: Tensor, C: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0,
         beta: float = 1.0, axis: int = -2) -> Tensor:
    """`alpha * op(A) @ op(B) + beta * C`, where op transposes if its flag is set.

    Rows run along `axis`, columns along the last one. MXNet operator `_linalg_gemm`.

    >>> A = mx.nd.array([[1, 2], [3, 4]])
    >>> mx.nd.linalg.gemm(A, A, mx.nd.ones((2, 2)), beta=10).asnumpy().tolist()
    [[17.0, 20.0], [25.0, 32.0]]
    """
    result = _product(A, B, transpose_a, transpose_b, alpha, axis)
    result = torch.add(result, C if axis == -2 else C.movedim(axis, -2), alpha=beta)
    return result if axis == -2 else result.movedim(-2, axis).contiguous()


@gemm.shape
def _(params, A, B, out=None):
    result = _multiplied(A, B, params.transpose_a, params.transpose_b, params.axis)
    return {"out": unify("output", result, out), "C": result}


@op("_linalg_gemm2", "linalg_gemm2")
def gemm2(A: Tensor, B: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0,
          axis: int = -2) -> Tensor:
    """`alpha * op(A) @ op(B)`, where op transposes if its flag is set.

    Rows run along `axis`, columns along the last one. MXNet operator `_linalg_gemm2`.

    >>> A = mx.nd.array([[1, 2], [3, 4]])
    >>> mx.nd.linalg.gemm2(A, A, transpose_b=True).asnumpy().tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """
    result = _product(A, B, transpose_a, transpose_b, alpha, axis)
    return result if axis == -2 else result.movedim(-2, axis).contiguous()


@gemm2.shape
def _(params, A, B):
    return {"out": _multiplied(A, B, params.transpose_a, params.transpose_b, params.axis)}


@op("_linalg_syrk", "linalg_syrk")
def syrk(A: Tensor, *, transpose: bool = False, alpha: float = 1.0) -> Tensor:
    """`alpha * A @ A^T`, or `alpha * A^T @ A` with `transpose`. MXNet operator `_linalg_syrk`.

    >>> mx.nd.linalg.syrk(mx.nd.array([[1, 2], [3, 4]])).asnumpy().tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """
    if A.ndim < 2:
        raise OperatorError(f"A {show(A.shape)} must hold matrices, in at least 2 axes")
    return _product(A, A, transpose, not transpose, alpha, -2)


@syrk.shape
def _(params, A):
    return {"out": _multiplied(A, A, params.transpose, not params.transpose)}


# ---------------------------------------------------------------------------------------------- triangular factors

def _triangle(A, lower):
    return A.tril() if lower else A.triu()


@op("_linalg_trmm", "linalg_trmm")
def trmm(A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True,
         alpha: float = 1.0) -> Tensor:
    """`alpha * op(A) @ B`, or `alpha * B @ op(A)` with `rightside`, for triangular A.

    Only the lower (else the upper) triangle of A is read; op transposes if its flag is set. MXNet operator
    `_linalg_trmm`.

    >>> mx.nd.linalg.trmm(mx.nd.array([[2, 9], [1, 2]]), mx.nd.ones((2, 2))).asnumpy().tolist()
    [[2.0, 2.0], [3.0, 3.0]]
    """
    factor = _triangle(A, lower)
    factor = factor.mT if transpose else factor
    result = torch.matmul(B, factor) if rightside else torch.matmul(factor, B)
    return result if alpha == 1 else result * alpha


@op("_linalg_trsm", "linalg_trsm")
def trsm(A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True,
         alpha: float = 1.0) -> Tensor:
    """The X of `op(A) @ X = alpha * B`, or of `X @ op(A) = alpha * B` with `rightside`, for triangular A.

    Only the lower (else the upper) triangle of A is read; op transposes if its flag is set. MXNet operator
    `_linalg_trsm`.

    >>> mx.nd.linalg.trsm(mx.nd.array([[2, 9], [1, 2]]), mx.nd.array([[2], [3]])).asnumpy().tolist()
    [[1.0], [1.0]]
    """
    result = torch.linalg.solve_triangular(A.mT if transpose else A, B if alpha == 1 else alpha * B,
                                           upper=lower == transpose, left=not rightside)
    return result.contiguous()


@trmm.shape
@trsm.shape
def _(params, A=None, B=None, out=None):
    known = unify("output", out, B)
    if known is None or len(known) < 2:
        return {"B": known, "out": known}
    side = -1 if params.rightside else -2
    batch, size = _require_square(unify("A", A, (*known[:-2], known[side], known[side])))
    rows, columns = (known[-2], size) if params.rightside else (size, known[-1])
    known = (*batch, rows, columns)
    return {"A": (*batch, size, size), "B": known, "out": known}


@op("_linalg_potrf", "linalg_potrf")
def potrf(A: Tensor, *, lower: bool = True) -> Tensor:
    """The Cholesky factor: the triangular L with `L @ L^T = A`, for symmetric positive definite A; `L^T`, which is
    upper triangular, without `lower`.

    Only the triangle of A that the result fills is read; the gradient is symmetric. An error is raised where A is not
    positive definite. MXNet operator `_linalg_potrf`.

    >>> mx.nd.linalg.potrf(mx.nd.array([[4, 2], [2, 5]])).asnumpy().tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    return torch.linalg.cholesky(A, upper=not lower).contiguous()


@op("_linalg_potri", "linalg_potri")
def potri(A: Tensor, *, lower: bool = True) -> Tensor:
    """The inverse of `A @ A^T` for a lower triangular A with no zero on its diagonal, as `potrf` gives it; of `A^T @ A`
    for an upper triangular A, without `lower`.

    MXNet operator `_linalg_potri`.

    >>> mx.nd.linalg.potri(mx.nd.array([[2, 0], [1, 2]])).asnumpy().tolist()
    [[0.3125, -0.125], [-0.125, 0.25]]
    """
    return torch.cholesky_inverse(A.tril() if lower else A.triu(), upper=not lower).contiguous()


potrf.shape(_square)
potri.shape(_square)


@op("_linalg_gelqf", "linalg_gelqf", outputs=("output0", "output1"))
def gelqf(A: Tensor) -> tuple[Tensor, Tensor]:
    """The factors (Q, L) of `A = L @ Q`, for A of shape (..., m, n) with m <= n.

    Q (..., m, n) has orthonormal rows, L (..., m, m) is lower triangular. MXNet operator `_linalg_gelqf`.

    >>> Q, L = mx.nd.linalg.gelqf(mx.nd.array([[1, 2, 3], [4, 5, 6]]))
    >>> Q.shape, L.shape
    ((2, 3), (2, 2))
    """
    _require_wide(A.shape)
    q, r = torch.linalg.qr(A.mT)
    return q.mT.contiguous(), r.mT.contiguous()


def _require_wide(shape):
    if len(shape) < 2 or (None not in shape[-2:] and shape[-2] > shape[-1]):
        raise OperatorError(f"A {show(shape)} must hold matrices with no more rows than columns")


@gelqf.shape
def _(params, A=None, out=None):
    whole = unify("output0", out[0], A)
    if whole is None:
        return {}
    _require_wide(whole)
    return {"A": whole, "out": [whole, (*whole[:-1], whole[-2])]}


# ---------------------------------------------------------------------------------------------- eigenvalues

@op("_linalg_syevd", outputs=("output0", "output1"))
def syevd(A: Tensor) -> tuple[Tensor, Tensor]:
    """The eigenvectors U, as rows, and the ascending eigenvalues L of symmetric A: `A = U^T @ diag(L) @ U`.

    Only the lower triangle of A is read. The element of largest magnitude in each eigenvector is positive. The gradient
    is finite where the eigenvalues differ. MXNet operator `_linalg_syevd`.

    >>> U, L = mx.nd.linalg.syevd(mx.nd.array([[2, 1], [1, 2]]))
    >>> L.asnumpy().round(4).tolist()
    [1.0, 3.0]
    """
    values, vectors = torch.linalg.eigh(A)
    rows = vectors.mT
    largest = rows.detach().abs().argmax(-1, keepdim=True)
    return (rows * rows.detach().gather(-1, largest).sign()).contiguous(), values


@syevd.shape
def _(params, A=None, out=None):
    whole = unify("output0", out[0], A)
    if whole is None:
        return {}
    batch, size = _require_square(whole)
    return {"A": (*batch, size, size), "out": [(*batch, size, size), (*batch, size)]}


# ---------------------------------------------------------------------------------------------- determinants, inverse

def _scalars(values: Tensor) -> Tensor:
    """One number a matrix; a single matrix gives an array of shape (1,)."""
    return values if values.ndim else values.reshape(1)


@op("_linalg_det", "linalg_det", "_npi_det", outputs=("output0",))
def det(A: Tensor) -> Tensor:
    """The determinant of each matrix; shape (1,) for a single one. MXNet operator `_linalg_det`.

    >>> mx.nd.linalg.det(mx.nd.array([[2, 1], [1, 2]])).asnumpy().tolist()
    [3.0]
    """
    return _scalars(torch.linalg.det(A))


@op("_linalg_slogdet", "linalg_slogdet", "_npi_slogdet", outputs=("output0", "output1"))
def slogdet(A: Tensor) -> tuple[Tensor, Tensor]:
    """The sign of the determinant (without gradient), and the logarithm of its magnitude, of each matrix.

    For a singular matrix these are 0 and -inf. MXNet operator `_linalg_slogdet`.

    >>> [x.asnumpy().tolist() for x in mx.nd.linalg.slogdet(mx.nd.array([[0, 1], [1, 0]]))]
    [[-1.0], [0.0]]
    """
    sign, logarithm = torch.linalg.slogdet(A)
    return _scalars(sign), _scalars(logarithm)


@det.shape
def _(params, A):
    batch, _ = _require_square(A)
    return {"out": batch or (1,)}


@slogdet.shape
def _(params, A):
    batch, _ = _require_square(A)
    return {"out": [batch or (1,)] * 2}


@op("_linalg_sumlogdiag", "linalg_sumlogdiag")
def sumlogdiag(A: Tensor) -> Tensor:
    """The sum of the logarithms of the diagonal of each matrix; shape (1,) for a single one.

    MXNet operator `_linalg_sumlogdiag`.

    >>> mx.nd.linalg.sumlogdiag(mx.nd.array([[1, 7], [7, 1]])).asnumpy().tolist()
    [0.0]
    """
    return _scalars(A.diagonal(0, -2, -1).log().sum(-1))


@sumlogdiag.shape
def _(params, A):
    return {"out": A[:-2] or (1,)}


@op("_linalg_inverse", "linalg_inverse", "_npi_inv")
def inverse(A: Tensor) -> Tensor:
    """The inverse of each matrix. An error is raised for a singular one. MXNet operator `_linalg_inverse`.

    >>> mx.nd.linalg.inverse(mx.nd.array([[2, 0], [0, 4]])).asnumpy().tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return torch.linalg.inv(A).contiguous()


inverse.shape(_square)


# ---------------------------------------------------------------------------------------------- diagonals, triangles

@op("_linalg_extractdiag", "linalg_extractdiag")
def extractdiag(A: Tensor, *, offset: int = 0) -> Tensor:
    """The diagonal of each square matrix, `offset` above the main one. MXNet operator `_linalg_extractdiag`.

    >>> mx.nd.linalg.extractdiag(mx.nd.array([[1, 2], [3, 4]]), offset=1).asnumpy().tolist()
    [2.0]
    """
    _require_square(A.shape)
    _reach(A.shape[-1], offset)
    return A.diagonal(offset, -2, -1).clone(memory_format=torch.contiguous_format)


def _reach(size, offset):
    """The length of a diagonal."""
    if size is None:
        return None
    if abs(offset) >= size:
        raise OperatorError(f"offset={offset}: a matrix of size {size} has no such diagonal")
    return size - abs(offset)


@extractdiag.shape
def _(params, A):
    batch, size = _require_square(A)
    return {"out": (*batch, _reach(size, params.offset))}


@op("_linalg_makediag", "linalg_makediag")
def makediag(A: Tensor, *, offset: int = 0) -> Tensor:
    """Square matrices with the vectors in the last axis as their diagonal, `offset` above the main one.

    MXNet operator `_linalg_makediag`.

    >>> mx.nd.linalg.makediag(mx.nd.array([1, 2])).asnumpy().tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    return torch.diag_embed(A, offset)


@makediag.shape
def _(params, A):
    size = None if A[-1] is None else A[-1] + abs(params.offset)
    return {"out": (*A[:-1], size, size)}


def _places(size: int, offset: int, lower: bool, device: torch.device) -> Tensor:
    """Flat indices of a triangle that ends at the diagonal `offset`: the upper one above the main diagonal, the lower
    one below it, `lower` decides at it. The lower one is read row by row, the upper one column by column.
    """
    row, column = torch.tril_indices(size - abs(offset), size - abs(offset), device=device)
    if offset > 0 or (offset == 0 and not lower):
        return column * size + row + offset
    return (row - offset) * size + column


@op("_linalg_extracttrian", "linalg_extracttrian")
def extracttrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """A triangle of each square matrix as a vector: (..., n, n) becomes (..., m * (m + 1) / 2), m = n - |offset|.

    It is the triangle on and above the diagonal `offset` > 0, on and below the diagonal `offset` < 0, and for offset 0
    the lower or the upper one as `lower` says. A lower triangle is read row by row, an upper one column by column.
    MXNet operator `_linalg_extracttrian`.

    >>> mx.nd.linalg.extracttrian(mx.nd.array([[1, 2], [3, 4]])).asnumpy().tolist()
    [1.0, 3.0, 4.0]
    """
    _require_square(A.shape)
    _reach(A.shape[-1], offset)
    return A.flatten(-2).index_select(-1, _places(A.shape[-1], offset, lower, A.device))


@extracttrian.shape
def _(params, A):
    batch, size = _require_square(A)
    reach = _reach(size, params.offset)
    return {"out": (*batch, None if reach is None else reach * (reach + 1) // 2)}


@op("_linalg_maketrian", "linalg_maketrian")
def maketrian(A: Tensor, *, offset: int = 0, lower: bool = True) -> Tensor:
    """Square matrices from vectors with the elements of a triangle, zeros elsewhere: undoes `extracttrian`.

    MXNet operator `_linalg_maketrian`.

    >>> mx.nd.linalg.maketrian(mx.nd.array([1, 2, 3])).asnumpy().tolist()
    [[1.0, 0.0], [2.0, 3.0]]
    """
    size = _side(A.shape[-1], offset)
    places = _places(size, offset, lower, A.device)
    return A.new_zeros((*A.shape[:-1], size * size)).index_copy(-1, places, A).unflatten(-1, (size, size))


def _side(count: int, offset: int) -> int:
    """The size of the matrix with `count` elements in its triangle."""
    side = (math.isqrt(8 * count + 1) - 1) // 2
    if side * (side + 1) // 2 != count:
        raise OperatorError(f"the last axis of A has {count} elements, which make no triangle (1, 3, 6, 10, ...)")
    return side + abs(offset)


@maketrian.shape
def _(params, A):
    size = None if A[-1] is None else _side(A[-1], params.offset)
    return {"out": (*A[:-1], size, size)}
