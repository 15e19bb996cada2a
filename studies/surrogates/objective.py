"""Branin's function, as the benchmark has it."""

from bosearch.problems import get

PROBLEM = get("branin")


def evaluate(x1: float, x2: float) -> dict[str, float]:
    """Measure one point."""
    return PROBLEM.evaluate({"x1": x1, "x2": x2})
