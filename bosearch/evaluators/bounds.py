"""The functions behind the evaluator ``sdp``: bounds as measurements. Runs in the child."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bosearch.evaluators.base import Measured
from bosearch.study.trial import Measurement

if TYPE_CHECKING:
    from bosearch.packing import TwoPointBound

CERTIFICATES = "certificates"  # folder beside the study file


def two_point_density(
    *, dim: int, degree: int, gap: float, certify: bool, device: str, r: float | None = None
) -> Measured:
    """Bound the density of sphere packings by two points; see ``bosearch.packing.two_point``.

    Args:
        dim: Dimension of the space.
        degree: Of the polynomials, odd.
        gap: Relative duality gap to reach.
        certify: Prove the bound; the certificate's file is named in the notes.
        device: ``auto``, ``cpu`` or ``cuda``.
        r: The scale; ``None`` looks for the best one.

    Raises:
        SdpError: The program was not solved; the message says why.
        CertificateError: It was solved, and could not be proved.
    """
    from bosearch.packing import two_point

    device, note = _device(device)
    scale: float | Literal["best"] = "best" if r is None else r
    found = two_point(dim, degree, r=scale, gap=gap, device=device, certify=certify)
    notes: dict[str, Any] = {"status": str(found.status), "device": device, **note}
    if certify:
        notes["certificate"] = str(_keep(found, f"two-point-dim{dim:02}-degree{degree}"))
    values: dict[str, Measurement | float] = {
        "density": Measurement(float(found.density), None, found.density),
        "gap": found.gap,
        "cpu_s": found.seconds,
    }
    return Measured(values, seconds=found.seconds, notes=notes)


def _device(wish: str) -> tuple[str, dict[str, str]]:
    """The device to use, and a note if it is not the one that was hoped for."""
    import torch

    if wish != "auto":
        return wish, {}
    if torch.cuda.is_available():
        return "cuda", {}
    return "cpu", {"device_note": "there is no CUDA device: solved on the CPU"}


def _keep(bound: "TwoPointBound", name: str) -> Path:
    """Write the certificate; the program gives its name, so that a retry changes nothing."""
    from bosearch.sdp.certificate import write_certificate

    path = Path(CERTIFICATES) / f"{name}-rho{str(bound.rho).replace('/', 'over')}.json"
    path.parent.mkdir(exist_ok=True)
    write_certificate(bound, path)
    return path
