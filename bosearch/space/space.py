"""A search space: named parameters, and the conditions that points must satisfy."""

import json
import keyword
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import Any, final

import numpy as np

from bosearch.errors import ParameterError, ShapeError, SpaceError
from bosearch.space.choice import Choice
from bosearch.space.constraint import (
    Bools,
    CallableConstraint,
    Constraint,
    Forbidden,
    TextConstraint,
    Values,
)
from bosearch.space.construction import Construction
from bosearch.space.factor import Array, Factor
from bosearch.space.named import callable_name
from bosearch.space.numeric import Integer, Real
from bosearch.space.parameter import Parameter
from bosearch.space.sampling import sample_feasible
from bosearch.space.sequence import Sequence as SequenceParameter
from bosearch.space.suggestion import suggest

Point = dict[str, Any]
TYPES: dict[str, type[Parameter]] = {
    kind.type: kind for kind in (Real, Integer, Choice, SequenceParameter, Construction)
}
RESERVED = ("constraints", "forbidden")  # keys beside the parameters in a study file
_CHUNK = 1 << 14  # points enumerated at once


@final
class Space:
    """What may vary in a study. Immutable; equal to another space of the same definition.

    Args:
        constraints: Conditions on the inputs: texts such as ``"x + 2*y <= 3"``, or
            functions of the dict of parameters.
        forbidden: Combinations of values, perhaps of some parameters only, that must
            not occur.
        **parameters: What varies, by name.

    Raises:
        SpaceError: A name, a parameter or a constraint is badly defined.
    """

    def __init__(
        self,
        /,
        constraints: Sequence[str | Callable[[Point], Any]] = (),
        forbidden: Sequence[Mapping[str, Any]] = (),
        **parameters: Parameter,
    ) -> None:
        _check_parameters(parameters)
        for key, listed in (("constraints", constraints), ("forbidden", forbidden)):
            if not isinstance(listed, list | tuple):
                raise SpaceError(f"{key} must be a list, got {listed!r}", hint=f"{key}=[...]")
        self.parameters: Mapping[str, Parameter] = MappingProxyType(dict(parameters))
        self.constraints = tuple(self._constraint(constraint) for constraint in constraints)
        names = [str(c) for c in self.constraints if isinstance(c, CallableConstraint)]
        for name in names:
            if names.count(name) > 1:
                raise SpaceError(
                    f"two constraints have the name {name!r}",
                    hint="define each with def, under a name of its own",
                )
        self._forbidden = tuple(Forbidden(entry, self.parameters) for entry in forbidden)
        self.forbidden = tuple(dict(f.entry) for f in self._forbidden)

    def _constraint(self, constraint: str | Callable[[Point], Any] | Constraint) -> Constraint:
        if isinstance(constraint, CallableConstraint):
            return CallableConstraint(constraint.name, constraint.function, self.parameters)
        if isinstance(constraint, str):
            return TextConstraint(constraint, self.parameters)
        name = callable_name(constraint)
        return CallableConstraint(name, constraint, self.parameters)  # type: ignore[arg-type]

    @cached_property
    def conditions(self) -> tuple[Constraint, ...]:
        """Constraints and forbidden combinations, Python functions last."""
        return tuple(sorted(self.constraints + self._forbidden, key=lambda c: c.slow))

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The coordinates of an encoded point, parameter by parameter."""
        return tuple(factor for p in self.parameters.values() for factor in p.factors)

    @cached_property
    def without_coordinates(self) -> tuple[str, ...]:
        """Parameters that have no factors: constructions."""
        return tuple(name for name, p in self.parameters.items() if not p.factors)

    @cached_property
    def factor_names(self) -> tuple[str, ...]:
        """``x`` for a parameter with one factor, ``seq[0]``, ``seq[1]``, ... for a sequence."""
        names = []
        for name, p in self.parameters.items():
            sites = isinstance(p, SequenceParameter) or len(p.factors) > 1
            names += [f"{name}[{i}]" if sites else name for i in range(len(p.factors))]
        return tuple(names)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """Which coordinates of an encoded point belong to each parameter."""
        ends = np.cumsum([0] + [len(p.factors) for p in self.parameters.values()]).tolist()
        return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(self.parameters)}

    @cached_property
    def size(self) -> int | None:
        """Number of points, constraints ignored; ``None`` if infinite."""
        sizes = [p.size for p in self.parameters.values()]
        return None if None in sizes else prod(size for size in sizes if size is not None)

    def validate(self, params: Mapping[str, Any]) -> Point:
        """Return ``params`` in canonical JSON form, in the order of the space.

        Raises:
            ParameterError: A parameter is unknown, missing or out of bounds, or the
                point breaks a constraint.
        """
        if not isinstance(params, Mapping):
            raise ParameterError(f"expected a dict of parameters, got {params!r}")
        if params.keys() != self.parameters.keys():
            raise self._wrong_names(params)
        point = {name: p.validate(params[name], name=name) for name, p in self.parameters.items()}
        if self.conditions:
            values = {name: [value] for name, value in point.items()}
            for condition in self.conditions:
                if not condition.holds(values, 1).all():
                    named = {name: point[name] for name in point if name in condition.names}
                    raise ParameterError(f"{named} breaks the input constraint {str(condition)!r}")
        return point

    def feasible(self, params: Mapping[str, Any]) -> bool:
        """Whether a validated point satisfies all conditions."""
        return bool(self.satisfied({name: [value] for name, value in params.items()}, 1)[0])

    def satisfied(self, values: Values, n: int) -> Bools:
        """Which of ``n`` points, given as a list of values per parameter, are feasible."""
        ok = np.ones(n, dtype=bool)
        for condition in self.conditions:
            if not condition.slow:
                ok &= condition.holds(values, n)
            elif ok.any():
                left = np.flatnonzero(ok).tolist()
                some = {name: [column[i] for i in left] for name, column in values.items()}
                ok[left] = condition.holds(some, len(left))
        return ok

    def sample(self, n: int, rng: np.random.Generator) -> list[Point]:
        """Draw ``n`` points uniformly from the feasible set, each on its parameters' scales.

        Raises:
            InfeasibleSpaceError: No feasible point was found.
        """
        return sample_feasible(self, n, rng)

    def encode(self, points: Sequence[Mapping[str, Any]]) -> Array:
        """Map ``n`` validated points to ``n x d`` coordinates; constructions have none."""
        if not points:
            return np.empty((0, len(self.factors)))
        columns = [p.encode([x[name] for x in points]) for name, p in self.parameters.items()]
        return np.concatenate(columns, axis=1)

    def decode(self, X: Array) -> list[Point]:
        """Map ``n x d`` coordinates to the nearest points; inverse of ``encode``."""
        return points_of(self._decode(X, self.parameters))

    def from_unit(self, U: Array, rng: np.random.Generator | None = None) -> list[Point]:
        """Map ``n x d`` numbers in [0, 1) to points, all factors alike; uniform goes to uniform.

        Parameters without coordinates are drawn by ``rng``; without it they are an error.
        """
        U = self._checked(U, self.parameters if rng is None else ())
        columns = {}
        for name, p in self.parameters.items():
            if p.factors or rng is None:
                columns[name] = p.from_unit(U[:, self.slices[name]])
            else:
                columns[name] = p.sample(len(U), rng)
        return points_of(columns)

    def feasible_encoded(self, X: Array) -> Bools:
        """Which of ``n x d`` encoded points satisfy all conditions."""
        names = frozenset[str]().union(*(c.names for c in self.conditions))
        ordered = [name for name in self.parameters if name in names]
        return self.satisfied(self._decode(X, ordered), len(X))

    def linear_inequalities(self) -> tuple[Array, Array]:
        """``(A, b)`` with ``A x <= b``, ``m x d`` and ``m``, for all feasible encoded ``x``.

        These are the constraints, and conjuncts of constraints, that are linear in
        the coordinates: sums over reals and integers on linear scales and over
        ordered choices of evenly spaced numbers.
        """
        rows, bounds = [], []
        for condition in self.conditions:
            for affine in condition.linear:
                row, bound = np.zeros(len(self.factors)), -affine.constant
                for name, coefficient in affine.coefficients.items():
                    line = self.parameters[name].line
                    if line is None and coefficient != 0:
                        break
                    offset, slope = line or (0.0, 0.0)
                    row[self.slices[name]] = coefficient * slope
                    bound -= coefficient * offset
                else:
                    rows.append(row)
                    bounds.append(bound)
        return np.array(rows).reshape(-1, len(self.factors)), np.array(bounds, dtype=np.float64)

    def key(self, params: Mapping[str, Any]) -> str:
        """The identity of a validated point, as JSON."""
        return json.dumps([params[name] for name in self.parameters])

    def enumerate(self) -> Iterator[Point]:
        """All feasible points of a finite space, the last parameter varying fastest.

        Raises:
            SpaceError: The space is infinite, or far too large.
        """
        for codes in self._all_codes():
            X = np.stack([f.coordinates(codes[:, i]) for i, f in enumerate(self.factors)], axis=1)
            values = self._decode(X, self.parameters)
            ok = self.satisfied(values, len(X))
            yield from (x for x, good in zip(points_of(values), ok, strict=True) if good)

    def _all_codes(self) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
        if self.size is None or self.size >= 2**62:
            raise SpaceError(
                f"cannot enumerate {'an infinite' if self.size is None else 'so large a'} space",
                hint="use sample(n, rng)",
            )
        for start in range(0, self.size, _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, self.size))
            columns = []
            for factor in reversed(self.factors):
                numbers, codes = np.divmod(numbers, factor.size or 1)
                columns.append(codes)
            yield np.stack(columns[::-1], axis=1)

    def to_spec(self) -> dict[str, Any]:
        """The space as a JSON object; ``from_spec`` reads it back."""
        return {
            "parameters": {name: p.to_spec() for name, p in self.parameters.items()},
            "constraints": [
                {"callable": str(c)} if isinstance(c, CallableConstraint) else str(c)
                for c in self.constraints
            ],
            "forbidden": [dict(entry) for entry in self.forbidden],
        }

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, Any], *, callables: Sequence[Callable[..., Any]] = ()
    ) -> "Space":
        """Rebuild a space; ``callables`` supplies the functions that its definition names.

        A function that is missing is an error only where a point is checked.

        Raises:
            SpaceError: A key is unknown, or a value is wrong.
        """
        known = ("parameters", *RESERVED)
        for key in spec:
            if key not in known:
                raise SpaceError(f"space: unknown key {key!r}", hint=suggest(key, known))
        tables = spec.get("parameters", {})
        if not isinstance(tables, Mapping):
            raise SpaceError(f"space: parameters must be a table, got {tables!r}")
        functions = {callable_name(function): function for function in callables}
        parameters = {
            name: parameter_from_spec(table, name).with_callables(functions)
            for name, table in tables.items()
        }
        _check_parameters(parameters)
        constraints: list[Any] = []
        listed = spec.get("constraints", ())
        if not isinstance(listed, list | tuple):
            raise SpaceError(f"constraints must be a list, got {listed!r}")
        for stated in listed:
            if isinstance(stated, Mapping):
                if set(stated) != {"callable"}:
                    raise SpaceError(f"constraint: expected the key 'callable', got {dict(stated)}")
                name = str(stated["callable"])
                constraints.append(CallableConstraint(name, functions.get(name), parameters))
            else:
                constraints.append(stated)
        return cls(constraints, spec.get("forbidden", ()), **parameters)

    @property
    def callables(self) -> tuple[Callable[..., Any], ...]:
        """The Python functions that ``from_spec`` needs besides the spec, where they are here."""
        stated = (c.function for c in self.constraints if isinstance(c, CallableConstraint))
        others = (function for p in self.parameters.values() for function in p.callables)
        return (*(function for function in stated if function is not None), *others)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @cached_property
    def _identity(self) -> str:
        return json.dumps(self.to_spec())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.to_spec(), self.callables)

    def __repr__(self) -> str:
        parts = [f"{name}={p!r}" for name, p in self.parameters.items()]
        if self.constraints:
            parts.append(f"constraints={[str(c) for c in self.constraints]}")
        if self.forbidden:
            parts.append(f"forbidden={list(self.forbidden)}")
        return f"Space({', '.join(parts)})"

    def _decode(self, X: Array, names: Sequence[str] | Mapping[str, Any]) -> dict[str, list[Any]]:
        X = self._checked(X, names)
        return {name: self.parameters[name].decode(X[:, self.slices[name]]) for name in names}

    def _checked(self, X: Array, names: Iterable[str]) -> Array:
        """``X`` as an ``n x d`` array of finite numbers from which ``names`` can be decoded."""
        for name in names:
            p = self.parameters[name]
            if not p.factors:
                raise SpaceError(f"parameter {name!r} ({p.type}) has no coordinates")
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != len(self.factors):
            raise ShapeError(
                f"expected points of shape (n, {len(self.factors)}), got {X.shape}",
                hint=f"one column per factor: {', '.join(self.factor_names[:12])}",
            )
        if not np.isfinite(X).all():
            raise ParameterError("encoded points must be finite, got NaN or infinity")
        return X

    def _wrong_names(self, params: Mapping[str, Any]) -> ParameterError:
        for name in params:
            if name not in self.parameters:
                return ParameterError(
                    f"unknown parameter {name!r}", hint=suggest(str(name), self.parameters)
                )
        missing = [name for name in self.parameters if name not in params]
        return ParameterError(
            f"missing parameter {missing[0]!r}", hint=f"expected {', '.join(self.parameters)}"
        )


def points_of(values: Mapping[str, Sequence[Any]]) -> list[Point]:
    """Turn a list of values per parameter into a list of points."""
    names = list(values)
    return [dict(zip(names, row, strict=True)) for row in zip(*values.values(), strict=True)]


def parameter_from_spec(table: Any, name: str) -> Parameter:
    """Read one parameter from its table, ``{type = "real", low = 0, high = 1}``.

    Raises:
        SpaceError: The type or a key is unknown or missing, or a value is wrong.
    """
    if not isinstance(table, Mapping) or "type" not in table:
        raise SpaceError(
            f"parameter {name!r}: expected a table with 'type', got {table!r}",
            hint="{ type = 'real', low = 0, high = 1 }",
        )
    kind = table["type"]
    if not isinstance(kind, str) or kind not in TYPES:
        raise SpaceError(
            f"parameter {name!r}: unknown type {kind!r}", hint=suggest(str(kind), TYPES)
        )
    fields = {key: value for key, value in table.items() if key != "type"}
    return TYPES[kind].from_spec(fields, name=name)


def _rebuild(spec: Mapping[str, Any], functions: Sequence[Callable[..., Any]]) -> Space:
    return Space.from_spec(spec, callables=functions)


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    if not parameters:
        raise SpaceError("a space needs at least one parameter", hint="Space(x=Real(0, 1))")
    for name, parameter in parameters.items():
        if name in RESERVED:
            raise SpaceError(
                f"parameter name {name!r} is reserved", hint="choose another name for it"
            )
        if not name.isidentifier() or keyword.iskeyword(name):
            raise SpaceError(
                f"parameter name {name!r} is not an identifier",
                hint="use letters, digits and underscores, as in 'learning_rate'",
            )
        if unicodedata.normalize("NFKC", name) != name:
            plain = unicodedata.normalize("NFKC", name)
            raise SpaceError(f"parameter name {name!r} is not in normal form", hint=repr(plain))
        if not isinstance(parameter, Parameter):
            raise SpaceError(
                f"parameter {name!r}: expected Real, Integer, Choice, Sequence or"
                f" Construction, got {parameter!r}",
                hint="Space(x=Real(0, 1))",
            )
