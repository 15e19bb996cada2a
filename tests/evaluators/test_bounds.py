"""Bounds as measurements: values, notes and proofs that arrive, and failures in words."""

from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from bosearch.errors import ConfigError
from bosearch.evaluators import Failed, Measured, Outcome, SdpRecipe
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


def test_recipe_checks_its_numbers() -> None:
    with pytest.raises(ConfigError, match="workers"):
        SdpRecipe(problem="two-point", dim=8, degree=13, workers=0)
