#!/usr/bin/env python
"""What surrogates cost and how well they predict, side by side: ratios of CPU seconds.

    python scripts/bench_surrogates.py                 # all rows
    python scripts/bench_surrogates.py networks scores # some

Every row measures both sides in turn in this process, one thread, and prints the median of
the ratios with the least and the greatest. Peers: a plain loop that trains one network after
the other, a new BoTorch Gaussian process, and laplace-torch where it is installed.
Whole studies with each surrogate: ``studies/surrogates/compare.py``.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from bosearch.problems.functions import Array, branin, hartmann6
from bosearch.space.factor import Factor
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.interface import Fitted
from bosearch.surrogates.registry import load
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.single_output import SingleOutput  # before BoTorch: it warns

# isort: split
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf
from gpytorch.mlls import ExactMarginalLogLikelihood

Row = tuple[str, str, str]
NOISE = 0.1  # standard deviation of observations, of standardised values
WIDTHS = (128, 128, 128)
STEPS = 1000
MEMBERS = 10


def cpu_s(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int = 3) -> str:
    """Median (least .. greatest) of ours over theirs, in turn; after one call of each.

    A single repeat is of long work, which nothing needs to warm up.
    """
    if repeats > 1:
        ours(), theirs()
    pairs = [(cpu_s(ours), cpu_s(theirs)) for _ in range(repeats)]
    ratios = [a / max(b, 1e-9) for a, b in pairs]
    seconds = [statistics.median(side) for side in zip(*pairs, strict=True)]
    return (
        f"{statistics.median(ratios):.3g} ({min(ratios):.3g} .. {max(ratios):.3g}),"
        f" {seconds[0]:.3g} / {seconds[1]:.3g} s"
    )


def cube(d: int) -> Embedding:
    """``d`` continuous coordinates."""
    return Embedding.of([Factor("continuous")] * d)


def branin_of_cube(X: Array) -> Array:
    """Standardised by its mean and spread over the cube."""
    return (branin(X * 15.0 - np.array([5.0, 0.0])) - 54.3) / 51.3


def hartmann_of_cube(X: Array) -> Array:
    """Standardised likewise."""
    return (hartmann6(X) + 0.26) / 0.38


def noisy(function: Callable[[Array], Array], n: int, d: int, seed: int) -> Data:
    """Observations at random points."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n, d))
    y = function(X) + NOISE * rng.normal(size=n)
    return Data(X, y, np.full(n, np.nan))


def log_score(found: Fitted, held_out: Data) -> float:
    """Mean negative log density of new observations, moments as of a normal."""
    posterior = found.model.posterior(torch.tensor(held_out.X).unsqueeze(1), observation_noise=True)
    mean, var = (v.detach().numpy().ravel() for v in (posterior.mean, posterior.variance))
    return float(np.mean(0.5 * np.log(2 * np.pi * var) + (held_out.y - mean) ** 2 / (2 * var)))


def loop_of_networks(data: Data) -> list[nn.Module]:
    """Ten networks, one after the other, in double precision: 1000 steps of Adam each."""
    X, y = torch.tensor(data.X), torch.tensor(data.y).unsqueeze(1)
    trained: list[nn.Module] = []
    for _ in range(MEMBERS):
        sizes = (X.shape[1], *WIDTHS)
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(sizes):
            layers += [nn.Linear(a, b, dtype=torch.float64), nn.Tanh()]
        net = nn.Sequential(*layers, nn.Linear(sizes[-1], 1, dtype=torch.float64))
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)
        for _ in range(STEPS):
            optimizer.zero_grad()
            nn.functional.mse_loss(net(X), y).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        trained.append(net)
    return trained


def new_botorch_gp(data: Data) -> None:
    """BoTorch's default process, fitted."""
    X, y = torch.tensor(data.X), torch.tensor(data.y).unsqueeze(1)
    gp = SingleTaskGP(X, y, outcome_transform=Standardize(m=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit_gpytorch_mll(ExactMarginalLogLikelihood(gp.likelihood, gp))


def fit(spec: Any, data: Data) -> Fitted:
    """A fit in the unit cube."""
    return load(spec).fit(data, cube(data.X.shape[1]), seed=0)


def networks() -> Iterator[Row]:
    """Batched training against a loop; the optimum of an acquisition over an ensemble."""
    data = noisy(branin_of_cube, 50, 2, 0)
    same = {"name": "ensemble", "members": MEMBERS, "widths": WIDTHS, "steps": STEPS}
    spent = ratio(lambda: fit(same, data), lambda: loop_of_networks(data), repeats=1)
    yield "ensemble of 10, fit / loop over networks", "<= 0.25", spent
    found = fit("ensemble", data)
    assert isinstance(found.model, SingleOutput)
    acquisition = qLogExpectedImprovement(found.model, best_f=float(data.y.max()))
    bounds = torch.tensor([[0.0] * 2, [1.0] * 2], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, value = optimize_acqf(acquisition, bounds, q=1, num_restarts=4, raw_samples=128)
        _, best = optimize_acqf(acquisition, bounds, q=1, num_restarts=16, raw_samples=4096)
    share = float(torch.exp(value - best))
    yield "acquisition at the candidate / best of 4096 and climbs", ">= 0.99", f"{share:.4f}"


def laplace() -> Iterator[Row]:
    """The posterior at 512 points, in function space against Kronecker factors of weights."""
    data = noisy(branin_of_cube, 50, 2, 0)
    X = torch.tensor(np.random.default_rng(1).uniform(size=(512, 2)))
    model = fit({"name": "laplace", "widths": WIDTHS}, data).model

    def ours() -> Any:
        return model.posterior(X.unsqueeze(0)).mean

    yield "laplace, joint posterior at 512 points", "CPU s", f"{cpu_s(ours):.3g}"
    if (peer := kronecker_laplace(data)) is not None:
        yield "the same / laplace-torch", "<= 0.15", ratio(ours, lambda: peer(X, joint=True))


def kronecker_laplace(data: Data) -> Any:
    """laplace-torch's approximation around a network of the same widths, untrained: training
    changes no shape. ``None`` where it is not installed (``pip install laplace-torch``)."""
    try:
        from laplace import Laplace  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    from torch.utils.data import DataLoader, TensorDataset

    layers: list[nn.Module] = []
    for a, b in itertools.pairwise((data.X.shape[1], *WIDTHS)):
        layers += [nn.Linear(a, b, dtype=torch.float64), nn.GELU()]
    network = nn.Sequential(*layers, nn.Linear(WIDTHS[-1], 1, dtype=torch.float64))
    found = Laplace(network, "regression", subset_of_weights="all", hessian_structure="kron")
    observed = TensorDataset(torch.tensor(data.X), torch.tensor(data.y).unsqueeze(-1))
    found.fit(DataLoader(observed, batch_size=len(data.y)))
    return found


def gaussian() -> Iterator[Row]:
    """Fits of kernels, and what merging of repeats saves."""
    data = noisy(hartmann_of_cube, 100, 6, 0)
    for name, target in (("ibnn-fixed", "<= 0.5"), ("ibnn", "<= 1.5")):
        for peer in ("gp-gamma", "gp"):
            spent = ratio(lambda: fit(name, data), lambda: fit(peer, data))  # noqa: B023
            yield f"{name}, fit / {peer}", target, spent
        spent = ratio(lambda: fit(name, data), lambda: new_botorch_gp(data))  # noqa: B023
        yield f"{name}, fit / BoTorch's process", target, spent
    few = noisy(hartmann_of_cube, 100, 6, 0)
    rng = np.random.default_rng(2)
    X = np.repeat(few.X, 20, axis=0)
    y = hartmann_of_cube(X) + NOISE * rng.normal(size=len(X))
    many = Data(X, y, np.full(len(X), np.nan))
    spent = ratio(lambda: fit("replicates", many), lambda: new_botorch_gp(many), repeats=1)
    yield "replicates, 2000 at 100 points / BoTorch's process on 2000", "<= 0.02", spent
    spent = ratio(lambda: fit("replicates", many), lambda: fit("gp", many), repeats=1)
    yield "the same / gp", "", spent


def scores() -> Iterator[Row]:
    """How networks predict, against the Gaussian process: median and range over data sets."""
    cases = ((branin_of_cube, 50, 2, "Branin"), (hartmann_of_cube, 100, 6, "Hartmann-6"))
    for function, n, d, title in cases:
        pairs = [
            (noisy(function, n, d, seed), noisy(function, 512, d, 100 + seed)) for seed in range(3)
        ]
        references = [log_score(fit("gp", data), held_out) for data, held_out in pairs]
        for name in ("hmc", "langevin", "ensemble", "laplace", "vbll", "dkl", "dropout"):
            found = [fit(name, data) for data, _ in pairs]
            gaps = [
                log_score(one, held_out) - reference
                for one, (_, held_out), reference in zip(found, pairs, references, strict=True)
            ]
            seconds = statistics.median(one.report.seconds for one in found)
            facts = f"{statistics.median(gaps):+.2f} ({min(gaps):+.2f} .. {max(gaps):+.2f}) nats"
            facts += f", {seconds:.3g} CPU s"
            mixed = [one.report.r_hat for one in found if one.report.r_hat is not None]
            if mixed:
                facts += f", R-hat {min(mixed):.2f} .. {max(mixed):.2f}"
            target = "<= 0.1" if name == "hmc" else ""
            yield f"{title}, {n} observations: log score of {name} behind gp", target, facts


SECTIONS = {"gaussian": gaussian, "networks": networks, "laplace": laplace, "scores": scores}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", default=list(SECTIONS), metavar="SECTION")
    options = parser.parse_args(argv)
    unknown = [name for name in options.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}: expected one of {', '.join(SECTIONS)}")
    torch.set_num_threads(1)
    console = Console(width=150)
    shown = Table("what", "target", "measured", title="Surrogates, one thread")
    for name in options.sections:
        for row in SECTIONS[name]():
            shown.add_row(*row)
            print("; ".join(row), file=sys.stderr, flush=True)
    console.print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
