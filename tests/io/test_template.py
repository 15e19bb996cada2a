"""What ``bosearch init`` writes is a study that works."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bosearch.errors import ConfigError
from bosearch.io.description import describe
from bosearch.io.study_file import load_study_file
from bosearch.io.template import write_study


def test_the_written_study_is_valid_and_its_objective_measures_it(tmp_path: Path) -> None:
    study, objective = write_study(tmp_path / "new" / 'a study "quoted"')
    file = load_study_file(study)
    assert file.name == 'a study "quoted"'
    assert describe(file).warnings == ()
    spec = importlib.util.spec_from_file_location("written_objective", objective)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for params in file.problem.space.sample(5, np.random.default_rng(0)):
        assert module.evaluate(**params).keys() == set(file.problem.modelled)


@pytest.mark.parametrize("there", ["study.toml", "objective.py"])
def test_a_file_that_is_there_is_never_overwritten(there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigError, match="is not overwritten"):
        write_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write into"):
        write_study(tmp_path / "file" / "study")
