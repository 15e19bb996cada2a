"""Learning what solves cost from solves: a ridge around what was known before."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import nnls

from bosearch.errors import ShapeError
from bosearch.packing.cost import FEATURES, CostModel

_RIDGE = 0.3  # relative error of one solve that weighs as much as a doubled coefficient


def fitted(
    amounts: Sequence[Sequence[float]], seconds: Sequence[float], prior: CostModel
) -> CostModel:
    """Fit coefficients, none negative, to the relative errors of the predictions.

    Each coefficient is drawn towards that of ``prior``, rescaled by how much faster or
    slower this machine is on the whole: few solves teach the scale, many the proportions.

    Args:
        amounts: ``n`` lists, one entry for each of ``FEATURES``.
        seconds: ``n`` measured CPU seconds, positive.
        prior: What was known before; all of its coefficients are positive.

    Raises:
        ShapeError: The two are not of one length, or a time is not positive.
    """
    X, t = np.asarray(amounts, dtype=float).reshape(-1, len(FEATURES)), np.asarray(seconds)
    if t.shape != (len(X),) or (t <= 0).any():
        raise ShapeError(f"expected {len(X)} positive seconds, one for each solve, got {seconds!r}")
    if not len(t):
        return prior
    known = np.asarray(prior.coefficients)
    scale = np.exp(np.log(t / (X @ known)).mean())
    c = scale * known
    # relative errors of the solves, then the ridge, in multiples of c
    A = np.vstack([X * c / t[:, None], _RIDGE * np.eye(len(c))])
    b = np.concatenate([np.ones(len(t)), _RIDGE * np.ones(len(c))])
    factors, _ = nnls(A, b)
    return CostModel(tuple((np.maximum(factors, 1e-3) * c).tolist()))
