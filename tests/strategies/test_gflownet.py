"""Batches drawn by a Gibbs measure: new, feasible, different, and better than chance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bosearch import problems
from bosearch.errors import SpaceExhaustedError, StrategyError
from bosearch.problems import BenchmarkProblem
from bosearch.space import Choice, Real, Space
from bosearch.space import Sequence as Letters
from bosearch.strategies import load
from bosearch.study import (
    OutcomeConstraint,
    Problem,
    Proposal,
    StudyView,
    Trial,
    TrialState,
    maximize,
    minimize,
)
from bosearch.study.trial import Measurement

SAMPLERS = ("gflownet", "log-linear")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def told(points: Sequence[Any], values: Sequence[float]) -> list[Trial]:
    return [
        Trial(i, p, TrialState.COMPLETED, values={"value": Measurement(v)})
        for i, (p, v) in enumerate(zip(points, values, strict=True))
    ]


def ask(
    problem: Problem,
    trials: Sequence[Trial],
    n: int,
    *,
    seed: int = 7,
    cache: dict[str, Any] | None = None,
    **options: Any,
) -> list[Proposal]:
    """``n`` proposals of a study whose record is ``trials``."""
    options = {"initial": 1, "steps": 20, **options}
    view = StudyView(
        problem, trials, len(trials), seed, options, cache if cache is not None else {}
    )
    rng = np.random.default_rng([seed, len(trials)])
    return load("gflownet", problem, options).propose(view, n, rng)


def measured(problem: BenchmarkProblem, n: int, seed: int = 0) -> list[Trial]:
    points = problem.space.sample(n, np.random.default_rng(seed))
    return told(points, [problem.evaluate(p)["value"] for p in points])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_batch_is_better_than_the_best_of_as_many_random_points(sampler: str) -> None:
    problem = problems.get("nk5")
    trials = measured(problem, 80)
    batch = ask(problem.problem, trials, 40, sampler=sampler, steps=100)
    values = [problem.evaluate(p.params)["value"] for p in batch]
    chance = [t["value"] for t in measured(problem, 4000, seed=1)]
    # 40 random points of 3.2 million: their best is near the quantile 1 - 1/40.
    assert max(values) > np.quantile(chance, 1 - 1 / 40)
    assert np.mean(values) > np.quantile(chance, 0.8)
    keys = {problem.space.key(p.params) for p in batch}
    assert len(keys) == 40
    assert not keys & {problem.space.key(t.params) for t in trials}


def test_a_metric_to_minimize_is_minimized() -> None:
    space = Space(seq=Letters("abcd", 4))
    points = space.sample(60, np.random.default_rng(0))
    trials = told(points, [float(p["seq"].count("a")) for p in points])
    batch = ask(Problem(space, (minimize("value"),)), trials, 10, sampler="log-linear")
    assert np.mean([p.params["seq"].count("a") for p in batch]) < 0.3  # 1 by chance


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sampler=st.sampled_from(SAMPLERS), n=st.integers(1, 12))
def test_points_are_feasible_and_neither_measured_nor_pending_nor_failed(
    seed: int, sampler: str, n: int
) -> None:
    rng = np.random.default_rng(seed)
    forbidden = [
        {"a": int(a), "b": int(b)} for a, b in {tuple(rng.integers(3, size=2)) for _ in range(4)}
    ]
    space = Space(forbidden=forbidden, a=Choice([0, 1, 2]), b=Choice([0, 1, 2]), s=Letters("xy", 2))
    points = list(space.enumerate())
    rng.shuffle(points)
    states = [TrialState.COMPLETED] * 4 + [TrialState.RUNNING] * 2 + [TrialState.FAILED] * 2
    trials = [
        Trial(i, p, state, values={"value": Measurement(float(rng.normal()))} if i < 4 else {})
        for i, (p, state) in enumerate(zip(points, states, strict=False))
    ]
    problem = Problem(space, (maximize("value"),))
    batch = ask(problem, trials, n, seed=seed, sampler=sampler, steps=5)
    assert len(batch) == min(n, len(points) - 8)
    assert all(space.feasible(space.validate(p.params)) for p in batch)
    keys = {space.key(p.params) for p in batch} | {space.key(t.params) for t in trials}
    assert len(keys) == len(batch) + 8


def test_more_points_than_are_left_are_all_that_is_left() -> None:
    space = Space(c=Choice(["a", "b", "c"]), d=Choice([1, 2, 3]))
    problem = Problem(space, (maximize("value"),))
    points = list(space.enumerate())
    trials = told(points[:4], [0.0, 1.0, 0.5, 0.2])
    batch = ask(problem, trials, 100)
    assert sorted(space.key(p.params) for p in batch) == sorted(map(space.key, points[4:]))
    with pytest.raises(SpaceExhaustedError, match="9 feasible points"):
        ask(problem, told(points, [0.0] * 9), 1)


@pytest.mark.parametrize("values", [[0.3], [0.5] * 6], ids=["one observation", "constant"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_little_to_learn_from_still_gives_a_batch(values: list[float], sampler: str) -> None:
    space = Space(seq=Letters("abc", 4))
    trials = told(space.sample(len(values), np.random.default_rng(1)), values)
    batch = ask(Problem(space, (maximize("value"),)), trials, 5, sampler=sampler, steps=5)
    assert len({p.params["seq"] for p in batch}) == 5


def test_without_results_the_points_are_sobol_points() -> None:
    problem = Problem(Space(seq=Letters("abc", 4)), (maximize("value"),))
    assert {p.provenance["strategy"] for p in ask(problem, [], 3)} == {"sobol"}
    failed = [Trial(0, {"seq": "aaaa"}, TrialState.FAILED)]
    assert {p.provenance["strategy"] for p in ask(problem, failed, 3)} == {"sobol"}
    trials = told(problem.space.sample(3, np.random.default_rng(0)), [0.0, 1.0, 2.0])
    batch = ask(problem, trials, 4, initial=5)  # two more for the design, two from the model
    assert [p.provenance["strategy"] for p in batch] == ["sobol"] * 2 + ["gflownet"] * 2


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_resumed_study_asks_the_same(sampler: str) -> None:
    problem = problems.get("nk5")
    trials = measured(problem, 20)

    def asked(seed: int) -> list[Any]:
        return [p.params for p in ask(problem.problem, trials, 5, seed=seed, sampler=sampler)]

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


def test_the_policy_is_kept_between_asks_and_may_be_lost() -> None:
    import json

    problem = problems.get("nk5")
    trials, cache = measured(problem, 20), dict[str, Any]()
    cold = ask(problem.problem, trials, 5, cache=cache)
    assert cold[0].provenance["warm"] is False
    kept = json.loads(json.dumps(cache))
    warm = ask(problem.problem, trials, 5, cache=kept)
    assert warm[0].provenance["warm"] is True
    other = problems.get("nk6")
    foreign = ask(other.problem, measured(other, 20), 5, cache=json.loads(json.dumps(cache)))
    assert foreign[0].provenance["warm"] is False


def test_the_provenance_says_what_was_drawn_and_why() -> None:
    problem = problems.get("nk5")
    batch = ask(problem.problem, measured(problem, 30), 20, sampler="log-linear")
    values = [p.provenance["value"] for p in batch]
    assert values == sorted(values, reverse=True)
    for proposal in batch:
        assert proposal.provenance["strategy"] == "gflownet"
        assert proposal.provenance["sampler"] == "log-linear"
        assert proposal.provenance["tau"] > 0


def test_problems_that_are_no_game_are_refused_with_reasons() -> None:
    sequence = Letters("abc", 4)
    cases = [
        (Problem(Space(x=Real(0, 1), s=sequence), (maximize("v"),)), "must be discrete"),
        (Problem(Space(s=sequence), (maximize("v"), maximize("w"))), "one objective"),
        (
            Problem(Space(s=sequence), (maximize("v"),), (OutcomeConstraint.parse("w >= 0"),)),
            "outcome constraints are not modelled",
        ),
    ]
    for problem, reason in cases:
        with pytest.raises(StrategyError, match=reason):
            load("gflownet", problem, {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "gflow"}, "sampler must be one of gflownet, log-linear, got 'gflow'\n  hint"),
        ({"steps": 0}, "steps must be a whole number from 1, got 0"),
        ({"steps": None}, "steps must be a whole number from 1, got None"),
        ({"initial": True}, "initial must be a whole number from 1, got True"),
        ({"beta": -1}, "beta must be a number from 0, got -1"),
        ({"polish": 1}, "polish must be True or False, got 1"),
        ({"stepps": 3}, "has no option 'stepps'\n  hint: did you mean 'steps'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    problem = Problem(Space(seq=Letters("abc", 4)), (maximize("value"),))
    with pytest.raises(StrategyError, match=message):
        load("gflownet", problem, options)
