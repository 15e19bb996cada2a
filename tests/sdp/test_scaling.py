import torch

from bosearch.sdp.problem import Sampled, SdpProblem
from bosearch.sdp.scaling import precondition, row_sizes
from bosearch.sdp.tables import Tables, blocks_of, outer_sum
from tests.sdp.helpers import two_point


def test_monomials_at_many_samples_become_nearly_orthonormal() -> None:
    points = range(1, 42)
    problem = SdpProblem(
        blocks={"sigma": 21},
        rows=[f"p{s}" for s in points],
        rhs=[1] * 41,
        terms=[Sampled("sigma", [[s**k for k in range(21)] for s in points], [1] * 41, range(41))],
    )
    (before,) = blocks_of(problem)
    (block,), (T,), exponents = precondition([before], Tables.of(problem).free_matrix)
    scale = 2.0 ** exponents.to(torch.float64)  # 1 x m, as all of these
    gram = outer_sum(block.vectors, block.weights * scale)
    values = torch.linalg.eigvalsh(gram.to_double())
    assert 0 < values.max() < 100 * values.min()
    # Doubles do not even see that the monomials are independent.
    raw = outer_sum(before.vectors, before.weights * scale)
    assert torch.linalg.matrix_rank(raw.to_double()) < 21
    # The change of basis holds to 212 bits, not to the 53 of its factors.
    error = (T.mT @ raw @ T - gram).to_double().abs().max()
    assert error < 1e-55 * raw.to_double().norm() * T.to_double().norm() ** 2


def test_rows_are_scaled_to_size_one_within_a_factor_of_two() -> None:
    problem = two_point(8, 21)
    tables = Tables.of(problem)
    blocks, _, exponents = precondition(tables.blocks, tables.free_matrix)
    sizes = row_sizes(blocks, tables.free_matrix) * 2.0 ** exponents.to(torch.float64)
    assert sizes.min() > 0.5
    assert sizes.max() < 2.0
