"""What a command works on: a study file, or a database and the name of a study in it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bosearch.errors import ConfigError, StudyNotFoundError

if TYPE_CHECKING:
    from bosearch.asktell import Study
    from bosearch.io.study_file import StudyFile

TargetArgument = Annotated[
    str, typer.Argument(metavar="TARGET", help="A study file, or the URL of a database.")
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", help="The study, where TARGET is a database that holds several."),
]
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="A study file.")]


@dataclass(frozen=True)
class Target:
    """A study, found but not opened.

    Args:
        said: What the user typed.
        url: The database.
        name: The study in it; ``None`` for the only one.
        file: The study file, if it was named.
    """

    said: str
    url: str
    name: str | None
    file: "StudyFile | None"

    def open(self) -> "Study":
        """Open the study.

        Raises:
            StudyNotFoundError: It has not been created yet.
        """
        from bosearch.asktell import Study

        if self.file is None:
            return Study.open(self.url, self.name)
        with suppress(StudyNotFoundError):
            if self.file.has_database:
                return Study.open(self.url, self.name, callables=self.file.functions)
        raise StudyNotFoundError(
            f"study {self.name!r} has not been started: it is not in {self.file.shown_url}",
            hint=f"`bosearch run {self.said}` or `bosearch ask {self.said}` starts it",
        )


def find(target: str, name: str | None) -> Target:
    """Read TARGET and ``--name``.

    Raises:
        ConfigError: TARGET is neither a study file nor a URL, or ``--name`` does not apply.
    """
    if "://" in target:
        return Target(target, target, name, None)
    if name is not None:
        raise ConfigError(
            f"--name goes with the URL of a database, but {target!r} is a file",
            hint="a study file says its name itself",
        )
    file = read_file(target)
    return Target(target, file.url, file.name, file)


def read_file(target: str) -> "StudyFile":
    """Read a study file; a folder stands for the ``study.toml`` in it.

    Raises:
        ConfigError: ``target`` is a URL, or the file is missing or wrong.
    """
    from bosearch.io.study_file import load_study_file

    if "://" in target:
        raise ConfigError(
            f"expected a study file, got the URL {target!r}",
            hint="a database does not say how a candidate is measured; name the study file",
        )
    path = Path(target)
    if path.suffix == ".db":
        raise ConfigError(
            f"expected a study file, got the database {target!r}",
            hint=f"as a URL it is sqlite:///{target}",
        )
    return load_study_file(path / "study.toml" if path.is_dir() else path)
