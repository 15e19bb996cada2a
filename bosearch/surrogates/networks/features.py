"""Gaussian processes on what a network's last hidden layer computes, trained by evidence.

The network's weights are not random, the process on top is. Maximum marginal likelihood
over thousands of weights makes all observations agree with each other (Ober, Rasmussen and
van der Wilk 2021, "The promises and pitfalls of deep kernel learning"); here weights are held
near a draw from their prior, whose features are already those of a sensible process, and
training ends where the densities of held-out observations end to improve. They are held out
from the training of features too: densities of left-out observations in closed form, of a
process whose features have seen them all, go on improving while predictions get worse.

Trained features explain observations too well: given them, evidence says that there is hardly
any noise. ``calibrated`` asks held-out observations instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Generator, Tensor

from bosearch.surrogates.gaussian.exact import ExactProcess, FoundProcess, normal_log_density
from bosearch.surrogates.gaussian.kernels import Functions, Hyper, Kernel, normal
from bosearch.surrogates.networks.descent import Descended, descend_early
from bosearch.surrogates.networks.evidence import NOISE, inferred, most_evidence, most_probable
from bosearch.surrogates.networks.mlp import BatchedMLP
from bosearch.surrogates.networks.scale import VAR_FLOOR
from bosearch.surrogates.training import TrainingSet

FOLDS = 4  # parts of the observations, each held out once
MANY = 200  # observations above which one part tells enough


@final
@dataclass(frozen=True, eq=False)
class FeatureKernel:
    """A kernel on features.

    Args:
        mlp: The network.
        z: ``1 x P`` whitened weights; those of the last layer are not used.
        inner: The kernel of ``... x n x w`` features.
    """

    mlp: BatchedMLP
    z: Tensor
    inner: Kernel

    @property
    def hypers(self) -> Sequence[Hyper]:
        """Those of the inner kernel."""
        return self.inner.hypers

    def features(self, Z: Tensor) -> Tensor:
        """``... x n x w`` features, float64, of ``... x n x p`` coordinates."""
        flat = self.mlp.features(self.z, Z.reshape(-1, Z.shape[-1]))[0]
        return flat.reshape(*Z.shape[:-1], -1).double()

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances of ``... x n x p`` with ``... x m x p`` coordinates."""
        first = self.features(A)
        return self.inner(theta, first, first if B is A else self.features(B))

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """Draws of the inner kernel, of features."""
        width = self.mlp.widths[-1] if self.mlp.widths else p
        inner = self.inner.draw(theta, width, count, generator)
        return lambda Z: inner(self.features(Z))


@final
@dataclass(frozen=True, eq=False)
class LastLayerKernel:
    """The last layer of a network under its prior; ``theta`` is the log of a common variance.

    Args:
        mlp: Whose scales of weights and biases it has.
        scale: Prior of the log variance.
    """

    mlp: BatchedMLP
    scale: Hyper

    @property
    def hypers(self) -> Sequence[Hyper]:
        """The common variance."""
        return [self.scale]

    def __call__(self, theta: Tensor, A: Tensor, B: Tensor) -> Tensor:
        """Covariances of ``... x n x w`` with ``... x m x w`` features."""
        products = self.mlp.weight_std**2 / A.shape[-1] * (A @ B.mT)
        return theta[0].exp() * (self.mlp.bias_std**2 + products)

    def draw(self, theta: Tensor, p: int, count: int, generator: Generator) -> Functions:
        """Exact: weights and a bias each."""
        spread = (0.5 * theta[0]).exp()
        weights = spread * self.mlp.weight_std * p**-0.5 * normal((count, p), theta, generator)
        biases = spread * self.mlp.bias_std * normal((count, 1), theta, generator)
        return lambda H: biases + weights @ H.mT


def trained(
    kernel: FeatureKernel,
    training: TrainingSet,
    *,
    steps: int,
    rate: float,
    decay: float,
    patience: int,
    generator: Generator,
    noise: Hyper = NOISE,
    calibrate: bool = False,
) -> FoundProcess:
    """Weights and hyperparameters, together, by evidence; then hyperparameters once more.

    How many steps are good is found first, on parts of the observations, with the others
    held out. With few observations the features stay those of the prior.

    Args:
        kernel: With the weights that training starts from and is held near, float64.
        training: The observations.
        steps: Of training, at most.
        rate: Largest step of a weight or a log hyperparameter.
        decay: Inverse variance of the distance of a whitened weight from its start.
        patience: Looks at held-out densities, ten steps apart, without a better one; with 0,
            nothing is held out, and all steps are taken.
        generator: Of who is held out.
        noise: Log variance of the noise that is not known.
        calibrate: Whether hyperparameters are at last those of ``calibrated``.

    Raises:
        ArithmeticError: The covariance cannot be factored, or training did not stay finite.
    """
    first = most_evidence(kernel, noise, training)
    if not kernel.mlp.widths or (patience and len(training.y) < 2 * FOLDS):
        return first
    anchor = kernel.z.float()
    theta = torch.cat([first.process.theta, first.process.log_noise[None]])
    climb = Climb(kernel, inferred(noise, training), anchor, decay)
    parts = dealt(training, generator) if patience else []
    rehearsed = Descended((anchor, theta), 0, steps)
    if parts:
        rehearsed = rehearse(climb, theta, parts, steps=steps, rate=rate, patience=patience)
    end = descend_early(
        lambda parameters: climb.loss(parameters[0], parameters[1], training),
        [anchor, theta],
        steps=steps,
        rate=rate,
        stop=rehearsed.steps,
    )
    last = most_evidence(replace(kernel, z=end.parameters[0].double()), noise, training)
    spent = len(parts) * rehearsed.gradients + first.gradients + end.gradients + last.gradients
    process = last.process
    if calibrate and parts:
        process, looks = calibrated(climb, process, rehearsed.parameters[0], parts)
        spent += len(parts) * looks
    return replace(last, process=process, gradients=spent)


Part = tuple[TrainingSet, TrainingSet]
"""Observations to train with, and those held out."""


def dealt(training: TrainingSet, generator: Generator) -> list[Part]:
    """``FOLDS`` parts, in which each observation is held out once.

    Of more than ``MANY`` observations, only one part is held out: it is large enough.
    """
    n = len(training.y)
    order, deals = torch.randperm(n, generator=generator), torch.arange(n) % FOLDS
    return [
        (rows(training, order[deals != k]), rows(training, order[deals == k]))
        for k in range(FOLDS if n <= MANY else 1)
    ]


def rehearse(
    climb: "Climb",
    theta: Tensor,
    parts: Sequence[Part],
    *,
    steps: int,
    rate: float,
    patience: int,
) -> Descended:
    """Train without each of the held-out parts, all at once.

    Args:
        climb: What training climbs.
        theta: Log hyperparameters to start from, noise last.
        parts: Of the observations.
        steps: Of training, at most.
        rate: Largest step.
        patience: As of ``trained``.

    Returns:
        Where the mean density of held-out observations was highest.
    """

    def score(parameters: Sequence[Tensor]) -> float:
        with torch.no_grad():
            densities = [
                held_out(climb.process(z[None], h, seen), out)
                for z, h, (seen, out) in zip(*parameters, parts, strict=True)
            ]
        return float(torch.cat(densities).mean())

    def loss(parameters: Sequence[Tensor]) -> Tensor:
        losses = [
            climb.loss(z[None], h, seen) for z, h, (seen, _) in zip(*parameters, parts, strict=True)
        ]
        return torch.stack(losses).sum()

    start = [climb.anchor.repeat(len(parts), 1), theta.repeat(len(parts), 1)]
    return descend_early(loss, start, steps=steps, rate=rate, score=score, patience=patience)


def calibrated(
    climb: "Climb", process: ExactProcess, weights: Tensor, parts: Sequence[Part]
) -> tuple[ExactProcess, int]:
    """The process with the hyperparameters that give held-out observations most density.

    Args:
        climb: What training climbed.
        process: Whose hyperparameters they replace, and from which the search starts.
        weights: ``parts x P``, trained without what each part holds out.
        parts: Of the observations.

    Returns:
        The process, and how often densities were evaluated.
    """

    def log_likelihood(theta: Tensor) -> Tensor:
        densities = [
            held_out(climb.process(z[None], theta, seen), out)
            for z, (seen, out) in zip(weights, parts, strict=True)
        ]
        return torch.cat(densities).sum()

    start = torch.cat([process.theta, process.log_noise[None]])
    theta, _, looks = most_probable(log_likelihood, [*climb.kernel.hypers, climb.noise], start)
    return replace(process, theta=theta[:-1], log_noise=theta[-1]), looks


@final
@dataclass(frozen=True, eq=False)
class Climb:
    """What training climbs: the evidence, priors, and nearness to the start.

    Args:
        kernel: Whose weights are replaced.
        noise: Log variance of the noise that is not known.
        anchor: ``1 x P`` weights, float32.
        decay: Inverse variance of the distance from them.
    """

    kernel: FeatureKernel
    noise: Hyper
    anchor: Tensor
    decay: float

    def process(self, z: Tensor, theta: Tensor, training: TrainingSet) -> ExactProcess:
        """Given ``1 x P`` weights and log hyperparameters, noise last, within their bounds."""
        hypers = [*self.kernel.hypers, self.noise]
        low = torch.tensor([hyper.low for hyper in hypers], dtype=torch.float64)
        high = torch.tensor([hyper.high for hyper in hypers], dtype=torch.float64)
        theta = theta.clamp(low, high)
        known_var = training.known_var.clamp_min(VAR_FLOOR)  # NaN stays
        mean = torch.zeros((), dtype=torch.float64)
        moved = replace(self.kernel, z=z)
        return ExactProcess(moved, theta[:-1], theta[-1], mean, training.Z, training.y, known_var)

    def loss(self, z: Tensor, theta: Tensor, training: TrainingSet) -> Tensor:
        """Negative log posterior density, up to a constant."""
        here = self.process(z, theta, training)
        value = here.log_evidence
        found = torch.cat([here.theta, here.log_noise[None]])
        for log_x, hyper in zip(found, [*self.kernel.hypers, self.noise], strict=True):
            value = value if hyper.prior is None else value + hyper.prior(log_x)
        return 0.5 * self.decay * (z - self.anchor).square().sum() - value


def held_out(process: ExactProcess, training: TrainingSet) -> Tensor:
    """Log densities of other observations, noise included."""
    mean, cov = process.moments(training.Z)
    known_var = training.known_var.clamp_min(VAR_FLOOR)
    noise = torch.where(known_var.isnan(), process.log_noise.exp(), known_var)
    return normal_log_density(training.y, mean, cov.diagonal() + noise)


def rows(training: TrainingSet, index: Tensor) -> TrainingSet:
    """Some of the observations."""
    return replace(
        training, Z=training.Z[index], y=training.y[index], known_var=training.known_var[index]
    )
