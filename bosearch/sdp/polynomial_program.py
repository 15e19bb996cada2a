"""Lower bounds of polynomials by sums of squares, as semidefinite programs.

The largest ``bound`` for which ``(1 + |x|^2)^k (p - bound)`` is a sum of squares is at
most the minimum of ``p``: Lasserre (2001), Parrilo (2003); the multiplier is that of
Reznick (1995), and helps where ``p - bound`` is positive without being a sum of squares.
On the sphere, for a form ``p`` of degree ``2d``, it is ``|x|^(2k) (p - bound |x|^(2d))``.
Coefficients are matched, one row per monomial.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from bosearch.errors import SdpError
from bosearch.sdp.newton import Monomial, half_newton_polytope, in_hull
from bosearch.sdp.polynomial_text import Terms
from bosearch.sdp.problem import Entries, SdpProblem

Domain = Literal["space", "sphere"]

MAX_MULTIPLIER = 16
MAX_BASIS = 300
NO_SUM_OF_SQUARES = (
    "the polynomial may be unbounded below, or not a sum of squares: try a larger multiplier"
)


@final
@dataclass(frozen=True)
class SosProgram:
    """One bound to be computed.

    Args:
        variables: Their names.
        terms: Coefficients of ``p`` by exponents.
        multiplier: ``k``.
        domain: "space" for all real ``x``, "sphere" for a form on the unit sphere.

    Raises:
        SdpError: ``p`` is certainly unbounded below, or cannot be served.
    """

    variables: tuple[str, ...]
    terms: Terms
    multiplier: int = 0
    domain: Domain = "space"

    def __post_init__(self) -> None:
        k = self.multiplier
        if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= MAX_MULTIPLIER:
            raise SdpError(f"multiplier must be an integer from 0 to {MAX_MULTIPLIER}, got {k!r}")
        if self.domain not in ("space", "sphere"):
            raise SdpError(f"domain must be 'space' or 'sphere', got {self.domain!r}")
        degrees = {sum(m) for m in self.terms} or {0}
        if self.domain == "sphere" and (len(degrees) > 1 or max(degrees) % 2):
            raise SdpError(
                "on the sphere, the polynomial must be a form of even degree, got degrees"
                f" {sorted(degrees)}"
            )
        if max(degrees) == 0:
            raise SdpError("the polynomial is constant: there is nothing to bound")
        if self.domain == "space":
            self._refuse_unbounded()

    def _refuse_unbounded(self) -> None:
        """A vertex of the Newton polytope that is no positive square goes to minus infinity."""
        origin = (0,) * len(self.variables)
        for monomial, value in self.terms.items():
            if value > 0 and all(e % 2 == 0 for e in monomial):
                continue
            others = {origin, *self.terms} - {monomial}
            if monomial != origin and not in_hull(monomial, others):
                raise SdpError(
                    f"the polynomial is unbounded below: its term"
                    f" {value}*{_monomial_text(self.variables, monomial)} outgrows all others"
                )

    def sides(self, scale: int) -> tuple[dict[Monomial, fmpq], dict[Monomial, fmpq]]:
        """``scale * multiplier * p``, and what is subtracted from it ``bound`` times."""
        ring = fmpq_mpoly_ctx.get([f"v{i}" for i in range(len(self.variables))])
        p = ring.from_dict({m: fmpq(c.numerator, c.denominator) for m, c in self.terms.items()})
        norm: fmpq_mpoly = sum((x * x for x in ring.gens()), ring.constant(0))
        if self.domain == "space":
            multiplier, unit = (1 + norm) ** self.multiplier, ring.constant(1)
        else:
            multiplier, unit = norm**self.multiplier, norm ** (int(p.total_degree()) // 2)
        return _terms(scale * multiplier * p), _terms(scale * multiplier * unit)

    def basis(self) -> list[Monomial]:
        """The monomials under the Gram matrix."""
        target, unit = self.sides(1)
        made = half_newton_polytope({*target, *unit})
        if len(made) > MAX_BASIS:
            raise SdpError(
                f"the sum of squares would need {len(made)} monomials, {MAX_BASIS} are allowed"
            )
        return made

    def problem(self, basis: Sequence[Monomial]) -> SdpProblem:
        """State the program over one psd block, the Gram matrix, and one variable, the bound."""
        target, unit = self.sides(1)
        products = products_of(basis)
        for monomial in {*target, *unit} - set(products):
            raise SdpError(
                f"no sum of squares has the term {_monomial_text(self.variables, monomial)}",
                hint=NO_SUM_OF_SQUARES,
            )
        return SdpProblem(
            blocks={"gram": len(basis)},
            rows=[_monomial_text(self.variables, m) for m in products],
            rhs=[target.get(m, fmpq(0)) for m in products],
            terms=[
                Entries("gram", row, dict.fromkeys(pairs, 1))
                for row, pairs in enumerate(products.values())
            ],
            free=["bound"],
            free_matrix=[[unit.get(m, fmpq(0))] for m in products],
            sense="maximize",
            cost_free=[1],
        )


def products_of(basis: Sequence[Monomial]) -> dict[Monomial, list[tuple[int, int]]]:
    """Positions ``i >= j`` of a Gram matrix by the monomial that they belong to."""
    made: dict[Monomial, list[tuple[int, int]]] = {}
    for i, a in enumerate(basis):
        for j, b in enumerate(basis[: i + 1]):
            made.setdefault(tuple(x + y for x, y in zip(a, b, strict=True)), []).append((i, j))
    return made


def _terms(polynomial: fmpq_mpoly) -> dict[Monomial, fmpq]:
    return {tuple(map(int, m)): c for m, c in polynomial.to_dict().items()}


def _monomial_text(variables: Sequence[str], monomial: Monomial) -> str:
    powers = [
        name if e == 1 else f"{name}^{e}" for name, e in zip(variables, monomial, strict=True) if e
    ]
    return "*".join(powers) or "1"
