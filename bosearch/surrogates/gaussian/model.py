"""A Gaussian posterior over one output as a BoTorch ``Model``."""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.posteriors import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal

Moments = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps ``batch x q x p`` coordinates to means ``batch x q`` and covariances ``batch x q x q``."""

JITTER = 1e-8  # of a standardised variance, so that joint draws can be factored


@final
class NormalPosterior(GPyTorchPosterior):  # type: ignore[misc]  # BoTorch is untyped here
    """BoTorch's, whose variances are not raised to 1e-10, whatever the unit of the output."""

    def __init__(self, distribution: MultivariateNormal, variance: Tensor) -> None:
        """``variance`` is ``batch x q x m``, as of ``distribution``."""
        super().__init__(distribution)
        self._variance = variance

    @property
    def variance(self) -> Tensor:
        """``batch x q x m``."""
        return self._variance


@final
class GaussianModel(SingleOutput):
    """Gaussian in any number of points jointly, by means and covariances in standardised units."""

    def __init__(
        self,
        coordinates: Coordinates,
        moments: Moments,
        *,
        location: float,
        spread: float,
        noise_var: float,
    ) -> None:
        """``noise_var`` is in squared units of the observations, ``moments`` standardised."""
        super().__init__(noise_var)
        self.coordinates, self.moments = coordinates, moments
        self.location, self.spread = location, spread

    def predict(self, X: Tensor, noise: Tensor | None) -> NormalPosterior:
        """Joint posterior at ``batch x q x d`` points."""
        mean, cov = self.moments(self.coordinates(X))
        diagonal = cov.diagonal(dim1=-2, dim2=-1)
        raised = (diagonal + JITTER).clamp_min(JITTER)  # rounding may leave less than 0
        cov = self.spread**2 * steadied(cov + torch.diag_embed(raised - diagonal))
        if noise is not None:
            cov = cov + torch.diag_embed(noise)
        normal = MultivariateNormal(self.location + self.spread * mean, cov)
        return NormalPosterior(normal, cov.diagonal(dim1=-2, dim2=-1).unsqueeze(-1))


def steadied(cov: Tensor) -> Tensor:
    """``batch x q x q`` covariances, with more on the diagonal where they cannot be factored.

    Raises:
        ArithmeticError: A ten-thousandth of the largest variance is not enough.
    """
    _, failed = torch.linalg.cholesky_ex(cov.detach())
    if not bool(failed.any()):
        return cov
    largest = cov.detach().diagonal(dim1=-2, dim2=-1).amax(-1)
    for jitter in (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4):
        more = torch.where(failed > 0, jitter * largest, torch.zeros_like(largest))
        eye = torch.eye(cov.shape[-1], dtype=cov.dtype, device=cov.device)
        found = cov + more[..., None, None] * eye
        _, still = torch.linalg.cholesky_ex(found.detach())
        if not bool(still.any()):
            return found
    raise ArithmeticError("a covariance is not positive definite, even with jitter 1e-4")
