"""Where games start: at good observations, near them, and anywhere.

On rugged payoffs starts near data reach higher equilibria than uniform ones, which in
turn find what the data do not hint at.
"""

import numpy as np
from numpy.typing import NDArray

from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, Sites

_CENTRES = 16  # best observations that are walked away from
_NEAR = 3  # steps of a short walk, at most
_TRIES = 8  # redraws of one step
_DRAWS = 4096  # uniform points tried where a mask rejects some


def mixed_starts(
    sites: Sites, X: Codes, y: Array, rng: np.random.Generator, *, count: int
) -> Codes:
    """``count`` feasible starts: best observations, short walks from them, uniform points.

    An eighth are observations, three eighths walks of one to three steps. Where uniform
    points are hardly ever feasible, long walks take their place.

    Args:
        sites: What is feasible.
        X: ``n x L`` observed points, feasible or not.
        y: ``n`` values, larger is better.
        rng: Draws walks and uniform points.
        count: Starts wanted; fewer are returned only if nothing feasible is found.
    """
    best = X[np.argsort(-y, kind="stable")]
    best = best[sites.feasible(best)]
    centres = best[:_CENTRES]
    near = walks(sites, centres, rng.integers(1, _NEAR + 1, size=3 * count // 8), rng)
    parts = [best[: count // 8], near]
    parts.append(sites.some(count - sum(map(len, parts)), rng, draws=_DRAWS))
    missing = count - sum(map(len, parts))
    parts.append(walks(sites, centres, rng.integers(4, sites.length + 5, size=missing), rng))
    return np.concatenate(parts)


def walks(
    sites: Sites, centres: Codes, steps: NDArray[np.int64], rng: np.random.Generator
) -> Codes:
    """One walk per entry of ``steps``, from random centres; a step redraws one site.

    A step to an infeasible point is drawn again a few times, then left out. Without
    centres there are no walks.
    """
    if not len(centres):
        return np.empty((0, sites.length), dtype=np.intp)
    X = centres[rng.integers(len(centres), size=len(steps))]
    for t in range(int(steps.max(initial=0))):
        rows = np.flatnonzero(steps > t)
        for _ in range(_TRIES):
            moved = X[rows]
            site = rng.integers(sites.length, size=len(rows))
            moved[np.arange(len(rows)), site] = [
                rng.choice(np.flatnonzero(sites.allowed[i])) for i in site
            ]
            ok = sites.feasible(moved)
            X[rows[ok]] = moved[ok]
            rows = rows[~ok]
    return X
