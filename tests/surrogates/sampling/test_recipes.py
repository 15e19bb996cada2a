"""The three recipes, where the answer is known: without hidden layers a network is linear."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bosearch.errors import SurrogateError
from bosearch.problems import get
from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import Capability
from bosearch.surrogates.networks.fitted import FittedMembers
from bosearch.surrogates.registry import load, to_json
from bosearch.surrogates.sampling.hmc import Hmc
from bosearch.surrogates.schedule import Data

CUBE = Embedding.of([Factor("continuous")] * 2)
RNG = np.random.default_rng(0)
X = RNG.uniform(size=(12, 2))
Y = 30.0 + 10.0 * X[:, 0] - 4.0 * X[:, 1] + RNG.normal(size=12)
UNKNOWN = np.full(12, np.nan)
KNOWN = np.where(np.arange(12) < 6, 2.0, np.nan)
NEW = torch.tensor(RNG.uniform(size=(5, 2)))
LINEAR: dict[str, Any] = {
    "widths": (),
    "scale_spread": 0.0,
    "noise_median": 0.09,
    "noise_spread": 0.0,
    "noise_floor": 0.01,
    "chains": 64,
    "members": 4096,
    "start_steps": 100,
}
SAMPLERS: dict[str, dict[str, Any]] = {
    "hmc": {"burn_in": 30, "trajectories": 128, "leaps": 8},
    "baoab": {"name": "langevin", "step": 0.5, "burn_in": 200, "steps": 960},
    "align": {"name": "langevin", "scheme": "align", "step": 0.2, "steps": 1280},
    "quicsort": {"name": "langevin", "scheme": "quicsort", "step": 0.4, "steps": 960},
    "sghmc": {"batch": 12, "rate": 0.05, "burn_in": 300, "steps": 1920},
    "sghmc by minibatches": {
        "name": "sghmc",
        "batch": 4,
        "rate": 0.03,
        "burn_in": 400,
        "steps": 1920,
    },
}
FEW: dict[str, dict[str, Any]] = {
    "hmc": {"widths": (8,), "start_steps": 5, "burn_in": 5, "trajectories": 8, "leaps": 2},
    "langevin": {"widths": (8,), "start_steps": 60, "tuning": 10, "burn_in": 2, "steps": 8},
    "sghmc": {"widths": (8,), "start_steps": 5, "burn_in": 2, "steps": 8},
}


def fitted(name: str, sem: Any = UNKNOWN, *, seed: int = 0, **options: Any) -> FittedMembers:
    found = load({"name": name, **options}).fit(Data(X, Y, sem), CUBE, seed=seed)
    assert isinstance(found, FittedMembers)
    return found


def regression(sem: Any) -> tuple[Tensor, Tensor]:
    """Bayesian linear regression at ``NEW``: Bishop (2006), eqs. 3.53 and 3.54."""
    location, spread = Y.mean(), Y.std(ddof=1)

    def phi(x: Tensor) -> Tensor:
        return torch.cat([(2.0 * x - 1.0) * 1.5 / math.sqrt(2.0), torch.ones(len(x), 1)], dim=1)

    y = torch.tensor((Y - location) / spread)
    var = torch.tensor(np.where(np.isnan(sem), 0.1, (sem / spread) ** 2))
    F, G = phi(torch.tensor(X)), phi(NEW)
    precision = torch.eye(3, dtype=torch.float64) + F.mT @ (F / var[:, None])
    mean = G @ torch.linalg.solve(precision, F.mT @ (y / var))
    cov = G @ torch.linalg.solve(precision, G.mT)
    return location + spread * mean, spread**2 * cov


@pytest.mark.parametrize("case", SAMPLERS)
def test_linear_networks_are_bayesian_linear_regression(case: str) -> None:
    """Mean and covariance within four standard errors; half of the noise is known."""
    options = {"name": case, **LINEAR, **SAMPLERS[case]}
    if options["name"] == "langevin":
        options = {"tuning": 15, "burn_in": 300, **options}
    found = fitted(**options, sem=KNOWN)
    mean, cov = regression(KNOWN)
    values = found.functions(4096, seed=0)(NEW)  # each member once, in any order
    assert values.shape == (4096, 5)
    members = found.model.members(found.training.coordinates(NEW))
    members = found.training.location + found.training.spread * members
    chains = members.unflatten(0, (64, 64)).transpose(0, 1)  # chains x draws x 5
    away = chains - mean
    products = away[..., :, None] * away[..., None, :]  # chains x draws x 5 x 5
    for moment, expected in ((away, torch.zeros(5)), (products, cov)):
        per_chain = moment.mean(1)
        error = per_chain.std(0) / math.sqrt(64.0)
        # Steps of finite size leave a bias of a per cent or two of the covariance; noise of
        # minibatches is taken off each coordinate, not off pairs, which costs some more.
        bias = {"hmc": 0.0, "sghmc by minibatches": 0.1}.get(case, 0.02)
        tolerance = 4.0 * error + bias * cov.diagonal().mean()
        assert ((per_chain.mean(0) - expected).abs() < tolerance).all()
        assert (error < 0.1 * cov.diagonal().max().clamp(min=1.0)).all()
    assert found.noise_var == pytest.approx(0.1 * Y.var(ddof=1), rel=1e-3)
    torch.testing.assert_close(values.mean(0), members.mean(0))


@pytest.mark.parametrize("name", FEW)
def test_a_run_far_too_short_is_reported(name: str) -> None:
    found = fitted(name, **FEW[name])
    assert found.report.r_hat is not None
    assert found.report.r_hat > 1.05
    assert any("the chains have not mixed: R-hat" in text for text in found.report.warnings)


def test_too_few_draws_to_tell_are_reported() -> None:
    options = {"burn_in": 1, "trajectories": 3, "leaps": 1, "start_steps": 1, "rounds": 1}
    report = fitted("hmc", **options).report
    assert report.r_hat is None
    assert "3 draws of a chain cannot tell" in report.warnings[0]


def test_a_run_that_is_long_enough_is_not_warned_of() -> None:
    found = fitted("hmc", **{**LINEAR, "noise_spread": 0.5, "chains": 8}, **SAMPLERS["hmc"])
    assert not any("mixed" in text for text in found.report.warnings)
    assert found.report.r_hat is not None
    assert found.report.r_hat < 1.05
    assert found.report.ess is not None
    assert found.report.ess > 100.0


@pytest.mark.parametrize(
    ("name", "problem", "count"),
    [
        ("hmc", "branin", 50),
        ("hmc", "hartmann6", 60),
        ("hmc", "nn_draw50", 40),
        ("langevin", "branin", 50),
        ("langevin", "hartmann6", 60),
    ],
)
def test_default_budgets_mix_on_reference_posteriors(name: str, problem: str, count: int) -> None:
    """Observations at random points, with noise of 0.1 of their spread."""
    posed, rng = get(problem), np.random.default_rng(1)
    x = rng.uniform(size=(count, len(posed.space.factors)))
    values = [posed.evaluate(point)["value"] for point in posed.space.decode(x)]
    y = np.array(values) + 0.1 * np.std(values) * rng.normal(size=count)
    cube = Embedding.of([Factor("continuous")] * x.shape[1])
    report = load(name).fit(Data(x, y, np.full(count, np.nan)), cube, seed=0).report
    assert not any("mixed" in warning for warning in report.warnings)
    assert report.r_hat is not None
    assert report.r_hat < 1.05


@pytest.mark.parametrize("name", ["hmc", "langevin"])
def test_chains_go_on_while_they_disagree(name: str) -> None:
    """Gradients of a second and a third round, without burn-in; one round where they agree."""
    once = fitted(name, **FEW[name], rounds=1).report.gradients
    thrice = fitted(name, **FEW[name], rounds=3).report.gradients
    steps = {"hmc": 8 * 2, "langevin": 8}[name]
    assert once is not None
    assert thrice == once + 2 * 4 * (steps + 1)
    agreed = {**LINEAR, **SAMPLERS["baoab" if name == "langevin" else "hmc"], "name": name}
    agreed = {**agreed, "chains": 8, "members": 64}
    assert fitted(**agreed, rounds=1).report.gradients == fitted(**agreed).report.gradients


def test_chains_that_cannot_go_on_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ArithmeticError("lost")

    once = fitted("hmc", **FEW["hmc"], rounds=1)
    monkeypatch.setattr(Hmc, "more", broken)
    found = fitted("hmc", **FEW["hmc"])
    assert found.report.warnings[0] == "the chains could not go on: lost"
    assert torch.equal(found.model.posterior(NEW).mean, once.model.posterior(NEW).mean)


@pytest.mark.parametrize("name", FEW)
def test_fits_are_functions_of_the_seed(name: str) -> None:
    state = torch.random.get_rng_state()
    a, b, c = (fitted(name, seed=seed, **FEW[name]).model.posterior(NEW).mean for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", FEW)
def test_gradients_are_counted_and_members_are_what_was_asked_for(name: str) -> None:
    found = fitted(name, **FEW[name], chains=3, members=10)
    assert len(found.members) == 9  # as many of each chain
    assert found.report.gradients >= 3 * (5 + 10)
    assert Capability.ENSEMBLE in found.capabilities
    one = fitted(name, **FEW[name], chains=3, members=2)
    assert len(one.members) == 2


def test_langevin_halves_a_step_with_which_chains_get_lost() -> None:
    options = {**LINEAR, "chains": 4, "step": 6.0, "tuning": 20, "burn_in": 100, "steps": 100}
    found = fitted("langevin", **options)
    assert "halved" in found.report.warnings[0]
    mean, cov = regression(UNKNOWN)
    away = (found.model.posterior(NEW[:, None]).mean[:, 0, 0] - mean) / cov.diagonal().sqrt()
    assert float(away.abs().max()) < 2.0


def test_langevin_refuses_moves_where_shorter_steps_do_not_help() -> None:
    options = {**LINEAR, "chains": 4, "step": 1e4, "tuning": 20, "burn_in": 300, "steps": 1500}
    found = fitted("langevin", **options)
    assert "moves were refused instead" in found.report.warnings[0]
    mean, cov = regression(UNKNOWN)
    away = (found.model.posterior(NEW[:, None]).mean[:, 0, 0] - mean) / cov.diagonal().sqrt()
    assert float(away.abs().max()) < 1.0


def test_noise_is_learnt_from_data() -> None:
    """With residuals of a standard deviation of about 1 and thrice as many observations."""
    rng = np.random.default_rng(5)
    x = rng.uniform(size=(40, 2))
    y = 30.0 + 10.0 * x[:, 0] + rng.normal(size=40)
    options = {"widths": (), "chains": 8, "burn_in": 50, "trajectories": 64, "leaps": 10}
    found = load({"name": "hmc", **options}).fit(Data(x, y, np.full(40, np.nan)), CUBE, seed=0)
    assert math.sqrt(found.noise_var) == pytest.approx(1.0, rel=0.25)


@pytest.mark.parametrize("name", ["hmc", "langevin", "sghmc", "paper-hmc", "paper-sghmc"])
def test_recipes_survive_json(name: str) -> None:
    recipe = load(name)
    table = json.loads(json.dumps({**to_json(recipe), "widths": [20, 10]}))
    again: Any = load(table)
    assert again.widths == (20, 10)
    assert load(json.loads(json.dumps(to_json(again)))) == again


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": "hmc", "chains": 0}, "'hmc': chains must be a whole number from 1, got 0"),
        ({"name": "hmc", "widths": [0]}, "each of widths must be a whole number from 1, got 0"),
        ({"name": "hmc", "activation": "sine"}, "activation must be one of tanh, relu, gelu"),
        ({"name": "langevin", "scheme": "euler"}, "scheme must be one of baoab, align, quicsort"),
        ({"name": "langevin", "noise_spread": -1.0}, "noise_spread must be a number from 0"),
        ({"name": "sghmc", "friction": 1.5}, "friction must be at most 1, got 1.5"),
    ],
)
def test_wrong_options_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(SurrogateError, match=message):
        load(table)


@pytest.mark.parametrize("name", ["hmc", "langevin", "sghmc"])
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("widths", "50", "widths must be a list of numbers, got '50'"),
        ("weight_std", None, "weight_std must be a number above 0, got None"),
        ("noise_floor", 0.0, "noise_floor must be a number above 0, got 0.0"),
        ("members", 0, "members must be a whole number from 1, got 0"),
        ("start_steps", -1, "start_steps must be a whole number from 0, got -1"),
        ("burn_in", 0.5, "burn_in must be a whole number from 0, got 0.5"),
    ],
)
def test_shared_options_are_checked_alike(name: str, option: str, value: Any, message: str) -> None:
    with pytest.raises(SurrogateError, match=f"{name!r}: {message}"):
        load({"name": name, option: value})
