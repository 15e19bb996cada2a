"""The path of accelerators on a machine without one: where tensors lie, and who waits for whom.

See ``pretend_device`` for what this proves and what it does not.
"""

import pytest
import torch

from bosearch.errors import SdpError
from bosearch.sdp import SdpProblem, Status, solve, solve_many
from bosearch.sdp.multifloat import MultiFloat, cholesky_inverse
from tests.sdp.helpers import complementary, pentagon, two_point
from tests.sdp.multifloat.helpers import numbers
from tests.sdp.pretend_device import pretended


def test_the_device_behaves_like_one() -> None:
    with pretended() as device:
        here = torch.ones(2, 3, dtype=torch.float64, device="cuda")
        assert here.device.type == "cuda"
        assert (here * 2.0)[:, 1:].device.type == "cuda"
        with pytest.raises(RuntimeError, match="found cuda:0 and cpu"):
            here + torch.ones(2, 3)
        with pytest.raises(TypeError, match="memory of cuda:0"):
            here.numpy()
        assert device.waits == 0
        here[0, 0] = 4.0
        assert here.cpu().tolist() == [[4.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
        assert float(here.sum()) == 9.0
        assert not bool((here > 2.0).all())
        assert len(here[here > 2.0]) == 1
        assert device.to_host == {"cpu": 1, "__float__": 1, "__bool__": 1, "__getitem__": 1}
        torch.zeros(2).to("cuda")
        torch.tensor([1.0], device="cuda")
        assert device.to_device == 2


def test_without_a_device_none_is_pretended() -> None:
    with pretended():
        pass
    with pytest.raises(SdpError, match="torch sees no CUDA device"):
        solve(pentagon(), device="cuda")


@pytest.mark.parametrize("limbs", [1, 2, 4])
def test_arithmetic_stays_on_the_device_and_nobody_waits(limbs: int) -> None:
    A, B = numbers(1, (2, 40, 40), limbs), numbers(2, (2, 40, 40), limbs)
    expected = (A @ B * 0.5 - A / B).sum(-1)
    definite = A @ A.mT + MultiFloat.eye(40, limbs)
    factor, inverse, _ = cholesky_inverse(definite)
    with pretended() as device:
        a, b, there = A.to("cuda"), B.to("cuda"), definite.to("cuda")
        found = (a @ b * 0.5 - a / b).sum(-1)
        factored = cholesky_inverse(there)
        assert device.waits == 0
        assert device.to_device == 3
        assert bool(factored[2].all())
        found, lower, upper = (x.to("cpu") for x in (found, *factored[:2]))
    unit = 2.0 ** (-53 * limbs)
    assert (found - expected).to_double().abs().max() < 1e5 * unit
    assert (lower - factor).to_double().abs().max() < 1e8 * unit
    assert (upper - inverse).to_double().abs().max() < 1e8 * unit


def test_large_products_are_residues_there_too() -> None:
    A = numbers(3, (260, 260), 4)
    with pretended() as device:
        found = (A.to("cuda") @ A.to("cuda")).to("cpu")
        assert device.to_host == {"to": 1}
    assert (found - A @ A).to_double().abs().max() < 1e6 * 2.0**-212


@pytest.mark.parametrize(
    "problem", [pentagon(), two_point(8, 5), complementary(0)[0]], ids=["pentagon", "bound", "free"]
)
def test_a_whole_solve_ends_as_on_the_host(problem: SdpProblem) -> None:
    expected = solve(problem)
    with pretended():
        result = solve(problem, device="cuda")
    assert result.status is Status.optimal
    assert len(result.history) == len(expected.history)
    assert result.value == pytest.approx(expected.value, rel=2e-12)


@pytest.mark.parametrize(
    ("sizes", "limbs"), [((4,), 1), ((6, 5, 3, 2, 1), 1), ((4,), 2), ((4, 2, 1), 2), ((2,), 3)]
)
def test_the_host_waits_once_per_iteration_whatever_the_blocks(
    sizes: tuple[int, ...], limbs: int
) -> None:
    problem, _ = complementary(5, sizes=sizes, m=3, k=1)
    waits = []
    for iterations in (1, 3):
        with pretended() as device:
            result = solve(problem, device="cuda", limbs=limbs, max_iterations=iterations)
            waits.append(device.waits)
        assert len(result.history) == iterations
    assert waits[1] - waits[0] == 2


def test_a_batch_waits_no_more_often_than_one() -> None:
    problems = [two_point(dim, 5) for dim in (8, 4, 12)]
    expected = [solve(problem) for problem in problems]
    with pretended() as device:
        results = solve_many(problems, device="cuda")
        waits = device.to_host["tolist"] + device.to_host["__bool__"]
    for result, one in zip(results, expected, strict=True):
        assert result.status is Status.optimal
        assert result.value == pytest.approx(one.value, rel=2e-12, abs=2e-12)
    longest = max(len(result.history) for result in results)
    assert waits <= longest + 6  # one per iteration, and a few where levels begin and fail
