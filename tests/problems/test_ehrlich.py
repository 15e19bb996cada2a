"""Ehrlich functions: bans, motifs, and an optimum of 1 that enumeration confirms."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from bosearch.errors import ConfigError
from bosearch.problems.ehrlich import Ehrlich, ehrlich

SHAPES = [(32, 32, 4, 4), (64, 32, 2, 4), (128, 32, 4, 4), (16, 20, 2, 8), (5, 5, 5, 1)]


def by_definition(function: Ehrlich, x: list[int]) -> float:
    """The value of one sequence, by loops over places and letters."""
    for a, b in pairwise(x):
        if function.transition[a, b] == 0:
            return -np.inf
    value = 1.0
    for motif, offsets in zip(function.motifs, function.offsets, strict=True):
        counts = [
            sum(x[start + o] == m for m, o in zip(motif, offsets, strict=True))
            for start in range(function.length)
            if start + offsets[-1] < function.length
        ]
        steps = max(counts) * function.quantization // len(motif)
        value *= steps / function.quantization
    return value


@pytest.mark.parametrize(("length", "levels", "motifs", "k"), SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_is_feasible_and_worth_one(
    length: int, levels: int, motifs: int, k: int, seed: int
) -> None:
    function = Ehrlich.random(length, levels=levels, motifs=motifs, motif_length=k, seed=seed)
    best = function.optimiser
    assert function.feasible(best[None]).all()
    assert by_definition(function, best.tolist()) == 1.0
    assert function.values(best[None])[0] == 1.0


@pytest.mark.parametrize(("motifs", "k", "q"), [(2, 2, 2), (1, 4, 2), (3, 2, 1), (2, 3, 3)])
def test_values_on_all_of_a_tiny_space(motifs: int, k: int, q: int) -> None:
    function = Ehrlich.random(6, levels=4, motifs=motifs, motif_length=k, quantization=q, seed=3)
    every = np.array(list(product(range(4), repeat=6)))
    values = function.values(every)
    expected = [by_definition(function, x) for x in every.tolist()]
    assert values.tolist() == expected
    assert values.max() == 1.0
    assert (values == -np.inf).any()
    products = {np.prod(levels) for levels in product(np.arange(q + 1) / q, repeat=motifs)}
    assert set(values[values >= 0]) <= products


def test_every_letter_has_bans_may_repeat_and_leads_to_every_other() -> None:
    function = Ehrlich.random(32, levels=32, motifs=4, motif_length=4, seed=0)
    allowed = function.allowed
    assert (~allowed).any(axis=1).all()
    assert allowed.diagonal().all()
    assert (np.linalg.matrix_power(allowed.astype(float), 31) > 0).all()
    assert function.transition.sum(axis=1) == pytest.approx(1.0)


def test_paths_are_feasible_and_follow_the_chain() -> None:
    function = Ehrlich.random(400, levels=5, motifs=1, motif_length=2, seed=1)
    X = function.sample(100, np.random.default_rng(0))
    assert function.feasible(X).all()
    counts = np.zeros((5, 5))
    np.add.at(counts, (X[:, :-1], X[:, 1:]), 1.0)
    totals = counts.sum(axis=1, keepdims=True)
    error = np.sqrt(function.transition * (1 - function.transition) / totals)
    assert (np.abs(counts / totals - function.transition) <= 4 * error + 1e-12).all()


def test_epistasis_lowers_what_is_half_done_and_keeps_the_ends() -> None:
    plain = Ehrlich.random(12, levels=6, motifs=1, motif_length=4, seed=0)
    bent = replace(plain, epistasis=0.8)
    X = plain.sample(500, np.random.default_rng(0))
    h = plain.values(X)
    assert set(h) >= {0.25, 0.5, 0.75}
    # holo-bench's cubic response: h (1 + e h (h - 1)).
    assert bent.values(X) == pytest.approx(h - 0.8 * h**2 * (1 - h), abs=1e-15)
    assert bent.values(bent.optimiser[None])[0] == 1.0


def test_the_space_of_the_problem_admits_feasible_sequences_only() -> None:
    problem = ehrlich(8, levels=8, motifs=2, motif_length=2, seed=4)
    function = Ehrlich.random(8, levels=8, motifs=2, motif_length=2, seed=4)
    points = problem.space.sample(50, np.random.default_rng(0))
    assert min(problem.evaluate(p)["value"] for p in points) >= 0.0
    bad = next(
        a + b
        for i, a in enumerate(function.alphabet)
        for j, b in enumerate(function.alphabet)
        if not function.allowed[i, j]
    )
    assert not problem.space.feasible({"seq": bad * 4})


def test_functions_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="4 motifs of length 4 do not fit into 15 sites"):
        Ehrlich.random(15, levels=8, motifs=4, motif_length=4, seed=0)
    with pytest.raises(ConfigError, match="must divide the motif length 4, got 3"):
        Ehrlich.random(32, levels=8, motifs=2, motif_length=4, quantization=3, seed=0)
