from typing import Any

import pytest
import torch

from bosearch.errors import SdpError
from bosearch.sdp.options import Options


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gap": 0.0}, "gap must lie between 0 and 1, got 0.0"),
        ({"gap": float("nan")}, "gap must lie between"),
        ({"limbs": 5}, "limbs must be 'auto' or 1 to 4, got 5"),
        ({"limbs": "all"}, "limbs must be"),
        ({"time_s": 0.0}, "time_s must be positive"),
        ({"time_s": float("nan")}, "time_s must be positive"),
        ({"max_iterations": 0}, "max_iterations must be at least 1"),
        ({"device": "gpu!"}, "unknown device 'gpu!'"),
    ],
)
def test_options_out_of_range_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SdpError, match=message):
        Options(**change)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_where_there_is_none_is_refused_with_a_hint() -> None:
    with pytest.raises(SdpError, match=r"torch sees no CUDA device\n  hint: leave device out"):
        Options(device="cuda")


def test_residuals_are_to_be_a_hundredth_of_the_gap() -> None:
    assert Options(gap=1e-8).feasibility == pytest.approx(1e-10)
    assert Options().levels == (1, 2, 3, 4)
    assert Options(limbs=3).levels == (3,)
