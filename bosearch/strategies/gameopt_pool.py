"""A pool for ``gameopt``: the only points that may be proposed, and perhaps what is known of them.

A pool is a CSV file with one row per candidate: a column for each parameter of the study,
and, where the model is to work on features, further columns of numbers. The file is read once
per process, and again when it has changed: candidates may be added during a study.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np

from bosearch.combinatorial.batch import Known
from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes, Sites
from bosearch.errors import BosearchError, SpaceExhaustedError, StrategyError
from bosearch.space import Integer, Real, Space
from bosearch.strategies.feature_modelling import embeds
from bosearch.strategies.gameopt_options import GameOptOptions
from bosearch.study.trial import Proposal
from bosearch.study.view import StudyView


@final
@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates, in the order of the file.

    Args:
        X: ``N x L`` codes.
        features: ``N x p`` numbers of the other columns; ``p`` may be 0.
    """

    X: Codes
    features: Array

    def features_of(self, sites: Sites) -> Callable[[Codes], Array]:
        """From ``S x L`` codes to ``S x p`` features; NaN for what is no candidate."""
        keys = sites.keys(self.X)
        order = np.argsort(keys)
        keys, table = keys[order], self.features[order]

        def looked_up(X: Codes) -> Array:
            wanted = sites.keys(X)
            places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            return np.where((keys[places] == wanted)[:, None], table[places], np.nan)

        return looked_up


def pool_of(options: GameOptOptions, space: Space) -> Pool:
    """The pool that the options name, with features where ``model`` is said to be on them.

    Raises:
        StrategyError: The file is not there, a column is missing, or a candidate is no
            point of the space.
    """
    if not isinstance(options.pool, str):
        points = [_point(entry, space) for entry in options.pool or ()]
        return _encoded(points, np.empty((len(points), 0)), space, "pool")
    path = Path(options.pool)
    if not path.is_absolute():
        raise StrategyError(
            f"strategy 'gameopt': pool must be an absolute path, got {options.pool!r}",
            hint=f"pool = '{path.resolve()}'",
        )
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise StrategyError(
            f"strategy 'gameopt': there is no pool {path}: {error.strerror}",
            hint="write a CSV file with a column per parameter",
        ) from None
    on_columns = options.on_features(space) and not embeds(space)
    return _read(path, changed, space, on_columns)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, space: Space, with_features: bool) -> Pool:
    del changed  # part of the key: a changed file is read again
    with path.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        columns = list(reader.fieldnames or ())
        missing = [name for name in space.parameters if name not in columns]
        if missing:
            raise StrategyError(
                f"strategy 'gameopt': the pool {path} has no column {missing[0]!r}, only"
                f" {', '.join(columns[:8]) or 'none'}",
                hint="the first line names the columns, one per parameter",
            )
        others = [name for name in columns if name not in space.parameters]
        if with_features and not others:
            raise StrategyError(
                f"strategy 'gameopt': the pool {path} has no columns beside the parameters",
                hint="add columns of numbers, or leave out model = 'features'",
            )
        points, features = [], []
        for row in reader:
            points.append({name: _typed(row[name], space, name) for name in space.parameters})
            if with_features:
                features.append([_number(row[name], path, reader.line_num) for name in others])
    table = np.array(features, dtype=float).reshape(len(points), -1 if points else 0)
    return _encoded(points, table, space, str(path))


def _encoded(points: Sequence[Any], features: Array, space: Space, where: str) -> Pool:
    if not points:
        raise StrategyError(f"strategy 'gameopt': the pool {where} has no candidates")
    for number, point in enumerate(points):
        try:
            space.validate(point)
        except BosearchError as error:
            raise StrategyError(
                f"strategy 'gameopt': {where}: candidate {number + 1}: {error.message}",
                hint=error.hint,
            ) from None
    encoding = Encoding(space)
    X = encoding.codes(encoding.rows(space.encode(points)))
    _, first = np.unique(encoding.sites.keys(X), return_index=True)
    first.sort()
    return Pool(X[first], features[first])


def _point(entry: Any, space: Space) -> Any:
    """A point; the value alone will do where there is one parameter."""
    if not isinstance(entry, Mapping) and len(space.parameters) == 1:
        return {next(iter(space.parameters)): entry}
    return entry


def _typed(text: str | None, space: Space, name: str) -> Any:
    """What the text of a cell means to its parameter."""
    parameter = space.parameters[name]
    if isinstance(parameter, Integer | Real):
        try:
            return int(text or "") if isinstance(parameter, Integer) else float(text or "")
        except ValueError:
            return text  # the parameter says what is wrong with it
    values = getattr(parameter, "values", ())
    return next((value for value in values if str(value) == text), text)


def _number(text: str | None, path: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise StrategyError(
            f"strategy 'gameopt': {path}: line {line}: expected a number as a feature, got {text!r}"
        )
    return value


def random_candidates(view: StudyView, pool: Pool, n: int) -> list[Proposal]:
    """The next ``n`` unknown candidates, in an order that the study's seed decides.

    Raises:
        SpaceExhaustedError: No feasible candidate is unknown.
    """
    encoding = Encoding(view.problem.space)
    known = Known(encoding.sites)
    trials = [*view.completed, *view.pending, *view.failed]
    known.add(encoding.codes(encoding.rows(view.problem.space.encode([t.params for t in trials]))))
    X = pool.X[np.random.default_rng(view.seed).permutation(len(pool.X))]
    X = X[known.new(X)]
    X = X[encoding.sites.feasible(X)][:n]
    if not len(X):
        raise SpaceExhaustedError(
            f"all feasible ones of {len(pool.X)} candidates are known",
            hint="add candidates to the pool, or stop here",
        )
    points = view.problem.space.decode(encoding.encoded(X.astype(float)))
    return [Proposal(p, {"strategy": "gameopt", "method": "random candidate"}) for p in points]
