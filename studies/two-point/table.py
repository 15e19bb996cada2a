"""Tunes the scale in dimensions 2 to 24 and prints the proved bounds beside the published ones.

    python studies/two-point/table.py [--degree 41] [--trials 8] [--dims 2-24]

One study per dimension, all in ``table.db`` beside this file: run again, it goes on.
"""

import argparse
import math
from decimal import ROUND_UP, Decimal
from pathlib import Path

from bosearch import Real, Space, Study, Trial, minimize
from bosearch.evaluators import SdpRecipe
from bosearch.packing import PUBLISHED_BOUNDS, best_packing
from bosearch.packing.scale import first_guess
from bosearch.runner import Stop, run

FOLDER = Path(__file__).parent


def best_trial(dim: int, degree: int, trials: int) -> Trial:
    """The best proved bound of one dimension, after so many trials."""
    guess = math.exp(first_guess(dim))
    recipe = SdpRecipe(problem="two-point", dim=dim, degree=degree, workers=2, timeout_s=300)
    evaluator = recipe.build(FOLDER, FOLDER / "jobs")
    with Study.create(
        f"sqlite:///{FOLDER / 'table.db'}",
        name=f"dim{dim:02}-degree{degree}",
        space=Space(r=Real(0.9 * guess, 1.04 * guess)),
        objectives=[minimize("density")],
        tracked=["gap", "cpu_s"],
        seed=7,
        if_exists="resume",
    ) as study:
        run(study, evaluator, stop=Stop(trials=trials))
        best = study.best
    assert best is not None, f"no bound was proved in dimension {dim}: see {FOLDER}/jobs"
    return best


def rounded_up(trial: Trial) -> Decimal:
    """Its bound to twelve decimals, none of them too low."""
    exact = trial.values["density"].exact
    assert exact is not None, "the evaluator states densities exactly"
    return Decimal(exact).quantize(Decimal("1e-12"), rounding=ROUND_UP)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--degree", type=int, default=41)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--dims", default="2-24")
    given = parser.parse_args()
    first, _, last = given.dims.partition("-")
    print("| dim | best packing | two-point, proved | r | published bound |")
    print("| --- | --- | --- | --- | --- |")
    for dim in range(int(first), int(last or first) + 1):
        best = best_trial(dim, given.degree, given.trials)
        packing = best_packing(dim)
        cells = (
            str(dim),
            "" if packing is None else f"{packing:.10f}",
            f"{rounded_up(best)}",
            f"{best.params['r']:.5f}",
            f"{PUBLISHED_BOUNDS[dim]:.10f}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
