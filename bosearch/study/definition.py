"""How a study was stated: its problem, strategy and seed, as one JSON document."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bosearch.study.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Everything that decides what a study asks.

    Args:
        problem: The space, the metrics and what must hold.
        strategy: Name of a concrete strategy.
        options: The strategy's own options (JSON).
        reasons: Why ``"auto"`` picked the strategy; ``None`` if the user named it.
        seed: Of all random numbers of the study.
    """

    problem: Problem
    strategy: str
    options: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] | None = None
    seed: int = 0

    def to_spec(self) -> dict[str, Any]:
        """The definition as a JSON object; ``from_spec`` reads it back."""
        strategy: dict[str, Any] = {"name": self.strategy, "options": dict(self.options)}
        if self.reasons is not None:
            strategy["auto"] = list(self.reasons)
        return {"problem": self.problem.to_spec(), "strategy": strategy, "seed": self.seed}

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, Any], *, callables: Sequence[Callable[..., Any]] = ()
    ) -> "Definition":
        """Rebuild a definition; ``callables`` supplies the space's Python constraints."""
        strategy = spec["strategy"]
        return cls(
            problem=Problem.from_spec(spec["problem"], callables=callables),
            strategy=strategy["name"],
            options=strategy["options"],
            reasons=tuple(strategy["auto"]) if "auto" in strategy else None,
            seed=spec["seed"],
        )


def differences(there: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name what differs between two definitions (``to_spec``), in words.

    Where ``auto`` picked the strategy both times, the picks need not agree: a
    later version may know better, and the study goes on with what it has.
    """
    if "auto" in there["strategy"] and "auto" in now["strategy"]:
        now = {**now, "strategy": there["strategy"]}
    return list(_differences("", _stated(there), _stated(now)))


def _stated(spec: Mapping[str, Any]) -> dict[str, Any]:
    strategy = {key: value for key, value in spec["strategy"].items() if key != "auto"}
    return {**spec["problem"], "strategy": strategy, "seed": spec["seed"]}


_ABSENT = object()


def _differences(path: str, there: Any, now: Any) -> Iterator[str]:
    if isinstance(there, Mapping) and isinstance(now, Mapping):
        if list(there) != list(now) and set(there) == set(now):
            yield f"order of {path}: {', '.join(there)} there, {', '.join(now)} now"
        for key in dict.fromkeys([*there, *now]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, there.get(key, _ABSENT), now.get(key, _ABSENT))
    elif there is _ABSENT:
        yield f"{path}: absent there, {now!r} now"
    elif now is _ABSENT:
        yield f"{path}: {there!r} there, absent now"
    elif there != now:
        yield f"{path}: {there!r} there, {now!r} now"
