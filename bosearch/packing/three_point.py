"""Upper bounds of the density of sphere packings from triples of points.

Cohn, de Laat and Salmon (2022), "Three-point bounds for sphere packing". Their words of
multipliers, and how far the kernels reach, are a ``Assembly`` here: the moves of a game
in which semidefinite programs are assembled. With ``certify`` the program is solved with
a slack, and exact rounding turns the bound into a theorem.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any, final

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from bosearch.errors import SdpError
from bosearch.packing.assembly import LETTERS, Assembly, Which, Word
from bosearch.packing.densities import density_per_ratio
from bosearch.packing.three_point_certificate import prove
from bosearch.packing.three_point_program import PAIR_NODES, ThreePointProgram, block_name
from bosearch.packing.triples import parts
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.problem import Sampled, SdpProblem
from bosearch.sdp.result import Iteration, SdpResult, Status
from bosearch.sdp.solver import solve

_RHO_BITS = 40  # after the point
_LARGEST = 10.0  # radius: there the Gaussian is 1e-136
_DIGITS = 16
_FEASIBLE = 1e-10  # relative residual up to which a bound is reported; its error is 1e3 times that
_ZERO = 10.0  # sums of squares up to so many gaps count as zero
_LEAST_GAP = 1e-9
_BEYOND = 1000.0  # from nearer starts, high dimensions and degrees creep
_SLACK = fmpq(1, 2**48)  # of a bound to be proved


@final
@dataclass(frozen=True, kw_only=True)
class ThreePointBound:
    """An upper bound of the density of packings of equal balls.

    Args:
        program: What was solved.
        density: No packing is denser: proved if ``certified``, else as far as the solver is
            right; 1 if it found nothing.
        dual: What the program cannot go below; 0 if unknown.
        gap: Relative gap of the solver.
        seconds: CPU seconds.
        status: How the solver ended.
        result: What the solver found.
        useless_words: Multipliers, on "near" or "far" triples, that the bound does not use.
        certificate: The proof, for ``bosearch.verify``; None if not asked for.
    """

    program: ThreePointProgram
    density: Decimal
    dual: Decimal
    gap: float
    seconds: float
    status: Status
    result: SdpResult
    useless_words: tuple[tuple[Which, Word], ...]
    certificate: dict[str, Any] | None = None

    @property
    def certified(self) -> bool:
        """Whether ``certificate`` proves it."""
        return self.certificate is not None


def three_point(
    dim: int,
    d: int,
    d2: int,
    r: float | Fraction,
    R: float | Fraction,
    construction: Assembly | None = None,
    *,
    gap: float = 1e-9,
    certify: bool = False,
    pair_nodes: int = PAIR_NODES,
    device: str | None = None,
    backend: str = "native",
    time_s: float | None = None,
    on_iteration: Callable[[Iteration], None] | None = None,
) -> ThreePointBound:
    """Bound the density of packings of equal balls in ``dim`` dimensions.

    Args:
        dim: 2 to 64.
        d: Half the degree of the three-point function in squared distances, 1 to 16.
        d2: The two-point function has degree ``2 d2 + 1`` in ``|x|^2``, times ``e^(-pi|x|^2)``.
        r: Diameter of the balls at which to compute the bound.
        R: Radius of the ball that confines the three-point function; more than ``r``.
        construction: Multipliers and kernels; ``Assembly.standard(d)`` if left out.
        gap: Relative gap.
        certify: Whether to prove the bound. The slack of 4e-15 that this needs costs little, but
            kernels must be able to leave it: where they gain nothing, prove the two-point bound.
        pair_nodes: Nodes at which the condition on pairs is enforced: odd, more than ``2d``.
        device: See ``bosearch.sdp.solve``, as all that follow.
        backend: See there.
        time_s: Wall clock seconds in all.
        on_iteration: See there.

    Raises:
        SdpError: Something is out of range, or a bound to be proved was not found.
        CertificateError: The bound found could not be proved.
    """
    began, clock = time.process_time(), time.monotonic()
    for name, radius in (("r", r), ("R", R)):
        if isinstance(radius, bool) or not isinstance(radius, int | float | Fraction):
            raise SdpError(f"{name} must be a number, got {radius!r}")
        if not 0.0 < radius <= _LARGEST:
            raise SdpError(f"{name} must be positive and at most {_LARGEST:g}, got {radius}")
    program = ThreePointProgram(
        dim,
        d,
        d2,
        _squared(r),
        _squared(R),
        Assembly.standard(d) if construction is None else construction,
        pair_nodes,
        _SLACK if certify else fmpq(0),
    )
    problem = program.problem()
    left = None if time_s is None else max(1e-3, time_s - (time.monotonic() - clock))
    result = solve(
        problem,
        backend=backend,
        gap=gap,
        device=device,
        beyond=_BEYOND,
        on_iteration=on_iteration,
        time_s=left,
    )
    tolerance = max(_FEASIBLE, gap / 100.0)
    feasible, bounded = result.errors.rows <= tolerance, result.errors.dual <= tolerance
    if certify and not feasible:
        raise SdpError(
            f"the bound was not found: {result.message}",
            hint="if these kernels gain nothing, prove the two-point bound",
        )
    certificate = prove(program, result) if certify else None
    density = _density(program, result.primal, ROUND_UP) if feasible else Decimal(1)
    if certificate is not None:
        density = Decimal(certificate["density"])
    return ThreePointBound(
        program=program,
        density=min(Decimal(1), density),
        dual=_density(program, result.dual, ROUND_DOWN) if bounded else Decimal(0),
        gap=result.gap,
        seconds=time.process_time() - began,
        status=result.status,
        result=result,
        useless_words=tuple(_useless(program, problem, result)) if feasible else (),
        certificate=certificate,
    )


def _squared(radius: float | Fraction) -> fmpq:
    return fmpq(round(2.0 * math.pi * float(radius) ** 2 * 2**_RHO_BITS), 2**_RHO_BITS)


def _density(program: ThreePointProgram, ratio: MultiFloat, rounding: str) -> Decimal:
    with ctx.workprec(256):
        density = density_per_ratio(program.dim, program.rho) * arb(ratio.to_fmpq())
        text = density.mid().str(3 * _DIGITS, radius=False)
    with localcontext() as local:
        local.prec, local.rounding = _DIGITS, rounding
        return +Decimal(text)


def _useless(
    program: ThreePointProgram, problem: SdpProblem, result: SdpResult
) -> Iterator[tuple[Which, Word]]:
    """Words whose sums of squares vanish at all samples, up to what the gap leaves of a zero."""
    sums = {
        term.block: _sums_of_squares(term, result.blocks[term.block], len(problem.rows))
        for term in problem.terms
        if isinstance(term, Sampled) and term.block.startswith(("near", "far"))
    }
    for which in LETTERS:
        for word in program.construction.words(which):
            names = [block_name(which, word, part.name) for part in parts(which, program.d)]
            found = [sums[name] for name in names if name in sums]
            if word and found and np.max(sum(found)) <= _ZERO * max(result.gap, _LEAST_GAP):
                yield which, word


def _sums_of_squares(term: Sampled, block: MultiFloat, m: int) -> NDArray[np.float64]:
    """What a block adds to each of ``m`` rows."""
    V = np.array([[float(x) for x in row] for row in term.vectors.tolist()])
    w = np.array([float(x) for x in term.weights])
    values = w * ((V @ block.to_double().cpu().numpy()) * V).sum(-1)
    sums = np.zeros(m)
    np.add.at(sums, np.array(term.rows, dtype=np.intp), values)
    return sums
