"""The search for the best candidate, against brute force."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bosearch.acquisition.domain import Domain
from bosearch.acquisition.optimize import EFFORTS, Candidate, best_candidate
from bosearch.errors import SpaceExhaustedError
from bosearch.space import Choice, Integer, Real, Sequence, Space

Array = NDArray[np.float64]


class Bumps:
    """Bumps of unequal height over the encoded cube; codes shift the phase."""

    def __init__(self, space: Space) -> None:
        factors = space.factors
        self.scale = np.array([1.0 if f.kind != "categorical" else 0.37 for f in factors])
        self.numeric = np.array([f.kind == "continuous" for f in factors])

    def value(self, X: Array) -> Array:
        U = X * self.scale
        return np.asarray(np.sin(7 * U + 0.5).sum(1) - ((U - 0.6) ** 2).sum(1))

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        U = X * self.scale
        slope = self.scale * (7 * np.cos(7 * U + 0.5) - 2 * (U - 0.6))
        return self.value(X), np.where(self.numeric, slope, 0.0)


def search(space: Space, known: Array | None = None, seed: int = 0) -> Candidate:
    anchors = space.encode(space.sample(2, np.random.default_rng(9)))
    return best_candidate(
        Bumps(space),
        Domain(space, known),
        anchors,
        effort=EFFORTS["standard"],
        rng=np.random.default_rng(seed),
    )


def brute_force(space: Space, grid: int) -> float:
    """The best of a grid over continuous coordinates and all values of discrete ones."""
    axes = [
        np.linspace(0, 1, grid) if f.size is None else f.coordinates(np.arange(f.size))
        for f in space.factors
    ]
    X = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    X = X[space.feasible_encoded(X)] if space.constraints else X
    return float(Bumps(space).value(X).max())


SPACES = {
    "box": Space(x=Real(0, 1), y=Real(0, 1)),
    "mixed": Space(x=Real(0, 1), k=Integer(0, 6), c=Choice(["a", "b", "c", "d"])),
    "linear": Space(x=Real(0, 1), y=Real(0, 1), constraints=["x + 2*y <= 0.9"]),
    "ring": Space(x=Real(0, 1), y=Real(0, 1), constraints=["(x-0.5)**2 + (y-0.5)**2 >= 0.09"]),
    "mixed linear": Space(
        x=Real(0, 1), y=Real(0, 1), k=Integer(0, 4), constraints=["x + y + k <= 3"]
    ),
    "finite": Space(k=Integer(0, 40), c=Choice(["a", "b", "c"]), m=Integer(0, 9)),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_search_is_as_good_as_a_fine_grid(space: Space) -> None:
    found = search(space)
    assert space.feasible(space.decode(found.x[None])[0])
    assert found.value == pytest.approx(float(Bumps(space).value(found.x[None])[0]))
    assert found.value >= brute_force(space, 201) - 1e-3


def test_linear_boundary_is_reached() -> None:
    space = SPACES["linear"]
    found = search(space)
    A, b = space.linear_inequalities()
    assert brute_force(space, 1001) <= found.value + 1e-6
    assert (A @ found.x <= b).all()


def test_known_points_are_never_proposed() -> None:
    space = SPACES["finite"]
    known = np.empty((0, 3))
    values = []
    for _ in range(30):
        found = search(space, known)
        known = np.vstack([known, found.x])
        values.append(found.value)
    assert len(np.unique(known, axis=0)) == 30
    assert values == sorted(values, reverse=True)  # each is the best of those left


def test_large_sequence_space_is_searched_by_exchanges() -> None:
    space = Space(s=Sequence("ACDEFGHIKLMNPQRSTVWY", 12))
    found = search(space)
    codes = np.arange(20.0)[:, None] * np.ones((1, 12))
    per_site = np.sin(7 * 0.37 * codes + 0.5) - (0.37 * codes - 0.6) ** 2
    assert found.value == pytest.approx(per_site.max(0).sum())  # sites are independent


def test_exhausted_space_says_so() -> None:
    space = Space(k=Integer(0, 3))
    with pytest.raises(SpaceExhaustedError, match="all feasible points"):
        search(space, space.encode(list(space.enumerate())))
