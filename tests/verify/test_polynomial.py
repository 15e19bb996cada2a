"""Lower bounds that a person can prove."""

from fractions import Fraction
from typing import Any

import pytest

from bosearch.errors import CertificateError
from bosearch.verify import verify
from tests.verify.certificates import changed, gram, parabola


def sphere() -> dict[str, Any]:
    """``x^2 - x y + y^2`` is at least 1/2 on the circle: 1/4 of it can be proved strictly."""
    return {
        **parabola(),
        "domain": "sphere",
        "terms": [[[2, 0], "1"], [[1, 1], "-1"], [[0, 2], "1"]],
        "multiplier": 1,
        "bound": "1/4",
        # 4 (x^2 + y^2) (3/4 x^2 - x y + 3/4 y^2) = 3x^4 - 4x^3 y + 6 x^2 y^2 - 4 x y^3 + 3 y^4
        "basis": [[2, 0], [1, 1], [0, 2]],
        "gram": gram([3], [-2, 4], [1, -2, 3]),
    }


def test_bounds_proved_by_hand_are_accepted() -> None:
    assert verify(parabola()).bound == Fraction(3, 4)
    proof = verify(sphere())
    assert proof.bound == Fraction(1, 4)
    assert proof.statement == "x^2 - x*y + y^2 >= 1/4 for all real (x, y) of norm 1."


def test_a_bound_above_the_minimum_is_refused_although_its_identity_holds() -> None:
    # The minimum is 11/12; less 1 the constant coefficient is 0, so G[0][0] = 0.
    made = changed(changed(parabola(), ("bound",), "1"), ("gram",), gram([0], [0, 4], [-1, -2, 4]))
    with pytest.raises(CertificateError, match="gram is not positive definite: pivot 0"):
        verify(made)


def test_a_singular_matrix_is_not_proved() -> None:
    # 4 p - 11/3 is a square plus nothing: scale by 3 to keep integers.
    made = changed(parabola(), ("bound",), "11/12")
    made["scale"], made["gram"] = 12, gram([1], [0, 12], [-3, -6, 12])
    with pytest.raises(CertificateError, match=r"not positive definite|is 0 to"):
        verify(made)


def test_on_the_sphere_only_forms_of_even_degree_are_bounded() -> None:
    for terms in ([[[2, 0], "1"], [[0, 0], "1"]], [[[1, 0], "1"]]):
        with pytest.raises(CertificateError, match="a form of even degree"):
            verify(changed(sphere(), ("terms",), terms))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("domain",), "torus", "domain must be 'space' or 'sphere', got 'torus'"),
        (("variables",), [], "variables: expected 1 to 16 items, got 0"),
        (("variables",), ["x", "x"], "variables must differ"),
        (("variables",), ["x", "import os"], "variables must be names"),
        (("terms",), [], "terms: expected 1 to"),
        (("terms", 0), [[0, 0]], "term 0: expected 2 items, got 1"),
        (("terms", 0), [[0, 1], "1"], "term 1: its monomial is repeated"),
        (("terms", 0), [[0, 0], "0"], "term 0 is zero"),
        (("terms", 0), [[0, 0, 0], "1"], "term 0: expected 2 items, got 3"),
        (("terms", 0), [[0, -1], "1"], "term 0 must be an integer from 0"),
        (("multiplier",), 17, "multiplier must be an integer from 0 to 16"),
        (("scale",), 0, "scale must be an integer from 1"),
        (("scale",), 10**4000, "scale must be an integer from 1"),
        (("basis",), [[0, 0]] * 301, "basis: expected 1 to 300 items, got 301"),
        (("bound",), "6/8", "lowest terms"),
    ],
)
def test_what_is_out_of_range_is_refused(path: Any, value: Any, message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        verify(changed(parabola(), path, value))


def test_work_is_bounded_before_it_is_done() -> None:
    made = changed(parabola(), ("variables",), [f"x{i}" for i in range(16)])
    made["terms"] = [[[i % 7, i // 7] + [0] * 14, "1"] for i in range(40)]
    made["multiplier"] = 16
    with pytest.raises(CertificateError, match="too large"):
        verify(made)
