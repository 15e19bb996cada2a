"""Targets stretched near the best one: a landscape of cliffs becomes one of slopes.

Three-point bounds fall slowly towards the best ratio of the radii, jump up behind it, and
are those of two points everywhere else. A process that is fitted to such targets as they are
explains the jump and smooths over what remains. Here an excess ``e`` over the lowest target
counts as ``s log(1 + e / s)``: excesses far below ``s`` count as they are, and larger ones by
their order of magnitude. ``s`` is a small share of the median excess, and no less than what
the lowest targets of the degrees differ by: that is no cliff, and counts as it is.
"""

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from bosearch.strategies.sdp_game_model import Array

_SHARE = 0.05  # of the median excess
_LEAST = 1e-6  # of targets, which are decades


@final
@dataclass(frozen=True)
class Stretch:
    """An increasing function of targets.

    Args:
        lowest: The target that counts as 0.
        scale: ``s``, positive.
    """

    lowest: float
    scale: float

    @classmethod
    def of(cls, targets: Array, levels: Array) -> Self:
        """The stretch for ``n`` targets, at least one, of solves at ``n`` levels of degree."""
        lowest = float(targets.min())
        by_level = [float(targets[levels == level].min()) for level in set(levels.tolist())]
        share = _SHARE * float(np.median(targets) - lowest)
        return cls(lowest, max(share, max(by_level) - lowest, _LEAST))

    def __call__(self, targets: Array) -> Array:
        """Stretch ``n`` targets, none below the lowest."""
        stretched: Array = self.scale * np.log1p((targets - self.lowest) / self.scale)
        return stretched

    def target(self, stretched: float) -> float:
        """The target of a stretched one; those below 0 lie below the lowest by as much."""
        if stretched < 0.0:
            return self.lowest + stretched
        most = np.log(np.finfo(float).max)  # what the exponential can stand
        return self.lowest + self.scale * float(np.expm1(min(stretched / self.scale, most)))
