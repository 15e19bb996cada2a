"""The front of two or three objectives, with what it dominates and the thresholds."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from bosearch.report import results
from bosearch.report.theme import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    axis_title,
    figure,
    hover,
    points,
)
from bosearch.strategies.thresholds import Threshold, thresholds
from bosearch.study import Objective, Problem, Trial
from bosearch.study.best import pareto_front


def front(problem: Problem, trials: Sequence[Trial]) -> go.Figure:
    """Objectives against each other; the first three where there are more."""
    best = sorted(pareto_front(problem, trials), key=lambda t: t[problem.objectives[0].metric])
    numbers = {trial.number for trial in best}
    others = [trial for trial in results.completed(trials) if trial.number not in numbers]
    groups = {
        "dominated": [trial for trial in others if results.feasible(problem, trial)],
        "breaks a constraint": [t for t in others if not results.feasible(problem, t)],
        "front": best,
    }
    draw = _plane if len(problem.objectives) == 2 else _cube
    shown = {name: found for name, found in groups.items() if found}
    return draw(problem.objectives[:3], shown, thresholds(problem, results.completed(trials)))


_MARKERS: dict[str, dict[str, Any]] = {
    "dominated": {"color": GREY, "size": 6, "opacity": 0.7},
    "breaks a constraint": {"color": ORANGE, "size": 7, "symbol": "x"},
    "front": {"color": GREEN, "size": 9},
}


def _plane(
    objectives: Sequence[Objective], groups: dict[str, list[Trial]], limits: Mapping[str, Threshold]
) -> go.Figure:
    first, second = objectives
    fig = figure(x=axis_title(first), y=axis_title(second), height=440)
    for name, trials in groups.items():
        x, y = ([trial[o.metric] for trial in trials] for o in objectives)
        fig.add_trace(points(trials, x, y, name=name, marker=_MARKERS[name]))
    if "front" in groups:
        # Between two points of the front nothing better is known than the worse of both.
        fig.add_trace(
            go.Scatter(
                x=[trial[first.metric] for trial in groups["front"]],
                y=[trial[second.metric] for trial in groups["front"]],
                mode="lines",
                line={
                    "color": GREEN,
                    "width": 1.5,
                    "shape": "hv" if first.direction == "minimize" else "vh",
                },
                hoverinfo="skip",
                showlegend=False,
            )
        )
    for metric, add_line in ((first.metric, fig.add_vline), (second.metric, fig.add_hline)):
        if metric in limits:
            add_line(limits[metric].value, line={"color": RED, "dash": "dash", "width": 1.5})
    return fig


def _cube(
    objectives: Sequence[Objective], groups: dict[str, list[Trial]], limits: Mapping[str, Threshold]
) -> go.Figure:
    fig = figure(height=560)
    for name, trials in groups.items():
        x, y, z = ([trial[o.metric] for trial in trials] for o in objectives)
        fig.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                name=name,
                mode="markers",
                marker={**_MARKERS[name], "size": 0.6 * _MARKERS[name]["size"]},
                hovertext=[hover(trial) for trial in trials],
                hoverinfo="text",
            )
        )
    if limits:
        corner = [limits[o.metric] for o in objectives]
        fig.add_trace(
            go.Scatter3d(
                **{axis: [limit.value] for axis, limit in zip("xyz", corner, strict=True)},
                name="thresholds",
                mode="markers",
                marker={"color": RED, "size": 5, "symbol": "cross"},
                hoverinfo="name",
            )
        )
    fig.update_scenes(camera={"eye": {"x": 1.4, "y": 1.4, "z": 0.8}})
    axes = ("xaxis", "yaxis", "zaxis")
    fig.update_scenes(
        {
            axis: {"title": {"text": axis_title(o)}, "gridcolor": GREY, "showbackground": False}
            for axis, o in zip(axes, objectives, strict=True)
        }
    )
    return fig
