"""Embeddings of sequences: a study names them, models work on them, each string costs one call."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bosearch.asktell import Study
from bosearch.errors import BosearchError, SpaceError, StrategyError
from bosearch.io.study_file import load_study_file
from bosearch.space import Choice, Real, Space
from bosearch.space import Sequence as Letters
from bosearch.strategies import load, resolve
from bosearch.study import Problem, maximize
from tests.strategies.test_gameopt import Loop, likeness

ASKED: list[str] = []


def embed(words: Sequence[str]) -> Any:
    """One feature in which the value is linear, and two that mean nothing."""
    ASKED.extend(words)
    noise = [np.random.default_rng(list(word.encode())).normal(size=2) for word in words]
    return [[9.0 * likeness({"seq": w}), *n] for w, n in zip(words, noise, strict=True)]


def broken(words: Sequence[str]) -> Any:
    raise RuntimeError("no weights")


def ragged(words: Sequence[str]) -> Any:
    return [[1.0]] * (len(words) + 1)


def problem(embedding: Any) -> Problem:
    return Problem(Space(seq=Letters("ACGT", 6, embedding=embedding)), (maximize("f"),))


def test_games_on_embeddings_find_what_the_features_tell() -> None:
    ASKED.clear()
    loop = Loop(problem(embed), {"initial": 8})
    loop.run(14, likeness, batch=2)
    assert max(map(likeness, loop.points)) == 11.0  # of 4096 words, after three model-based asks
    assert len(set(loop.keys)) == 14
    assert not any("fallback" in trial.provenance for trial in loop.trials)
    assert loop.trials[-1].provenance["model"]["features"] == 3
    assert len(ASKED) == len(set(ASKED))  # remembered between points and asks


def test_value_and_certificate_are_in_units_of_the_scale() -> None:
    loop = Loop(problem(embed), {"initial": 8, "beta": 0.0})
    loop.run(12, likeness)
    (proposal,) = loop.ask()
    # Without the deviation the value is the predicted one: it lies among those observed, on
    # any of the scales, and no letter alone would do better.
    said = proposal.provenance
    assert said["max_gain"] >= 0.0
    scores = {"normal scores": 3.0, "logarithm": 4.0, "as measured": 14.0}
    assert abs(said["value"]) <= scores[said["model"]["scale"]]


def test_the_sites_can_be_modelled_all_the_same() -> None:
    ASKED.clear()
    loop = Loop(problem(embed), {"initial": 4, "model": "sites"})
    loop.run(6, likeness)
    assert not ASKED
    assert "features" not in loop.trials[-1].provenance["model"]


def test_a_pool_of_sequences_needs_no_columns_of_features() -> None:
    words = sorted({"".join(w) for w in np.random.default_rng(0).choice(list("ACGT"), (200, 6))})
    loop = Loop(problem(embed), {"initial": 6, "pool": words})
    loop.run(9, likeness)
    assert max(map(likeness, loop.points)) == max(likeness({"seq": w}) for w in words)


def test_chains_are_embedded_apart() -> None:
    space = Space(a=Letters("ACGT", 6, embedding=embed), b=Letters("ACGT", 6, embedding=embed))

    def value(point: Mapping[str, Any]) -> float:
        return likeness({"seq": point["a"]}) + likeness({"seq": point["b"]})

    ASKED.clear()
    loop = Loop(Problem(space, (maximize("f"),)), {"initial": 8})
    loop.run(12, value, batch=2)
    assert loop.trials[-1].provenance["model"]["features"] == 6
    assert max(map(value, loop.points[8:])) > max(map(value, loop.points[:8]))


def test_a_study_keeps_the_name_and_is_given_the_code(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'words.db'}"
    space = problem(embed).space
    study = Study.create(
        url,
        name="words",
        space=space,
        objectives=[maximize("f")],
        strategy={"name": "gameopt", "initial": 2},
    )
    for trial in study.ask(2):
        study.tell(trial, {"f": likeness(trial.params)})
    (again,) = Study.open(url, callables=[embed]).ask()
    assert again.provenance["model"]["features"] == 3
    with pytest.raises(BosearchError, match=r"embed.* is Python code that is not here"):
        Study.open(url).ask()


def test_a_study_file_names_an_embedding(tmp_path: Path) -> None:
    (tmp_path / "lab_embedding.py").write_text(
        "def embed(words):\n    return [[w.count('A'), w.count('C')] for w in words]\n"
    )
    path = tmp_path / "study.toml"
    path.write_text(
        'name = "words"\n[space]\nseq = { type = "sequence", alphabet = "ACGT", length = 6,'
        ' embedding = "lab_embedding:embed" }\n[objectives]\nf = "maximize"\n'
        '[strategy]\nname = "gameopt"\ninitial = 4\n'
    )
    stated = load_study_file(path)
    loop = Loop(stated.problem, {"initial": 4})
    loop.run(4, likeness)
    (proposal,) = loop.ask()
    assert proposal.provenance["model"]["features"] == 2
    assert stated.problem.space.to_spec()["parameters"]["seq"]["embedding"] == "lab_embedding:embed"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (broken, r"broken' failed with RuntimeError\('no weights'\)"),
        (ragged, "one finite row per sequence"),
    ],
)
def test_embeddings_that_fail_say_so(function: Any, message: str) -> None:
    loop = Loop(problem(function), {"initial": 2})
    loop.run(2, likeness)
    with pytest.raises(BosearchError, match=message):
        loop.ask()


@pytest.mark.parametrize("embedding", [7, "embed", [embed]])
def test_what_is_no_function_is_no_embedding(embedding: Any) -> None:
    with pytest.raises(SpaceError, match="function from strings to numbers"):
        Letters("ACGT", 6, embedding=embedding)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": "thompson"}, "works on features"),
        ({"players": "pairs"}, "leave out players, or say model = 'sites'"),
        ({"kernel": "product"}, "leave out kernel"),
    ],
)
def test_options_of_sites_are_refused_on_features(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        load("gameopt", problem(embed), options)


def test_parameters_without_an_embedding_are_named() -> None:
    space = Space(seq=Letters("ACGT", 6, embedding=embed), c=Choice(["a", "b"]))
    with pytest.raises(StrategyError, match="'c' has none"):
        load("gameopt", Problem(space, (maximize("f"),)), {})
    on_sites = load("gameopt", Problem(space, (maximize("f"),)), {"model": "sites"})
    assert on_sites.supports(Problem(space, (maximize("f"),))).ok


def test_auto_plays_on_embeddings_and_says_where_it_cannot() -> None:
    name, reasons = resolve("auto", problem(embed))  # 4096 words alone would be no game
    assert (name, "embeddings" in reasons[0]) == ("gameopt", True)
    space = Space(seq=Letters("ACGT", 3, embedding=embed), x=Real(0, 1))
    name, reasons = resolve("auto", Problem(space, (maximize("f"),)))
    assert (name, reasons[-1].split(":")[0]) == ("bayes", "the embedding of seq is not used")
