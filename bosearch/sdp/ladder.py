"""The precision ladder: as few limbs as make progress, and more from the last good iterate.

A level ends when a factorization fails, when rounding disturbs the residuals
more than the gap allows, when steps become short, or when many of them halve nothing.
The iterate before that is still near the central path, so the next level goes on from
there and nothing is done twice. Which level it starts from hardly matters: the direction
is the same.

Programs of one layout climb side by side, one batch at each level. Each has steps, a
status and an end of its own; those that have ended leave the batch. Those that look
optimal are measured together once the level is empty.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import final

import torch

from bosearch.sdp import checkpoint
from bosearch.sdp.climb import Climb
from bosearch.sdp.interior_point import BREAKDOWNS, advance
from bosearch.sdp.iterate import Facts, Iterate, residuals
from bosearch.sdp.multifloat import quietly
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Accept, Outcome
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.program import Program
from bosearch.sdp.start import initial

_CHECKPOINT_EVERY = 5  # iterations


@final
class Ladder:
    """One solve of programs of one layout."""

    def __init__(
        self,
        prepared: Prepared,
        options: Options,
        accept: Accept,
        start: Iterate | None = None,
    ) -> None:
        """``accept`` recomputes iterates that look optimal; ``start`` has four limbs."""
        self._options = options
        self._program = prepared.program
        self._first = prepared.problems[0]
        self._accept = accept
        self._start = start
        self._climbs = [Climb(units, prepared.program.order, options) for units in prepared.units]

    def run(self) -> list[Outcome]:
        """Climb until something is decided for every program."""
        levels = self._options.levels
        path, first = self._options.checkpoint, self._climbs[0]
        for place, climb in enumerate(self._climbs):
            if self._start is not None:
                climb.at = self._start.taken(slice(place, place + 1))
        saved = checkpoint.read(path, self._first)
        if saved is not None:
            first.at, first.history = saved.iterate, list(saved.history)
            levels = tuple(n for n in levels if n >= saved.iterate.limbs) or levels[-1:]
        with quietly():
            for limbs in levels:
                self._level(limbs)
        outcomes = [climb.outcome for climb in self._climbs if climb.outcome is not None]
        checkpoint.write(path, self._first, outcomes[0].iterate, first.history)
        return outcomes

    def _level(self, limbs: int) -> None:
        """Iterate at one precision until each program is at its end or that of the level."""
        here = [place for place, climb in enumerate(self._climbs) if climb.unfinished]
        if not here:
            return
        options, climbs = self._options, [self._climbs[place] for place in here]
        full = self._program
        if len(here) < len(self._climbs):
            full = full.taken(torch.tensor(here))
        program = full.at(limbs, options.device)
        known = [climb.at.at(limbs, options.device) for climb in climbs if climb.at is not None]
        at = Iterate.joined(known) if known else initial(program, options.beyond)
        batch = _Batch(program, at, climbs)
        while batch.climbs:
            cancelled = options.cancel is not None and options.cancel()
            batch.decide(cancelled=cancelled)
            if batch.climbs:
                batch.advance()
                self._save(batch)
        self._judge()

    def _judge(self) -> None:
        """Measure all that look optimal at once."""
        pairs = enumerate(self._climbs)
        claims = {place: climb.claim for place, climb in pairs if climb.claim is not None}
        if claims:
            for place, confirmed in self._accept(claims).items():
                self._climbs[place].judge(confirmed)

    def _save(self, batch: "_Batch") -> None:
        if batch.climbs and len(batch.climbs[0].history) % _CHECKPOINT_EVERY == 0:
            climb = batch.climbs[0]
            checkpoint.write(self._options.checkpoint, self._first, batch.at, climb.history)


class _Batch:
    """The programs that are iterating at one level."""

    def __init__(self, program: Program, at: Iterate, climbs: Sequence[Climb]) -> None:
        for climb in climbs:
            climb.begin()
        self.program = program
        self.at = at
        self.climbs = list(climbs)
        self.lack = residuals(program, at)
        self.facts = [Facts.of(row) for row in self.lack.figures.tolist()]

    def decide(self, *, cancelled: bool) -> None:
        """End what is decided by the present iterates."""
        for place, (climb, lack) in enumerate(zip(self.climbs, self.facts, strict=True)):
            climb.decide(lack, self._fetch(self.at, place), cancelled=cancelled)
        self._compact()

    def advance(self) -> None:
        """Move by one iteration; end what that breaks. One transfer to the host."""
        tally: Counter[str] = Counter()
        moved, steps = advance(self.program, self.at, self.lack, tally)
        after = residuals(self.program, moved)
        columns = (steps.primal, steps.dual, steps.kept, steps.broken)
        rows = torch.cat([after.figures, torch.stack(columns, -1)], -1).tolist()
        facts = [Facts.of(row[:-4]) for row in rows]
        for place, (climb, row) in enumerate(zip(self.climbs, rows, strict=True)):
            climb.counts.update(tally)
            before, now = self.facts[place], facts[place]
            *moved_by, broken = row[-4:]
            if climb.step(self.program.limbs, before, now, moved_by, BREAKDOWNS[int(broken)]):
                climb.stall(self._fetch(moved, place))
            else:
                climb.fail(self._fetch(self.at, place))
        self.at, self.lack, self.facts = moved, after, facts
        self._compact()

    def _fetch(self, at: Iterate, place: int) -> Callable[[], Iterate]:
        return lambda: at.taken(slice(place, place + 1)).at(at.limbs, "cpu")

    def _compact(self) -> None:
        """Drop the programs that have ended here."""
        stay = [place for place, climb in enumerate(self.climbs) if climb.moving]
        if len(stay) == len(self.climbs):
            return
        self.climbs = [self.climbs[place] for place in stay]
        self.facts = [self.facts[place] for place in stay]
        if stay:
            which = torch.tensor(stay, device=self.program.device)
            self.program = self.program.taken(which)
            self.at, self.lack = self.at.taken(which), self.lack.taken(which)
