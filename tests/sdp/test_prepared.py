import pytest
import torch
from flint import arb, ctx, fmpq

from bosearch.sdp.iterate import Facts, inner, residuals
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.prepare import prepare
from bosearch.sdp.prepared import Prepared
from bosearch.sdp.recompute import recompute
from bosearch.sdp.start import initial
from tests.sdp.helpers import complementary, two_point


def random_point(prepared: Prepared) -> tuple[tuple[MultiFloat, ...], MultiFloat]:
    """A symmetric matrix per block, the identity in the padding, and free variables."""
    rng = torch.Generator().manual_seed(0)
    matrices = []
    for cone, C, mask in zip(
        prepared.cones, prepared.program.cost, prepared.program.masks, strict=True
    ):
        part = torch.randn(C.shape, generator=rng, dtype=torch.float64)
        inside = torch.ones_like(part) if mask is None else mask
        part = (part + part.mT) * inside + torch.eye(cone.size) * (1 - inside)
        matrices.append(MultiFloat.of(part, 4))
    y = torch.randn(1, len(prepared.problem.free), generator=rng, dtype=torch.float64)
    return tuple(matrices), MultiFloat.of(y, 4)


@pytest.fixture(params=["minimize", "maximize", "sums of squares"])
def prepared(request: pytest.FixtureRequest) -> Prepared:
    if request.param == "sums of squares":
        return prepare(two_point(8, 9))
    return prepare(complementary(1, sizes=(8, 7, 3), m=6, sense=request.param)[0])


def test_primal_variables_survive_the_way_out_and_back(prepared: Prepared) -> None:
    Y, y = random_point(prepared)
    again, y_again = prepared.inner_primal(*prepared.primal(Y, y))
    for a, b in zip((*Y, y), (*again, y_again), strict=True):
        assert (a - b).to_double().abs().max() < 1e-50


def test_dual_variables_survive_the_way_out_and_back(prepared: Prepared) -> None:
    rng = torch.Generator().manual_seed(1)
    x = tuple(
        MultiFloat.of(torch.randn(c.shape, generator=rng, dtype=torch.float64), 4)
        for c in prepared.program.rhs
    )
    sizes = prepared.problem.blocks.items()
    _, again = prepared.inner_dual(
        {name: MultiFloat.eye(n, 4) for name, n in sizes}, prepared.duals(x)[0]
    )
    for a, b in zip(x, again, strict=True):
        assert (a - b).to_double().abs().max() < 1e-60


def test_objectives_inside_and_outside_are_one_up_to_unit_and_sign(prepared: Prepared) -> None:
    program, problem = prepared.program, prepared.problem
    Y, y = random_point(prepared)
    x = tuple(c + 1.0 for c in program.rhs)
    start = initial(program)
    inside = residuals(program, type(start)(Y, start.Z, x, y))
    (units,) = prepared.units
    scale = fmpq(*units.size.as_integer_ratio()) * int(units.sign)

    duals = prepared.duals(x)[0].to_fmpq()
    with ctx.workprec(300):
        dual = sum((arb(c) * v for c, v in zip(problem.rhs, duals, strict=True)), arb(0))
        (objective,) = inner(program.rhs, x).to_fmpq()
        assert abs(float(objective * scale - dual)) < 1e-40

    found = recompute(problem, *prepared.primal(Y, y), prepared.duals(x)[0])
    (figures,) = inside.figures.tolist()
    expected = units.objective(Facts.of(figures).primal)
    assert float(found.primal.to_double()) == pytest.approx(expected, rel=1e-12)
