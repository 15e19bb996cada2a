"""Tensors of 53 to 212 bit numbers on torch: arithmetic, products, factorizations."""

from bosearch.sdp.multifloat.array import MultiFloat, cat, matmul, stack, where
from bosearch.sdp.multifloat.backend import quietly
from bosearch.sdp.multifloat.factor import cholesky, cholesky_inverse
from bosearch.sdp.multifloat.panels import gram, symmetric
from bosearch.sdp.multifloat.triangular import solve_lower, solve_lower_t, tri_inverse

__all__ = [
    "MultiFloat",
    "cat",
    "cholesky",
    "cholesky_inverse",
    "gram",
    "matmul",
    "quietly",
    "solve_lower",
    "solve_lower_t",
    "stack",
    "symmetric",
    "tri_inverse",
    "where",
]
