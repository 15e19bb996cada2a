"""A Gaussian process on sites: a squared-exponential kernel with one length scale per site.

With descriptors as coordinates the kernel is a product of tables over sites, the
heat kernel of a Hamming graph being the special case of identity. Fits, refits and
predictions are those of ``surrogates``; what is new is the view of the fitted process
as tables, from which a game is played.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.linalg.lapack import dtrtri

from bosearch.combinatorial.additive import AdditiveProcess
from bosearch.combinatorial.combination import PRODUCT
from bosearch.combinatorial.payoff import Array
from bosearch.combinatorial.space import Codes
from bosearch.combinatorial.table_payoff import TablePayoff
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.fit import JITTER, Recipe
from bosearch.surrogates.gp import GaussianProcess
from bosearch.surrogates.kernel import KERNELS, squared_distances, squared_exponential
from bosearch.surrogates.likelihood import LogNormal, Priors


def recipe(features: Sequence[Array | None]) -> Recipe:
    """Kernel and priors for points whose sites have these features.

    The prior of length scales is that of ``surrogates``, moved towards shorter ones
    and narrowed: levels are at most a few units apart, and a site that seems not to matter
    after few observations often does.

    Args:
        features: Per site ``counts[i] x p``, or ``None`` for a number in [0, 1].
    """
    widths = [1 if table is None else table.shape[1] for table in features]
    scales = np.repeat(np.arange(len(features)), widths)
    priors = Priors.for_dimension(len(features))
    near = replace(priors, lengthscale=LogNormal(priors.lengthscale.loc - 1.0, 1.0))
    return Recipe(Embedding(tuple(features), scales), KERNELS["rbf"], near)


def tables(
    model: GaussianProcess | AdditiveProcess, features: Sequence[Array | None]
) -> list[Array]:
    """``T_i``: correlations of the levels of each site, ``counts[i] x counts[i]``; no numbers."""
    if isinstance(model, AdditiveProcess):
        return list(model.tables)
    inverse = np.exp(-model.hyper.log_lengthscales)
    scaled = [table * inverse[i] for i, table in enumerate(features) if table is not None]
    return [squared_exponential(squared_distances(A, A))[0] for A in scaled]


def upper_bound(
    model: GaussianProcess | AdditiveProcess, tables: Sequence[Array], X: Codes, *, beta: float
) -> TablePayoff:
    """``mean + beta * std`` of the standardised function as a game's payoff.

    Args:
        model: A process whose kernel is made of ``tables``.
        tables: Per player ``counts[i] x counts[i]``.
        X: ``n x L`` actions that it was conditioned on, in the order of the process.
        beta: Multiplies the standard deviation (BoTorch's ``beta`` is its square).
    """
    whitener, _ = dtrtri(model.factor, lower=1)
    return TablePayoff(
        tables=tables,
        X=X,
        weights=model.weights[:, 0],
        whitener=np.tril(whitener),
        mean=model.hyper.mean,
        signal=model.signal,
        noise=(model.factor**2).sum(axis=1) - model.signal,
        new_noise=float(np.exp(model.hyper.log_noise)) + JITTER,
        beta=beta,
        combination=model.combination if isinstance(model, AdditiveProcess) else PRODUCT,
    )
