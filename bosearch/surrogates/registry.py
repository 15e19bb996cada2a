"""Surrogates by name, loaded when they are first needed.

A study names its surrogate in its definition, alone or with options of its own:
``"hmc"`` or ``{"name": "hmc", "chains": 4}``. A preset is a name for such a table.
"""

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, cast

from bosearch.errors import SurrogateError
from bosearch.study.problem import suggest
from bosearch.surrogates.interface import Surrogate

Spec = str | Mapping[str, Any]

_HOME = {
    "gp": "bosearch.surrogates.gaussian.gp:Gp",
    "gp-gamma": "bosearch.surrogates.gaussian.gp:GpGamma",
    "linear": "bosearch.surrogates.gaussian.linear:Linear",
    "spherical-linear": "bosearch.surrogates.gaussian.linear:SphericalLinear",
    "ibnn": "bosearch.surrogates.gaussian.infinite:InfiniteNetwork",
    "student-t": "bosearch.surrogates.gaussian.student_t:StudentT",
    "replicates": "bosearch.surrogates.gaussian.replicates:Replicates",
    "map-saas": "bosearch.surrogates.gaussian.map_saas:MapSaas",
    "ensemble": "bosearch.surrogates.networks.ensemble:Ensemble",
    "laplace": "bosearch.surrogates.networks.laplace:Laplace",
    "dkl": "bosearch.surrogates.networks.deep_kernel:DeepKernel",
    "vbll": "bosearch.surrogates.networks.vbll:LastLayer",
    "dropout": "bosearch.surrogates.networks.dropout:Dropout",
    "hmc": "bosearch.surrogates.sampling.hmc:Hmc",
    "langevin": "bosearch.surrogates.sampling.langevin:Langevin",
    "sghmc": "bosearch.surrogates.sampling.sghmc:Sghmc",
    "auto": "bosearch.surrogates.portfolio:Portfolio",
}

_PAPER_NETWORK = {  # on Branin: variance 10 of all weights, 0.1 of the noise, fixed
    **{"widths": (128, 128, 128), "activation": "tanh", "fan_in": False},
    **{"weight_std": 10**0.5, "bias_std": 10**0.5},
    **{"scale_spread": 0.0, "noise_median": 0.1, "noise_spread": 0.0, "noise_floor": 1e-6},
    "chains": 1,
}

PRESETS: dict[str, dict[str, Any]] = {
    "gp-rbf": {"name": "gp", "kernel": "rbf"},
    "ibnn-fixed": {"name": "ibnn", "learn": "scale"},
    "paper-ibnn": {"name": "ibnn", "learn": "nothing", "centred": False},
    "paper-ensemble": {  # weights start as PyTorch's do
        **{"name": "ensemble", "widths": (128, 128, 128), "activation": "tanh", "members": 10},
        **{"steps": 1000, "weight_std": 3.0**-0.5, "bias_std": 0.1, "noise_var": 0.1},
        **{"flat_prior_var": 10.0, "subset": 0.8},
    },
    "paper-laplace": {
        **{"name": "laplace", "widths": (128, 128, 128), "activation": "tanh"},
        **{"steps": 1000, "rounds": 1},
        **{"weight_std": 3.0**-0.5, "bias_std": 0.1, "noise_var": 0.1, "flat_prior_var": 10.0},
    },
    "paper-dkl": {  # all features are kept, training goes to its end
        **{"name": "dkl", "widths": (128, 128), "features": 128, "activation": "tanh"},
        **{"steps": 1000, "rate": 0.02, "weight_std": 3.0**-0.5, "bias_std": 0.1},
        **{"decay": 0.01, "patience": 0},
    },
    "paper-hmc": {
        "name": "hmc",
        **_PAPER_NETWORK,
        **{"start_steps": 1000, "burn_in": 500, "trajectories": 500, "leaps": 10},
    },
    "paper-sghmc": {
        "name": "sghmc",
        **_PAPER_NETWORK,
        **{"start_steps": 0, "burn_in": 1000, "steps": 1000, "batch": 5, "rate": 0.0056},
    },
}
"""Names for tables of options; ``paper-...``: as the study of arXiv 2305.20028 meant it."""

NAMES: tuple[str, ...] = (*_HOME, *PRESETS)
"""What a study definition may name as its surrogate."""


def load(spec: Spec) -> Surrogate:
    """The surrogate of a name, or of a table with a name and options.

    Raises:
        SurrogateError: The name or an option is unknown, or an option has a wrong value.
    """
    table = {"name": spec} if isinstance(spec, str) else dict(spec)
    name = table.pop("name", None)
    if isinstance(name, str) and name in PRESETS:
        table = {**PRESETS[name], **table}
        name = table.pop("name")
    if not isinstance(name, str) or name not in _HOME:
        raise SurrogateError(f"no surrogate is called {name!r}", hint=suggest(str(name), NAMES))
    module, _, kind = _HOME[name].partition(":")
    recipe = cast("Any", getattr(import_module(module), kind))
    known = [field.name for field in fields(recipe)]
    for key in table:
        if key not in known:
            raise SurrogateError(
                f"surrogate {name!r} has no option {key!r}", hint=suggest(key, known)
            )
    return cast("Surrogate", recipe(**table))


def to_json(surrogate: Surrogate) -> dict[str, Any]:
    """The table that ``load`` turns into this surrogate, without options at their defaults."""
    options = {
        field.name: value
        for field in fields(cast("Any", surrogate))
        if (value := getattr(surrogate, field.name)) != field.default
    }
    return {"name": surrogate.name, **options}
