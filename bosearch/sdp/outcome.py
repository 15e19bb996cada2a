"""What every backend returns."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import final

from bosearch.sdp.iterate import Iterate
from bosearch.sdp.result import Iteration, Status

Claims = Mapping[int, Iterate]  # iterates that look optimal, by the positions of their programs
Accept = Callable[[Claims], Mapping[int, bool]]  # which of them are, by the exact data


@final
@dataclass(frozen=True, eq=False)
class Outcome:
    """Where a solver stopped, in the variables of the prepared program.

    Args:
        status: Its own opinion, before anything is recomputed.
        detail: What ended it, in its words.
        iterate: The last good iterate, or a ray.
        history: All iterations.
        counts: Factorizations.
    """

    status: Status
    detail: str
    iterate: Iterate
    history: tuple[Iteration, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
