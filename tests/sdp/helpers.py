"""Programs with known answers, built without the packages under test."""

import random
from fractions import Fraction
from typing import Literal

from flint import arb, ctx, fmpq, fmpq_mat, fmpz_mat
from scipy.special import roots_genlaguerre

from bosearch.sdp.problem import Dense, Entries, Sampled, SdpProblem, Term


def pentagon() -> SdpProblem:
    """Lovász' theta of the five-cycle: maximize <J, X>, trace 1, zero on edges; sqrt 5."""
    edges = [(i, (i + 1) % 5) for i in range(5)]
    return SdpProblem(
        blocks={"X": 5},
        rows=["trace", *(f"edge{i}{j}" for i, j in edges)],
        rhs=[1, 0, 0, 0, 0, 0],
        terms=[
            Entries("X", "trace", {(i, i): 1 for i in range(5)}),
            *(Entries("X", f"edge{i}{j}", {(i, j): 1}) for i, j in edges),
        ],
        sense="maximize",
        cost_blocks=[Entries("X", None, {(i, j): 1 for i in range(5) for j in range(i + 1)})],
    )


def laguerre(count: int, alpha: fmpq, s: arb) -> list[arb]:
    """``L_0 .. L_{count-1}`` of order ``alpha`` at ``s`` by the three-term recurrence."""
    values = [arb(1), 1 + alpha - s]
    for k in range(1, count - 1):
        values.append(((2 * k + 1 + alpha - s) * values[k] - (k + alpha) * values[k - 1]) / (k + 1))
    return values[:count]


def two_point(n: int, degree: int, *, r_squared: int | Fraction = 2, bits: int = 400) -> SdpProblem:
    """The two-point sphere packing bound of odd ``degree`` in dimension ``n``.

    Source: Cohn and Elkies (2003), theorem 3.2, with f in the eigenbasis of
    Laguerre functions; f(0) is minimized with the transform at 0 fixed to 1. The
    bound on the density is the volume of a ball of radius r/2 times the value.
    """
    with ctx.workprec(bits):
        alpha = fmpq(n, 2) - 1
        half = (degree - 1) // 2
        rho = 2 * arb.pi() * fmpq(*Fraction(r_squared).as_integer_ratio())
        zero = laguerre(degree + 1, alpha, arb(0))
        sizes = [
            arb(k + alpha + 1).gamma().sqrt() / arb(k + 1).gamma().sqrt() for k in range(degree + 1)
        ]
        nodes = [
            arb(fmpq(*Fraction(float(s)).as_integer_ratio()))
            for s in roots_genlaguerre(degree + 1, float(Fraction(n, 2)) - 1.0)[0]
        ]
        names = [f"c{k}" for k in range(1, degree + 1)]
        rows, rhs, table = [], [], []
        blocks: dict[str, tuple[list[list[arb]], list[arb]]] = {
            name: ([], []) for name in ("sigma0", "sigma1", "tau0", "tau1")
        }
        for which, offset in (("sigma", arb(0)), ("tau", rho)):
            for i, node in enumerate(nodes):
                s = node + offset
                L = laguerre(degree + 1, alpha, s)
                scale = 1 / max((abs(L[k] / sizes[k]) for k in range(degree + 1)), key=float)
                scale = arb(scale.mid())
                rows.append(f"{which}{i}")
                signs = [(-1) ** k for k in range(degree + 1)]
                if which == "sigma":
                    rhs.append(scale * L[0] / zero[0])
                    table.append(
                        [
                            -scale * signs[k] * (L[k] - zero[k]) / sizes[k]
                            for k in range(1, degree + 1)
                        ]
                    )
                else:
                    rhs.append(-scale * L[0] / zero[0])
                    table.append(
                        [
                            scale * (L[k] - signs[k] * zero[k]) / sizes[k]
                            for k in range(1, degree + 1)
                        ]
                    )
                basis = laguerre(half + 1, alpha, node / 2)
                for name, weight in ((f"{which}0", scale), (f"{which}1", scale * node)):
                    blocks[name][0].append(basis)
                    blocks[name][1].append(weight)
        return SdpProblem(
            blocks=dict.fromkeys(blocks, half + 1),
            rows=rows,
            rhs=rhs,
            free=names,
            free_matrix=table,
            cost_free=[2 * zero[k] / sizes[k] if k % 2 else 0 for k in range(1, degree + 1)],
            constant=1,
            terms=[
                Sampled(name, vectors, weights, [r for r in rows if r.startswith(name[:-1])])
                for name, (vectors, weights) in blocks.items()
            ],
        )


def complementary(
    seed: int,
    *,
    sizes: tuple[int, ...] = (4, 3),
    m: int = 5,
    k: int = 2,
    sense: Literal["minimize", "maximize"] = "minimize",
) -> tuple[SdpProblem, fmpq]:
    """A random program in small integers, and its optimum.

    Primal and dual solutions are built first: on each block ``Y`` and ``Z`` are Gram
    matrices on complementary coordinates, rotated by a unimodular matrix, so that
    ``<Y, Z> = 0``; then rows, right-hand sides and costs are chosen to make both feasible.
    """
    rng = random.Random(seed)

    def integers(rows: int, columns: int) -> fmpz_mat:
        return fmpz_mat(rows, columns, [rng.randint(-3, 3) for _ in range(rows * columns)])

    x, y, B = integers(m, 1), integers(k, 1), integers(m, k)
    rhs = [sum(int(B[i, j] * y[j, 0]) for j in range(k)) for i in range(m)]
    terms: list[Term] = []
    costs: list[Term] = []
    for b, n in enumerate(sizes):
        rank = n // 2
        U = fmpz_mat(
            n,
            n,
            [int(i == j) if j <= i else rng.randint(-1, 1) for i in range(n) for j in range(n)],
        )
        inverse = fmpz_mat(n, n, [int(entry.p) for entry in fmpq_mat(U).inv().entries()])
        left, right = integers(rank, rank), integers(n - rank, n - rank)
        left = left * left.transpose() + fmpz_mat(rank, rank, _eye(rank))
        right = right * right.transpose() + fmpz_mat(n - rank, n - rank, _eye(n - rank))
        Y, Z = fmpz_mat(n, n), fmpz_mat(n, n)
        for i in range(rank):
            for j in range(rank):
                Y[i, j] = left[i, j]
        for i in range(n - rank):
            for j in range(n - rank):
                Z[rank + i, rank + j] = right[i, j]
        Y, Z = U * Y * U.transpose(), inverse.transpose() * Z * inverse
        C = Z if sense == "minimize" else -1 * Z
        for i in range(m):
            A = integers(n, n)
            A = A + A.transpose()
            terms.append(Dense(f"b{b}", i, A))
            rhs[i] += _trace(A * Y)
            C = C + A * int(x[i, 0])
        costs.append(Dense(f"b{b}", None, C))
    d = B.transpose() * x
    problem = SdpProblem(
        blocks={f"b{b}": n for b, n in enumerate(sizes)},
        rows=[f"r{i}" for i in range(m)],
        rhs=rhs,
        free=[f"y{j}" for j in range(k)],
        free_matrix=B,
        sense=sense,
        cost_free=[d[j, 0] for j in range(k)],
        cost_blocks=costs,
        terms=terms,
        constant=7,
    )
    return problem, fmpq(7) + sum((fmpq(c) * fmpq(x[i, 0]) for i, c in enumerate(rhs)), fmpq(0))


def _eye(n: int) -> list[int]:
    return [int(i == j) for i in range(n) for j in range(n)]


def _trace(matrix: fmpz_mat) -> int:
    return sum(int(matrix[i, i]) for i in range(matrix.nrows()))


def mixed() -> SdpProblem:
    """Padded blocks of sizes 8 and 7, others alone; several samples per row; three clusters."""
    rng = random.Random(0)
    sizes = {"a": 8, "b": 7, "c": 2, "d": 7, "e": 1}
    rows_of = {"a": [0, 1, 2], "b": [1, 3], "c": [0, 1, 2, 3], "d": [4, 5], "e": [6]}
    terms: list[Term] = []
    for name, n in sizes.items():
        rows = rows_of[name] * (2 if name in "bc" else 1)
        vectors = [[rng.randint(-4, 4) for _ in range(n)] for _ in rows]
        vectors = [[v + (i == 0) for i, v in enumerate(vector)] for vector in vectors]
        terms.append(Sampled(name, vectors, [rng.choice([-2, 1, 3]) for _ in rows], rows))
    terms.append(Entries("a", 1, {(0, 3): 2, (5, 5): -1}))
    terms.append(Dense("d", 4, [[int(i == j) for i in range(7)] for j in range(7)]))
    return SdpProblem(blocks=sizes, rows=[f"r{i}" for i in range(7)], rhs=range(7), terms=terms)
