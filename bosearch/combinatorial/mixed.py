"""Sequences and choices together with numbers: games and climbs in turn.

The numbers of a point are one more player, whose actions are a menu of vectors: those
observed, others near the best, others anywhere. Where the games end, the numbers climb
by the gradient of the payoff with the codes held fixed, and what they reach is put on the
menu of the next games.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from bosearch.acquisition.ascent import ascend
from bosearch.combinatorial.batch import Known, Pick, best_new
from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.model import tables, upper_bound
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.solvers import best_response
from bosearch.combinatorial.space import Bools, Codes, Sites
from bosearch.combinatorial.starts import mixed_starts
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.kernel import squared_distances, squared_exponential

_ALTERNATIONS = 3  # of games and climbs
_CLIMBED = 8  # points whose numbers climb
_STEPS = 30  # of a climb
_NEAR = 0.1  # standard deviation of new numbers near good ones, in units of the cube
_GOOD = 8  # observations near which numbers are drawn
_RESOLUTION = 1e-6  # vectors that agree to this are one action


@final
@dataclass(frozen=True, eq=False)
class Menu:
    """Different vectors of numbers, ``m x p``, and a game in which they are actions.

    Args:
        encoding: Says which factors are numbers.
        vectors: The actions of the last player.
    """

    encoding: Encoding
    vectors: Array

    @classmethod
    def of(cls, encoding: Encoding, vectors: Array) -> "Menu":
        """The different ones among ``vectors``, the first of those that are alike."""
        _, first = np.unique(_rounded(vectors), axis=0, return_index=True)
        return cls(encoding, vectors[np.sort(first)])

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {key.tobytes(): place for place, key in enumerate(_rounded(self.vectors))}

    def join(self, rows: Array) -> Codes:
        """``n x (L + 1)`` joint actions of rows whose numbers are on the menu."""
        numbers = _rounded(rows[:, self.encoding.continuous])
        place = [self._places[key.tobytes()] for key in numbers]
        codes = self.encoding.codes(rows)
        return np.column_stack([codes, np.array(place, dtype=np.intp)])

    def split(self, X: Codes) -> Array:
        """``n x d`` rows of joint actions; the inverse of ``join``."""
        rows = np.empty((len(X), len(self.encoding.features)))
        rows[:, self.encoding.discrete] = X[:, :-1]
        rows[:, self.encoding.continuous] = self.vectors[X[:, -1]]
        return rows

    @property
    def sites(self) -> Sites:
        """The sites, and the player of the numbers."""
        mask = self._feasible if self.encoding.constrained else None
        return Sites([*self.encoding.sites.counts, len(self.vectors)], mask=mask)

    def payoff(self, model: GaussianProcess, rows: Array, *, beta: float) -> TablePayoff:
        """``mean + beta * std`` as the payoff of sites and numbers.

        Args:
            model: A process on rows.
            rows: ``n x d`` rows that it was conditioned on, their numbers on the menu.
            beta: Multiplies the standard deviation.
        """
        A = self.vectors * np.exp(-model.hyper.log_lengthscales)[self.encoding.continuous]
        numbers, _ = squared_exponential(squared_distances(A, A))
        sites = tables(model, self.encoding.features)
        return upper_bound(model, [*sites, numbers], self.join(rows), beta=beta)

    def _feasible(self, X: Codes) -> Bools:
        return self.encoding.feasible(self.split(X))


def mixed_pick(
    model: GaussianProcess,
    encoding: Encoding,
    rows: Array,
    y: Array,
    avoided: Array,
    rng: np.random.Generator,
    *,
    beta: float,
    games: int,
) -> tuple[Array, Pick]:
    """The best new point that games and climbs in turn find.

    Args:
        model: A process on rows, which hold observed and hallucinated points.
        encoding: Between rows and codes.
        rows: ``n x d`` rows that the process was conditioned on.
        y: Values of the first ``len(y)`` of them, the observed ones; larger is better.
        avoided: ``m x d`` rows that must not be chosen.
        rng: Draws starts and menus.
        beta: Multiplies the standard deviation.
        games: Games played at once.

    Returns:
        The row (``d``), and how it was found; its certificate is for the last menu.

    Raises:
        InfeasibleSpaceError: No game reached a feasible point.
        SpaceExhaustedError: Every point of the last menu is to be avoided.
    """
    numbers = encoding.continuous
    fixed = np.concatenate([rows[:, numbers], avoided[:, numbers]])
    vectors = np.concatenate([fixed, _new_numbers(rows[:, numbers], y, games, rng)])
    starts: Array = np.empty((0, rows.shape[1]))
    for alternation in range(_ALTERNATIONS + 1):
        menu = Menu.of(encoding, vectors)
        payoff, sites = menu.payoff(model, rows, beta=beta), menu.sites
        begin = mixed_starts(sites, menu.join(rows[: len(y)]), y, rng, count=games)
        begin = np.concatenate([menu.join(starts), begin])
        equilibria = best_response(payoff, sites, begin, rng)
        if alternation == _ALTERNATIONS:
            break
        ends = menu.split(equilibria.X[:_CLIMBED])
        starts = _climbed(model, encoding, ends, beta=beta)
        vectors = np.concatenate([vectors, starts[:, numbers]])
    known = Known(sites)
    known.add(menu.join(np.concatenate([rows, avoided])))
    (pick,) = best_new(payoff, sites, equilibria, known, 1, rng)
    return menu.split(pick.x[None])[0], pick


def _rounded(vectors: Array) -> NDArray[np.int64]:
    return np.rint(np.ascontiguousarray(vectors) / _RESOLUTION).astype(np.int64)


def _new_numbers(observed: Array, y: Array, n: int, rng: np.random.Generator) -> Array:
    """``n`` vectors, half of them uniform, half near those of good observations."""
    good = observed[np.argsort(-y, kind="stable")[:_GOOD]]
    near = good[rng.integers(len(good), size=n // 2)]
    near = np.clip(near + _NEAR * rng.normal(size=near.shape), 0.0, 1.0)
    return np.concatenate([near, rng.random((n - n // 2, observed.shape[1]))])


def _climbed(model: GaussianProcess, encoding: Encoding, rows: Array, *, beta: float) -> Array:
    """Rows whose numbers have climbed the upper confidence bound, codes held fixed."""

    def value_and_gradient(points: Array) -> tuple[Array, Array]:
        p = model.predict(points)
        std = np.sqrt(p.var)
        gradient = p.pull_back(np.ones_like(p.mean), 0.5 * beta / std)
        return p.mean[:, 0] + beta * std, gradient

    def whole(points: Array) -> Array:
        place = np.rint(points[:, encoding.discrete[0]] * len(rows)).astype(np.intp)
        filled = points.copy()
        filled[:, encoding.discrete] = rows[place][:, encoding.discrete]
        return filled

    free = np.zeros(rows.shape[1], dtype=bool)
    free[encoding.continuous] = True
    starts = np.where(free, rows, 0.0)  # in the cube; one coordinate says whose codes
    starts[:, encoding.discrete[0]] = np.arange(len(rows)) / len(rows)
    climbed, _ = ascend(
        lambda points: value_and_gradient(whole(points)),
        starts,
        free,
        rounds=_STEPS,
        allowed=(lambda points: encoding.feasible(whole(points))) if encoding.constrained else None,
    )
    return whole(climbed)
