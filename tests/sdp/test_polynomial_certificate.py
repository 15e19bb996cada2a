"""Residuals are spread evenly and exactly."""

import random

from flint import fmpq, fmpz

from bosearch.sdp.polynomial_certificate import spread
from bosearch.sdp.polynomial_program import products_of
from bosearch.sdp.rounding import DyadicGram


def test_spread_makes_any_integer_identity_exact() -> None:
    rng = random.Random(2)
    basis = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    n = len(basis)
    products = products_of(basis)
    for _ in range(20):
        left = {m: fmpq(rng.randint(-50, 50)) for m in products}
        lower = tuple(tuple(fmpz(rng.randint(-99, 99)) for _ in range(i)) for i in range(1, n))
        gram = DyadicGram((-3,) * n, lower, tuple(fmpq(rng.randint(0, 99), 64) for _ in range(n)))
        made = spread(left, gram, basis)
        for monomial, pairs in products.items():
            total = sum((made.entry(i, j) * (1 if i == j else 2) for i, j in pairs), fmpq(0))
            assert total == left[monomial]
            moved = [abs(made.entry(i, j) - gram.entry(i, j)) for i, j in pairs]
            assert max(moved) - min(moved) <= fmpq(2 * len(pairs) + 2, 64)
