"""Commands on bounds: compute one, prove it, verify what somebody else has proved."""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bosearch.cli.output import Json, aligned, emit, say
from bosearch.errors import CertificateError, ConfigError

if TYPE_CHECKING:
    from bosearch.packing.three_point import ThreePointBound
    from bosearch.packing.two_point import TwoPointBound
    from bosearch.sdp import Iteration

Certify = Annotated[
    Path | None, typer.Option("--certify", metavar="FILE", help="Prove it; write the proof.")
]
Device = Annotated[str | None, typer.Option("--device", help="cpu (the default) or cuda.")]
Time = Annotated[
    float | None, typer.Option("--time-s", metavar="SECONDS", help="Stop after so long.")
]

bound = typer.Typer(
    help="Compute a bound by semidefinite programming, and prove it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@bound.callback()
def _bound() -> None:
    """Compute a bound by semidefinite programming, and prove it."""


@bound.command("two-point")
def two_point(
    dim: Annotated[int, typer.Option("--dim", help="Dimension of the space, 1 to 64.")],
    degree: Annotated[int, typer.Option("--degree", help="Of the polynomials in |x|^2; odd.")] = 41,
    r: Annotated[
        float | None, typer.Option("--r", help="Scale: where the function ends; default: the best.")
    ] = None,
    certify: Certify = None,
    gap: Annotated[float, typer.Option("--gap", help="Relative duality gap to reach.")] = 1e-12,
    device: Device = None,
    time_s: Time = None,
    as_json: Json = False,
) -> None:
    """Bound the density of packings of equal balls by the method of Cohn and Elkies.

    \b
    Example:
      bosearch bound two-point --dim 8 --degree 57 --certify e8.json
    """
    from bosearch.packing import two_point as bound_density

    if certify is not None:
        _check_writable(certify)
    found = bound_density(
        dim,
        degree,
        r="best" if r is None else r,
        gap=gap,
        device=device,
        time_s=time_s,
        certify=certify is not None,
        on_iteration=None if as_json else _say_iteration,
    )
    _report(found, certify, as_json)


@bound.command("three-point")
def three_point(
    dim: Annotated[int, typer.Option("--dim", help="Dimension of the space, 2 to 64.")],
    d: Annotated[int, typer.Option("--d", help="Half the degree in squared distances, 1 to 16.")],
    d2: Annotated[int, typer.Option("--d2", help="The two-point function has degree 2 d2 + 1.")],
    r: Annotated[float, typer.Option("--r", help="Diameter of the balls.")],
    outer: Annotated[float, typer.Option("--R", help="Where the three-point function ends.")],
    assembly: Annotated[
        str | None,
        typer.Option("--assembly", metavar="JSON", help="Tokens of the SDP game, as a trial's."),
    ] = None,
    certify: Certify = None,
    gap: Annotated[float, typer.Option("--gap", help="Relative duality gap to reach.")] = 1e-9,
    device: Device = None,
    time_s: Time = None,
    as_json: Json = False,
) -> None:
    """Bound the density of packings of equal balls by triples of points.

    The program is that of Cohn, de Laat and Salmon, complete unless --assembly changes it.

    \b
    Example:
      bosearch bound three-point --dim 4 --d 4 --d2 8 --r 1.2 --R 1.65 --certify d4.json.gz
    """
    from bosearch.packing import three_point as bound_density
    from bosearch.packing.game import Edits, edits

    if certify is not None:
        _check_writable(certify)
    state = Edits() if assembly is None else edits(_tokens(assembly))
    found = bound_density(
        dim,
        d,
        d2,
        r,
        outer,
        state.assembly(d),
        gap=gap,
        device=device,
        time_s=time_s,
        certify=certify is not None,
        on_iteration=None if as_json else _say_iteration,
    )
    _report(found, certify, as_json)


def _report(
    found: "TwoPointBound | ThreePointBound", certificate: Path | None, as_json: bool
) -> None:
    """Write the certificate, and say what was found."""
    from bosearch.sdp.certificate import write_certificate

    if certificate is not None:
        write_certificate(found, certificate)
        say(f"wrote {certificate}; `bosearch verify {certificate}` checks it")
    if as_json:
        emit(_record(found, certificate))
    else:
        print(aligned(_rows(found)))


def _rows(found: "TwoPointBound | ThreePointBound") -> Iterator[tuple[str, str]]:
    yield "density", f"at most {found.density}"
    yield "", "proved" if found.certified else "numerical: --certify FILE proves it"
    for name, value in _setting(found).items():
        yield name, f"{value:.12g}"
    yield "gap", f"{found.gap:.1e}"
    yield "status", str(found.status)
    yield "seconds", f"{found.seconds:.2f}"


def _record(
    found: "TwoPointBound | ThreePointBound", certificate: Path | None
) -> dict[str, object]:
    return {
        "density": str(found.density),
        "certified": found.certified,
        **_setting(found),
        "gap": found.gap,
        "status": str(found.status),
        "seconds": found.seconds,
        "certificate": None if certificate is None else str(certificate),
    }


def _setting(found: "TwoPointBound | ThreePointBound") -> dict[str, float]:
    """What was bounded, and by which program."""
    from bosearch.packing.two_point import TwoPointBound

    if isinstance(found, TwoPointBound):
        return {"dim": found.dim, "degree": found.degree, "r": found.r}
    program = found.program
    radii = {
        name: float(f"{math.sqrt(float(rho) / (2.0 * math.pi)):.12g}")  # rho was rounded
        for name, rho in (("r", program.rho), ("R", program.outer))
    }
    return {"dim": program.dim, "d": program.d, "d2": program.d2, **radii}


def _tokens(text: str) -> list[str]:
    """The tokens of an assembly.

    Raises:
        ConfigError: The text is no list of strings.
    """
    try:
        tokens = json.loads(text)
    except ValueError:
        tokens = None
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ConfigError(
            f"--assembly must be a JSON list of tokens, got {text!r}",
            hint='["drop", "near s3", "end"]',
        )
    return tokens


def _say_iteration(step: "Iteration") -> None:
    precision = f"{step.limbs} limb{'s' if step.limbs > 1 else ''}"
    residual = max(step.primal_error, step.dual_error)
    say(f"iteration {step.number}: {precision}, gap {step.gap:.1e}, residual {residual:.1e}")


def _check_writable(path: Path) -> None:
    """Find out before the work, not after it, that its result cannot be kept.

    Raises:
        ConfigError: The folder is missing or may not be written.
    """
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or path.is_dir():
        raise ConfigError(
            f"the certificate cannot be written to {path}", hint="name a file in a folder of yours"
        )


def verify(
    file: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="A JSON certificate.")],
    as_json: Json = False,
) -> None:
    """Prove what a certificate states, from its numbers alone.

    The checker shares no code with the solver and uses exact and ball arithmetic
    only. Exits with 1 if nothing is proved.

    \b
    Example:
      bosearch verify e8.json
    """
    from bosearch.verify import verify_file

    try:
        proof = verify_file(file)
    except CertificateError as error:
        if as_json:
            emit({"proved": False, "reason": error.message})
        say(f"error: {error}")
        raise typer.Exit(1) from None
    if as_json:
        facts = {name: value for name, value in asdict(proof).items() if value is not None}
        emit({"proved": True, **facts, **({"bound": str(proof.bound)} if proof.bound else {})})
    else:
        print(f"proved: {proof.statement}")
