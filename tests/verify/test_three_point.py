"""A three-point bound that is true is proved; what is changed so that it matters is refused."""

import json
import random
from fractions import Fraction
from math import gamma, pi
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosearch.errors import CertificateError
from bosearch.packing import three_point
from bosearch.verify import verify
from tests.verify.certificates import Path, changed, copy, leaves
from tests.verify.rebuilt import Rebuilt

Array = NDArray[np.float64]

TWO_POINTS = 0.6479222770  # at the same degree and scale
POINTS = 10**6


@pytest.fixture(scope="module")
def certificate() -> dict[str, Any]:
    bound = three_point(4, 3, 8, 1.2, 1.5, certify=True)
    assert bound.certificate is not None
    made: dict[str, Any] = json.loads(json.dumps(bound.certificate))
    return made


@pytest.fixture(scope="module")
def rebuilt(certificate: dict[str, Any]) -> Rebuilt:
    return Rebuilt(certificate)


def test_it_proves_more_than_two_points_do(certificate: dict[str, Any]) -> None:
    proof = verify(certificate)
    assert proof.kind == "three-point"
    assert proof.dim == 4
    assert proof.density is not None
    assert float(proof.density) < TWO_POINTS - 1e-4
    assert float(proof.density) == pytest.approx(0.646937979552, abs=5e-9)  # by another solver
    assert proof.statement == (
        f"Every packing of equal balls in dimension 4 has density at most {proof.density}."
    )


def triples(rebuilt: Rebuilt, low: float, high: float, seed: int) -> tuple[Array, Array, Array]:
    """Side lengths of triangles: two in ``[r, R]``, the third in ``[low, high]``."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(rebuilt.r, rebuilt.R, (2, 4 * POINTS))
    c = rng.uniform(low, high, 4 * POINTS)
    exists = c <= a + b
    return a[exists][:POINTS], b[exists][:POINTS], c[exists][:POINTS]


ROUNDING = 1e-10  # of doubles; the slack is 4e-15


def test_audit_of_the_transform(rebuilt: Rebuilt) -> None:
    length = np.linspace(0.0, 6.0, POINTS)
    assert rebuilt.f2(length, transform=True).min() > -ROUNDING


def test_audit_of_long_pairs(rebuilt: Rebuilt) -> None:
    assert rebuilt.f2(np.linspace(rebuilt.R, 6.0, POINTS)).max() < ROUNDING


def test_audit_of_pairs(rebuilt: Rebuilt) -> None:
    a = np.linspace(rebuilt.r, rebuilt.R, POINTS)
    ones = np.ones_like(a)
    values = rebuilt.f2(a) + rebuilt.f3(a, a, ones) + 2 * rebuilt.f3(a, 0 * a, ones)
    assert -1e-5 < values.max() < ROUNDING


def test_audit_of_near_triples(rebuilt: Rebuilt) -> None:
    a, b, c = triples(rebuilt, rebuilt.r, rebuilt.R, seed=1)
    assert len(a) == POINTS
    values = rebuilt.triple(a, b, c) + rebuilt.triple(a, c, b) + rebuilt.triple(b, c, a)
    assert values.max() < ROUNDING


def test_audit_of_far_triples(rebuilt: Rebuilt) -> None:
    a, b, c = triples(rebuilt, rebuilt.R, 2 * rebuilt.R, seed=2)
    assert len(a) == POINTS
    assert rebuilt.triple(a, b, c).max() < ROUNDING


def test_audit_of_the_kernel_and_the_density(rebuilt: Rebuilt, certificate: dict[str, Any]) -> None:
    for F in rebuilt.kernels:
        assert F is None or np.linalg.eigvalsh(F).min() > -1e-12
    zero, one = np.zeros(1), np.ones(1)
    ratio = (rebuilt.f2(zero) + rebuilt.f3(zero, zero, one)) / rebuilt.f2(zero, transform=True)
    volume = pi**2 / gamma(3) * (rebuilt.r / 2) ** 4
    assert volume * float(ratio[0]) == pytest.approx(float(certificate["density"]), rel=1e-10)


def digits_that_matter(certificate: dict[str, Any]) -> list[tuple[Path, str, int]]:
    """All digits of ``f2``, whose identity is exact, and those of others that are worth 1e-9.

    The slack is 4e-15, and polynomials have size one. Diagonals have a test of their own.
    """
    places = []
    for path, text in leaves(certificate):
        if not isinstance(text, str) or text == "0":
            continue
        digits = [i for i, c in enumerate(text) if c != "-"]
        if path[0] == "grams":
            places += [(path, text, i) for i in digits]
        elif path[0] in ("near", "far", "kernels") and "lower" in path:
            exponents = certificate
            for key in path[: path.index("lower")]:
                exponents = exponents[key]  # type: ignore[index]
            row, column = int(path[-2]) + 1, int(path[-1])
            unit = 2.0 ** (exponents["exponents"][row] + exponents["exponents"][column])
            places += [
                (path, text, i) for i in digits if unit * 16.0 ** (len(text) - 1 - i) >= 1e-9
            ]
    return places


def test_every_changed_digit_that_matters_is_refused(certificate: dict[str, Any]) -> None:
    rng = random.Random(0)
    places = digits_that_matter(certificate)
    others = [place for place in places if place[0][0] != "grams"]
    assert len(others) > 300
    for path, text, i in rng.sample(places, 120) + rng.sample(others, 100):
        digit = rng.choice([d for d in "123456789abcdef" if d != text[i]])
        with pytest.raises(CertificateError):
            verify(changed(certificate, path, text[:i] + digit + text[i + 1 :]))


def test_larger_diagonals_of_sums_of_squares_are_refused(certificate: dict[str, Any]) -> None:
    """Smaller ones make the bound on triples stronger, as long as they remain psd."""
    places = [
        (path, text)
        for path, text in leaves(certificate)
        if path[0] in ("near", "far") and "diagonal" in path and isinstance(text, str)
    ]
    for path, text in random.Random(0).sample(places, 20):
        with pytest.raises(CertificateError, match="is not proved"):
            verify(changed(certificate, path, "f" * 8 + text))


def test_every_changed_integer_is_refused(certificate: dict[str, Any]) -> None:
    for path, value in leaves(certificate):
        if isinstance(value, int) and path[0] not in ("made_by", "near", "far", "kernels"):
            for other in (value + 1, value - 1):
                with pytest.raises(CertificateError):
                    verify(changed(certificate, path, other))


@pytest.mark.parametrize("key", ["rho", "outer", "unit"])
def test_another_radius_or_unit_is_refused(certificate: dict[str, Any], key: str) -> None:
    value = Fraction(certificate[key])
    for factor in (Fraction(1, 2), Fraction(99, 100), 1 - Fraction(1, 10**6)):
        for other in (value * factor, value / factor):
            made = changed(certificate, (key,), str(other.limit_denominator(2**50)))
            with pytest.raises(CertificateError):
                verify(made)


def test_smaller_balls_are_not_bounded_even_at_a_weaker_density(
    certificate: dict[str, Any],
) -> None:
    made = changed(certificate, ("density",), "0.99")
    assert verify(made).density == "0.99"
    for key, factor in (("rho", Fraction(9, 10)), ("outer", Fraction(11, 10))):
        value = (Fraction(certificate[key]) * factor).limit_denominator(2**40)
        with pytest.raises(CertificateError, match=r"not proved|not strict|identity"):
            verify(changed(made, (key,), str(value)))


@pytest.mark.parametrize("less", [1, 10, 10**5])
def test_a_density_that_is_a_little_lower_is_refused(
    certificate: dict[str, Any], less: int
) -> None:
    claim = certificate["density"]
    whole, part = claim.split(".")
    lower = f"{whole}.{int(part) - less:0{len(part)}d}"
    with pytest.raises(CertificateError, match="density is not proved"):
        verify(changed(certificate, ("density",), lower))


def test_words_cannot_change_places(certificate: dict[str, Any]) -> None:
    made = copy(certificate)
    first, second = made["near"][1], made["near"][4]
    assert first["word"] != second["word"]
    first["word"], second["word"] = second["word"], first["word"]
    with pytest.raises(CertificateError):
        verify(made)
    made = copy(certificate)
    made["near"], made["far"] = made["far"], made["near"]
    with pytest.raises(CertificateError, match="near 0: grams"):
        verify(made)


@pytest.mark.parametrize("kind", ["near", "far"])
def test_no_word_can_be_left_out(certificate: dict[str, Any], kind: str) -> None:
    for i in range(len(certificate[kind])):
        made = copy(certificate)
        del made[kind][i]
        with pytest.raises(CertificateError, match=f"{kind} triples is not proved"):
            verify(made)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("dim",), 1, "dim must be an integer from 2"),
        (("dim",), 65, "dim must be an integer"),
        (("d",), 2, "expected 1 to 5 items"),
        (("d",), 4, "expected"),
        (("d",), 10**9, "d must be an integer from 1 to 16"),
        (("degree",), 16, "degree must be odd"),
        (("degree",), 15, "expected 8 items"),
        (("rho",), "0", "rho must be positive"),
        (("rho",), "1" * 3000, "rho must be positive and short"),
        (("rho",), "14137/100", "rho must be less than outer"),
        (("outer",), "NaN", "rational"),
        (("unit",), "-1", "unit must be positive"),
        (("density",), "nan", "a decimal such as"),
        (("grams",), [], "grams: expected an object"),
        (("kernels",), [None] * 7, "at least one matrix"),
        (("kernels", 0), [], "kernels: 0: expected an object"),
        (("near",), None, "near: expected a list"),
        (("near", 0, "word"), ["s9"], "a word consists of"),
        (("near", 0, "word"), ["G"], "the word is repeated|unknown key|expected"),
        (("far", 1, "grams"), {}, "is missing"),
    ],
)
def test_what_is_out_of_range_is_refused(
    certificate: dict[str, Any], path: Path, value: Any, message: str
) -> None:
    with pytest.raises(CertificateError, match=message):
        verify(changed(certificate, path, value))
