"""What chains taught: their networks as the members of an ensemble."""

import time

from bosearch.surrogates.interface import FitReport
from bosearch.surrogates.networks.fitted import FittedMembers
from bosearch.surrogates.networks.members import NetworkMembers
from bosearch.surrogates.sampling.chains import members as members_of
from bosearch.surrogates.sampling.chains import mixing
from bosearch.surrogates.sampling.density import Draws
from bosearch.surrogates.sampling.target import Target
from bosearch.surrogates.training import TrainingSet


def fitted_members(
    training: TrainingSet,
    target: Target,
    draws: Draws,
    *,
    members: int,
    began_s: float,
    warnings: tuple[str, ...] = (),
) -> FittedMembers:
    """Members of equal weight, each with its own noise, and a report of how chains mixed.

    Args:
        training: The observations.
        target: The posterior given them.
        draws: From it, and all gradients that they took.
        members: Networks to keep, at most.
        began_s: When the fit began, in the process's CPU time.
        warnings: What happened on the way.

    Raises:
        ArithmeticError: A member's value at an observed point is not finite.
    """
    z, noise_vars = members_of(target, draws, members)
    found = mixing(target, draws)
    report = FitReport(
        seconds=time.process_time() - began_s,
        gradients=draws.gradients * draws.states.shape[1],
        r_hat=found.r_hat,
        ess=found.ess,
        warnings=(*warnings, *found.warnings),
    )
    return FittedMembers.of(training, NetworkMembers(target.network, z), noise_vars, report)
