"""Each figure shows the trials it was given: claims about the data of its traces."""

from typing import Any

import pytest

from bosearch.report import convergence, fronts, parameters, provenance, timeline
from bosearch.space import Choice, Integer, Real, Sequence, Space
from bosearch.study import (
    Measurement,
    OutcomeConstraint,
    Problem,
    Trial,
    TrialState,
    maximize,
    minimize,
)

LOSS = Problem(Space(x=Real(0, 1)), (minimize("loss"),), (OutcomeConstraint("cost", "<=", 5.0),))


def measured(
    number: int, params: dict[str, Any] | None = None, sem: float | None = None, **values: float
) -> Trial:
    told = {metric: Measurement(value, sem) for metric, value in values.items()}
    return Trial(
        number,
        params or {"x": 0.5},
        TrialState.COMPLETED,
        values=told,
        asked_at=1e9 + number,
        finished_at=1e9 + number + 2,
    )


def traces(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data}


def test_convergence_parts_feasible_from_infeasible_and_steps_down() -> None:
    trials = [
        measured(0, loss=3, cost=1),
        measured(1, loss=1, cost=9),
        measured(2, loss=2, cost=1),
        measured(3, loss=4, cost=1),
    ]
    shown = traces(convergence.convergence(LOSS, trials))
    assert shown["measured"].x == (0, 2, 3)
    assert shown["breaks a constraint"].x == (1,)
    assert shown["best so far"].x == (0, 2, 3)  # the line ends at the last trial
    assert shown["best so far"].y == (3.0, 2.0, 2.0)


def test_convergence_draws_standard_errors_only_where_they_are_known() -> None:
    known = traces(convergence.convergence(LOSS, [measured(0, sem=0.25, loss=3, cost=1)]))
    assert known["measured"].error_y.array == (0.25,)
    assert known["measured"].error_y.visible
    unknown = traces(convergence.convergence(LOSS, [measured(0, loss=3, cost=1)]))
    assert not unknown["measured"].error_y.visible


@pytest.mark.parametrize(("largest", "kind"), [(1.0, None), (1e5, "log")])
def test_convergence_over_orders_of_magnitude_is_logarithmic(
    largest: float, kind: str | None
) -> None:
    trials = [measured(0, loss=largest, cost=1), measured(1, loss=0.5, cost=1)]
    assert convergence.convergence(LOSS, trials).layout.yaxis.type == kind


def test_convergence_looks_past_a_far_failure_and_says_so() -> None:
    trials = [measured(i, loss=loss, cost=1) for i, loss in enumerate([1, 2, 3, 4, 5, 90])]
    figure = convergence.convergence(LOSS, trials)
    low, high = figure.layout.yaxis.range
    assert low < 1
    assert 5 < high < 90
    assert "1 beyond the vertical axis" in figure.layout.xaxis.title.text


def test_an_outcome_is_shown_beside_its_bound() -> None:
    trials = [measured(0, loss=3, cost=1), measured(1, loss=1, cost=9)]
    figure = convergence.outcome(LOSS.constraints[0], trials)
    assert traces(figure)["holds"].y == (1.0,)
    assert traces(figure)["violated"].y == (9.0,)
    assert figure.layout.shapes[0].y0 == 5.0


def test_the_front_is_apart_from_what_it_dominates() -> None:
    asked = Problem(Space(x=Real(0, 1)), (minimize("cost", threshold=7.0), maximize("gain")))
    trials = [measured(0, cost=2, gain=5), measured(1, cost=1, gain=1), measured(2, cost=3, gain=4)]
    figure = fronts.front(asked, trials)
    assert traces(figure)["front"].x == (1.0, 2.0)
    assert traces(figure)["dominated"].x == (3.0,)
    stated, inferred = figure.layout.shapes
    assert (stated.x0, stated.x1) == (7.0, 7.0)
    # The front spans gains 1 to 5; a tenth of that below its worst is 0.6.
    assert (inferred.y0, inferred.y1) == (pytest.approx(0.6), pytest.approx(0.6))


def test_three_objectives_are_drawn_in_space() -> None:
    asked = Problem(Space(x=Real(0, 1)), (minimize("a"), minimize("b"), maximize("c")))
    figure = fronts.front(asked, [measured(0, a=1, b=2, c=3), measured(1, a=2, b=3, c=2)])
    front, dominated = traces(figure)["front"], traces(figure)["dominated"]
    assert (front.x, front.y, front.z) == ((1.0,), (2.0,), (3.0,))
    assert dominated.z == (2.0,)


KINDS = Problem(
    Space(
        rate=Real(1e-4, 1.0, log=True),
        layers=Integer(1, 4),
        kernel=Choice(["rbf", "poly"]),
        seq=Sequence("ACG", 2),
    ),
    (maximize("y"),),
)
POINTS = [
    {"rate": 0.01, "layers": 2, "kernel": "rbf", "seq": "AC"},
    {"rate": 0.1, "layers": 3, "kernel": "poly", "seq": "AG"},
]
MEASURED = [measured(i, params=point, y=float(i + 1)) for i, point in enumerate(POINTS)]


def test_a_slice_has_the_scale_of_its_parameter() -> None:
    figures = {
        name: parameters.dependence(KINDS, KINDS.objectives[0], name, MEASURED)
        for name in ("rate", "layers", "kernel")
    }
    assert {name: figure.layout.xaxis.type for name, figure in figures.items() if figure} == {
        "rate": "log",
        "layers": None,
        "kernel": "category",
    }
    assert figures["rate"] is not None
    assert figures["rate"].data[0].x == (0.01, 0.1)


def test_letters_are_averaged_at_each_site() -> None:
    figure = parameters.dependence(KINDS, KINDS.objectives[0], "seq", MEASURED)
    assert figure is not None
    (heat,) = figure.data
    assert heat.x == ("seq[0]", "seq[1]")
    z = dict(zip(heat.y, heat.z, strict=True))
    assert z["A"][0] == pytest.approx(1.5)  # both trials have it: (1 + 2) / 2
    assert (z["C"][1], z["G"][1]) == (1.0, 2.0)
    assert z["C"][0] != z["C"][0]  # never measured there: NaN


def test_parallel_coordinates_code_every_kind_on_its_own_axis() -> None:
    (lines,) = parameters.parallel(KINDS, MEASURED).data
    axes = {axis.label: axis for axis in lines.dimensions}
    assert list(axes) == ["rate", "layers", "kernel", "seq[0]", "seq[1]", "y ↑"]
    assert axes["rate"].values == pytest.approx((-2.0, -1.0))
    assert axes["kernel"].values == (0, 1)
    assert axes["seq[1]"].ticktext == ("A", "C", "G")
    assert axes["y ↑"].values == (1.0, 2.0)


def test_parallel_coordinates_stay_readable_for_long_sequences() -> None:
    long = Problem(Space(seq=Sequence("AC", 50)), (maximize("y"),))
    (lines,) = parameters.parallel(long, [measured(0, params={"seq": "A" * 50}, y=1.0)]).data
    assert len(lines.dimensions) == parameters.MOST_AXES
    assert lines.dimensions[-1].label == "y ↑"


def test_the_timeline_has_one_bar_per_trial_and_pending_ones_last_until_now() -> None:
    trials = [measured(0, loss=1, cost=1), Trial(1, {"x": 0.1}, TrialState.RUNNING, asked_at=1e9)]
    shown = traces(timeline.timeline(trials))
    assert shown["completed"].x == (2000,)  # milliseconds
    assert shown["running"].x == (2000,)  # until the last moment on record


def test_acquisition_values_are_shown_by_name() -> None:
    said: list[dict[str, Any]] = [{"acquisition": "LogEI", "value": -1.0}, {"strategy": "sobol"}]
    trials = [
        Trial(i, {"x": 0.5}, TrialState.RUNNING, provenance=words) for i, words in enumerate(said)
    ]
    figure = provenance.acquisition_values(trials)
    assert figure is not None
    assert (figure.data[0].name, figure.data[0].x, figure.data[0].y) == ("LogEI", (0,), (-1.0,))
    assert provenance.acquisition_values(trials[1:]) is None


def test_origins_count_trials_successes_and_fallbacks() -> None:
    said: list[dict[str, Any]] = [
        {"strategy": "sobol", "seconds": 0.1},
        {"strategy": "bayes", "kernel": "k", "acquisition": "LogEI", "seconds": 0.5},
        {"strategy": "bayes", "kernel": "k", "acquisition": "LogEI", "fallback": True}
        | {"reason": "no data"},
        {"strategy": "bayes", "surrogate": {"name": "hmc"}, "acquisition": "LogEI"},
    ]
    trials = [
        Trial(i, {"x": 0.5}, TrialState.RUNNING, provenance=words) for i, words in enumerate(said)
    ]
    sobol, built_in, named = provenance.origins(trials, {0, 2})
    assert (sobol.strategy, sobol.model, sobol.trials, sobol.seconds) == ("sobol", "", 1, 0.1)
    assert (built_in.model, built_in.trials, built_in.steps) == ("k", 2, 1)
    assert (built_in.fallbacks, built_in.reasons) == (1, ("no data",))
    assert (named.model, named.steps) == ("hmc", 0)


def test_user_text_is_literal_in_figures() -> None:
    trial = measured(0, params={"seq": "<b>x</b>"}, y=1.0)
    figure = convergence.convergence(Problem(KINDS.space, KINDS.objectives), [trial])
    assert "&lt;b&gt;x&lt;/b&gt;" in figure.data[0].hovertext[0]
