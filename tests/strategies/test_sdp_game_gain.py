"""Gains against closed forms and against simulation."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from bosearch.packing.game import Edits, edits
from bosearch.strategies.sdp_game_gain import Prospect, expected_improvement, knowledge_gradient
from bosearch.strategies.sdp_game_model import Inputs, fit

COMPLETE = np.array(Edits().bag(), dtype=float)


def test_improvement_is_its_expectation() -> None:
    mean, std = np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.5, 2.0])
    draws = mean[:, None] + std[:, None] * np.random.default_rng(0).standard_normal((3, 400_000))
    gains = np.maximum(0.2 - draws, 0.0)
    error = gains.std(1) / math.sqrt(gains.shape[1])
    assert (abs(expected_improvement(mean, std, 0.2) - gains.mean(1)) < 4 * error).all()


def test_hopeless_solves_are_still_in_order() -> None:
    gains = expected_improvement(np.array([20.0, 30.0]), np.array([1.0, 1.0]), 0.0)
    assert gains[0] > gains[1] >= 0.0


def test_knowledge_gradient_of_two_answers_is_the_known_formula() -> None:
    # Of two answers min(0, c + s Z) the gain is s phi(c/s) - c Phi(-c/s) below 0, for c > 0.
    for c, s in [(0.0, 1.0), (0.5, 1.0), (1.0, 0.7)]:
        exact = s * norm.pdf(c / s) - c * norm.cdf(-c / s)
        found = knowledge_gradient(np.array([[0.0, c]]), np.array([[0.0, s]]))
        # 15 nodes for a function with a kink
        assert found[0] == pytest.approx(exact, abs=0.03)


def test_what_moves_all_answers_alike_teaches_nothing() -> None:
    means = np.array([[0.3, 0.1, 0.9]])
    assert knowledge_gradient(means, np.full((1, 3), 2.0)) == pytest.approx([0.0], abs=1e-12)


@pytest.fixture(scope="module")
def prospect() -> Prospect:
    rng = np.random.default_rng(1)
    levels = np.array([0.0] * 8 + [1.0] * 4)
    x = rng.random((12, 1))
    y = (x[:, 0] - 0.5) ** 2 - 0.1 * levels
    model = fit(Inputs(x, levels, np.tile(COMPLETE, (12, 1))), y, COMPLETE, [0.4])
    grid = np.linspace(0, 1, 30)[:, None]
    answers = Inputs(grid, np.full(30, 3.0), np.tile(COMPLETE, (30, 1)))
    return Prospect(model, float(y.min()), answers, 3.0)


def test_what_is_known_already_gains_nothing_later(prospect: Prospect) -> None:
    seen = prospect.model.inputs
    first = Inputs(seen.x[:1], seen.level[:1], seen.bags[:1])
    gaps = np.abs(np.linspace(0, 1, 200)[:, None] - seen.x[:, 0]).min(1)
    far = np.linspace(0, 1, 200)[np.argmax(gaps)]
    new = Inputs(np.array([[far]]), np.array([3.0]), COMPLETE[None])
    assert prospect.gains(first).later[0] < 0.05 * prospect.gains(new).later[0]


@pytest.mark.parametrize(
    "tokens",
    [
        ["drop", "near s3", "drop", "far G", "thinner", "end"],
        [*["lower", "near s1"] * 2, *["lower", "far q1"] * 2, "lower", "far l", "end"],
    ],
)
def test_smaller_assembly_promises_less(prospect: Prospect, tokens: list[str]) -> None:
    bag = np.array(edits(tokens).bag(), dtype=float)
    x = np.random.default_rng(2).random((40, 1))
    level = np.random.default_rng(3).integers(0, 4, 40).astype(float)
    small = prospect.gains(Inputs(x, level, np.tile(bag, (40, 1))))
    whole = prospect.gains(Inputs(x, level, np.tile(COMPLETE, (40, 1))))
    assert (small.mean > whole.mean).all()
    assert (small.std > whole.std).all()  # doubt about the loss, which is no hope:
    assert (small.now <= whole.now).all()
    assert small.now.sum() < 0.9 * whole.now.sum()
    assert (small.later < whole.later + 1e-12).all()
