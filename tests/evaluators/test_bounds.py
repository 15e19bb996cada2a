"""Bounds as measurements: values, notes and proofs that arrive, and failures in words."""

from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from bosearch.errors import BosearchError, ConfigError
from bosearch.evaluators import Failed, Measured, Outcome, SdpRecipe
from bosearch.evaluators.bounds import three_point_density
from bosearch.study import Measurement
from bosearch.verify import verify_file
from tests.evaluators.workshop import outcome_of

LP_BOUND = (
    0.2573340191  # dimension 8, degree 13, r = sqrt 2: SDPA-GMP at 200 bits gives 0.257334019
)


def measured(folder: Path, recipe: SdpRecipe, **params: Any) -> Outcome:
    evaluator = recipe.build(folder, folder / "jobs")
    try:
        return outcome_of(evaluator, **params)
    finally:
        evaluator.close()


def test_bound_arrives_with_its_proof(tmp_path: Path) -> None:
    recipe = SdpRecipe(problem="two-point", dim=8, degree=13)
    outcome = measured(tmp_path, recipe, r=sqrt(2.0))
    assert isinstance(outcome, Measured), outcome
    density = outcome.values["density"]
    assert isinstance(density, Measurement)
    assert density.value == pytest.approx(LP_BOUND, abs=1e-9)
    assert density.value == float(density.exact or 0)
    gap = outcome.values["gap"]
    assert isinstance(gap, Measurement)
    assert 0 <= gap.value <= 1e-12
    assert outcome.notes["status"] == "optimal"
    assert outcome.notes["device"] in ("cpu", "cuda")
    assert ("device_note" in outcome.notes) == (outcome.notes["device"] == "cpu")
    proof = verify_file(tmp_path / outcome.notes["certificate"])
    assert proof.dim == 8
    assert Decimal(proof.density or "nan") == density.exact


def test_settings_may_be_searched_instead_of_fixed(tmp_path: Path) -> None:
    recipe = SdpRecipe(problem="two-point", dim=8, degree=13, certify=False, device="cpu")
    outcome = measured(tmp_path, recipe, r=sqrt(2.0), degree=5)
    assert isinstance(outcome, Measured), outcome
    density = outcome.values["density"]
    assert isinstance(density, Measurement)
    assert density.value > LP_BOUND + 1e-3  # a lower degree gives a weaker bound
    assert "certificate" not in outcome.notes
    assert "device_note" not in outcome.notes


@pytest.mark.parametrize(
    ("params", "reason"),
    [({"r": -1.0}, "r must be"), ({"r": 1.0, "degree": 12}, "odd"), ({"x": 1.0}, "'x'")],
)
def test_point_that_is_no_program_fails_in_words(
    tmp_path: Path, params: dict[str, Any], reason: str
) -> None:
    outcome = measured(tmp_path, SdpRecipe(problem="two-point", dim=8, degree=13), **params)
    assert isinstance(outcome, Failed)
    assert reason in outcome.reason
    assert not outcome.retryable


PROGRAM: dict[str, Any] = {"dim": 4, "d2": 5, "r": 1.2, "device": "cpu"}


def test_three_point_bound_arrives_with_what_it_was_made_of(tmp_path: Path) -> None:
    tokens = ["drop", "near s2", "shorter", "end"]
    # Bounds above prove_below are of no interest: none is proved.
    recipe = SdpRecipe(problem="three-point", **PROGRAM, d=2, certify="best", prove_below=0.62)
    outcome = measured(tmp_path, recipe, ratio=1.5, assembly=tokens)
    assert isinstance(outcome, Measured), outcome
    density = outcome.values["density"]
    assert isinstance(density, Measurement)
    # Never below a packing. Degree 4 in squared distances brings little: two points of
    # degree 11 give about 0.65 at this scale.
    assert 0.6168502750 < density.value < 0.66
    assert density.value == float(density.exact or 0)
    gap, seconds = outcome.values["gap"], outcome.values["cpu_s"]
    assert isinstance(gap, Measurement)
    assert isinstance(seconds, Measurement)
    assert 0 <= gap.value <= 1e-7
    assert seconds.value > 0
    assert "without near s2" in outcome.notes["assembly"]
    assert isinstance(outcome.notes["useless_words"], list)
    assert not (tmp_path / "certificates").exists()


def test_best_proof_is_kept_and_what_is_not_better_is_not_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = three_point_density(**PROGRAM, ratio=1.25, d=3, certify="best")
    again = three_point_density(**PROGRAM, ratio=1.25, d=2, certify="best")  # a weaker program
    proof = verify_file(tmp_path / first.notes["certificate"])
    assert proof.dim == 4
    assert proof.density == first.notes["proved_density"]
    numerical = first.values["density"]
    assert isinstance(numerical, Measurement)
    # The proof costs about as much as the gap of 1e-7.
    assert float(proof.density or "nan") == pytest.approx(numerical.value, rel=1e-6)
    assert "proved_density" not in again.notes
    assert "certificate" not in again.notes


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"ratio": 0.9}, "0 < r < R"),
        ({"ratio": 1.5, "d": 40}, "d must be"),
        ({"ratio": 1.5, "assembly": ["hop"]}, "'hop' is no move"),
    ],
)
def test_triples_that_are_no_program_are_refused(params: dict[str, Any], reason: str) -> None:
    with pytest.raises(BosearchError, match=reason):
        three_point_density(**{**PROGRAM, "d": 2, "certify": False, **params})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"problem": "two-point", "degree": 13, "workers": 0}, "workers"),
        ({"problem": "two-point", "degree": 13, "d2": 8}, "two-point bound has no d2"),
        ({"problem": "three-point", "degree": 13}, "three-point bound has no degree"),
        ({"problem": "two-point", "degree": 13, "certify": "best"}, "for three-point"),
        ({"problem": "three-point", "prove_below": 0.6}, "prove_below needs"),
    ],
)
def test_recipe_checks_itself(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SdpRecipe(dim=8, **settings)
