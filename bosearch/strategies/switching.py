"""Staying on a point, for laboratories where it is dear to switch to another.

A point is measured so many times in a row that the standard deviation of the posterior
falls by less than a factor ``C``, at the point and thus anywhere: what would have been
chosen in between is hardly better. With noise variance ``s2`` and posterior variance
``v`` at the point that is ``floor((C^2 - 1) s2 / v)`` times, and once without noise.

Source: Calandriello et al. (2022), arXiv 2201.12909 (mini-META). Ours: ``v`` is taken when
the point is chosen, the least number of all objectives counts, a stay at most doubles the
record, and there is none while the noise is too small to matter.
"""

import math
from collections.abc import Iterable

from bosearch.strategies.prediction import Prediction
from bosearch.study.trial import Proposal, TrialState
from bosearch.study.view import StudyView

KEY = "switching"  # of the provenance


def measurements(said: Iterable[Prediction], factor: float, *, most: int) -> int:
    """How often to measure a point of which models say ``said``; at least once.

    Args:
        said: Of each objective.
        factor: Above 1: what the posterior's standard deviation may fall by.
        most: Bound of the result.
    """
    counts = [
        math.inf if p.std <= 0.0 else (factor**2 - 1.0) * p.noise_std**2 / p.std**2 for p in said
    ]
    return max(1, math.floor(min([*counts, float(most)])))


def stay(view: StudyView) -> Proposal | None:
    """Another look at the last point that was chosen, if it is not through.

    All that counts is in the provenance of the trials; a failure ends the stay.
    """
    last = next((t for t in reversed(view.trials) if KEY in t.provenance), None)
    if last is None:
        return None
    said = last.provenance[KEY]
    looks = [t for t in view.trials if t.provenance.get(KEY, {}).get("first") == said["first"]]
    counted = sum(trial.state is not TrialState.ABANDONED for trial in looks)
    if counted >= said["measurements"] or any(t.state is TrialState.FAILED for t in looks):
        return None
    reason = (
        f"look {counted + 1} of {said['measurements']} at the point of trial {said['first']}:"
        f" its uncertainty falls by less than a factor of {said['factor']:g}"
    )
    return Proposal(last.params, {"strategy": "bayes", KEY: dict(said), "reason": reason})
