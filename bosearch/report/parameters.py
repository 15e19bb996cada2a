"""How a metric depends on each parameter, one at a time and all together."""

import math
from collections.abc import Sequence as Listing
from typing import Any

import numpy as np
import plotly.graph_objects as go

from bosearch.report import results, words
from bosearch.report.theme import GREY, SCALE, axis_title, figure, focus, plain, points
from bosearch.space import Choice, Integer, Parameter, Real, Sequence
from bosearch.study import Objective, Problem, Trial

MOST_AXES = 16  # of a parallel-coordinates figure; more cannot be read


def dependence(
    problem: Problem, objective: Objective, name: str, trials: Listing[Trial]
) -> go.Figure | None:
    """The figure that suits the parameter's kind; ``None`` if there is none."""
    parameter = problem.space.parameters[name]
    if isinstance(parameter, Sequence):
        return letters(parameter, objective, name, trials)
    if isinstance(parameter, Real | Integer | Choice):
        return slice_of(parameter, objective, name, trials)
    return None


def slice_of(
    parameter: Real | Integer | Choice, objective: Objective, name: str, trials: Listing[Trial]
) -> go.Figure:
    """The objective over one parameter; later trials are lighter."""
    done = results.completed(trials)
    fig = figure(x=plain(name), y=axis_title(objective), height=300)
    values = [trial.params[name] for trial in done]
    fig.add_trace(
        points(
            done,
            [_category(v) for v in values] if isinstance(parameter, Choice) else values,
            [trial[objective.metric] for trial in done],
            name=plain(name),
            showlegend=False,
            marker={
                "color": [trial.number for trial in done],
                "colorscale": SCALE,
                "size": 8,
                "opacity": 0.85,
                "line": {"color": GREY, "width": 0.5},
            },
        )
    )
    focus(fig, objective, [trial[objective.metric] for trial in done])
    if isinstance(parameter, Choice):
        every = [_category(value) for value in parameter.values]
        fig.update_xaxes(type="category", categoryorder="array", categoryarray=every)
    elif parameter.log:
        fig.update_xaxes(type="log")
    return fig


def landscape(problem: Problem, objective: Objective, trials: Listing[Trial]) -> go.Figure | None:
    """The objective over the first two real parameters; ``None`` if there are fewer."""
    real = [(name, p) for name, p in problem.space.parameters.items() if isinstance(p, Real)]
    if len(real) < 2:
        return None
    (x, on_x), (y, on_y) = real[:2]
    done = results.completed(trials)
    values = [trial[objective.metric] for trial in done]
    low, high = results.near_range(objective, values)
    fig = figure(x=plain(x), y=plain(y), height=440)
    fig.add_trace(
        points(
            done,
            [trial.params[x] for trial in done],
            [trial.params[y] for trial in done],
            name=plain(objective.metric),
            showlegend=False,
            marker={
                "color": values,
                "cmin": low,
                "cmax": high,
                "colorscale": SCALE,
                "reversescale": objective.direction == "minimize",
                "size": 10,
                "line": {"color": GREY, "width": 0.5},
                "colorbar": {"title": {"text": axis_title(objective)}, "thickness": 12},
            },
        )
    )
    fig.update_xaxes(type="log" if on_x.log else "linear")
    fig.update_yaxes(type="log" if on_y.log else "linear")
    return fig


def letters(
    parameter: Sequence, objective: Objective, name: str, trials: Listing[Trial]
) -> go.Figure:
    """Mean of the objective for each letter at each site; empty where none was measured."""
    means, counts = letter_means(parameter, objective, name, trials)
    sites = [f"{plain(name)}[{site}]" for site in range(parameter.length)]
    fig = figure(height=max(300, 90 + 16 * len(parameter.alphabet)))
    fig.add_trace(
        go.Heatmap(
            x=sites,
            y=[plain(letter) for letter in parameter.alphabet],
            z=means.tolist(),
            customdata=counts.tolist(),
            hovertemplate="%{y} at %{x}<br>mean %{z:.4g} of %{customdata} trials<extra></extra>",
            hoverongaps=False,
            colorscale=SCALE,
            reversescale=objective.direction == "minimize",
            xgap=1,
            ygap=1,
            colorbar={"title": {"text": axis_title(objective)}, "thickness": 12},
        )
    )
    fig.update_yaxes(type="category", autorange="reversed", showgrid=False)
    fig.update_xaxes(type="category", showgrid=False)
    return fig


def letter_means(
    parameter: Sequence, objective: Objective, name: str, trials: Listing[Trial]
) -> tuple[results.Array, results.Array]:
    """Return ``letters x sites`` means of the objective (NaN where none) and their counts."""
    row = {letter: i for i, letter in enumerate(parameter.alphabet)}
    sums = np.zeros((len(parameter.alphabet), parameter.length))
    counts = np.zeros_like(sums)
    for trial in results.completed(trials):
        for site, letter in enumerate(trial.params[name]):
            sums[row[letter], site] += trial[objective.metric]
            counts[row[letter], site] += 1
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0), counts


def parallel(problem: Problem, trials: Listing[Trial]) -> go.Figure:
    """Every completed trial as a line through its parameters and its objectives.

    A sequence takes one axis per site. Axes beyond ``MOST_AXES`` are left out.
    """
    done = results.completed(trials)
    axes = [
        axis
        for name, parameter in problem.space.parameters.items()
        for axis in _axes(parameter, name, [trial.params[name] for trial in done])
    ]
    axes = axes[: MOST_AXES - len(problem.objectives)]
    axes += [
        {"label": axis_title(o), "values": [trial[o.metric] for trial in done]}
        for o in problem.objectives
    ]
    shown = problem.objectives[0]
    values = [trial[shown.metric] for trial in done]
    low, high = results.near_range(shown, values)
    fig = figure(height=420)
    fig.add_trace(
        go.Parcoords(
            dimensions=axes,
            line={
                "color": values,
                "cmin": low,
                "cmax": high,
                "colorscale": SCALE,
                "reversescale": shown.direction == "minimize",
                "showscale": False,
            },
            labelangle=0,
            unselected={"line": {"opacity": 0.08}},
        )
    )
    fig.update_layout(margin={"l": 64, "r": 48, "t": 56, "b": 24})
    return fig


def _axes(parameter: Parameter, name: str, values: Listing[Any]) -> list[dict[str, Any]]:
    """The axes of one parameter; none for a kind that has no coordinates."""
    if isinstance(parameter, Sequence):
        return [
            _coded(f"{name}[{site}]", parameter.alphabet, [value[site] for value in values])
            for site in range(parameter.length)
        ]
    if isinstance(parameter, Choice):
        return [_coded(name, parameter.values, values)]
    if isinstance(parameter, Real | Integer):
        axis = _logarithmic if parameter.log else _linear
        return [axis(parameter, name, values)]
    return []


def _linear(parameter: Real | Integer, name: str, values: Listing[float]) -> dict[str, Any]:
    return {"label": plain(name), "values": values, "range": [parameter.low, parameter.high]}


def _logarithmic(parameter: Real | Integer, name: str, values: Listing[float]) -> dict[str, Any]:
    low, high = math.log10(parameter.low), math.log10(parameter.high)
    ticks = np.linspace(low, high, 5)
    return {
        "label": plain(name),
        "values": [math.log10(value) for value in values],
        "range": [low, high],
        "tickvals": ticks.tolist(),
        "ticktext": [f"{10**tick:.2g}" for tick in ticks],
    }


def _coded(label: str, known: Listing[Any], values: Listing[Any]) -> dict[str, Any]:
    codes = {value: code for code, value in enumerate(known)}
    return {
        "label": plain(label),
        "values": [codes[value] for value in values],
        "range": [0, max(len(known) - 1, 1)],
        "tickvals": list(range(len(known))),
        "ticktext": [_category(value) for value in known],
    }


def _category(value: Any) -> str:
    return plain(words.parameter(value))
