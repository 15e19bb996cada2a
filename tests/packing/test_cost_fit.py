"""What solves cost is learned: the scale from few of them, the proportions from many."""

import numpy as np
import pytest

from bosearch.errors import ShapeError
from bosearch.packing.cost import SHIPPED, CostModel, features
from bosearch.packing.cost_fit import fitted
from bosearch.packing.game import AssemblyGrammar
from bosearch.space.grammar import random_word


def solves(count: int, seed: int = 0) -> list[tuple[float, ...]]:
    rng, rules = np.random.default_rng(seed), AssemblyGrammar()
    found = []
    for _ in range(count):
        d, d2 = int(rng.integers(3, 11)), int(rng.integers(8, 20))
        state = random_word(rules, rng, max_moves=200)[1]
        found.append(features(4, d, d2, state.assembly(d)))
    return found


def test_many_solves_teach_the_proportions() -> None:
    truth = CostModel((3.0, 1e-5, 2e-7, 4e-9, 5e-8))
    amounts = solves(400)
    seconds = [sum(c * x for c, x in zip(truth.coefficients, a, strict=True)) for a in amounts]
    found = fitted(amounts, seconds, SHIPPED)
    new = np.array(solves(50, seed=1))
    predicted, exact = new @ found.coefficients, new @ truth.coefficients
    # the ridge weighs as much as 0.09 solves of each kind of work
    assert predicted == pytest.approx(exact, rel=0.05)


def test_one_solve_teaches_how_fast_the_machine_is() -> None:
    (amounts,) = solves(1)
    seconds = 7.0 * float(np.dot(amounts, SHIPPED.coefficients))
    found = fitted([amounts], [seconds], SHIPPED)
    # all else equal, every coefficient is seven times the one before
    assert found.coefficients == pytest.approx([7.0 * c for c in SHIPPED.coefficients])


def test_nothing_measured_changes_nothing() -> None:
    assert fitted([], [], SHIPPED) == SHIPPED


def test_coefficients_stay_positive() -> None:
    amounts = solves(60)
    seconds = [1e-9 * a[-1] for a in amounts]  # all of it is the factorization
    found = fitted(amounts, seconds, SHIPPED)
    assert min(found.coefficients) > 0


@pytest.mark.parametrize("seconds", [[1.0], [1.0, 0.0], [1.0, -2.0]])
def test_wrong_seconds_are_refused(seconds: list[float]) -> None:
    with pytest.raises(ShapeError, match="2 positive seconds"):
        fitted(solves(2), seconds, SHIPPED)
