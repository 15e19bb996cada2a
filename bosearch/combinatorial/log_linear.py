"""Log-linear play: points drawn with probability proportional to ``exp(payoff / tau)``.

Players redraw their actions in turn, each with the probabilities of a softmax of
its payoffs against the others' choices. Where all players share one payoff this
is Gibbs sampling, and its stationary law is the Gibbs measure of the payoff on the
feasible set. It needs no training, and ``tau`` may fall from sweep to sweep.

Source: Blume (1993), "The statistical mechanics of strategic interaction"; Marden
and Shamma (2012), "Revisiting log-linear learning".
"""

from collections.abc import Iterable

import numpy as np

from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.solvers import Equilibria, max_gains, ranked
from bosearch.combinatorial.space import Codes, Sites, replaced
from bosearch.combinatorial.weighted import Weighted
from bosearch.errors import ConfigError, InfeasibleSpaceError

_KEPT = 1 << 12  # best points of a sample; once there are as many, worse ones are not looked at
_NEGLIGIBLE = 25.0  # log odds: actions of less than 1e-11 times the present one's are not drawn


def log_linear(
    payoff: Payoff,
    sites: Sites,
    starts: Codes,
    rng: np.random.Generator,
    *,
    temperatures: Iterable[float],
) -> Equilibria:
    """Play one sweep per temperature in all games at once; return where they end.

    Args:
        payoff: What joint actions are worth.
        sites: Which of them are feasible.
        starts: ``S x L`` joint actions; infeasible ones are left out.
        rng: Draws orders and actions.
        temperatures: Positive, in units of the payoff.

    Raises:
        ConfigError: A temperature is not positive.
        InfeasibleSpaceError: No start is feasible.
    """
    X = _feasible(sites, starts)
    values = payoff.values(X)
    sweeps = 0
    for tau in temperatures:
        sweeps += 1
        X, values = sweep(payoff, sites, X, values, rng, tau=tau)
    _, first = np.unique(sites.keys(X), return_index=True)
    X, values = X[first], values[first]
    return ranked(X, values, max_gains(payoff, sites, X, values), sweeps)


def sample_log_linear(
    payoff: Payoff,
    sites: Sites,
    starts: Codes,
    rng: np.random.Generator,
    *,
    tau: float,
    sweeps: int = 20,
) -> Weighted:
    """The points that chains at ``tau`` weigh against each other, likely ones foremost.

    The first half of the sweeps falls to ``tau`` in geometric steps, from the spread of
    the payoffs at the starts. From the second half on, all actions of all players are kept
    with their payoffs, each point once and at most some thousands of the best: draw from
    them without replacement.

    Args:
        payoff: What joint actions are worth.
        sites: Which of them are feasible.
        starts: ``S x L`` joint actions, one chain each; infeasible ones are left out.
        rng: Draws orders and actions.
        tau: Temperature, in units of the payoff.
        sweeps: Sweeps over all players, at least 2.

    Raises:
        ConfigError: The temperature is not positive.
        InfeasibleSpaceError: No start is feasible.
    """
    X = _feasible(sites, starts)
    values = payoff.values(X)
    passed = Weighted.of(sites, X, values)
    hot = max(float(values.std()), tau)
    cooling = np.geomspace(hot, tau, sweeps // 2)
    for cold in (*cooling, *np.full(sweeps - sweeps // 2, tau)):
        path: list[tuple[Codes, int, Array]] = []
        X, values = sweep(payoff, sites, X, values, rng, tau=float(cold), path=path)
        if cold <= tau:
            passed = passed.joined(*_actions(sites, path, passed.threshold(_KEPT)))
    return passed


def sweep(
    payoff: Payoff,
    sites: Sites,
    X: Codes,
    values: Array,
    rng: np.random.Generator,
    *,
    tau: float,
    path: list[tuple[Codes, int, Array]] | None = None,
) -> tuple[Codes, Array]:
    """Let every player redraw its action once, in random order, in ``S`` games.

    Args:
        payoff: What joint actions are worth.
        sites: Which of them are feasible.
        X: ``S x L`` feasible joint actions.
        values: Their ``S`` payoffs.
        rng: Draws orders and actions.
        tau: Temperature, in units of the payoff.
        path: Takes the games' states before each player's turn, the player, and the
            ``S x counts[i]`` payoffs of its actions, feasible or not; minus infinity where
            the site does not allow them or they are too low to be drawn.

    Returns:
        The joint actions after the sweep, and their payoffs.

    Raises:
        ConfigError: The temperature is not positive.
    """
    if not tau > 0:
        raise ConfigError(f"log-linear play needs a positive temperature, got {tau}")
    X = X.copy()
    rows = np.arange(len(X))
    for i in rng.permutation(sites.length):
        negligible = values - _NEGLIGIBLE * tau
        U = payoff.player(X, int(i), above=negligible)
        U = np.where(sites.allowed[i] & (negligible[:, None] < U), U, -np.inf)
        if path is not None:
            path.append((X.copy(), int(i), U))
        action = _best_feasible(sites, X, int(i), U / tau + rng.gumbel(size=U.shape))
        X[:, i], values = action, U[rows, action]
    return X, values


def _best_feasible(sites: Sites, X: Codes, i: int, noisy: Array) -> Codes:
    """The feasible action of player ``i`` with the largest of ``S x A`` numbers; ``S``.

    Masks may be slow, so that they are asked about one action after the other; the
    present one, which is feasible, is among them.
    """
    action: Codes = noisy.argmax(axis=1)
    left = np.arange(0 if sites.unrestricted else len(X))
    while len(left):
        left = left[~sites.feasible(replaced(X[left], i, action[left]))]
        noisy[left, action[left]] = -np.inf
        action[left] = noisy[left].argmax(axis=1)
    return action


def _actions(
    sites: Sites, path: list[tuple[Codes, int, Array]], threshold: float
) -> tuple[Codes, Array]:
    """All feasible actions on the path whose payoffs exceed ``threshold``, and the payoffs."""
    points, payoffs = [], []
    for X, i, U in path:
        game, action = np.nonzero(threshold < U)
        points.append(replaced(X[game], i, action))
        payoffs.append(U[game, action])
    X, values = np.concatenate(points), np.concatenate(payoffs)
    _, first = np.unique(sites.keys(X), return_index=True)
    first = first[sites.feasible(X[first])]
    return X[first], values[first]


def _feasible(sites: Sites, starts: Codes) -> Codes:
    X = starts[sites.feasible(starts)]
    if not len(X):
        raise InfeasibleSpaceError(
            f"none of {len(starts)} starts is feasible", hint="start from sites.random(n, rng)"
        )
    return X
