"""Games in whole studies: what they find, what they never do, and what they say of it."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bosearch.errors import SpaceExhaustedError, StrategyError
from bosearch.space import Choice, Integer, Real, Sequence, Space
from bosearch.strategies import load, resolve
from bosearch.study import (
    Measurement,
    OutcomeConstraint,
    Problem,
    Proposal,
    StudyView,
    Trial,
    TrialState,
    maximize,
    minimize,
)

TARGET = "GATTAC"
SEQ = Problem(Space(seq=Sequence("ACGT", 6)), (maximize("f"),))
FAST = {"initial": 8}
Value = float | Measurement | None


def likeness(params: Mapping[str, Any]) -> float:
    """Matches with the target, and pairs of neighbours that both match; 11 at most."""
    same = [a == b for a, b in zip(params["seq"], TARGET, strict=True)]
    return float(sum(same) + sum(a and b for a, b in pairwise(same)))


class Loop:
    """A study in memory: ask, evaluate, tell."""

    def __init__(self, problem: Problem, options: Mapping[str, Any] = FAST, seed: int = 1) -> None:
        self.problem, self.options, self.seed = problem, options, seed
        self.trials: list[Trial] = []
        self.cache: dict[str, Any] = {}
        self.strategy = load("gameopt", problem, options)

    def ask(self, n: int = 1) -> list[Proposal]:
        first = len(self.trials)
        view = StudyView(self.problem, tuple(self.trials), first, self.seed, {}, self.cache)
        proposals = self.strategy.propose(view, n, np.random.default_rng(0))
        for p in proposals:
            json.dumps(p.provenance)
            params = self.problem.space.validate(p.params)
            trial = Trial(len(self.trials), params, TrialState.RUNNING, provenance=p.provenance)
            self.trials.append(trial)
        return proposals

    def tell(self, evaluate: Callable[[Mapping[str, Any]], Value]) -> None:
        """Complete all running trials; ``None`` is a failure."""
        for number, old in enumerate(self.trials):
            if old.state is TrialState.RUNNING:
                value = evaluate(old.params)
                measured = value if isinstance(value, Measurement) else Measurement(value or 0.0)
                self.trials[number] = Trial(
                    number,
                    old.params,
                    TrialState.FAILED if value is None else TrialState.COMPLETED,
                    values={} if value is None else {self.problem.objectives[0].metric: measured},
                    provenance=old.provenance,
                )

    def run(self, n: int, evaluate: Callable[[Mapping[str, Any]], Value], batch: int = 1) -> None:
        for _ in range(0, n, batch):
            self.ask(batch)
            self.tell(evaluate)

    @property
    def points(self) -> list[dict[str, Any]]:
        return [dict(trial.params) for trial in self.trials]

    @property
    def keys(self) -> list[str]:
        return [self.problem.space.key(point) for point in self.points]


@pytest.mark.parametrize("batch", ["hallucinated", "top", "thompson"])
def test_a_word_among_four_thousand_is_found_in_forty_trials(batch: str) -> None:
    loop = Loop(SEQ, {**FAST, "batch": batch})
    loop.run(40, likeness, batch=8)
    assert max(map(likeness, loop.points)) == 11.0
    assert len(set(loop.keys)) == 40
    assert not any("fallback" in trial.provenance for trial in loop.trials)


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "hedge"},
        {"solver": "steepest", "games": 8},
        {"players": "pairs"},
        {"players": [[0, 1], [2], [3, 5], [4]]},
        {"kernel": "additive"},
        {"kernel": "additive", "batch": "thompson"},
    ],
)
def test_other_games_find_the_word_too(options: Mapping[str, Any]) -> None:
    loop = Loop(SEQ, {**FAST, **options})
    loop.run(40, likeness, batch=8)
    assert max(map(likeness, loop.points)) >= 9.0  # one letter is missing at most
    assert len(set(loop.keys)) == len(loop.points)
    assert not any("fallback" in trial.provenance for trial in loop.trials)


def test_pairs_leave_where_no_single_site_gains() -> None:
    # Under a product kernel with known tables, games of single sites end where pairs go on:
    # the certificate of a group is for the moves of the group.
    single, pairs = Loop(SEQ), Loop(SEQ, {**FAST, "players": [[0, 1], [2, 3], [4, 5]]})
    single.run(16, likeness, batch=8)
    pairs.trials = list(single.trials)
    (one,), (two,) = single.ask(), pairs.ask()
    assert two.provenance["value"] >= one.provenance["value"] - 1e-9


def test_a_minimum_is_the_maximum_of_the_negative() -> None:
    up, down = Loop(SEQ), Loop(Problem(SEQ.space, (minimize("g"),)))
    up.run(24, likeness, batch=8)
    down.run(24, lambda params: -likeness(params), batch=8)
    assert up.points == down.points


def test_units_of_the_metric_do_not_matter() -> None:
    plain, scaled = Loop(SEQ), Loop(SEQ)
    plain.run(24, likeness, batch=8)
    scaled.run(24, lambda params: 1e6 * likeness(params) - 3e6, batch=8)
    assert plain.points == scaled.points


def test_asking_for_two_points_twice_is_asking_for_four() -> None:
    whole, pairs = Loop(SEQ), Loop(SEQ)
    for loop, sizes in ((whole, (4, 4)), (pairs, (2, 2, 2, 2))):
        loop.run(6, likeness)
        for n in sizes:
            loop.ask(n)  # across the end of the initial design
    assert pairs.points == whole.points


def test_a_resumed_study_goes_on_as_an_uninterrupted_one() -> None:
    whole, cut = Loop(SEQ), Loop(SEQ)
    whole.run(24, likeness, batch=4)
    for _ in range(6):
        cut.strategy = load("gameopt", SEQ, FAST)
        cut.cache = json.loads(json.dumps(cut.cache))
        cut.run(4, likeness, batch=4)
    assert cut.points == whole.points


def test_a_lost_cache_costs_a_fit_and_no_more() -> None:
    loop = Loop(SEQ)
    loop.run(12, likeness)
    loop.cache = {}
    (proposal,) = loop.ask()
    assert proposal.provenance["strategy"] == "gameopt"
    assert proposal.provenance["model"]["gradients"] > 0


def test_provenance_holds_the_certificate() -> None:
    loop = Loop(SEQ)
    loop.run(12, likeness, batch=4)
    first, second = loop.ask(2)
    assert (first.provenance["rank"], second.provenance["rank"]) == (0, 1)
    assert first.provenance["max_gain"] >= 0.0
    assert first.provenance["equilibria"] >= 1
    assert first.provenance["acquisition"] == "mean + 3 standard deviations"
    seen = [point["seq"] for point in loop.points[:12]]
    nearest = min(sum(a != b for a, b in zip(first.params["seq"], s, strict=True)) for s in seen)
    assert first.provenance["distance"] == nearest


def test_a_finite_space_is_never_repeated_and_then_exhausted() -> None:
    space = Space(a=Choice(["x", "y", "z"]), b=Choice([1, 2, 3, 4]), forbidden=[{"a": "x", "b": 2}])
    loop = Loop(Problem(space, (maximize("f"),)), {"initial": 3})
    loop.run(9, lambda p: float(p["b"]), batch=3)
    assert len(loop.ask(5)) == 2  # all that is left
    assert len(set(loop.keys)) == 11
    loop.tell(lambda p: 0.0)
    with pytest.raises(SpaceExhaustedError):
        loop.ask()


def alternating(params: dict[str, Any]) -> bool:
    return all(a != b for a, b in pairwise(params["seq"]))


def test_input_constraints_hold_for_every_proposal() -> None:
    space = Space([alternating], seq=Sequence("ACGT", 6))
    loop = Loop(Problem(space, (maximize("f"),)))
    loop.run(24, likeness, batch=4)  # Loop.ask validates
    assert max(map(likeness, loop.points)) >= 7  # GAT.AC: the target itself is forbidden


def test_failed_points_are_not_tried_again() -> None:
    loop = Loop(SEQ)
    loop.run(32, lambda p: None if p["seq"][0] == "G" else likeness(p), batch=4)
    assert len(set(loop.keys)) == 32


def test_a_start_of_failures_goes_on_with_sobol() -> None:
    loop = Loop(SEQ)
    loop.run(12, lambda params: None)
    assert {trial.provenance["strategy"] for trial in loop.trials} == {"sobol"}


@pytest.mark.parametrize("value", [0.0, 3.5, 1e12])
def test_constant_observations_still_explore(value: float) -> None:
    loop = Loop(SEQ)
    loop.run(16, lambda params: value, batch=4)
    assert len(set(loop.keys)) == 16
    assert not any("fallback" in trial.provenance for trial in loop.trials)


def test_one_observation_is_enough_to_ask() -> None:
    loop = Loop(SEQ, {"initial": 1})
    loop.run(1, likeness)
    (proposal,) = loop.ask()
    assert proposal.provenance["strategy"] == "gameopt"
    assert "fallback" not in proposal.provenance


def test_told_noise_keeps_values_as_measured() -> None:
    loop = Loop(SEQ)
    loop.run(12, lambda p: Measurement(likeness(p), sem=0.5), batch=4)
    (proposal,) = loop.ask()
    assert proposal.provenance["model"]["scale"] == "as measured"


def test_a_long_sequence_is_searched_near_its_best_point() -> None:
    word = "GATTACAGATTACAGATTACAGAT"
    problem = Problem(Space(seq=Sequence("ACGT", len(word))), (maximize("f"),))

    def matches(params: Mapping[str, Any]) -> float:
        return float(sum(a == b for a, b in zip(params["seq"], word, strict=True)))

    loop = Loop(problem, {"initial": 20})
    loop.run(20, matches, batch=20)
    best = max(loop.points, key=matches)["seq"]
    for proposal in loop.ask(4):
        away = sum(a != b for a, b in zip(proposal.params["seq"], best, strict=True))
        assert away <= len(word) // 2
    loop.tell(matches)
    loop.run(40, matches, batch=10)
    # Random: 6 of 24 on average, the best of 64 about 11.
    assert max(map(matches, loop.points)) >= 16


MIXED = Space(seq=Sequence("ACG", 4), x=Real(0, 1), k=Integer(0, 5), constraints=["x <= 0.9"])


def blend(params: Mapping[str, Any]) -> float:
    """At most 4, at GAGA with k = 4 and x = 0.3, or 0.5 where the first letter is not G."""
    same = sum(a == b for a, b in zip(params["seq"], "GAGA", strict=True))
    peak = 0.3 if params["seq"][0] == "G" else 0.5
    return float(same - 4 * (params["x"] - peak) ** 2 - 0.2 * abs(params["k"] - 4))


def test_numbers_beside_choices_are_found_too() -> None:
    loop = Loop(Problem(MIXED, (maximize("f"),)), {"initial": 10})
    loop.run(34, blend, batch=6)
    assert max(map(blend, loop.points)) > 3.75  # all letters, x near its peak, k at most one off
    assert len(set(loop.keys)) == len(loop.keys)
    assert not any("fallback" in trial.provenance for trial in loop.trials)


def test_a_mixed_study_asks_alike_in_pairs_and_at_once() -> None:
    whole, pairs = (Loop(Problem(MIXED, (maximize("f"),)), {"initial": 6}) for _ in range(2))
    for loop, sizes in ((whole, (4,)), (pairs, (2, 2))):
        loop.run(8, blend)
        for n in sizes:
            loop.ask(n)
    assert pairs.points == whole.points


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inital": 5}, "did you mean 'initial'"),
        ({"initial": 0}, "whole number from 1"),
        ({"beta": -1}, "number from 0"),
        ({"batch": "topp"}, "did you mean 'top'"),
        ({"kernel": "aditive"}, "did you mean 'additive'"),
        ({"games": 0}, "whole number from 8, got 0"),
        ({"solver": "best"}, "best-response, steepest, hedge"),
        ({"model": "sequences"}, "sites, features"),
        ({"players": "pair"}, "did you mean 'pairs'"),
        ({"players": 3}, "lists of sites, got 3"),
        ({"players": [[0, 1.5], [2]]}, "lists of sites"),
        ({"players": [[0, 1], [1, 2, 3, 4, 5]]}, "exactly one group"),
        ({"players": [[0, 1, 2, 3, 4, 5]]}, "2000 actions, got 4096"),
        ({"players": "pairs", "kernel": "additive"}, "product kernel"),
        ({"players": "pairs", "batch": "thompson"}, "product kernel"),
        ({"players": [[0, 1], [2, 3, 4, 5]], "solver": "hedge"}, "answer by best response"),
    ],
)
def test_wrong_options_are_refused(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        load("gameopt", SEQ, options)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Problem(Space(x=Real(0, 1)), (maximize("f"),)), "players need choices"),
        (Problem(SEQ.space, (maximize("f"), minimize("g"))), "one objective"),
        (
            Problem(SEQ.space, (maximize("f"),), (OutcomeConstraint.parse("g <= 1"),)),
            "outcome constraints",
        ),
        (Problem(Space(k=Integer(1, 5000)), (maximize("f"),)), "at most 1000 levels"),
    ],
)
def test_problems_that_are_no_game_are_refused(problem: Problem, message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        load("gameopt", problem, {})


def test_options_for_sites_are_refused_beside_numbers() -> None:
    with pytest.raises(StrategyError, match="kernel, solver: where every parameter is discrete"):
        load(
            "gameopt",
            Problem(MIXED, (maximize("f"),)),
            {"solver": "hedge", "kernel": "product"},
        )


def test_a_long_sequence_whose_sites_add_up_is_modelled_so() -> None:
    word = "GATTACA" * 5
    problem = Problem(Space(seq=Sequence("ACGT", len(word))), (maximize("f"),))
    loop = Loop(problem, {"initial": 60, "batch": "top"})
    matches: dict[str, float] = {}

    def likeness_of(params: Mapping[str, Any]) -> float:
        same = [a == b for a, b in zip(params["seq"], word, strict=True)]
        return float(matches.setdefault(params["seq"], sum(same)))

    loop.run(60, likeness_of, batch=60)
    loop.run(20, likeness_of, batch=10)
    assert loop.trials[-1].provenance["model"]["kernel"] == "additive"
    assert max(matches.values()) >= 18  # random: 9 on average, the best of 80 about 15


def test_auto_plays_where_unordered_choices_are_many() -> None:
    protein = Space(seq=Sequence("ACDEFGHIKLMNPQRSTVWY", 4))
    name, reasons = resolve("auto", Problem(protein, (maximize("f"),)))
    assert name == "gameopt"
    assert "4 of 4 factors" in reasons[0]
    for problem in (
        Problem(protein, (maximize("f"), maximize("g"))),
        Problem(protein, (maximize("f"),), (OutcomeConstraint.parse("g <= 1"),)),
        Problem(Space(x=Real(0, 1), c=Choice(["a", "b"])), (maximize("f"),)),
    ):
        assert resolve("auto", problem)[0] == "bayes"
