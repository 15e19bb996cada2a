"""What ``bosearch check`` says about a study file."""

from pathlib import Path

import pytest

from bosearch.errors import StrategyError, SurrogateError
from bosearch.io.description import Description, describe, feasible_share
from bosearch.io.study_file import load_study_file
from bosearch.space import Choice, Real, Space

STUDY = """
name = "s"
{top}
[space]
x = {{ type = "real", low = 0, high = 1 }}
{space}
[objectives]
loss = "minimize"
{end}
"""


def described(folder: Path, *, top: str = "", space: str = "", end: str = "") -> Description:
    path = folder / "study.toml"
    path.write_text(STUDY.format(top=top, space=space, end=end))
    return describe(load_study_file(path))


def test_a_plain_study_gives_no_warning_and_says_why_its_strategy(tmp_path: Path) -> None:
    told = described(tmp_path)
    assert told.warnings == ()
    assert told.size is None
    assert told.strategy != "auto"
    assert told.reasons


@pytest.mark.parametrize(
    ("words", "warning"),
    [
        ({"space": 'y = { type = "real", low = 1, high = 1e4 }'}, "log = true?"),
        ({"space": 'constraints = ["x <= 0.001"]'}, "less than 1%"),
        ({"top": 'tracked = ["loss"]'}, "loss is tracked"),
        ({"end": '[evaluator]\ntype = "command"\ncommand = "true"'}, "until it is interrupted"),
        (
            {"end": '[evaluator]\ntype = "process"\nfunction = "nowhere:f"\n[stop]\ntrials = 3'},
            "there is no nowhere.py",
        ),
        (
            {
                "end": '[evaluator]\ntype = "command"\ncommand = "true"\nworkers = 4096\n'
                "[stop]\ntrials = 3"
            },
            "fight",
        ),
    ],
)
def test_what_is_odd_gives_one_warning(words: dict[str, str], warning: str, tmp_path: Path) -> None:
    (said,) = described(tmp_path, **words).warnings
    assert warning in said


def test_a_budget_beyond_a_finite_space_gives_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'name = "s"\n[space]\nkind = { type = "choice", values = ["a", "b"] }\n'
        '[objectives]\nloss = "minimize"\n[stop]\ntrials = 3\n'
    )
    told = describe(load_study_file(path))
    assert told.size == 2
    assert "only 2 points" in told.warnings[0]


def test_the_feasible_share_is_the_area_of_the_triangle() -> None:
    triangle = Space(x=Real(0, 1), y=Real(0, 1), constraints=["x + y <= 1"])
    # 2000 points: four standard deviations of the mean of a coin are 0.045.
    assert feasible_share(triangle) == pytest.approx(0.5, abs=0.045)
    assert feasible_share(Space(x=Real(0, 1))) is None


def test_forbidden_combinations_count_as_infeasible() -> None:
    space = Space(a=Choice(["p", "q"]), b=Choice(["p", "q"]), forbidden=[{"a": "p", "b": "p"}])
    assert feasible_share(space) == pytest.approx(0.75, abs=0.04)


def test_a_wrong_option_of_a_strategy_is_found_by_check(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match="initail") as caught:
        described(tmp_path, end='[strategy]\nname = "bayes"\ninitail = 3')
    assert "initial" in str(caught.value)


def test_check_says_which_surrogate_will_be_used(tmp_path: Path) -> None:
    options = 'name = "bayes"\ninitial = 4\nsurrogate = { name = "gp" }\nswitching = 1.5'
    told = described(tmp_path, end=f"[strategy]\n{options}")
    assert "1 factor: surrogate gp after 4 Sobol points" in [text for _, text in told.lines()]
    assert any("factor of 1.5" in reason for reason in told.record()["reasons"])


def test_a_wrong_option_of_a_surrogate_is_found_by_check(tmp_path: Path) -> None:
    with pytest.raises(SurrogateError, match="colour"):
        described(
            tmp_path, end='[strategy]\nname = "bayes"\nsurrogate = { name = "gp", colour = 3 }'
        )


def test_lines_name_every_parameter_and_skip_what_is_not_there(tmp_path: Path) -> None:
    lines = described(tmp_path).lines()
    headings = [heading for heading, _ in lines]
    assert any(text.startswith("x: real") for _, text in lines)
    assert "tracked" not in headings
    assert "constraints" not in headings
