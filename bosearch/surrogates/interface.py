"""What a surrogate is: a recipe that can be saved, and what data taught it.

A *surrogate* holds no data. ``fit`` returns a *fitted* surrogate of one output, whose
BoTorch ``Model`` predicts in the units of the observations, on encoded points. Fits are
deterministic in data and seed. ``joint.joint_model`` makes one model of several outputs.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, final

from bosearch.surrogates.embedding import Array, Embedding
from bosearch.surrogates.schedule import Data

if TYPE_CHECKING:  # torch takes a second to import; a recipe needs none
    from botorch.models.model import Model
    from torch import Tensor

Function = Callable[["Tensor"], "Tensor"]
"""Maps ``b x d`` encoded points to ``S x b`` values of ``S`` functions."""


class Capability(StrEnum):
    """What acquisition functions may rely on."""

    GAUSSIAN = "gaussian"  # marginals and joints are Gaussian: closed forms are exact
    STUDENT_T = "student-t"  # ... multivariate t
    ENSEMBLE = "ensemble"  # a finite number of functions, all known
    GRADIENT = "gradient"  # posteriors can be differentiated in the points
    UPDATE = "update"  # new observations are absorbed without a fit


@final
@dataclass(frozen=True, kw_only=True)
class FitReport:
    """What a fit cost, and how far it may be trusted.

    Args:
        seconds: CPU seconds of the fit.
        gradients: Evaluations of a loss or density with its gradient, one per network or chain.
        r_hat: Largest split R-hat of predictions at the observed points; ``None`` without chains.
        ess: Least effective number of independent members in predictions, likewise.
        log_evidence: Log marginal likelihood of the standardised observations.
        loo: Mean log density of an observation given all others, in the units of the observations.
        warnings: What a reader of the provenance should know.
    """

    seconds: float
    gradients: int = 0
    r_hat: float | None = None
    ess: float | None = None
    log_evidence: float | None = None
    loo: float | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object without what does not apply; numbers to four digits."""
        kept = {key: value for key, value in asdict(self).items() if value not in (None, ())}
        rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in kept.items()}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in rounded.items()}


class Fitted(Protocol):
    """What data taught a surrogate about one output."""

    @property
    def report(self) -> FitReport:
        """What the fit cost, and how far it may be trusted."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What acquisition functions may rely on."""
        ...

    @property
    def noise_var(self) -> float:
        """Variance of the noise of an observation, in squared units of the observations."""
        ...

    @property
    def model(self) -> "Model":
        """One output; ``batch x q x d`` encoded points, joint over ``q``.

        ``observation_noise=True`` adds ``noise_var``, and nothing else does.
        """
        ...

    def functions(self, count: int, seed: int) -> Function:
        """``count`` draws from the posterior over functions, each consistent with itself.

        Called twice at one point, a draw gives one value; draws can be differentiated.
        """
        ...

    def update(self, data: Data) -> Self:
        """What all of ``data``, more than was fitted, teaches with everything fitted kept.

        Raises:
            SurrogateError: ``data`` do not start with those that were fitted.
            ArithmeticError: The numerics break down.
        """
        ...

    def leave_one_out(self) -> Array | None:
        """``n`` log densities of the observations, each given all others, in their units.

        ``None`` if only new fits could tell.
        """
        ...


class Surrogate(Protocol):
    """A recipe: a frozen dataclass of numbers, words and flags, which a study file can state."""

    name: ClassVar[str]

    def fit(self, data: Data, embedding: Embedding, *, seed: int) -> Fitted:
        """Learn one output from its observations.

        Args:
            data: ``n >= 1`` observations at encoded points.
            embedding: From encoded points to coordinates.
            seed: Of everything random.

        Raises:
            SurrogateError: There are no observations, or some are not finite.
            ArithmeticError: The numerics break down.
        """
        ...
