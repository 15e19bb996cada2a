"""Bayesian optimization and search for designs that are expensive to measure.

The public names are loaded on first use (PEP 562), so that ``import bosearch``
costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bosearch.asktell import Study as Study
    from bosearch.errors import BosearchError as BosearchError
    from bosearch.space import Choice as Choice
    from bosearch.space import Construction as Construction
    from bosearch.space import Grammar as Grammar
    from bosearch.space import Integer as Integer
    from bosearch.space import Real as Real
    from bosearch.space import Sequence as Sequence
    from bosearch.space import Space as Space
    from bosearch.study import Measurement as Measurement
    from bosearch.study import Trial as Trial
    from bosearch.study import TrialState as TrialState
    from bosearch.study import maximize as maximize
    from bosearch.study import minimize as minimize

__version__ = "0.1.0"

_HOME = {
    "BosearchError": "bosearch.errors",
    "Study": "bosearch.asktell",
    **dict.fromkeys(
        ("Choice", "Construction", "Grammar", "Integer", "Real", "Sequence", "Space"),
        "bosearch.space",
    ),
    **dict.fromkeys(
        ("Measurement", "Trial", "TrialState", "maximize", "minimize"), "bosearch.study"
    ),
}

__all__ = ["__version__", *_HOME]  # the keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'bosearch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
