"""The functions behind the evaluator ``sdp``: bounds as measurements. Runs in the child."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from bosearch.errors import CertificateError, SdpError
from bosearch.evaluators.base import Measured
from bosearch.evaluators.certificates import keep, keep_best, kept_density
from bosearch.study.trial import Measurement

if TYPE_CHECKING:
    from bosearch.packing import ThreePointBound

_COMPLETE = ("end",)  # tokens of the complete assembly


def two_point_density(
    *,
    dim: int,
    degree: int,
    certify: bool,
    device: str,
    gap: float = 1e-12,
    r: float | None = None,
) -> Measured:
    """Bound the density of sphere packings by two points; see ``bosearch.packing.two_point``.

    Args:
        dim: Dimension of the space.
        degree: Of the polynomials, odd.
        certify: Prove the bound; the certificate's file is named in the notes.
        device: ``auto``, ``cpu`` or ``cuda``.
        gap: Relative duality gap to reach.
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
    if certify:  # the program gives the name, so that a retry changes nothing
        rho = str(found.rho).replace("/", "over")
        notes["certificate"] = str(
            keep(found, f"two-point-dim{dim:02}-degree{degree}-rho{rho}.json")
        )
    values: dict[str, Measurement | float] = {
        "density": Measurement(float(found.density), None, found.density),
        "gap": found.gap,
        "cpu_s": found.seconds,
    }
    return Measured(values, seconds=found.seconds, notes=notes)


def three_point_density(
    *,
    dim: int,
    d: int,
    d2: int,
    r: float,
    ratio: float,
    certify: bool | Literal["best"],
    device: str,
    assembly: Sequence[str] = _COMPLETE,
    gap: float = 1e-7,
    prove_below: float = 1.0,
) -> Measured:
    """Bound the density of sphere packings by three points; see ``bosearch.packing.three_point``.

    The metric ``density`` is proved if ``certify`` is true, else numerical. With ``best`` a
    bound that beats the certificate that is kept for the dimension is solved once more, to
    be proved: with the slack of a proof, a program whose kernels gain nothing may have no
    solution. What that gave is in the notes, and its seconds do not count as ``cpu_s``.

    Args:
        dim: Dimension of the space.
        d: Half the degree of the three-point function.
        d2: The two-point function has degree ``2 d2 + 1``.
        r: Diameter of the balls.
        ratio: Outer radius in units of ``r``.
        certify: Whether to prove the bound.
        device: ``auto``, ``cpu`` or ``cuda``.
        assembly: Tokens of the SDP game: ``bosearch.packing.game``.
        gap: Relative duality gap to reach.
        prove_below: With ``best``: the density above which no bound is worth a proof.

    Raises:
        ParameterError: A token is no move of the game.
        SdpError: The program was not solved, or its bound cannot be one.
        CertificateError: ``certify`` is true, and the bound could not be proved.
    """
    from bosearch.packing import three_point
    from bosearch.packing.game import edits

    began_s = time.monotonic()
    device, note = _device(device)
    state = edits(assembly)

    def solved(proof: bool) -> "ThreePointBound":
        pieces = state.assembly(d)
        return three_point(dim, d, d2, r, r * ratio, pieces, gap=gap, certify=proof, device=device)

    found = solved(certify is True)
    _check(found, dim)
    notes: dict[str, Any] = {
        "status": str(found.status),
        "device": device,
        **note,
        "assembly": state.in_words(),
        "useless_words": [f"{which} {'*'.join(word)}" for which, word in found.useless_words],
    }
    if certify is True:
        setting = json.dumps([dim, d, d2, r, ratio, list(assembly), gap])
        digest = hashlib.sha256(setting.encode()).hexdigest()[:10]
        notes["certificate"] = str(keep(found, f"three-point-dim{dim:02}-d{d}-{digest}.json.gz"))
    elif certify == "best" and found.density < prove_below:
        notes |= _proof(found, f"three-point-dim{dim:02}.json.gz", solved)
    values: dict[str, Measurement | float] = {
        "density": Measurement(float(found.density), None, found.density),
        "gap": found.gap,
        "cpu_s": found.seconds,
    }
    return Measured(values, seconds=time.monotonic() - began_s, notes=notes)


def _check(found: "ThreePointBound", dim: int) -> None:
    """Refuse what cannot be a bound.

    Raises:
        SdpError: The solver found nothing, or less than a packing has.
    """
    from bosearch.packing import best_packing

    if found.density >= 1:
        raise SdpError(f"no bound was found: {found.result.message}")
    if found.density <= (best_packing(dim) or 0.0):
        raise SdpError(
            f"the solver returned {found.density}, below the density {best_packing(dim)} of a"
            " packing: it lost its way",
            hint="a smaller gap or lower degrees are easier on the arithmetic",
        )


def _proof(
    found: "ThreePointBound", name: str, solved: Callable[[bool], "ThreePointBound"]
) -> dict[str, Any]:
    """Prove a bound if it beats the certificate ``name``, and keep the better; notes on it."""
    if found.density >= kept_density(name):
        return {}
    try:
        proved = solved(True)
    except (CertificateError, SdpError) as error:
        return {"not_proved": error.message}
    path = keep_best(proved, name)
    kept = {} if path is None else {"certificate": str(path)}
    return {"proved_density": str(proved.density), **kept}


def _device(wish: str) -> tuple[str, dict[str, str]]:
    """The device to use, and a note if it is not the one that was hoped for."""
    import torch

    if wish != "auto":
        return wish, {}
    if torch.cuda.is_available():
        return "cuda", {}
    return "cpu", {"device_note": "there is no CUDA device: solved on the CPU"}
