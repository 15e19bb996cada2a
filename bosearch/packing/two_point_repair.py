"""Move the solution of a two-point program back onto its identities.

A solver leaves a residual, and absorbing it on the diagonals of ``tau0`` and ``tau1`` alone
can spoil them where their eigenvalues are tiny. Instead, all four Gram matrices ``Y`` change
by the least ``|Y^(-1/2) dY Y^(-1/2)|``, so that small eigenvalues change in proportion: a
Newton step to feasibility in the metric of the interior point method. It is computed in
midpoints of balls; nothing here needs to be exact.

At sample points the identities read ``T P = tau0 + u tau1``, where ``T`` takes the values of
``P`` to those of ``-f e^(s/2)`` and ``P = sigma0 + s sigma1``; so ``dY = Y A^T(lambda) Y`` with
one multiplier per point, and ``lambda`` solves a system of ``D + 1`` equations.
"""

from collections.abc import Mapping

from flint import arb, arb_mat, ctx, fmpq, fmpq_poly

from bosearch.errors import CertificateError
from bosearch.packing.laguerre import laguerre_zeros
from bosearch.packing.two_point_program import TwoPointProgram, scaled


def repaired(
    program: TwoPointProgram, matrices: Mapping[str, arb_mat], *, bits: int = 512
) -> dict[str, arb_mat]:
    """Return Gram matrices that satisfy the identities to a hundred digits.

    Args:
        program: What was solved.
        matrices: ``size x size`` Gram matrices by block, in the basis of the program.
        bits: Of the arithmetic; 512 suffice up to about 40 dimensions.

    Raises:
        CertificateError: The system for the multipliers is singular.
    """
    with ctx.workprec(bits):
        V, T, factors = _frame(program)
        halves = {name: (V * matrices[name].mid()).mid() for name in factors}
        products = {name: (halves[name] * V.transpose()).mid() for name in factors}
        values = {
            name: arb_mat([[x * products[name][i, i]] for i, x in enumerate(w)])
            for name, w in factors.items()
        }
        lacking = T * (values["sigma0"] + values["sigma1"]) - values["tau0"] - values["tau1"]
        squared = {name: _squared(products[name], w) for name, w in factors.items()}
        system = squared["tau0"] + squared["tau1"]
        system += T * (squared["sigma0"] + squared["sigma1"]).mid() * T.transpose()
        on_tau = _solved(system, lacking)
        on_sigma = (-T.transpose() * on_tau).mid()
        made = {}
        for name, w in factors.items():
            multipliers = on_sigma if name in ("sigma0", "sigma1") else on_tau
            half = halves[name]  # A^T(lambda) = V^T diag(w lambda) V
            scaled_half = [
                [x * multipliers[i, 0] * y for y in row]
                for i, (x, row) in enumerate(zip(w, half.tolist(), strict=True))
            ]
            change = half.transpose() * arb_mat(scaled_half)
            made[name] = (matrices[name].mid() + change).mid()
        return made


def _frame(program: TwoPointProgram) -> tuple[arb_mat, arb_mat, dict[str, list[arb]]]:
    """The basis at the points, ``T`` with rows and columns scaled, and factors ``w`` by block."""
    points = laguerre_zeros(program.dim, program.degree + 1)
    phi = program.eigenbasis
    transform, sigma = _unit_rows(_table(phi, points))
    signed = [p if k % 2 else -p for k, p in enumerate(phi)]
    function, tau = _unit_rows(_table(signed, [program.rho + u for u in points]))
    factors = {
        "sigma0": sigma,
        "sigma1": [w * arb(u) for w, u in zip(sigma, points, strict=True)],
        "tau0": tau,
        "tau1": [w * arb(u) for w, u in zip(tau, points, strict=True)],
    }
    T = function * _solved(transform, _identity(len(points)))
    return _table(scaled(program.dim, program.size, width=2), points), T.mid(), factors


def _unit_rows(table: arb_mat) -> tuple[arb_mat, list[arb]]:
    """Scale every row to largest entry one; return the factors too."""
    rows = table.tolist()
    factors = [(1 / max(map(abs, row))).mid() for row in rows]
    scaled_rows = [[f * x for x in row] for f, row in zip(factors, rows, strict=True)]
    return arb_mat(scaled_rows).mid(), factors


def _identity(n: int) -> arb_mat:
    return arb_mat([[int(i == j) for j in range(n)] for i in range(n)])


def _table(polynomials: list[fmpq_poly], points: list[fmpq]) -> arb_mat:
    return arb_mat([[arb(p(x)) for p in polynomials] for x in points]).mid()


def _squared(product: arb_mat, w: list[arb]) -> arb_mat:
    """Inner products of ``w_i Y^(1/2) v_i v_i^T Y^(1/2)``."""
    rows = product.tolist()
    return arb_mat(
        [[w[i] * w[j] * x * x for j, x in enumerate(row)] for i, row in enumerate(rows)]
    ).mid()


def _solved(matrix: arb_mat, right: arb_mat) -> arb_mat:
    try:
        return matrix.mid().solve(right.mid()).mid()
    except (ZeroDivisionError, ValueError) as error:
        raise CertificateError(f"the solution cannot be repaired: {error}") from error
