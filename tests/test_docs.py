"""The manual is true: its Python runs, its commands run, its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bosearch.strategies.bayes_options import BayesOptions
from bosearch.surrogates.registry import NAMES, PRESETS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


PYTHON = [(page, i) for page in PAGES for i in range(len(blocks(page, "python")))]
CONSOLE = [page for page in PAGES if blocks(page, "console")]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "i"), PYTHON, ids=[f"{p.stem}-{i}" for p, i in PYTHON])
def test_every_python_block_runs_and_its_assertions_hold(
    page: Path, i: int, tmp_path: Path
) -> None:
    script = tmp_path / "block.py"
    script.write_text(blocks(page, "python")[i])
    result = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", CONSOLE, ids=[page.stem for page in CONSOLE])
def test_every_command_runs_in_the_order_shown(page: Path, tmp_path: Path) -> None:
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    commands = [line[2:].split("#")[0].split() for line in lines if line.startswith("$ bosearch")]
    assert commands
    for command in commands:
        result = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=environment(), check=False
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def test_the_manual_names_every_surrogate_and_every_option_of_bayes() -> None:
    text = (ROOT / "docs" / "surrogates.md").read_text()
    named = {name for name in NAMES if name not in PRESETS}
    options = BayesOptions.__dataclass_fields__
    assert [word for word in (*named, *options) if f"| `{word}` |" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
