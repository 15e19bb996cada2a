"""How the search went on: best so far, hypervolume, and the bounds that must hold."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from bosearch.report import results
from bosearch.report.theme import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    axis_title,
    figure,
    focus,
    plain,
    points,
)
from bosearch.strategies.thresholds import thresholds
from bosearch.study import Objective, OutcomeConstraint, Problem, Trial


def convergence(problem: Problem, trials: Sequence[Trial]) -> go.Figure:
    """Every measurement of the one objective, and the best feasible one so far."""
    (objective,) = problem.objectives
    fig = figure(x="trial", y=axis_title(objective))
    _add_measurements(fig, problem, objective, trials)
    steps = results.improvements(problem, trials)
    if steps:
        last = max(trial.number for trial in results.completed(trials))
        fig.add_trace(
            go.Scatter(
                x=[*(trial.number for trial in steps), last],
                y=[*(trial[objective.metric] for trial in steps), steps[-1][objective.metric]],
                name="best so far",
                mode="lines",
                line={"color": GREEN, "width": 2.5, "shape": "hv"},
                hoverinfo="skip",
            )
        )
    return fig


def measurements(problem: Problem, objective: Objective, trials: Sequence[Trial]) -> go.Figure:
    """Every measurement of one of several objectives, with its threshold."""
    fig = figure(x="trial", y=axis_title(objective), height=300)
    _add_measurements(fig, problem, objective, trials)
    limit = thresholds(problem, results.completed(trials)).get(objective.metric)
    if limit is not None:
        _add_bound(fig, limit.value, "threshold, inferred" if limit.inferred else "threshold")
    return fig


def hypervolume_trace(problem: Problem, trials: Sequence[Trial]) -> go.Figure:
    """Volume that the front dominates, as it grew."""
    fig = figure(x="trial", y="hypervolume ↑", height=300)
    fig.add_trace(
        go.Scatter(
            x=[trial.number for trial in results.completed(trials)],
            y=results.hypervolume_trace(problem, trials),
            name="hypervolume",
            mode="lines",
            line={"color": GREEN, "width": 2.5, "shape": "hv"},
        )
    )
    return fig


def outcome(constraint: OutcomeConstraint, trials: Sequence[Trial]) -> go.Figure:
    """A constrained metric beside its bound."""
    fig = figure(x="trial", y=plain(constraint.metric), height=300)
    for name, colour, holds in (("holds", BLUE, True), ("violated", ORANGE, False)):
        shown = [
            trial
            for trial in results.completed(trials)
            if constraint.holds(trial[constraint.metric]) is holds
        ]
        if shown:
            fig.add_trace(
                points(
                    shown,
                    [trial.number for trial in shown],
                    [trial[constraint.metric] for trial in shown],
                    name=name,
                    marker={"color": colour, "size": 7},
                )
            )
    _add_bound(fig, constraint.bound, plain(constraint))
    return fig


def _add_measurements(
    fig: go.Figure, problem: Problem, objective: Objective, trials: Sequence[Trial]
) -> None:
    done = results.completed(trials)
    for name, feasible, marker in (
        ("measured", True, {"color": BLUE, "size": 7, "opacity": 0.75}),
        ("breaks a constraint", False, {"color": ORANGE, "size": 7, "symbol": "x"}),
    ):
        shown = [trial for trial in done if results.feasible(problem, trial) is feasible]
        if shown:
            fig.add_trace(
                points(
                    shown,
                    [trial.number for trial in shown],
                    [trial[objective.metric] for trial in shown],
                    name=name,
                    marker=marker,
                    error_y=_standard_errors(objective, shown),
                )
            )
    focus(fig, objective, [trial[objective.metric] for trial in done])


def _standard_errors(objective: Objective, trials: Sequence[Trial]) -> dict[str, Any]:
    sems = [trial.values[objective.metric].sem or 0.0 for trial in trials]
    return {"array": sems, "visible": any(sems), "color": GREY, "thickness": 1, "width": 2}


def _add_bound(fig: go.Figure, value: float, text: str) -> None:
    fig.add_hline(
        y=value,
        line={"color": RED, "dash": "dash", "width": 1.5},
        annotation={"text": text, "font": {"color": RED}},
        annotation_position="top left",
    )
