"""One turn of the game."""

import numpy as np

from bosearch.strategies.sdp_game_turn import weights_of
from bosearch.treesearch import Guide, Position


def test_moves_that_are_all_hopeless_count_alike() -> None:
    """Expected improvements far below the best bound round to zero: the search goes on."""
    guide: Guide[None] = Guide(prior=lambda position, moves: weights_of(np.zeros(len(moves))))
    prior = guide.probabilities(Position((), None, ""), ("drop", "end"))
    assert prior.tolist() == [0.5, 0.5]
    assert weights_of(np.array([0.0, 3e-300])) == [0.0, 3e-300]
