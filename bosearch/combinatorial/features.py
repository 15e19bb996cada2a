"""What is known of the levels of a site: identity, and descriptors if there are any.

A table has one row per level; the squared distance of two rows is what a kernel
sees of two levels. Identity alone puts all levels one unit apart, which makes the
squared-exponential kernel the heat kernel of the Hamming graph. Descriptors add what levels
have in common; identity stays beside them, so that no two levels become one.

Source of the descriptors of amino acids: Sandberg, Eriksson, Jonsson, Sjöström and
Wold (1998), "New chemical descriptors relevant for the design of biologically active
peptides", J. Med. Chem. 41:2481, table 3: lipophilicity, bulk, polarity and two mixed scales.
"""

import numpy as np

from bosearch.combinatorial.payoff import Array
from bosearch.errors import ShapeError
from bosearch.space.factor import Factor

_DESCRIBED = 0.75  # share of descriptors in the mean squared distance of two levels

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
Z_SCALES: dict[str, tuple[float, float, float, float, float]] = {
    "A": (0.24, -2.32, 0.60, -0.14, 1.30),
    "C": (0.84, -1.67, 3.71, 0.18, -2.65),
    "D": (3.98, 0.93, 1.93, -2.46, 0.75),
    "E": (3.11, 0.26, -0.11, -3.04, -0.25),
    "F": (-4.22, 1.94, 1.06, 0.54, -0.62),
    "G": (2.05, -4.06, 0.36, -0.82, -0.38),
    "H": (2.47, 1.95, 0.26, 3.90, 0.09),
    "I": (-3.89, -1.73, -1.71, -0.84, 0.26),
    "K": (2.29, 0.89, -2.49, 1.49, 0.31),
    "L": (-4.28, -1.30, -1.49, -0.72, 0.84),
    "M": (-2.85, -0.22, 0.47, 1.94, -0.98),
    "N": (3.05, 1.62, 1.04, -1.15, 1.61),
    "P": (-1.66, 0.27, 1.84, 0.70, 2.00),
    "Q": (1.75, 0.50, -1.44, -1.34, 0.66),
    "R": (3.52, 2.50, -3.50, 1.99, -0.17),
    "S": (2.39, -1.07, 1.15, -1.39, 0.67),
    "T": (0.75, -2.18, -1.12, -1.46, -0.40),
    "V": (-2.59, -2.64, -1.54, -0.85, -0.02),
    "W": (-4.36, 3.94, 0.59, 3.44, -1.59),
    "Y": (-2.54, 2.44, 0.43, 0.04, -1.47),
}


def identity(count: int) -> Array:
    """``count x count`` features whose rows are one unit apart."""
    corners: Array = np.eye(count) / np.sqrt(2.0)
    return corners


def described(descriptors: Array) -> Array:
    """``A x (p + A)`` features: ``A x p`` descriptors, and identity for a quarter.

    Descriptors are centred and scaled to the same spread; those that do not vary
    are left out. Two levels are one unit apart on average.

    Raises:
        ShapeError: ``descriptors`` is not a finite table.
    """
    table = np.asarray(descriptors, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ShapeError(f"expected a finite table of descriptors, got shape {table.shape}")
    spread = table.std(axis=0)
    table = (table - table.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    A = len(table)
    if not table.size:
        return identity(A)
    # Of columns with variance one, two different rows are 2 p A / (A - 1) apart on average.
    table *= np.sqrt(_DESCRIBED * (A - 1) / (2.0 * table.shape[1] * A))
    return np.hstack([table, identity(A) * np.sqrt(1.0 - _DESCRIBED)])


def of_letters(alphabet: str) -> Array:
    """Features of the letters of a sequence: descriptors if they are the twenty amino acids."""
    if sorted(alphabet) == sorted(AMINO_ACIDS):
        return described(np.array([Z_SCALES[letter] for letter in alphabet]))
    return identity(len(alphabet))


def of_factor(factor: Factor) -> Array:
    """Features of the values of one discrete factor of a space.

    An ordinal factor's values lie on a line of unit length; a categorical factor has its
    descriptors, if it has any, and identity.
    """
    assert factor.size is not None
    if factor.kind == "ordinal":
        return factor.coordinates(np.arange(factor.size))[:, None]
    if factor.features is not None:
        return described(np.array(factor.features))
    return identity(factor.size)
