"""Solvers behind one interface; the native one, and others to compare with.

A backend is imported when it is asked for, so that none of them is required.
"""

from difflib import get_close_matches
from importlib import import_module
from typing import cast

from bosearch.errors import SdpError
from bosearch.sdp.backends.base import Backend

_HOME = {  # each solver joins here: its class, and the package to install for it
    "native": ("bosearch.sdp.backends.native:Native", "bosearch"),
    "clarabel": ("bosearch.sdp.backends.clarabel:Clarabel", "clarabel"),
    "sdpa-gmp": ("bosearch.sdp.backends.sdpa_gmp:SdpaGmp", "sdpa-multiprecision"),
}

NAMES = tuple(_HOME)


def backend(name: str) -> Backend:
    """Return a backend.

    Raises:
        SdpError: There is none of that name, or what it needs is not installed.
    """
    if name not in _HOME:
        near = get_close_matches(str(name), NAMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(NAMES)}"
        raise SdpError(f"unknown backend {name!r}", hint=hint)
    home, package = _HOME[name]
    module, kind = home.split(":")
    try:
        return cast(Backend, getattr(import_module(module), kind)())
    except ImportError as error:
        raise SdpError(
            f"backend {name!r} needs the package {package}, which cannot be imported: {error}",
            hint=f"pip install {package}",
        ) from error
