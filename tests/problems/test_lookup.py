"""Measured landscapes: what the table says, and what is not in it."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from bosearch.errors import ConfigError, ParameterError
from bosearch.problems.landscape import encode
from bosearch.problems.lookup import Lookup, lookup


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "landscape.csv.gz"
    with gzip.open(file, "wt") as lines:
        lines.write("name,fitness,sequence\n1,1.5,NA\n2,-2,AN\n3,0.25,NN\n")
    return file


def test_na_is_a_sequence_and_not_a_missing_entry(path: Path) -> None:
    landscape = Lookup.read(path)
    assert landscape.table == {"NA": 1.5, "AN": -2.0, "NN": 0.25}
    problem = lookup("pairs", landscape)
    assert problem.optimum == 1.5
    assert problem.optimiser == {"seq": "NA"}
    assert problem.evaluate({"seq": "AN"}) == {"value": -2.0}


def test_what_nobody_measured_is_infeasible_or_has_the_stated_value(path: Path) -> None:
    strict = lookup("pairs", Lookup.read(path))
    assert {p["seq"] for p in strict.space.enumerate()} == {"NA", "AN", "NN"}
    with pytest.raises(ParameterError, match=r"Lookup\.allows"):
        strict.space.validate({"seq": "AA"})
    imputed = Lookup.read(path, unmeasured=0.0)
    problem = lookup("pairs", imputed)
    assert problem.space.size == len(list(problem.space.enumerate())) == 4
    assert problem.evaluate({"seq": "AA"}) == {"value": 0.0}


def test_codes_and_strings_tell_the_same(path: Path) -> None:
    landscape = Lookup.read(path)
    assert landscape.alphabet == "AN"
    X = encode(["NA", "AA", "AN"], "AN")
    assert X.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert landscape.values(X).tolist() == [1.5, -np.inf, -2.0]
    assert landscape.feasible(X).tolist() == [True, False, True]
    assert Lookup.read(path, unmeasured=-9.0).values(X).tolist() == [1.5, -9.0, -2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seq,fitness\nAA,1\n", "expected the column 'sequence', got"),
        ("sequence,fitness\nAA,1\nAA,2\n", "line 3: 'AA' occurs twice"),
        ("sequence,fitness\nAA,1\nAAA,2\n", "line 3: 'AAA' has another length"),
        ("sequence,fitness\nAA,nan\n", "line 2: expected a finite number, got 'nan'"),
        ("sequence,fitness\nAA,\n", "line 2: expected a finite number, got ''"),
        ("sequence,fitness\nAA\n", "line 2: expected a finite number, got None"),
        ("sequence,fitness\n", "expected at least one sequence, got none"),
    ],
)
def test_damaged_tables_are_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "landscape.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        Lookup.read(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no landscape at .*nowhere\.csv"):
        Lookup.read(tmp_path / "nowhere.csv")
