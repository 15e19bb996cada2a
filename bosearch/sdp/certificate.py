"""Certificates: JSON documents from which anybody can prove a bound again.

The document is laid out in ``bosearch.verify``, whose checker shares no code with what
makes certificates. None leaves this module before that checker has accepted it.
"""

import gzip
import json
import os
from pathlib import Path
from typing import Any, Protocol

from bosearch.errors import CertificateError
from bosearch.sdp.result import SdpResult
from bosearch.verify import FORMAT, VERSION, verify

TWO_POINT = "two-point"
THREE_POINT = "three-point"
POLYNOMIAL = "polynomial-lower-bound"


class Certified(Protocol):
    """A bound that may carry its proof."""

    @property
    def certificate(self) -> dict[str, Any] | None:
        """The proof, if there is one."""


def certified(kind: str, body: dict[str, Any], *, made_by: SdpResult) -> dict[str, Any]:
    """Complete a certificate with its head, statement and origin, and return it if it proves.

    Raises:
        CertificateError: The checker refuses it.
    """
    document = {"format": FORMAT, "version": VERSION, "kind": kind, "statement": "", **body}
    document["statement"] = verify(document).statement
    document["made_by"] = {
        "solver": f"{made_by.backend} {made_by.version}",
        "status": str(made_by.status),
        "gap": f"{made_by.gap:.1e}",
        "limbs": made_by.limbs,
        "seconds": round(made_by.seconds, 3),
    }
    return document


def certificate_document(bound: Certified) -> dict[str, Any]:
    """Return the certificate of a bound.

    Raises:
        CertificateError: The bound is numerical only.
    """
    if bound.certificate is None:
        raise CertificateError(
            "this bound is numerical: it has no certificate", hint="ask for it with certify=True"
        )
    return bound.certificate


def write_certificate(bound: Certified, path: str | Path) -> None:
    """Write the certificate of a bound to a file, whole or not at all.

    A file whose name ends in ``.gz`` is compressed; equal certificates make equal files.
    """
    text = json.dumps(certificate_document(bound), separators=(",", ":"))
    data, path = (text + "\n").encode("ascii"), Path(path)
    part = path.with_name(path.name + ".part")
    part.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    os.replace(part, path)
