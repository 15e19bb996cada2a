r"""What a solve is worth: the bound gained now, the bound gained later, per second.

*Now* is the expected improvement over the best bound on record. *Later* is the knowledge
gradient (Frazier, Powell and Dayanik 2009) at the highest degree that can be afforded:
how much lower the lowest expected bound there will be, once the result is known. A cheap
degree gains nothing now and much later, for as long as it teaches something about the
expensive one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from scipy.special import ndtr

from bosearch.strategies.sdp_game_model import Array, Inputs, Posterior

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_LEAST_VAR = 1e-8  # in standardised units
_LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)


@final
@dataclass(frozen=True, eq=False)
class Gains:
    """Expected gains of solves, in the units of the targets; each has one entry per solve."""

    now: Array
    later: Array
    mean: Array
    std: Array

    @property
    def total(self) -> Array:
        """Both."""
        total: Array = self.now + self.later
        return total


@final
@dataclass(frozen=True, eq=False)
class Prospect:
    """What is compared with what.

    Args:
        model: Of the targets, pending solves included.
        best: The lowest target on record.
        answers: Where the final bound may come from: solves at the highest degree.
        top: Its level.
    """

    model: Posterior
    best: float
    answers: Inputs
    top: float

    def gains(self, at: Inputs) -> Gains:
        """Expected gains of ``m`` solves.

        More pieces cannot make a bound worse. What is left out of an assembly can thus save
        seconds, and be no opportunity: the doubt about what it loses does not count as one,
        and the answer to which it leads is that of the larger assembly.
        """
        model = self.model
        bags = np.maximum(at.bags, model.kernel.complete)
        whole = Inputs(at.x, at.level, bags)
        answer = Inputs(at.x, np.maximum(at.level, self.top), bags)
        white, white_answer = model.whitened(at), model.whitened(answer)
        mean = model.mean(at, white)
        var = np.maximum(model.kernel.along(at, at) - (white * white).sum(0), _LEAST_VAR)
        std = model.spread * np.sqrt(var)
        known, known_white = self._at_answers
        with_known = model.kernel(at, self.answers) - white.T @ known_white
        with_answer = model.kernel.along(at, answer) - (white * white_answer).sum(0)
        slopes = model.spread * np.column_stack([with_known, with_answer])  # m x (answers + 1)
        slopes /= np.sqrt(var + model.kernel.noise_var)[:, None]
        means = np.column_stack([np.tile(known, (len(at), 1)), model.mean(answer, white_answer)])
        hope = np.minimum(std, model.predict(whole)[1])
        now = expected_improvement(mean, hope, self.best)
        return Gains(now, knowledge_gradient(means, slopes), mean, std)

    @cached_property
    def _at_answers(self) -> tuple[Array, Array]:
        white = self.model.whitened(self.answers)
        return self.model.mean(self.answers, white), white


def expected_improvement(mean: Array, std: Array, best: float) -> Array:
    """Expected amount by which ``N(mean, std^2)`` falls below ``best``; positive."""
    z = (best - mean) / std
    density = np.exp(-0.5 * z**2 - _LOG_ROOT_2PI)
    tail: Array = std * density * np.exp(-30.0)  # keeps the order where all else is rounded away
    improvement: Array = (best - mean) * ndtr(z) + std * density
    return np.maximum(improvement, tail)


def knowledge_gradient(means: Array, slopes: Array) -> Array:
    r"""Return :math:`\min_j \mu_j - E \min_j (\mu_j + s_j Z)`, one for each row; at least 0.

    Args:
        means: ``m x k`` expected values of ``k`` answers.
        slopes: ``m x k``: by how much each moves per standard deviation of the result.
    """
    lowest = (means[:, :, None] + slopes[:, :, None] * _NODES).min(1)  # m x nodes
    gain: Array = np.maximum(means.min(1) - lowest @ _WEIGHTS, 0.0)
    return gain
