import random

from flint import fmpq, fmpq_mat

from bosearch.sdp.problem import Dense, Entries, Sampled, SdpProblem
from bosearch.sdp.tables import blocks_of, outer_sum


def test_samples_and_matrices_of_a_block_add_up_to_its_terms() -> None:
    rng = random.Random(0)
    n = 4
    entries = {(i, j): rng.randint(-5, 5) for i in range(n) for j in range(i + 1)}
    full = fmpq_mat(n, n)
    for (i, j), value in entries.items():
        full[i, j] = full[j, i] = value
    vectors = [[rng.randint(-3, 3) for _ in range(n)] for _ in range(3)]
    weights = [fmpq(rng.randint(-5, 5), 3) for _ in range(3)]
    samples = fmpq_mat(n, n)
    for weight, vector in zip(weights, vectors, strict=True):
        column = fmpq_mat(n, 1, vector)
        samples += column * column.transpose() * weight
    problem = SdpProblem(
        blocks={"a": n},
        rows=["r"],
        rhs=[0],
        terms=[
            Entries("a", 0, entries),
            Sampled("a", vectors, weights, [0] * 3),
            Dense("a", 0, full),
        ],
        cost_blocks=[
            Sampled("a", vectors, weights),
            Entries("a", None, entries),
            Dense("a", None, full),
        ],
    )
    (block,) = blocks_of(problem)
    total = outer_sum(block.vectors, block.weights) + block.matrices[:, 0]
    # Thirds are rounded to 212 bits; all else is exact.
    for found in (total, block.cost):
        difference = found[0].to_fmpq_mat() - (full * 2 + samples)
        assert max(abs(float(entry)) for entry in difference.entries()) < 1e-60
