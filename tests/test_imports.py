"""Rooms import only from rooms above them, and light rooms import nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "bosearch"

# Top to bottom, as in the README: a room may import from those before it.
ROOMS = [
    "errors",
    "verify",
    "space",
    "study",
    "store",
    "surrogates",
    "acquisition",
    "combinatorial",
    "treesearch",
    "sdp",
    "packing",
    "problems",
    "strategies",
    "asktell",
    "evaluators",
    "runner",
    "report",
    "io",
    "cli",
]

# The pure algorithms: they know no database, no file, no loop.
ALGORITHMS = {"surrogates", "acquisition", "combinatorial", "treesearch", "sdp", "packing"}
KNOW_NOTHING_OF = {"store", "strategies", "asktell", "evaluators", "runner", "io", "report", "cli"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "bosearch" else None


MODULES = {module_name(path): path for path in ROOT.rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """Every module of ours that the file at ``path`` imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else str(node.module)


def test_every_module_lives_in_a_room() -> None:
    homeless = {name for name in MODULES if room_of(name) not in {*ROOMS, None, "__main__"}}
    assert homeless == set()


def test_rooms_import_only_from_rooms_above() -> None:
    floor = {room: i for i, room in enumerate(ROOMS)}
    arrows_up = [
        f"{name} imports {target}"
        for name, path in MODULES.items()
        if (room := room_of(name)) in floor
        for target in imported(path)
        if (other := room_of(target)) in floor and floor[other] > floor[room]
    ]
    assert arrows_up == []


def test_algorithms_know_no_database_and_no_loop() -> None:
    arrows = [
        f"{name} imports {target}"
        for name, path in MODULES.items()
        if room_of(name) in ALGORITHMS
        for target in imported(path)
        if room_of(target) in KNOW_NOTHING_OF
    ]
    assert arrows == []


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    graph = {
        name: {target for target in imported(path) if target in MODULES and target != name}
        for name, path in MODULES.items()
        if name != "bosearch"
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in graph.get(name, ()):
                walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())


HEAVY = {"torch", "gpytorch", "botorch", "ax", "scipy", "pandas", "plotly", "sklearn", "alembic"}


@pytest.mark.parametrize(
    ("statement", "also_absent"),
    [
        ("import bosearch", {"numpy", "sqlalchemy", "pydantic"}),
        ("import bosearch.space", {"sqlalchemy"}),
        ("import bosearch.study", {"sqlalchemy"}),
        ("import bosearch.sdp", {"sqlalchemy", "numpy"}),
        ("import bosearch.verify", {"sqlalchemy", "numpy"}),
        ("import bosearch.store", set()),
        ("import bosearch.asktell", set()),
        ("import bosearch.strategies", {"sqlalchemy"}),
        ("import bosearch.evaluators", {"sqlalchemy"}),
        ("import bosearch.runner", set()),
        ("import bosearch.io", set()),
        ("import bosearch.cli", {"numpy", "sqlalchemy", "pydantic"}),
    ],
)
def test_light_rooms_stay_light(statement: str, also_absent: set[str]) -> None:
    code = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in result.stdout.split()}
    assert loaded & (HEAVY | also_absent) == set()


def test_checker_shares_nothing_with_what_made_a_certificate() -> None:
    allowed = {"bosearch.errors", "bosearch.verify", "flint", *sys.stdlib_module_names}
    foreign = {
        f"{name} imports {target}"
        for name, path in MODULES.items()
        if room_of(name) == "verify"
        for target in imported(path)
        if target.split(".")[0] not in allowed and ".".join(target.split(".")[:2]) not in allowed
    }
    assert foreign == set()
