"""Prefixes: allowed levels are those that some completion of the prefix has."""

import numpy as np
import pytest

from bosearch.combinatorial.prefixes import Prefixes
from bosearch.combinatorial.space import Codes, Sites
from tests.combinatorial.dense import every


def completions(points: Codes, x: Codes, i: int, width: int) -> list[bool]:
    """Which levels follow ``x[:i]`` in some of ``points``."""
    same = points[(points[:, :i] == x[:i]).all(axis=1)]
    return [bool((same[:, i] == level).any()) for level in range(width)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pooled", [False, True])
def test_allowed_levels_are_those_of_the_completions(seed: int, pooled: bool) -> None:
    counts = (3, 2, 4, 3)
    rng = np.random.default_rng(seed)
    allowed = [rng.random(count) < 0.7 for count in counts]
    for levels in allowed:
        levels[rng.integers(len(levels))] = True
    points = every(counts)
    points = points[Sites(counts, allowed=allowed).feasible(points)]
    if pooled:
        points = points[rng.permutation(len(points))[: len(points) // 3 + 1]]
    sites = Sites(counts, allowed=allowed, pool=points if pooled else None)
    prefixes = Prefixes(sites)
    for i in range(4):
        given = prefixes.allowed(points[:, :i], i)
        assert given.tolist() == [completions(points, x, i, 4) for x in points]
