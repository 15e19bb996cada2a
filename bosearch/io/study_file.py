"""Study files: a study as a TOML file states it, read in one place and validated once.

Every error is a ``ConfigError`` that names the file, the key and what to do.
Paths in a study file are relative to the file, never to the working directory.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from bosearch.errors import BosearchError, ConfigError
from bosearch.evaluators import RECIPES, Recipe
from bosearch.io.functions import functions_named, import_functions
from bosearch.runner import Stop
from bosearch.space import Space
from bosearch.store.database import parse_url
from bosearch.store.failures import shown
from bosearch.strategies import resolve
from bosearch.study import OutcomeConstraint, Problem
from bosearch.study.problem import objective_from_spec, suggest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T", bound=BaseModel)
_D = TypeVar("_D", bound="DataclassInstance")


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """One study, as its file states it.

    Args:
        path: The file.
        name: Name of the study in its database.
        seed: The same seed asks the same questions.
        url: The database; by default an SQLite file beside the study file.
        problem: What is asked.
        strategy: ``name`` and the strategy's own options.
        evaluator: How a candidate is measured; ``None`` where people ask and tell.
        stop: When a run ends.
    """

    path: Path
    name: str
    seed: int
    url: str
    problem: Problem
    strategy: Mapping[str, Any]
    evaluator: Recipe | None
    stop: Stop

    @property
    def folder(self) -> Path:
        """Where the objective's module is found and the report is written."""
        return self.path.resolve().parent

    @property
    def shown_url(self) -> str:
        """The database as it may be printed: without a password."""
        return shown(parse_url(self.url))

    @property
    def has_database(self) -> bool:
        """Whether there is something to open; a server is taken to be there."""
        url = parse_url(self.url)
        return url.drivername != "sqlite" or Path(str(url.database)).exists()

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The Python functions that the space needs."""
        return self.problem.space.callables

    @property
    def jobs(self) -> Path:
        """Where the evaluator keeps a folder per job."""
        return self.folder / "jobs"


def load_study_file(path: str | Path) -> StudyFile:
    """Read and validate a study file.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or states a study wrongly.
    """
    path = Path(path)
    table = _read_toml(path)
    stated = _validated(_StudyTable, table, path)
    problem = _problem(stated, path)
    with _located(path, "strategy.name"):
        resolve(stated.strategy.name, problem)
    return StudyFile(
        path=path,
        name=stated.name,
        seed=stated.seed,
        url=_database_url(stated, path),
        problem=problem,
        strategy=stated.strategy.model_dump(),
        evaluator=_recipe(stated.evaluator, path),
        stop=_built(Stop, stated.stop, path, "stop"),
    )


class _Table(BaseModel):
    """A table of the file in which every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _StrategyTable(BaseModel):
    """The strategy checks its own options when it is loaded."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    name: str = "auto"


class _StudyTable(_Table):
    name: str = Field(min_length=1)
    seed: int = Field(default=0, ge=0)
    store: str | None = None
    tracked: list[str] = []
    constraints: list[str] = []
    space: dict[str, Any] = Field(min_length=1)
    objectives: dict[str, Any] = Field(min_length=1)
    strategy: _StrategyTable = _StrategyTable()
    evaluator: dict[str, Any] | None = None
    stop: dict[str, Any] = {}


_EXAMPLES = {
    "name": 'name = "my-study"',
    "space": "[space]\nx = { type = 'real', low = 0, high = 1 }",
    "objectives": "[objectives]\nloss = 'minimize'",
    "evaluator.type": 'type = "process"',
    "evaluator.function": 'function = "objective:evaluate"',
    "evaluator.command": 'command = ["./measure"]',
}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no study file {path}", hint="`bosearch init FOLDER` writes one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the study file {path}: {error}") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}", hint=_quoted_line(text, str(error))) from None


def _quoted_line(text: str, message: str) -> str:
    """Show the line that the TOML parser's ``message`` points at."""
    lines = text.splitlines()
    _, found, position = message.partition("(at line ")
    number = int(position.split(",")[0]) if found else len(lines)
    if not 1 <= number <= len(lines):
        return "the file ends too early: is a quote or a bracket still open?"
    return f"line {number} reads: {lines[number - 1].strip()}"


def _validated(model: type[_T], table: Mapping[str, Any], path: Path, at: str = "") -> _T:
    """Check the table ``at`` against its model; the first problem becomes a ``ConfigError``."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        # A misspelt key makes another one missing: the unknown one is the news.
        problem = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    key = ".".join(map(str, problem["loc"]))
    where = f"{at}.{key}" if at else key
    if problem["type"] == "extra_forbidden":
        inside = f" in [{at}]" if at else ""
        misplaced = at and key in _StudyTable.model_fields
        hint = "put it above the first [table]" if misplaced else suggest(key, model.model_fields)
        raise ConfigError(f"{path}: unknown key {key!r}{inside}", hint=hint)
    if problem["type"] == "missing":
        raise ConfigError(f"{path}: missing key {where!r}", hint=_EXAMPLES.get(where))
    message = problem["msg"].removeprefix("Input ")
    raise ConfigError(f"{path}: {where} {message}, got {problem['input']!r}")


@contextmanager
def _located(path: Path, where: str) -> Iterator[None]:
    """Put the file and the key in front of what an inner room has to say."""
    try:
        yield
    except BosearchError as error:
        raise ConfigError(f"{path}: {where}: {error.message}", hint=error.hint) from None


def _problem(stated: _StudyTable, path: Path) -> Problem:
    with _located(path, "space"):
        spec = _space_spec(stated.space)
        functions = import_functions(functions_named(spec), path.resolve().parent)
        space = Space.from_spec(spec, callables=functions)
    with _located(path, "objectives"):
        objectives = tuple(objective_from_spec(*item) for item in stated.objectives.items())
    with _located(path, "constraints"):
        constraints = tuple(map(OutcomeConstraint.parse, stated.constraints))
    with _located(path, "objectives"):
        return Problem(space, objectives, constraints, tuple(stated.tracked))


def _space_spec(table: Mapping[str, Any]) -> dict[str, Any]:
    """Part a [space] table into parameters and the two reserved keys beside them."""
    reserved = {"constraints", "forbidden"}
    return {
        "parameters": {name: value for name, value in table.items() if name not in reserved},
        **{key: table[key] for key in reserved & table.keys()},
    }


def _database_url(stated: _StudyTable, path: Path) -> str:
    """The database of the study, with a relative SQLite path taken from the file's folder."""
    folder = path.resolve().parent
    if stated.store is None:
        return f"sqlite:///{folder / stated.name}.db"
    scheme, found, place = stated.store.partition(":///")
    if "://" not in stated.store:
        raise ConfigError(
            f"{path}: store: expected a database URL, got {stated.store!r}",
            hint=f"an SQLite file beside the study file: 'sqlite:///{stated.store}'",
        )
    if scheme == "sqlite" and found:
        return f"sqlite:///{folder / place}"  # an absolute path replaces the folder
    return stated.store


def _recipe(table: Mapping[str, Any] | None, path: Path) -> Recipe | None:
    if table is None:
        return None
    if "type" not in table:
        raise ConfigError(f"{path}: missing key 'evaluator.type'", hint=_EXAMPLES["evaluator.type"])
    kind = table["type"]
    if kind not in RECIPES:
        raise ConfigError(
            f"{path}: evaluator.type: no evaluator is called {kind!r}",
            hint=suggest(str(kind), RECIPES),
        )
    settings = {key: value for key, value in table.items() if key != "type"}
    return _built(RECIPES[kind], settings, path, "evaluator")


def _built(recipe: type[_D], table: Mapping[str, Any], path: Path, at: str) -> _D:
    """Build a frozen dataclass from a table; keys and types are those of its fields."""
    hints = get_type_hints(recipe)
    keys: dict[str, Any] = {
        field.name: (hints[field.name], ... if field.default is MISSING else field.default)
        for field in fields(recipe)
    }
    model = create_model(recipe.__name__, __base__=_Table, **keys)
    checked = _validated(model, table, path, at)
    with _located(path, at):
        return recipe(**dict(checked))
