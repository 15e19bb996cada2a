"""Bounds from the command line: computed, proved, verified, and refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from bosearch.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A proved bound of dimension 8, as the command writes it."""
    path = tmp_path_factory.mktemp("proof") / "e8.json"
    assert main(["bound", "two-point", "--dim", "8", "--degree", "13", "--certify", str(path)]) == 0
    return path


def record(captured: Captured) -> dict[str, Any]:
    (line,) = captured.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_bound_says_whether_it_is_proved(capsys: Captured) -> None:
    assert main(["bound", "two-point", "--dim", "8", "--degree", "13"]) == 0
    out, err = capsys.readouterr()
    assert "numerical" in out
    assert "proved" not in out.replace("proves", "")
    assert "iteration 1:" in err


def test_certified_bound_is_verified(certificate: Path, capsys: Captured) -> None:
    capsys.readouterr()
    assert main(["verify", str(certificate)]) == 0
    assert capsys.readouterr().out.startswith("proved: Every packing of equal balls in dimension 8")
    assert main(["verify", str(certificate), "--json"]) == 0
    proof = record(capsys)
    assert proof["proved"] is True
    assert proof["dim"] == 8
    # The exact density of E8 is 0.25367; degree 13 gives 0.2573340 (Cohn and Elkies' method).
    assert 0.2536695079 < float(proof["density"]) < 0.257335
    assert proof["density"] in proof["statement"]


def test_damaged_certificate_proves_nothing(
    certificate: Path, tmp_path: Path, capsys: Captured
) -> None:
    document = json.loads(certificate.read_text())
    document["dim"] = 7
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["verify", str(forged), "--json"]) == 1
    assert record(capsys)["proved"] is False

    truncated = tmp_path / "truncated.json"
    truncated.write_text(certificate.read_text()[:-100])
    assert main(["verify", str(truncated)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "is not JSON" in err
    assert "Traceback" not in err

    assert main(["verify", str(tmp_path / "none.json")]) == 1
    assert "cannot read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dim", "0", "--degree", "13"], "dim"),
        (["--dim", "65", "--degree", "13"], "dim"),
        (["--dim", "8", "--degree", "12"], "odd"),
        (["--dim", "8", "--degree", "13", "--r", "-1"], "r must be"),
        (["--dim", "8", "--degree", "13", "--gap", "0"], "gap"),
        (["--dim", "8", "--degree", "13", "--device", "tpu"], "device"),
        (["--dim", "8", "--degree", "13", "--certify", "no/such/folder/e8.json"], "folder"),
        (["--degree", "13"], "Missing option '--dim'"),
        (["--dim", "eight"], "valid integer"),
    ],
)
def test_wrong_use_exits_with_2_and_says_why(
    arguments: list[str], message: str, capsys: Captured
) -> None:
    assert main(["bound", "two-point", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


TRIPLES = ["--dim", "4", "--d", "2", "--d2", "4", "--r", "1.2"]


def test_three_point_bound_says_what_was_solved(capsys: Captured) -> None:
    assert main(["bound", "three-point", *TRIPLES, "--R", "1.5"]) == 0
    out, err = capsys.readouterr()
    assert "numerical" in out
    assert "R        1.5" in out
    assert "iteration 1:" in err


def test_three_point_bound_of_an_assembly_is_no_better_than_the_complete_one(
    capsys: Captured,
) -> None:
    command = ["bound", "three-point", *TRIPLES, "--R", "1.4", "--json", "--gap", "1e-7"]
    assert main(command) == 0
    complete = record(capsys)
    assert complete["certified"] is False
    assert (complete["d"], complete["d2"], complete["r"], complete["R"]) == (2, 4, 1.2, 1.4)
    assert main([*command, "--assembly", '["drop", "near s1", "thinner", "end"]']) == 0
    slender = record(capsys)
    assert float(slender["density"]) >= float(complete["density"]) * (1 - 1e-7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--R", "1.1"], "0 < r < R"),
        (["--R", "-1"], "R must be positive"),
        (["--R", "1.5", "--d", "40"], "d must be"),
        (["--R", "1.5", "--assembly", "end"], "JSON list"),
        (["--R", "1.5", "--assembly", '["hop"]'], "no move"),
        (["--R", "1.5", "--assembly", '["add", "near s1*s3", "shorter"]'], "complete"),
        (["--R", "1.5", "--certify", "no/such/folder/d.json.gz"], "folder"),
        ([], "Missing option '--R'"),
    ],
)
def test_wrong_triples_exit_with_2_and_say_why(
    arguments: list[str], message: str, capsys: Captured
) -> None:
    assert main(["bound", "three-point", *TRIPLES, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_bare_group_shows_its_help(capsys: Captured) -> None:
    assert main(["bound"]) == 2
    err = capsys.readouterr().err
    assert "two-point" in err
    assert len(err.splitlines()) > 3
