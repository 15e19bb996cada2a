"""Semidefinite programs in extended precision: problem, interior point, certificates.

The public names are loaded on first use (PEP 562), so that ``import bosearch.sdp``
imports neither torch nor a solver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bosearch.sdp.dependence import dependent_rows as dependent_rows
    from bosearch.sdp.many import solve_many as solve_many
    from bosearch.sdp.problem import Dense as Dense
    from bosearch.sdp.problem import Entries as Entries
    from bosearch.sdp.problem import Sampled as Sampled
    from bosearch.sdp.problem import SdpProblem as SdpProblem
    from bosearch.sdp.problem import Term as Term
    from bosearch.sdp.result import Iteration as Iteration
    from bosearch.sdp.result import SdpResult as SdpResult
    from bosearch.sdp.result import Status as Status
    from bosearch.sdp.solver import solve as solve

_HOME = {
    **dict.fromkeys(("Dense", "Entries", "Sampled", "SdpProblem", "Term"), "bosearch.sdp.problem"),
    **dict.fromkeys(("Iteration", "SdpResult", "Status"), "bosearch.sdp.result"),
    "dependent_rows": "bosearch.sdp.dependence",
    "solve": "bosearch.sdp.solver",
    "solve_many": "bosearch.sdp.many",
}

__all__ = [*_HOME]  # the keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'bosearch.sdp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
