"""How a point is measured.

The public names are loaded on first use: every supervisor imports this package
and must stay small.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bosearch.evaluators.base import Evaluator as Evaluator
    from bosearch.evaluators.base import Failed as Failed
    from bosearch.evaluators.base import Handle as Handle
    from bosearch.evaluators.base import JobRequest as JobRequest
    from bosearch.evaluators.base import JobStatus as JobStatus
    from bosearch.evaluators.base import Measured as Measured
    from bosearch.evaluators.base import Outcome as Outcome
    from bosearch.evaluators.inprocess import InProcessEvaluator as InProcessEvaluator
    from bosearch.evaluators.recipes import RECIPES as RECIPES
    from bosearch.evaluators.recipes import CommandRecipe as CommandRecipe
    from bosearch.evaluators.recipes import ProcessRecipe as ProcessRecipe
    from bosearch.evaluators.recipes import Recipe as Recipe
    from bosearch.evaluators.recipes import SdpRecipe as SdpRecipe

_HOME = {
    **dict.fromkeys(
        ("Evaluator", "Failed", "Handle", "JobRequest", "JobStatus", "Measured", "Outcome"), "base"
    ),
    **dict.fromkeys(
        ("RECIPES", "CommandRecipe", "ProcessRecipe", "Recipe", "SdpRecipe"), "recipes"
    ),
    "InProcessEvaluator": "inprocess",
}

__all__ = list(_HOME)  # the keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"bosearch.evaluators.{_HOME[name]}"), name)
    raise AttributeError(f"module 'bosearch.evaluators' has no attribute {name!r}")
