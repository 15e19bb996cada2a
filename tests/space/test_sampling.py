"""Uniform samples of feasible sets, compared with exact moments within four standard errors."""

import math
from typing import Any

import numpy as np
import pytest

from bosearch.errors import InfeasibleSpaceError
from bosearch.space import Choice, Integer, Real, Sequence, Space


def within(samples: Any, expected: float, n: int | None = None) -> bool:
    samples = np.asarray(samples, dtype=float)
    return bool(abs(samples.mean() - expected) < 4 * samples.std() / math.sqrt(n or len(samples)))


def test_simplex_in_twenty_dimensions_has_dirichlet_moments() -> None:
    d, n = 20, 4000
    names = [f"x{i}" for i in range(d)]
    reals: dict[str, Any] = {name: Real(0, 1) for name in names}
    space = Space(constraints=[" + ".join(names) + " <= 1"], **reals)
    X = space.encode(space.sample(n, np.random.default_rng(1)))
    # Dirichlet(1, ..., 1) with d + 1 parts: each part is Beta(1, d), the sum is Beta(d, 1).
    # Points of one chain are not quite independent: count half of them.
    assert within(X[:, 0], 1 / (d + 1), n // 2)
    assert within(X[:, 7] ** 2, 2 / ((d + 1) * (d + 2)), n // 2)
    assert within(X[:, 3] * X[:, 4], 1 / ((d + 1) * (d + 2)), n // 2)
    assert within(X.sum(axis=1), d / (d + 1), n // 2)
    assert X.sum(axis=1).max() <= 1


def test_thin_slab_is_covered_end_to_end() -> None:
    # Nearly the segment x + y = 1: x is uniform on [0, 1], up to the width of the slab.
    space = Space(x=Real(0, 1), y=Real(0, 1), constraints=["1 <= x + y <= 1.0000001"])
    n = 2000
    x = np.array([point["x"] for point in space.sample(n, np.random.default_rng(2))])
    assert within(x, 1 / 2, n // 2)
    assert within(x**2, 1 / 3, n // 2)


def test_integers_in_a_polytope_weigh_alike() -> None:
    # Lattice points with k1 + ... + k6 <= 9 and a real t <= 1e-4: too rare for rejection.
    # The k's are uniform over the simplex of C(15, 6) points, whose mean is 9 / 7.
    names = [f"k{i}" for i in range(6)]
    integers: dict[str, Any] = {name: Integer(0, 30) for name in names}
    space = Space(constraints=[" + ".join(names) + " <= 9"], t=Real(0, 1), **integers)
    n = 1500
    points = space.sample(n, np.random.default_rng(3))
    totals = np.array([sum(point[name] for name in names) for point in points])
    share = math.comb(14, 5) / math.comb(15, 6)  # points with the sum 9
    assert within(totals == 9, share, n // 2)
    assert within([point["k0"] for point in points], 9 / 7, n // 2)
    assert within([point["t"] for point in points], 1 / 2)


def test_nonlinear_constraint_leaves_the_disc() -> None:
    space = Space(x=Real(-1, 1), y=Real(-1, 1), constraints=["x**2 + y**2 <= 1"])
    X = np.array([list(p.values()) for p in space.sample(3000, np.random.default_rng(4))])
    radius_2 = (X**2).sum(axis=1)
    assert within(radius_2, 1 / 2)  # uniform on [0, 1] for the unit disc
    assert within(radius_2**2, 1 / 3)


def test_few_points_of_a_finite_space_are_listed() -> None:
    space = Space(s=Sequence("ACGT", 8), k=Integer(1, 8, log=True), constraints=["s == 'ACGTACGT'"])
    points = space.sample(3000, np.random.default_rng(5))
    assert {point["s"] for point in points} == {"ACGTACGT"}
    assert within([point["k"] == 1 for point in points], math.log(2) / math.log(9))


def test_functions_and_forbidden_combinations_are_respected() -> None:
    def odd(params: dict[str, Any]) -> bool:
        return bool(params["k"] % 2)

    space = Space(
        constraints=[odd], forbidden=[{"k": 3, "c": "a"}], k=Integer(0, 5), c=Choice(["a", "b"])
    )
    points = space.sample(2000, np.random.default_rng(6))
    assert {(p["k"], p["c"]) for p in points} == {(1, "a"), (5, "a"), (1, "b"), (3, "b"), (5, "b")}
    assert within([p["c"] == "a" for p in points], 2 / 5)


@pytest.mark.parametrize(
    "space",
    [
        Space(x=Real(0, 1), constraints=["x <= 2", "x >= 3"]),
        Space(x=Integer(0, 9), constraints=["x <= 2", "x >= 30"]),
        Space(x=Real(0, 1), constraints=["x <= 2", "x**2 >= 3"]),
    ],
)
def test_empty_set_names_the_constraint_that_rejects_most(space: Space) -> None:
    with pytest.raises(InfeasibleSpaceError, match=r"'x.* >= 30?' alone rejects 100 %"):
        space.sample(1, np.random.default_rng(7))


def test_equal_seeds_give_equal_samples() -> None:
    space = Space(x=Real(0, 1), y=Real(0, 1), constraints=["x + y <= 1e-4"])
    one, two = (space.sample(5, np.random.default_rng(8)) for _ in range(2))
    assert one == two
