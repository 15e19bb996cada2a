"""What a strategy may see of a study: an immutable picture, free of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bosearch.study.problem import Problem
from bosearch.study.trial import Trial, TrialState


@dataclass(frozen=True)
class StudyView:
    """A study at one moment.

    Args:
        problem: What is asked.
        trials: All trials in the order of their numbers.
        next_number: Number that the first proposed trial will have.
        seed: Seed of the study; a strategy draws from ``rng``, seeded by it and
            by ``next_number``, or derives from it what all trials share (the
            scrambling of a Sobol sequence).
        options: The strategy's own table of the study definition.
        cache: Where a strategy may keep what is dear to recompute (JSON values
            by key). The study saves it with the trials that it asks for. It may
            be empty at any time: losing it costs time, never meaning.
    """

    problem: Problem
    trials: Sequence[Trial]
    next_number: int
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def completed(self) -> tuple[Trial, ...]:
        """Trials with a measurement, in the order of their numbers."""
        return tuple(t for t in self.trials if t.state is TrialState.COMPLETED)

    @cached_property
    def pending(self) -> tuple[Trial, ...]:
        """Trials whose result is still to come."""
        return tuple(t for t in self.trials if t.pending)

    @cached_property
    def failed(self) -> tuple[Trial, ...]:
        """Trials that could not be measured."""
        return tuple(t for t in self.trials if t.state is TrialState.FAILED)
