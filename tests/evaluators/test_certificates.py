"""Certificates that are kept: the best one stays, whoever comes last."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bosearch.errors import CertificateError
from bosearch.evaluators.certificates import keep, keep_best, kept_density

NAME = "three-point-dim04.json.gz"


@dataclass(frozen=True)
class Bound:
    """A bound whose certificate states its density, and proves nothing."""

    density: Decimal
    proved: bool = True

    @property
    def certificate(self) -> dict[str, Any] | None:
        return {"density": str(self.density)} if self.proved else None


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_only_better_ones_are_written() -> None:
    assert kept_density(NAME) == Decimal("Infinity")
    for density, is_kept in [("0.64", True), ("0.65", False), ("0.64", False), ("0.63", True)]:
        path = keep_best(Bound(Decimal(density)), NAME)
        assert (path is not None) == is_kept
    assert kept_density(NAME) == Decimal("0.63")


def test_of_many_at_once_the_best_stays() -> None:
    densities = [Decimal(n) / 1000 for n in range(600, 640)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda d: keep_best(Bound(d), NAME), reversed(densities)))
    assert kept_density(NAME) == densities[0]


def test_what_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    path = keep(Bound(Decimal("0.6")), "plain.json")
    assert json.loads((tmp_path / path).read_text()) == {"density": "0.6"}
    (tmp_path / path).write_text("{")
    assert kept_density("plain.json") == Decimal("Infinity")
    (tmp_path / path).write_text('{"density": "low"}')
    assert kept_density("plain.json") == Decimal("Infinity")


def test_bound_without_proof_is_refused() -> None:
    with pytest.raises(CertificateError, match="numerical"):
        keep_best(Bound(Decimal("0.6"), proved=False), NAME)
