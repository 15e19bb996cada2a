"""From the trials of a study to a payoff on features of whole points, in place of their sites.

Features come with a pool of candidates, or from the embeddings of sequences. The process
sees their principal components, those in which measured points differ most.
"""

from collections.abc import Callable
from collections.abc import Sequence as Listing
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from bosearch.combinatorial.embedding import PrincipalComponents, WholeEmbedding
from bosearch.combinatorial.payoff import Array, Payoff
from bosearch.combinatorial.space import Bools, Codes, Sites
from bosearch.combinatorial.training import TrainedOnScale, train_on_scale
from bosearch.errors import SpaceError, StrategyError
from bosearch.space import Sequence, Space
from bosearch.strategies.site_modelling import SiteModelling, described
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.schedule import Data

Features = Callable[[Codes], Array]
"""From ``S x L`` codes to ``S x p`` numbers; a row of NaN where nothing is known."""


@final
class Embedded:
    """Features of whole points, where every parameter is a sequence with an embedding.

    A sequence is embedded once in the life of the object.

    Args:
        space: The parameters.

    Raises:
        SpaceError: The code of an embedding is not here.
    """

    def __init__(self, space: Space) -> None:
        self._parts = [
            (space.slices[name], _embedding(parameter, name))
            for name, parameter in space.parameters.items()
        ]

    def __call__(self, X: Codes) -> Array:
        """``S x p`` features of ``S x L`` codes, parameter by parameter.

        Raises:
            SpaceError: An embedding failed.
            ShapeError: It did not return one finite row per sequence.
        """
        return np.hstack([embedding(X[:, part]) for part, embedding in self._parts])


def embeds(space: Space) -> bool:
    """Whether embeddings tell of whole points.

    Raises:
        StrategyError: Some parameters have one and others do not.
    """
    with_one = [getattr(p, "embedding", None) is not None for p in space.parameters.values()]
    if any(with_one) and not all(with_one):
        without = next(n for n, ok in zip(space.parameters, with_one, strict=True) if not ok)
        raise StrategyError(
            f"embeddings serve where every parameter is a sequence with one; {without!r} has none",
            hint="model = 'sites' leaves them aside",
        )
    return all(with_one)


def _embedding(parameter: Any, name: str) -> WholeEmbedding:
    assert isinstance(parameter, Sequence)
    embed = parameter.embed
    if embed is None:
        raise SpaceError(
            f"parameter {name!r}: the embedding {parameter.embedding!r} is Python code that is"
            " not here",
            hint="pass it when opening the study: callables=[function]",
        )

    def guarded(strings: Listing[str]) -> Any:
        try:
            return embed(strings)
        except Exception as error:  # the code is the user's: it may raise anything
            raise SpaceError(
                f"parameter {name!r}: the embedding {parameter.embedding!r} failed with {error!r}"
                f" for {len(strings)} sequences, the first of them {strings[0]!r}",
                hint="it must return one row of numbers per sequence",
            ) from error

    sites = Sites([len(parameter.alphabet)] * parameter.length)
    return WholeEmbedding(guarded, lambda X: parameter.decode(X.astype(float)), sites)


@final
@dataclass(eq=False)
class FeatureModelling:
    """The model of one ask, on features; as ``SiteModelling`` is the one on sites.

    Args:
        record: The trials, as codes.
        features: Of points.
    """

    record: SiteModelling
    features: Features

    @cached_property
    def X(self) -> Codes:  # noqa: N802  # a matrix, as everywhere
        """``n x L`` codes of the completed trials with features: the others teach nothing."""
        return self.record.X[self._seen]

    @property
    def y(self) -> Array:
        """Their ``n`` values on the model's scale, larger is better."""
        return self.trained.y

    @cached_property
    def trained(self) -> TrainedOnScale:
        """The process on components, turned so that larger is better, on its scale.

        Raises:
            ArithmeticError: No completed trial has features, or a covariance cannot be
                factored.
        """
        if not self._seen.any():
            raise ArithmeticError("no completed trial is in the pool, where the features are")
        data, rows = self.record.data, self._components(self._table)
        p = rows.shape[1]
        recipe = Recipe.of(Embedding((None,) * p, np.arange(p)), "rbf")
        seen = self._seen
        return train_on_scale(Data(rows, data.y[seen], data.sem[seen]), recipe, None)

    def payoff(self, beta: float) -> Payoff:
        """``mean + beta * std`` as if pending points had been measured as predicted."""
        from bosearch.combinatorial.model_payoff import ModelPayoff, UpperBound, torch_rows
        from bosearch.surrogates.botorch_model import GaussianProcesses

        model = self.trained.model
        assert isinstance(model, GaussianProcess)
        payoff = ModelPayoff(
            UpperBound(GaussianProcesses([model]), beta=beta),
            self.record.encoding.sites,
            lambda X: torch_rows(self._components(self.features(X))),
        )
        pending = self.record.pending
        for x in pending[_known(self.features(pending))] if len(pending) else ():
            payoff = payoff.conditioned(x)
        return payoff

    @property
    def units(self) -> tuple[float, float]:
        """What a payoff of 0, and of 1 more, is on the model's scale."""
        return 0.0, 1.0

    @property
    def report(self) -> dict[str, Any]:
        """What provenance says of the model."""
        return {**described(self.trained), "features": self._table.shape[1]}

    @cached_property
    def _every(self) -> Array:
        """Features of all completed trials, NaN where nothing is known."""
        return self.features(self.record.X)

    @property
    def _seen(self) -> Bools:
        return _known(self._every)

    @property
    def _table(self) -> Array:
        """``n x p`` features of ``X``."""
        return self._every[self._seen]

    @cached_property
    def _components(self) -> PrincipalComponents:
        return PrincipalComponents(self._table)


def _known(features: Array) -> Bools:
    return np.asarray(np.isfinite(features).all(axis=1))
