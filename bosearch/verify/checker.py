"""Prove what a certificate states, from the numbers in it alone.

The checker shares nothing with what made the certificate: it imports the standard
library and flint, rebuilds every polynomial identity in rational arithmetic, proves every
inequality and every Gram matrix positive definite in ball arithmetic, and writes the
statement that follows. The text in the file is not believed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bosearch.verify import polynomial, three_point, two_point
from bosearch.verify.proof import Proof
from bosearch.verify.reading import Section, read_document

FORMAT, VERSION = "bosearch-certificate", 1
IGNORED = ("statement", "made_by")  # may say anything: the checker writes its own statement

_HEAD = ("format", "version", "kind")
_KINDS = {
    "two-point": (two_point.KEYS, two_point.prove),
    "three-point": (three_point.KEYS, three_point.prove),
    "polynomial-lower-bound": (polynomial.KEYS, polynomial.prove),
}


def verify_file(path: str | Path) -> Proof:
    """Verify the certificate in a JSON file; see ``verify``."""
    return verify(read_document(path))


def verify(certificate: Mapping[str, Any]) -> Proof:
    """Return the theorem that ``certificate`` proves.

    Raises:
        CertificateError: The first thing that is damaged or not proved, by name.
    """
    head = Section(certificate, "certificate", _HEAD, others=True)
    head.choice("format", [FORMAT])
    head.integer("version", VERSION, VERSION)
    keys, prove = _KINDS[head.choice("kind", _KINDS)]
    return prove(Section(certificate, "certificate", (*_HEAD, *keys), ignored=IGNORED))
