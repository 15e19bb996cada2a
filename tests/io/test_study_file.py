"""Study files: what they state arrives whole, and every mistake is named with its cure."""

from pathlib import Path

import pytest

from bosearch.errors import ConfigError
from bosearch.evaluators import CommandRecipe, ProcessRecipe
from bosearch.io.description import describe
from bosearch.io.study_file import load_study_file
from bosearch.runner import Stop
from bosearch.space import Choice, Integer, Real, Sequence, Space
from bosearch.study import OutcomeConstraint, Problem, maximize, minimize

STUDIES = Path(__file__).parents[2] / "studies"
SMALLEST = """
name = "s"
[space]
x = { type = "real", low = 0, high = 1 }
[objectives]
loss = "minimize"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> ConfigError:
    path = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_study_file(path)
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value


def test_everything_that_a_file_states_arrives(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        name = "all"
        seed = 3
        store = "postgresql://user@host/db"
        tracked = ["seconds"]
        constraints = ["cost <= 3.5"]
        [space]
        rate = { type = "real", low = 1e-4, high = 1, log = true }
        layers = { type = "integer", low = 1, high = 4 }
        kind = { type = "choice", values = ["a", "b"] }
        seq = { type = "sequence", alphabet = "ACGT", length = 3 }
        constraints = ["rate * layers <= 2"]
        forbidden = [{ kind = "a", layers = 4 }]
        [objectives]
        gain = "maximize"
        waste = { direction = "minimize", threshold = 5.0 }
        [strategy]
        name = "bayes"
        initial = 7
        [evaluator]
        type = "process"
        function = "objective:evaluate"
        workers = 2
        timeout_s = 60
        retries = 1
        [stop]
        trials = 40
        hours = 1.5
        """,
    )
    file = load_study_file(path)
    assert (file.name, file.seed, file.url) == ("all", 3, "postgresql://user@host/db")
    space = Space(
        rate=Real(1e-4, 1, log=True),
        layers=Integer(1, 4),
        kind=Choice(["a", "b"]),
        seq=Sequence("ACGT", 3),
        constraints=["rate * layers <= 2"],
        forbidden=[{"kind": "a", "layers": 4}],
    )
    assert file.problem == Problem(
        space,
        (maximize("gain"), minimize("waste", threshold=5.0)),
        (OutcomeConstraint("cost", "<=", 3.5),),
        ("seconds",),
    )
    assert file.strategy == {"name": "bayes", "initial": 7}
    assert file.evaluator == ProcessRecipe(
        function="objective:evaluate", workers=2, timeout_s=60, retries=1
    )
    assert file.stop == Stop(trials=40, hours=1.5)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    file = load_study_file(written(tmp_path, SMALLEST))
    assert file.seed == 0
    assert file.strategy == {"name": "auto"}
    assert file.evaluator is None
    assert file.stop == Stop()
    assert file.url == f"sqlite:///{tmp_path}/s.db"  # beside the file, whatever its folder


@pytest.mark.parametrize(
    ("store", "place"),
    [("sqlite:///sub/x.db", "{folder}/sub/x.db"), ("sqlite:////var/x.db", "/var/x.db")],
)
def test_a_relative_database_lies_in_the_folder_of_the_file(
    store: str, place: str, tmp_path: Path
) -> None:
    file = load_study_file(written(tmp_path, f'store = "{store}"\n{SMALLEST}'))
    assert file.url == "sqlite:///" + place.format(folder=tmp_path)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    text = f'store = "postgresql://me:secret@host/db"\n{SMALLEST}'
    file = load_study_file(written(tmp_path, text))
    assert "secret" in file.url
    assert "secret" not in file.shown_url


@pytest.mark.parametrize("command", ['"./measure --fast"', '["./measure", "--fast"]'])
def test_a_command_may_be_one_text_or_a_list(command: str, tmp_path: Path) -> None:
    text = f'{SMALLEST}\n[evaluator]\ntype = "command"\ncommand = {command}'
    recipe = load_study_file(written(tmp_path, text)).evaluator
    assert isinstance(recipe, CommandRecipe)
    assert recipe.argv == ["./measure", "--fast"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            SMALLEST.replace("name", "naem", 1),
            "unknown key 'naem'",
            "did you mean 'name'?",
        ),
        (f"{SMALLEST}[stop]\ntrails = 4", "unknown key 'trails' in [stop]", "'trials'"),
        (f"{SMALLEST}[stop]\nseed = 4", "unknown key 'seed' in [stop]", "above the first [table]"),
        (f"{SMALLEST}[stop]\ntrials = 'x'", "stop.trials should be a valid integer, got 'x'", None),
        (f"{SMALLEST}[stop]\ntrials = 0", "stop: trials must be at least 1", None),
        ("x = 1", "unknown key 'x'", "known: name"),
        ('name = "s"', "missing key 'space'", "[space]"),
        (f"seed = true\n{SMALLEST}", "seed should be a valid integer, got True", None),
        (f"seed = -1\n{SMALLEST}", "seed should be greater than or equal to 0, got -1", None),
        (f"{SMALLEST}[strategy]\nname = 'bays'", "no strategy is called 'bays'", "'bayes'"),
        (f"{SMALLEST}[evaluator]\nworkers = 2", "missing key 'evaluator.type'", "process"),
        (f"{SMALLEST}[evaluator]\ntype = 'proces'", "called 'proces'", "'process'"),
        (f"{SMALLEST}[evaluator]\ntype = 'process'", "key 'evaluator.function'", "objective:"),
        (
            f"{SMALLEST}[evaluator]\ntype = 'process'\nfunction = 'f'",
            "evaluator: function must read 'module:function', got 'f'",
            "objective:evaluate",
        ),
        (
            f"{SMALLEST}[evaluator]\ntype = 'process'\nfunction = 'm:f'\nworker = 2",
            "unknown key 'worker' in [evaluator]",
            "did you mean 'workers'?",
        ),
        (SMALLEST.replace("low", "lwo"), "space", "'low'"),
        (SMALLEST.replace("real", "rael"), "space", "'real'"),
        (SMALLEST.replace("minimize", "minimise"), "objectives", None),
        (f"constraints = ['cost < 3']\n{SMALLEST}", "constraints: cannot read", "'solubility"),
        (f"store = 'x.db'\n{SMALLEST}", "store: expected a database URL", "sqlite:///x.db"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_a_cure(
    text: str, message: str, hint: str | None, tmp_path: Path
) -> None:
    error = refused(tmp_path, text)
    assert message in error.message
    assert hint is None or (error.hint is not None and hint in error.hint)


def test_a_syntax_error_shows_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, 'name = "s"\nseed = \n')
    assert "line 2" in error.message
    assert error.hint == "line 2 reads: seed ="


def test_an_unclosed_quote_is_a_syntax_error(tmp_path: Path) -> None:
    assert refused(tmp_path, 'name = """s').hint is not None


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no study file") as caught:
        load_study_file(tmp_path / "study.toml")
    assert "bosearch init" in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot read the study file"):
        load_study_file(path)


def test_a_python_constraint_is_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "beside_me.py").write_text("def below(params): return params['x'] < 0.5\n")
    constrained = SMALLEST.replace(
        "[objectives]", 'constraints = [{ callable = "beside_me:below" }]\n[objectives]'
    )
    file = load_study_file(written(tmp_path, constrained))
    assert file.problem.space.feasible({"x": 0.4})
    assert not file.problem.space.feasible({"x": 0.6})
    assert len(file.functions) == 1


def test_a_python_constraint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    constrained = SMALLEST.replace(
        "[objectives]", 'constraints = [{ callable = "nowhere:below" }]\n[objectives]'
    )
    error = refused(tmp_path, constrained)
    assert "cannot import 'nowhere:below'" in error.message


@pytest.mark.parametrize(
    "path", sorted(STUDIES.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_study_of_the_repository_is_valid(path: Path) -> None:
    file = load_study_file(path)
    assert file.name == (path.parent.name if path.stem == "study" else path.stem)
    assert (path.parent / "README.md").exists()


GRAMMAR = """
from bosearch import Grammar


class Bits(Grammar):
    def root(self): return ""
    def moves(self, state): return ["0", "1"]
    def apply(self, state, token): return state + token
    def canonical(self, state): return state
    def terminal(self, state): return len(state) == 3

"""


def with_grammar(folder: Path, name: str) -> str:
    (folder / f"grammar_of_{folder.name}.py").write_text(GRAMMAR)
    kind = f'{{ type = "construction", grammar = "grammar_of_{folder.name}:{name}" }}'
    return SMALLEST.replace("[objectives]", f"bits = {kind}\n[objectives]")


def test_a_construction_names_its_grammar_beside_the_file(tmp_path: Path) -> None:
    file = load_study_file(written(tmp_path, with_grammar(tmp_path, "Bits")))
    point = {"x": 0.5, "bits": ["1", "0", "1"]}
    assert file.problem.space.validate(point)["bits"] == ["1", "0", "1"]
    (grammar,) = file.functions
    assert grammar.__name__ == "Bits"
    assert describe(file).feasible_share is None


def test_a_grammar_that_is_not_there_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, with_grammar(tmp_path, "Bytes"))
    assert "cannot import" in error.message
