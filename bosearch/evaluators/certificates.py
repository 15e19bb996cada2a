"""Certificates that evaluations leave beside the study file: each one, or the best."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol

from bosearch.errors import CertificateError

CERTIFICATES = "certificates"  # folder beside the study file


class Proved(Protocol):
    """A bound of a density that may carry its proof."""

    @property
    def density(self) -> Decimal:
        """No packing is denser."""

    @property
    def certificate(self) -> dict[str, Any] | None:
        """The proof."""


def keep(bound: Proved, name: str) -> Path:
    """Write a certificate under a name; return its path.

    Raises:
        CertificateError: The bound has none.
    """
    from bosearch.sdp.certificate import write_certificate

    path = Path(CERTIFICATES) / name
    path.parent.mkdir(exist_ok=True)
    write_certificate(bound, path)
    return path


def keep_best(bound: Proved, name: str) -> Path | None:
    """Write a certificate unless the one of that name is better or as good.

    Jobs that run at once wait for each other: the better one stays.

    Returns:
        Its path, or ``None`` if it was not written.

    Raises:
        CertificateError: The bound has none.
    """
    with _alone(name):
        return keep(bound, name) if bound.density < kept_density(name) else None


def kept_density(name: str) -> Decimal:
    """The density that the certificate of that name states; infinite if there is none.

    It is read, not verified: whoever wrote it did that. What cannot be read counts as none.
    """
    from bosearch.verify.reading import read_document

    path = Path(CERTIFICATES) / name
    if not path.exists():
        return Decimal("Infinity")
    try:
        return Decimal(str(read_document(path).get("density")))
    except (CertificateError, InvalidOperation):
        return Decimal("Infinity")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold the lock of a name; the kernel releases it when a process dies."""
    folder = Path(CERTIFICATES)
    folder.mkdir(exist_ok=True)
    with (folder / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
