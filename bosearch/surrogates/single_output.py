"""One output as a BoTorch ``Model``: what all surrogates here have in common."""

import warnings
from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

with warnings.catch_warnings():  # linear_operator uses torch.jit.script, deprecated in torch 2.13
    warnings.simplefilter("ignore", DeprecationWarning)
    from botorch.models.model import Model
    from botorch.posteriors import Posterior


class SingleOutput(Model):  # type: ignore[misc]  # BoTorch is untyped here
    """A model of one output, without batches, on encoded points.

    Predictions are in the units of the observations.
    """

    def __init__(self, noise_var: float) -> None:
        """``noise_var`` is in squared units of the observations."""
        super().__init__()
        self.noise_var = noise_var

    @abstractmethod
    def predict(self, X: Tensor, noise: Tensor | None) -> Posterior:
        """Joint posterior at ``batch x q x d`` points; ``noise``: ``batch x q`` variances to add.

        In the units of the observations.
        """

    @property
    def num_outputs(self) -> int:
        """Always 1."""
        return 1

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
            output_indices: ``None`` or ``[0]``: there is one output.
            observation_noise: Adds the inferred noise; a ``batch x q x 1`` tensor these variances.
            posterior_transform: Applied to the posterior, if given.
            kwargs: Nothing else is understood.

        Raises:
            TypeError: An unknown keyword argument was given.
            IndexError: There is no such output.
        """
        if kwargs:
            raise TypeError(f"posterior() got unknown arguments {sorted(kwargs)}")
        if output_indices not in (None, [0]):
            raise IndexError(f"a model of one output has no outputs {output_indices}")
        noise = None
        if isinstance(observation_noise, Tensor):
            noise = observation_noise[..., 0].expand(X.shape[:-1])
        elif observation_noise:
            noise = torch.full(X.shape[:-1], self.noise_var, dtype=X.dtype, device=X.device)
        posterior = self.predict(X, noise)
        return posterior if posterior_transform is None else posterior_transform(posterior)

    def subset_output(self, idcs: list[int]) -> Model:
        """This model, which is all there is.

        Raises:
            IndexError: There is no such output.
        """
        if list(idcs) != [0]:
            raise IndexError(f"a model of one output has no outputs {list(idcs)}")
        return self
