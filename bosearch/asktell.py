"""The study itself: ask for points, tell what they measured.

``Study`` joins three things that know nothing of each other: the words of a
study (`bosearch.study`), the record (`bosearch.store`) and the strategies
(`bosearch.strategies`, loaded when the first point is asked for).
"""

import logging
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, final

import numpy as np

from bosearch import strategies
from bosearch.errors import BosearchError, ConfigError, SpaceExhaustedError, StudyExistsError
from bosearch.space import Space
from bosearch.store import decisions
from bosearch.store.database import Database
from bosearch.store.documents import dumps, loads, plain_text
from bosearch.store.events import Event, EventKind
from bosearch.store.failures import shown
from bosearch.store.picture import Picture
from bosearch.store.studies import create_study, open_study
from bosearch.store.study_record import StudyRecord
from bosearch.store.turn import Change
from bosearch.strategies.base import Strategy
from bosearch.study.best import best_trial, pareto_front
from bosearch.study.definition import Definition, differences
from bosearch.study.measurements import Told, check_measurements
from bosearch.study.problem import Objective, OutcomeConstraint, Problem
from bosearch.study.trial import Params, Proposal, Trial, TrialState
from bosearch.study.view import StudyView

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)


@final
class Study:
    """A search that lasts: it stops at any moment and goes on where it was.

    Make one with ``Study.create`` or go on with one with ``Study.open``, then ask
    and tell as long as you like::

        from bosearch import Choice, Real, Space, Study, minimize

        study = Study.create(
            "sqlite:///coating.db",
            name="coating",
            space=Space(temperature=Real(20, 90), binder=Choice(["acrylic", "epoxy"])),
            objectives=[minimize("roughness")],
            seed=7,
        )
        for trial in study.ask(4):
            study.tell(trial, {"roughness": measure(trial.params)})
        print(study.best)

    A trial is pending from the moment it is asked for until it is told, failed or
    abandoned. What a call has acknowledged is on disk: each ``ask`` and each
    ``tell`` is one durable transaction, and repeating a ``tell`` is safe. Any number
    of processes may ask and tell the same study at the same time; within one
    process, threads may share one ``Study``.

    The points asked for depend on the record and the seed alone, so that a study
    cut into many sessions asks what an uninterrupted one would have asked.
    """

    def __init__(self, record: StudyRecord, definition: Definition) -> None:
        """Use ``Study.create`` or ``Study.open`` instead."""
        self._record = record
        self._definition = definition
        self._picture = Picture()
        self._cache: dict[str, str] | None = None  # strategies' texts by key, as on record
        self._strategy: Strategy | None = None
        self._asking = threading.Lock()  # strategies are used by one thread at a time

    @classmethod
    def create(
        cls,
        url: str,
        *,
        name: str,
        space: Space,
        objectives: Iterable[Objective],
        constraints: Iterable[str | OutcomeConstraint] = (),
        tracked: Iterable[str] = (),
        strategy: str | Mapping[str, Any] = "auto",
        seed: int = 0,
        if_exists: Literal["error", "resume"] = "error",
    ) -> Self:
        """Put a new study on record, and make its database if there is none.

        Args:
            url: ``sqlite:///file.db``, ``postgresql://user@host/database``, or
                ``sqlite://`` for a study in memory that is gone with the object.
            name: Unique in its database.
            space: What may vary.
            objectives: What to improve: ``minimize("cost")``, ``maximize("yield")``.
            constraints: What measured metrics must satisfy: ``"solubility >= 0.3"``.
            tracked: Further metrics that a tell may carry.
            strategy: How points are chosen: a name, or ``{"name": ..., option: ...}``.
            seed: The same seed and the same results give the same points.
            if_exists: ``"resume"`` goes on with a study that was stated in the same way.

        Raises:
            ConfigError: The study is badly stated.
            StrategyError: The strategy or one of its options does not exist.
            StudyExistsError: The name is taken, or the study there was stated differently.
            StoreError: The database cannot be reached or written.
        """
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"expected a name for the study, got {name!r}")
        if if_exists not in ("error", "resume"):
            raise ConfigError(f"expected if_exists to be 'error' or 'resume', got {if_exists!r}")
        problem = Problem(
            space,
            tuple(objectives),
            tuple(OutcomeConstraint.parse(c) if isinstance(c, str) else c for c in constraints),
            tuple(tracked),
        )
        definition, chooser = _define(problem, strategy, seed)
        with _database(url, create=True) as database:
            record = create_study(database, name, definition.to_spec())
            if record is None:
                record = open_study(database, name)
                _require_same(record, definition, if_exists)
        study = cls(record, definition)
        study._strategy = chooser
        return study

    @classmethod
    def open(
        cls, url: str, name: str | None = None, *, callables: SequenceOf[Callable[..., Any]] = ()
    ) -> Self:
        """Go on with a study, or look at it: opening never writes.

        Args:
            url: Of its database.
            name: Of the study; may be left out if it is the only one there.
            callables: The Python functions among the space's input constraints.

        Raises:
            StudyNotFoundError: There is no such study, or several and no name.
            SchemaVersionError: The database was written by another version of bosearch.
            StoreError: The database is not there or cannot be read.
        """
        with _database(url) as database:
            record = open_study(database, name)
            definition = Definition.from_spec(loads(record.definition), callables=callables)
        return cls(record, definition)

    @property
    def name(self) -> str:
        """Name of the study, unique in its database."""
        return self._record.name

    @property
    def url(self) -> str:
        """Url of the database, as ``open`` takes it."""
        return self._record.database.url.render_as_string(hide_password=False)

    @property
    def problem(self) -> Problem:
        """What the study asks."""
        return self._definition.problem

    @property
    def seed(self) -> int:
        """Seed of all random numbers of the study."""
        return self._definition.seed

    @property
    def strategy(self) -> str:
        """Name of the strategy that chooses points; never ``"auto"``."""
        return self._definition.strategy

    @property
    def options(self) -> Mapping[str, Any]:
        """Options of the strategy."""
        return self._definition.options

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why ``auto`` picked the strategy; empty if it was named."""
        return self._definition.reasons or ()

    def ask(self, n: int = 1, *, lease_s: float | None = None) -> list[Trial]:
        """Hand out ``n`` trials to measure: those that wait or have expired first, then new ones.

        Waiting are points of ``enqueue`` and trials to be retried.

        Args:
            n: How many.
            lease_s: After so many seconds without ``renew`` a trial is offered again;
                ``None`` lends it for ever.

        Returns:
            The trials, fewer than ``n`` if a finite space ends before.

        Raises:
            SpaceExhaustedError: Nothing is left to measure.
            InfeasibleSpaceError: No feasible point could be found.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ConfigError(f"expected a number of trials of at least 1, got {n!r}")
        if lease_s is not None:
            _check_lease(lease_s)
        with self._asking:
            while True:
                handed = self._ask(n, lease_s)
                if handed is not None:
                    return handed

    def _ask(self, n: int, lease_s: float | None) -> list[Trial] | None:
        """One attempt at an ask; ``None`` if another process was faster."""
        self._sync()
        trials = self._picture.trials
        again: list[Trial] = []
        if self._picture.may_expire():
            again = [trials[i] for i in self._record.offerable(n) if i < len(trials)]
        new: list[Proposal] = []
        cache: dict[str, str | None] = {}
        if len(again) < n:
            try:
                new, cache = self._propose(trials, n - len(again))
            except SpaceExhaustedError:
                if not again:
                    raise
        changes = self._record.hand_out(
            again, new, expected=len(trials), lease_s=lease_s, cache=cache
        )
        if changes is None:
            return None
        self._remember(cache)
        return self._added(changes)

    def _propose(
        self, trials: tuple[Trial, ...], n: int
    ) -> tuple[list[Proposal], dict[str, str | None]]:
        """New points, and what the strategy wants kept or removed from its cache."""
        if self._strategy is None:
            self._strategy = strategies.load(self.strategy, self.problem, self.options)
        before = self._cached()
        view = self._view(trials, {key: loads(text) for key, text in before.items()})
        rng = np.random.default_rng([self.seed, view.next_number])
        proposals = self._strategy.propose(view, n, rng)
        after = {key: dumps(value) for key, value in view.cache.items()}
        changed: dict[str, str | None] = {k: v for k, v in after.items() if before.get(k) != v}
        return proposals, changed | dict.fromkeys(before.keys() - after.keys())

    def _cached(self) -> dict[str, str]:
        if self._cache is None:
            self._cache = self._record.cache()
        return self._cache

    def _remember(self, changed: Mapping[str, str | None]) -> None:
        if self._cache is not None:
            kept = {**self._cache, **changed}
            self._cache = {key: text for key, text in kept.items() if text is not None}

    def tell(
        self,
        trial: Trial | int,
        values: Mapping[str, Told],
        *,
        seconds: float | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Trial:
        """Record what a trial measured.

        Telling the same again is accepted in silence, so a call may be repeated when
        its answer was lost. A result of an attempt that has been replaced is kept as
        a note in the log, and the trial is returned as it is.

        Args:
            trial: The trial, or its number.
            values: By metric: a number, ``(mean, standard error)``, a ``Measurement``,
                or a ``Decimal`` whose digits are all kept.
            seconds: How long the measurement took.
            notes: Anything else for the log (JSON).

        Returns:
            The trial as it is now.

        Raises:
            TellError: A metric is unknown or missing, a value is not a finite number,
                or the trial has another result already.
            TrialStateError: The trial has failed, was abandoned, or waits.
            TrialNotFoundError: There is no such trial.
        """
        measured = check_measurements(self.problem, values)
        extras: dict[str, Any] = {} if seconds is None else {"seconds": float(seconds)}
        if notes:
            extras["notes"] = dict(notes)
        return self._change(trial, decisions.tell(_attempt(trial), measured, extras))

    def fail(self, trial: Trial | int, reason: str, retry: bool = False) -> Trial:
        """Record that a trial could not be measured, and why.

        Args:
            trial: The trial, or its number.
            reason: In words; shown to the user unedited.
            retry: Offer it again at the next ``ask``, as the next attempt.

        Raises:
            TrialStateError: The trial is not running.
            TrialNotFoundError: There is no such trial.
        """
        reason = plain_text(reason)
        return self._change(trial, decisions.fail(_attempt(trial), reason, retry=retry))

    def abandon(self, trial: Trial | int, reason: str | None = None) -> Trial:
        """Give up on a pending trial: it is neither a result nor a failure.

        Raises:
            TrialStateError: The trial is not pending, or in a later attempt.
            TrialNotFoundError: There is no such trial.
        """
        reason = None if reason is None else plain_text(reason)
        return self._change(trial, decisions.abandon(_attempt(trial), reason))

    def amend(self, trial: Trial | int, values: Mapping[str, Told]) -> Trial:
        """Correct measurements of a completed trial; the log keeps the old ones.

        Args:
            trial: The trial, or its number.
            values: As in ``tell``; metrics that are left out stay as they are.

        Raises:
            TellError: A metric is unknown, or a value is not a finite number.
            TrialStateError: The trial is not completed.
        """
        measured = check_measurements(self.problem, values, complete=False)
        return self._change(_number(trial), decisions.amend(measured))

    def attach(self, trial: Trial | int, handle: Mapping[str, Any]) -> Trial:
        """Record where a running trial is being measured (JSON), to find the job again.

        Raises:
            TrialStateError: The trial is not running, or in a later attempt.
        """
        return self._change(trial, decisions.attach(_attempt(trial), handle))

    def observe(self, params: Params, values: Mapping[str, Told]) -> Trial:
        """Add a result that was measured elsewhere, as a completed trial of its own.

        Raises:
            ParameterError: ``params`` is not a point of the space.
            TellError: ``values`` is no complete result.
        """
        (trial,) = self.observe_all([(params, values)])
        return trial

    def observe_all(self, results: Iterable[tuple[Params, Mapping[str, Told]]]) -> list[Trial]:
        """Add results that were measured elsewhere, all in one transaction or none.

        Args:
            results: Parameters and values of each.

        Raises:
            ParameterError: Some parameters are not a point of the space.
            TellError: Some values are no complete result.
        """
        problem = self.problem
        checked = [
            (problem.space.validate(params), check_measurements(problem, values))
            for params, values in results
        ]
        return self._added(self._record.observe(checked) if checked else [])

    def enqueue(self, *points: Params) -> list[Trial]:
        """Put points of your own in line: the next asks hand them out before any new ones.

        Until they are measured, they count as pending. A point may be enqueued
        that was measured before.

        Args:
            points: Parameters of each; all of them are put in line, or none.

        Raises:
            ParameterError: Some parameters are not a point of the space.
        """
        checked = [self.problem.space.validate(params) for params in points]
        return self._added(self._record.queue(checked) if checked else [])

    def _added(self, changes: SequenceOf[Change]) -> list[Trial]:
        added = [trial for _, trial in changes]
        if changes:
            self._picture.wrote(changes[-1][0], added, events=len(changes))
        return added

    def renew(self, trials: Iterable[Trial], lease_s: float) -> list[Trial]:
        """Keep running trials for ``lease_s`` more seconds; the heartbeat of a worker.

        Returns:
            Those that are no longer the caller's, as they are now: told already, or
            expired and offered again. They are left alone.
        """
        _check_lease(lease_s)
        return self._record.renew(sorted(trials, key=lambda trial: trial.number), lease_s)

    def trials(self, state: TrialState | str | None = None) -> list[Trial]:
        """All trials in the order of their numbers, or those in one state."""
        self._sync()
        wanted = None if state is None else TrialState(state)
        return [t for t in self._picture.trials if wanted is None or t.state is wanted]

    def trial(self, number: int) -> Trial:
        """One trial.

        Raises:
            TrialNotFoundError: There is no trial of that number.
        """
        return self._record.trial(number)

    @property
    def pending(self) -> list[Trial]:
        """Trials whose result is still to come."""
        self._sync()
        return self._picture.pending

    @property
    def completed(self) -> list[Trial]:
        """Trials with a result."""
        return self.trials(TrialState.COMPLETED)

    @property
    def best(self) -> Trial | None:
        """The best feasible trial of a study with one objective; ``None`` if there is none.

        Raises:
            ConfigError: The study has several objectives; see ``front``.
        """
        return best_trial(self.problem, self.trials())

    def front(self) -> list[Trial]:
        """The feasible trials that no other one beats in every objective."""
        return pareto_front(self.problem, self.trials())

    def frame(self) -> "pd.DataFrame":
        """One row per trial: number, state, parameters, metrics, standard errors, times.

        Raises:
            BosearchError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise BosearchError(
                "a data frame needs pandas", hint="pip install 'bosearch[pandas]'"
            ) from error
        return pd.DataFrame([self._row(trial) for trial in self.trials()])

    def _row(self, trial: Trial) -> dict[str, Any]:
        row: dict[str, Any] = {"number": trial.number, "state": str(trial.state)}
        row |= trial.params
        for metric in self.problem.metrics:
            told = trial.values.get(metric)
            row[metric] = math.nan if told is None else told.value
            row[f"{metric}_sem"] = math.nan if told is None or told.sem is None else told.sem
        return row | {
            "attempt": trial.attempt,
            "reason": trial.reason,
            "asked_at": trial.asked_at,
            "finished_at": trial.finished_at,
        }

    def view(self) -> StudyView:
        """The study as a strategy sees it."""
        self._sync()
        cache = {key: loads(text) for key, text in self._cached().items()}
        return self._view(self._picture.trials, cache)

    def _view(self, trials: tuple[Trial, ...], cache: dict[str, Any]) -> StudyView:
        return StudyView(
            problem=self.problem,
            trials=trials,
            next_number=len(trials),
            seed=self.seed,
            options=self.options,
            cache=cache,
        )

    def notes(self, trial: Trial | int) -> dict[str, Any]:
        """What was noted with the result of a trial: a certificate's file, say."""
        return dict(self._record.result(_number(trial)).get("notes", {}))

    def events(self, after: int = 0) -> list[Event]:
        """The log, from the entry after ``after`` on."""
        return self._record.events(after)

    def close(self) -> None:
        """Give the connections back; the study may be used again."""
        self._record.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Study {self.name!r} in {shown(self._record.database.url)}>"

    def _sync(self) -> None:
        """Bring the picture up to date with what others wrote."""
        changes = self._record.changes(self._picture.seen)
        if changes:
            self._picture.read(changes)
            self._cache = None  # others may have asked: their caches are newer

    def _change(self, trial: Trial | int, decide: decisions.Decision) -> Trial:
        event, after = self._record.change(_number(trial), decide)
        if event is None:
            return after
        late = event.kind is EventKind.LATE_RESULT
        self._picture.wrote(event.seq, [] if late else [after])
        if late:
            _log.warning(
                "study %s: kept a late result of attempt %s at trial %s as a note;"
                " the trial is %s in attempt %s",
                self.name,
                event.attempt,
                after.number,
                after.state,
                after.attempt,
            )
        return after


@contextmanager
def _database(url: str, *, create: bool = False) -> Iterator[Database]:
    """A database that is closed if what begins with it fails."""
    database = Database(url, create=create)
    try:
        yield database
    except BaseException:
        database.close()
        raise


def _define(
    problem: Problem, strategy: str | Mapping[str, Any], seed: int
) -> tuple[Definition, Strategy]:
    """The definition of a study with a concrete strategy, and that strategy, loaded."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"expected a seed of at least 0, got {seed!r}")
    options: dict[str, Any] = {"name": strategy} if isinstance(strategy, str) else dict(strategy)
    if "name" not in options:
        raise ConfigError(
            f"expected a strategy with a name, got {options!r}", hint='{"name": "sobol"}'
        )
    asked_for = str(options.pop("name"))
    name, reasons = strategies.resolve(asked_for, problem)
    chooser = strategies.load(name, problem, options)
    definition = Definition(
        problem=problem,
        strategy=name,
        options=options,
        reasons=tuple(reasons) if asked_for == "auto" else None,
        seed=seed,
    )
    return definition, chooser


def _require_same(there: StudyRecord, definition: Definition, if_exists: str) -> None:
    if if_exists == "error":
        raise StudyExistsError(
            f"{shown(there.database.url)} has a study {there.name!r} already",
            hint="go on with it: Study.open(), or if_exists='resume'; or take another name",
        )
    found = differences(loads(there.definition), definition.to_spec())
    if found:
        raise StudyExistsError(
            f"study {there.name!r} was stated differently: {'; '.join(found)}",
            hint="state it as it was, or take another name",
        )


def _number(trial: Trial | int) -> int:
    return trial.number if isinstance(trial, Trial) else int(trial)


def _attempt(trial: Trial | int) -> int | None:
    return trial.attempt if isinstance(trial, Trial) else None


def _check_lease(lease_s: float) -> None:
    if not (math.isfinite(lease_s) and lease_s > 0):
        raise ConfigError(f"expected a lease of more than 0 seconds, got {lease_s}")
