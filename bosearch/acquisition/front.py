"""Fronts of several objectives, and the reference point where none was stated.

Values are turned so that larger is better.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MARGIN = 0.1  # of the front's extent, below its worst values


def nondominated(Y: Array) -> Bools:
    """Which of ``n x m`` points no other one beats: as good everywhere, better somewhere."""
    keep = np.ones(len(Y), dtype=bool)
    for i, y in enumerate(Y):
        better = Y - y
        keep[i] = not ((better >= 0.0).all(1) & (better > 0.0).any(1)).any()
    return keep


def inferred_reference(Y: Array) -> Array:
    """A reference point a tenth of the front's extent below its worst values; ``m`` numbers.

    An objective in which the front has no extent takes that of all points, and
    failing this the size of its value, or 1.

    Source: Ishibuchi, Imada, Setoguchi and Nojima (2011); the margin is BoTorch's.

    Args:
        Y: ``n x m`` observed points, at least one.
    """
    front = Y[nondominated(Y)]
    extent = np.ptp(front, axis=0)
    extent = np.where(extent > 0.0, extent, np.ptp(Y, axis=0))
    size = np.abs(front).max(0)
    extent = np.where(extent > 0.0, extent, np.where(size > 0.0, size, 1.0))
    reference: Array = front.min(0) - _MARGIN * extent
    return reference
