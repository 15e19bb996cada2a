"""What a study asks: objectives, outcome constraints, and the space they live on.

A ``Problem`` is pure data. It never touches a database and serialises to the
JSON object that the store keeps (``to_spec`` and ``from_spec``), the same
words as in a study file.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bosearch.errors import ConfigError
from bosearch.space import Space
from bosearch.space.suggestion import suggest as suggest

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Objective:
    """A metric to improve.

    Args:
        metric: Name of the metric, as told.
        direction: ``"maximize"`` or ``"minimize"``.
        threshold: With several objectives: the worst value that is still of
            interest, in the metric's units (a coordinate of the reference
            point of the hypervolume). ``None`` lets the strategy infer it.
    """

    metric: str
    direction: Direction
    threshold: float | None = None

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        if self.direction not in ("maximize", "minimize"):
            raise ConfigError(
                f"objective {self.metric!r}: direction must be 'maximize' or 'minimize',"
                f" got {self.direction!r}"
            )
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise ConfigError(
                f"objective {self.metric!r}: threshold must be finite, got {self.threshold}"
            )

    @property
    def sign(self) -> float:
        """1.0 for a metric to maximize, -1.0 for one to minimize."""
        return 1.0 if self.direction == "maximize" else -1.0


def maximize(metric: str, *, threshold: float | None = None) -> Objective:
    """State that larger values of ``metric`` are better."""
    return Objective(metric, "maximize", threshold)


def minimize(metric: str, *, threshold: float | None = None) -> Objective:
    """State that smaller values of ``metric`` are better."""
    return Objective(metric, "minimize", threshold)


_OUTCOME = re.compile(r"^\s*([A-Za-z_]\w*)\s*(<=|>=)\s*([-+0-9.eE]+)\s*$")


@dataclass(frozen=True)
class OutcomeConstraint:
    """A bound on a measured metric, ``metric >= bound`` or ``metric <= bound``."""

    metric: str
    relation: Literal["<=", ">="]
    bound: float

    def __post_init__(self) -> None:
        _check_metric(self.metric)
        if not math.isfinite(self.bound):
            raise ConfigError(f"outcome constraint on {self.metric!r}: bound must be finite")

    @classmethod
    def parse(cls, text: str) -> "OutcomeConstraint":
        """Read ``"solubility >= 0.3"``.

        Raises:
            ConfigError: The text is not a metric, a relation and a number.
        """
        match = _OUTCOME.match(text)
        try:
            if match is None:
                raise ValueError(text)
            return cls(match[1], match[2], float(match[3]))  # type: ignore[arg-type]  # the pattern
        except ValueError as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(
                f"cannot read the outcome constraint {text!r}",
                hint="write a metric, <= or >=, and a number: 'solubility >= 0.3'",
            ) from None

    def __str__(self) -> str:
        return f"{self.metric} {self.relation} {self.bound:g}"

    def holds(self, value: float) -> bool:
        """Whether a measured ``value`` of the metric satisfies the bound."""
        return value <= self.bound if self.relation == "<=" else value >= self.bound

    def violation(self, value: float) -> float:
        """How far ``value`` lies beyond the bound, in the metric's units; at most 0 if it holds."""
        return value - self.bound if self.relation == "<=" else self.bound - value


@dataclass(frozen=True)
class Problem:
    """A search space with what is measured on it and what must hold.

    Args:
        space: What may vary.
        objectives: One or more metrics to improve; several give a Pareto front.
        constraints: Outcome constraints on measured metrics.
        tracked: Further metrics that a tell may carry; recorded, not modelled.
    """

    space: Space
    objectives: tuple[Objective, ...]
    constraints: tuple[OutcomeConstraint, ...] = ()
    tracked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.objectives:
            raise ConfigError("a study needs at least one objective", hint="minimize('loss')")
        names = [objective.metric for objective in self.objectives]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"metric {name!r} is an objective twice")
        for name in self.tracked:
            _check_metric(name)

    @property
    def modelled(self) -> tuple[str, ...]:
        """Metrics that every tell must carry: objectives, then constrained ones."""
        return tuple(
            dict.fromkeys(
                [o.metric for o in self.objectives] + [c.metric for c in self.constraints]
            )
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that a tell may carry."""
        return tuple(dict.fromkeys(self.modelled + self.tracked))

    def feasible(self, values: Mapping[str, float]) -> bool:
        """Whether measured ``values`` satisfy every outcome constraint."""
        return all(c.holds(values[c.metric]) for c in self.constraints)

    def to_spec(self) -> dict[str, Any]:
        """The problem as a JSON object; ``from_spec`` reads it back."""
        return {
            "space": self.space.to_spec(),
            "objectives": {
                o.metric: o.direction
                if o.threshold is None
                else {"direction": o.direction, "threshold": o.threshold}
                for o in self.objectives
            },
            "constraints": [f"{c.metric} {c.relation} {c.bound!r}" for c in self.constraints],
            "tracked": list(self.tracked),
        }

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, Any], *, callables: Sequence[Callable[..., Any]] = ()
    ) -> "Problem":
        """Rebuild a problem; ``callables`` supplies the space's Python constraints."""
        return cls(
            Space.from_spec(spec["space"], callables=callables),
            tuple(objective_from_spec(name, o) for name, o in spec["objectives"].items()),
            tuple(OutcomeConstraint.parse(text) for text in spec.get("constraints", ())),
            tuple(spec.get("tracked", ())),
        )


def objective_from_spec(metric: str, spec: str | Mapping[str, Any]) -> Objective:
    """Read one objective: ``"minimize"`` or ``{direction = ..., threshold = ...}``."""
    if isinstance(spec, str):
        return Objective(metric, spec)  # type: ignore[arg-type]  # __post_init__ checks it
    unknown = set(spec) - {"direction", "threshold"}
    if unknown or "direction" not in spec:
        raise ConfigError(
            f"objective {metric!r}: expected 'direction' and perhaps 'threshold', got {dict(spec)}"
        )
    return Objective(metric, spec["direction"], spec.get("threshold"))


def _check_metric(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ConfigError(
            f"metric name {name!r} is not an identifier",
            hint="use letters, digits and underscores, as in 'log_loss'",
        )
