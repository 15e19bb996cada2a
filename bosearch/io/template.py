"""The study that ``bosearch init`` writes: small, commented, and it runs as it is."""

import json
from pathlib import Path

from bosearch.errors import ConfigError

_STUDY = """\
# A study: what may vary, what is measured, how it is searched, when it stops.
# `bosearch check` explains it; `bosearch run` starts it, or goes on where it stopped.
name = {name}
seed = 7                                # the same seed asks the same questions
# store = "postgresql+psycopg://host/database"  # default: an SQLite file beside this one
# tracked = ["seconds"]                 # metrics to record beside those that are searched
# constraints = ["cost <= 3.5"]         # bounds on measured metrics

[space]                                 # what may vary
temperature = {{ type = "real", low = 20, high = 90 }}
rate = {{ type = "real", low = 1e-4, high = 1, log = true }}
layers = {{ type = "integer", low = 1, high = 4 }}
binder = {{ type = "choice", values = ["acrylic", "epoxy"] }}
# code = {{ type = "sequence", alphabet = "ACGT", length = 8 }}
# constraints = ["temperature <= 100 - 5 * layers"]     # which points are possible at all
# forbidden = [{{ binder = "acrylic", layers = 4 }}]

[objectives]                            # "maximize" or "minimize"; several give a front
roughness = "minimize"

[strategy]
name = "auto"                           # `bosearch check` says what this means here

[evaluator]
type = "process"                        # a Python function in worker processes
function = "objective:evaluate"         # module beside this file : function in it
workers = 2
timeout_s = 60                          # a trial that takes longer has failed
retries = 1                             # when a worker is lost

[stop]
trials = 20                             # finished ones, failures included
# hours = 8
"""

_OBJECTIVE = '''\
"""Measures one candidate of study.toml."""

import math


def evaluate(temperature, rate, layers, binder):
    """Return every metric that study.toml names; an exception makes the trial a failed one.

    A value may be a number, or (mean, standard error) where the error is known.
    """
    roughness = (temperature - 55) ** 2 / 200
    roughness += (math.log10(rate) + 2) ** 2
    roughness += 0.5 * abs(layers - 3)
    roughness += 1.0 if binder == "acrylic" else 0.0
    return {"roughness": roughness}
'''


def write_study(folder: Path) -> list[Path]:
    """Write a study file and its objective into ``folder``; return their paths.

    Raises:
        ConfigError: One of the files is there already, or cannot be written.
    """
    name = json.dumps(folder.resolve().name, ensure_ascii=False)  # JSON text is TOML text
    files = {
        folder / "study.toml": _STUDY.format(name=name),
        folder / "objective.py": _OBJECTIVE,
    }
    for path in files:
        if path.exists():
            raise ConfigError(
                f"{path} exists and is not overwritten", hint="name another folder, or edit it"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror}") from None
    return list(files)
