"""Tables of measurements: what an export wrote comes back, and what is wrong is said by line."""

import io
from decimal import Decimal
from pathlib import Path

import pytest

from bosearch.errors import BosearchError, ConfigError, ParameterError, TellError
from bosearch.io.export import write_trials
from bosearch.io.table import measurement, read_point, read_results
from bosearch.space import Choice, Integer, Real, Sequence, Space
from bosearch.study import Measurement, Problem, Trial, TrialState, maximize, minimize

SPACE = Space(
    x=Real(0, 1),
    n=Integer(1, 3),
    kind=Choice(["a", "b,c", 1, False]),
    site=Sequence("0123", 4),
    state=Choice(["solid", "liquid"]),
)
PROBLEM = Problem(SPACE, (minimize("loss"), maximize("gain")), tracked=("seconds",))
EXACT = Decimal("3.14159265358979323846264338327950288")
LINE = "x,n,kind,site,param_state,loss,gain\n"


def point(**changed: object) -> dict[str, object]:
    return {"x": 0.1 + 0.2, "n": 2, "kind": "b,c", "site": "0012", "state": "solid", **changed}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "results.csv"


def test_an_export_is_read_back_digit_for_digit(written: Path) -> None:
    measured = {"loss": Measurement(float(EXACT), 1e-300, EXACT), "gain": Measurement(-0.0)}
    more = {**measured, "seconds": Measurement(1e22, 0.5)}
    points = [point(), point(kind=1, n=3), point(kind=False, state="liquid")]
    trials = [
        Trial(0, points[0], TrialState.COMPLETED, values=measured),
        Trial(1, points[1], TrialState.COMPLETED, values=more),
        Trial(2, points[0], TrialState.FAILED, reason='two\nlines, "quoted"'),
        Trial(3, points[2], TrialState.COMPLETED, values=measured),
    ]
    stream = io.StringIO()
    write_trials(trials, PROBLEM, stream, format="csv")
    written.write_text(stream.getvalue())
    found = read_results(written, PROBLEM)
    assert list(found.rows) == [(points[0], measured), (points[1], more), (points[2], measured)]
    assert [type(params["kind"]) for params, _ in found.rows] == [str, int, bool]
    assert (found.skipped, found.ignored) == (1, ())


def test_a_table_of_a_laboratory_needs_no_more_than_parameters_and_metrics(written: Path) -> None:
    header = "operator,gain,loss,loss_sem,x,n,kind,site,param_state\n"
    written.write_text("\ufeff" + header + "Ada, 2 ,0.5,,0.25,1,1.0,0123,liquid\n", "utf-8")
    found = read_results(written, PROBLEM)
    values = {"loss": Measurement(0.5), "gain": Measurement(2.0)}
    assert list(found.rows) == [(point(x=0.25, n=1, kind=1, site="0123", state="liquid"), values)]
    assert found.ignored == ("operator",)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", ConfigError, "no column 'x' among none"),
        (
            LINE.replace("loss", "los"),
            ConfigError,
            "no column 'loss' .*\n  hint: did you mean 'los'",
        ),
        (LINE.replace(",", ";"), ConfigError, "separated by commas"),
        (LINE + "0.5,2,a,0012,solid,1\n", ConfigError, "line 2: expected 7 cells, got fewer"),
        (LINE + "0.5,2,b,c,0012,solid,1,2\n", ConfigError, "line 2: expected 7 cells, got more"),
        (LINE + "2.5,2,a,0012,solid,1,2\n", ParameterError, "line 2: parameter 'x'"),
        (LINE + "half,2,a,0012,solid,1,2\n", ParameterError, "line 2: parameter 'x'"),
        (LINE + "0.5,2,d,0012,solid,1,2\n", ParameterError, "line 2: parameter 'kind'"),
        (LINE + "0.5,2,a,0012,solid,1,2\n" * 2 + "0.5,2,a,0012,solid,1,\n", TellError, "line 4: "),
        (LINE + "0.5,2,a,0012,solid,much,2\n", TellError, "line 2: expected a number, got 'much'"),
        (LINE + "0.5,2,a,0012,solid,nan,2\n", TellError, "line 2: "),
    ],
)
def test_what_is_wrong_is_said_by_line(
    written: Path, text: str, kind: type[BosearchError], message: str
) -> None:
    written.write_text(text)
    with pytest.raises(kind, match=message):
        read_results(written, PROBLEM)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.csv", "binary.csv"):
        with pytest.raises(ConfigError, match=f"cannot read .*{name}"):
            read_results(tmp_path / name, PROBLEM)


def test_words_state_a_point() -> None:
    words = ["kind=b,c", "x=0.5", "n=3", "site=0012", "state=liquid"]
    assert read_point(words, SPACE) == point(x=0.5, n=3, state="liquid")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x"], "cannot read the parameter 'x'\n  hint: write name=value, once for each of x, n"),
        (["x=0.5", "x=0.6"], "'x=0.6' a second time"),
        (["x=0.5"], "n"),
        (["x=0.5", "n=3", "kind=a", "site=0012", "state=liquid", "y=1"], "'y'"),
        (["x=", "n=3", "kind=a", "site=0012", "state=liquid"], "'x'"),
    ],
)
def test_words_that_state_no_point_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        read_point(words, SPACE)


def test_a_measurement_keeps_the_digits_that_a_float_cannot() -> None:
    assert measurement(str(EXACT), "0.5") == Measurement(float(EXACT), 0.5, EXACT)
    assert measurement("0.1") == Measurement(0.1)
    for value, sem in (("", ""), ("one", ""), ("1", "two")):
        with pytest.raises(ValueError, match=r"."):
            measurement(value, sem)
