"""Whether the models of a study meant what they said.

Provenance holds what the model said of each point before it was measured. The share of that
prediction's probability below the measured value is uniform for a calibrated model, and its
intervals hold as many measurements as they claim. Points are chosen where a model is
hopeful, so that a little disappointment is no fault of its own.

Source: Gneiting, Balabdaoui and Raftery (2007), "Probabilistic forecasts, calibration and
sharpness", section 3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.stats import binom

from bosearch.report import results
from bosearch.report.theme import BLUE, GREY, RED, figure, plain
from bosearch.strategies.prediction import predictions
from bosearch.study import Problem, Trial

Array = NDArray[np.float64]

LEVELS = (0.5, 0.9, 0.95)
FEWEST = 5  # predictions from which there is something to see
_BINS = 10
_BAND = 0.95  # probability that a count of a calibrated model lies within the band


@final
@dataclass(frozen=True, eq=False)
class Calibration:
    """Predictions of one metric that have met their measurements.

    Args:
        metric: Of the study.
        shares: Of each measurement in turn, the probability that was given to smaller values.
    """

    metric: str
    shares: Array

    def coverage(self, level: float) -> float:
        """Share of the measurements within the central interval of probability ``level``."""
        return float((np.abs(2.0 * self.shares - 1.0) <= level).mean())

    def in_words(self) -> str:
        """How many measurements the intervals held."""
        claimed = "/".join(f"{100 * level:.0f}" for level in LEVELS)
        held = "/".join(f"{100 * self.coverage(level):.0f}" for level in LEVELS)
        return f"{self.metric}: {claimed}% intervals held {held}% of {len(self.shares)}"


def calibrations(problem: Problem, trials: Sequence[Trial]) -> list[Calibration]:
    """The modelled metrics of which enough was predicted and then measured."""
    shares: dict[str, list[float]] = {metric: [] for metric in problem.modelled}
    for trial in results.completed(trials):
        said = predictions(trial.provenance)
        for metric in shares.keys() & said.keys() & trial.values.keys():
            shares[metric].append(said[metric].below(trial.values[metric]))
    return [Calibration(m, np.array(found)) for m, found in shares.items() if len(found) >= FEWEST]


def histogram(calibration: Calibration) -> go.Figure:
    """Where measurements fell in their predictions, and a band for a calibrated model."""
    counts, edges = np.histogram(calibration.shares, bins=_BINS, range=(0.0, 1.0))
    n = len(calibration.shares)
    fig = figure(x=f"probability of less {plain(calibration.metric)}", y="trials", height=300)
    low, high = _band(n, 1.0 / _BINS)
    fig.add_hrect(y0=low, y1=high, fillcolor=GREY, opacity=0.2, line_width=0)
    fig.add_hline(y=n / _BINS, line={"color": GREY, "dash": "dash", "width": 1.5})
    fig.add_trace(
        go.Bar(
            x=(edges[:-1] + 0.5 / _BINS).tolist(),
            y=counts.tolist(),
            name=plain(calibration.metric),
            width=0.9 / _BINS,
            marker={"color": BLUE, "line": {"width": 0}},
            showlegend=False,
            hovertemplate="%{y} trials<extra></extra>",
        )
    )
    return fig


def intervals(calibration: Calibration) -> go.Figure:
    """The share of measurements that intervals held beside the share that they claimed."""
    n = len(calibration.shares)
    fig = figure(x="claimed", y="held", height=300)
    bands = np.array([_band(n, level) for level in LEVELS]) / n
    names = [f"{100 * level:.0f}%" for level in LEVELS]
    fig.add_trace(
        go.Bar(
            x=names,
            y=[calibration.coverage(level) for level in LEVELS],
            name="held",
            width=0.5,
            marker={"color": BLUE, "line": {"width": 0}},
            hovertemplate="%{y:.0%} of " + str(n) + "<extra></extra>",
        )
    )
    fig.add_trace(
        go.Scatter(
            x=names,
            y=list(LEVELS),
            name="claimed, with a band for a calibrated model",
            mode="markers",
            marker={"color": RED, "symbol": "line-ew-open", "size": 22},
            error_y={
                "symmetric": False,
                "array": (bands[:, 1] - LEVELS).tolist(),
                "arrayminus": (LEVELS - bands[:, 0]).tolist(),
                "color": RED,
                "thickness": 1,
            },
            hoverinfo="skip",
        )
    )
    fig.update_yaxes(range=[0.0, 1.05], tickformat=".0%")
    return fig


def _band(n: int, share: float) -> tuple[float, float]:
    """Counts between which a binomial one lies with probability ``_BAND``."""
    tail = 0.5 * (1.0 - _BAND)
    low, high = binom.ppf([tail, 1.0 - tail], n, share)
    return float(low), float(high)
