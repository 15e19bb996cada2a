"""Start from the solution of a similar program.

The optimum of one program lies on the boundary for another, where no step is
long. Both matrices are therefore moved inwards by a multiple of the identity
in the preconditioned basis: far enough to change direction, near enough to
save the iterations that find the neighbourhood of the optimum.
"""

from bosearch.errors import SdpError
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.program import Matrices
from bosearch.sdp.result import SdpResult
from bosearch.sdp.tables import LIMBS

_INWARDS = 1e-2  # of the mean eigenvalue


def warm_start(prepared: Prepared, result: SdpResult) -> Iterate:
    """An interior iterate near the solution of a program of the same shape.

    Raises:
        SdpError: Blocks, rows or free variables differ in number or size.
    """
    problem = prepared.problem
    sizes = {name: int(block.shape[-1]) for name, block in result.blocks.items()}
    found = sizes, len(result.duals), len(result.free)
    wanted = dict(problem.blocks), len(problem.rows), len(problem.free)
    if found != wanted:
        raise SdpError(
            "a warm start needs a result of a program with the same blocks, rows and free"
            f" variables: expected {wanted}, got {found}"
        )
    Y, y = prepared.inner_primal(result.blocks, result.free)
    Z, x = prepared.inner_dual(result.slacks, result.duals)
    return Iterate(_inwards(prepared, Y), _inwards(prepared, Z), x, y)


def _inwards(prepared: Prepared, matrices: Matrices) -> Matrices:
    """Add the identity, weighted by the mean eigenvalue over all blocks; not in the padding."""
    padding = sum(cone.size * len(cone.blocks) - sum(cone.sizes) for cone in prepared.cones)
    total = sum(float(part.trace().sum(-1).to_double()) for part in matrices)
    shift = _INWARDS * (total - padding) / prepared.program.order
    eyes = tuple(
        MultiFloat.eye(part.shape[-1], LIMBS, batch=part.shape[:2]) * shift for part in matrices
    )
    shifts = prepared.program.masked(eyes)
    return tuple(part + eye for part, eye in zip(matrices, shifts, strict=True))
