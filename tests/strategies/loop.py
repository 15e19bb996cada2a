"""A study in memory, driven by strategy ``bayes``: ask, evaluate, tell."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bosearch.strategies import load
from bosearch.study import Measurement, Problem, Proposal, StudyView, Trial, TrialState

Values = Mapping[str, float | Measurement]
FAST = {"effort": "fast", "initial": 4}


class Loop:
    """Trials, and what a process keeps between asks."""

    def __init__(self, problem: Problem, options: Mapping[str, Any] = FAST, seed: int = 1) -> None:
        self.problem, self.options, self.seed = problem, options, seed
        self.trials: list[Trial] = []
        self.cache: dict[str, Any] = {}
        self.strategy = load("bayes", problem, options)

    def ask(self, n: int = 1) -> list[Proposal]:
        first = len(self.trials)
        view = StudyView(
            self.problem, tuple(self.trials), first, self.seed, self.options, self.cache
        )
        proposals = self.strategy.propose(view, n, np.random.default_rng([self.seed, first]))
        for p in proposals:
            params = self.problem.space.validate(p.params)
            said = json.loads(json.dumps(p.provenance))
            self.trials.append(Trial(len(self.trials), params, TrialState.RUNNING, provenance=said))
        return proposals

    def tell(self, values: Values | None, number: int = -1) -> None:
        """Complete a trial; ``None`` means that it failed."""
        old = self.trials[number]
        measured = {
            metric: v if isinstance(v, Measurement) else Measurement(v)
            for metric, v in (values or {}).items()
        }
        state = TrialState.FAILED if values is None else TrialState.COMPLETED
        self.trials[number] = Trial(
            old.number, old.params, state, values=measured, provenance=old.provenance
        )

    def run(self, n: int, evaluate: Callable[[Mapping[str, Any]], Values | None]) -> None:
        for _ in range(n):
            self.ask()
            self.tell(evaluate(self.trials[-1].params))

    def restart(self) -> None:
        """What a new process has: the record, and the cache as JSON."""
        self.strategy = load("bayes", self.problem, self.options)
        self.cache = json.loads(json.dumps(self.cache))

    def told(self, metric: str) -> list[float]:
        return [t[metric] for t in self.trials if t.state is TrialState.COMPLETED]

    def said(self, key: str) -> list[Any]:
        """What the provenance of each trial holds under ``key``."""
        return [trial.provenance.get(key) for trial in self.trials]

    @property
    def X(self) -> Any:  # noqa: N802
        return self.problem.space.encode([t.params for t in self.trials])
