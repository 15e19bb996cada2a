"""Prints what the campaign has proved, one line per dimension: the table of the README.

    python studies/sphere-packing/table.py

Every certificate is verified anew, and what it proves is rounded up. Bounds that a study on
this machine has found below its certificate are numerical.
"""

import math
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from bosearch import Study
from bosearch.evaluators.certificates import CERTIFICATES
from bosearch.io.study_file import StudyFile, load_study_file
from bosearch.packing import PUBLISHED_BOUNDS, Assembly, best_packing
from bosearch.verify import verify
from bosearch.verify.reading import read_document

FOLDER = Path(__file__).parent
THREE_POINT_DIM3 = 0.770270440  # Cohn, de Laat and Salmon; the best bound there is Hales's
HEADS = (
    "dim",
    "best packing",
    "two-point",
    "published",
    "ours, proved",
    "below published by",
    "ours, numerical",
    "d, d2, r, R/r",
    "assembly",
    "solver, s",
)


def parameters(certificate: Mapping[str, Any]) -> str:
    """The degrees and radii that a certificate was made with."""
    r, R = (math.sqrt(Fraction(certificate[key]) / (2 * math.pi)) for key in ("rho", "outer"))
    return f"{certificate['d']}, {certificate['degree'] // 2}, {r:.5f}, {R / r:.5f}"


def assembly(certificate: Mapping[str, Any]) -> str:
    """What its program was assembled of."""
    made = Assembly(
        near=[tuple(item["word"]) for item in certificate["near"]],
        far=[tuple(item["word"]) for item in certificate["far"]],
        kernels=[0 if gram is None else len(gram["exponents"]) for gram in certificate["kernels"]],
    )
    if made == Assembly.standard(certificate["d"]):
        return "complete"
    words = [f"{len(made.near)} near and {len(made.far)} far words"]
    return f"{', '.join(words)}, {sum(map(bool, made.kernels))} kernels"


def numerical(file: StudyFile) -> float:
    """The best bound of the study on this machine; infinite if there is none."""
    if not file.has_database:
        return math.inf
    with Study.open(file.url, file.name) as study:
        best = study.best
        return math.inf if best is None else best["density"]


def cells(file: StudyFile, certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """One line of the table."""
    dim = int(file.strategy["dim"])
    published = THREE_POINT_DIM3 if dim == 3 else PUBLISHED_BOUNDS[dim]
    proved = Decimal(verify(certificate).density or "nan")
    found, packing = numerical(file), best_packing(dim)
    return (
        str(dim),
        f"{packing:.10f}" if packing else "",
        f"{file.strategy['reference']:.7f}",
        f"{published:.10f}",
        f"**{proved.quantize(Decimal('1e-10'), rounding=ROUND_UP)}**",
        f"{100 * (1 - float(proved) / published):.2f} %",
        f"{found:.10f}" if found < proved else "",
        parameters(certificate),
        assembly(certificate),
        f"{certificate['made_by']['seconds']:.0f}",
    )


def main() -> None:
    for row in (HEADS, ("---",) * len(HEADS)):
        print(f"| {' | '.join(row)} |")
    for path in sorted(FOLDER.glob("dim*.toml")):
        kept = FOLDER / CERTIFICATES / f"three-point-{path.stem}.json.gz"
        if kept.exists():
            row = cells(load_study_file(path), read_document(kept))
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
