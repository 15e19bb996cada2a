"""The one look of all figures: colours that work on light and on dark paper.

Text colour is left to the page, which knows whether the reader prefers dark;
backgrounds are transparent. User text goes into figures through ``plain``:
plotly reads a subset of HTML in labels.
"""

import html
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from bosearch.report import words
from bosearch.report.results import near_range
from bosearch.study import Objective, Trial, TrialState

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#4585c9",
    "#d98032",
    "#2fa37c",
    "#d0534f",
    "#8d6cc9",
    "#8c929b",
)
GRID = "rgba(128,128,128,0.22)"
SCALE = ["#5566d8", "#3a9fc0", "#4fb877", "#cdb23c", "#e5743a"]  # no end vanishes on its paper
STATE_COLOURS = {
    TrialState.COMPLETED: BLUE,
    TrialState.FAILED: RED,
    TrialState.RUNNING: GREEN,
    TrialState.WAITING: PURPLE,
    TrialState.ABANDONED: GREY,
}
_WIDE = 1000.0  # ratio of largest to smallest value from which an axis is logarithmic
_MANY = 2000  # points from which WebGL draws faster than SVG


def plain(text: object) -> str:
    """User text as literal characters for labels and hover boxes."""
    return html.escape(str(text), quote=False)


def axis_title(objective: Objective) -> str:
    """The metric and the way to improve it."""
    arrow = "↑" if objective.direction == "maximize" else "↓"
    return f"{plain(objective.metric)} {arrow}"


def hover(trial: Trial, *, width: int = 60) -> str:
    """What a point says when touched: number, measurements, parameters."""
    values = [f"{name} = {words.measured(m)}" for name, m in trial.values.items()]
    wrapped = textwrap.wrap(words.parameters(trial.params), width)[:12]
    return "<br>".join([f"<b>trial {trial.number}</b>", *map(plain, [*values, *wrapped])])


def figure(*, x: str = "", y: str = "", height: int = 380) -> go.Figure:
    """An empty figure in the house's look."""
    axis: dict[str, Any] = {
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": GRID,
        "ticks": "outside",
        "tickcolor": GRID,
        "automargin": True,
    }
    made = go.Figure()
    made.update_layout(
        template="none",
        height=height,
        margin={"l": 56, "r": 16, "t": 16, "b": 44},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"align": "left"},
        hovermode="closest",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": BLUE},
        xaxis={**axis, "title": {"text": x, "standoff": 8}},
        yaxis={**axis, "title": {"text": y, "standoff": 8}},
    )
    return made


def points(
    trials: Sequence[Trial], x: Iterable[Any], y: Iterable[Any], *, name: str, **style: Any
) -> go.Scatter | go.Scattergl:
    """One marker per trial, with the trial's facts under the pointer."""
    kind = go.Scattergl if len(trials) > _MANY else go.Scatter
    return kind(
        x=list(x),
        y=list(y),
        name=name,
        mode="markers",
        hovertext=[hover(trial) for trial in trials],
        hoverinfo="text",
        **style,
    )


def focus(fig: go.Figure, objective: Objective, values: Sequence[float]) -> None:
    """Set the vertical axis to the values worth seeing, and say how many lie beyond it.

    Positive values over more than three decades get a logarithmic axis instead.
    """
    if not values:
        return
    if min(values) > 0 and max(values) / min(values) > _WIDE:
        fig.update_yaxes(type="log")
        return
    low, high = near_range(objective, values)
    beyond = sum(not low <= value <= high for value in values)
    if beyond:
        margin = 0.06 * (high - low)
        fig.update_yaxes(range=[low - margin, high + margin])
        said = f"{beyond} beyond the vertical axis, double-click shows all"
        fig.update_xaxes(title_text=f"{fig.layout.xaxis.title.text}<br><sub>{said}</sub>")
