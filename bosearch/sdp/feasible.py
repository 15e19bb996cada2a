r"""Move a solution onto its constraints, with room to spare in the cone.

An interior point method stops when residuals are small; a proof may want them smaller by
many digits. Of all changes with :math:`A(dY) + B\,dy = c - A(Y) - B\,y`, the one with the least
:math:`|Y^{-1/2}\, dY\, Y^{-1/2}|` alters small eigenvalues in proportion, and leaves ``Y`` positive
definite if the residual is small. It is :math:`dY = Y A^T(\lambda) Y`, a Newton step of the
primal alone, whose Schur complement is that of a direction with ``Y`` for ``Z^-1``.
"""

from collections import Counter

from bosearch.errors import SdpError
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepare import prepare
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.result import SdpResult
from bosearch.sdp.schur import Kkt, factor


def feasible(
    problem: SdpProblem, result: SdpResult, *, limbs: int = 3
) -> tuple[dict[str, MultiFloat], MultiFloat]:
    """Return blocks and free variables that satisfy the rows to nearly ``limbs`` limbs.

    Args:
        problem: What was solved; its rows are independent on the blocks.
        result: An interior solution.
        limbs: Precision of the step.

    Raises:
        SdpError: The solution is not interior, or the precision does not suffice.
    """
    prepared = prepare(problem)
    program, tally = prepared.program.at(limbs, None), Counter[str]()
    Y, y = prepared.inner_primal(result.blocks, result.free)
    Y, y = tuple(part.with_limbs(limbs) for part in Y), y.with_limbs(limbs)
    covered = zip(program.rhs, program.apply(Y), program.free_apply(y), strict=True)
    lack = tuple(c - a - b for c, a, b in covered)
    factors = [factor(part, "primal", tally) for part in Y]
    lower = tuple(lower for lower, _, _ in factors)
    kkt = Kkt.of(program, program.schur(lower, tuple(part.mT for part in lower)), tally)
    for what, ok in (("primal", all(map(bool, (ok for *_, ok in factors)))), ("schur", kkt.ok)):
        if not ok:
            raise SdpError(
                "the solution cannot be moved onto its constraints:"
                f" the {what} matrix is not positive definite"
            )
    multipliers, dy = kkt.solve(lack, program.cost_free * 0.0)
    dY = program.masked(
        tuple(a @ d @ a for a, d in zip(Y, program.adjoint(multipliers), strict=True))
    )
    return prepared.primal(tuple(a + d for a, d in zip(Y, dY, strict=True)), y + dy)
