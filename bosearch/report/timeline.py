"""When each trial ran, and how it ended."""

from collections.abc import Sequence
from datetime import UTC, datetime

import plotly.graph_objects as go

from bosearch.report import words
from bosearch.report.theme import STATE_COLOURS, figure, hover
from bosearch.study import Trial


def timeline(trials: Sequence[Trial]) -> go.Figure:
    """A bar per trial from the moment it was asked for to its end, coloured by its state.

    A pending trial lasts until the last moment on record.
    """
    fig = figure(x="time (UTC)", y="trial", height=max(260, min(560, 120 + 7 * len(trials))))
    moments = [t for trial in trials for t in (trial.asked_at, trial.finished_at) if t is not None]
    for state, colour in STATE_COLOURS.items():
        shown = [trial for trial in trials if trial.state is state]
        if not shown:
            continue
        ends = [trial.finished_at or max(moments) for trial in shown]
        lengths = [end - trial.asked_at for trial, end in zip(shown, ends, strict=True)]
        fig.add_trace(
            go.Bar(
                orientation="h",
                name=str(state),
                y=[trial.number for trial in shown],
                x=[1000 * length for length in lengths],  # milliseconds on a date axis
                base=[_moment(trial.asked_at) for trial in shown],
                width=0.8,
                marker={"color": colour, "line": {"width": 0}},
                hovertext=[
                    f"{hover(trial)}<br>{state}, {words.duration(length)}"
                    for trial, length in zip(shown, lengths, strict=True)
                ],
                hoverinfo="text",
            )
        )
    fig.update_layout(barmode="overlay")
    fig.update_xaxes(type="date")
    fig.update_yaxes(autorange="reversed")
    return fig


def _moment(seconds: float) -> datetime:
    """A time as plotly reads it: UTC, without saying so."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
