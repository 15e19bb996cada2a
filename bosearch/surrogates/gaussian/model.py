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

    def predict(self, X: Tensor, noise: Tensor | None) -> GPyTorchPosterior:
        """Joint posterior at ``batch x q x d`` points."""
        mean, cov = self.moments(self.coordinates(X))
        eye = torch.eye(X.shape[-2], dtype=X.dtype, device=X.device)
        cov = self.spread**2 * (cov + JITTER * eye)
        if noise is not None:
            cov = cov + torch.diag_embed(noise)
        return GPyTorchPosterior(MultivariateNormal(self.location + self.spread * mean, cov))
