"""What is true is proved; whatever is changed, cut off or misspelt is refused with one error."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bosearch.errors import CertificateError
from bosearch.packing import two_point
from bosearch.sdp.polynomials import sos_lower_bound
from bosearch.verify import IGNORED, Proof, verify, verify_file
from tests.verify.certificates import changed, copy, degree_one, leaves, nodes, parabola

MOTZKIN = "x^4*y^2 + x^2*y^4 - 3*x^2*y^2 + 1"


@pytest.fixture(scope="module")
def packing() -> dict[str, Any]:
    bound = two_point(8, 9, r="natural", certify=True)
    assert bound.certificate is not None
    return bound.certificate


@pytest.fixture(scope="module")
def polynomial() -> dict[str, Any]:
    bound = sos_lower_bound(MOTZKIN, multiplier=1)
    assert bound.certificate is not None
    return bound.certificate


@pytest.fixture(params=["packing", "polynomial"])
def certificate(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = request.getfixturevalue(request.param)
    return made


def other_digit(text: str, at: int, rng: random.Random) -> str:
    digits = "0123456789abcdef" if any(c in "abcdef" for c in text) else "0123456789"
    return text[:at] + rng.choice([d for d in digits if d != text[at]]) + text[at + 1 :]


def matters(path: tuple[str | int, ...]) -> bool:
    return path[0] not in IGNORED and path[0] not in ("variables", "density")


def test_every_changed_digit_is_refused(certificate: dict[str, Any]) -> None:
    rng = random.Random(0)
    verify(certificate)
    places = [
        (path, value, i)
        for path, value in leaves(certificate)
        if matters(path) and isinstance(value, str)
        for i, digit in enumerate(value)
        if digit not in "-/"
    ]
    assert len(places) > 300
    for path, value, i in rng.sample(places, 300):
        with pytest.raises(CertificateError):
            verify(changed(certificate, path, other_digit(value, i, rng)))


def test_every_changed_sign_and_integer_is_refused(certificate: dict[str, Any]) -> None:
    for path, value in leaves(certificate):
        if matters(path) and isinstance(value, int):
            for other in (value + 1, value - 1, -value or 1, value + 2, 2 * value or 3):
                if other != value:
                    with pytest.raises(CertificateError):
                        verify(changed(certificate, path, other))
        elif matters(path) and path[0] in ("grams", "gram", "bound", "rho"):
            with pytest.raises(CertificateError):
                verify(changed(certificate, path, value[1:] if value[0] == "-" else "-" + value))


def test_a_density_below_the_proved_one_is_refused_by_its_last_digit(
    packing: dict[str, Any],
) -> None:
    claim = packing["density"]
    places = len(claim) - claim.index(".") - 1
    units = int(claim.replace(".", ""))
    for less in (1, 2, 10**5, units // 2):
        smaller = f"{units - less:0{places + 1}d}"
        with pytest.raises(CertificateError, match="density is not proved"):
            verify(changed(packing, ("density",), f"{smaller[:-places]}.{smaller[-places:]}"))
    weaker = verify(changed(packing, ("density",), "0.9"))  # a weaker claim is true as well
    assert weaker.density == "0.9"


def test_swapped_matrices_and_exchanged_rows_are_refused(packing: dict[str, Any]) -> None:
    made = copy(packing)
    grams = made["grams"]
    grams["sigma0"], grams["tau0"] = grams["tau0"], grams["sigma0"]
    with pytest.raises(CertificateError, match="does not hold"):
        verify(made)
    made = copy(packing)
    for row in made["grams"]["sigma0"].values():
        row.reverse()
    with pytest.raises(CertificateError):
        verify(made)


def test_only_the_listed_keys_do_not_matter(certificate: dict[str, Any]) -> None:
    assert IGNORED == ("statement", "made_by")
    proof = verify(certificate)
    for key in IGNORED:
        assert verify(changed(certificate, (key,), {"anything": [1e999, None]})) == proof
        without = copy(certificate)
        del without[key]
        assert verify(without) == proof
    assert verify(changed(certificate, ("statement",), "P = NP")).statement == proof.statement


def test_every_missing_or_unknown_key_is_refused_by_name(certificate: dict[str, Any]) -> None:
    for path in nodes(certificate):
        if not path or path[0] in IGNORED or not isinstance(path[-1], str):
            continue
        made = copy(certificate)
        at: Any = made
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]
        with pytest.raises(CertificateError, match=f"key '{path[-1]}' is missing"):
            verify(made)
        at["Extra"] = at[path[-1]] = 0
        with pytest.raises(CertificateError):
            verify(made)
    with pytest.raises(CertificateError, match="unknown key 'extra'"):
        verify({**certificate, "extra": 1})


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        0,
        1.0,
        float("nan"),
        "",
        "x",
        "0x1",
        " 1",
        "1_0",
        "٣",
        [],
        {},
        [[]],
        "9" * 9000,
    ],
    ids=repr,
)
def test_no_value_of_another_kind_gets_through(certificate: dict[str, Any], value: Any) -> None:
    rng = random.Random(1)
    places = [path for path in nodes(certificate) if path and matters(path)]
    for path in rng.sample(places, min(60, len(places))):
        made = changed(certificate, path, value)
        if made == certificate and repr(made) == repr(certificate):
            continue
        with pytest.raises(CertificateError):
            verify(made)


@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"format": "other"}, [{}]])
def test_what_is_no_certificate_is_refused(value: Any) -> None:
    with pytest.raises(CertificateError):
        verify(value)


def test_another_version_or_kind_is_refused_by_name() -> None:
    with pytest.raises(CertificateError, match="version must be an integer from 1 to 1, got 2"):
        verify({**parabola(), "version": 2})
    with pytest.raises(CertificateError, match="kind must be 'two-point' or"):
        verify({**parabola(), "kind": "four-point"})


def test_a_file_cut_off_anywhere_is_refused(certificate: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    text = json.dumps(certificate)
    path.write_text(text)
    assert verify_file(path) == verify(certificate)
    for end in range(0, len(text), max(1, len(text) // 50)):
        path.write_text(text[:end])
        with pytest.raises(CertificateError, match="is not JSON"):
            verify_file(path)


def test_proofs_say_what_was_proved() -> None:
    assert verify(degree_one()) == Proof(
        kind="two-point",
        statement="Every packing of equal balls in dimension 8 has density at most 1.0.",
        dim=8,
        density="1.0",
    )
    proof = verify(parabola())
    assert proof.statement == "x^2 - x*y + y^2 - 1/2*y + 1 >= 3/4 for all real (x, y)."


def test_the_checker_runs_without_torch_numpy_and_solver() -> None:
    code = "import bosearch.verify, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = loaded.stdout.split()
    assert not {"torch", "numpy", "scipy", "bosearch.sdp", "bosearch.packing"} & set(modules)
