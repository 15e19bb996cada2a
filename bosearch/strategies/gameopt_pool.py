"""A pool for ``gameopt``: the only points that may be proposed, and perhaps what is known of them.

A pool is a CSV file with one row per candidate: a column for each parameter of the study,
and, where the model is to work on features, further columns of numbers. The file is read once
per process, and again when it has changed: candidates may be added during a study.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np

from bosearch.combinatorial.batch import Known, Pick
from bosearch.combinatorial.embedding import PrincipalComponents
from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.screening import screened
from bosearch.combinatorial.space import Codes
from bosearch.combinatorial.training import train_on_scale
from bosearch.errors import BosearchError, SpaceExhaustedError, StrategyError
from bosearch.space import Integer, Real, Space
from bosearch.strategies.gameopt_options import GameOptOptions
from bosearch.strategies.site_modelling import SiteModelling
from bosearch.study.trial import Proposal
from bosearch.study.view import StudyView
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.kernel import squared_exponential
from bosearch.surrogates.likelihood import Priors
from bosearch.surrogates.schedule import Data


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


def pool_of(options: GameOptOptions, space: Space) -> Pool:
    """The pool that the options name.

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
    return _read(path, changed, space, options.model == "features")


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


def from_pool(modelling: SiteModelling, options: GameOptOptions, pool: Pool, n: int) -> list[Pick]:
    """The best ``n`` unknown candidates, each as if those before were measured as predicted.

    Raises:
        SpaceExhaustedError: All candidates are known.
    """
    sites = modelling.encoding.sites
    X = pool.X[sites.feasible(pool.X)]
    if options.model == "features":
        payoff: Payoff = _on_features(modelling, options.beta, pool)
    else:
        payoff = modelling.payoff(options.beta)
    return screened(payoff, X, n, Known(sites, modelling.known))


def _on_features(modelling: SiteModelling, beta: float, pool: Pool) -> Payoff:
    """The upper confidence bound of a process on principal components of the features.

    Trials that are not in the pool have no features: they teach nothing.

    Raises:
        ArithmeticError: No completed trial is in the pool, or a covariance cannot be factored.
    """
    from bosearch.combinatorial.model_payoff import ModelPayoff, UpperBound, torch_rows
    from bosearch.surrogates.botorch_model import GaussianProcesses

    sites = modelling.encoding.sites
    place = {key: row for row, key in enumerate(sites.keys(pool.X).tolist())}
    rows = [place.get(key, -1) for key in sites.keys(modelling.X).tolist()]
    there = np.array(rows, dtype=np.intp)
    seen = there >= 0
    if not seen.any():
        raise ArithmeticError("no completed trial is in the pool")
    components = PrincipalComponents(pool.features[there[seen]])
    table = components(pool.features)
    data = modelling.data
    seen_data = Data(table[there[seen]], data.y[seen], data.sem[seen])
    p = table.shape[1]
    recipe = Recipe(
        Embedding((None,) * p, np.arange(p)), squared_exponential, Priors.for_dimension(p)
    )
    model = train_on_scale(seen_data, recipe, None).model
    assert isinstance(model, GaussianProcess)
    bound = UpperBound(GaussianProcesses([model]), beta=beta)

    def encode(X: Codes) -> Any:
        return torch_rows(table[[place[key] for key in sites.keys(X).tolist()]])

    payoff = ModelPayoff(bound, sites, encode)
    for x in modelling.pending:
        if sites.keys(x[None]).tolist()[0] in place:
            payoff = payoff.conditioned(x)
    return payoff
