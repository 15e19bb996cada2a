"""The command that looks for what is wrong with an installation or a database."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

import typer

from bosearch.cli.output import Json, aligned, emit
from bosearch.cli.target import NameOption, find
from bosearch.errors import BosearchError, ConfigError

_NEEDED = (
    *("numpy", "scipy", "torch", "gpytorch", "botorch", "sqlalchemy", "alembic", "pydantic"),
    *("typer", "rich", "plotly", "jinja2", "python-flint", "networkx", "psutil"),
)
_EXTRAS = {"psycopg": "postgres", "pandas": "pandas", "scikit-learn": "studies"}
_NETWORK = ("nfs", "cifs", "smb", "afs", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "9p")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: Literal["ok", "note", "problem"]
    says: str


def doctor(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[TARGET]", help="A study file or database to examine as well."),
    ] = None,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Bring the database to this version's schema.")
    ] = False,
    name: NameOption = None,
    as_json: Json = False,
) -> None:
    """Look for what is wrong with the installation or a database.

    Exits with 1 if there is a problem.

    \b
    Example:
      bosearch doctor studies/gb1/study.toml
    """
    if upgrade and target is None:
        raise ConfigError("--upgrade needs a database", hint="bosearch doctor TARGET --upgrade")
    findings = list(_installation())
    if target is not None:
        findings += _database(target, name, upgrade=upgrade)
    if as_json:
        for finding in findings:
            emit(asdict(finding))
    else:
        print(aligned((f.state, f.check, f.says) for f in findings))
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


def _installation() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    supported = sys.version_info >= (3, 11)
    yield Finding(
        "python", "ok" if supported else "problem", python if supported else f"{python}, needs 3.11"
    )
    for package in ("bosearch", *_NEEDED):
        try:
            yield Finding(package, "ok", version(package))
        except PackageNotFoundError:
            yield Finding(package, "problem", "missing; install bosearch again")
    for package, extra in _EXTRAS.items():
        try:
            yield Finding(package, "ok", version(package))
        except PackageNotFoundError:
            yield Finding(package, "note", f"missing; pip install 'bosearch[{extra}]'")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = os.environ.get("OMP_NUM_THREADS")
    yield Finding("cores", "ok", f"{cores}, OMP_NUM_THREADS is {limit or 'not set'}")


def _database(target: str, name: str | None, *, upgrade: bool) -> Iterator[Finding]:
    """Examine a database: can it be read, and does its log agree with its tables?"""
    from bosearch.store import list_studies, verify
    from bosearch.store import upgrade as upgrade_tables
    from bosearch.store.database import parse_url

    found = find(target, name)
    file = parse_url(found.url)
    if file.drivername == "sqlite" and file.database:
        yield from _place(Path(file.database))
        if found.file is not None and not found.file.has_database:
            yield Finding("database", "note", "not there yet: the study has not been started")
            return
    try:
        if upgrade:
            backup = upgrade_tables(found.url)
            yield Finding("upgrade", "ok", f"backup in {backup}" if backup else "was up to date")
        studies = list_studies(found.url)
        yield Finding("database", "ok", f"{len(studies)} studies, schema up to date")
        for study in studies:
            if found.name in (None, study.name):
                differences = verify(found.url, study.name)
                said = f"{sum(study.trials.values())} trials, the log agrees with the tables"
                yield Finding(
                    f"study {study.name}",
                    "problem" if differences else "ok",
                    "; ".join(differences[:5]) or said,
                )
    except BosearchError as error:
        hint = f"; {error.hint}" if error.hint else ""
        yield Finding("database", "problem", f"{error.message}{hint}")


def _place(path: Path) -> Iterator[Finding]:
    """Warn of network file systems: SQLite's locks and its WAL do not work there."""
    import psutil

    folder = path.absolute().parent
    mounts = [m for m in psutil.disk_partitions(all=True) if folder.is_relative_to(m.mountpoint)]
    kind = max(mounts, key=lambda mount: len(mount.mountpoint)).fstype if mounts else "unknown"
    remote = kind.startswith(_NETWORK)
    yield Finding(
        "file system",
        "problem" if remote else "ok",
        f"{kind}: SQLite is not safe on it, use PostgreSQL or a local disk" if remote else kind,
    )
    if folder.exists():
        free = psutil.disk_usage(str(folder)).free
        yield Finding("disk", "ok" if free > 1e8 else "problem", f"{free / 1e9:.1f} GB free")
