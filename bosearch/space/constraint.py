"""Conditions on the parameters that every point must satisfy before it is measured."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bosearch.errors import ParameterError, SpaceError
from bosearch.space.expression import Affine, linear_bounds
from bosearch.space.parameter import Parameter
from bosearch.space.parser import parse
from bosearch.space.suggestion import suggest

Bools = NDArray[np.bool_]
Values = Mapping[str, Sequence[Any]]  # n validated values by parameter


class Constraint(ABC):
    """A condition on points; its ``str`` is how users know it."""

    names: frozenset[str]  # parameters that it needs
    slow: bool = False  # whether it looks at points one by one

    @property
    def linear(self) -> tuple[Affine, ...]:
        """Affine functions that are at most 0 wherever the constraint holds."""
        return ()

    @abstractmethod
    def holds(self, values: Values, n: int) -> Bools:
        """Which of ``n`` points satisfy the constraint."""


@final
class TextConstraint(Constraint):
    """A formula over the parameters."""

    def __init__(self, text: str, parameters: Mapping[str, Parameter]) -> None:
        self.text = text.strip()
        self.condition = parse(text, parameters)
        self.names = frozenset(self.condition.names())
        self._parameters = {name: parameters[name] for name in sorted(self.names)}

    def __str__(self) -> str:
        return self.text

    @cached_property
    def linear(self) -> tuple[Affine, ...]:
        """The linear inequalities among the formula's conjuncts."""
        with np.errstate(all="ignore"):
            return tuple(linear_bounds(self.condition))

    def holds(self, values: Values, n: int) -> Bools:
        """Evaluate the formula on columns; undefined comparisons do not hold."""
        columns = {name: p.column(values[name]) for name, p in self._parameters.items()}
        with np.errstate(all="ignore"):
            return np.asarray(self.condition.evaluate(columns), dtype=bool)


@final
class Forbidden(Constraint):
    """A combination of values that must not occur together."""

    def __init__(self, entry: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> None:
        if not isinstance(entry, Mapping) or not entry:
            raise SpaceError(
                f"forbidden: expected parameters with values, got {entry!r}",
                hint="forbidden=[{'kernel': 'poly', 'degree': 5}]",
            )
        for name in entry:
            if name not in parameters:
                raise SpaceError(
                    f"forbidden: unknown parameter {name!r}", hint=suggest(str(name), parameters)
                )
        try:
            self.entry = {
                name: parameters[name].validate(value, name=name) for name, value in entry.items()
            }
        except ParameterError as error:
            raise SpaceError(f"forbidden: {error.message}", hint=error.hint) from None
        self.names = frozenset(entry)

    def __str__(self) -> str:
        return "not (" + " and ".join(f"{k} == {v!r}" for k, v in self.entry.items()) + ")"

    def holds(self, values: Values, n: int) -> Bools:
        """Which points differ from the combination somewhere."""
        matches = np.ones(n, dtype=bool)
        for name, forbidden in self.entry.items():
            matches &= [value == forbidden for value in values[name]]
        return ~matches


@final
class CallableConstraint(Constraint):
    """A Python function from a dict of parameters to a truth value.

    A study keeps the function's name only: who opens the study supplies it again.
    """

    slow = True

    def __init__(
        self,
        name: str,
        function: Callable[[dict[str, Any]], Any] | None,
        parameters: Mapping[str, Parameter],
    ) -> None:
        self.name = name
        self.function = function
        self.names = frozenset(parameters)

    def __str__(self) -> str:
        return self.name

    def holds(self, values: Values, n: int) -> Bools:
        """Call the function for each point."""
        if self.function is None:
            raise SpaceError(
                f"the input constraint {self.name!r} is a Python function that is not here",
                hint="pass it when opening the study: callables=[function]",
            )
        points = [{name: column[i] for name, column in values.items()} for i in range(n)]
        return np.array([self._call(point) for point in points], dtype=bool)

    def _call(self, point: dict[str, Any]) -> bool:
        assert self.function is not None
        try:
            return bool(self.function(point))
        except Exception as error:
            raise SpaceError(
                f"the input constraint {self.name!r} failed with {error!r} for {point}",
                hint="it must return True or False for every point of the space",
            ) from error
