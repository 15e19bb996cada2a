"""Flint at 400 bits, and every test on both libraries that run the kernels."""

from collections.abc import Iterator

import pytest
from flint import ctx
from torch import Tensor

from bosearch.sdp.multifloat import array


@pytest.fixture(autouse=True)
def exact_enough() -> Iterator[None]:
    before, ctx.prec = ctx.prec, 400
    yield
    ctx.prec = before


@pytest.fixture(params=["numpy", "torch"], autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """On the host numpy runs the kernels; ``torch`` runs here what runs on a GPU."""
    if request.param == "torch":
        monkeypatch.setattr(array, "native", Tensor.detach)
    return str(request.param)
