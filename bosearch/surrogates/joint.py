"""Several fitted outputs as one BoTorch ``Model``."""

from collections.abc import Sequence
from typing import Any

from bosearch.errors import SurrogateError
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.models.model import Model, ModelList


def joint_model(fitted: Sequence[Fitted]) -> Model:
    """One output's own model; of several, independent, a list of models.

    Raises:
        SurrogateError: There is no output.
    """
    if not fitted:
        raise SurrogateError("a model needs at least one output, got none")
    models: list[Any] = [found.model for found in fitted]
    assert all(isinstance(model, SingleOutput) for model in models)
    return models[0] if len(models) == 1 else ModelList(*models)
