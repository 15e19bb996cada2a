"""A multivariate t over the points of one output, as BoTorch's posterior and model."""

from typing import Any, final

import numpy as np
import torch
from scipy.special import chdtri, ndtr
from torch import Tensor

from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.gaussian.exact import cholesky
from bosearch.surrogates.gaussian.model import JITTER, Moments
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.posteriors import Posterior
from botorch.sampling.get_sampler import GetSampler
from botorch.sampling.normal import SobolQMCNormalSampler


@final
class StudentTPosterior(Posterior):  # type: ignore[misc]  # BoTorch is untyped here
    """t in ``q`` points jointly: ``location + sqrt(dof / chi2) L z``, one ``chi2`` for all.

    Base samples are standard normal: that of the common scale first, then ``q`` of the points.
    """

    def __init__(self, location: Tensor, scale: Tensor, dof: float) -> None:
        """``location`` is ``batch x q``, ``scale`` ``batch x q x q``; ``dof`` above 2."""
        self.location, self.scale, self.dof = location, scale, dof

    @property
    def mean(self) -> Tensor:
        """``batch x q x 1``."""
        return self.location.unsqueeze(-1)

    @property
    def variance(self) -> Tensor:
        """``batch x q x 1``; larger than the scale's diagonal."""
        diagonal = self.scale.diagonal(dim1=-2, dim2=-1)
        return (self.dof / (self.dof - 2.0) * diagonal).unsqueeze(-1)

    @property
    def device(self) -> torch.device:
        """Of the location."""
        return self.location.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the location."""
        return self.location.dtype

    @property
    def batch_shape(self) -> torch.Size:
        """Shape of the batch."""
        return self.location.shape[:-1]

    @property
    def batch_range(self) -> tuple[int, int]:
        """Dimensions of the base samples that are batches."""
        return 0, -2

    @property
    def base_sample_shape(self) -> torch.Size:
        """``batch x (1 + q) x 1``."""
        return torch.Size([*self.batch_shape, 1 + self.location.shape[-1], 1])

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        return torch.Size([*sample_shape, *self.location.shape, 1])

    def rsample_from_base_samples(self, sample_shape: torch.Size, base_samples: Tensor) -> Tensor:
        """Draws, ``sample_shape x batch x q x 1``, differentiable in the points."""
        common, each = base_samples[..., :1, :], base_samples[..., 1:, :]
        upper = ndtr(-common.detach().numpy())
        chi2 = chdtri(self.dof, np.clip(upper, 1e-300, None))
        size = torch.from_numpy(np.sqrt(self.dof / chi2)).to(common)
        return self.mean + size * (_root(self.scale) @ each)

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Draws from fresh base samples of the global generator."""
        shape = torch.Size([1]) if sample_shape is None else sample_shape
        base = torch.randn(*shape, *self.base_sample_shape, dtype=self.dtype, device=self.device)
        return self.rsample_from_base_samples(shape, base)


@GetSampler.register(StudentTPosterior)  # type: ignore[untyped-decorator]
def _sampler(
    posterior: StudentTPosterior, sample_shape: torch.Size, *, seed: int | None = None
) -> Any:
    """Quasi-random normal numbers; the posterior makes one of them a chi-square."""
    return SobolQMCNormalSampler(sample_shape, seed=seed)


def _root(scale: Tensor) -> Tensor:
    """Lower Cholesky factors of ``batch x q x q`` matrices, with jitter where it is needed."""
    factor, failed = torch.linalg.cholesky_ex(scale)
    if not bool(failed.any()):
        return torch.as_tensor(factor)
    flat = scale.reshape(-1, *scale.shape[-2:])
    return torch.stack([cholesky(one) for one in flat]).reshape(scale.shape)


@final
class StudentTModel(SingleOutput):
    """t in any number of points jointly, by locations and scales in standardised units."""

    def __init__(
        self,
        coordinates: Coordinates,
        moments: Moments,
        *,
        dof: float,
        location: float,
        spread: float,
        noise_var: float,
    ) -> None:
        """``noise_var`` is a variance, in squared units of the observations; ``dof`` above 2."""
        super().__init__(noise_var)
        self.coordinates, self.moments, self.dof = coordinates, moments, dof
        self.location, self.spread = location, spread

    def predict(self, X: Tensor, noise: Tensor | None) -> StudentTPosterior:
        """Joint posterior at ``batch x q x d`` points; noise shares the common scale."""
        mean, scale = self.moments(self.coordinates(X))
        eye = torch.eye(X.shape[-2], dtype=X.dtype, device=X.device)
        scale = self.spread**2 * (scale + JITTER * eye)
        if noise is not None:
            scale = scale + torch.diag_embed((1.0 - 2.0 / self.dof) * noise)
        return StudentTPosterior(self.location + self.spread * mean, scale, self.dof)
