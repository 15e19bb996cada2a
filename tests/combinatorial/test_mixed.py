"""Numbers as one more player: the same posterior, and points no grid search beats by much."""

import numpy as np
import pytest

from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.mixed import Menu, mixed_pick
from bosearch.combinatorial.model import recipe
from bosearch.combinatorial.payoff import Array
from bosearch.space import Choice, Real, Sequence, Space
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.likelihood import Hyperparameters, Observations

RNG = np.random.default_rng
SPACE = Space(seq=Sequence("AC", 2), x=Real(0, 1), c=Choice(["u", "v", "w"]), z=Real(0, 1))
ENCODING = Encoding(SPACE)


def data(n: int, seed: int = 0) -> tuple[Array, Array]:
    rows = ENCODING.rows(SPACE.encode(SPACE.sample(n, RNG(seed))))
    x, z = rows[:, 2], rows[:, 4]
    y = rows[:, 0] + rows[:, 1] * rows[:, 3] - 3 * (x - 0.3) ** 2 - 2 * (z - 0.6) ** 2
    return rows, (y - y.mean()) / y.std()


def process(rows: Array, y: Array) -> GaussianProcess:
    kernel = recipe(ENCODING.features)
    hyper = Hyperparameters(np.log([1.0, 0.8, 0.4, 0.9, 0.5]), 0.1, np.log(1e-4), 0.0)
    observations = Observations(kernel.embedding(rows), y, np.full(len(y), np.nan))
    return GaussianProcess.condition(kernel, hyper, observations, location=0.0, spread=1.0)


def upper(model: GaussianProcess, rows: Array) -> Array:
    p = model.predict(rows)
    return np.asarray(p.mean[:, 0] + 2.0 * np.sqrt(p.var))


def test_menu_payoffs_are_the_model_s() -> None:
    rows, y = data(15)
    model = process(rows, y)
    other, _ = data(30, seed=1)
    numbers = ENCODING.continuous
    menu = Menu.of(ENCODING, np.concatenate([rows[:, numbers], other[:, numbers]]))
    payoff = menu.payoff(model, rows, beta=2.0)
    np.testing.assert_allclose(menu.split(menu.join(other)), other, rtol=0, atol=1e-8)
    np.testing.assert_allclose(
        payoff.values(menu.join(other)), upper(model, other), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("seed", range(3))
def test_games_and_climbs_reach_what_a_fine_grid_reaches(seed: int) -> None:
    rows, y = data(20, seed)
    model = process(rows, y)
    row, pick = mixed_pick(model, ENCODING, rows, y, rows[:0], RNG(seed), beta=2.0, games=24)
    assert pick.value == pytest.approx(upper(model, row[None])[0], abs=1e-6)
    axis = np.linspace(0, 1, 41)
    a, b, x, c, z = np.meshgrid(range(2), range(2), axis, range(3), axis, indexing="ij")
    grid = np.stack([a.ravel(), b.ravel(), x.ravel(), c.ravel(), z.ravel()], axis=1)
    assert pick.value >= upper(model, grid.astype(float)).max() - 0.01


def test_constraints_hold_between_codes_and_numbers() -> None:
    space = Space(
        seq=Sequence("AC", 2),
        x=Real(0, 1),
        c=Choice(["u", "v", "w"]),
        z=Real(0, 1),
        constraints=["x <= 0.5 or c == 'u'"],
    )
    encoding = Encoding(space)
    rows, y = data(20)
    model = process(rows, y + rows[:, 2])
    row, _ = mixed_pick(model, encoding, rows, y, rows[:0], RNG(0), beta=2.0, games=24)
    assert encoding.feasible(row[None])[0]


def test_avoided_points_are_not_chosen() -> None:
    rows, y = data(20)
    model = process(rows, y)
    first, _ = mixed_pick(model, ENCODING, rows, y, rows[:0], RNG(0), beta=2.0, games=24)
    again, _ = mixed_pick(model, ENCODING, rows, y, first[None], RNG(0), beta=2.0, games=24)
    assert (abs(again - first) > 1e-7).any()
