"""What was built, in the report: every state once, the best result below it, in words."""

import pytest

from bosearch.report import constructions
from bosearch.report.page import render
from bosearch.report.parameters import landscape
from bosearch.space import Construction, Real, Space
from bosearch.study import Measurement, Problem, Trial, TrialState, minimize

ASSEMBLY = Construction("bosearch.packing.game:AssemblyGrammar")
PROBLEM = Problem(Space(r=Real(1, 2), ratio=Real(1, 2), a=ASSEMBLY), (minimize("density"),))
FOREIGN = Problem(Space(r=Real(1, 2), a=Construction("elsewhere:Grammar")), (minimize("density"),))


def measured(number: int, density: float, tokens: list[str]) -> Trial:
    return Trial(
        number,
        {"r": 1.2, "ratio": 1.4, "a": tokens},
        TrialState.COMPLETED,
        values={"density": Measurement(density)},
        asked_at=1e9,
        finished_at=1e9 + 5,
    )


TRIALS = [
    measured(0, 0.65, ["end"]),
    measured(1, 0.64, ["drop", "near s3", "shorter", "end"]),
    measured(2, 0.66, ["shorter", "drop", "near s3", "end"]),  # the same, in another order
]


def test_graph_shows_each_state_once_with_the_best_result_below() -> None:
    fig = constructions.search_graph(PROBLEM, PROBLEM.objectives[0], "a", TRIALS)
    edges, states = fig.data
    # root, end | drop, -near s3, both, end | shorter, shorter + drop: transpositions meet
    assert len(states.x) == 8
    assert len(edges.x) == 3 * 8  # a line and a gap for each move
    values = list(states.marker.color)
    assert states.x[0] == 0.0
    assert values[0] == 0.64  # of the root: the best of all
    assert sorted(states.marker.symbol).count("circle-open") == 2  # two assemblies


def test_tokens_show_what_was_measured_with_them() -> None:
    fig = constructions.tokens(PROBLEM, PROBLEM.objectives[0], "a", TRIALS)
    shown = {trace.name: sorted(trace.y) for trace in fig.data}
    assert shown["end"] == [0.64, 0.65, 0.66]
    assert shown["near s3"] == [0.64, 0.66]


def test_landscape_needs_two_real_parameters() -> None:
    (objective,) = PROBLEM.objectives
    fig = landscape(PROBLEM, objective, TRIALS)
    assert fig is not None
    assert list(fig.data[0].marker.color) == [0.65, 0.64, 0.66]
    assert landscape(FOREIGN, objective, TRIALS) is None


def test_page_tells_the_best_construction_in_words() -> None:
    page = render(PROBLEM, TRIALS, name="game", facts={})
    assert "complete assembly: without near s3; kernels up to k = 1.75 d" in page
    assert "Search graph of a" in page


def test_grammar_whose_code_is_elsewhere_is_left_out() -> None:
    assert constructions.readable(FOREIGN) == {}
    trial = Trial(
        0,
        {"r": 1.2, "a": ["x"]},
        TrialState.COMPLETED,
        values={"density": Measurement(0.5)},
        asked_at=1e9,
        finished_at=2e9,
    )
    page = render(FOREIGN, [trial], name="game", facts={})
    assert "Search graph" not in page


@pytest.mark.parametrize("count", [1, 30])
def test_graph_of_any_size_is_drawn(count: int) -> None:
    trials = [measured(i, 0.6 + 0.001 * i, TRIALS[i % 3].params["a"]) for i in range(count)]
    fig = constructions.search_graph(PROBLEM, PROBLEM.objectives[0], "a", trials)
    assert fig.to_json()
