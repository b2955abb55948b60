"""What went wrong in a service's own code: reported in one place, never swallowed.

A failing handler stops nothing, so somebody must be told: the log by default, and in a test the
harness as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loguru import Logger


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An exception that a service's own code raised.

    Attributes:
        what: the function that raised, in words: `Ponger.answer`, `stop of Ponger`.
        key: key of the record it was about; None in `on_start` and `on_stop`.
        error: the exception, with its traceback.
    """

    what: str
    key: str | None
    error: BaseException


FailureHook = Callable[[Failure], None]
"""Is told of each failure, on the thread where it happened. Must not raise."""


def log_failure(log: "Logger", failure: Failure) -> None:
    """Log a failure with its traceback."""
    log.bind(key=failure.key).opt(exception=failure.error).error(
        "{what} failed: {why}", what=failure.what, why=explain(failure.error)
    )


def explain(error: BaseException) -> str:
    """Return an exception as one line: its class and its message."""
    if isinstance(error, SystemExit):
        return "it called sys.exit; a service ends itself by ctx.stop_service()"
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def name_of(function: Callable[..., object]) -> str:
    """Return a function's name for people: `Ponger.answer`."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]
