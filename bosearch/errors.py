"""Every exception of bosearch.

A message says what was expected and what arrived; ``hint`` says what to do
next. Each class also derives from the built-in exception that it refines, so
that ``except ValueError`` goes on working for people who do not know us.
"""


class BosearchError(Exception):
    """Base of all errors raised on purpose by bosearch.

    Args:
        message: What was expected and what arrived, without a final full stop.
        hint: What the user can do next; printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  hint: {self.hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[BosearchError], message: str, hint: str | None) -> BosearchError:
    return kind(message, hint=hint)


class SpaceError(BosearchError, ValueError):
    """A search space, or one of its parameters or constraints, is badly defined."""


class ParameterError(BosearchError, ValueError):
    """A value lies outside its parameter, or breaks an input constraint."""


class InfeasibleSpaceError(BosearchError, ValueError):
    """No point that satisfies the input constraints could be found."""


class SpaceExhaustedError(BosearchError, LookupError):
    """Every feasible point of a finite space has been asked already."""


class ConfigError(BosearchError, ValueError):
    """A study definition or a study file is wrong."""


class TellError(BosearchError, ValueError):
    """A result cannot be recorded as it was told."""


class TrialStateError(BosearchError, RuntimeError):
    """A trial is not in the state that the operation needs."""


class TrialNotFoundError(BosearchError, LookupError):
    """The study has no trial of that number."""


class StudyNotFoundError(BosearchError, LookupError):
    """The database holds no study of that name."""


class StudyExistsError(BosearchError, ValueError):
    """A study of that name exists and was stated differently."""


class StoreError(BosearchError, RuntimeError):
    """The database cannot be reached, read or written."""


class SchemaVersionError(StoreError):
    """The database was written by another version of bosearch."""


class StrategyError(BosearchError, ValueError):
    """A strategy does not exist or cannot serve this study."""


class EvaluatorError(BosearchError, RuntimeError):
    """An evaluator is broken, as opposed to a measurement that failed."""


class ShapeError(BosearchError, ValueError):
    """A tensor has a shape other than the documented one."""


class SurrogateError(BosearchError, ValueError):
    """A surrogate is badly stated, or cannot learn from these observations."""


class SdpError(BosearchError, ValueError):
    """A semidefinite program is badly stated, or cannot be given to a solver."""


class CertificateError(BosearchError, ValueError):
    """A certificate is damaged, or does not prove what it states."""
