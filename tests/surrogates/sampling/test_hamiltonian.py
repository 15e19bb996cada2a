import math

import pytest
import torch
from torch import Tensor

from bosearch.surrogates.sampling.density import differentiated
from bosearch.surrogates.sampling.hamiltonian import (
    Point,
    StepSize,
    first_step,
    leapfrog,
    sample,
    transition,
)
from tests.surrogates.sampling.targets import gaussian, normal, seeded

wavy = differentiated(lambda x: -(x**4 / 4.0 + torch.cos(2.0 * x)).sum(-1))


def test_leapfrog_run_backwards_leads_back() -> None:
    start = Point.at(wavy, normal(5, 3))
    velocity = normal(5, 3, seed=1)
    end, arrived = leapfrog(wavy, start, velocity, step=0.05, leaps=20)
    back, returned = leapfrog(wavy, end, -arrived, step=0.05, leaps=20)
    torch.testing.assert_close(back.state, start.state, rtol=0, atol=1e-12)
    torch.testing.assert_close(returned, -velocity, rtol=0, atol=1e-12)


def test_leapfrog_keeps_energy_to_second_order() -> None:
    start, velocity = Point.at(wavy, normal(50, 3)), normal(50, 3, seed=1)

    def error(step: float) -> float:
        end, arrived = leapfrog(wavy, start, velocity, step=step, leaps=round(1.0 / step))
        kinetic = 0.5 * (arrived.square().sum(-1) - velocity.square().sum(-1))
        return float((end.value - start.value - kinetic).square().mean().sqrt())

    assert math.log2(error(0.02) / error(0.01)) == pytest.approx(2.0, abs=0.1)


def test_leapfrog_keeps_volume() -> None:
    def flow(joint: Tensor) -> Tensor:
        x, v = joint[:2], joint[2:]
        for _ in range(5):
            v = v - 0.05 * (x**3 - 2.0 * torch.sin(2.0 * x) + x.sum())
            x = x + 0.1 * v
            v = v - 0.05 * (x**3 - 2.0 * torch.sin(2.0 * x) + x.sum())
        return torch.cat([x, v])

    def density(state: Tensor) -> Tensor:
        value = -(state**4 / 4.0 + torch.cos(2.0 * state)).sum(-1)
        return value - 0.5 * state.sum(-1).square()

    joint = normal(4, seed=3)
    jacobian = torch.autograd.functional.jacobian(flow, joint)
    assert float(torch.linalg.det(jacobian)) == pytest.approx(1.0, abs=1e-12)
    # and the flow written out above is ours
    start = Point.at(differentiated(density), joint[None, :2])
    end, arrived = leapfrog(differentiated(density), start, joint[None, 2:], step=0.1, leaps=5)
    torch.testing.assert_close(torch.cat([end.state[0], arrived[0]]), flow(joint))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gaussian_moments_are_found(dtype: torch.dtype) -> None:
    stds = torch.tensor([0.1, 0.5, 1.0, 2.0], dtype=dtype)
    density = gaussian(stds, mean=3.0)
    start = torch.zeros(50, 4, dtype=dtype)
    found = sample(density, start, burn_in=100, draws=100, leaps=15, every=2, generator=seeded(0))
    assert found.states.shape == (100, 50, 4)
    assert found.states.dtype == dtype
    assert found.gradients == 1 + 300 * 15
    # Standard errors from the 50 chains, which are independent of one another.
    scaled = (found.states.double() - 3.0) / stds
    for moment, expected in ((scaled, 0.0), (scaled.square(), 1.0)):
        per_chain = moment.mean(0)  # chains x 4
        error = per_chain.std(0) / math.sqrt(50.0)
        assert ((per_chain.mean(0) - expected).abs() < 4.0 * error).all()
        assert (error < 0.1).all()


def test_dual_averaging_reaches_the_acceptance_it_aims_at() -> None:
    stds = torch.linspace(0.2, 1.0, 30, dtype=torch.float64)
    found = sample(
        gaussian(stds), normal(8, 30) * stds, burn_in=300, draws=200, leaps=10, generator=seeded(1)
    )
    assert found.acceptance == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("guess", [1e-4, 0.1, 100.0])
def test_the_first_step_depends_little_on_the_guess(guess: float) -> None:
    density = gaussian(torch.full((20,), 0.1, dtype=torch.float64))
    start = Point.at(density, 0.1 * normal(8, 20))
    assert 0.03 < first_step(density, start, guess=guess, generator=seeded(0)) < 0.3


def test_a_step_size_grows_when_all_is_accepted_and_shrinks_when_nothing_is() -> None:
    up, down = StepSize(0.1), StepSize(0.1)
    for _ in range(20):
        up.learn(1.0)
        down.learn(0.0)
    assert up.settled > 0.2
    assert down.settled < 0.02


def test_trajectories_that_leave_the_numbers_are_refused() -> None:
    steep = differentiated(lambda x: -(x**8).sum(-1))
    start = Point.at(steep, torch.full((3, 2), 0.5, dtype=torch.float32))
    moved, chance = transition(steep, start, step=1e6, leaps=5, generator=seeded(0))
    assert (chance == 0.0).all()
    assert torch.equal(moved.state, start.state)


def test_a_start_without_density_is_refused() -> None:
    with pytest.raises(ArithmeticError, match="not finite where the chains start"):
        sample(
            gaussian(torch.ones(2)),
            torch.full((2, 2), math.nan),
            burn_in=1,
            draws=1,
            leaps=1,
            generator=seeded(0),
        )


def test_chains_are_a_function_of_the_seed() -> None:
    def run(seed: int) -> Tensor:
        density = gaussian(torch.ones(3))
        return sample(
            density, torch.zeros(4, 3), burn_in=5, draws=5, leaps=4, generator=seeded(seed)
        ).states

    state = torch.random.get_rng_state()
    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    assert torch.equal(torch.random.get_rng_state(), state)
