"""Why points were tried: which strategy, which acquisition function, how often by chance."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import plotly.graph_objects as go

from bosearch.report.theme import PURPLE, figure, plain, points
from bosearch.study import Trial


@dataclass(frozen=True)
class Origin:
    """Trials that were chosen in one way.

    Args:
        strategy: Name of the strategy; ``observed`` for data measured elsewhere.
        acquisition: Name of the acquisition function, if any.
        trials: How many.
        fallbacks: How many of them are random for want of anything better.
        reasons: Why there were fallbacks, each once.
        seconds: Median time to choose a point; ``None`` if it was not recorded.
    """

    strategy: str
    acquisition: str
    trials: int
    fallbacks: int
    reasons: tuple[str, ...]
    seconds: float | None


def origins(trials: Sequence[Trial]) -> list[Origin]:
    """Count trials by the way they were chosen, in the order of first use."""
    groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        said = trial.provenance
        groups[str(said.get("strategy", "")), str(said.get("acquisition", ""))].append(trial)
    return [_origin(*key, group) for key, group in groups.items()]


def _origin(strategy: str, acquisition: str, trials: Sequence[Trial]) -> Origin:
    fallbacks = [trial.provenance for trial in trials if trial.provenance.get("fallback")]
    seconds = [t.provenance["seconds"] for t in trials if "seconds" in t.provenance]
    return Origin(
        strategy,
        acquisition,
        trials=len(trials),
        fallbacks=len(fallbacks),
        reasons=tuple(dict.fromkeys(str(p["reason"]) for p in fallbacks if p.get("reason"))),
        seconds=median(seconds) if seconds else None,
    )


def acquisition_values(trials: Sequence[Trial]) -> go.Figure | None:
    """What the model expected of each point; ``None`` if no trial recorded it."""
    shown = [t for t in trials if isinstance(t.provenance.get("value"), int | float)]
    if not shown:
        return None
    names = dict.fromkeys(str(t.provenance.get("acquisition") or "acquisition") for t in shown)
    fig = figure(x="trial", y="acquisition value", height=300)
    for i, name in enumerate(names):
        own = [t for t in shown if str(t.provenance.get("acquisition") or "acquisition") == name]
        fig.add_trace(
            points(
                own,
                [trial.number for trial in own],
                [trial.provenance["value"] for trial in own],
                name=plain(name),
                showlegend=True,
                marker={"color": PURPLE, "size": 7, "symbol": i},
            )
        )
    return fig
