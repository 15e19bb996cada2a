"""Why points were tried: by which strategy, model and acquisition, and with what success."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import plotly.graph_objects as go

from bosearch.report.theme import PURPLE, figure, plain, points
from bosearch.study import Trial


@dataclass(frozen=True)
class Origin:
    """Trials that were chosen in one way.

    Args:
        strategy: Name of the strategy; ``observed`` for data measured elsewhere.
        model: Name of the surrogate, or of the kernel of a built-in one, if any.
        acquisition: Name of the acquisition function, if any.
        trials: How many.
        steps: How many of them were a success: see ``origins``.
        fallbacks: How many of them are random for want of anything better.
        reasons: Why there were fallbacks, each once.
        seconds: Median time to choose a point; ``None`` if it was not recorded.
    """

    strategy: str
    model: str
    acquisition: str
    trials: int
    steps: int
    fallbacks: int
    reasons: tuple[str, ...]
    seconds: float | None


def origins(trials: Sequence[Trial], steps: Container[int]) -> list[Origin]:
    """Count trials by the way they were chosen, in the order of first use.

    Args:
        trials: All of them.
        steps: Numbers of those that were a success: the best so far, or on the front.
    """
    groups: dict[tuple[str, str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        said = trial.provenance
        key = (str(said.get("strategy", "")), _model(said), str(said.get("acquisition", "")))
        groups[key].append(trial)
    return [_origin(*key, group, steps) for key, group in groups.items()]


def _model(said: Mapping[str, Any]) -> str:
    surrogate = said.get("surrogate")
    name = surrogate.get("name") if isinstance(surrogate, Mapping) else said.get("kernel")
    return str(name or "")


def _origin(
    strategy: str,
    model: str,
    acquisition: str,
    trials: Sequence[Trial],
    steps: Container[int],
) -> Origin:
    fallbacks = [trial.provenance for trial in trials if trial.provenance.get("fallback")]
    seconds = [t.provenance["seconds"] for t in trials if "seconds" in t.provenance]
    return Origin(
        strategy,
        model,
        acquisition,
        trials=len(trials),
        steps=sum(trial.number in steps for trial in trials),
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
