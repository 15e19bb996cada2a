"""What a caller may ask of a solver."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import torch

from bosearch.errors import SdpError
from bosearch.sdp.result import Iteration, SdpResult

MAX_LIMBS = 4


@final
@dataclass(frozen=True, kw_only=True)
class Options:
    """Targets, limits and hooks of one solve.

    Args:
        gap: Relative gap to reach; residuals are to be a hundredth of it.
        limbs: 1 to 4 limbs of 53 bits throughout, or "auto": as few as make progress.
        device: "cpu", "cuda" or another torch device; None for the CPU.
        time_s: Wall clock seconds.
        max_iterations: Over all levels of precision.
        cancel: Asked between iterations; True ends the solve.
        on_iteration: Told about each iteration.
        checkpoint: A file to resume from if it exists, and to write to.
        beyond: How many times the least matrix that satisfies the equations the primal
            one is to start from.
        warm: A result of a program of the same shape to start from.
    """

    gap: float = 1e-12
    limbs: Literal["auto"] | int = "auto"
    device: str | None = None
    time_s: float | None = None
    max_iterations: int = 300
    cancel: Callable[[], bool] | None = None
    on_iteration: Callable[[Iteration], None] | None = None
    checkpoint: Path | None = None
    beyond: float = 10.0
    warm: SdpResult | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.gap < 1.0:
            raise SdpError(f"gap must lie between 0 and 1, got {self.gap}")
        if self.limbs != "auto" and self.limbs not in range(1, MAX_LIMBS + 1):
            raise SdpError(f"limbs must be 'auto' or 1 to {MAX_LIMBS}, got {self.limbs!r}")
        if self.time_s is not None and not self.time_s > 0.0:
            raise SdpError(f"time_s must be positive, got {self.time_s}")
        if self.max_iterations < 1:
            raise SdpError(f"max_iterations must be at least 1, got {self.max_iterations}")
        if not self.beyond > 0.0:
            raise SdpError(f"beyond must be positive, got {self.beyond}")
        _check_device(self.device)

    @property
    def feasibility(self) -> float:
        """The relative residual that counts as feasible."""
        return self.gap / 100.0

    @property
    def levels(self) -> tuple[int, ...]:
        """Numbers of limbs to go through."""
        return tuple(range(1, MAX_LIMBS + 1)) if self.limbs == "auto" else (int(self.limbs),)


def _check_device(name: str | None) -> None:
    if name is None:
        return
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SdpError(f"unknown device {name!r}", hint="'cpu' or 'cuda'") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SdpError(
            f"device {name!r} was asked for, but torch sees no CUDA device",
            hint="leave device out to solve on the CPU, or install torch with CUDA",
        )
