"""Which built-in model chooses a trial, and where it looks.

A stationary process resolves the surroundings of the best point, length scale by length
scale, but far from all observations it knows nothing, and where there are many factors
almost everything is far. An infinitely wide network sees trends across the whole space and
little else. Neither of them is right about every function, and how well they predict what
was observed does not tell which: so two trials of three are chosen by the one, in a trust
region around the best point, and the third by the other, anywhere. Once the best point is
known to the last digit, one trial of three is left to go on there.
"""

from typing import NamedTuple

from bosearch.strategies.bayes_options import BayesOptions
from bosearch.strategies.modelling import KERNEL
from bosearch.study.view import StudyView


class Turn(NamedTuple):
    """Of one trial.

    Args:
        kernel: Of the model of the objective.
        near: Whether the search is confined to a region around the best point.
        bold: Whether, where nothing is left to gain, a clear gain is looked for, anywhere.
    """

    kernel: str = KERNEL
    near: bool = False
    bold: bool = False


TURNS = (Turn(near=True), Turn(near=True, bold=True), Turn("arc-cosine", bold=True))


def turn(options: BayesOptions, view: StudyView) -> Turn:
    """Whose turn the next trial is.

    With a surrogate or a region of the user's choice there are no turns: one stationary
    process chooses all trials. With several objectives there is no single best point to stay near.
    """
    if not options.turns or options.surrogate is not None or options.region is not None:
        return Turn()
    mine = TURNS[view.next_number % len(TURNS)]
    return mine if len(view.problem.objectives) == 1 else mine._replace(near=False)
