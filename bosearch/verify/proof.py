"""What a verified certificate proves."""

from dataclasses import dataclass
from fractions import Fraction
from typing import final


@final
@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a certificate proves, in the words of the checker."""

    kind: str
    statement: str
    dim: int  # of the space
    density: str | None = None  # no packing of equal balls is denser; a decimal
    bound: Fraction | None = None  # the polynomial is nowhere below
