"""From the states of chains to members of an ensemble, and to what a report says of them."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import qmc
from torch import Tensor

from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.diagnostics import FEWEST, effective_draws, split_r_hat
from bosearch.surrogates.sampling.target import Target

_KEPT = 512  # states of all chains by which they are diagnosed, about
_FEWEST_KEPT = 64  # of each
WORST_R_HAT = 1.05  # without a warning
_ELSEWHERE = 16  # points beside the observed ones

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Whether chains agree on predictions.

    Args:
        r_hat: Largest split R-hat of predictions at the observed points and some others;
            ``None`` if draws are too few, or chains stuck.
        ess: Least effective number of draws of a prediction, likewise.
        warnings: What a reader should know.
    """

    r_hat: float | None
    ess: float | None
    warnings: tuple[str, ...]


def schedule(steps: int, chains: int) -> tuple[int, int]:
    """States to keep of ``steps`` steps of each chain, and steps from one to the next."""
    draws = min(steps, max(_FEWEST_KEPT, _KEPT // chains))
    return draws, steps // draws


def mixing(target: Target, draws: Draws) -> Mixing:
    """Diagnose chains by what they predict; weights may be permuted without any effect."""
    seen = predictions(target, draws.states)
    if seen.shape[1] < FEWEST:
        few = f"{seen.shape[1]} draws of a chain cannot tell whether the chains have mixed"
        return Mixing(r_hat=None, ess=None, warnings=(few,))
    r_hat, ess = float(split_r_hat(seen).max()), float(effective_draws(seen).min())
    if r_hat <= WORST_R_HAT:
        return Mixing(r_hat=r_hat, ess=ess, warnings=())
    unmixed = (
        f"the chains have not mixed: R-hat of predictions is {r_hat:.3g},"
        f" at most {WORST_R_HAT} is wanted"
    )
    known = r_hat if np.isfinite(r_hat) else None
    return Mixing(r_hat=known, ess=ess, warnings=(unmixed,))


def predictions(target: Target, states: Tensor) -> Array:
    """``chains x draws x quantities`` values at the observed points and a few of Sobol's."""
    p = target.Z.shape[-1]
    sobol = qmc.Sobol(p, scramble=False).random(_ELSEWHERE)
    points = torch.cat([target.Z, torch.from_numpy(sobol).to(target.Z.dtype)])
    values = torch.stack([target.values(state, points) for state in states], dim=1)
    return np.asarray(values.double().numpy())


def members(target: Target, draws: Draws, count: int) -> tuple[Tensor, Tensor]:
    """At most ``count`` networks, evenly from all chains, float64.

    Returns:
        ``S x P`` weights and ``S`` standardised variances of the noise.
    """
    kept, chains, _ = draws.states.shape
    each = max(1, min(kept, count // chains))
    rows = np.linspace(0, kept - 1, each).round().astype(int) if each > 1 else [kept - 1]
    states = draws.states[list(rows)].flatten(0, 1)[:count].double()
    wide = target.double()
    return wide.weights(states), wide.noise_var(states)
