"""Branin's function, a standard test with three minima of equal depth."""

from math import cos, pi


def evaluate(x: float, y: float) -> float:
    """Return the loss; its minimum is 0.397887."""
    ridge = y - 5.1 * x**2 / (4 * pi**2) + 5 * x / pi - 6
    return ridge**2 + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10
