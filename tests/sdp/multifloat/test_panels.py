import pytest

from bosearch.sdp.multifloat import gram
from bosearch.sdp.multifloat.panels import symmetric
from tests.sdp.multifloat.helpers import numbers, unit


@pytest.mark.parametrize("limbs", [1, 2, 3])
@pytest.mark.parametrize("shape", [(5, 3), (2, 300, 4), (0, 3)])
def test_a_gram_matrix_is_the_product(limbs: int, shape: tuple[int, ...]) -> None:
    A = numbers(1, shape, limbs)
    found = gram(A)
    missed = (found - A @ A.mT).to_double().abs()
    # A few units of the largest entries, which are below 4.
    assert not missed.numel() or missed.max() < 100 * shape[-1] * unit(limbs) * 16


def test_only_the_lower_half_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = "bosearch.sdp.multifloat.panels.at_once"
    monkeypatch.setattr(at_once, lambda entries, like: entries)
    A = numbers(2, (900, 4), 2)
    made: list[tuple[int, int]] = []

    def product(rows: slice, columns: slice):  # type: ignore[no-untyped-def]
        made.append((rows.stop - rows.start, columns.stop))
        return A[rows] @ A[columns].mT

    symmetric(A, product)
    assert sum(rows for rows, _ in made) == 900
    assert sum(rows * columns for rows, columns in made) < 0.6 * 900**2
