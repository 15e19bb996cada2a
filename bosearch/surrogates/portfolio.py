"""A surrogate that chooses among others by how well they predict what was held out.

No model is the best on every problem, so the observations decide: each member of a small
pool is fitted and scored by the log density that it gives to an observation when told all
others. Where that has no closed form it takes five more fits. The first member is used
unless another one is ahead by more than chance explains: a search keeps its model for a few
dozen observations, and the best of several noisy scores is mostly the luckiest.

What predicts best is not always what finds most: on broad bowls and funnels of eight and more
factors the infinite network leads a search far better than processes that predict its own
observations better, and on smooth functions of few factors it is the other way round. So a
search takes turns: every second point is chosen by ``alternate``.

Source: Geisser and Eddy (1979), "A predictive approach to model selection"; Gelfand and Dey
(1994); the standard error of paired differences, and not to leave the simplest model within
it: Breiman, Friedman, Olshen and Stone (1984), section 3.4.3; Vehtari, Gelman and Gabry (2017),
eq. 24. Ours: two standard errors, and a single density counts for no less than -8 standardised
nats (four standard deviations off), so that one outlier does not decide.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray

from bosearch.errors import SurrogateError
from bosearch.study.problem import suggest
from bosearch.surrogates import registry
from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.interface import Capability, FitReport, Fitted, Function, Surrogate
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import check
from bosearch.surrogates.warping import standardisation

if TYPE_CHECKING:
    from botorch.models.model import Model

Bools = NDArray[np.bool_]
POOL = ("gp", "gp-rbf", "linear", "spherical-linear", "ibnn", "map-saas")
_LEAST = -8.0  # nats that one observation can cost, standardised
_FOLDS = 5
_ERRORS = 2.0  # standard errors that another member must be ahead of the first


@final
@dataclass(frozen=True, eq=False)
class Chosen:
    """The member in use, fitted, and what all of them scored.

    Args:
        name: Of the member.
        fitted: What data taught it.
        report: Its report, with the cost of the whole pool and a line on the choice.
        scores: Mean log density of an observation given others, in standardised units.
    """

    name: str
    fitted: Fitted
    report: FitReport
    scores: dict[str, float]

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Of the member."""
        return self.fitted.capabilities

    @property
    def noise_var(self) -> float:
        """Of the member."""
        return self.fitted.noise_var

    @property
    def model(self) -> "Model":
        """Of the member."""
        return self.fitted.model

    def functions(self, count: int, seed: int) -> Function:
        """Of the member."""
        return self.fitted.functions(count, seed)

    def update(self, data: Data) -> Self:
        """The same member with more observations.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
            ArithmeticError: The numerics break down.
        """
        return replace(self, fitted=self.fitted.update(data))

    def leave_one_out(self) -> Array | None:
        """Of the member."""
        return self.fitted.leave_one_out()


@final
@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """A pool of surrogates, of which the observations choose one at each fit.

    Args:
        pool: Names of surrogates or presets, with their own defaults. The first one is used
            where no other is clearly better.
        alternate: Name of the surrogate that chooses points of odd numbers; empty: the pool
            chooses all.
    """

    name: ClassVar[str] = "auto"
    pool: tuple[str, ...] = POOL
    alternate: str = "ibnn"

    def __post_init__(self) -> None:
        names = self.pool
        if isinstance(names, str) or not isinstance(names, list | tuple) or not names:
            raise SurrogateError(
                f"surrogate 'auto': pool must be a list of names, got {names!r}",
                hint='pool = ["gp", "linear"], for instance',
            )
        for name in names:
            _need_member("pool has", name)
        if self.alternate != "":
            _need_member("alternate is", self.alternate)
        object.__setattr__(self, "pool", tuple(names))  # a study file has lists

    def turn(self, number: int) -> Surrogate:
        """Which surrogate chooses the trial of this number: this one, or ``alternate``."""
        return registry.load(self.alternate) if self.alternate and number % 2 else self

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> Chosen:
        """Fit all members, and keep the first one that can be fitted or one that is clearly better.

        Raises:
            SurrogateError: There are no observations, or some are not finite.
            ArithmeticError: The numerics of all members break down.
        """
        check(data)
        start_s = time.process_time()
        fits: dict[str, Fitted] = {}
        densities: dict[str, Array] = {}
        broken: dict[str, str] = {}
        for name in self.pool:
            recipe = registry.load(name)
            try:
                fits[name] = recipe.fit(data, embedding, seed=seed)
                scored = held_out(fits[name], recipe, data, embedding, seed=seed)
            except (ArithmeticError, np.linalg.LinAlgError) as error:
                broken[name] = f"{type(error).__name__}: {error}"
                continue
            if scored is not None:
                densities[name] = scored
        if not fits:
            raise ArithmeticError(f"no surrogate of the pool can be fitted: {broken}")
        best = preferred(densities) or next(iter(fits))
        scores = {name: float(part.mean()) for name, part in densities.items()}
        ranked = sorted(scores, key=lambda name: -scores[name])
        told = [f"{name} {scores[name]:.3f}" for name in ranked]
        told += [f"{name} failed ({reason})" for name, reason in broken.items()]
        report = replace(
            fits[best].report,
            seconds=time.process_time() - start_s,
            gradients=sum(fitted.report.gradients for fitted in fits.values()),
            warnings=(f"chose {best}: {', '.join(told)}", *fits[best].report.warnings),
        )
        return Chosen(best, fits[best], report, scores)


def _need_member(what: str, name: str) -> None:
    """Refuse what is not the name of another surrogate.

    Raises:
        SurrogateError: It is not.
    """
    members = [member for member in registry.NAMES if member != Portfolio.name]
    if name not in members:
        raise SurrogateError(
            f"surrogate 'auto': {what} {name!r}, which is no surrogate",
            hint=suggest(str(name), members),
        )


def preferred(densities: Mapping[str, Array]) -> str | None:
    """The first member, or the best of those whose lead over it is more than chance.

    Args:
        densities: ``n`` log densities per member, of the same observations.
    """
    if not densities:
        return None
    first = next(iter(densities))
    leads = {name: part - densities[first] for name, part in densities.items() if name != first}
    clear = {
        name: float(lead.mean())
        for name, lead in leads.items()
        if len(lead) > 1 and lead.mean() > _ERRORS * lead.std(ddof=1) / math.sqrt(len(lead))
    }
    return max(clear, key=lambda name: clear[name]) if clear else first


def held_out(
    fitted: Fitted, recipe: Surrogate, data: Data, embedding: Embedding, *, seed: int
) -> Array | None:
    """``n`` log densities of observations given others, standardised; ``None`` if there are none.

    Args:
        fitted: What all ``data`` taught ``recipe``.
        recipe: Fitted again without a fifth of the observations, five times, if need be.
        data: The observations.
        embedding: From encoded points to coordinates.
        seed: Of those fits.

    Raises:
        ArithmeticError: The numerics break down.
    """
    _, spread = standardisation(data.y)
    densities = fitted.leave_one_out()
    if densities is None:
        if len(data.y) < 2:
            return None
        densities = np.empty(len(data.y))
        for out, part in _in_folds(recipe, data, embedding, seed):
            densities[out] = part
    densities = np.nan_to_num(densities + math.log(spread), nan=-math.inf, neginf=-math.inf)
    return np.maximum(densities, _LEAST)


def _in_folds(
    recipe: Surrogate, data: Data, embedding: Embedding, seed: int
) -> Iterator[tuple[Bools, Array]]:
    """Every fifth observation and its log density given the others; normal, with both moments."""
    folds = np.arange(len(data.y)) % _FOLDS
    for fold in range(_FOLDS):
        out = folds == fold
        if not out.any():
            continue
        seen = Data(data.X[~out], data.y[~out], data.sem[~out])
        fitted = recipe.fit(seen, embedding, seed=seed)
        with torch.no_grad():
            posterior = fitted.model.posterior(torch.tensor(data.X[out]).unsqueeze(1))
        mean, var = (t.reshape(-1).numpy() for t in (posterior.mean, posterior.variance))
        known = data.sem[out] ** 2
        total = np.maximum(var, 0.0) + np.where(np.isnan(known), fitted.noise_var, known)
        total = np.maximum(total, 1e-300)
        yield out, -0.5 * (np.log(2.0 * np.pi * total) + (data.y[out] - mean) ** 2 / total)
