"""Acquisition functions on torch as scores of single candidates, and sums of scores."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from bosearch.acquisition.value import Acquisition, Array
from bosearch.surrogates.single_output import SingleOutput  # noqa: F401  # before BoTorch: it warns

# isort: split
from botorch.exceptions.errors import ModelFittingError
from linear_operator.utils.errors import NanError, NotPSDError

Rule = Callable[[Array, Array], tuple[Array, Array, Array]]
"""Maps ``b`` means and standard deviations to values and their derivatives by either."""


@final
class TorchAcquisition:
    """A BoTorch acquisition function as a score of single candidates."""

    def __init__(self, acquisition: Callable[[Tensor], Tensor]) -> None:
        """``acquisition`` maps ``b x 1 x d`` candidates to ``b`` values."""
        self.acquisition = acquisition

    def value(self, X: Array) -> Array:
        """Score ``b x d`` encoded candidates; ``b`` values.

        Raises:
            ArithmeticError: The numerics break down.
        """
        with torch.no_grad(), numerics():
            values: Array = self.acquisition(candidates(X)).numpy()
        return values

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Scores and their derivatives, ``b`` and ``b x d``.

        Raises:
            ArithmeticError: The numerics break down.
        """
        points = candidates(X).requires_grad_()
        with numerics():
            values = self.acquisition(points)
            (slopes,) = torch.autograd.grad(values.sum(), points)
        return values.detach().numpy(), slopes[:, 0].numpy()


@final
@dataclass(frozen=True, eq=False)
class MarginalScore:
    """A closed form in the mean and the standard deviation of a model at the candidate.

    Args:
        model: BoTorch model of one output.
        rule: The closed form, in NumPy.
        least_std: What smaller standard deviations are raised to, in the model's units.
    """

    model: Any
    rule: Rule
    least_std: float

    def value(self, X: Array) -> Array:
        """Score ``b x d`` encoded candidates; ``b`` values.

        Raises:
            ArithmeticError: The numerics break down.
        """
        with torch.no_grad(), numerics():
            mean, std = self._marginals(candidates(X))
        return self.rule(mean.numpy(), std.numpy())[0]

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Scores and their derivatives, ``b`` and ``b x d``.

        Raises:
            ArithmeticError: The numerics break down.
        """
        points = candidates(X).requires_grad_()
        with numerics():
            mean, std = self._marginals(points)
            value, by_mean, by_std = self.rule(mean.detach().numpy(), std.detach().numpy())
            total = mean @ torch.from_numpy(by_mean) + std @ torch.from_numpy(by_std)
            (slopes,) = torch.autograd.grad(total, points)
        return value, slopes[:, 0].numpy()

    def _marginals(self, points: Tensor) -> tuple[Tensor, Tensor]:
        posterior = self.model.posterior(points)
        std = posterior.variance.clamp_min(self.least_std**2).sqrt()
        return posterior.mean[:, 0, 0], std[:, 0, 0]


_BREAKDOWNS = (
    NotPSDError,
    NanError,
    ModelFittingError,
    torch.linalg.LinAlgError,  # type: ignore[attr-defined]  # torch does not declare it
)


@final
@dataclass(frozen=True, eq=False)
class Sum:
    """Logarithms of independent factors, added."""

    parts: Sequence[Acquisition]

    def value(self, X: Array) -> Array:
        """Score ``b x d`` encoded candidates; ``b`` values."""
        first, *others = self.parts
        return sum((part.value(X) for part in others), start=first.value(X))

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Scores and their derivatives, ``b`` and ``b x d``."""
        first, *others = (part.value_and_gradient(X) for part in self.parts)
        value = sum((v for v, _ in others), start=first[0])
        return value, sum((slope for _, slope in others), start=first[1])


def candidates(X: Array) -> Tensor:
    """Return ``b x 1 x d`` candidates, one point each, of ``b x d`` points."""
    return torch.tensor(X, dtype=torch.float64).unsqueeze(1)


@contextmanager
def numerics() -> Iterator[None]:
    """Turn a breakdown of the numerics in torch into an ``ArithmeticError``."""
    try:
        yield
    except _BREAKDOWNS as error:
        raise ArithmeticError(f"{type(error).__name__}: {error}") from error
