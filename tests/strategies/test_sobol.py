"""The Sobol strategy: even coverage, no repeats, and a memory that is the record."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bosearch.errors import SpaceExhaustedError, StrategyError
from bosearch.space import Choice, Integer, Real, Space
from bosearch.strategies import load
from bosearch.study import Problem, StudyView, Trial, TrialState, minimize

BOX = Space(x=Real(0, 1), y=Real(1e-3, 1e3, log=True))


def ask(
    space: Space, trials: Sequence[Trial], n: int, *, strategy: Any = None, seed: int = 7
) -> list[Trial]:
    """The next ``n`` trials of a study whose record is ``trials``."""
    problem = Problem(space, (minimize("loss"),))
    strategy = strategy or load("sobol", problem, {})
    first = len(trials)
    view = StudyView(problem, trials, next_number=first, seed=seed)
    proposals = strategy.propose(view, n, np.random.default_rng([seed, first]))
    return [
        Trial(first + i, p.params, TrialState.COMPLETED, provenance=p.provenance)
        for i, p in enumerate(proposals)
    ]


def test_resumed_sequence_equals_the_uninterrupted_one() -> None:
    whole = ask(BOX, [], 20)
    kept = load("sobol", Problem(BOX, (minimize("loss"),)), {})
    piecewise: list[Trial] = []
    for n, strategy in [(1, None), (2, kept), (9, kept), (3, None), (5, kept)]:
        piecewise += ask(BOX, piecewise, n, strategy=strategy)
    assert [t.params for t in piecewise] == [t.params for t in whole]
    assert [t.provenance["index"] for t in whole] == list(range(20))


def test_sixteen_points_stratify_each_coordinate() -> None:
    # A (0, 4, d)-net has one point in each interval of length 1/16 of every coordinate.
    points = BOX.encode([t.params for t in ask(BOX, [], 16)])
    for column in points.T:
        assert sorted(np.floor(16 * column).astype(int)) == list(range(16))


def test_sequence_depends_on_the_seed() -> None:
    assert ask(BOX, [], 1, seed=1)[0].params != ask(BOX, [], 1, seed=2)[0].params


def test_foreign_trials_do_not_disturb_the_sequence() -> None:
    first = ask(BOX, [], 2)
    observed = Trial(2, {"x": 0.5, "y": 1.0}, TrialState.COMPLETED)
    rest = ask(BOX, [*first, observed], 2)
    assert [t.params for t in rest] == [t.params for t in ask(BOX, [], 4)[2:]]


def test_one_instance_serves_two_studies() -> None:
    strategy = load("sobol", Problem(BOX, (minimize("loss"),)), {})
    ask(BOX, ask(BOX, [], 5), 1, strategy=strategy)
    other = [Trial(i, {"x": 0.1 * i, "y": 1.0}, TrialState.COMPLETED) for i in range(6)]
    assert ask(BOX, other, 1, strategy=strategy)[0].params == ask(BOX, [], 1)[0].params


def test_finite_space_is_walked_once_and_then_exhausted() -> None:
    space = Space(k=Integer(0, 4), c=Choice(["a", "b", "c"]), constraints=["k <= 3"])
    trials: list[Trial] = []
    while len(trials) < 12:
        trials += ask(space, trials, 1)
    assert len({space.key(t.params) for t in trials}) == 12
    assert all(space.feasible(t.params) for t in trials)
    with pytest.raises(SpaceExhaustedError, match="12 feasible points"):
        ask(space, trials, 1)


def test_batch_larger_than_what_is_left_is_cut_short() -> None:
    space = Space(c=Choice(["a", "b", "c"]))
    assert {t.params["c"] for t in ask(space, [], 8)} == {"a", "b", "c"}


def test_rare_feasible_set_falls_back_and_says_so() -> None:
    space = Space(x=Real(0, 1), y=Real(0, 1), constraints=["x + y <= 0.004"])
    trials = ask(space, [], 2)
    assert all(space.feasible(t.params) for t in trials)
    lost = [t for t in trials if t.provenance.get("fallback")]
    assert lost
    assert all("no new feasible point" in t.provenance["reason"] for t in lost)


def test_options_are_refused_by_name() -> None:
    with pytest.raises(StrategyError, match="no option 'scramble'"):
        load("sobol", Problem(BOX, (minimize("loss"),)), {"scramble": True})
