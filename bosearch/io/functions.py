"""The Python functions that a study file names, found in the folder of the file."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from bosearch.errors import ConfigError
from bosearch.space.construction import is_shipped


def import_functions(names: Iterable[str], folder: Path) -> list[Callable[..., Any]]:
    """Import functions named ``module:function``.

    Raises:
        ConfigError: A module or a function is not there, or its import failed.
    """
    with _importable(folder):
        return [_imported(name, folder) for name in names]


def functions_named(space: Mapping[str, Any]) -> Iterator[str]:
    """What a [space] table names: ``{callable = ...}`` constraints, grammars and embeddings.

    Grammars that come with bosearch are left out: the space finds them itself.
    """
    for constraint in space.get("constraints", ()):
        if isinstance(constraint, Mapping) and "callable" in constraint:
            yield str(constraint["callable"])
    for parameter in space["parameters"].values():
        if not isinstance(parameter, Mapping):
            continue
        if "embedding" in parameter:
            yield str(parameter["embedding"])
        if "grammar" in parameter and not is_shipped(grammar := str(parameter["grammar"])):
            yield grammar


def _imported(name: str, folder: Path) -> Callable[..., Any]:
    module, _, path = name.partition(":")
    try:
        function: Any = import_module(module)
        for part in path.split("."):
            function = getattr(function, part)
    except Exception as error:  # the module is the user's: it may raise anything
        raise ConfigError(
            f"cannot import {name!r}: {type(error).__name__}: {error}",
            hint=f"write 'module:function', with the module in {folder}",
        ) from error
    if not callable(function):
        raise ConfigError(f"{name!r} is no function but {function!r}")
    return function  # type: ignore[no-any-return]  # of any signature


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
