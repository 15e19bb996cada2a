"""Trials as a game: codes, signs, what is known, and what pending points hide."""

from typing import Any

import numpy as np
import pytest

from bosearch.space import Choice, Sequence, Space
from bosearch.strategies.site_modelling import SiteModelling
from bosearch.study import Problem, StudyView, Trial, TrialState, maximize, minimize
from bosearch.study.problem import Objective
from bosearch.study.trial import Measurement

SPACE = Space(seq=Sequence("abcd", 3), k=Choice([1, 2, 4], ordered=True))


def view_of(objective: Objective, n: int = 12, pending: int = 0, failed: int = 0) -> StudyView:
    points = list(SPACE.enumerate())
    np.random.default_rng(0).shuffle(points)
    states = [TrialState.COMPLETED] * n + [TrialState.RUNNING] * pending
    states += [TrialState.FAILED] * failed
    trials = []
    for i, (point, state) in enumerate(zip(points, states, strict=False)):
        value = float(point["seq"].count("a") + point["k"])
        told = {objective.metric: Measurement(value)} if i < n else {}
        trials.append(Trial(i, point, state, values=told))
    return StudyView(Problem(SPACE, (objective,)), trials, len(trials), seed=0)


def test_codes_and_points_are_inverse() -> None:
    modelling = SiteModelling(view_of(maximize("y")), {})
    assert modelling.points(modelling.X) == [t.params for t in modelling.view.completed]
    assert modelling.encoding.sites.counts == (4, 4, 4, 3)


def test_the_best_trial_has_the_highest_mean_whatever_the_direction() -> None:
    up = SiteModelling(view_of(maximize("y"), n=40), {})
    down = SiteModelling(view_of(minimize("y"), n=40), {})
    values = np.array([trial["y"] for trial in up.view.completed])
    # Without exploration, and next to no noise, the payoff orders trials as they were told.
    assert up.payoff(0.0).values(up.X).argmax() in np.flatnonzero(values == values.max())
    assert down.payoff(0.0).values(down.X).argmax() in np.flatnonzero(values == values.min())


def test_pending_points_lose_their_uncertainty_and_keep_their_mean() -> None:
    waiting = SiteModelling(view_of(maximize("y"), n=12, pending=3), {})
    plain = SiteModelling(view_of(maximize("y"), n=12), {})
    x = waiting.pending
    assert waiting.payoff(0.0).values(x) == pytest.approx(plain.payoff(0.0).values(x), abs=1e-9)
    assert (waiting.payoff(2.0).values(x) < plain.payoff(2.0).values(x)).all()


def test_completed_pending_and_failed_trials_are_known() -> None:
    modelling = SiteModelling(view_of(maximize("y"), n=5, pending=2, failed=3), {})
    keys = modelling.encoding.sites.keys(modelling.codes(modelling.view.trials))
    assert modelling.known.tolist() == sorted(keys.tolist())


def test_a_fit_is_kept_for_the_next_ask() -> None:
    memories: dict[str, Any] = {}
    first = SiteModelling(view_of(maximize("y"), n=40), memories)
    assert first.report["gradients"] > 0
    again = SiteModelling(view_of(maximize("y"), n=40), memories)
    assert again.report["gradients"] == 0
    assert again.report["lengthscales"] == first.report["lengthscales"]
