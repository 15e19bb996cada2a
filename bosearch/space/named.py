"""Python functions of a space: a study keeps their names, whoever opens it supplies the code."""

from bosearch.errors import SpaceError


def callable_name(function: object) -> str:
    """``module:qualname`` of a function, under which a study remembers it.

    Raises:
        SpaceError: The object has no such name.
    """
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if not callable(function) or module is None or name is None:
        raise SpaceError(
            f"a constraint is a text or a named function, got {function!r}",
            hint="write 'x + y <= 1', or a function of one argument, the dict of parameters",
        )
    return f"{module}:{name}"


def is_name(text: str) -> bool:
    """Whether a text has the form ``module:function``."""
    module, _, function = text.partition(":")
    return bool(module and function)
