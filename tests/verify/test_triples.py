"""Sums of squares that a person can write down, on triples of points."""

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from bosearch.errors import CertificateError
from bosearch.verify.cube import Cube, Node
from bosearch.verify.triples import LETTERS, Shell, prove_nowhere_positive, read_words
from tests.verify.certificates import gram

SHELL = Shell(fmpq(9), fmpq(17), fmpq(18))
TINY = fmpq(1, 10**15)

Point = tuple[arb, arb, arb]

# of degree 2, with the identity for every matrix of the empty word
SQUARES: dict[str, Callable[[arb, arb, arb], arb]] = {
    "near": lambda x, y, z: 9 + 3 * (x * x + y * y + z * z),
    "far": lambda x, y, z: 1 + z * z + 2 * (x * x + y * y),
}
IDENTITY: dict[str, dict[str, Any]] = {
    "near": {"trivial": gram([1], [0, 1]), "standard": gram([1])},
    "far": {"trivial": gram([1], [0, 1], [0, 0, 1]), "sign": gram([1])},
}


def attempt(kind: str, function: Callable[[Point], arb], words: Any, d: int = 1) -> None:
    def on(cube: Cube) -> Callable[[Node], arb]:
        return lambda node: function(
            (cube.point(node[0]), cube.point(node[1]), cube.point(node[2]))
        )

    prove_nowhere_positive(kind, SHELL, d, read_words(words, kind, d), on)


@pytest.mark.parametrize("kind", ["near", "far"])
def test_minus_a_sum_of_squares_is_proved_and_a_little_more_is_not(kind: str) -> None:
    words = [{"word": [], "grams": IDENTITY[kind]}]
    attempt(kind, lambda p: -SQUARES[kind](*p) - TINY, words)
    with pytest.raises(CertificateError, match=f"condition on {kind} triples is not proved"):
        attempt(kind, lambda p: -SQUARES[kind](*p) + TINY, words)


@pytest.mark.parametrize(
    ("kind", "word"), [(kind, letter) for kind in LETTERS for letter in LETTERS[kind]]
)
def test_each_letter_multiplies_its_square(kind: str, word: str) -> None:
    constant = 9 if kind == "near" else 1  # the square of the first polynomial
    d = max(1, LETTERS[kind][word] // 2)
    words = [{"word": [word], "grams": {"trivial": gram([1])}}]
    attempt(kind, lambda p: -constant * SHELL.letters(kind, *p)[word] - TINY, words, d)
    with pytest.raises(CertificateError, match="is not proved"):
        attempt(kind, lambda p: -constant * SHELL.letters(kind, *p)[word] + TINY, words, d)


def test_letters_of_a_word_are_multiplied() -> None:
    words = [{"word": ["q1", "l"], "grams": {"trivial": gram([2])}}]

    def function(p: Point) -> arb:
        letters = SHELL.letters("far", *p)
        return -2 * letters["q1"] * letters["l"] - TINY

    attempt("far", function, words, d=2)
    with pytest.raises(CertificateError, match="grams: key 'sign' is missing"):
        attempt("far", function, words, d=3)
    for d in (2, 3, 4):
        attempt("far", function, [{**words[0], "half_degree": 0}], d=d)


@pytest.mark.parametrize("kind", ["near", "far"])
def test_a_matrix_that_is_not_psd_proves_nothing(kind: str) -> None:
    first = gram([-1], [0, 1]) if kind == "near" else gram([-1], [0, 1], [0, 0, 1])
    constant = 9 if kind == "near" else 1
    words = [{"word": [], "grams": {**IDENTITY[kind], "trivial": first}}]
    with pytest.raises(CertificateError, match=f"{kind} 0 trivial is not positive definite"):
        attempt(kind, lambda p: 2 * constant - SQUARES[kind](*p) - TINY, words)


@pytest.mark.parametrize("kind", ["near", "far"])
def test_a_function_that_is_positive_at_one_corner_is_not_proved(kind: str) -> None:
    def corner(p: Point) -> arb:  # at most 4
        x, y, z = p
        return x + y + z + x * y * z if kind == "near" else (x + y) * (1 + z)

    for words in ([], [{"word": [], "grams": IDENTITY[kind]}]):
        with pytest.raises(CertificateError, match="is not proved"):
            attempt(kind, lambda p: corner(p) - fmpq(399, 100), words)
    attempt(kind, lambda p: corner(p) - fmpq(401, 100), [])


@pytest.mark.parametrize("kind", ["near", "far"])
def test_triples_of_points_lie_in_the_cube_where_letters_are_not_negative(kind: str) -> None:
    rng = np.random.default_rng(0)
    rho, outer = 9.0, 17.0
    X, Y = (rng.standard_normal((4000, 3)) for _ in range(2))
    for P in (X, Y):
        P *= np.sqrt(rng.uniform(rho, outer, (4000, 1)) / (2 * pi) / (P**2).sum(1, keepdims=True))
    u, v, w = (2 * pi * (P**2).sum(1) for P in (X, Y, X - Y))
    chosen = (w >= rho) & (w <= outer) if kind == "near" else w >= outer
    assert chosen.sum() > 500
    for a, b, c in zip(u[chosen], v[chosen], w[chosen], strict=True):
        x, y = ((2 * t - rho - outer) / (outer - rho) for t in (a, b))
        z = (2 * c - rho - outer) / (outer - rho)
        if kind == "far":
            z = (2 * (c - a - b) / outer - 1) / 3
        assert max(map(abs, (x, y, z))) <= 1 + 1e-12
        node = (arb(x), arb(y), arb(z))
        found = [float(t) for t in SHELL.squares(kind, *node)]
        assert found == pytest.approx([a, b, c], rel=1e-12)
        assert all(float(t) > -1e-12 for t in SHELL.letters(kind, *node).values())


def test_the_gram_determinant_is_that_of_two_vectors() -> None:
    x, y = np.array([1.2, 0.3, -0.1]), np.array([0.2, -0.9, 0.8])
    u, v, w = (2 * pi * float(p @ p) for p in (x, y, x - y))
    coordinates = [(2 * t - 26) / 8 for t in (u, v, w)]
    determinant = (2 * pi) ** 2 * (float(x @ x) * float(y @ y) - float(x @ y) ** 2)
    found = SHELL.letters("near", *map(arb, coordinates))["G"]
    assert float(found) == pytest.approx(determinant / 18**2, rel=1e-12)


ONE = {"word": [], "grams": IDENTITY["near"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "near: expected a list, got an object"),
        ([ONE] * 65, "near: expected 0 to 64 items, got 65"),
        ([[]], "near 0: expected an object"),
        ([{"word": []}], "near 0: key 'grams' is missing"),
        ([{**ONE, "word": ["q1"]}], "near 0: a word consists of s1, s2, s3, G"),
        ([{**ONE, "word": [["G"]]}], "near 0: a word consists of"),
        ([{**ONE, "word": [1]}], "near 0: a word consists of"),
        ([{**ONE, "word": "G"}], "near 0: word: expected a list, got a text"),
        ([{**ONE, "word": ["G"] * 3}], "word: expected 0 to 2 items, got 3"),
        ([{**ONE, "word": ["G", "G"]}], "the word has a degree above 2"),
        ([ONE, ONE], "near 1: the word is repeated"),
        ([{**ONE, "word": ["G"]}], "unknown key 'standard'"),
        ([{"word": [], "grams": {"trivial": gram([1], [0, 1])}}], "key 'standard' is missing"),
        (
            [{"word": [], "grams": {**IDENTITY["near"], "trivial": gram([1])}}],
            "near 0 trivial: exponents: expected 2 items, got 1",
        ),
        ([{**ONE, "half_degree": 2}], "near 0: half_degree must be an integer from 0 to 1, got 2"),
        ([{**ONE, "half_degree": -1}], "half_degree must be an integer from 0 to 1"),
        ([{**ONE, "half_degree": True}], "half_degree must be an integer"),
        ([{**ONE, "half_degree": None}], "half_degree must be an integer"),
        ([{**ONE, "half_degree": 0}], "unknown key 'standard'"),
        (
            [{"word": [], "half_degree": 0, "grams": {"trivial": IDENTITY["near"]["trivial"]}}],
            "near 0 trivial: exponents: expected 1 items, got 2",
        ),
    ],
)
def test_words_that_are_misshapen_are_refused(words: Any, message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        read_words(words, "near", 1)


def test_half_degree_that_is_left_out_is_the_largest() -> None:
    (plain,) = read_words([ONE], "near", 1)
    (stated,) = read_words([{**ONE, "half_degree": 1}], "near", 1)
    assert plain.word == stated.word
    assert plain.grams.keys() == stated.grams.keys()


def test_the_same_word_in_another_order_is_a_repetition() -> None:
    items = [{"word": word, "grams": {"trivial": gram([1])}} for word in (["q1", "l"], ["l", "q1"])]
    with pytest.raises(CertificateError, match="far 1: the word is repeated"):
        read_words(items, "far", 2)
