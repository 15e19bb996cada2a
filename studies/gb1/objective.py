"""Looks up measured fitness in the GB1 landscape of Wu et al. (2016), eLife 5:e16965."""

import csv
import gzip
import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / os.environ.get("BOSEARCH_GB1", "../shared/data/gb1_four_site.csv.gz")
WHERE = (
    f"there is no file {TABLE}: get the fitness table from the supplementary files of"
    " doi 10.7554/eLife.16965, write it as gzipped CSV with the columns sequence,fitness,"
    " and name it in BOSEARCH_GB1"
)


def evaluate(seq: str) -> dict[str, float]:
    """Return the fitness of a variant relative to the wild type VDGV."""
    if not TABLE.exists():
        raise FileNotFoundError(WHERE)
    with gzip.open(TABLE, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["sequence"] == seq:
                return {"fitness": float(row["fitness"])}
    raise LookupError(f"variant {seq} was not measured")
