"""Frozen recipes of evaluators, as a study file states them."""

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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
    """A bound of the density of sphere packings by semidefinite programming.

    The space may hold any of the settings of the problem, which then replaces the one
    given here: ``degree`` and the scale ``r`` of two points; ``d``, ``d2``, ``r``, the
    ``ratio`` of the radii and the tokens of the ``assembly`` of three. The metrics are
    ``density``, ``gap`` and ``cpu_s``: the study has the first as its objective and
    tracks the others. Status, device and the certificate's file are notes of the trial
    in the event log.

    Args:
        problem: The program: ``two-point``, the bound of Cohn and Elkies, or
            ``three-point``, that of Cohn, de Laat and Salmon.
        dim: Dimension of the space.
        degree: Of the polynomials of two points, odd.
        d: Half the degree of the three-point function.
        d2: Of its two-point function: the degree is ``2 d2 + 1``.
        r: Diameter of the balls; two points look for the best one if it is left out.
        ratio: Outer radius of three points, in units of ``r``.
        gap: Relative duality gap to reach; by default 1e-12 of two points, 1e-7 of three.
        certify: Prove each bound, or none, or (three points) ``best``: solve once more
            and prove what beats the best certificate there is. Certificates go to the
            folder ``certificates`` beside the study file.
        prove_below: With ``best``: the density above which no bound is worth a proof.
        device: ``auto`` takes a GPU if there is one, and else notes that it ran on the CPU.
    """

    problem: Literal["two-point", "three-point"]
    dim: int
    degree: int | None = None
    d: int | None = None
    d2: int | None = None
    r: float | None = None
    ratio: float | None = None
    gap: float | None = None
    certify: bool | Literal["best"] = True
    prove_below: float | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        foreign = ("d", "d2", "ratio") if self.problem == "two-point" else ("degree",)
        for name in foreign:
            if getattr(self, name) is not None:
                raise ConfigError(f"the {self.problem} bound has no {name}")
        if self.problem == "two-point" and self.certify == "best":
            raise ConfigError(
                "certify = 'best' is for three-point bounds",
                hint="a two-point proof is cheap: true",
            )
        if self.prove_below is not None and self.certify != "best":
            raise ConfigError("prove_below needs certify = 'best'")

    @property
    def task(self) -> Mapping[str, Any]:
        """The function that solves, and the settings that all jobs share."""
        common = {field.name for field in fields(_LocalRecipe)} | {"problem"}
        stated = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in common}
        return {
            "function": f"bosearch.evaluators.bounds:{self.problem.replace('-', '_')}_density",
            "arguments": {name: value for name, value in stated.items() if value is not None},
        }


RECIPES: Mapping[str, type[ProcessRecipe] | type[CommandRecipe] | type[SdpRecipe]] = {
    "process": ProcessRecipe,
    "command": CommandRecipe,
    "sdp": SdpRecipe,
}
