"""What a study file means, in words, with a warning for anything odd. Measures nothing."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy as np

from bosearch.asktell import Study
from bosearch.evaluators import RECIPES, ProcessRecipe
from bosearch.io.study_file import StudyFile
from bosearch.space import Integer, Real, Space
from bosearch.strategies import load, resolve
from bosearch.strategies.thresholds import Threshold, thresholds
from bosearch.study import Objective
from bosearch.study.definition import Definition, differences

_SAMPLES = 2000  # points from which the feasible share is estimated, to about one percent
_WIDE = 1000.0  # ratio of bounds from which a logarithmic scale is the better guess


@dataclass(frozen=True)
class Description:
    """A study file in words.

    Args:
        file: Where it is.
        size: Number of points of the space, constraints ignored; ``None`` if infinite.
        feasible_share: Part of the space that its constraints leave, estimated;
            ``None`` if there are none.
        strategy: The strategy that will be used.
        reasons: Why, and how.
        limits: With several objectives: the thresholds, stated or inferred from what
            has been measured, by metric.
        warnings: What is legal but probably not meant.
    """

    file: StudyFile
    size: int | None
    feasible_share: float | None
    strategy: str
    reasons: tuple[str, ...]
    limits: Mapping[str, Threshold]
    warnings: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """The description as a JSON object."""
        return {
            "valid": True,
            "study": self.file.name,
            "seed": self.file.seed,
            "problem": self.file.problem.to_spec(),
            "size": self.size,
            "feasible_share": self.feasible_share,
            "strategy": self.strategy,
            "reasons": list(self.reasons),
            "thresholds": {metric: asdict(limit) for metric, limit in self.limits.items()},
            "evaluator": None if self.file.evaluator is None else _settings(self.file),
            "stop": asdict(self.file.stop),
            "store": self.file.shown_url,
            "warnings": list(self.warnings),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Pairs of heading and text, for people."""
        return [(heading, text) for heading, text in self._lines() if text]

    def _lines(self) -> Iterator[tuple[str, str]]:
        file, problem = self.file, self.file.problem
        yield "study", f"{file.name}, seed {file.seed}"
        for objective in problem.objectives:
            yield "objective", f"{objective.direction} {objective.metric}{self._limit(objective)}"
        yield "constraints", ", ".join(map(str, problem.constraints))
        yield "tracked", ", ".join(problem.tracked)
        yield "space", _counted(self.size, len(problem.space.factors))
        for name, spec in problem.space.to_spec()["parameters"].items():
            yield "", f"{name}: {_parameter(spec)}"
        for condition in problem.space.conditions:
            yield "", f"only where {condition}"
        if self.feasible_share is not None:
            yield "", f"about {self.feasible_share:.0%} of the space is feasible"
        named = file.strategy["name"]
        yield "strategy", self.strategy if named == self.strategy else f"{named}: {self.strategy}"
        for reason in self.reasons:
            yield "", reason
        yield "evaluator", _evaluator(file)
        yield "stop", _stop(file)
        yield "store", file.shown_url

    def _limit(self, objective: Objective) -> str:
        if len(self.file.problem.objectives) == 1:
            return ""
        limit = self.limits.get(objective.metric)
        if limit is None:
            return ", threshold to be inferred from the measurements"
        return f", threshold {limit.value:.6g}{' (inferred)' if limit.inferred else ''}"


def describe(file: StudyFile, study: Study | None = None) -> Description:
    """Find out what a study file means.

    Args:
        file: To describe.
        study: What is on record, if it has been started.

    Raises:
        StrategyError: The strategy cannot serve the study, or an option of it is wrong.
    """
    problem = file.problem
    options = {key: value for key, value in file.strategy.items() if key != "name"}
    strategy, reasons = resolve(file.strategy["name"], problem)
    if options:  # only the strategy itself can check them, and loading it takes seconds
        reasons = (*reasons, *load(strategy, problem, options).supports(problem).reasons)
    share = feasible_share(problem.space)
    changed = [] if study is None else _differences(file, study)
    measured = [] if study is None or changed else study.completed
    several = len(problem.objectives) > 1
    return Description(
        file=file,
        size=problem.space.size,
        feasible_share=share,
        strategy=strategy,
        reasons=reasons,
        limits=thresholds(problem, measured) if several else {},
        warnings=(*(f"the study on record differs: {d}" for d in changed), *_warnings(file, share)),
    )


def feasible_share(space: Space) -> float | None:
    """Estimate which part of the space satisfies its conditions; ``None`` without coordinates."""
    if not space.conditions or space.without_coordinates:
        return None
    U = np.random.default_rng(0).random((_SAMPLES, len(space.factors)))
    values = space.from_unit(U)
    return float(space.feasible_encoded(space.encode(values)).mean())


def _differences(file: StudyFile, study: Study) -> list[str]:
    """What the file says otherwise than the study that was started from it."""
    asked = file.strategy["name"]
    strategy, reasons = resolve(asked, file.problem)
    now = Definition(
        problem=file.problem,
        strategy=strategy,
        options={key: value for key, value in file.strategy.items() if key != "name"},
        reasons=tuple(reasons) if asked == "auto" else None,
        seed=file.seed,
    )
    there = Definition(
        problem=study.problem,
        strategy=study.strategy,
        options=study.options,
        reasons=study.reasons or None,
        seed=study.seed,
    )
    return differences(there.to_spec(), now.to_spec())


def _warnings(file: StudyFile, share: float | None) -> Iterator[str]:
    problem, stop = file.problem, file.stop
    for name, parameter in problem.space.parameters.items():
        if not isinstance(parameter, Real | Integer) or parameter.log or parameter.low <= 0:
            continue
        ratio = parameter.high / parameter.low
        if ratio >= _WIDE:
            yield f"{name} spans {ratio:.0g} fold on a linear scale: log = true?"
    if share is not None and share < 0.01:
        yield "less than 1% of the space is feasible: narrow the bounds if you can"
    size = problem.space.size
    if size is not None and stop.trials is not None and size < stop.trials:
        yield f"the space has only {size} points, fewer than stop.trials = {stop.trials}"
    if file.evaluator is not None:
        yield from _evaluator_warnings(file)
    for metric in set(problem.tracked) & set(problem.modelled):
        yield f"{metric} is tracked, but it is an objective or constrained anyway"


def _evaluator_warnings(file: StudyFile) -> Iterator[str]:
    if file.stop.trials is None and file.stop.hours is None:
        yield "[stop] says neither trials nor hours: a run goes on until it is interrupted"
    cores = os.cpu_count() or 1
    workers = getattr(file.evaluator, "workers", 1)
    if workers > cores:
        yield f"{workers} workers on {cores} cores fight for them"
    if isinstance(file.evaluator, ProcessRecipe):
        module = file.evaluator.function.partition(":")[0]
        place = file.folder.joinpath(*module.split("."))
        if not place.with_suffix(".py").exists() and not place.is_dir():
            yield f"there is no {module.replace('.', '/')}.py beside the study file"


def _counted(size: int | None, factors: int) -> str:
    points = "infinitely many points" if size is None else f"{size:,} points"
    return f"{factors} factor{'s' if factors != 1 else ''}, {points}"


def _parameter(spec: Mapping[str, Any]) -> str:
    """A parameter's table in words: its type, then what is not at its default."""
    said = []
    for key, value in spec.items():
        if key == "type" or value is False or value is None:
            continue
        if isinstance(value, list):
            said.append(", ".join(map(str, value)))
        else:
            said.append(key if value is True else f"{key} {value}")
    return f"{spec['type']}, {', '.join(said)}"


def _evaluator(file: StudyFile) -> str:
    if file.evaluator is None:
        return "none: people ask and tell"
    kind = next(name for name, recipe in RECIPES.items() if isinstance(file.evaluator, recipe))
    stated = {key: value for key, value in _settings(file).items() if value}
    return ", ".join([kind, *(f"{key} {value}" for key, value in stated.items())])


def _settings(file: StudyFile) -> dict[str, Any]:
    """The evaluator's table, defaults included."""
    recipe = file.evaluator
    return asdict(recipe) if is_dataclass(recipe) and not isinstance(recipe, type) else {}


def _stop(file: StudyFile) -> str:
    limits = []
    if file.stop.trials is not None:
        limits.append(f"after {file.stop.trials} finished trials")
    if file.stop.hours is not None:
        limits.append(f"after {file.stop.hours:g} hours")
    return " or ".join(limits) or "when interrupted"
