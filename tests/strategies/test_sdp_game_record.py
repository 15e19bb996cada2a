"""What trials become: targets and back, failures near and far, seconds."""

import numpy as np
import pytest

from bosearch.packing.game import Edits
from bosearch.strategies.sdp_game_record import Board, Record
from bosearch.study import Problem, minimize
from tests.strategies.games import LOW, TWO_POINT, bound, new_study, space


@pytest.fixture(scope="module")
def board() -> Board:
    return Board.of(Problem(space(), (minimize("density"),)), {"dim": 4}, LOW, TWO_POINT)


def test_targets_are_decades_above_the_best_packing(board: Board) -> None:
    assert board.target(LOW + 0.01) == pytest.approx(-2.0)
    assert board.density(board.target(0.6352)) == pytest.approx(0.6352, rel=1e-14)
    # worse than two points is no worse than two points
    assert board.target(0.9) == board.target(TWO_POINT)


def test_points_survive_the_way_to_coordinates_and_back(board: Board) -> None:
    params = {"d": 6, "d2": 11, "r": 1.21, "ratio": 1.4, "assembly": ["thinner", "end"]}
    inputs = board.inputs([params], [Edits(thinner=1)])
    assert inputs.level.tolist() == [2.0]  # above degree 4
    back = board.params(inputs.x[0], 6, ["thinner", "end"])
    assert {n: back[n] for n in ("d", "d2", "assembly")} == {
        n: params[n] for n in ("d", "d2", "assembly")
    }
    assert [back["r"], back["ratio"]] == pytest.approx([params["r"], params["ratio"]])
    assert list(back) == list(space().parameters)


def test_record_parts_bounds_from_failures_and_impossible_values(board: Board) -> None:
    study = new_study(seed=0)
    trials = study.ask(4)
    study.tell(trials[0], bound(trials[0].params))
    study.tell(trials[1], {"density": LOW - 1e-6, "cpu_s": 3.0})  # no bound can be so low
    study.fail(trials[2], "no memory")
    record = Record.of(board, study.view())
    assert (len(record.inputs), len(record.failed), len(record.pending)) == (1, 2, 1)
    assert record.count == 4


def test_success_is_doubted_where_solves_failed(board: Board) -> None:
    study = new_study(seed=0)
    good, bad = study.ask(2)
    study.tell(good, bound(good.params))
    study.fail(bad, "no memory")
    record = Record.of(board, study.view())
    at = board.inputs([good.params, bad.params], [Edits(), Edits()])
    success = record.success(at)
    assert success[0] > 0.9
    assert success[1] < 0.6
    far = board.inputs([{**bad.params, "d": 8}], [Edits()])
    # three degrees away, one solve counts for exp(-9/2), and what is left is the prior
    assert record.success(far)[0] == pytest.approx(0.95, abs=0.02)


def test_seconds_grow_with_the_degree_and_follow_the_record(board: Board) -> None:
    study = new_study(seed=0)
    for trial in study.ask(3):
        study.tell(trial, {**bound(trial.params), "cpu_s": 100.0})
    record = Record.of(board, study.view())
    params = [board.params(np.full(board.p, 0.5), d, ["end"]) for d in board.degrees]
    seconds = [record.seconds(p, Edits()) for p in params]
    assert seconds == sorted(seconds)
    assert 50 < seconds[0] < 200


def test_what_was_asked_for_is_known_again(board: Board) -> None:
    study = new_study(seed=0)
    told, failed, pending = study.ask(3)
    study.tell(told, bound(told.params))
    study.fail(failed, "no memory")
    record = Record.of(board, study.view())
    asked = [dict(trial.params) for trial in (told, failed, pending)]
    assert record.made(board.inputs(asked, [Edits()] * 3)).all()
    others = [{**asked[0], "d": 8}, {**asked[0], "ratio": 1.2345}]
    assert not record.made(board.inputs(others, [Edits()] * 2)).any()
    for edited in (Edits(thinner=1), Edits(lowered=("far l",))):
        assert not record.made(board.inputs(asked, [edited] * 3)).any()


def test_the_ratio_of_the_radii_is_expected_to_matter_most(board: Board) -> None:
    scales = dict(zip(board.reals.parameters, board.scales, strict=True))
    assert scales["ratio"] < scales["r"] < scales["d2"]
