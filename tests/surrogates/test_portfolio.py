"""A portfolio uses the surrogate that predicts best what was held out."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bosearch.errors import SurrogateError
from bosearch.surrogates import registry
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.portfolio import Portfolio, held_out, preferred
from bosearch.surrogates.schedule import Data
from tests.acquisition.stubs import Stub, quadratic

Array = NDArray[np.float64]
D = 3
RNG = np.random.default_rng(0)
X = RNG.uniform(size=(40, D))
NOISE = 0.02 * RNG.normal(size=40)
STRAIGHT = X @ [1.0, 2.0, -1.0] + NOISE
WAVY = np.sin(8 * X[:, 0]) + X[:, 1] ** 2


def told(y: Array, n: int = 40) -> Data:
    return Data(X[:n], y[:n], np.full(n, np.nan))


@pytest.mark.parametrize(("y", "best"), [(STRAIGHT, "linear"), (WAVY, "gp")])
def test_the_observations_choose(y: Array, best: str) -> None:
    chosen = Portfolio(pool=("gp", "linear")).fit(told(y), quadratic(D), seed=0)
    assert chosen.name == best
    assert max(chosen.scores, key=lambda name: chosen.scores[name]) == best
    assert chosen.report.warnings[0].startswith(f"chose {best}: {best} ")


def test_another_member_must_be_ahead_by_two_standard_errors() -> None:
    first = RNG.normal(size=25)
    lead = RNG.normal(size=25)
    lead = (lead - lead.mean()) / lead.std(ddof=1)  # a standard error of 0.2
    for ahead, best in ((0.39, "gp"), (0.41, "linear"), (-1.0, "gp")):
        assert preferred({"gp": first, "linear": first + lead + ahead}) == best
    both = {"gp": first, "linear": first + lead + 0.5, "ibnn": first + 0.45}
    assert preferred(both) == "linear"  # of those that are clearly ahead, the best
    assert preferred({"gp": first[:1], "linear": first[:1] + 9.0}) == "gp"  # of one, no spread
    assert preferred({}) is None


def test_scores_are_mean_densities_of_what_was_left_out_in_any_unit() -> None:
    chosen, scaled = (
        Portfolio(pool=("gp", "linear")).fit(told(y), quadratic(D), seed=0)
        for y in (STRAIGHT, 1e6 * STRAIGHT - 3e6)
    )
    densities = chosen.leave_one_out()
    assert densities is not None
    standardised = densities.mean() + math.log(STRAIGHT.std(ddof=1))
    assert chosen.scores["linear"] == pytest.approx(standardised)
    assert scaled.scores == pytest.approx(chosen.scores, abs=1e-3)


def test_the_choice_is_a_function_of_data_and_seed() -> None:
    first, again = (Portfolio().fit(told(WAVY), quadratic(D), seed=3) for _ in range(2))
    assert (first.name, first.scores) == (again.name, again.scores)


def test_an_update_keeps_the_member_and_what_was_fitted() -> None:
    chosen = Portfolio(pool=("gp", "linear")).fit(told(STRAIGHT, 12), quadratic(D), seed=0)
    longer = chosen.update(told(STRAIGHT))
    assert longer.name == chosen.name
    assert longer.fitted is not chosen.fitted


def test_without_a_closed_form_a_fifth_is_held_out_in_turn() -> None:
    data = told(STRAIGHT, 16)
    recipe: Any = Stub(noise_std=0.1)
    found = held_out(recipe.fit(data, quadratic(D), seed=0), recipe, data, quadratic(D), seed=0)
    assert found is not None
    total = 0.0
    for fold in range(5):
        out = np.arange(16) % 5 == fold
        seen = Data(data.X[~out], data.y[~out], data.sem[~out])
        fitted = recipe.fit(seen, quadratic(D), seed=0)
        for x, y in zip(data.X[out], data.y[out], strict=True):
            members = fitted.members(_points(x)).numpy()[:, 0]
            var = members.var(ddof=1) + 0.1**2
            log_density = -0.5 * (math.log(2 * math.pi * var) + (y - members.mean()) ** 2 / var)
            total += max(log_density + math.log(data.y.std(ddof=1)), -8.0)
    assert found.sum() == pytest.approx(total)


def _points(x: Array) -> Any:

    return torch.tensor(x[None])


class Broken:
    """A recipe whose numerics break down."""

    def fit(self, data: Data, embedding: Any, *, seed: int) -> Fitted:
        raise ArithmeticError("no factor")


def test_what_breaks_down_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load

    def loaded(name: str) -> Any:
        return Broken() if name == "gp" else load(name)

    monkeypatch.setattr(registry, "load", loaded)
    chosen = Portfolio(pool=("gp", "linear")).fit(told(WAVY), quadratic(D), seed=0)
    assert chosen.name == "linear"
    assert "gp failed (ArithmeticError: no factor)" in chosen.report.warnings[0]
    with pytest.raises(ArithmeticError, match="no surrogate of the pool"):
        Portfolio(pool=("gp",)).fit(told(WAVY), quadratic(D), seed=0)


def test_the_pool_survives_the_study_file() -> None:
    recipe = Portfolio(pool=("linear", "gp"))
    table = json.loads(json.dumps(registry.to_json(recipe)))
    assert table == {"name": "auto", "pool": ["linear", "gp"]}
    assert registry.load(table) == recipe


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (["gp", "linaer"], "did you mean 'linear'"),
        (["auto"], "which is no surrogate"),
        ([], "must be a list of names"),
        ("gp", "must be a list of names"),
    ],
)
def test_a_wrong_pool_is_refused(pool: Any, message: str) -> None:
    with pytest.raises(SurrogateError, match=message):
        Portfolio(pool=pool)


def test_a_wrong_alternate_is_refused() -> None:
    with pytest.raises(SurrogateError, match="alternate is 'inbn', which is no surrogate"):
        Portfolio(alternate="inbn")
    with pytest.raises(SurrogateError, match="alternate is None"):
        Portfolio(alternate=None)  # type: ignore[arg-type]
