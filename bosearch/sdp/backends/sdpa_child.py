"""The process that runs SDPA-GMP: reads one archive, writes another, imports nothing of ours."""

import sys

import numpy as np
import sdpap
from scipy import sparse


def main(asked: str, answered: str) -> None:
    """Minimize ``c . v`` with ``A v = b``, ``v`` free variables and then psd blocks."""
    with np.load(asked, allow_pickle=False) as archive:
        given = {name: archive[name] for name in archive.files}
    free = int(given["free"])
    sizes = tuple(int(n) for n in given["sizes"])
    m = len(given["b"])
    option = {
        "print": "no",
        "mpfPrecision": 256,
        "epsilonStar": float(given["gap"]) * 1e-3,
        "epsilonDash": float(given["gap"]) * 1e-3,
        "lambdaStar": 1e4,
        "lowerBound": -1e20,
        "upperBound": 1e20,
        "maxIteration": int(given["iterations"]),
        "frvMethod": "split",
        "resultFile": "",
    }
    v, x, _, _, info = sdpap.solve(
        sparse.csc_matrix(given["A"]),
        sparse.csc_matrix(given["b"].reshape(-1, 1)),
        sparse.csc_matrix(given["c"].reshape(-1, 1)),
        sdpap.SymCone(f=free, s=sizes),
        sdpap.SymCone(f=m),
        option,
    )
    v, x = (np.asarray(part.todense()).reshape(-1) for part in (v, x))
    Z = given["c"][free:] - given["A"][:, free:].T @ x
    np.savez(
        answered,
        Y=v[free:],
        Z=Z,
        x=x,
        y=v[:free],
        phase=np.array(info["phasevalue"]),
        iterations=np.array(info["iteration"]),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
