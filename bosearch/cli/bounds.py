"""Commands on bounds: compute one, prove it, verify what somebody else has proved."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bosearch.cli.output import Json, aligned, emit, say
from bosearch.errors import CertificateError, ConfigError

if TYPE_CHECKING:
    from bosearch.packing.two_point import TwoPointBound
    from bosearch.sdp import Iteration

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
    certify: Annotated[
        Path | None, typer.Option("--certify", metavar="FILE", help="Prove it; write the proof.")
    ] = None,
    gap: Annotated[float, typer.Option("--gap", help="Relative duality gap to reach.")] = 1e-12,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu (the default) or cuda.")
    ] = None,
    time_s: Annotated[
        float | None, typer.Option("--time-s", metavar="SECONDS", help="Stop after so long.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bound the density of packings of equal balls by the method of Cohn and Elkies.

    \b
    Example:
      bosearch bound two-point --dim 8 --degree 57 --certify e8.json
    """
    from bosearch.packing import two_point as bound_density
    from bosearch.sdp.certificate import write_certificate

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
    if certify is not None:
        write_certificate(found, certify)
        say(f"wrote {certify}; `bosearch verify {certify}` checks it")
    if as_json:
        emit(_record(found, certify))
        return
    print(aligned(_rows(found)))


def _rows(found: "TwoPointBound") -> Iterator[tuple[str, str]]:
    yield "density", f"at most {found.density}"
    yield "", "proved" if found.certified else "numerical: --certify FILE proves it"
    yield "dim", str(found.dim)
    yield "degree", str(found.degree)
    yield "scale r", f"{found.r:.12g}"
    yield "gap", f"{found.gap:.1e}"
    yield "status", str(found.status)
    yield "seconds", f"{found.seconds:.2f}"


def _record(found: "TwoPointBound", certificate: Path | None) -> dict[str, object]:
    return {
        "dim": found.dim,
        "degree": found.degree,
        "density": str(found.density),
        "certified": found.certified,
        "r": found.r,
        "gap": found.gap,
        "status": str(found.status),
        "seconds": found.seconds,
        "certificate": None if certificate is None else str(certificate),
    }


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
