"""The README is true: its Python runs, its commands run, its links and rooms exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line[2:].split("#")[0].strip() for line in lines if line.startswith("$ ")]


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(len(blocks("python"))))
def test_every_python_block_runs(block: int, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(blocks("python")[block])
    result = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    number, roughness = result.stdout.split()[:2]
    # The best design is 55 degrees, 5 % solvent, epoxy: roughness 0.5. Any epoxy
    # point of the right half of the temperatures is already below 20.
    assert 0 <= int(number) < 12
    assert 0.5 <= float(roughness) < 20


@pytest.mark.slow
def test_every_bosearch_command_runs_in_the_order_shown(tmp_path: Path) -> None:
    shown = [command for command in commands() if command.startswith("bosearch ")]
    assert len(shown) >= 5
    for command in shown:
        result = subprocess.run(
            command.split(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def test_the_two_commands_exist_and_can_be_executed() -> None:
    scripts = [command for command in commands() if command.startswith("scripts/")]
    assert scripts == ["scripts/demo", "scripts/test"]
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_room_of_the_picture_exists_and_none_is_missing() -> None:
    (picture,) = blocks("text")
    shown = {line.split()[0].rstrip("/") for line in picture.splitlines()[1:]}
    there = {
        path.name
        for path in (ROOT / "bosearch").iterdir()
        if not path.name.startswith(("_", "py.typed"))
    }
    assert shown == there


@pytest.mark.slow
def test_the_main_job_of_the_demo_runs_shortened(tmp_path: Path) -> None:
    """``scripts/demo`` runs this study; here with 4 trials instead of all."""
    assert "studies/digits-svm" in (ROOT / "scripts" / "demo").read_text()
    folder = tmp_path / "digits-svm"
    folder.mkdir()
    source = ROOT / "studies" / "digits-svm"
    text = (source / "study.toml").read_text()
    (folder / "study.toml").write_text(re.sub(r"(?m)^trials = \d+", "trials = 4", text))
    (folder / "objective.py").write_text((source / "objective.py").read_text())
    result = subprocess.run(
        ["bosearch", "run", str(folder / "study.toml")],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (folder / "report.html").exists()
