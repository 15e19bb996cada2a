"""What a solver reports: a status with its reasons, the solution, and how it got there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import final

from flint import arb, fmpq

from bosearch.sdp.multifloat import MultiFloat


class Status(StrEnum):
    """How a solve ended. Only ``optimal`` is what was asked for."""

    optimal = "optimal"
    near_optimal = "near_optimal"
    feasible_only = "feasible_only"
    primal_infeasible = "primal_infeasible"
    dual_infeasible = "dual_infeasible"
    stalled = "stalled"
    numerical = "numerical"
    limit = "limit"
    cancelled = "cancelled"


MEANING: Mapping[Status, str] = {
    Status.optimal: "gap and residuals are below the tolerance, recomputed from the exact data",
    Status.near_optimal: "the gap is small but above the tolerance; the precision is spent:"
    " ask for a larger gap or more limbs",
    Status.feasible_only: "the constraints hold but the gap is large; the optimum may not be"
    " attained: bound the variables, or look for a block without interior",
    Status.primal_infeasible: "no point satisfies the constraints, as far as the multipliers in"
    " `duals` show: check signs and right-hand sides, or relax a row",
    Status.dual_infeasible: "the objective is unbounded along the direction in `blocks` and"
    " `free`: check its sign, or add the constraint that was meant to bound it",
    Status.stalled: "steps became too short to go on; the program probably has no interior:"
    " reduce blocks that must be singular, or remove implied constraints",
    Status.numerical: "precision ran out before the tolerance was reached; the program is badly"
    " conditioned: allow more limbs, choose a better basis, or ask for a larger gap",
    Status.limit: "the limit of time or iterations was reached: raise it, or resume from the"
    " checkpoint",
    Status.cancelled: "it was cancelled: a checkpoint, if there is one, resumes it",
}


@final
@dataclass(frozen=True)
class Iteration:
    """One step of a solver.

    Args:
        number: Counted from 1 over all levels of precision.
        limbs: Precision at which it was made.
        mu: Complementarity per row of the blocks before it, in the solver's scale.
        gap: Relative gap before it.
        primal: Objective of the primal before it.
        dual: Objective of the dual before it.
        primal_error: Relative residual of the rows before it.
        dual_error: Relative residual of the dual before it.
        primal_step: Step length of the primal.
        dual_step: Step length of the dual.
        seconds: CPU seconds since the start.
    """

    number: int
    limbs: int
    mu: float
    gap: float
    primal: float
    dual: float
    primal_error: float
    dual_error: float
    primal_step: float
    dual_step: float
    seconds: float


@final
@dataclass(frozen=True)
class Errors:
    """Relative residuals, recomputed from the exact data.

    Args:
        rows: Of the constraints.
        free: Of ``B^T x = d``.
        slack: How far ``C - A^T(x)`` is from a psd matrix, or from the solver's ``Z``.
    """

    rows: float
    free: float
    slack: float

    @property
    def dual(self) -> float:
        """The larger of the two dual ones."""
        return max(self.free, self.slack)

    @property
    def worst(self) -> float:
        """The largest of the three."""
        return max(self.rows, self.free, self.slack)


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class SdpResult:
    """The outcome of one solve. It is numerical evidence, never a proof: see ``certified``.

    Numbers are ``MultiFloat`` of four limbs. In an infeasible program they are a
    ray instead of a solution: multipliers with ``c . x = 1``, or a direction along
    which the objective improves by one.

    Args:
        status: How it ended.
        message: What happened, the likely cause and what to try.
        primal: Objective of ``blocks`` and ``free``.
        dual: Objective of ``duals``.
        gap: ``|primal - dual|`` by the larger of 1 and their sizes.
        errors: Relative residuals.
        blocks: ``n x n`` psd matrices ``Y`` by name.
        free: ``k`` values.
        duals: ``m`` multipliers ``x``.
        slacks: ``n x n`` matrices ``Z`` by name, computed from ``duals``.
        history: One entry per iteration.
        counts: Factorizations by matrix: primal, dual, schur, free.
        seconds: CPU seconds of this process.
        limbs: Precision of the last iterate.
        backend: Which solver.
        version: Its version.
        screen: Whether it worked in double precision only: a hint, never a bound.
        certified: False; a certificate is another object.
    """

    status: Status
    message: str
    primal: MultiFloat
    dual: MultiFloat
    gap: float
    errors: Errors
    blocks: Mapping[str, MultiFloat]
    free: MultiFloat
    duals: MultiFloat
    slacks: Mapping[str, MultiFloat]
    history: tuple[Iteration, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float
    limbs: int
    backend: str
    version: str
    screen: bool
    certified: bool = False

    @property
    def value(self) -> float:
        """The objective of the primal, rounded."""
        return float(self.primal.to_double())

    def decimal(self, digits: int = 30) -> tuple[str, str]:
        """Primal and dual objective in decimals, each rounded in its last digit."""
        return _decimal(self.primal, digits), _decimal(self.dual, digits)


def _decimal(number: MultiFloat, digits: int) -> str:
    if not bool(number.to_double().isfinite()):
        return str(float(number.to_double()))
    exact: fmpq = number.to_fmpq()
    # A dyadic rational of four limbs is an exact ball, so that only printing rounds.
    return str(arb((exact.p, 1 - int(exact.q).bit_length())).str(digits, radius=False))
