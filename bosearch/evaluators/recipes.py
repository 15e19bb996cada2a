"""Frozen recipes of evaluators, as a study file states them."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, final

from bosearch.errors import ConfigError
from bosearch.evaluators.base import Evaluator
from bosearch.evaluators.local import LocalEvaluator


class Recipe(Protocol):
    """How to measure; holds no process and opens no file until it is built."""

    @property
    def retries(self) -> int:
        """How often a lost measurement is tried again."""
        ...

    def build(self, folder: Path, jobs: Path) -> Evaluator:
        """Make the evaluator of a study file in ``folder``; job folders go to ``jobs``."""
        ...


@final
@dataclass(frozen=True, kw_only=True)
class ProcessRecipe:
    """A Python function, called in supervised child processes.

    The function gets the parameters as keyword arguments and returns a mapping
    of metric to number or ``(mean, sem)``; one number is enough when the study
    measures one metric, and a ``Measured`` adds notes for the record. It runs in
    the folder of the study file, which is also first on ``sys.path``. What it
    prints goes to the job's log. To ask for a retry, it exits with code 75
    (``os.EX_TEMPFAIL``).

    Args:
        function: ``"module:function"``, imported only in the child.
        workers: Jobs at once.
        timeout_s: Wall clock for one job, the import of the function included.
        memory_mb: Resident memory of one job and its children, in 10^6 bytes.
        retries: How often a lost job (killed, machine stopped) is tried again.
        threads: Threads of the numerical libraries in each job; ``None`` shares
            the cores evenly among the workers.
    """

    function: str
    workers: int = 1
    timeout_s: float | None = None
    memory_mb: float | None = None
    retries: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", self.function):
            raise ConfigError(
                f"function must read 'module:function', got {self.function!r}",
                hint="for evaluate() in objective.py beside the study file: 'objective:evaluate'",
            )
        _check_numbers(self)

    def build(self, folder: Path, jobs: Path) -> LocalEvaluator:
        """Make the evaluator; ``folder`` is where the function's module is imported from."""
        return _local(self, folder, jobs, {"function": self.function})


@final
@dataclass(frozen=True, kw_only=True)
class CommandRecipe:
    """A command: parameters as JSON on its standard input, metrics as JSON on its output.

    Metrics are one JSON object, metric to number or ``[mean, sem]``: the whole
    output or its last line that is not empty. Exit code 0 means measured, 75
    (``EX_TEMPFAIL``) asks for a retry, any other is a failure explained by the
    last line of standard error. The command runs in the folder of the study file.

    Args:
        command: Program and arguments; one text is split as a shell would, but no
            shell runs it.
        workers: Jobs at once.
        timeout_s: Wall clock for one job.
        memory_mb: Resident memory of one job and its children, in 10^6 bytes.
        retries: How often a lost job (killed, machine stopped) is tried again.
        threads: Threads of the numerical libraries in each job; ``None`` shares
            the cores evenly among the workers.
    """

    command: str | Sequence[str]
    workers: int = 1
    timeout_s: float | None = None
    memory_mb: float | None = None
    retries: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.argv:
            raise ConfigError("command is empty", hint="name a program: ['python', 'measure.py']")
        _check_numbers(self)

    @property
    def argv(self) -> list[str]:
        """Program and arguments."""
        if isinstance(self.command, str):
            try:
                return shlex.split(self.command)
            except ValueError as error:
                raise ConfigError(f"cannot split command {self.command!r}: {error}") from None
        return list(self.command)

    def build(self, folder: Path, jobs: Path) -> LocalEvaluator:
        """Make the evaluator; ``folder`` is where the command runs."""
        return _local(self, folder, jobs, {"command": self.argv})


@final
@dataclass(frozen=True, kw_only=True)
class SdpRecipe:
    """A bound by semidefinite programming, solved in supervised child processes.

    The space may hold the scale ``r`` and any of the settings ``dim``, ``degree``
    and ``gap``, which then replaces the one given here. The metrics are
    ``density``, ``gap`` and ``cpu_s``: the study has the first as its objective
    and tracks the others. Status, device and the certificate's file are notes of
    the trial in the event log.

    Args:
        problem: The program: ``two-point``, the bound of Cohn and Elkies.
        dim: Dimension of the space.
        degree: Of the polynomials, odd.
        gap: Relative duality gap to reach.
        certify: Prove each bound; certificates go to the folder ``certificates``
            beside the study file.
        device: ``auto`` takes a GPU if there is one, and else notes that it ran on the CPU.
        workers: Programs at once.
        timeout_s: Wall clock for one program.
        memory_mb: Resident memory of one job and its children, in 10^6 bytes.
        retries: How often a lost job (killed, machine stopped) is tried again.
        threads: Threads of the numerical libraries in each job; ``None`` shares
            the cores evenly among the workers.
    """

    problem: Literal["two-point"]
    dim: int
    degree: int
    gap: float = 1e-12
    certify: bool = True
    device: Literal["auto", "cpu", "cuda"] = "auto"
    workers: int = 1
    timeout_s: float | None = None
    memory_mb: float | None = None
    retries: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        _check_numbers(self)

    def build(self, folder: Path, jobs: Path) -> LocalEvaluator:
        """Make the evaluator; certificates are written below ``folder``."""
        settings = {name: getattr(self, name) for name in ("dim", "degree", "gap", "certify")}
        task = {
            "function": "bosearch.evaluators.bounds:two_point_density",
            "arguments": {**settings, "device": self.device},
        }
        return _local(self, folder, jobs, task)


_Local = ProcessRecipe | CommandRecipe | SdpRecipe

RECIPES: Mapping[str, type[_Local]] = {
    "process": ProcessRecipe,
    "command": CommandRecipe,
    "sdp": SdpRecipe,
}


def _local(recipe: _Local, folder: Path, jobs: Path, task: Mapping[str, Any]) -> LocalEvaluator:
    work = {
        "folder": str(folder.absolute()),
        "timeout_s": recipe.timeout_s,
        "memory_mb": recipe.memory_mb,
        **task,
    }
    return LocalEvaluator(jobs, work, slots=recipe.workers, threads=recipe.threads)


def _check_numbers(recipe: _Local) -> None:
    at_least = {"workers": 1, "retries": 0, "threads": 1}
    for name, least in at_least.items():
        value = getattr(recipe, name)
        if value is not None and (type(value) is not int or value < least):
            raise ConfigError(f"{name} must be an integer of at least {least}, got {value!r}")
    for name in ("timeout_s", "memory_mb"):
        value = getattr(recipe, name)
        if value is not None and not value > 0:
            raise ConfigError(f"{name} must be positive, got {value!r}")
