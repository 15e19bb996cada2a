"""Pest control: the simulation against a plain loop, and what is known of the best policy."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import beta

from bosearch.problems import get
from bosearch.problems.pest_control import BEST_KNOWN, STAGES, PestControl

# The constants of COMBO: pesticide -> price, discount, first b, growth of b.
PESTICIDES = {
    1: (1.0, 0.2, 2 / 7, 1 / 7),
    2: (0.8, 0.3, 3 / 7, 2.5 / 7),
    3: (0.7, 0.3, 3 / 7, 2 / 7),
    4: (0.5, 0.0, 5 / 7, 0.5 / 7),
}


def cost(policy: list[int], uniforms: np.ndarray) -> float:
    """One policy, one simulation at a time, with SciPy's quantiles."""
    stages = len(policy)
    price = 0.0
    for choice in policy:
        if choice:
            full, discount, _, _ = PESTICIDES[choice]
            price += full * (1 - discount * policy.count(choice) / stages)
    exceeded = []
    for u in uniforms.T:
        b = {choice: row[2] for choice, row in PESTICIDES.items()}
        pests, count = beta.ppf(u[0], 1, 30), 0
        for i, choice in enumerate(policy):
            count += pests > 0.1
            if choice:
                pests *= 1 - beta.ppf(u[2 * i + 2], 1, b[choice])
                b[choice] += PESTICIDES[choice][3] / stages
            else:
                pests += beta.ppf(u[2 * i + 1], 1, 17 / 3) * (1 - pests)
        exceeded.append(count)
    return price + float(np.mean(exceeded))


def test_costs_are_those_of_a_plain_loop() -> None:
    standard = PestControl.standard()
    few = PestControl(standard.levels, standard.uniforms[:, :7])
    policies = np.random.default_rng(0).integers(5, size=(4, STAGES))
    expected = [cost(policy, few.uniforms) for policy in policies.tolist()]
    assert few.values(policies) == pytest.approx(expected, rel=1e-9)


def test_doing_nothing_costs_only_the_stages_that_pests_exceed() -> None:
    idle = PestControl.standard().values(np.zeros((1, STAGES), dtype=np.int64))
    assert 20.0 < idle[0] < 25.0
    assert idle[0] * 100 == pytest.approx(round(idle[0] * 100))  # counts in 100 simulations


def test_no_two_changes_improve_the_best_policy_known() -> None:
    standard = PestControl.standard()
    (value,) = standard.values(BEST_KNOWN[None])
    # 24 times 0.7 at a discount of 0.3 * 24 / 25 is 11.9616: the rest is the pests'.
    assert value == pytest.approx(24 * 0.7 * (1 - 0.3 * 24 / 25) + 0.05, abs=1e-9)
    changes = []
    for i, j in product(range(STAGES), repeat=2):
        if i < j:
            block = np.tile(BEST_KNOWN, (25, 1))
            block[:, [i, j]] = list(product(range(5), repeat=2))
            changes.append(block)
    assert standard.values(np.concatenate(changes)).min() >= value - 1e-9


def test_shuffling_moves_the_best_policy_and_keeps_its_cost() -> None:
    plain, shuffled = get("pest_control"), get("pest_control_shuffled")
    assert shuffled.optimum == plain.optimum
    assert shuffled.optimiser != plain.optimiser
    landscape = PestControl.shuffled(0)
    assert (np.sort(landscape.levels, axis=1) == np.arange(5)).all()
    assert len({tuple(row) for row in landscape.levels.tolist()}) > STAGES // 2


def test_a_better_policy_than_the_best_known_has_a_negative_regret() -> None:
    problem = get("pest_control")
    assert not problem.proven
    assert problem.simple_regret([{"value": problem.optimum - 0.5}]) == pytest.approx(-0.5)
