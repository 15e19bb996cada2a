"""Prints what the campaign has found so far, one line per dimension that was started.

    python studies/sphere-packing/table.py

Every certificate is verified anew. What has none is numerical.
"""

from decimal import ROUND_UP, Decimal
from pathlib import Path

from bosearch import Study, Trial
from bosearch.evaluators.certificates import CERTIFICATES
from bosearch.io.study_file import StudyFile, load_study_file
from bosearch.packing import PUBLISHED_BOUNDS, best_packing
from bosearch.packing.game import edits
from bosearch.verify import verify_file

FOLDER = Path(__file__).parent
THREE_POINT_DIM3 = 0.770270440  # Cohn, de Laat and Salmon; the best bound there is Hales's
HEADS = (
    "dim",
    "best packing",
    "two-point",
    "published",
    "ours, proved",
    "ours, numerical",
    "d, d2, r, R/r",
    "assembly",
    "seconds, device",
    "trials",
)


def proved(dim: int) -> str:
    """The density that the kept certificate proves, verified and rounded up; empty if none is."""
    path = FOLDER / CERTIFICATES / f"three-point-dim{dim:02}.json.gz"
    if not path.exists():
        return ""
    density = Decimal(verify_file(path).density or "nan")
    return str(density.quantize(Decimal("1e-10"), rounding=ROUND_UP))


def cells(file: StudyFile, best: Trial, notes: dict[str, str], count: int) -> tuple[str, ...]:
    """One line of the table."""
    dim, p = int(file.strategy["dim"]), best.params
    published = THREE_POINT_DIM3 if dim == 3 else PUBLISHED_BOUNDS[dim]
    return (
        str(dim),
        f"{packing:.10f}" if (packing := best_packing(dim)) else "",
        f"{file.strategy['reference']:.7f}",
        f"{published:.10f}",
        proved(dim),
        f"{best['density']:.10f}",
        f"{p['d']}, {p['d2']}, {p['r']:.5f}, {p['ratio']:.5f}",
        edits(p["assembly"]).in_words(),
        f"{best['cpu_s']:.0f}, {notes.get('device', '')}",
        str(count),
    )


def main() -> None:
    for row in (HEADS, ("---",) * len(HEADS)):
        print(f"| {' | '.join(row)} |")
    for path in sorted(FOLDER.glob("dim*.toml")):
        file = load_study_file(path)
        if not file.has_database:
            continue
        with Study.open(file.url, file.name) as study:
            best = study.best
            if best is not None:
                row = cells(file, best, study.notes(best), len(study.completed))
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
