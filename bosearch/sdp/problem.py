"""A semidefinite program in exact numbers: what is solved and what is certified.

Primal, over psd blocks ``Y_b`` and free variables ``y``::

    minimize  sum_b <C_b, Y_b> + d . y + constant
    subject to  sum_b <A_i^b, Y_b> + (B y)_i = c_i      for each of m rows

Dual: maximize ``c . x + constant`` with ``B^T x = d`` and every
``Z_b = C_b - sum_i x_i A_i^b`` psd. A program to ``maximize`` is the same with
``<C, Y> + d . y`` maximized; then ``c . x`` is minimized with ``-Z`` in place of ``Z``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal, Self, final

from flint import fmpq_mat

from bosearch.errors import SdpError
from bosearch.sdp import exact
from bosearch.sdp.terms import Dense as Dense
from bosearch.sdp.terms import Entries as Entries
from bosearch.sdp.terms import Row
from bosearch.sdp.terms import Sampled as Sampled
from bosearch.sdp.terms import Term as Term

_FORMAT = "bosearch-sdp-1"


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class SdpProblem:
    """One program. Numbers are exact: see ``bosearch.sdp.exact``; problems compare by content.

    After construction ``rhs``, ``cost_free`` and ``constant`` hold ``fmpq`` or
    ``arb``, tables are ``fmpq_mat``, ``arb_mat`` or ``MultiFloat``, and terms
    name their rows by position.

    Args:
        blocks: Size of each psd block by name.
        rows: Names of the ``m`` constraints.
        rhs: ``m`` right-hand sides ``c``.
        terms: The matrices ``A_i^b``.
        free: Names of the ``k`` free variables.
        free_matrix: ``m x k`` table ``B``; may be left out when there is none.
        sense: Whether the cost is minimized or maximized.
        cost_free: ``k`` costs ``d``; zero if left out.
        cost_blocks: Terms of ``C``; their rows are not used.
        constant: Added to the cost.

    Raises:
        SdpError: Something is empty, unknown, misshapen, not exact or not finite.
    """

    blocks: Mapping[str, int]
    rows: Sequence[str]
    rhs: Any
    terms: Sequence[Term]
    free: Sequence[str] = ()
    free_matrix: Any = None
    sense: Literal["minimize", "maximize"] = "minimize"
    cost_free: Any = None
    cost_blocks: Sequence[Term] = ()
    constant: Any = 0

    def __post_init__(self) -> None:
        m, k = len(self.rows), len(self.free)
        _check_names(self)
        rhs = exact.vector(self.rhs, "rhs")
        cost_free = exact.vector([0] * k if self.cost_free is None else self.cost_free, "cost_free")
        if self.free_matrix is None and k:
            raise SdpError(f"free_matrix is missing: expected {m} x {k}, one column per variable")
        B = fmpq_mat(m, k) if self.free_matrix is None else self.free_matrix
        free_matrix = exact.table(B, "free_matrix", columns=k)
        for what, found, wanted in (
            ("rhs", len(rhs), m),
            ("rows of free_matrix", exact.shape(free_matrix)[0], m),
            ("cost_free", len(cost_free), k),
        ):
            if found != wanted:
                raise SdpError(
                    f"{what}: expected {wanted} for {m} rows and {k} free variables, got {found}"
                )
        position = {name: i for i, name in enumerate(self.rows)}
        made = {
            "blocks": dict(self.blocks),
            "rows": tuple(self.rows),
            "rhs": rhs,
            "free": tuple(self.free),
            "free_matrix": free_matrix,
            "cost_free": cost_free,
            "constant": exact.scalar(self.constant, "constant"),
            "terms": tuple(_resolved(term, self.blocks, position) for term in self.terms),
            "cost_blocks": tuple(_resolved(term, self.blocks, None) for term in self.cost_blocks),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)
        self._check_every_row_is_used()

    def _check_every_row_is_used(self) -> None:
        used = _nonzero_rows(self.free_matrix)
        for term in self.terms:
            used |= _rows_of(term)
        for i, name in enumerate(self.rows):
            if i not in used:
                raise SdpError(
                    f"row {name!r} constrains nothing: it reads 0 = {self.rhs[i]}",
                    hint="leave the row out, or give it a term or a free variable",
                )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: equal problems have equal digests."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SdpProblem) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_json(self) -> str:
        """Write the program without loss: rationals as ``p/q``, balls exactly, limbs in hex."""
        document = {
            "format": _FORMAT,
            "sense": self.sense,
            "blocks": list(map(list, self.blocks.items())),
            "rows": self.rows,
            "rhs": list(map(exact.encode_scalar, self.rhs)),
            "free": self.free,
            "free_matrix": exact.encode_table(self.free_matrix),
            "cost_free": list(map(exact.encode_scalar, self.cost_free)),
            "constant": exact.encode_scalar(self.constant),
            "terms": list(map(_encode_term, self.terms)),
            "cost_blocks": list(map(_encode_term, self.cost_blocks)),
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            SdpError: The text is something else.
        """
        try:
            document = json.loads(text)
            if document["format"] != _FORMAT:
                raise SdpError(
                    f"expected a program of format {_FORMAT!r}, got {document['format']!r}"
                )
            return cls(
                sense=document["sense"],
                blocks=dict(document["blocks"]),
                rows=document["rows"],
                rhs=list(map(exact.decode_scalar, document["rhs"])),
                free=document["free"],
                free_matrix=exact.decode_table(document["free_matrix"]),
                cost_free=list(map(exact.decode_scalar, document["cost_free"])),
                constant=exact.decode_scalar(document["constant"]),
                terms=list(map(_decode_term, document["terms"])),
                cost_blocks=list(map(_decode_term, document["cost_blocks"])),
            )
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise SdpError(f"this is no semidefinite program of ours: {error!r}") from error


def _check_names(problem: SdpProblem) -> None:
    if problem.sense not in ("minimize", "maximize"):
        raise SdpError(f"sense must be 'minimize' or 'maximize', got {problem.sense!r}")
    if not problem.blocks:
        raise SdpError("the program is empty: it has no psd block")
    if not problem.rows:
        raise SdpError("the program is empty: it has no rows")
    for name, size in problem.blocks.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise SdpError(f"block {name!r} must have a positive integer size, got {size!r}")
    for what, names in (("row", problem.rows), ("free variable", problem.free)):
        seen: set[str] = set()
        for name in names:
            if not isinstance(name, str):
                raise SdpError(f"a {what} must have a name, got {name!r}")
            if name in seen:
                raise SdpError(f"{what} {name!r} is named twice")
            seen.add(name)


def _resolved(term: Term, blocks: Mapping[str, int], position: Mapping[str, int] | None) -> Term:
    """``term`` with rows by position (none in the cost), once its block and rows are known."""
    if not isinstance(term, Term):
        raise SdpError(f"a term must be Sampled, Entries or Dense, got {term!r}")
    if term.block not in blocks:
        raise SdpError(f"unknown block {term.block!r}", hint=_nearest(term.block, blocks))
    size = blocks[term.block]
    if isinstance(term, Entries):
        if term.least_size > size:
            raise SdpError(
                f"entries on block {term.block!r} of size {size} reach to {term.least_size - 1}"
            )
    elif term.size != size:
        raise SdpError(
            f"block {term.block!r} has size {size}, but a {type(term).__name__} term on it"
            f" has size {term.size}"
        )
    if isinstance(term, Sampled):
        if position is None:
            return replace(term, rows=())
        if not term.rows and exact.shape(term.vectors)[0]:
            raise SdpError(f"samples on block {term.block!r} name no rows")
        return replace(term, rows=tuple(_position(row, position) for row in term.rows))
    return replace(term, row=None if position is None else _position(term.row, position))


def _position(row: Row | None, position: Mapping[str, int]) -> int:
    if isinstance(row, str):
        if row not in position:
            raise SdpError(f"unknown row {row!r}", hint=_nearest(row, position))
        return position[row]
    try:
        i = int.__index__(row)  # type: ignore[arg-type]  # None is caught below
    except TypeError:
        raise SdpError(f"a term must name its row by position or by name, got {row!r}") from None
    if not 0 <= i < len(position):
        raise SdpError(f"row {i} lies outside the {len(position)} rows")
    return i


def _nearest(name: str, known: Mapping[str, int]) -> str | None:
    near = get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else None


def _rows_of(term: Term) -> set[int]:
    """Rows to which ``term`` adds something that is not zero."""
    if isinstance(term, Sampled):
        pairs = zip(term.rows, term.weights, strict=True)
        return {int(row) for row, weight in pairs if not exact.is_zero(weight)}
    assert isinstance(term.row, int)
    if isinstance(term, Entries):
        return {term.row} if not all(map(exact.is_zero, term.entries.values())) else set()
    return {term.row} if _nonzero_rows(term.matrix) else set()


def _nonzero_rows(values: Any) -> set[int]:
    """Rows of a table that are not zero."""
    if exact.is_multifloat(values):
        return set(values.parts[0].any(-1).nonzero().flatten().tolist())
    return {i for i, row in enumerate(values.tolist()) if not all(map(exact.is_zero, row))}


def _encode_term(term: Term) -> dict[str, Any]:
    match term:
        case Sampled():
            return {
                "sampled": term.block,
                "vectors": exact.encode_table(term.vectors),
                "weights": list(map(exact.encode_scalar, term.weights)),
                "rows": term.rows,
            }
        case Entries():
            entries = [[i, j, exact.encode_scalar(v)] for (i, j), v in term.entries.items()]
            return {"entries": term.block, "row": term.row, "values": entries}
        case Dense():
            matrix = exact.encode_table(term.matrix)
            return {"dense": term.block, "row": term.row, "matrix": matrix}


def _decode_term(document: dict[str, Any]) -> Term:
    if "sampled" in document:
        return Sampled(
            document["sampled"],
            exact.decode_table(document["vectors"]),
            list(map(exact.decode_scalar, document["weights"])),
            document["rows"],
        )
    if "entries" in document:
        values = {(i, j): exact.decode_scalar(text) for i, j, text in document["values"]}
        return Entries(document["entries"], document["row"], values)
    return Dense(document["dense"], document["row"], exact.decode_table(document["matrix"]))
