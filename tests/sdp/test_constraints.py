import torch

from bosearch.sdp.constraints import SampledConstraints, StackedConstraints
from bosearch.sdp.multifloat import MultiFloat


def test_sampled_and_stacked_constraints_are_the_same_operators() -> None:
    rng = torch.Generator().manual_seed(0)
    vectors = torch.randn(3, 2, 6, 5, generator=rng, dtype=torch.float64)
    weights = torch.randn(3, 2, 6, generator=rng, dtype=torch.float64)
    sampled = SampledConstraints(MultiFloat.of(vectors, 2), MultiFloat.of(weights, 2), 2)
    stacked = StackedConstraints(MultiFloat.of(sampled.doubles(), 2))
    X, left, right = (
        MultiFloat.of(torch.randn(3, 2, 5, 5, generator=rng, dtype=torch.float64), 2)
        for _ in range(3)
    )
    x = MultiFloat.of(torch.randn(3, 2, 3, generator=rng, dtype=torch.float64), 2)
    symmetric = X + X.mT
    columns = torch.randn(2, 2, 5, 4, generator=rng, dtype=torch.float64)
    for a, b in (
        (sampled.apply(symmetric), stacked.apply(symmetric)),
        (sampled.adjoint(x), stacked.adjoint(x)),
        (sampled.schur(left, right), stacked.schur(left, right)),
        (MultiFloat.of(sampled.sketch(*columns), 1), MultiFloat.of(stacked.sketch(*columns), 1)),
    ):
        # The matrices of ``stacked`` were rounded to doubles.
        torch.testing.assert_close(a.to_double(), b.to_double(), rtol=1e-12, atol=1e-12)
