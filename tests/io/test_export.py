"""Exports read back to what was measured, digit for digit."""

import csv
import io
import json
from decimal import Decimal

from bosearch.io.export import Format, write_trials
from bosearch.space import Choice, Integer, Real, Space
from bosearch.study import Measurement, Problem, Trial, TrialState, minimize

PROBLEM = Problem(
    Space(x=Real(0, 1), n=Integer(1, 3), kind=Choice(["a", "b,c"])),
    (minimize("loss"),),
    tracked=("seconds",),
)
AWKWARD = 0.1 + 0.2  # 0.30000000000000004: its digits are easily lost
EXACT = Decimal("3.14159265358979323846264338327950288")
TRIALS = [
    Trial(
        0,
        {"x": AWKWARD, "n": 2, "kind": "b,c"},
        TrialState.COMPLETED,
        values={"loss": Measurement(float(EXACT), 1e-300, EXACT)},
        provenance={"strategy": "bayes", "value": -1.5},
        asked_at=0.5,
        finished_at=86400.25,
    ),
    Trial(
        1,
        {"x": 0.5, "n": 1, "kind": "a"},
        TrialState.FAILED,
        attempt=2,
        reason='broke: "quoted",\nin two lines é',
    ),
]


def exported(format: Format) -> str:
    stream = io.StringIO()
    write_trials(TRIALS, PROBLEM, stream, format=format)
    return stream.getvalue()


def test_csv_keeps_every_digit_and_every_word() -> None:
    first, second = csv.DictReader(io.StringIO(exported("csv")))
    assert float(first["x"]) == AWKWARD
    assert (first["n"], first["kind"], first["state"]) == ("2", "b,c", "completed")
    assert Decimal(first["loss"]) == EXACT
    assert float(first["loss_sem"]) == 1e-300
    assert first["seconds"] == ""
    assert json.loads(first["provenance"]) == {"strategy": "bayes", "value": -1.5}
    assert first["asked_at"] == "1970-01-01T00:00:00.500+00:00"
    assert first["finished_at"] == "1970-01-02T00:00:00.250+00:00"
    assert second["reason"] == TRIALS[1].reason
    assert (second["attempt"], second["loss"], second["finished_at"]) == ("2", "", "")


def test_json_lines_keep_every_digit_and_every_word() -> None:
    first, second = map(json.loads, exported("jsonl").splitlines())
    assert first["params"] == {"x": AWKWARD, "n": 2, "kind": "b,c"}
    assert first["values"]["loss"]["sem"] == 1e-300
    assert Decimal(first["values"]["loss"]["exact"]) == EXACT
    assert second["reason"] == TRIALS[1].reason
    assert second["values"] == {}


def test_a_parameter_called_like_a_column_keeps_one_of_its_own() -> None:
    problem = Problem(Space(state=Real(0, 1)), (minimize("loss"),))
    stream = io.StringIO()
    trial = Trial(0, {"state": 0.25}, TrialState.RUNNING)
    write_trials([trial], problem, stream, format="csv")
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert (row["state"], row["param_state"]) == ("running", "0.25")
