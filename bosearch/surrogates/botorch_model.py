"""Our Gaussian processes as one BoTorch ``Model``, for acquisition functions on torch.

Predictions are plain torch on cached Cholesky factors and agree with the NumPy
ones to rounding; they can be differentiated in ``X``. Several outputs are
independent.
"""

import warnings
from collections.abc import Sequence
from typing import Any, cast, final

import torch
from torch import Tensor, nn

from bosearch.errors import ShapeError
from bosearch.surrogates.coordinates import Coordinates
from bosearch.surrogates.fit import JITTER
from bosearch.surrogates.gaussian.infinite import arc_cosine
from bosearch.surrogates.gaussian.kernels import matern52, squared_distances
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.kernel import KERNELS, ArcCosine, Kernel

with warnings.catch_warnings():  # linear_operator uses torch.jit.script, deprecated in torch 2.13
    warnings.simplefilter("ignore", DeprecationWarning)
    from botorch.models.model import Model
    from botorch.posteriors import GPyTorchPosterior
    from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal


@final
class GaussianProcesses(Model):  # type: ignore[misc]  # BoTorch is untyped here
    """Independent exact Gaussian processes, one per output, on encoded points.

    Predictions are in the units of the observations. ``observation_noise=True``
    adds the inferred noise; a tensor adds these variances.
    """

    def __init__(self, models: Sequence[GaussianProcess]) -> None:
        """``models`` have one column each and share the encoding of points."""
        super().__init__()
        if any(model.white.shape[1] != 1 for model in models):
            raise ShapeError("a model with fantasies has several columns, expected 1")
        self.outputs = nn.ModuleList([_Output(model) for model in models])

    @property
    def num_outputs(self) -> int:
        """Number of outputs."""
        return len(self.outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """Always empty: one model, not a batch of them."""
        return torch.Size()

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Joint posterior over the ``q`` points of each batch entry.

        Args:
            X: ``batch x q x d`` encoded points.
            output_indices: Outputs wanted; all by default.
            observation_noise: See the class; a tensor is ``batch x q x m``.
            posterior_transform: Applied to the posterior, if given.
            kwargs: Nothing else is understood.

        Raises:
            TypeError: An unknown keyword argument was given.
        """
        if kwargs:
            raise TypeError(f"posterior() got unknown arguments {sorted(kwargs)}")
        indices = range(self.num_outputs) if output_indices is None else output_indices
        normals = []
        for position, index in enumerate(indices):
            output = cast("_Output", self.outputs[index])
            mean, cov = output(X)
            if isinstance(observation_noise, Tensor):
                cov = cov + torch.diag_embed(observation_noise[..., position])
            elif observation_noise:
                eye = torch.eye(X.shape[-2], dtype=X.dtype, device=X.device)
                cov = cov + output.noise_var * eye
            normals.append(MultivariateNormal(mean, cov))
        joint = normals[0]
        if len(normals) > 1:
            joint = MultitaskMultivariateNormal.from_independent_mvns(mvns=normals)
        posterior = GPyTorchPosterior(distribution=joint)
        return posterior if posterior_transform is None else posterior_transform(posterior)

    def subset_output(self, idcs: list[int]) -> Model:
        """The model of some of the outputs."""
        chosen = GaussianProcesses([])
        chosen.outputs.extend([self.outputs[i] for i in idcs])
        return chosen


@final
class _Output(nn.Module):
    """One Gaussian process in torch: buffers and a prediction."""

    A: Tensor
    factor: Tensor
    white: Tensor
    inverse_lengthscales: Tensor

    def __init__(self, model: GaussianProcess) -> None:
        super().__init__()
        self.coordinates = Coordinates(model.recipe.embedding)
        self.kernel = model.recipe.kernel
        self.location, self.spread = model.location, model.spread
        self.constant, self.signal = model.hyper.mean, model.signal
        self.noise_var = model.noise_var
        self.register_buffer("A", _tensor(model.A))
        self.register_buffer("factor", _tensor(model.factor))
        self.register_buffer("white", _tensor(model.white))
        self.register_buffer("inverse_lengthscales", _tensor(model.inverse_lengthscales))

    def forward(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Means ``batch x q`` and covariances ``batch x q x q`` at ``batch x q x d`` points."""
        A = (self.coordinates(X) - self.kernel.centre) * self.inverse_lengthscales
        k = self.signal * _covariances(self.kernel, A, self.A)  # batch x q x n
        half = torch.linalg.solve_triangular(self.factor, k.mT, upper=False)  # batch x n x q
        mean = self.constant + (half.mT @ self.white).squeeze(-1)
        cov = self.signal * _covariances(self.kernel, A, A) - half.mT @ half
        cov = cov + JITTER * self.signal * torch.eye(X.shape[-2], dtype=X.dtype, device=X.device)
        return self.location + self.spread * mean, self.spread**2 * cov


def _covariances(kernel: Kernel, A: Tensor, B: Tensor) -> Tensor:
    """``kernel`` of ``batch x q x p`` with ``n x p`` scaled coordinates, in torch."""
    if not isinstance(kernel, ArcCosine):
        s = squared_distances(A, B)
        return torch.exp(-0.5 * s) if kernel == KERNELS["rbf"] else matern52(s)
    left, right = 1.0 + A.square().sum(-1), 1.0 + B.square().sum(-1)
    size = (left.unsqueeze(-1) * right.unsqueeze(-2)).sqrt()
    f = (1.0 + A @ B.mT) / size
    for _ in range(kernel.depth):
        f = arc_cosine(f) / torch.pi
    return size * f


def _tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
