"""The three-point program: its sizes, and a solution of it audited in plain doubles.

The audit rebuilds both functions from the coefficients with SciPy's polynomials, and checks
the conditions of the theorem on points of space, not in the coordinates of the program.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import factorial, gamma, pi
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from numpy.typing import NDArray
from scipy.special import eval_gegenbauer, eval_genlaguerre

from bosearch.errors import SdpError
from bosearch.packing.assembly import Assembly
from bosearch.packing.laguerre import log2_norms
from bosearch.packing.three_point import ThreePointBound, three_point
from bosearch.packing.three_point_program import ThreePointProgram
from bosearch.sdp.problem import Sampled

Array = NDArray[np.float64]

r, R = 1.2, 1.65


def program(d: int = 3, **changes: Any) -> ThreePointProgram:
    arguments: dict[str, Any] = {
        "dim": 4,
        "d": d,
        "d2": 4,
        "rho": fmpq(9),
        "outer": fmpq(15),
        "construction": Assembly.standard(d),
        **changes,
    }
    return ThreePointProgram(**arguments)


@pytest.mark.parametrize(
    ("d", "d2", "rows"), [(2, 8, 36 + 37 + 33), (3, 8, 36 + 37 + 73), (4, 8, 36 + 37 + 136)]
)
def test_rows_are_counted_as_in_the_table(d: int, d2: int, rows: int) -> None:
    assert len(program(d, d2=d2).problem().rows) == rows


def test_blocks_have_the_sizes_of_their_words() -> None:
    blocks = program(4).problem().blocks
    assert blocks["near 1 trivial"] == 11
    assert blocks["near 1 sign"] == 2
    assert blocks["near 1 standard"] == 11
    assert blocks["near s3 trivial"] == 2  # degree 6 leaves squares of degree 1
    assert "near s3 sign" not in blocks
    assert blocks["far 1 trivial"] == 22
    assert blocks["far l trivial"] == 13  # degree 1 costs as much as degree 2
    assert [blocks[f"F{k}"] for k in range(9)] == [5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert blocks["alpha0"] == 19
    assert blocks["alpha1"] == 18


def test_blocks_of_a_lowered_word_have_the_sizes_of_a_lower_degree() -> None:
    made = replace(Assembly.standard(4), lowered=[("near", ("s1",), 1), ("far", (), 2)])
    blocks, full = program(4, construction=made).problem().blocks, program(4).problem().blocks
    # squares of degree 2 beside s1, of degree 2 beside 1: those of d = 2
    small = program(2).problem().blocks
    for part in ("trivial", "standard"):
        assert blocks[f"near s1 {part}"] == small[f"near 1 {part}"]
    for part in ("trivial", "sign"):
        assert blocks[f"far 1 {part}"] == small[f"far 1 {part}"]
    changed = {name for name in full if blocks.get(name) != full[name]}
    assert {" ".join(name.split()[:2]) for name in changed} == {"near s1", "far 1"}


def test_terms_are_samples_in_exact_numbers() -> None:
    problem = program(2).problem()
    assert all(isinstance(term, Sampled) for term in problem.terms)
    assert program(2).problem() == problem


def test_slack_lowers_the_conditions_on_pairs_and_triples_alone() -> None:
    slack = fmpq(1, 2**30)
    plain, lowered = program(2).problem(), program(2, slack=slack).problem()
    assert lowered.rows == plain.rows
    for row, a, b in zip(plain.rows, plain.rhs, lowered.rhs, strict=True):
        expected = slack if row.startswith(("pair", "near", "far")) else 0
        assert (arb(a) - arb(b)).contains(expected), row


def test_without_kernels_no_triples_are_seen() -> None:
    bare = Assembly(near=[()], far=[()], kernels=())
    problem = program(construction=bare).problem()
    assert not any(row.startswith(("near", "far")) for row in problem.rows)
    assert set(problem.blocks) == {"sigma0", "sigma1", "tau0", "tau1", "alpha0", "alpha1"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 1}, "dim must be an integer from 2"),
        ({"dim": 65}, "dim must be an integer"),
        ({"d": 0}, "d must be an integer from 1"),
        ({"d": 17}, "d must be an integer from 1 to 16"),
        ({"d2": 0}, "d2 must be an integer from 1"),
        ({"d2": 2.5}, "d2 must be an integer from 1"),
        ({"rho": fmpq(15)}, "expected 0 < r < R"),
        ({"rho": fmpq(-1)}, "expected 0 < r < R"),
        ({"pair_nodes": 36}, "pair_nodes must be odd"),
        ({"pair_nodes": 5}, "pair_nodes must be an integer from 7"),
        ({"slack": fmpq(-1)}, "slack must not be negative"),
        ({"construction": Assembly.standard(4)}, "d = 3 admits 4"),
        (
            {"construction": Assembly(near=[()], far=[()], kernels=[1], lowered=[("far", (), 4)])},
            "lowered below 0",
        ),
    ],
)
def test_bad_program_is_refused_with_one_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        program(**changes)


@dataclass
class Rebuilt:
    """Both functions of a solution, from their coefficients."""

    bound: ThreePointBound

    @cached_property
    def coefficients(self) -> Array:
        """Of the transform of ``f2``, which is 1 at 0."""
        free = self.bound.result.free.to_double().numpy()
        c = np.append(free, 0.0)
        c[0] += 1.0
        c[-1] = (1.0 - c @ self.eigenfunctions(np.zeros(1))[:, 0]) / self.eigenfunctions(
            np.zeros(1)
        )[-1, 0]
        return c

    def eigenfunctions(self, s: Array) -> Array:
        """``phi_k(s)``, without the Gaussian."""
        count = len(self.bound.result.free) + 1
        return np.array(
            [
                (-1) ** k * factorial(k) * 2.0**-e * eval_genlaguerre(k, 1.0, s)
                for k, e in enumerate(log2_norms(4, count))
            ]
        )

    def f2(self, length: Array, *, transform: bool = False) -> Array:
        s = 2 * pi * length**2
        signs = (1.0 if transform else -1.0) ** np.arange(len(self.coefficients))
        values: Array = (self.coefficients * signs) @ self.eigenfunctions(s) * np.exp(-s / 2)
        return values

    def f3(self, x: Array, y: Array) -> Array:
        """On ``N x 4`` pairs of points of the ball."""
        kernels = self.bound.program.kernels
        extent = float(kernels.extent) / (2 * pi)
        a, b = np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1)
        cosine = np.sum(x * y, axis=1) / np.maximum(a * b, 1e-300)
        total = np.zeros(len(x))
        for k, size in enumerate(self.bound.program.construction.kernels):
            F = self.bound.result.blocks[f"F{k}"].to_double().numpy()
            m, n = (
                np.cos(np.arange(size) * np.arccos(2 * t[:, None] ** 2 / extent - 1))
                for t in (a, b)
            )
            angular = eval_gegenbauer(k, 1.0, cosine) / (k + 1)  # C_k^1(1) = k + 1
            total += np.sum((m @ F) * n, axis=1) * (a * b / extent) ** k * angular
        return total


@pytest.fixture(scope="module")
def rebuilt() -> Rebuilt:
    return Rebuilt(three_point(4, 4, 8, r, R))


def on_spheres(count: int, seed: int) -> tuple[Array, Array]:
    """Pairs of points whose lengths lie in ``[r, R]``."""
    rng = np.random.default_rng(seed)

    def points() -> Array:
        x = rng.standard_normal((count, 4))
        made: Array = x / np.linalg.norm(x, axis=1)[:, None] * rng.uniform(r, R, (count, 1))
        return made

    return points(), points()


def test_audit_two_point_function(rebuilt: Rebuilt) -> None:
    length = np.linspace(0.0, 6.0, 20001)
    transform = rebuilt.f2(length, transform=True)
    assert transform[0] == pytest.approx(1.0, abs=1e-12)
    assert transform.min() > -1e-12  # (i)
    assert rebuilt.f2(length[length >= R]).max() < 1e-12  # (ii)


def test_audit_pairs(rebuilt: Rebuilt) -> None:
    x = np.zeros((4001, 4))
    x[:, 0] = np.linspace(r, R, 4001)
    values = rebuilt.f2(x[:, 0]) + rebuilt.f3(x, x) + 2 * rebuilt.f3(x, 0 * x)
    assert values.max() < 1e-9  # (iii); between nodes only interpolation error


def test_audit_near_triples(rebuilt: Rebuilt) -> None:
    x, y = on_spheres(100_000, seed=1)
    side = np.linalg.norm(x - y, axis=1)
    near = (side >= r) & (side <= R)
    x, y = x[near], y[near]
    assert len(x) > 10_000
    f3 = rebuilt.f3
    assert (f3(x, y) + f3(-x, y - x) + f3(x - y, -y)).max() < 1e-9  # (iv)


def test_audit_far_triples(rebuilt: Rebuilt) -> None:
    x, y = on_spheres(100_000, seed=2)
    far = np.linalg.norm(x - y, axis=1) >= R
    assert far.sum() > 10_000
    assert rebuilt.f3(x[far], y[far]).max() < 1e-9  # (v)


def test_audit_kernel_is_positive_definite(rebuilt: Rebuilt) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((60, 4))
    x *= R * rng.uniform(0.0, 1.0, (60, 1)) / np.linalg.norm(x, axis=1)[:, None]
    i, j = np.divmod(np.arange(3600), 60)
    matrix = rebuilt.f3(x[i], x[j]).reshape(60, 60)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9


def test_audit_bound_is_the_value_at_the_origin(rebuilt: Rebuilt) -> None:
    origin = np.zeros((1, 4))
    value = rebuilt.f2(np.zeros(1)) + rebuilt.f3(origin, origin)
    volume = pi**2 / 2 * (r / 2) ** 4
    assert float(volume * value[0]) == pytest.approx(float(rebuilt.bound.density), abs=1e-9)
    # methods: n = 4, d = 4, d2 = 8, R = 1.65, by another solver
    assert float(rebuilt.bound.density) == pytest.approx(0.6429065375, abs=1e-9)


def test_audit_sums_over_a_lattice(rebuilt: Rebuilt) -> None:
    """The proof of the theorem, on the densest lattice of dimension 4."""
    line = np.arange(-6, 7)
    lattice = np.stack(np.meshgrid(*[line] * 4), -1).reshape(-1, 4).astype(float)
    lattice = lattice[lattice.sum(axis=1) % 2 == 0] * (r / 2**0.5)  # D4, shortest vectors r
    cell = 2.0 * (r / 2**0.5) ** 4
    lengths = np.linalg.norm(lattice, axis=1)
    assert rebuilt.f2(lengths).sum() > 1.0 / cell  # Poisson summation and (i)
    inside = lattice[lengths <= R]
    n = len(inside)
    i, j = np.divmod(np.arange(n * n), n)
    assert rebuilt.f3(inside[i], inside[j]).sum() > -1e-9
    assert float(rebuilt.bound.density) > pi**2 / gamma(3) * (r / 2) ** 4 / cell
