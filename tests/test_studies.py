"""The studies: campaigns that can be run, and tables that show what is on record."""

import runpy
from decimal import Decimal
from pathlib import Path

import pytest

from bosearch.evaluators import SdpRecipe
from bosearch.io.study_file import load_study_file
from bosearch.packing import best_packing
from bosearch.strategies import load
from bosearch.study import Measurement, Trial, TrialState

STUDIES = Path(__file__).parents[1] / "studies"
FOLDER = STUDIES / "sphere-packing"
CAMPAIGN = sorted(FOLDER.glob("*.toml"))


def test_campaign_has_the_dimensions_it_should() -> None:
    assert [path.stem for path in CAMPAIGN] == [f"dim{n:02}" for n in [*range(3, 8), *range(9, 24)]]


@pytest.mark.parametrize("path", CAMPAIGN, ids=lambda path: path.stem)
def test_campaign_file_speaks_of_one_dimension(path: Path) -> None:
    file = load_study_file(path)
    dim = file.strategy["dim"]
    assert file.name == path.stem == f"dim{dim:02}"
    assert isinstance(file.evaluator, SdpRecipe)
    assert file.evaluator.dim == dim
    below = file.evaluator.prove_below
    assert below is not None
    assert (best_packing(dim) or 0.0) < below <= file.strategy["reference"]
    assert file.stop.trials is None  # it goes on for as long as it is let
    options = {key: value for key, value in file.strategy.items() if key != "name"}
    assert load(file.strategy["name"], file.problem, options).name == "sdp-game"


@pytest.mark.parametrize(
    ("bound", "shown"),
    [("0.2536705497710001", "0.253670549772"), ("0.2536705497710000", "0.253670549771")],
)
def test_table_of_two_points_shows_no_bound_that_is_too_low(bound: str, shown: str) -> None:
    table = runpy.run_path(str(STUDIES / "two-point" / "table.py"))
    density = Measurement(float(bound), None, Decimal(bound))
    trial = Trial(0, {"r": 1.4}, TrialState.COMPLETED, values={"density": density})
    assert str(table["rounded_up"](trial)) == shown


@pytest.mark.slow  # imports torch
def test_tables_of_surrogates_are_made_of_the_results_beside_them() -> None:
    compare = runpy.run_path(str(STUDIES / "surrogates" / "compare.py"))
    done = compare["read"](compare["RESULTS"])
    shown = (STUDIES / "surrogates" / "README.md").read_text().splitlines()
    made = compare["table"](done, compare["PROCESSES"])
    made += compare["table"](done, ("gp", *compare["NETWORKS"]))
    assert len(made) > 20
    assert [line for line in made if line not in shown] == []


def test_a_cell_with_fewer_seeds_says_so() -> None:
    compare = runpy.run_path(str(STUDIES / "surrogates" / "compare.py"))

    def run(surrogate: str, seed: int, left: float) -> dict[str, object]:
        own = {"surrogate": surrogate, "problem": "branin", "seed": seed}
        return {**own, "left": left, "ask_s": 0.5}

    runs = [run("gp", 0, 0.1), run("gp", 1, 0.4), run("hmc", 0, 0.3)]
    done = {(r["surrogate"], r["problem"], r["seed"]): r for r in runs}
    table = compare["table"](done, ("gp", "vbll", "hmc"))
    assert table[0] == "| problem | seeds | gp | hmc |"
    # The geometric mean of 0.1 and 0.4, and exp(log(4) / sqrt(2)).
    assert table[2] == "| branin | 2 | 0.2 (x 2.7) | 0.3 [1] |"
    assert table[-1] == "| CPU s of an ask of five, median | | 0.5 | 0.5 |"
