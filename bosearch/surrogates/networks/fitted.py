"""What data taught an ensemble of functions: the ``Fitted`` of all ensembles and chains."""

import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, final

import numpy as np
import torch
from torch import Generator, Tensor

from bosearch.surrogates.embedding import Array
from bosearch.surrogates.gaussian.fitted import in_units, noise_var
from bosearch.surrogates.interface import Capability, FitReport, Function
from bosearch.surrogates.networks.importance import (
    effective,
    leave_one_out,
    log_likelihoods,
    reweighted,
)
from bosearch.surrogates.networks.members import Members, MembersModel, systematic
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.training import TrainingSet

CAPABILITIES = frozenset({Capability.ENSEMBLE, Capability.GRADIENT, Capability.UPDATE})
VAR_FLOOR = 1e-4  # least variance of noise that members are weighed by, standardised


@final
@dataclass(frozen=True, eq=False)
class FittedMembers:
    """Members, drawn given the first observations, weighted by later ones.

    Args:
        training: All observations.
        members: Their functions, standardised.
        noise_vars: ``S`` variances of the noise that each member infers, standardised.
        log_weights: ``S``, normalised.
        report: What the fit cost.
    """

    training: TrainingSet
    members: Members
    noise_vars: Tensor
    log_weights: Tensor
    report: FitReport

    @classmethod
    def of(
        cls, training: TrainingSet, members: Members, noise: Tensor | float, report: FitReport
    ) -> Self:
        """Members of equal weight; ``report`` lacks what left-out observations say.

        Args:
            training: The observations.
            members: What they taught.
            noise: Inferred variance of the noise, standardised: one, or ``S``.
            report: What the fit cost.

        Raises:
            ArithmeticError: A member's value at an observed point is not finite.
        """
        noise_vars = torch.as_tensor(noise, dtype=torch.float64).expand(len(members))
        equal = torch.zeros(len(members), dtype=torch.float64).log_softmax(0)
        blank = cls(training, members, noise_vars, equal, report)
        if not bool(torch.isfinite(blank.values).all()):
            raise ArithmeticError("a member's value at an observed point is not finite")
        return blank._scored()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """A finite number of functions, differentiable; reweighted by new observations."""
        return CAPABILITIES

    @property
    def noise_var(self) -> float:
        """Mean over members of the inferred variance, or the mean of the known ones."""
        return noise_var(self.training, (self.log_weights.exp() @ self.noise_vars).log())

    @cached_property
    def values(self) -> Tensor:
        """``S x n`` standardised values at the observed points."""
        with torch.no_grad():
            return self.members(self.training.Z)

    @cached_property
    def model(self) -> MembersModel:
        """As a BoTorch model."""
        return MembersModel(
            self.training.coordinates,
            self.members,
            self.log_weights.exp(),
            location=self.training.location,
            spread=self.training.spread,
            noise_var=self.noise_var,
            salt=zlib.crc32(self.training.y.numpy().tobytes()),
        )

    def functions(self, count: int, seed: int) -> Function:
        """Members drawn by weight; while weights are equal, each once before one comes twice."""
        generator = Generator().manual_seed(seed)
        order = torch.randperm(len(self.members), generator=generator)
        offset = float(torch.rand((), generator=generator, dtype=torch.float64))
        drawn = order[systematic(self.log_weights.exp()[order], count, offset)]
        drawn = drawn[torch.randperm(count, generator=generator)]
        once, where = np.unique(drawn.numpy(), return_inverse=True)
        some, again = self.members.select(torch.from_numpy(once)), torch.from_numpy(where)
        return in_units(self.training, lambda Z: some(Z)[again])

    def update(self, data: Data) -> Self:
        """Weigh members by the likelihood of what is new; see ``importance.reweighted``.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
        """
        n = len(self.training.y)
        after = replace(self, training=self.training.extended(data))
        new = after._log_likelihoods()[:, n:].sum(-1)
        weights, warnings = reweighted(self.log_weights, new)
        kept = [w for w in self.report.warnings if not w.endswith("a fit is due")]
        share = effective(weights) / effective(self.log_weights)
        ess = share * (self.report.ess or effective(self.log_weights))
        report = replace(self.report, ess=ess, warnings=(*kept, *warnings))
        return replace(after, log_weights=weights, report=report)._scored()

    def leave_one_out(self) -> Array:
        """By importance weights; see ``importance.leave_one_out``."""
        density, _ = leave_one_out(self.log_weights, self._log_likelihoods())
        return np.asarray(density.numpy() - np.log(self.training.spread))

    def _log_likelihoods(self) -> Tensor:
        """``S x n``, standardised."""
        known = self.training.known_var
        var = torch.where(known.isnan(), self.noise_vars[:, None], known).clamp_min(VAR_FLOOR)
        return log_likelihoods(self.training.y, self.values, var)

    def _scored(self) -> Self:
        """With what left-out observations say in the report."""
        _, warnings = leave_one_out(self.log_weights, self._log_likelihoods())
        others = [w for w in self.report.warnings if not w.startswith("densities of left-out")]
        loo = float(self.leave_one_out().mean())
        return replace(self, report=replace(self.report, loo=loo, warnings=(*others, *warnings)))
