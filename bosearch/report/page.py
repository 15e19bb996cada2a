"""The report: one HTML file with everything in it, readable without a network.

The page is a list of sections; each holds panels, and a panel is a figure.
User text (names, reasons) reaches the page only through the template's
autoescaping and the figures' ``plain``.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from bosearch.report import (
    calibration,
    constructions,
    convergence,
    fronts,
    parameters,
    provenance,
    results,
    timeline,
    words,
)
from bosearch.study import Objective, Problem, Trial, TrialState
from bosearch.study.best import pareto_front

MOST_ROWS = 50  # of a table of trials


@dataclass(frozen=True)
class Panel:
    """A figure with a heading of its own; ``wide`` panels take the whole row."""

    figure: go.Figure
    title: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, a sentence that says how to read it, and its panels."""

    title: str
    note: str
    panels: tuple[Panel, ...]


def write_report(
    path: Path, problem: Problem, trials: Sequence[Trial], *, name: str, facts: dict[str, str]
) -> None:
    """Write the report to ``path``, whole or not at all."""
    page = render(problem, trials, name=name, facts=facts)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(page, encoding="utf-8")
    draft.replace(path)


def render(problem: Problem, trials: Sequence[Trial], *, name: str, facts: dict[str, str]) -> str:
    """The report as HTML; ``facts`` are further lines about the study, such as its seed."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "measured": words.measured,
        "parameter": words.parameter,
        "parameters": words.parameters,
        "duration": words.duration,
    }
    shown = list(sections(problem, trials))
    best = best_trials(problem, trials)
    failed = [trial for trial in trials if trial.state is TrialState.FAILED]
    several = len(problem.objectives) > 1
    steps = best if several else results.improvements(problem, trials)
    return environment.get_template("page.html.j2").render(
        name=name,
        facts=facts,
        problem=problem,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        counts=Counter(str(trial.state) for trial in trials),
        best=best[:MOST_ROWS],
        built=constructions.in_words(problem, best[0]) if best else {},
        failed=failed[-MOST_ROWS:],
        failures=len(failed),
        origins=provenance.origins(trials, {trial.number for trial in steps}),
        success="on the front" if several else "best so far",
        sections=shown,
        figures=_embedded([panel.figure for section in shown for panel in section.panels]),
        plotly=Markup(get_plotlyjs()),  # a library's file, not user text
    )


def best_trials(problem: Problem, trials: Sequence[Trial]) -> list[Trial]:
    """The front, or for one objective the ten best feasible trials, best first."""
    if len(problem.objectives) > 1:
        return pareto_front(problem, trials)
    (objective,) = problem.objectives
    done = [t for t in results.completed(trials) if results.feasible(problem, t)]
    return sorted(done, key=lambda t: results.gain(objective, t), reverse=True)[:10]


def sections(problem: Problem, trials: Sequence[Trial]) -> Iterator[Section]:
    """The sections that this study has something to show in."""
    if results.completed(trials):
        yield from _progress(problem, trials)
        for objective in problem.objectives:
            yield from _dependence(problem, objective, trials)
        yield from _built(problem, trials)
        yield Section(
            "All together",
            "Each line is a measured trial. Drag along an axis to pick a range.",
            (Panel(parameters.parallel(problem, trials), wide=True),),
        )
    if trials:
        chosen = provenance.acquisition_values(trials)
        yield Section(
            "Course of the study",
            "Bars run from the moment a trial was asked for to its end.",
            (
                Panel(timeline.timeline(trials), "Timeline", wide=True),
                *([] if chosen is None else [Panel(chosen, "What the model expected", wide=True)]),
            ),
        )
    yield from _calibration(problem, trials)


def _progress(problem: Problem, trials: Sequence[Trial]) -> Iterator[Section]:
    if len(problem.objectives) == 1:
        yield Section(
            "Convergence",
            "Bars are one standard error, where it is known.",
            (Panel(convergence.convergence(problem, trials), wide=True),),
        )
    else:
        yield Section(
            "Front",
            "Trials that no other one beats in every objective; dashed lines are thresholds.",
            (
                Panel(fronts.front(problem, trials), wide=True),
                Panel(convergence.hypervolume_trace(problem, trials), "Hypervolume"),
                *(
                    Panel(convergence.measurements(problem, o, trials), o.metric)
                    for o in problem.objectives
                ),
            ),
        )
    if problem.constraints:
        yield Section(
            "What must hold",
            "Measured values beside their bounds.",
            tuple(Panel(convergence.outcome(c, trials), str(c)) for c in problem.constraints),
        )


def _dependence(
    problem: Problem, objective: Objective, trials: Sequence[Trial]
) -> Iterator[Section]:
    figures = {
        name: parameters.dependence(problem, objective, name, trials)
        for name in problem.space.parameters
    }
    panels = tuple(
        Panel(figure, name, wide=figure.data[0].type == "heatmap")
        for name, figure in figures.items()
        if figure is not None
    )
    if panels:
        yield Section(
            f"Parameters and {objective.metric}",
            "One panel per parameter; from the first trial (blue) to the last (orange).",
            panels,
        )


def _built(problem: Problem, trials: Sequence[Trial]) -> Iterator[Section]:
    """How two real parameters act together, and which moves built what was measured."""
    for objective in problem.objectives:
        landscape = parameters.landscape(problem, objective, trials)
        if landscape is not None:
            yield Section(
                f"Landscape of {objective.metric}",
                "The first two real parameters; the colour is what was measured.",
                (Panel(landscape, wide=True),),
            )
        for name in constructions.readable(problem):
            graph = constructions.search_graph(problem, objective, name, trials)
            moves = constructions.tokens(problem, objective, name, trials)
            yield Section(
                f"Search graph of {name}",
                "States on the way to what was measured, by the number of moves; the colour is"
                f" the best {objective.metric} below, rings are complete.",
                (Panel(graph, wide=True), Panel(moves, "Measured with each move", wide=True)),
            )


def _calibration(problem: Problem, trials: Sequence[Trial]) -> Iterator[Section]:
    found = calibration.calibrations(problem, trials)
    if found:
        yield Section(
            "Calibration of the model",
            "What the model said of each point before it was measured. Left: measurements should"
            " fall anywhere in the prediction equally often; heaps at both ends mean that it was"
            " too sure, a heap in the middle that it was too timid. The grey band holds 95 of 100"
            " bars of a calibrated model. Points are chosen where the model is hopeful, so that a"
            " little disappointment is to be expected.",
            tuple(
                panel
                for c in found
                for panel in (
                    Panel(calibration.histogram(c), f"{c.metric}: share of the prediction below"),
                    Panel(calibration.intervals(c), c.in_words()),
                )
            ),
        )


def _embedded(figures: Sequence[go.Figure]) -> Markup:
    """Figures as a JSON array that cannot end the script element it stands in."""
    array: Any = ",".join(figure.to_json() for figure in figures)
    return Markup(f"[{array}]".replace("<", "\\u003c"))  # escaped here
