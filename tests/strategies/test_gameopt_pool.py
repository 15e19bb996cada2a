"""Pools: nothing but candidates is proposed, the best first, and features can stand for sites."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bosearch.errors import SpaceExhaustedError, StrategyError
from bosearch.io.study_file import load_study_file
from bosearch.space import Choice, Integer, Real, Space
from bosearch.space import Sequence as Letters
from bosearch.strategies import load
from bosearch.study import Problem, maximize
from tests.strategies.test_gameopt import SEQ, Loop, likeness

WORDS = sorted({"".join(w) for w in np.random.default_rng(0).choice(list("ACGT"), size=(300, 6))})


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    with path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_only_candidates_are_proposed_each_once_and_then_no_more() -> None:
    loop = Loop(SEQ, {"initial": 6, "pool": WORDS[:20]})
    loop.run(18, likeness, batch=6)
    assert len(loop.ask(6)) == 2
    assert sorted(point["seq"] for point in loop.points) == WORDS[:20]
    loop.tell(likeness)
    with pytest.raises(SpaceExhaustedError, match="add candidates"):
        loop.ask()


def test_the_best_candidate_is_found_before_most_are_tried(tmp_path: Path) -> None:
    pool = written(tmp_path / "words.csv", [{"note": "?", "seq": word} for word in WORDS])
    loop = Loop(SEQ, {"initial": 10, "pool": pool})
    loop.run(50, likeness, batch=8)
    best = max(likeness({"seq": word}) for word in WORDS)
    assert max(map(likeness, loop.points)) == best
    assert not any("fallback" in trial.provenance for trial in loop.trials)


def test_a_pick_from_a_pool_is_better_than_all_others_left() -> None:
    loop = Loop(SEQ, {"initial": 12, "pool": WORDS})
    loop.run(12, likeness, batch=12)
    (proposal,) = loop.ask()
    rest = Loop(SEQ, {"initial": 12, "pool": [w for w in WORDS if w != proposal.params["seq"]]})
    rest.trials = loop.trials[:12]
    (second,) = rest.ask()
    assert second.provenance["value"] < proposal.provenance["value"]


def test_cells_are_values_of_their_parameters(tmp_path: Path) -> None:
    space = Space(k=Integer(1, 9), c=Choice([0.5, 2]))
    rows = [{"c": c, "k": k} for c in (0.5, 2) for k in (2, 4, 9)]
    loop = Loop(
        Problem(space, (maximize("f"),)), {"initial": 3, "pool": written(tmp_path / "p.csv", rows)}
    )
    loop.run(6, lambda p: float(p["k"] * p["c"]), batch=3)
    assert sorted((p["c"], p["k"]) for p in loop.points) == [(r["c"], r["k"]) for r in rows]


def test_a_study_file_states_pool_and_players(tmp_path: Path) -> None:
    pool = written(tmp_path / "words.csv", [{"seq": word} for word in WORDS[:40]])
    path = tmp_path / "study.toml"
    text = (
        'name = "words"\n[space]\nseq = { type = "sequence", alphabet = "ACGT", length = 6 }\n'
        '[objectives]\nf = "maximize"\n[strategy]\nname = "gameopt"\n'
    )
    for options in (f'pool = "{pool}"\ninitial = 4', "players = [[0, 1], [2, 3], [4, 5]]"):
        path.write_text(f"{text}{options}\n")
        stated = load_study_file(path)
        table = {key: value for key, value in stated.strategy.items() if key != "name"}
        loop = Loop(stated.problem, table)
        (proposal,) = loop.ask()
        assert "pool" not in table or proposal.params["seq"] in WORDS[:40]


def test_candidates_may_be_added_during_a_study(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    loop = Loop(SEQ, {"initial": 2, "pool": written(path, [{"seq": word} for word in WORDS[:3]])})
    loop.run(3, likeness)
    written(path, [{"seq": word} for word in WORDS[:5]])
    loop.run(2, likeness)
    assert sorted(loop.keys) == sorted(SEQ.space.key({"seq": word}) for word in WORDS[:5])


def embedded(word: str) -> dict[str, Any]:
    """Features in which the value is linear, among others that mean nothing."""
    noise = np.random.default_rng(list(word.encode())).normal(size=3)
    return {"seq": word, "f0": sum(noise), "f1": 9.0 * likeness({"seq": word}), "f2": noise[1]}


def test_features_of_candidates_can_be_modelled_in_place_of_sites(tmp_path: Path) -> None:
    pool = written(tmp_path / "embedded.csv", [embedded(word) for word in WORDS])
    options = {"initial": 6, "pool": pool, "model": "features"}
    loop = Loop(SEQ, options)
    loop.run(10, likeness, batch=2)
    values = sorted((likeness({"seq": word}) for word in WORDS), reverse=True)
    # The value is linear in one feature: after six random points four picks find the top.
    assert max(map(likeness, loop.points)) == values[0]
    assert len(set(loop.keys)) == 10
    assert not any("fallback" in trial.provenance for trial in loop.trials)


def test_trials_outside_the_pool_teach_nothing_about_features(tmp_path: Path) -> None:
    pool = written(tmp_path / "embedded.csv", [embedded(word) for word in WORDS[:30]])
    loop = Loop(SEQ, {"initial": 4})
    loop.run(4, likeness)
    loop.strategy = load("gameopt", SEQ, {"initial": 4, "pool": pool, "model": "features"})
    (first,) = loop.ask()
    assert first.params["seq"] in WORDS[:30]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("word\nACGTAC\n", "no column 'seq', only word"),
        ("seq\n", "has no candidates"),
        ("seq\nACGTAC\nACG\n", "candidate 2: .*expected"),
        ("seq\nACGTAC\n", "no columns beside the parameters"),
        ("seq,f\nACGTAC,1\nACGTAA,much\n", "line 3: expected a number as a feature, got 'much'"),
    ],
)
def test_pools_that_cannot_be_read_say_what_is_wrong(
    tmp_path: Path, lines: str, message: str
) -> None:
    path = tmp_path / "pool.csv"
    path.write_text(lines)
    model = "features" if "feature" in message or "beside" in message else "sites"
    with pytest.raises(StrategyError, match=message):
        load("gameopt", SEQ, {"pool": str(path), "model": model})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": "words.csv"}, "absolute path"),
        ({"pool": "/nowhere/words.csv"}, "there is no pool"),
        ({"pool": 7}, "CSV file or a list"),
        ({"pool": []}, "at least one point"),
        ({"pool": ["ACG"]}, "candidate 1"),
        ({"pool": WORDS, "model": "features"}, "a pool whose file has columns of features"),
        ({"model": "features"}, "needs sequences with an embedding, or a pool"),
        ({"pool": WORDS, "batch": "top"}, "batch has no meaning"),
        ({"pool": WORDS, "players": "pairs"}, "leave out players, or pool"),
    ],
)
def test_wrong_pools_are_refused(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        load("gameopt", SEQ, options)


def test_numbers_are_not_listed_in_a_pool() -> None:
    mixed = Problem(Space(seq=Letters("ACGT", 3), x=Real(0, 1)), (maximize("f"),))
    with pytest.raises(StrategyError, match="pool: where every parameter is discrete"):
        load("gameopt", mixed, {"pool": [{"seq": "ACG", "x": 0.5}]})
