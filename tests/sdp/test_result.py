from dataclasses import replace

from flint import fmpq

from bosearch.sdp import solve
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.result import MEANING, Errors, Status
from tests.sdp.helpers import pentagon


def test_decimals_are_those_of_all_limbs() -> None:
    result = solve(pentagon())
    third = MultiFloat.from_exact(fmpq(1, 3), 4)
    shown = replace(result, primal=third, dual=-third).decimal(60)
    assert shown == ("0." + "3" * 60, "-0." + "3" * 60)


def test_every_status_says_what_happened_and_what_to_try() -> None:
    assert set(MEANING) == set(Status)
    hints = {status for status, text in MEANING.items() if ":" in text}
    assert hints == set(Status) - {Status.optimal}


def test_the_dual_error_is_the_larger_of_its_two_parts() -> None:
    errors = Errors(rows=3.0, free=1.0, slack=2.0)
    assert errors.dual == 2.0
    assert errors.worst == 3.0


def test_a_result_never_claims_to_be_certified() -> None:
    result = solve(pentagon())
    assert not result.certified
    assert not result.screen
    assert result.message.startswith("optimal: ")
