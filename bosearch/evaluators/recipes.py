"""Frozen recipes of evaluators, as a study file states them."""

import re
import shlex
from abc import ABC, abstractmethod
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


@dataclass(frozen=True, kw_only=True)
class _LocalRecipe(ABC):
    """Measures in supervised processes of this machine; says what all of them may use.

    Args:
        workers: Jobs at once.
        timeout_s: Wall clock for one job, imports included.
        memory_mb: Resident memory of one job and its children, in 10^6 bytes.
        retries: How often a lost job (killed, machine stopped) is tried again.
        threads: Threads of the numerical libraries in each job; ``None`` shares
            the cores evenly among the workers.
    """

    workers: int = 1
    timeout_s: float | None = None
    memory_mb: float | None = None
    retries: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, least in {"workers": 1, "retries": 0, "threads": 1}.items():
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                raise ConfigError(f"{name} must be an integer of at least {least}, got {value!r}")
        for name in ("timeout_s", "memory_mb"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} must be positive, got {value!r}")

    @property
    @abstractmethod
    def task(self) -> Mapping[str, Any]:
        """What one job runs, as ``LocalEvaluator`` takes it."""

    def build(self, folder: Path, jobs: Path) -> LocalEvaluator:
        """Make the evaluator; jobs run in ``folder``, from which functions are imported."""
        work = {
            "folder": str(folder.absolute()),
            "timeout_s": self.timeout_s,
            "memory_mb": self.memory_mb,
            **self.task,
        }
        return LocalEvaluator(jobs, work, slots=self.workers, threads=self.threads)


@final
@dataclass(frozen=True, kw_only=True)
class ProcessRecipe(_LocalRecipe):
    """A Python function, called in supervised child processes.

    The function gets the parameters as keyword arguments and returns a mapping
    of metric to number or ``(mean, sem)``; one number is enough when the study
    measures one metric, and a ``Measured`` adds notes for the record. It runs in
    the folder of the study file, which is also first on ``sys.path``. What it
    prints goes to the job's log. To ask for a retry, it exits with code 75
    (``os.EX_TEMPFAIL``).

    Args:
        function: ``"module:function"``, imported only in the child.
    """

    function: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", self.function):
            raise ConfigError(
                f"function must read 'module:function', got {self.function!r}",
                hint="for evaluate() in objective.py beside the study file: 'objective:evaluate'",
            )

    @property
    def task(self) -> Mapping[str, Any]:
        """The function."""
        return {"function": self.function}


@final
@dataclass(frozen=True, kw_only=True)
class CommandRecipe(_LocalRecipe):
    """A command: parameters as JSON on its standard input, metrics as JSON on its output.

    Metrics are one JSON object, metric to number or ``[mean, sem]``: the whole
    output or its last line that is not empty. Exit code 0 means measured, 75
    (``EX_TEMPFAIL``) asks for a retry, any other is a failure explained by the
    last line of standard error. The command runs in the folder of the study file.

    Args:
        command: Program and arguments; one text is split as a shell would, but no
            shell runs it.
    """

    command: str | Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.argv:
            raise ConfigError("command is empty", hint="name a program: ['python', 'measure.py']")

    @property
    def argv(self) -> list[str]:
        """Program and arguments."""
        if isinstance(self.command, str):
            try:
                return shlex.split(self.command)
            except ValueError as error:
                raise ConfigError(f"cannot split command {self.command!r}: {error}") from None
        return list(self.command)

    @property
    def task(self) -> Mapping[str, Any]:
        """The command."""
        return {"command": self.argv}


@final
@dataclass(frozen=True, kw_only=True)
class SdpRecipe(_LocalRecipe):
    """A bound by semidefinite programming.

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
    """

    problem: Literal["two-point"]
    dim: int
    degree: int
    gap: float = 1e-12
    certify: bool = True
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @property
    def task(self) -> Mapping[str, Any]:
        """The function that solves, and the settings that all jobs share."""
        names = ("dim", "degree", "gap", "certify", "device")
        return {
            "function": "bosearch.evaluators.bounds:two_point_density",
            "arguments": {name: getattr(self, name) for name in names},
        }


RECIPES: Mapping[str, type[ProcessRecipe] | type[CommandRecipe] | type[SdpRecipe]] = {
    "process": ProcessRecipe,
    "command": CommandRecipe,
    "sdp": SdpRecipe,
}
