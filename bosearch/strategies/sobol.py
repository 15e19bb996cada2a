"""Scrambled Sobol points: even coverage of a space, without a model.

The study's seed fixes one scrambled sequence; every proposal records its place
in it (``index`` in the provenance), and the next one goes on after the last
place on record. What is proposed thus depends on the record alone.

Source: Owen (1998), "Scrambling Sobol' and Niederreiter-Xing points", as
implemented by ``scipy.stats.qmc``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from bosearch.errors import SpaceExhaustedError, StrategyError
from bosearch.space import Space
from bosearch.strategies.base import Support
from bosearch.study.problem import Problem, suggest
from bosearch.study.trial import Proposal, Trial
from bosearch.study.view import StudyView

MAX_SCAN = 2_000  # places of the sequence tried for one feasible new point
MAX_ENUMERATE = 1_000_000  # points of a finite space that are listed to find a new one
_MAX_DIMENSION = 21_201  # direction numbers known to scipy (Joe and Kuo, 2008)


@final
class SobolStrategy:
    """Proposes the next feasible new points of a scrambled Sobol sequence.

    Infeasible points are skipped, and so are points of a finite space that the
    study has already. Where the sequence finds nothing within ``MAX_SCAN``
    places, the point is drawn at random and its provenance says so. Constructions
    have no coordinates: they are drawn by play-outs, from the generator of the trial.
    """

    name = "sobol"

    def __init__(self) -> None:
        self._record = _Record()
        self._sequences: dict[tuple[int, int], _Sequence] = {}

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Build the strategy; it has no options.

        Raises:
            StrategyError: An option was given.
        """
        for key in options:
            raise StrategyError(f"strategy 'sobol' has no option {key!r}", hint=suggest(key, ()))
        return cls()

    def supports(self, problem: Problem) -> Support:
        """Every space that can be sampled, up to 21,201 factors."""
        d = len(problem.space.factors)
        if d > _MAX_DIMENSION:
            return Support(False, (f"Sobol sequences end at {_MAX_DIMENSION} factors, got {d}",))
        return Support(True, ("covers any space evenly, without a model",))

    def propose(self, view: StudyView, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Propose ``n`` points, fewer if a finite space ends before.

        What is random draws from a generator seeded by the study and the point's own
        number: asking for two points twice is asking for four.

        Raises:
            SpaceExhaustedError: No new point is left in a finite space.
            InfeasibleSpaceError: No feasible point could be found.
        """
        space = view.problem.space
        if not self._record.holds_of(view.trials):
            self._record = _Record()
        self._record.follow(view.trials, space)
        if not space.factors:
            return [self._drawn(view, number) for number in _numbers(view, n)]
        seen = self._record.keys
        index = self._record.last_index
        proposals: list[Proposal] = []
        taken: set[str] = set()
        for number in _numbers(view, n):
            rng = _generator(view, number)
            try:
                index, proposal = self._next(space, view.seed, index + 1, (seen, taken), rng)
            except SpaceExhaustedError:
                if not proposals:
                    raise
                break
            proposals.append(proposal)
            if space.size is not None:
                taken.add(space.key(proposal.params))
        return proposals

    def _drawn(self, view: StudyView, number: int) -> Proposal:
        """A point of a space without coordinates."""
        (params,) = view.problem.space.sample(1, _generator(view, number))
        return Proposal(params, {"strategy": self.name, "method": "play-out"})

    def _next(
        self,
        space: Space,
        seed: int,
        start: int,
        known: tuple[set[str], set[str]],
        rng: np.random.Generator,
    ) -> tuple[int, Proposal]:
        """The first new feasible point from place ``start`` on, and its place."""
        finite = space.size is not None
        if finite and sum(map(len, known)) >= (space.size or 0):
            raise _exhausted(space.size or 0)
        sequence = self._sequence(len(space.factors), seed)
        for index in range(start, start + MAX_SCAN):
            (params,) = space.from_unit(sequence.point(index), rng)
            if not space.feasible(params):
                continue
            if finite and any(space.key(params) in keys for keys in known):
                continue
            return index, Proposal(params, {"strategy": self.name, "index": index})
        provenance = {
            "strategy": self.name,
            "index": index,
            "fallback": True,
            "reason": f"no new feasible point in {MAX_SCAN} places of the sequence",
        }
        return index, Proposal(_new_sample(space, known, rng), provenance)

    def _sequence(self, d: int, seed: int) -> "_Sequence":
        return self._sequences.setdefault((d, seed), _Sequence(d, seed))


def _numbers(view: StudyView, n: int) -> range:
    return range(view.next_number, view.next_number + n)


def _generator(view: StudyView, number: int) -> np.random.Generator:
    """The generator of the trial ``number``."""
    return np.random.default_rng([view.seed, number])


def _new_sample(
    space: Space, known: tuple[set[str], set[str]], rng: np.random.Generator
) -> dict[str, Any]:
    """A random feasible point that is not ``known``; a finite space is listed in the end."""

    def new(params: Mapping[str, Any]) -> bool:
        return not any(space.key(params) in keys for keys in known)

    if space.size is None:
        return space.sample(1, rng)[0]
    if space.size > MAX_ENUMERATE:
        for params in space.sample(MAX_SCAN, rng):
            if new(params):
                return params
        raise _exhausted(sum(map(len, known)))
    left = [params for params in space.enumerate() if new(params)]
    if not left:
        raise _exhausted(sum(map(len, known)))
    return left[int(rng.integers(len(left)))]


def _exhausted(count: int) -> SpaceExhaustedError:
    return SpaceExhaustedError(
        f"all {count} feasible points of the space have been asked",
        hint="widen the space, or stop here: the best trial is the best there is",
    )


@final
class _Sequence:
    """One scrambled Sobol sequence with random access, cheap when read in order."""

    def __init__(self, d: int, seed: int) -> None:
        self.d, self.seed = d, seed
        self._engine: Any = None
        self._at = 0

    def point(self, index: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the ``1 x d`` point at place ``index``."""
        if self._engine is None or index < self._at:
            from scipy.stats import qmc  # half a second to import, and not always needed

            rng = np.random.default_rng([self.seed, self.d])
            self._engine = qmc.Sobol(self.d, scramble=True, seed=rng)
            self._at = 0
        if index > self._at:
            self._engine.fast_forward(index - self._at)
        self._at = index + 1
        point: np.ndarray[Any, np.dtype[np.float64]] = self._engine.random(1)
        return point


@final
class _Record:
    """What has been asked, brought up to date trial by trial.

    Reading 10,000 trials at each ask would cost more than the ask; parameters
    and provenance of a trial never change, so only new trials are read.
    """

    def __init__(self) -> None:
        self.keys: set[str] = set()  # of a finite space; others never repeat a Sobol point
        self.last_index = -1
        self._count = 0
        self._last: Trial | None = None

    def holds_of(self, trials: Sequence[Trial]) -> bool:
        """Whether what was read is the beginning of ``trials`` (and not of another study)."""
        if self._last is None:
            return True
        if len(trials) < self._count:
            return False
        there = trials[self._count - 1]
        return there.number == self._last.number and there.params == self._last.params

    def follow(self, trials: Sequence[Trial], space: Space) -> None:
        """Read the trials that were not there before."""
        for position in range(self._count, len(trials)):
            trial = trials[position]
            if space.size is not None:
                self.keys.add(space.key(trial.params))
            if trial.provenance.get("strategy") == "sobol":
                self.last_index = max(self.last_index, int(trial.provenance.get("index", -1)))
            self._last = trial
        self._count = len(trials)
