"""A file from which an interrupted solve goes on, on this device or another.

It is a NumPy archive without pickled objects: limbs of the iterate, the history,
and the digest of the problem it belongs to. It is replaced as a whole, so that
a crash while writing leaves the previous one.
"""

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from bosearch.errors import SdpError
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.problem import SdpProblem
from bosearch.sdp.result import Iteration

_FORMAT = "bosearch-sdp-checkpoint-1"


@final
@dataclass(frozen=True, eq=False)
class Saved:
    """What a checkpoint holds."""

    iterate: Iterate
    history: tuple[Iteration, ...]


def write(
    path: Path | None, problem: SdpProblem, iterate: Iterate, history: Sequence[Iteration]
) -> None:
    """Save the iterate of one program; nothing without a path."""
    if path is None:
        return
    about = {
        "format": _FORMAT,
        "problem": problem.digest,
        "history": [asdict(iteration) for iteration in history],
    }
    arrays: dict[str, Any] = {"y": iterate.y[0].parts.cpu().numpy()}
    for name, parts in (("Y", iterate.Y), ("Z", iterate.Z), ("x", iterate.x)):
        for i, part in enumerate(parts):
            arrays[f"{name}{i}"] = part[0].parts.cpu().numpy()
    beside = path.with_name(path.name + ".part")
    with open(beside, "wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def read(path: Path | None, problem: SdpProblem) -> Saved | None:
    """Load an iterate of this problem; None if there is no file.

    Raises:
        SdpError: The file is damaged, or belongs to another problem.
    """
    if path is None or not path.exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            about = json.loads(str(archive["about"]))
            arrays = {
                name: MultiFloat(torch.from_numpy(archive[name])).unsqueeze(0)
                for name in archive.files
                if name != "about"
            }
            if about["format"] != _FORMAT:
                raise ValueError(f"format {about['format']!r}")
            history = tuple(Iteration(**entry) for entry in about["history"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise SdpError(
            f"{path} is no checkpoint of a semidefinite program: {error}",
            hint="delete it to start from the beginning",
        ) from error
    if about["problem"] != problem.digest:
        raise SdpError(
            f"{path} is the checkpoint of another program",
            hint="give each program its own file, or delete this one",
        )
    Y, Z, x = (
        tuple(arrays[f"{part}{i}"] for i in range(sum(name[0] == part for name in arrays)))
        for part in "YZx"
    )
    return Saved(Iterate(Y, Z, x, arrays["y"]), history)
