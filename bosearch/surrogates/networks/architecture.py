"""The options that describe a network, checked: study files are written by hand."""

from typing import Any

from bosearch.errors import SurrogateError
from bosearch.surrogates.networks.mlp import ACTIVATIONS
from bosearch.surrogates.options import need_count, need_positive, need_word


def need_architecture(surrogate: Any) -> None:
    """Check ``widths``, ``activation``, ``weight_std``, ``bias_std``; widths become a tuple.

    JSON has no tuples, and equal recipes must be equal.

    Raises:
        SurrogateError: One of them is wrong.
    """
    name = surrogate.name
    if isinstance(surrogate.widths, str) or not isinstance(surrogate.widths, tuple | list):
        raise SurrogateError(
            f"surrogate {name!r}: widths must be a list of numbers, got {surrogate.widths!r}"
        )
    object.__setattr__(surrogate, "widths", tuple(surrogate.widths))
    for width in surrogate.widths:
        need_count(name, "each of widths", width)
    need_word(name, "activation", surrogate.activation, ACTIVATIONS)
    need_optional(name, "weight_std", surrogate.weight_std)
    need_positive(name, "bias_std", surrogate.bias_std)


def need_optional(surrogate: str, option: str, value: Any) -> None:
    """Refuse what is neither a finite number above 0 nor ``None``.

    Raises:
        SurrogateError: It is neither.
    """
    if value is not None:
        need_positive(surrogate, option, value)


def need_share(surrogate: str, option: str, value: Any) -> None:
    """Refuse what is not a number above 0 and at most 1.

    Raises:
        SurrogateError: It is not.
    """
    need_positive(surrogate, option, value)
    if value > 1.0:
        raise SurrogateError(f"surrogate {surrogate!r}: {option} must be at most 1, got {value!r}")
