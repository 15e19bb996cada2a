"""What was built: the best construction in words, the graph of the search, the moves played."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from bosearch.errors import SpaceError
from bosearch.report import results
from bosearch.report.theme import GREY, SCALE, axis_title, figure, focus, plain, points
from bosearch.space import Construction
from bosearch.space.grammar import replay
from bosearch.study import Objective, Problem, Trial
from bosearch.treesearch.graph import SearchGraph

MOST_STATES = 400  # of a graph that can be read; the best trials are drawn
MOST_TOKENS = 40
_SHOWN = 60  # characters of a state under the pointer, per line


def readable(problem: Problem) -> dict[str, Construction]:
    """The constructions whose grammar's code is here."""
    found = {}
    for name, parameter in problem.space.parameters.items():
        if isinstance(parameter, Construction):
            try:
                parameter.rules.root()
            except SpaceError:
                continue
            found[name] = parameter
    return found


def in_words(problem: Problem, trial: Trial) -> Mapping[str, str]:
    """What a trial built, by parameter."""
    return {
        name: parameter.rules.in_words(replay(parameter.rules, trial.params[name]))
        for name, parameter in readable(problem).items()
    }


def search_graph(
    problem: Problem, objective: Objective, name: str, trials: Sequence[Trial]
) -> go.Figure:
    """The states on the way to what was measured, each with the best result below it.

    A state that is reached in several orders is one point. Of a large search, the best
    trials are drawn.
    """
    graph: SearchGraph[Any] = SearchGraph(readable(problem)[name].rules)
    best: dict[str, float] = {}
    ranked = sorted(results.completed(trials), key=lambda t: -results.gain(objective, t))
    for trial in ranked:
        if len(graph.nodes) > MOST_STATES:
            break
        path = graph.walk(trial.params[name])
        for node in [graph.root, *(edge.child for _, edge in path)]:
            best.setdefault(node.position.key, trial[objective.metric])  # the best comes first
    places = _places(graph)
    fig = figure(x="moves", height=460)
    fig.add_trace(_edges(graph, places))
    low, high = results.near_range(objective, list(best.values()))
    keys = list(graph.nodes)
    fig.add_trace(
        go.Scatter(
            x=[places[key][0] for key in keys],
            y=[places[key][1] for key in keys],
            mode="markers",
            showlegend=False,
            hovertext=[_hover(key, objective, best[key]) for key in keys],
            hoverinfo="text",
            marker={
                "color": [best[key] for key in keys],
                "cmin": low,
                "cmax": high,
                "colorscale": SCALE,
                "reversescale": objective.direction == "minimize",
                "symbol": ["circle-open" if graph.nodes[k].terminal else "circle" for k in keys],
                "size": [12 if graph.nodes[key].terminal else 8 for key in keys],
                "colorbar": {"title": {"text": axis_title(objective)}, "thickness": 12},
            },
        )
    )
    fig.update_yaxes(visible=False)
    return fig


def tokens(problem: Problem, objective: Objective, name: str, trials: Sequence[Trial]) -> go.Figure:
    """What was measured with each token, the tokens of the best trials first."""
    held: dict[str, list[Trial]] = defaultdict(list)
    for trial in results.completed(trials):
        for token in dict.fromkeys(trial.params[name]):
            held[token].append(trial)
    order = sorted(held, key=lambda t: -max(results.gain(objective, trial) for trial in held[t]))
    shown = order[:MOST_TOKENS]
    fig = figure(y=axis_title(objective), height=360)
    values = []
    for token in shown:
        here = [trial[objective.metric] for trial in held[token]]
        values += here
        label = plain(token)
        fig.add_trace(
            points(
                held[token],
                [label] * len(here),
                here,
                name=label,
                showlegend=False,
                marker={"color": SCALE[0], "size": 7, "opacity": 0.7},
            )
        )
    focus(fig, objective, values)
    fig.update_xaxes(type="category", categoryorder="array", categoryarray=[*map(plain, shown)])
    return fig


def _places(graph: SearchGraph[Any]) -> dict[str, tuple[float, float]]:
    """Depth to the right; within one depth, near the mean height of the parents."""
    by_depth: dict[int, list[str]] = defaultdict(list)
    for key, node in graph.nodes.items():
        by_depth[node.depth].append(key)
    places: dict[str, tuple[float, float]] = {}
    for depth in sorted(by_depth):
        keys = by_depth[depth]
        wish = {
            key: float(np.mean([places[p][1] for p in graph.nodes[key].parents] or [0.0]))
            for key in keys
        }
        for i, key in enumerate(sorted(keys, key=lambda k: (wish[k], k))):
            places[key] = float(depth), i - 0.5 * (len(keys) - 1)
    return places


def _edges(graph: SearchGraph[Any], places: Mapping[str, tuple[float, float]]) -> go.Scatter:
    x: list[float | None] = []
    y: list[float | None] = []
    for key, node in graph.nodes.items():
        for edge in node.edges.values():
            (x0, y0), (x1, y1) = places[key], places[edge.child.position.key]
            x += [x0, x1, None]
            y += [y0, y1, None]
    line = {"color": GREY, "width": 0.7}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _hover(key: str, objective: Objective, value: float) -> str:
    lines = [key[i : i + _SHOWN] for i in range(0, len(key), _SHOWN)] or ["root"]
    said = f"best {objective.metric} below: {value:.9g}"
    return "<br>".join(map(plain, [*lines[:6], said]))
